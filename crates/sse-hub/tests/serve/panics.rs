//! Code of others that panics in a shard.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body::Frame;
use sse_hub::HubOptions;
use sse_hub::serve::Options;

use crate::common::{self, News};
use crate::server::{Server, app};
use crate::wire;

/// What a layer may put around a body. The first one that is dropped when it is armed panics.
struct Fragile {
    inner: Body,
    is_armed: Arc<AtomicBool>,
}

impl http_body::Body for Fragile {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(!self.is_armed.swap(false, Ordering::SeqCst), "a layer panics, as the test wants");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_panics_cuts_its_streams_and_takes_new_ones() {
    let is_armed = Arc::new(AtomicBool::new(false));
    let hub = common::hub(HubOptions::default());
    let armed = Arc::clone(&is_armed);
    let app = app(hub.clone()).layer(axum::middleware::map_response(move |response: Response| {
        let is_armed = Arc::clone(&armed);
        async move { response.map(|inner| Body::new(Fragile { inner, is_armed })) }
    }));
    let options = Options { shards: Some(1), ..Options::default() };
    let mut server = Server::with_app(hub, app, options).await;
    let news = server.hub.topic::<News>("news").expect("opened");
    let leaves = server.stream("news").await;
    let mut stays = server.stream("news").await;
    server.until("both held", |counts| counts.grouped == 2).await;
    news.publish(&News::Count(1)).expect("published");
    let seen = stays.event().await.expect("it comes");

    is_armed.store(true, Ordering::SeqCst);
    drop(leaves);
    assert!(stays.rest().await.is_empty());
    assert!(!stays.is_complete, "cut, so that it comes back");
    let counts =
        server.until("nothing is held", |counts| (counts.connections, counts.sharded) == (0, 0)).await;
    assert_eq!((counts.panics, counts.groups, counts.grouped), (1, 0, 0));
    assert_eq!(server.hub.subscriptions(), 0);

    news.publish(&News::Count(2)).expect("published");
    let mut back = server.stream_after("news", &seen.last_event_id).await;
    assert_eq!(back.take(1).await, ["count:2"]);
    server.until("held again", |counts| counts.grouped == 1).await;
    server.shut_down();
    assert!(back.rest().await.is_empty());
    assert!(back.is_complete && back.retry.is_some(), "ended, not cut");
    wire::in_time("the end", &mut server.running).await.expect("no panic").expect("served");
}
