//! One room.

use demo_contract::Chat;
use demo_contract::chat::{Presence, route};
use leptos::prelude::*;
use leptos_eventsource::Gap;

use super::composer::Composer;
use super::courier::use_courier;
use super::identity::use_identity;
use super::messages::Messages;
use super::people::{PeopleCount, PeopleList};
use super::room::Room;
use super::timeline::Timeline;
use crate::badge::Badge;
use crate::i18n::use_locale;
use crate::icons;
use crate::stream::{stream_options, use_stream};

/// One room: what is said in it, who is there, and a field to say something.
#[component]
pub(super) fn RoomView(
    /// The room.
    room: Room,
) -> impl IntoView {
    let locale = use_locale();
    let identity = use_identity();
    let courier = use_courier();

    let url = {
        let room = room.clone();
        // A new name is a new stream: who is there is said when one comes. What it repeats is known already.
        Signal::derive(move || {
            let name = js_sys::encode_uri_component(&identity.name.read());
            format!("{}?member={}&name={}", route(room.as_str()), identity.member(), String::from(name))
        })
    };
    let stream = use_stream::<Chat>(url, stream_options());
    let is_open = stream.is_open();

    let timeline = RwSignal::new(Timeline::default());
    let presence = stream.fold(None::<Presence>, |presence, event| {
        if let Chat::Presence(who) = event {
            *presence = Some(who.clone());
        }
    });
    stream.on_event(move |event| {
        if let Chat::Message(message) = event {
            timeline.update(|timeline| {
                timeline.push(message);
            });
            if courier.outbox.with_untracked(|outbox| outbox.find(&message.client_id).is_some()) {
                courier.outbox.update(|outbox| outbox.remove(&message.client_id));
            }
        }
    });
    stream.on_gap({
        let room = room.clone();
        move |gap| {
            timeline.update(Timeline::mark_gap);
            if gap == Gap::Reset {
                courier.outbox.update(|outbox| outbox.distrust(&room));
                courier.release(room.clone());
            }
        }
    });
    Effect::new({
        let room = room.clone();
        move || {
            if is_open.get() {
                courier.release(room.clone());
            }
        }
    });

    let lang = room.lang();
    let title = {
        let room = room.clone();
        move || room.label(locale.texts())
    };
    view! {
        <section class="room-view panel">
            <header class="room-head">
                <h1 class="room-title">
                    <span class="room-sign" aria-hidden="true">
                        "#"
                    </span>
                    <span lang=lang>{title}</span>
                </h1>
                <span class="people-badge" data-live=move || is_open.get().to_string()>
                    {icons::people()} <PeopleCount presence />
                </span>
                <Badge stream />
            </header>
            <Messages room=room.clone() timeline is_open />
            <Composer room />
        </section>
        <PeopleList presence />
    }
}
