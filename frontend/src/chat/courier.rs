//! Carries messages to the server, each until it has arrived.

use std::time::Duration;

use demo_contract::chat::NewMessage;
use gloo_timers::future::sleep;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::outbox::{Outbox, Pending, Status};
use super::post::{PostError, post};
use super::room::Room;

/// The wait after the first failure while the stream is open; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Carries messages to the server. `Copy`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Courier {
    /// What is on its way.
    pub(super) outbox: RwSignal<Outbox>,
}

/// Whether the stream of a room is open. What cannot be sent while it is open is tried again after a while;
/// what cannot be sent while it is not waits until it is.
pub(super) type IsOpen = Signal<bool>;

impl Courier {
    /// Says something in `room`.
    pub(super) fn say(self, room: &Room, message: NewMessage, is_open: IsOpen) {
        let time = js_sys::Date::now() as u64;
        let status = if is_open.get_untracked() { Status::Queued } else { Status::Waiting };
        self.outbox.update(|outbox| {
            outbox.push(Pending { room: room.clone(), message, time, status });
        });
        self.carry(room.clone(), is_open);
    }

    /// Says a refused message again.
    pub(super) fn retry(self, room: &Room, client_id: &str, is_open: IsOpen) {
        self.outbox.update(|outbox| outbox.retry(client_id));
        self.carry(room.clone(), is_open);
    }

    /// Sends what has waited for the stream of `room` to open.
    pub(super) fn release(self, room: &Room, is_open: IsOpen) {
        self.outbox.update(|outbox| outbox.release(room));
        self.carry(room.clone(), is_open);
    }

    /// Sends what is queued for `room`, one after the other. Does nothing if that is under way already.
    fn carry(self, room: Room, is_open: IsOpen) {
        spawn_local(async move {
            let mut failures = 0;
            while let Some(message) = self.start_next(&room) {
                let client_id = &message.client_id;
                match post(&room, &message).await {
                    Ok(()) => {
                        failures = 0;
                        self.outbox.update(|outbox| outbox.finish(client_id));
                    }
                    Err(PostError::Refused(refusal)) => {
                        self.outbox.update(|outbox| outbox.fail(client_id, refusal));
                    }
                    Err(PostError::Unreachable { retry_after }) => {
                        failures += 1;
                        self.outbox.update(|outbox| outbox.hold(&room));
                        // The page of the room may be gone, and its signal with it.
                        if !is_open.try_get_untracked().unwrap_or(false) {
                            return;
                        }
                        sleep(wait(failures).max(retry_after.unwrap_or_default())).await;
                        self.outbox.update(|outbox| outbox.release(&room));
                    }
                }
            }
        });
    }

    fn start_next(self, room: &Room) -> Option<NewMessage> {
        self.outbox.try_update(|outbox| outbox.start_next(room)).flatten()
    }
}

/// Provides a [`Courier`] to everything below.
pub(crate) fn provide_courier() {
    provide_context(Courier { outbox: RwSignal::new(Outbox::default()) });
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
