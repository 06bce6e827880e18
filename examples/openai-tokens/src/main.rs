//! Answers of a language model, token by token, from any server that speaks the chat completions format.
//!
//! Each question is a component, and each component has a stream of its own: a POST whose body is the conversation so
//! far. The stream belongs to the component, like every stream of a hook, and is sent once.
//!
//! # Layout
//!
//! - `piece`: what the stream carries, as the contract that the hook asks for.
//! - `request`: what is asked, and how a refusal reads.
//! - `answer`: one question and its answer.
//! - `settings`, `app`: which server, and the conversation.
#![expect(
    unreachable_pub,
    reason = "the component macro writes `pub`, whatever the component's visibility is"
)]

mod answer;
mod app;
mod piece;
mod request;
mod settings;

fn main() {
    leptos::mount::mount_to_body(app::App);
}
