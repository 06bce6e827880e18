//! What the server says of the stream itself, in events with the reserved prefix.

use super::Client;
use super::messages::{Output, Verdict};
use super::resume::Before;
use super::state::{CloseReason, Gap};
use crate::{Control, Instant};

impl Client {
    /// An event whose type is reserved; `None` if it is the application's all the same.
    ///
    /// Out of line, so that what is there for every event stays small.
    #[cold]
    #[inline(never)]
    pub(super) fn handle_reserved(
        &mut self,
        now: Instant,
        event_type: &str,
        data: &str,
        last_event_id: &str,
    ) -> Option<Verdict> {
        let control = Control::parse(event_type, data);
        if control.is_none() && !self.resume.knows_server() {
            return None;
        }
        self.note_event(now, control);
        // What a newer server says beyond this client's knowledge says to it what a heartbeat does.
        self.handle_control(now, control.unwrap_or(Control::Heartbeat), last_event_id);
        Some(Verdict::Control)
    }

    fn handle_control(&mut self, now: Instant, control: Control, last_event_id: &str) {
        self.before = Some(Before::Control(self.resume.note()));
        let gap = match control {
            Control::Open { heartbeat, snapshot_through } => {
                self.heartbeat = heartbeat;
                self.snapshot_through = snapshot_through;
                self.watch_silence(now);
                self.resume.handle_open(last_event_id)
            }
            Control::Reset => self.resume.handle_reset(last_event_id),
            // An id counts on whatever event it comes.
            Control::Retry(_) | Control::Heartbeat | Control::Gap { .. } | Control::End => {
                self.resume.follow(last_event_id).1.map(|(gap, _)| gap)
            }
        };
        self.push_gap(gap);
        match control {
            Control::Gap { trimmed, snapshot_through } => {
                self.snapshot_through = snapshot_through;
                let gap = self.resume.handle_gap(trimmed);
                self.push_gap(Some(gap));
            }
            Control::Retry(time) => self.reconnection_time = time,
            Control::End => self.close(now, CloseReason::Ended),
            Control::Open { .. } | Control::Heartbeat | Control::Reset => {}
        }
    }

    pub(super) fn push_gap(&mut self, gap: Option<Gap>) {
        self.outputs.extend(gap.map(Output::Gap));
    }
}
