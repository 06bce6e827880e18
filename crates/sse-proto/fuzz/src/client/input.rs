//! What happens to a client, read from text.

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use sse_proto::DecodeError;
use sse_proto::client::{Backoff, ClientOptions, Command, Failure, PauseReason, Response, Signal, Silence};

/// A client, a server, and what happens.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the module of the target says what they are")]
pub struct Input {
    pub options: ClientOptions,
    pub seed: u64,
    pub last_event_id: &'static str,
    pub server: ServerKind,
    pub actions: Vec<Action>,
}

/// What the server is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerKind {
    /// It numbers its events and keeps a history, from which a new client gets a snapshot.
    Snapshot,
    /// The same, but a new client gets what is published from then on.
    LiveOnly,
    /// It sends anything.
    Odd,
}

/// One thing that happens.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the module of the target says what they are")]
pub enum Action {
    Command(Command),
    /// The outputs are not drained after the next command.
    Hold,
    /// The next signal or event comes from the connection before.
    Late,
    Signal(Signal),
    Pass(Duration),
    Leap(Duration),
    Timeout,
    Server(ServerAction),
    /// An event of a server that sends anything.
    Odd {
        event_type: &'static str,
        data: &'static str,
        last_event_id: String,
    },
}

/// What a server that numbers its events does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerAction {
    /// Something is published.
    Publish,
    /// The next thing of the connection's stream arrives.
    Step,
    /// An event without an id arrives.
    WithoutId,
    /// A heartbeat arrives.
    Heartbeat,
    /// All but this many events are dropped from the history, except those that a snapshot keeps.
    Trim {
        /// How many are left.
        keep: u64,
    },
    /// It loses its history and its connections.
    Restart,
    /// A proxy removes the cursor from the next request.
    EatCursor,
    /// The server goes on from before the cursor of the next request, and repeats what the client has seen.
    Rewind,
    /// The end of the stream arrives.
    End,
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let header: [u8; 4] = u.arbitrary()?;
        let bytes = u.bytes(u.len())?;
        let mut rest = bytes.iter().copied();
        let mut actions = Vec::new();
        while let Some(character) = rest.next() {
            actions.extend(action(character, &mut rest));
        }
        let [times, tries, start, _] = header;
        let start = start.wrapping_sub(b'0');
        Ok(Self {
            options: options(times, tries),
            seed: u64::from(u32::from_le_bytes(header)),
            last_event_id: pick(&["", "a.3", "9.7", "41", "a.9", "a.0", "a.4", ""], start & 7),
            server: pick(&[ServerKind::Snapshot, ServerKind::LiveOnly, ServerKind::Odd], start >> 3),
            actions,
        })
    }
}

fn pick<T: Clone>(choices: &[T], chosen: u8) -> T {
    choices[usize::from(chosen) % choices.len()].clone()
}

/// `0` of both characters is the default.
fn options(times: u8, tries: u8) -> ClientOptions {
    let (times, tries) = (times.wrapping_sub(b'0'), tries.wrapping_sub(b'0'));
    let second = Duration::from_secs(1);
    let mut options = ClientOptions::default();
    options.connect_timeout =
        pick(&[options.connect_timeout, None, Some(Duration::ZERO), Some(Duration::MAX)], times);
    options.silence = pick(
        &[Silence::Announced, Silence::After(10 * second), Silence::After(Duration::ZERO), Silence::Off],
        times >> 2,
    );
    options.healthy_after = pick(&[options.healthy_after, Duration::ZERO, Duration::MAX], times >> 4);
    options.max_retries = pick(&[None, Some(0), Some(1), Some(3)], tries);
    let flat = |wait: Duration| {
        let mut backoff = Backoff::default();
        (backoff.initial, backoff.max, backoff.floor) = (wait, wait, wait);
        backoff
    };
    options.backoff =
        pick(&[Backoff::default(), flat(Duration::ZERO), flat(second), flat(Duration::MAX)], tries >> 2);
    options.resend = tries & 0x10 == 0;
    options.retry_rejected = tries & 0x20 != 0;
    options
}

fn action(character: u8, rest: &mut impl Iterator<Item = u8>) -> Option<Action> {
    let mut next = || rest.next().unwrap_or(b'0');
    Some(match character {
        b'O' => Action::Command(Command::Open),
        b'C' => Action::Command(Command::Close),
        b'F' => Action::Command(Command::Finish),
        b'R' => Action::Command(Command::Reconnect),
        b'N' => Action::Command(Command::RetryNow),
        b'P' => Action::Command(Command::Pause(pick(PauseReason::ALL, next().wrapping_sub(b'0')))),
        b'U' => Action::Command(Command::Resume(pick(PauseReason::ALL, next().wrapping_sub(b'0')))),
        b'.' => Action::Hold,
        b'~' => Action::Late,
        b't' => Action::Pass(amount(next())),
        b'T' => Action::Leap(amount(next())),
        b'f' => Action::Timeout,
        b'o' => Action::Signal(Signal::Opened),
        b'a' => Action::Signal(Signal::Activity),
        b'r' => Action::Signal(Signal::Retry(amount(next()))),
        b'x' => Action::Signal(Signal::Failed(failure(next(), &mut next))),
        b'h' => Action::Signal(Signal::Responded(response(next()))),
        b'c' => Action::Signal(Signal::Responded(Response::new(200).with_content_type(text(rest)))),
        b'd' => Action::Signal(Signal::Responded(
            Response::new(503).with_retry_after(text(rest)).with_date(DATE.to_owned()),
        )),
        b'p' => Action::Server(ServerAction::Publish),
        b's' => Action::Server(ServerAction::Step),
        b'i' => Action::Server(ServerAction::WithoutId),
        b'b' => Action::Server(ServerAction::Heartbeat),
        b'k' => Action::Server(ServerAction::Trim { keep: u64::from(next().wrapping_sub(b'0') % 10) }),
        b'z' => Action::Server(ServerAction::Restart),
        b'y' => Action::Server(ServerAction::EatCursor),
        b'q' => Action::Server(ServerAction::Rewind),
        b'E' => Action::Server(ServerAction::End),
        b'e' => Action::Odd { event_type: event_type(next()), data: data(next()), last_event_id: id(next()) },
        _ => return None,
    })
}

/// A text goes to the end of the line.
fn text(rest: &mut impl Iterator<Item = u8>) -> String {
    String::from_utf8_lossy(&rest.take_while(|&byte| byte != b'\n').collect::<Vec<_>>()).into_owned()
}

/// `0` is no time at all; `9` is longer than anybody waits.
fn amount(character: u8) -> Duration {
    let millis = [0, 1, 200, 1000, 5000, 10_000, 30_000, 60_000, 3_600_000, u64::MAX];
    Duration::from_millis(pick(&millis, character.wrapping_sub(b'0')))
}

fn failure(character: u8, next: &mut impl FnMut() -> u8) -> Failure {
    match character {
        b'e' => Failure::Ended,
        b'b' => Failure::Cut,
        b'j' => Failure::Rejected,
        b'c' => Failure::ContentType("text/html".to_owned()),
        b'u' => Failure::Unsupported,
        b'l' => Failure::Limit(DecodeError::LineTooLong { limit: 8 }),
        b's' => Failure::Status { status: 503, retry_after: Some(amount(next())) },
        b'4' => Failure::Status { status: 401, retry_after: None },
        b'k' => Failure::Token("log in again".to_owned()),
        _ => Failure::Network,
    }
}

/// What time it is for the server.
const DATE: &str = "Sun, 06 Nov 1994 08:49:07 GMT";

fn response(character: u8) -> Response {
    let stream = Response::new(200).with_content_type("text/event-stream".to_owned());
    let busy = Response::new(503);
    match character {
        b'1' => stream.with_url("https://node-1.example/".to_owned()),
        b'2' => stream.with_url("https://node-2.example/".to_owned()),
        b'3' => Response::new(200).with_content_type("text/html".to_owned()),
        b'4' => Response::new(200),
        b'5' => Response::new(204),
        b'6' => busy.with_retry_after("40".to_owned()),
        b'7' => busy.with_retry_after("99999999999999999999".to_owned()),
        b'8' => busy.with_retry_after("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()).with_date(DATE.to_owned()),
        b'9' => busy.with_retry_after("soon".to_owned()),
        _ => stream,
    }
}

fn event_type(character: u8) -> &'static str {
    match character {
        b'o' => "sse.open",
        b't' => "sse.retry",
        b'h' => "sse.heartbeat",
        b'g' => "sse.gap",
        b'r' => "sse.reset",
        b'e' => "sse.end",
        b'?' => "sse.unknown",
        _ => "message",
    }
}

fn data(character: u8) -> &'static str {
    match character {
        b'1' => "",
        b'2' => r#"{"heartbeat_ms":0,"trimmed":0,"retry_ms":0}"#,
        b'3' => r#"{"heartbeat_ms":10000,"trimmed":2,"retry_ms":10000}"#,
        b'4' => {
            r#"{"heartbeat_ms":18446744073709551615,"trimmed":18446744073709551615,"retry_ms":18446744073709551615}"#
        }
        b'5' => r#"{"heartbeat_ms":18446744073709551616,"trimmed":"x","retry_ms":18446744073709551616}"#,
        b'6' => r#""heartbeat_ms" "trimmed""#,
        _ => "{}",
    }
}

/// `a` to `e` are `a.0` to `a.4`, `f` to `j` are `b.0` to `b.4`, and so on.
fn id(character: u8) -> String {
    match character {
        b'a'..=b'y' => {
            let number = character - b'a';
            format!("{:x}.{}", 10 + number / 5, number % 5)
        }
        b'z' => "ffffffffffffffff.18446744073709551615".to_owned(),
        b'1' => "41".to_owned(),
        b'2' => "a.03".to_owned(),
        b'3' => "漢".to_owned(),
        _ => String::new(),
    }
}
