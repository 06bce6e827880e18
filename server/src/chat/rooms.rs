use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use demo_contract::chat::{room, topic};
use sse_hub::{Hub, SnapshotError};

use super::room::{Past, Room};
use super::validate::RoomName;
use crate::problem::Refusal;
use crate::task::lock;

/// The most rooms at a time.
const MAX_ROOMS: usize = 256;

/// The most rooms that one request opens.
const MAX_NEW: usize = 8;

/// How long a room is kept after the last message, although nobody is in it and another wants its place. Whoever is
/// told that a message was taken relies on that it is there tomorrow.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);

/// The rooms. They open when somebody enters. When there are too many, the empty one that has been silent the
/// longest makes place for another, if it has been so for long enough.
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
            match Room::reopen(&self.hub, &name) {
                Ok(room) => {
                    self.rooms().insert(name.clone(), room);
                    if let Err(error) = self.recall(&name).await {
                        tracing::warn!(%error, room = name.as_str(), "not recalled yet");
                    }
                }
                Err(error) => tracing::warn!(%error, room = name.as_str(), "not restored"),
            }
        }
    }

    /// Has a room remember what was said in an earlier life of the server. A disk that was full at the start may have
    /// kept it from that.
    pub(super) async fn recall(&self, name: &RoomName) -> Result<(), SnapshotError> {
        if self.rooms().get(name).is_none_or(Room::is_recalled) {
            return Ok(());
        }
        let past = Past::read(&self.hub, name).await?;
        if let Some(room) = self.rooms().get_mut(name) {
            room.recall(past);
        }
        Ok(())
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomName, Room>> {
        lock(&self.rooms)
    }

    /// Does something in a room, which is there for as long as it takes.
    pub(super) fn enter<T>(
        &self,
        name: RoomName,
        act: impl FnOnce(&Hub, &mut Room) -> T,
    ) -> Result<T, Refusal> {
        let done = self.with_open(std::slice::from_ref(&name), |rooms| {
            rooms.get_mut(&name).map(|room| act(&self.hub, room))
        })?;
        done.ok_or_else(|| Refusal::not_found("there is no such room"))
    }

    /// Does something while the rooms are there to which any of these topics belong.
    pub(crate) fn open_topics<T>(&self, topics: &[String], act: impl FnOnce() -> T) -> Result<T, Refusal> {
        let names: HashSet<_> = topics.iter().filter_map(|topic| RoomName::new(room(topic)?).ok()).collect();
        self.with_open(&Vec::from_iter(names), |_| act())
    }

    /// Each of the names once.
    fn with_open<T>(
        &self,
        names: &[RoomName],
        act: impl FnOnce(&mut HashMap<RoomName, Room>) -> T,
    ) -> Result<T, Refusal> {
        let mut rooms = self.rooms();
        let new: Vec<_> = names.iter().filter(|name| !rooms.contains_key(*name)).collect();
        if new.len() > MAX_NEW {
            let detail = format!("name at most {MAX_NEW} rooms that nobody has used yet");
            return Err(Refusal::bad_request(detail));
        }
        let full = || Refusal::unavailable("there are too many rooms at the moment", Duration::from_secs(60));
        // An earlier life of the server may have left more than there may be.
        let most = self.limit.max(rooms.len());
        let go = (rooms.len() + new.len()).saturating_sub(most);
        // Those that are asked for will have somebody in them.
        if go > 0 && self.removable(&rooms).iter().filter(|name| !names.contains(name)).count() < go {
            return Err(full());
        }
        let opened = new.into_iter().try_for_each(|name| {
            let room = Room::open(&self.hub, name).map_err(|error| {
                full().because(format_args!("room {} was not opened: {error}", name.as_str()))
            })?;
            rooms.insert(name.clone(), room);
            Ok(())
        });
        let done = opened.map(|()| act(&mut rooms));
        // Only now that nothing can be refused any more. Where it was, the new rooms are some in which nothing was
        // said, and such go first.
        if rooms.len() > self.limit {
            let go = rooms.len().saturating_sub(most).max(1);
            self.make_place(&mut rooms, go);
        }
        done
    }

    /// The rooms that may go, because nobody is in them and nothing was said for long, if ever. The one that has been
    /// silent the longest comes first.
    fn removable(&self, rooms: &HashMap<RoomName, Room>) -> Vec<RoomName> {
        // When something was said last in one that is not recalled, nobody knows.
        let recalled = rooms.iter().filter(|(_, room)| room.is_recalled());
        let mut removable: Vec<_> = recalled.map(|(name, room)| (room.last_message(), name)).collect();
        removable.retain(|(last_message, name)| {
            last_message.is_none_or(|at| at.elapsed() >= KEPT_FOR)
                && self.hub.presence(&topic(name.as_str())).is_none_or(|presence| presence.count == 0)
        });
        removable.sort_unstable_by_key(|(last_message, _)| *last_message);
        removable.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// Clears away so many of the rooms that may go.
    fn make_place(&self, rooms: &mut HashMap<RoomName, Room>, go: usize) {
        let removable = self.removable(rooms).into_iter();
        for name in removable.filter(|name| self.hub.remove_idle(&topic(name.as_str()))).take(go) {
            rooms.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use demo_contract::chat::NewMessage;
    use sse_hub::history::redb::{RedbHistory, RedbOptions};
    use sse_hub::{HubOptions, Subscribe};

    use super::*;
    use crate::faulty::{Faults, FaultyHistory};

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

    #[tokio::test]
    async fn a_room_that_could_not_be_recalled_at_the_start_stays_and_is_when_something_is_to_be_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let faults = Faults::default();
        let life = || {
            let history = RedbHistory::open(&folder, RedbOptions::default()).expect("opened");
            let history = FaultyHistory::over(history, &faults);
            Rooms { limit: 1, ..Rooms::new(Hub::with_history(HubOptions::default(), history)) }
        };
        let earlier = life();
        say(&earlier, "lobby");
        earlier.hub.close().await.expect("closed");
        drop(earlier);

        let rooms = life();
        faults.hide_notes(true);
        rooms.restore().await;
        let name = RoomName::new("lobby").expect("a name");
        rooms.recall(&name).await.expect_err("nobody knows what was said");
        let again = NewMessage { client_id: "1".into(), author: "Ann".into(), text: "hi".into() };
        let refused = rooms.enter(name.clone(), |hub, room| room.say(hub, again)).expect("a room");
        assert_eq!(refused.expect_err("it may have been said").status().as_u16(), 503);
        let full = open(&rooms, "another").expect_err("it may have been used a minute ago");
        assert_eq!(full.status().as_u16(), 503);

        faults.hide_notes(false);
        rooms.recall(&name).await.expect("recalled");
        let before = rooms.hub.last_event_id();
        say(&rooms, "lobby");
        assert_eq!(rooms.hub.last_event_id(), before, "it was said already");
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
            tokio::time::advance(KEPT_FOR).await;
        }
        say(&rooms, "another");
        let is_there = |name: &str| rooms.hub.presence(name).is_some();
        assert!(is_there("chat.people") && is_there("chat.newer") && is_there("chat.another"));
        assert!(!is_there("chat.older"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_said_lately_makes_no_place_for_another() {
        let rooms = rooms(1);
        say(&rooms, "said");
        tokio::time::advance(Duration::from_secs(23 * 3_600)).await;
        assert_eq!(open(&rooms, "another").expect_err("full").status().as_u16(), 503);
        assert!(rooms.hub.presence("chat.said").is_some() && rooms.hub.presence("chat.another").is_none());
        tokio::time::advance(Duration::from_secs(3_600)).await;
        say(&rooms, "another");
        assert!(rooms.hub.presence("chat.said").is_none() && rooms.hub.presence("chat.another").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_not_let_in_after_all_costs_nobody_a_room() {
        let rooms = rooms(1);
        say(&rooms, "said");
        tokio::time::advance(Duration::from_secs(30 * 86_400)).await;
        // Neither a stream nor a message: as if the hub had refused it.
        open(&rooms, "refused").expect("opened");
        assert!(rooms.hub.presence("chat.said").is_some() && rooms.hub.presence("chat.refused").is_none());
        assert_eq!(rooms.rooms().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_rooms_make_place_as_are_opened_together() {
        let rooms = rooms(3);
        say(&rooms, "said");
        for name in ["a", "b"] {
            open(&rooms, name).expect(name);
        }
        let topics = |names: &[&str]| names.iter().map(|name| topic(name)).collect::<Vec<_>>();
        let subscribe = |topics: &[String]| {
            let subscribe = Subscribe::to(topics.to_vec());
            rooms.open_topics(topics, || rooms.hub.subscribe(subscribe).expect("subscribed"))
        };
        let too_many = topics(&["c", "d", "e"]);
        assert_eq!(subscribe(&too_many).expect_err("full").status().as_u16(), 503);
        assert_eq!(rooms.rooms().len(), 3, "none was opened for it");
        let empty_ones = topics(&["a", "b", "c", "d"]);
        assert_eq!(subscribe(&empty_ones).expect_err("they do not make place").status().as_u16(), 503);
        assert_eq!(rooms.rooms().len(), 3, "none was opened for it");
        let many = (0..=MAX_NEW).map(|number| topic(&number.to_string())).collect::<Vec<_>>();
        assert_eq!(subscribe(&many).expect_err("too many at once").status().as_u16(), 400);
        let _inside = subscribe(&topics(&["c", "d", "c", "said"])).expect("there is place");
        let is_there = |name: &str| rooms.hub.presence(&topic(name)).is_some();
        assert_eq!(["said", "a", "b", "c", "d"].map(is_there), [true, false, false, true, true]);
        assert_eq!(rooms.rooms().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn rooms_full_of_people_leave_no_place() {
        let rooms = rooms(1);
        open(&rooms, "people").expect("opened");
        let _inside = rooms.hub.subscribe(Subscribe::to(["chat.people"])).expect("subscribed");
        assert_eq!(open(&rooms, "another").expect_err("full").status().as_u16(), 503);
    }
}
