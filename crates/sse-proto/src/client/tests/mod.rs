use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::*;

mod connection;
mod in_front;
mod interrupted;
mod resume;
mod silence;
mod waiting;

/// A client, its clock, and what it asked for.
struct Bench {
    client: Client,
    now: Instant,
    told: Vec<Output>,
    connection: Option<ConnectionId>,
    deadline: Option<Instant>,
}

impl Bench {
    fn new(options: ClientOptions) -> Self {
        let client = Client::new(options, 7);
        let mut bench = Self {
            client,
            now: Instant::from_millis(1_000),
            told: Vec::new(),
            connection: None,
            deadline: None,
        };
        bench.command(Command::Open);
        bench
    }

    fn open() -> Self {
        let mut bench = Self::new(ClientOptions::default());
        bench.signal(Signal::Opened);
        bench
    }

    /// Open, to a server that numbers its events and has sent `a.1` to `a.3`.
    fn numbered() -> Self {
        let mut bench = Self::open();
        bench.event("sse.open", "{}", "a.0");
        for id in ["a.1", "a.2", "a.3"] {
            assert_eq!(bench.event("tick", "x", id), Verdict::Deliver);
        }
        bench
    }

    /// Connects anew; what was told before is forgotten.
    fn reconnect(&mut self) {
        self.command(Command::Reconnect);
        self.signal(Signal::Opened);
        self.told();
    }

    fn drain(&mut self) {
        loop {
            match self.client.poll_output() {
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    return;
                }
                output => {
                    if let Output::Connect { connection, .. } = output {
                        self.connection = Some(connection);
                    }
                    self.told.push(output);
                }
            }
        }
    }

    fn command(&mut self, command: Command) {
        self.client.handle_command(self.now, command);
        self.drain();
    }

    fn signal(&mut self, signal: Signal) {
        let connection = self.connection.expect("a connection was asked for");
        self.client.handle_signal(self.now, connection, signal);
        self.drain();
    }

    fn event(&mut self, event_type: &str, data: &str, id: &str) -> Verdict {
        let connection = self.connection.expect("a connection was asked for");
        let verdict = self.client.handle_event(self.now, connection, event_type, data, id);
        self.drain();
        assert!(self.client.handle_drained(), "nobody closed it meanwhile");
        verdict
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.deadline.filter(|&deadline| deadline <= end) {
            self.now = deadline.max(self.now);
            self.client.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    /// What was told since the last call.
    fn told(&mut self) -> Vec<Output> {
        core::mem::take(&mut self.told)
    }

    fn connects(&self) -> usize {
        self.told.iter().filter(|output| matches!(output, Output::Connect { .. })).count()
    }

    fn failures(&self) -> usize {
        self.told.iter().filter(|output| matches!(output, Output::Failed(_))).count()
    }

    /// Where the last request went, if not to the URL of the owner.
    fn url(&self) -> Option<&str> {
        self.told.iter().rev().find_map(|output| match output {
            Output::Connect { url, .. } => Some(url.as_deref()),
            _ => None,
        })?
    }

    fn gaps(&mut self) -> Vec<Gap> {
        let gap = |output| match output {
            Output::Gap(gap) => Some(gap),
            _ => None,
        };
        self.told().into_iter().filter_map(gap).collect()
    }

    fn cursor_sent(&self) -> Option<String> {
        self.told.iter().rev().find_map(|output| match output {
            Output::Connect { last_event_id, .. } => Some(last_event_id.clone()),
            _ => None,
        })
    }

    /// The wait that was chosen after a failure.
    fn wait(&self) -> Duration {
        match self.client.state() {
            State::Waiting { until, .. } => until.saturating_duration_since(self.now),
            other => panic!("not waiting but {other:?}"),
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// A response that opens, from `url`.
fn from(url: &str) -> Signal {
    let content_type = String::from(crate::MEDIA_TYPE);
    Signal::Responded(Response::new(200).with_content_type(content_type).with_url(String::from(url)))
}

/// A response with this status.
fn status(status: u16) -> Signal {
    Signal::Responded(Response::new(status))
}
