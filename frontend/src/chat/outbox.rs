//! What this page has said and the streams have not shown yet.
//!
//! A message keeps its client id over every attempt, and the server takes an id once, so sending again is
//! always safe: when in doubt, it is sent again.

use demo_contract::chat::NewMessage;
use serde::Serialize;
use serde_json::value::RawValue;

use super::room::Room;
use super::timeline::Timeline;

/// The messages on their way, of all rooms, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox {
    pending: Vec<Pending>,
    /// What another version of the page has kept and this one cannot read. It is kept for a version that can.
    unread: Vec<Box<RawValue>>,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    /// Where it is said.
    pub(super) room: Room,
    /// What is said.
    pub(super) message: NewMessage,
    /// When: milliseconds since the Unix epoch, by this device's clock.
    pub(super) time: u64,
    /// How far it has come.
    pub(super) status: Status,
    /// How often it was sent.
    pub(super) attempts: u32,
}

/// What outlives a reload of a message on its way: the name of the room, the message, and when it was said.
type Kept<R, M> = (R, M, u64);

/// What is written down of one message.
#[derive(Serialize)]
#[serde(untagged)]
enum Written<'a> {
    Ours(Kept<&'a str, &'a NewMessage>),
    Unread(&'a RawValue),
}

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// To be sent after those before it.
    Queued,
    /// The request is under way.
    Sending,
    /// The server could not be reached; sent again when it can.
    Waiting,
    /// The server has taken it, and the stream will bring it.
    Sent,
    /// The server refused it, for this reason.
    Failed(Refusal),
}

/// Why the server refused a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: u16,
    /// What the server said about it; empty if nothing.
    pub(super) detail: String,
}

impl Status {
    /// The value of `data-status`.
    #[must_use]
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Queued | Self::Sending => "sending",
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed(_) => "failed",
        }
    }
}

impl Outbox {
    /// The messages that [`to_json`](Self::to_json) wrote down, perhaps that of another version of the page.
    #[must_use]
    pub(super) fn from_json(json: &str) -> Self {
        let mut outbox = Self::default();
        for entry in serde_json::from_str::<Vec<Box<RawValue>>>(json).unwrap_or_default() {
            let read = serde_json::from_str::<Kept<String, NewMessage>>(entry.get()).ok();
            match read.and_then(|(room, message, time)| Some((Room::parse(&room)?, message, time))) {
                Some((room, message, time)) => outbox.push(room, message, time),
                None => outbox.unread.push(entry),
            }
        }
        outbox
    }

    /// What the server has not taken, for the time after a reload. What it refused is tried again then.
    #[must_use]
    pub(super) fn to_json(&self) -> String {
        let unsent = self.pending.iter().filter(|pending| pending.status != Status::Sent);
        let ours = unsent.map(|it| Written::Ours((it.room.as_str(), &it.message, it.time)));
        let kept: Vec<_> = ours.chain(self.unread.iter().map(|it| Written::Unread(it))).collect();
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// The rooms to which something is on its way, as often as something is.
    pub(super) fn rooms(&self) -> impl Iterator<Item = &Room> {
        self.pending.iter().map(|pending| &pending.room)
    }

    /// Puts a message at the end. Where others wait, it waits with them.
    pub(super) fn push(&mut self, room: Room, message: NewMessage, time: u64) {
        let is_held = self.in_room(&room).any(|pending| pending.status == Status::Waiting);
        let status = if is_held { Status::Waiting } else { Status::Queued };
        self.pending.push(Pending { room, message, time, status, attempts: 0 });
    }

    /// The ids of the messages to `room` that its timeline does not show. What the stream has brought is shown
    /// from there, also in the moment before it is [removed](Self::remove) from here.
    #[must_use]
    pub(super) fn missing_from(&self, timeline: &Timeline, room: &Room) -> Vec<String> {
        let ids = self.in_room(room).map(|pending| &pending.message.client_id);
        ids.filter(|client_id| !timeline.contains(client_id)).cloned().collect()
    }

    /// The message with this id.
    #[must_use]
    pub(super) fn find(&self, client_id: &str) -> Option<&Pending> {
        self.pending.iter().find(|pending| pending.message.client_id == client_id)
    }

    /// Begins to send the next message to `room`. Nothing while an earlier one is under way or waits: they must
    /// arrive in the order in which they were written.
    pub(super) fn start_next(&mut self, room: &Room) -> Option<Pending> {
        let mut unsent = self.pending.iter_mut().filter(|pending| {
            pending.room == *room && !matches!(pending.status, Status::Sent | Status::Failed(_))
        });
        let next = unsent.next().filter(|next| next.status == Status::Queued)?;
        next.status = Status::Sending;
        next.attempts += 1;
        Some(next.clone())
    }

    /// The server has taken the message that was under way.
    pub(super) fn finish(&mut self, client_id: &str) {
        self.set(client_id, Status::Sent);
    }

    /// The server has refused the message that was under way.
    pub(super) fn fail(&mut self, client_id: &str, refusal: Refusal) {
        self.set(client_id, Status::Failed(refusal));
    }

    /// The server cannot be reached: what is not sent waits.
    pub(super) fn hold(&mut self, room: &Room) {
        self.change(room, |status| match status {
            Status::Queued | Status::Sending => Status::Waiting,
            other => other,
        });
    }

    /// The server can be reached: what waits is sent.
    pub(super) fn release(&mut self, room: &Room) {
        self.change(room, |status| if status == Status::Waiting { Status::Queued } else { status });
    }

    /// The server has lost its history: what it took but the stream did not bring may be lost with it.
    pub(super) fn distrust(&mut self, room: &Room) {
        self.change(room, |status| if status == Status::Sent { Status::Waiting } else { status });
    }

    /// Sends a refused message again.
    pub(super) fn retry(&mut self, client_id: &str) {
        self.set(client_id, Status::Queued);
    }

    /// Forgets a message: the stream has brought it, or the person has discarded it.
    pub(super) fn remove(&mut self, client_id: &str) {
        self.pending.retain(|pending| pending.message.client_id != client_id);
    }

    fn in_room(&self, room: &Room) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(move |pending| pending.room == *room)
    }

    fn set(&mut self, client_id: &str, status: Status) {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.message.client_id == client_id)
        {
            pending.status = status;
        }
    }

    fn change(&mut self, room: &Room, change: impl Fn(Status) -> Status) {
        for pending in self.pending.iter_mut().filter(|pending| pending.room == *room) {
            let status = std::mem::replace(&mut pending.status, Status::Queued);
            pending.status = change(status);
        }
    }
}

#[cfg(test)]
mod tests {
    use demo_contract::chat::Message;

    use super::*;

    fn room(name: &str) -> Room {
        Room::parse(name).expect("a room")
    }

    fn message(client_id: &str) -> NewMessage {
        NewMessage { client_id: client_id.into(), author: "Ann".into(), text: "Hi".into() }
    }

    fn outbox(messages: &[(&str, &str)]) -> Outbox {
        let mut outbox = Outbox::default();
        for (name, client_id) in messages {
            outbox.push(room(name), message(client_id), 7);
        }
        outbox
    }

    fn started(outbox: &mut Outbox, name: &str) -> Option<String> {
        outbox.start_next(&room(name)).map(|pending| pending.message.client_id)
    }

    fn statuses(outbox: &Outbox) -> Vec<&'static str> {
        outbox.pending.iter().map(|pending| pending.status.as_str()).collect()
    }

    #[test]
    fn messages_to_a_room_are_sent_one_after_the_other() {
        let mut outbox = outbox(&[("lobby", "1"), ("lobby", "2"), ("rust", "3")]);
        assert_eq!(started(&mut outbox, "lobby").as_deref(), Some("1"));
        assert_eq!(started(&mut outbox, "lobby"), None);
        assert_eq!(started(&mut outbox, "rust").as_deref(), Some("3"));
        outbox.finish("1");
        assert_eq!(started(&mut outbox, "lobby").as_deref(), Some("2"));
    }

    #[test]
    fn what_cannot_be_sent_waits_and_is_sent_in_order_afterwards() {
        let mut outbox = outbox(&[("lobby", "1"), ("lobby", "2")]);
        started(&mut outbox, "lobby");
        outbox.hold(&room("lobby"));
        assert_eq!(statuses(&outbox), ["waiting", "waiting"]);
        outbox.push(room("lobby"), message("3"), 7);
        assert_eq!(statuses(&outbox), ["waiting", "waiting", "waiting"]);
        assert_eq!(started(&mut outbox, "lobby"), None);
        outbox.release(&room("lobby"));
        assert_eq!(started(&mut outbox, "lobby").as_deref(), Some("1"));
    }

    #[test]
    fn a_refused_message_does_not_hold_up_the_next_and_keeps_its_id_when_it_is_retried() {
        let mut outbox = outbox(&[("lobby", "1"), ("lobby", "2")]);
        started(&mut outbox, "lobby");
        outbox.fail("1", Refusal { status: 413, detail: String::new() });
        assert_eq!(started(&mut outbox, "lobby").as_deref(), Some("2"));
        outbox.finish("2");
        outbox.retry("1");
        assert_eq!(started(&mut outbox, "lobby").as_deref(), Some("1"));
    }

    #[test]
    fn what_the_server_has_not_taken_outlives_a_reload() {
        let mut before = outbox(&[("lobby", "1"), ("lobby", "2"), ("rust", "3"), ("trading", "4")]);
        started(&mut before, "lobby");
        before.finish("1");
        before.hold(&room("lobby"));
        started(&mut before, "rust");
        started(&mut before, "trading");
        before.fail("4", Refusal { status: 413, detail: String::new() });
        let after = Outbox::from_json(&before.to_json());
        assert_eq!(after.pending, outbox(&[("lobby", "2"), ("rust", "3"), ("trading", "4")]).pending);
        for nonsense in ["", "{}", r#"[["../x", {"client_id": "1", "author": "a", "text": "t"}, 7]]"#] {
            assert!(Outbox::from_json(nonsense).pending.is_empty(), "{nonsense}");
        }
    }

    #[test]
    fn what_another_version_has_kept_costs_nobody_a_message() {
        let ours = r#"["rust",{"client_id":"3","author":"Ann","text":"Hi"},7]"#;
        let others = [
            r#"["lobby",{"author":"Ann","client_id":"1","words":"Hi"},7]"#,
            r#"["../x",{"author":"Ann","client_id":"2","text":"Hi"},7]"#,
            r#"{"room":"lobby"}"#,
        ];
        let outbox = Outbox::from_json(&format!("[{},{ours},{},{}]", others[0], others[1], others[2]));
        assert_eq!(outbox.pending, self::outbox(&[("rust", "3")]).pending);
        assert_eq!(outbox.to_json(), format!("[{ours},{}]", others.join(",")));
    }

    #[test]
    fn a_server_that_lost_its_history_is_told_again_what_the_stream_did_not_bring() {
        let mut outbox = outbox(&[("lobby", "1"), ("rust", "2")]);
        started(&mut outbox, "lobby");
        outbox.finish("1");
        outbox.distrust(&room("rust"));
        assert_eq!(statuses(&outbox), ["sent", "sending"]);
        outbox.distrust(&room("lobby"));
        assert_eq!(statuses(&outbox), ["waiting", "sending"]);
    }

    #[test]
    fn what_the_stream_has_brought_is_shown_once_and_then_forgotten() {
        let mut outbox = outbox(&[("lobby", "1"), ("lobby", "2"), ("rust", "3")]);
        let mut timeline = Timeline::default();
        assert_eq!(outbox.missing_from(&timeline, &room("lobby")), ["1", "2"]);
        timeline.push(&Message { client_id: "1".into(), author: "Ann".into(), text: "Hi".into(), time: 0 });
        assert_eq!(outbox.missing_from(&timeline, &room("lobby")), ["2"]);
        outbox.remove("1");
        assert!(outbox.find("1").is_none());
    }
}
