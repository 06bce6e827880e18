//! The chat page.

mod composer;
mod courier;
mod identity;
mod message;
mod messages;
mod outbox;
mod people;
mod post;
mod room;
mod room_list;
mod room_view;
mod timeline;

pub(crate) use courier::provide_courier;
pub(crate) use identity::provide_identity;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use self::room::Room;
use self::room_list::RoomList;
use self::room_view::RoomView;
use crate::i18n::use_locale;
use crate::title::use_title;

/// The rooms, and the one that the address names.
#[component]
pub(crate) fn ChatPage() -> impl IntoView {
    let locale = use_locale();
    let params = use_params_map();
    let room = Memo::new(move |_| Room::parse(params.read().get_str("room").unwrap_or_default()));
    use_title(move || {
        let texts = locale.texts();
        match &*room.read() {
            Some(room) => format!("{} · {}", room.label(texts), texts.chat.title),
            None => texts.chat.title.to_owned(),
        }
    });

    view! {
        <div class="chat">
            <RoomList room />
            {move || match room.get() {
                // Another room is another stream: everything below begins anew.
                Some(room) => view! { <RoomView room /> }.into_any(),
                None => view! { <NoRoom /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn NoRoom() -> impl IntoView {
    let locale = use_locale();
    view! {
        <section class="panel empty" data-testid="no-room">
            <h1>{locale.text(|t| t.chat.no_room)}</h1>
            <p>{locale.text(|t| t.chat.room_rule)}</p>
            <a class="button" href="/chat/lobby">{locale.text(|t| t.chat.to_lobby)}</a>
        </section>
    }
}
