//! The assistant: questions, and answers that come token by token.

use serde::{Deserialize, Serialize};
use sse_events::EventSet;

/// The route on which a [`Question`] is posted; the response is the stream of its answer.
pub const ROUTE: &str = "/api/assistant";

/// The most messages of a question.
pub const MAX_MESSAGES: usize = 64;

/// The most characters of all messages of a question together.
pub const MAX_QUESTION_CHARS: usize = 12_000;

/// The route of an answer: `GET` is its stream again, from where the client left it; `DELETE` stops it.
#[must_use]
pub fn route(answer: &str) -> String {
    format!("{ROUTE}/{answer}")
}

/// Whether a text can be the id of an answer, which is 32 hexadecimal digits. Whoever takes one from elsewhere, such as
/// a link, asks this before it becomes a part of a [`route`]: any other text could lead out of it.
#[must_use]
pub fn is_answer(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The hub topic of an answer.
#[must_use]
pub fn topic(answer: &str) -> String {
    format!("assistant.{answer}")
}

/// A conversation that asks for the next message of the assistant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The conversation so far, oldest first; the last one is the user's.
    pub messages: Vec<Message>,
    /// The asker's own id of the question, 1 to 64 visible ASCII characters: asking with the same id again, because the
    /// response was lost, continues the same answer. Left out, every question is a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// A message of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What, as Markdown.
    pub content: String,
}

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Who set up the conversation.
    System,
    /// Who asks.
    User,
    /// Who answers.
    Assistant,
}

/// What happens on the stream of an answer. `sse.end` follows the last of it.
#[derive(Clone, Debug, PartialEq, Eq, EventSet)]
pub enum Assistant {
    /// The answer begins. Always the first event.
    Answer(Answer),
    /// The next piece of the text.
    Token(Token),
    /// The answer broke off. Always the last event.
    Failed(Failed),
    /// The answer is complete, or was stopped. Always the last event.
    Finished(Finished),
}

/// An answer that begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Names it: see [`route`].
    pub answer: String,
    /// The model that answers.
    pub model: String,
    /// What it answers: the last message of the question. So whoever opens the answer elsewhere sees what was asked.
    pub question: String,
}

/// A piece of an answer's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// To be appended as it is. All pieces together are Markdown.
    pub text: String,
}

/// Why an answer broke off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// In words that can be shown.
    pub detail: String,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Why it ended here.
    pub reason: FinishReason,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FinishReason {
    /// It is complete.
    Complete,
    /// It has reached the longest that an answer may be.
    Length,
    /// The model declined to go on.
    Filtered,
    /// Somebody stopped it.
    Stopped,
    /// Nobody listened any more.
    Abandoned,
    /// For a reason that a newer server has.
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_for_whatever_reason() {
        let ended = Assistant::decode("finished", r#"{"reason":"tired"}"#);
        assert_eq!(ended, Ok(Assistant::Finished(Finished { reason: FinishReason::Other })));
    }

    #[test]
    fn only_what_the_server_makes_is_the_id_of_an_answer() {
        assert!(is_answer("0123456789abcdef0123456789abcdef"));
        for other in [
            "",
            "x",
            "../../nonsense",
            "0123456789ABCDEF0123456789ABCDEF",
            "0123456789abcdef0123456789abcdef0",
            "0123456789abcdef/0123456789abcde",
            "0123456789abcdef?0123456789abcde",
            "字字字字字字字字字字ab",
        ] {
            assert!(!is_answer(other), "{other}");
        }
    }
}
