//! What tabs say to one another, and how it is written.

use std::rc::Rc;
use std::time::Duration;

use sse_proto::Instant;
use sse_proto::client::Failure;

use super::netstring::{Reader, Writer};
use super::words::{millis, read_entry, read_failure, read_state, write_entry, write_failure, write_state};
use super::{Standing, Term};
use crate::share::log::{Entry, Mark};

/// How tabs speak. What other versions say is not understood here: whoever changes anything that is written takes a new
/// one, and a test says what is written.
///
/// It names the channel and the lock, so tabs of an app that was updated meanwhile share with their like.
pub(crate) const VERSION: &str = "sse-web/4";

/// Said by one tab to all others of its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A tab asks for what comes behind the place where it stands. The leader answers with [`Said::Welcome`].
    Hello {
        tab: u64,
        /// The leader it last heard in full, and the number of the entry that comes next from it.
        heard: Option<(Term, u64)>,
        mark: Mark,
        /// Whether it has been told nothing at all yet.
        is_new: bool,
    },
    /// Is there a leader?
    Ping,
    /// The owner of a stream in another tab wants it to connect anew.
    Reconnect,
    /// The leader of this term says something.
    Leader { term: Term, said: Said },
}

/// Said by a leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// The answer to one tab.
    Welcome { tab: u64, answer: Answer },
    /// The stream went on.
    Entries { first: u64, entries: Vec<Rc<Entry>> },
    /// It is here: said when it begins, when its state changes, and when it is asked.
    Here {
        /// The number of the entry that comes next.
        next: u64,
        standing: Standing,
    },
    /// Its connection failed.
    Failed(Failure),
}

/// What a tab has to know that asks for the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The number of the first of the entries.
    pub(super) first: u64,
    /// The place in front of them. Not the one that was asked for if that is out of reach; then there are none.
    pub(super) at: Mark,
    pub(super) entries: Vec<Rc<Entry>>,
    /// How the connection stands behind them.
    pub(super) standing: Standing,
}

impl Message {
    /// Writes it down. Points in time are written as durations from `now`: each tab has a clock of its own.
    pub(crate) fn encode(&self, now: Instant) -> String {
        let mut out = Writer::default();
        match self {
            Self::Hello { tab, heard, mark, is_new } => {
                let (term, next) = heard.unwrap_or_default();
                let out = out.string("hello").number(*tab).flag(*is_new);
                write_mark(write_term(out, term).number(next), mark)
            }
            Self::Ping => out.string("ping"),
            Self::Reconnect => out.string("reconnect"),
            Self::Leader { term, said } => write_said(&mut out, *term, said, now),
        };
        out.finish()
    }

    /// Reads it back; `None` if it is not one.
    pub(crate) fn decode(text: &str, now: Instant) -> Option<Self> {
        let mut from = Reader::new(text);
        let from = &mut from;
        let message = match from.string()? {
            "hello" => {
                let (tab, is_new) = (from.number()?, from.flag()?);
                let heard = (read_term(from)?, from.number()?);
                let heard = Some(heard).filter(|(term, _)| *term != Term::default());
                Self::Hello { tab, heard, mark: read_mark(from)?, is_new }
            }
            "ping" => Self::Ping,
            "reconnect" => Self::Reconnect,
            kind => Self::Leader { term: read_term(from)?, said: read_said(kind, from, now)? },
        };
        from.is_empty().then_some(message)
    }
}

fn write_said<'a>(out: &'a mut Writer, term: Term, said: &Said, now: Instant) -> &'a mut Writer {
    match said {
        Said::Welcome { tab, answer } => {
            let out = write_term(out.string("welcome"), term).number(*tab).number(answer.first);
            let out = write_standing(write_mark(out, &answer.at), &answer.standing, now);
            write_entries(out, &answer.entries)
        }
        Said::Entries { first, entries } => {
            write_entries(write_term(out.string("entries"), term).number(*first), entries)
        }
        Said::Here { next, standing } => {
            write_standing(write_term(out.string("here"), term).number(*next), standing, now)
        }
        Said::Failed(failure) => write_failure(write_term(out.string("failed"), term), failure),
    }
}

fn read_said(kind: &str, from: &mut Reader<'_>, now: Instant) -> Option<Said> {
    Some(match kind {
        "welcome" => {
            let (tab, first, at) = (from.number()?, from.number()?, read_mark(from)?);
            let standing = read_standing(from, now)?;
            Said::Welcome { tab, answer: Answer { first, at, standing, entries: read_entries(from)? } }
        }
        "entries" => Said::Entries { first: from.number()?, entries: read_entries(from)? },
        "here" => Said::Here { next: from.number()?, standing: read_standing(from, now)? },
        "failed" => Said::Failed(read_failure(from)?),
        _ => return None,
    })
}

fn write_term(out: &mut Writer, term: Term) -> &mut Writer {
    out.number(term.since).number(term.tab)
}

fn read_term(from: &mut Reader<'_>) -> Option<Term> {
    Some(Term { since: from.number()?, tab: from.number()? })
}

fn write_standing<'a>(out: &'a mut Writer, standing: &Standing, now: Instant) -> &'a mut Writer {
    let out = out.number(millis(standing.reconnection_time)).number(standing.sure_from);
    write_state(out, &standing.state, now)
}

fn read_standing(from: &mut Reader<'_>, now: Instant) -> Option<Standing> {
    let reconnection_time = Duration::from_millis(from.number()?);
    Some(Standing { reconnection_time, sure_from: from.number()?, state: read_state(from, now)? })
}

fn write_mark<'a>(out: &'a mut Writer, mark: &Mark) -> &'a mut Writer {
    out.string(&mark.last_event_id).number(mark.nth)
}

fn read_mark(from: &mut Reader<'_>) -> Option<Mark> {
    Some(Mark { last_event_id: from.string()?.to_owned(), nth: from.number()? })
}

fn write_entries<'a>(out: &'a mut Writer, entries: &[Rc<Entry>]) -> &'a mut Writer {
    out.number(entries.len() as u64);
    for entry in entries {
        write_entry(out, entry);
    }
    out
}

fn read_entries(from: &mut Reader<'_>) -> Option<Vec<Rc<Entry>>> {
    // Not sized by a number that somebody else wrote.
    (0..from.number()?).map(|_| read_entry(from).map(Rc::new)).collect()
}

#[cfg(test)]
mod tests {
    use sse_proto::DecodeError;
    use sse_proto::client::{CloseReason, Gap, PauseReason, State};

    use super::*;
    use crate::share::log::What;

    const NOW: Instant = Instant::from_millis(5_000);
    const TERM: Term = Term { since: 7, tab: u64::MAX };

    fn standing(state: State) -> Standing {
        Standing { state, reconnection_time: Duration::from_millis(1_500), sure_from: 3 }
    }

    fn led(said: Said) -> Message {
        Message::Leader { term: TERM, said }
    }

    fn back(message: &Message) -> Option<Message> {
        Message::decode(&message.encode(NOW), NOW)
    }

    fn written(write: impl FnOnce(&mut Writer) -> &mut Writer) -> String {
        let mut out = Writer::default();
        write(&mut out);
        out.finish()
    }

    fn failures() -> [(&'static str, Failure); 14] {
        let status = |status, retry_after| Failure::Status { status, retry_after };
        [
            ("7:network", Failure::Network),
            ("5:ended", Failure::Ended),
            ("3:cut", Failure::Cut),
            ("7:timeout", Failure::ConnectTimeout),
            ("7:silence", Failure::Silence),
            ("4:busy3:5034:7000", status(503, Some(Duration::from_secs(7)))),
            ("6:status3:404", status(404, None)),
            ("4:type9:text/html", Failure::ContentType("text/html".into())),
            ("8:rejected", Failure::Rejected),
            ("11:unsupported", Failure::Unsupported),
            ("5:token4:none", Failure::Token("none".into())),
            ("4:line1:1", Failure::Limit(DecodeError::LineTooLong { limit: 1 })),
            ("5:event1:2", Failure::Limit(DecodeError::EventTooLong { limit: 2 })),
            ("2:id1:3", Failure::Limit(DecodeError::IdTooLong { limit: 3 })),
        ]
    }

    fn states() -> [(&'static str, State); 12] {
        [
            ("10:connecting1:3", State::Connecting { attempt: 3 }),
            ("4:open", State::Open),
            ("5:stale4:1000", State::Stale { since: Instant::from_millis(4_000) }),
            (
                "7:waiting1:24:15005:ended",
                State::Waiting { attempt: 2, until: Instant::from_millis(6_500), cause: Failure::Ended },
            ),
            ("7:offline", State::Paused { why: PauseReason::Offline }),
            ("6:closed6:caller", State::Closed(CloseReason::Caller)),
            ("6:closed5:ended", State::Closed(CloseReason::Ended)),
            ("6:closed7:refused7:network", State::Closed(CloseReason::Refused(Failure::Network))),
            (
                "6:closed7:gave-up1:47:network",
                State::Closed(CloseReason::GaveUp { failures: 4, last: Failure::Network }),
            ),
            ("6:closed11:interrupted", State::Closed(CloseReason::Interrupted { cause: None })),
            (
                "6:closed14:interrupted-by5:ended",
                State::Closed(CloseReason::Interrupted { cause: Some(Failure::Ended) }),
            ),
            // A leader whose connection is paused otherwise is about to connect.
            ("10:connecting1:1", State::Paused { why: PauseReason::Caller }),
        ]
    }

    /// A tab of another build reads these texts. Whoever changes one of them, or adds one, takes a new [`VERSION`] and
    /// writes it down here: else old and new tabs share a lock, and do not understand each other.
    #[test]
    fn this_version_writes_these_texts_and_no_others() {
        assert_eq!(VERSION, "sse-web/4");

        let mark = Mark { last_event_id: "5f.7".into(), nth: 3 };
        let standing = standing(State::Open);
        let answer = Answer { first: 4, at: mark.clone(), entries: entries(), standing: standing.clone() };
        const ENTRIES: &str = concat!(
            "1:6",
            "5:event7:message17:line one\nline two4:5f.7",
            "5:event0:0:0:",
            "5:event3:3:x12:9:9:漢\u{1F980}\04:id\"'",
            "5:reset1:a",
            "7:trimmed2:991:b",
            "6:cursor1:c",
        );
        const LED: &str = "1:720:18446744073709551615";
        for (text, message) in [
            (
                "5:hello1:11:11:01:01:00:1:0".to_owned(),
                Message::Hello { tab: 1, heard: None, mark: Mark::default(), is_new: true },
            ),
            (
                format!("5:hello1:11:0{LED}1:34:5f.71:3"),
                Message::Hello { tab: 1, heard: Some((TERM, 3)), mark, is_new: false },
            ),
            ("4:ping".to_owned(), Message::Ping),
            ("9:reconnect".to_owned(), Message::Reconnect),
            (
                format!("7:welcome{LED}1:91:44:5f.71:34:15001:34:open{ENTRIES}"),
                led(Said::Welcome { tab: 9, answer }),
            ),
            (format!("7:entries{LED}2:12{ENTRIES}"), led(Said::Entries { first: 12, entries: entries() })),
            (format!("4:here{LED}1:84:15001:34:open"), led(Said::Here { next: 8, standing })),
            (format!("6:failed{LED}7:network"), led(Said::Failed(Failure::Network))),
        ] {
            assert_eq!(message.encode(NOW), text, "{message:?}");
        }
        for (text, state) in states() {
            assert_eq!(written(|out| write_state(out, &state, NOW)), text, "{state:?}");
        }
        for (text, failure) in failures() {
            assert_eq!(written(|out| write_failure(out, &failure)), text, "{failure:?}");
        }
    }

    fn entries() -> Vec<Rc<Entry>> {
        let event =
            |event_type: &str, data: &str| What::Event { event_type: event_type.into(), data: data.into() };
        [
            (event("message", "line one\nline two"), "5f.7"),
            (event("", ""), ""),
            (event("3:x", "9:9:漢\u{1F980}\0"), "id\"'"),
            (What::Gap(Gap::Reset), "a"),
            (What::Gap(Gap::Trimmed { up_to: 99 }), "b"),
            (What::Cursor, "c"),
        ]
        .map(|(what, id)| Rc::new(Entry { what, last_event_id: id.into() }))
        .into()
    }

    #[test]
    fn every_message_reads_back_as_it_was_written() {
        let mark = Mark { last_event_id: "5f.7".into(), nth: 3 };
        let standing = standing(State::Open);
        let answer = Answer { first: 4, at: mark.clone(), entries: entries(), standing: standing.clone() };
        for message in [
            Message::Hello { tab: 1, heard: None, mark: Mark::default(), is_new: true },
            Message::Hello { tab: 1, heard: Some((TERM, 3)), mark, is_new: false },
            led(Said::Welcome { tab: 9, answer }),
            led(Said::Entries { first: 0, entries: entries() }),
            led(Said::Entries { first: 0, entries: Vec::new() }),
            led(Said::Here { next: 3, standing: standing.clone() }),
            led(Said::Here { next: 3, standing: Standing { sure_from: u64::MAX, ..standing } }),
            led(Said::Failed(Failure::Network)),
            Message::Ping,
            Message::Reconnect,
        ] {
            assert_eq!(back(&message).as_ref(), Some(&message), "{message:?}");
        }
    }

    #[test]
    fn states_and_failures_read_back_as_they_were_written() {
        // What is about to connect is read back as that.
        let kept = states().into_iter().map(|(_, state)| state);
        let kept = kept.filter(|state| *state != State::Paused { why: PauseReason::Caller });
        let refused = failures().map(|(_, failure)| State::Closed(CloseReason::Refused(failure)));
        for state in kept.chain(refused) {
            let here = led(Said::Here { next: 0, standing: standing(state) });
            assert_eq!(back(&here).as_ref(), Some(&here));
        }
    }

    #[test]
    fn a_time_is_that_of_the_reader() {
        let state = |until| State::Waiting { attempt: 1, until, cause: Failure::Ended };
        let here =
            |until| led(Said::Here { next: 0, standing: standing(state(Instant::from_millis(until))) });
        let other = Instant::from_millis(1_000_000);
        assert_eq!(Message::decode(&here(6_500).encode(NOW), other), Some(here(1_001_500)));
        // What is over is over everywhere.
        assert_eq!(Message::decode(&here(1).encode(NOW), other), Some(here(1_000_000)));
    }

    #[test]
    fn a_message_by_hand_is_one() {
        // The texts that are none differ from it in one place.
        let hello = Message::Hello { tab: 1, heard: None, mark: Mark::default(), is_new: false };
        assert_eq!(Message::decode("5:hello1:11:01:01:01:00:1:0", NOW), Some(hello));
    }

    #[test]
    fn what_is_not_a_message_is_none() {
        let whole = led(Said::Entries { first: 0, entries: entries() }).encode(NOW);
        for (end, _) in whole.char_indices() {
            assert_eq!(Message::decode(&whole[..end], NOW), None, "{end}");
        }
        let longer = format!("{whole}1:x");
        for text in [
            "",
            "hello",
            "5:hello",
            "4:pong",
            "4:ping4:ping",
            "-1:",
            "1:漢",
            "9999999999999999999999:a",
            "+4:ping",
            "04:ping",
            // A flag is 0 or 1, and a number has one spelling.
            "5:hello1:11:21:01:01:00:1:0",
            "5:hello2:011:01:01:01:00:1:0",
            "5:hello2:+11:01:01:01:00:1:0",
            // As another version might say it.
            "5:hello1:11:01:01:01:00:1:01:1",
            "4:here1:71:91:34:open",
            &longer,
        ] {
            assert_eq!(Message::decode(text, NOW), None, "{text}");
        }
    }
}
