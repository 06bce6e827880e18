//! Somebody who says things until each has been acknowledged.

use std::net::SocketAddr;
use std::time::Duration;

use demo_contract::chat::Posted;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use sse_proto::Cursor;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::history::History;
use crate::http;

/// How long it waits for an answer before it asks again.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) struct Publisher {
    proxy: SocketAddr,
    path: &'static str,
    name: String,
}

impl Publisher {
    pub(crate) fn new(proxy: SocketAddr, path: &'static str, name: &str) -> Self {
        Self { proxy, path, name: name.to_owned() }
    }

    /// Publishes until it is stopped, and returns what was acknowledged. Nothing that was begun is given up.
    pub(crate) async fn publish(self, stopped: watch::Receiver<bool>) -> History {
        let mut history = History::default();
        for number in 0.. {
            if *stopped.borrow() {
                break;
            }
            let client_id = format!("{}-{number}", self.name);
            let seq = loop {
                // The same message each time: an answer that was lost must not make two of it.
                match timeout(PATIENCE, self.say(&client_id)).await {
                    Ok(Some(seq)) => break seq,
                    Ok(None) | Err(_) => sleep(Duration::from_millis(10)).await,
                }
            };
            history.acknowledge(seq, client_id);
            sleep(Duration::from_millis(20)).await;
        }
        history
    }

    /// The number of the message, if it was acknowledged.
    async fn say(&self, client_id: &str) -> Option<u64> {
        let message = serde_json::json!({ "client_id": client_id, "author": self.name, "text": client_id });
        let request = http::request(self.proxy, "POST", self.path)
            .header("content-type", "application/json")
            .body(Full::from(Bytes::from(message.to_string())))
            .expect("a valid request");
        let answer = http::send(self.proxy, request).await?;
        let status = answer.response.status();
        let body = answer.response.into_body().collect().await.ok()?.to_bytes();
        if status == 429 {
            return None;
        }
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
        let Posted { id } = serde_json::from_slice(&body).expect("an id");
        Some(id.parse::<Cursor>().expect("an id of the hub's").seq)
    }
}
