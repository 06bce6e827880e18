//! What the client is expected to know, kept apart from it: a naive reading of the rules.

use std::collections::BTreeSet;

use sse_proto::client::{ConnectionId, Gap, PauseReason, Verdict};
use sse_proto::{Control, Cursor};

use crate::line::Conn;
use crate::schedule::Kind;
use crate::server::Hub;
use crate::{Outcome, ensure};

/// An event as the carrier brings it.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) event_type: String,
    pub(crate) data: String,
    pub(crate) last_event_id: String,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    /// The one connection there may be.
    pub(crate) active: Option<ConnectionId>,
    /// What is to be sent as `Last-Event-ID`.
    pub(crate) cursor: String,
    /// Up to here, everything was delivered, or said to be lost, or came before the client.
    pub(crate) settled: Option<Cursor>,
    /// Up to this number of the same epoch, events were said to be lost.
    pub(crate) excused: u64,
    /// How often each event without a number was delivered, and which of the others were.
    unnumbered: BTreeSet<usize>,
    pub(crate) delivered: BTreeSet<usize>,
    pub(crate) pauses: BTreeSet<u8>,
    /// Failures since a connection was healthy or the owner began anew.
    pub(crate) failures: u32,
    pub(crate) opened_at: u64,
    pub(crate) last_activity: u64,
    /// Before this time the server wants to be left alone.
    pub(crate) held_until: u64,
    /// The server's reconnection time, as far as the carrier shows it.
    pub(crate) retry: u64,
    /// Where the next request is to go.
    pub(crate) url: Option<String>,
    /// Whether a heartbeat was promised.
    pub(crate) is_watched: bool,
    pub(crate) has_ended: bool,
}

/// The order in which reasons are kept is no matter here.
fn key(reason: PauseReason) -> u8 {
    PauseReason::ALL.iter().zip(0..).find_map(|(it, at)| (*it == reason).then_some(at)).unwrap_or(u8::MAX)
}

impl Model {
    pub(crate) fn pause(&mut self, reason: PauseReason) {
        self.pauses.insert(key(reason));
    }

    pub(crate) fn resume(&mut self, reason: PauseReason) {
        self.pauses.remove(&key(reason));
    }

    /// The owner begins anew.
    pub(crate) fn begin(&mut self) {
        self.held_until = 0;
        self.url = None;
        self.failures = 0;
    }

    /// An open connection is lost. The last part of its life does not count if it was spent in a deadly silence.
    pub(crate) fn lose(&mut self, now: u64, deadly_silence: Option<u64>, healthy_after: u64) {
        let is_dead = deadly_silence.is_some_and(|silence| now - self.last_activity >= silence);
        let lived_until = if is_dead { self.last_activity } else { now };
        if lived_until - self.opened_at >= healthy_after {
            self.failures = 0;
        }
    }

    /// What an event on the active connection is, and which gaps are told before it.
    pub(crate) fn judge(
        &mut self,
        kind: Kind,
        hub: &Hub,
        conn: &mut Conn,
        event: &Arrival,
    ) -> Outcome<(Verdict, Vec<Gap>)> {
        if kind == Kind::Foreign {
            self.cursor.clone_from(&event.last_event_id);
            self.take(event)?;
            return Ok((Verdict::Deliver, Vec::new()));
        }
        if let Some(control) = Control::parse(&event.event_type, &event.data) {
            return Ok((Verdict::Control, self.control(control, conn, event)?));
        }
        if event.event_type == "presence" {
            let number = event.data.parse().map_err(|_| format!("forged: {event:?}"))?;
            if conn.repeats {
                return Ok((Verdict::Duplicate, Vec::new()));
            }
            ensure!(self.unnumbered.insert(number), "presence {number} came twice");
            return Ok((Verdict::Deliver, Vec::new()));
        }
        let it: Cursor = event.last_event_id.parse().map_err(|_| format!("no number: {event:?}"))?;
        let Some(settled) = self.settled else { return Err(format!("before sse.open: {event:?}")) };
        let before: Cursor = self.cursor.parse().map_err(|_| format!("no cursor: {:?}", self.cursor))?;
        conn.repeats = it.epoch == before.epoch && it.seq <= before.seq;
        if conn.repeats {
            return Ok((Verdict::Duplicate, Vec::new()));
        }
        let number = self.take(event)?;
        ensure!(hub.published[number] == it, "{it} was published as {}", hub.published[number]);
        ensure!(it.epoch == settled.epoch, "{it} follows {settled} without a reset");
        ensure!(it.seq > settled.seq, "{it} comes after {settled}");
        let missing = it.seq - 1;
        ensure!(missing == settled.seq || missing <= self.excused, "lost in silence before {it}: {settled}");
        self.settled = Some(it);
        self.cursor.clone_from(&event.last_event_id);
        Ok((Verdict::Deliver, Vec::new()))
    }

    /// An event is delivered, for the first and only time.
    fn take(&mut self, event: &Arrival) -> Outcome<usize> {
        let number = event.data.split(' ').next().and_then(|number| number.parse().ok());
        let number = number.ok_or_else(|| format!("forged: {event:?}"))?;
        ensure!(self.delivered.insert(number), "event {number} came twice");
        Ok(number)
    }

    fn control(&mut self, control: Control, conn: &mut Conn, event: &Arrival) -> Outcome<Vec<Gap>> {
        let stream: Cursor = event.last_event_id.parse().map_err(|_| format!("no cursor: {event:?}"))?;
        let before = self.cursor.parse::<Cursor>().ok();
        Ok(match control {
            Control::Open { .. } => {
                conn.repeats = false;
                match before {
                    None => self.settled = Some(stream),
                    Some(before) if before.epoch != stream.epoch => {
                        self.settled = Some(stream);
                        self.excused = 0;
                        self.cursor.clone_from(&event.last_event_id);
                        return Ok(vec![Gap::Reset]);
                    }
                    Some(before) if before.seq > stream.seq => {
                        conn.repeats = true;
                        return Ok(Vec::new());
                    }
                    Some(before) if before.seq < stream.seq => {
                        self.excused = self.excused.max(stream.seq);
                        self.cursor.clone_from(&event.last_event_id);
                        return Ok(vec![Gap::Trimmed { up_to: stream.seq }]);
                    }
                    Some(_) => {}
                }
                self.cursor.clone_from(&event.last_event_id);
                Vec::new()
            }
            // This server says it right after `sse.open`, whose epoch said so already.
            Control::Reset => Vec::new(),
            Control::Gap { trimmed, .. } => {
                self.excused = self.excused.max(trimmed);
                if before.is_some_and(|before| trimmed >= before.seq) {
                    conn.repeats = false;
                }
                vec![Gap::Trimmed { up_to: trimmed }]
            }
            Control::End => {
                self.has_ended = true;
                Vec::new()
            }
            _ => Vec::new(),
        })
    }

    /// Whether everything that the hub has published since is delivered or said to be lost.
    pub(crate) fn is_up_to_date(&self, hub: &Hub) -> bool {
        let Some(settled) = self.settled else { return false };
        settled.epoch.value() == hub.epoch && (settled.seq == hub.last || self.excused >= hub.last)
    }
}
