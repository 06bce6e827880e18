//! How the tabs come to rest, and what holds for each of them before and after.

use std::collections::{BTreeMap, HashSet};

use sse_proto::client::State;

use super::server::{ID_EVERY, Server, key_of};
use super::{Browser, TABS, Tab};

impl Browser {
    pub(super) fn settle(&mut self) {
        for at in 0..TABS {
            if let Some(tab) = &mut self.tabs[at] {
                tab.is_frozen = false;
            }
            self.want(at, true);
        }
        // Long enough to notice a leader that is not heard, for the beginning of a stream to be over, and for all that is on
        // its way to arrive. Nothing new comes from most servers: a stream that is silent from here on must do as well.
        // But two connections that were given no cursor in common can meet only at what comes after both were opened.
        for tick in 0..3_500 {
            if matches!(self.server, Server::Live | Server::SnapshotByKey) && tick == 2_500 {
                self.events += 1;
            }
            self.tick(false);
        }
    }

    pub(super) fn assert_complete(&self, tab: &Tab) {
        let told = &tab.told;
        let around = |at: usize| {
            format!("{:?} of {:?}", &told[at.saturating_sub(5)..told.len().min(at + 5)], tab.cursor)
        };
        let is_in_full = tab.cursor.is_some() || !self.server.gives_snapshots();
        if is_in_full {
            let begin = match (&tab.cursor, self.server) {
                (Some(cursor), _) => self.server.after(cursor),
                (None, Server::Replays | Server::Sparse) => 0,
                (None, _) => told.first().copied().unwrap_or_default(),
            };
            let mut next = begin;
            for (at, event) in told.iter().enumerate() {
                // Behind the last id, a server that sends one now and then says again what it has said.
                let is_again = self.server == Server::Sparse && *event < next && next - *event < ID_EVERY;
                assert!(*event == next || is_again, "{next} is missing or told again: {}", around(at));
                next = next.max(event + 1);
            }
            if self.server == Server::Sparse {
                return;
            }
        }
        let mut latest = BTreeMap::new();
        for (at, event) in told.iter().enumerate() {
            let before = latest.insert(key_of(*event), *event);
            assert!(before.is_none_or(|before| before < *event), "again or too late: {}", around(at));
        }
        if let (Some(owed_from), Some(last)) = (tab.owed_from, told.iter().max()) {
            let heard: HashSet<_> = told.iter().copied().collect();
            let missed = (owed_from..*last).find(|event| !heard.contains(event));
            assert_eq!(missed, None, "owed from {owed_from}");
        }
    }

    /// At the end, a tab has been told everything.
    pub(super) fn assert_up_to_date(&self, tab: &Tab) {
        self.assert_complete(tab);
        assert!(tab.own.is_none(), "it shares again");
        assert_eq!(tab.state, State::Open, "all tell the state of the one connection");
        let latest: BTreeMap<u64, u64> = (0..self.events).map(|event| (key_of(event), event)).collect();
        if self.server.gives_snapshots() && tab.cursor.is_none() {
            for event in latest.values() {
                assert!(tab.told.contains(event), "{event} was not told");
            }
        }
        let begins_now = self.server == Server::LiveFromCursor && tab.owed_from == Some(self.events);
        assert!(begins_now || tab.told.contains(&(self.events - 1)), "the last was not told");
    }
}
