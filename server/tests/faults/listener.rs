//! A client of a stream that comes back from its cursor whatever happens.

use std::net::SocketAddr;
use std::time::Duration;

use demo_contract::chat::Message;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use sse_proto::{Control, Cursor, Decoder, EventRef, Frame, Limits};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::history::{Heard, Record};
use crate::http;

/// The server says something every half second, so one that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(2);

pub(crate) struct Listener {
    proxy: SocketAddr,
    path: &'static str,
    record: Record,
    last_event_id: String,
    last: u64,
}

impl Listener {
    pub(crate) fn new(proxy: SocketAddr, path: &'static str) -> Self {
        Self { proxy, path, record: Record::default(), last_event_id: String::new(), last: 0 }
    }

    /// Listens until it has heard the event of the number that `end` comes to say.
    pub(crate) async fn listen(mut self, mut end: watch::Receiver<Option<u64>>) -> Record {
        loop {
            let is_complete = async {
                // The sender outlives the listeners.
                let _ = end.wait_for(Option::is_some).await;
            };
            tokio::select! {
                () = self.connect() => {}
                () = is_complete => {
                    let target = end.borrow().unwrap_or(0);
                    while self.last < target {
                        self.connect_until(Some(target)).await;
                    }
                    return self.record;
                }
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn connect(&mut self) {
        self.connect_until(None).await;
    }

    /// One connection, to its end or to the event of that number.
    async fn connect_until(&mut self, target: Option<u64>) {
        let mut request = http::request(self.proxy, "GET", self.path);
        if !self.last_event_id.is_empty() {
            request = request.header("last-event-id", &self.last_event_id);
        }
        let request = request.body(Full::<Bytes>::default()).expect("a valid request");
        let Ok(Some(mut answer)) = timeout(SILENCE, http::send(self.proxy, request)).await else { return };
        assert_eq!(answer.response.status(), 200);
        self.record.0.push(Heard::Connected);
        let mut decoder = Decoder::new(Limits::default()).with_last_event_id(&self.last_event_id);
        while let Ok(Some(Ok(frame))) = timeout(SILENCE, answer.response.frame()).await {
            let Ok(chunk) = frame.into_data() else { continue };
            let mut frames = decoder.decode(&chunk);
            while let Some(frame) = frames.next().expect("within the limits") {
                if let Frame::Event(event) = frame {
                    self.hear(&event);
                }
            }
            if target.is_some_and(|target| self.last >= target) {
                return;
            }
        }
    }

    fn hear(&mut self, event: &EventRef<'_>) {
        match event.event_type {
            "message" => {
                let message: Message = serde_json::from_str(event.data).expect("a message");
                let cursor: Cursor = event.last_event_id.parse().expect("an id of the hub's");
                self.last = self.last.max(cursor.seq);
                self.record.0.push(Heard::Message { seq: cursor.seq, client_id: message.client_id });
            }
            _ => match Control::parse(event.event_type, event.data) {
                Some(Control::Gap { trimmed, .. }) => self.record.0.push(Heard::Gap { trimmed }),
                Some(Control::Reset) => panic!("the history was lost"),
                _ => {}
            },
        }
        event.last_event_id.clone_into(&mut self.last_event_id);
    }
}
