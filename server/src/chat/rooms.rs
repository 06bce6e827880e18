use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use demo_contract::chat::topic;
use sse_hub::Hub;

use super::room::Room;
use super::validate::RoomName;
use crate::problem::Refusal;

/// The most rooms at a time.
const MAX_ROOMS: usize = 256;

/// A room in which something was said is kept this long after the last message, even when nobody is there.
const KEEP_SILENT: Duration = Duration::from_secs(3_600);

/// The rooms. They open when somebody enters, and are cleared away when another needs the place.
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

    /// Does something in a room, which is there for as long as it takes.
    pub(super) fn enter<T>(
        &self,
        name: RoomName,
        act: impl FnOnce(&Hub, &mut Room) -> T,
    ) -> Result<T, Refusal> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if !rooms.contains_key(&name) {
            if rooms.len() >= self.limit {
                self.clear(&mut rooms);
            }
            let full =
                || Refusal::unavailable("there are too many rooms at the moment", Duration::from_secs(60));
            if rooms.len() >= self.limit {
                return Err(full());
            }
            let room = Room::open(&self.hub, &name).map_err(|error| {
                tracing::warn!(%error, room = name.as_str(), "not opened");
                full()
            })?;
            rooms.insert(name.clone(), room);
        }
        match rooms.get_mut(&name) {
            Some(room) => Ok(act(&self.hub, room)),
            None => Err(Refusal::not_found("there is no such room")),
        }
    }

    /// Clears away the rooms in which nobody is and nothing was said for long.
    fn clear(&self, rooms: &mut HashMap<RoomName, Room>) {
        rooms.retain(|name, room| {
            let silent = room.last_message().is_none_or(|last| last.elapsed() > KEEP_SILENT);
            !(silent && self.hub.remove_idle(&topic(name.as_str())))
        });
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
        rooms.enter(room, |_, room| room.say(message)).expect("a room").expect("said");
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_room_makes_place_for_another() {
        let rooms = rooms(2);
        for name in ["a", "b", "c", "d"] {
            open(&rooms, name).expect(name);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_room_with_people_or_recent_messages_stays() {
        let rooms = rooms(2);
        open(&rooms, "people").expect("opened");
        let _inside = rooms.hub.subscribe(Subscribe::to(["chat.people"])).expect("subscribed");
        say(&rooms, "messages");
        assert_eq!(open(&rooms, "another").expect_err("full").status().as_u16(), 503);

        tokio::time::advance(KEEP_SILENT + Duration::from_secs(1)).await;
        open(&rooms, "another").expect("the silent room made place");
        assert!(rooms.hub.presence("chat.people").is_some());
        assert!(rooms.hub.presence("chat.messages").is_none());
    }
}
