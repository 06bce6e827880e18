//! eventsource-client.

use std::future::ready;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use eventsource_client::{Client as _, ClientBuilder, Error, ReconnectOptions, SSE};
use futures_core::Stream;
use launchdarkly_sdk_transport::{ByteStream, HttpTransport, ResponseFuture, TransportError};

use super::Decoder;
use crate::feed::{Feed, drive};
use crate::sink::{Seen, SeenId, Sink};

/// eventsource-client: owned events of a client.
///
/// Its parser is private, but the transport is the caller's. Ours answers with 200 and the chunks, in memory; what one
/// request costs beside a megabyte of events does not show.
#[derive(Debug)]
pub struct EventsourceClient;

/// Answers the one request with the chunks.
#[derive(Clone)]
struct InMemory(Arc<Mutex<Option<Feed>>>);

/// The chunks in the shape that the transport wants.
struct Body(Feed);

impl HttpTransport for InMemory {
    fn request(&self, _: http::Request<Option<Bytes>>) -> ResponseFuture {
        let feed = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let answer = match feed {
            Some(feed) => Ok(http::Response::new(Box::pin(Body(feed)) as ByteStream)),
            None => Err(TransportError::new(std::io::Error::other("there is one body only"))),
        };
        Box::pin(ready(answer))
    }
}

impl Stream for Body {
    type Item = Result<Bytes, TransportError>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

impl Decoder for EventsourceClient {
    const NAME: &'static str = "eventsource-client";

    fn run(feed: Feed, sink: &mut impl Sink) {
        let builder = match ClientBuilder::for_url("http://localhost/") {
            Ok(builder) => builder.reconnect(ReconnectOptions::reconnect(false).build()),
            Err(error) => return sink.error(&error),
        };
        let client = builder.build_with_transport(InMemory(Arc::new(Mutex::new(Some(feed)))));
        let _ended = drive(client.stream(), |item| match item {
            Ok(SSE::Event(event)) => {
                if let Some(millis) = event.retry {
                    sink.retry(millis);
                }
                let id = SeenId::LastEventId(event.id.as_deref().unwrap_or_default());
                sink.event(Seen { event_type: &event.event_type, data: &event.data, id })
            }
            Ok(SSE::Connected(_) | SSE::Comment(_)) => ControlFlow::Continue(()),
            // The end of the body is an error to it, in the middle of a line also.
            Err(Error::Eof | Error::UnexpectedEof) => ControlFlow::Break(()),
            Err(error) => {
                sink.error(&error);
                ControlFlow::Break(())
            }
        });
    }
}
