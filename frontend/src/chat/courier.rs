//! Carries messages to the server, each until it has arrived.

use std::time::Duration;

use demo_contract::chat::NewMessage;
use gloo_timers::future::sleep;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::outbox::{Outbox, Pending};
use super::post::{PostError, post};
use super::room::Room;
use crate::storage::{self, Keep};

const KEY: &str = "chat.outbox";

/// The wait after the first failure; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Carries messages to the server. `Copy`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Courier {
    /// What is on its way.
    pub(super) outbox: RwSignal<Outbox>,
}

impl Courier {
    /// Says something in `room`.
    pub(super) fn say(self, room: Room, message: NewMessage) {
        let time = js_sys::Date::now() as u64;
        self.outbox.update(|outbox| outbox.push(room.clone(), message, time));
        self.carry(room);
    }

    /// Says a refused message again.
    pub(super) fn retry(self, room: Room, client_id: &str) {
        self.outbox.update(|outbox| outbox.retry(client_id));
        self.carry(room);
    }

    /// Sends at once what has waited to be sent to `room`: the server can be reached.
    pub(super) fn release(self, room: Room) {
        self.outbox.update(|outbox| outbox.release(&room));
        self.carry(room);
    }

    /// Sends what is queued for `room`, one after the other, until nothing is left, whichever page is looked at. Does
    /// nothing if that is under way already.
    fn carry(self, room: Room) {
        spawn_local(async move { while self.carry_next(&room).await {} });
    }

    /// Returns whether there may be more to carry.
    async fn carry_next(self, room: &Room) -> bool {
        let Some(Pending { message, attempts, .. }) = self.start_next(room) else { return false };
        let client_id = &message.client_id;
        match post(room, &message).await {
            Ok(()) => self.outbox.update(|outbox| outbox.finish(client_id)),
            Err(PostError::Refused(refusal)) => self.outbox.update(|outbox| outbox.fail(client_id, refusal)),
            Err(PostError::Unreachable { retry_after }) => {
                self.outbox.update(|outbox| outbox.hold(room));
                sleep(wait(attempts).max(retry_after.unwrap_or_default())).await;
                let is_tried_again =
                    |outbox: &Outbox| outbox.find(client_id).is_some_and(|now| now.attempts > attempts);
                // Whoever was quicker carries what comes after it, too.
                if self.outbox.with_untracked(is_tried_again) {
                    return false;
                }
                self.outbox.update(|outbox| outbox.release(room));
            }
        }
        true
    }

    fn start_next(self, room: &Room) -> Option<Pending> {
        self.outbox.try_update(|outbox| outbox.start_next(room)).flatten()
    }
}

/// Provides a [`Courier`] to everything below, with what was on its way in this tab before it was reloaded.
pub(crate) fn provide_courier() {
    let kept = storage::load(Keep::Tab, KEY).map(|json| Outbox::from_json(&json)).unwrap_or_default();
    let rooms: Vec<_> = kept.rooms().cloned().collect();
    let courier = Courier { outbox: RwSignal::new(kept) };
    provide_context(courier);
    Effect::new(move || storage::save(Keep::Tab, KEY, &courier.outbox.read().to_json()));
    for room in rooms {
        courier.carry(room);
    }
}

/// The courier that [`provide_courier`] provides.
pub(super) fn use_courier() -> Courier {
    expect_context()
}

fn wait(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(8)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_half_a_minute() {
        let waits = [1, 2, 3, 6, 1000].map(|failures| wait(failures).as_secs());
        assert_eq!(waits, [1, 2, 4, 30, 30]);
    }
}
