use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use demo_contract::chat::{room, topic};
use sse_hub::Hub;

use super::room::Room;
use super::validate::RoomName;
use crate::problem::Refusal;

/// The most rooms at a time.
const MAX_ROOMS: usize = 256;

/// The rooms. They open when somebody enters. When there are too many, the empty one that has been silent the
/// longest makes place for another.
#[derive(Debug)]
pub(crate) struct Rooms {
    hub: Hub,
    rooms: Mutex<HashMap<RoomName, Room>>,
    limit: usize,
}

impl Rooms {
    pub(crate) fn new(hub: Hub) -> Self {
        Self { hub, rooms: Mutex::default(), limit: MAX_ROOMS }
    }

    /// Opens the rooms that an earlier life of the server left, so that they count, and so that a message which is sent
    /// again after a crash is not said twice.
    pub(crate) async fn restore(&self) {
        for topic in self.hub.kept_topics() {
            let Some(Ok(name)) = room(topic.as_str()).map(RoomName::new) else { continue };
            match Room::open(&self.hub, &name) {
                Ok(mut room) => {
                    if let Err(error) = room.recall(&self.hub).await {
                        tracing::warn!(%error, room = name.as_str(), "not recalled");
                    }
                    self.rooms().insert(name, room);
                }
                Err(error) => tracing::warn!(%error, room = name.as_str(), "not restored"),
            }
        }
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomName, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something in a room, which is there for as long as it takes.
    pub(super) fn enter<T>(
        &self,
        name: RoomName,
        act: impl FnOnce(&Hub, &mut Room) -> T,
    ) -> Result<T, Refusal> {
        let mut rooms = self.rooms();
        if !rooms.contains_key(&name) {
            if rooms.len() >= self.limit {
                self.make_place(&mut rooms);
            }
            let full =
                || Refusal::unavailable("there are too many rooms at the moment", Duration::from_secs(60));
            if rooms.len() >= self.limit {
                return Err(full());
            }
            let room = Room::open(&self.hub, &name).map_err(|error| {
                full().because(format_args!("room {} was not opened: {error}", name.as_str()))
            })?;
            rooms.insert(name.clone(), room);
        }
        match rooms.get_mut(&name) {
            Some(room) => Ok(act(&self.hub, room)),
            None => Err(Refusal::not_found("there is no such room")),
        }
    }

    /// Clears away the room that has been silent the longest, of those in which nobody is.
    fn make_place(&self, rooms: &mut HashMap<RoomName, Room>) {
        let mut by_silence: Vec<_> =
            rooms.iter().map(|(name, room)| (room.last_message(), name.clone())).collect();
        // Those in which nothing was ever said come first.
        by_silence.sort_unstable_by_key(|(last_message, _)| *last_message);
        let made = by_silence.into_iter().find(|(_, name)| self.hub.remove_idle(&topic(name.as_str())));
        if let Some((_, name)) = made {
            rooms.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use demo_contract::chat::NewMessage;
    use sse_hub::Subscribe;

    use super::*;

    fn rooms(limit: usize) -> Rooms {
        Rooms { limit, ..Rooms::new(Hub::default()) }
    }

    fn open(rooms: &Rooms, name: &str) -> Result<(), Refusal> {
        rooms.enter(RoomName::new(name)?, |_, _| ())
    }

    fn say(rooms: &Rooms, name: &str) {
        let message = NewMessage { client_id: "1".into(), author: "Ann".into(), text: "hi".into() };
        let room = RoomName::new(name).expect("a name");
        rooms.enter(room, |hub, room| room.say(hub, message)).expect("a room").expect("said");
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_room_makes_place_for_another() {
        let rooms = rooms(2);
        for name in ["a", "b", "c", "d"] {
            open(&rooms, name).expect(name);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_room_that_was_silent_the_longest_goes_and_one_with_people_stays() {
        let rooms = rooms(3);
        open(&rooms, "people").expect("opened");
        let _inside = rooms.hub.subscribe(Subscribe::to(["chat.people"])).expect("subscribed");
        for name in ["older", "newer"] {
            say(&rooms, name);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        say(&rooms, "another");
        let is_there = |name: &str| rooms.hub.presence(name).is_some();
        assert!(is_there("chat.people") && is_there("chat.newer") && is_there("chat.another"));
        assert!(!is_there("chat.older"));
    }

    #[tokio::test(start_paused = true)]
    async fn rooms_full_of_people_leave_no_place() {
        let rooms = rooms(1);
        open(&rooms, "people").expect("opened");
        let _inside = rooms.hub.subscribe(Subscribe::to(["chat.people"])).expect("subscribed");
        assert_eq!(open(&rooms, "another").expect_err("full").status().as_u16(), 503);
    }
}
