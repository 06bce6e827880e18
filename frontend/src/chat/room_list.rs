//! The rooms that one can go to.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use super::room::Room;
use crate::i18n::use_locale;

/// The listed rooms, the one that is open, and a field to open any other.
#[component]
pub(super) fn RoomList(
    /// The room that is open.
    room: Memo<Option<Room>>,
) -> impl IntoView {
    let locale = use_locale();
    let listed = || Room::LISTED.into_iter().filter_map(Room::parse);
    let rooms = move || {
        let open = room.get().filter(|open| !Room::LISTED.contains(&open.as_str()));
        listed().chain(open).collect::<Vec<_>>()
    };

    view! {
        <aside class="rooms panel" aria-label=locale.text(|t| t.chat.rooms)>
            <h2 class="rooms-title">{locale.text(|t| t.chat.rooms)}</h2>
            <nav aria-label=locale.text(|t| t.chat.rooms)>
                <ul class="rooms-list">
                    <For each=rooms key=Clone::clone let:listed>
                        <li>
                            <RoomLink listed open=room />
                        </li>
                    </For>
                </ul>
            </nav>
            <JoinForm />
        </aside>
    }
}

#[component]
fn RoomLink(listed: Room, open: Memo<Option<Room>>) -> impl IntoView {
    let locale = use_locale();
    let path = listed.path();
    let test_id = format!("room-{}", listed.as_str());
    let lang = listed.lang();
    let current = {
        let listed = listed.clone();
        move || (open.read().as_ref() == Some(&listed)).then_some("page")
    };
    view! {
        <a class="room" href=path data-testid=test_id aria-current=current>
            <span class="room-sign" aria-hidden="true">
                "#"
            </span>
            <span class="room-name" lang=lang>{move || listed.label(locale.texts())}</span>
        </a>
    }
}

#[component]
fn JoinForm() -> impl IntoView {
    let locale = use_locale();
    let typed = RwSignal::new(String::new());
    let is_wrong = RwSignal::new(false);
    let navigate = use_navigate();

    let join = move |event: SubmitEvent| {
        event.prevent_default();
        match Room::from_typed(&typed.get_untracked()) {
            Some(room) => {
                typed.set(String::new());
                navigate(&room.path(), Default::default());
            }
            None => is_wrong.set(true),
        }
    };

    view! {
        <form class="join" on:submit=join novalidate>
            <label class="join-label" for="join-room">
                {locale.text(|t| t.chat.join_label)}
            </label>
            <div class="join-row">
                <input
                    id="join-room"
                    class="field"
                    data-testid="room-input"
                    type="text"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    maxlength="40"
                    placeholder=locale.text(|t| t.chat.join_placeholder)
                    aria-invalid=move || is_wrong.get().to_string()
                    aria-describedby="join-rule"
                    prop:value=typed
                    on:input:target=move |event| {
                        typed.set(event.target().value());
                        is_wrong.set(false);
                    }
                />
                <button type="submit" class="button button-quiet" data-testid="room-join">
                    {locale.text(|t| t.chat.join)}
                </button>
            </div>
            <p id="join-rule" class="join-rule" role="alert" hidden=move || !is_wrong.get()>
                {locale.text(|t| t.chat.room_rule)}
            </p>
        </form>
    }
}
