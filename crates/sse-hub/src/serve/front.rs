//! The app as hyper calls it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body as AppBody;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tower_service::Service;

use super::handoff::{Framing, Handoff, Stream};
use super::streams::{Coming, Streams};
use super::taking::{Chunk, Taking};
use crate::axum::Handover;

/// The app behind one connection.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) app: Router,
    pub(super) peer: SocketAddr,
    pub(super) streams: Streams,
    /// `None` where hyper keeps the streams: over HTTP/2.
    pub(super) handoff: Option<Arc<Handoff>>,
}

impl hyper::service::Service<Request<Incoming>> for Front {
    type Response = Response<FrontBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        name_host(&mut request);
        let (is_head, version) = (request.method() == Method::HEAD, request.version());
        let (handoff, streams) = (self.handoff.clone(), self.streams.clone());
        streams.handle_request();
        let request = request.map(|inner| {
            let coming = (!inner.is_end_stream()).then(|| streams.handle_coming());
            RequestBody { inner, coming }
        });
        // A router is always ready.
        let response = self.app.clone().call(request);
        Box::pin(async move {
            let mut response = response.await?;
            let handover = response.extensions_mut().remove::<Handover>();
            let Some(handover) = handover.filter(|_| !is_head) else {
                return Ok(response.map(FrontBody::of_app));
            };
            let signal = handover.signal();
            let response = match handoff {
                Some(handoff) => hand_over(response, handover, &handoff, version).await,
                None => response.map(FrontBody::of_app),
            };
            if let Some(signal) = signal
                && !matches!(response.body(), FrontBody::HandedOver(_))
            {
                streams.add_of_this_task(signal);
            }
            Ok(response)
        })
    }
}

/// Over HTTP/2 the host is `:authority`, and most clients send no `Host` beside it (RFC 9113, section 8.3.1). An app looks
/// for it where it is in HTTP/1.1.
fn name_host(request: &mut Request<Incoming>) {
    if request.version() == Version::HTTP_2
        && let Some(authority) = request.uri().authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(HOST, host);
    }
}

/// Takes the subscription out of the response, if nothing else is in it.
async fn hand_over(
    response: Response<AppBody>,
    handover: Handover,
    handoff: &Arc<Handoff>,
    version: Version,
) -> Response<FrontBody> {
    let is_plain = response.status() == StatusCode::OK && !response.headers().contains_key(CONTENT_LENGTH);
    if !is_plain {
        return response.map(FrontBody::App);
    }
    let (mut head, mut body) = response.into_parts();
    let first = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut body).poll_frame(cx))).await;
    let first = match first {
        Poll::Ready(Some(Ok(first))) => first,
        // A layer that collects or compresses has taken the first chunk in and gives nothing yet, or has ended.
        Poll::Pending => return Response::from_parts(head, FrontBody::App(body)),
        Poll::Ready(None) => return Response::from_parts(head, FrontBody::App(AppBody::empty())),
        Poll::Ready(Some(Err(error))) => return Response::from_parts(head, FrontBody::Failed(Some(error))),
    };
    let taken = first.data_ref().and_then(|chunk| handover.take_if_passed_on(chunk));
    match (taken, first.into_data()) {
        (Some(subscription), Ok(first)) => {
            let framing = if version == Version::HTTP_10 { Framing::Bare } else { Framing::Chunked };
            handoff.offer(Stream { subscription, first, framing, husk: Box::new(body) });
            // The connection ends with the stream, and who keeps connections alive should know.
            head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
            Response::from_parts(head, FrontBody::HandedOver(Arc::clone(handoff)))
        }
        (_, Ok(first)) => Response::from_parts(head, FrontBody::Begun(Some(first), body)),
        (_, Err(_trailers)) => Response::from_parts(head, FrontBody::App(body)),
    }
}

/// The body of a request as the app gets it.
struct RequestBody {
    inner: Incoming,
    /// `None` when there is no more of it.
    coming: Option<Coming>,
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) || self.inner.is_end_stream() {
            self.coming = None;
        } else if let Some(coming) = &self.coming {
            coming.handle_came();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A body as hyper gets it.
pub(super) enum FrontBody {
    /// The app's own.
    App(AppBody),
    /// The app's own, over HTTP/2.
    Watched(AppBody, Arc<Taking>),
    /// The app's own, of which the first chunk was already read.
    Begun(Option<Bytes>, AppBody),
    /// The app's own failed at once.
    Failed(Option<axum::Error>),
    /// That of a stream that somebody else will write to: nothing, for ever.
    HandedOver(Arc<Handoff>),
}

impl FrontBody {
    fn of_app(body: AppBody) -> Self {
        match Taking::of_this_task() {
            Some(taking) => Self::Watched(body, taking),
            None => Self::App(body),
        }
    }
}

impl Body for FrontBody {
    type Data = Chunk;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Chunk>, axum::Error>>> {
        match self.get_mut() {
            Self::App(body) => poll_app(body, cx, Chunk::from),
            Self::Watched(body, taking) => {
                taking.handle_asked();
                let frame = ready!(poll_app(body, cx, |bytes| Chunk::of(taking, bytes)));
                if matches!(frame, Some(Ok(_))) {
                    taking.handle_given();
                }
                Poll::Ready(frame)
            }
            Self::Begun(first, body) => match first.take() {
                Some(first) => Poll::Ready(Some(Ok(Frame::data(first.into())))),
                None => poll_app(body, cx, Chunk::from),
            },
            Self::Failed(error) => Poll::Ready(error.take().map(Err)),
            Self::HandedOver(handoff) => {
                handoff.handle_polled();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::App(body) | Self::Watched(body, _) => body.is_end_stream(),
            Self::Begun(..) | Self::Failed(_) | Self::HandedOver(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::App(body) | Self::Watched(body, _) => body.size_hint(),
            Self::Begun(..) | Self::Failed(_) | Self::HandedOver(_) => SizeHint::default(),
        }
    }
}

/// The next of an app's own body.
fn poll_app(
    body: &mut AppBody,
    cx: &mut Context<'_>,
    chunk: impl FnOnce(Bytes) -> Chunk,
) -> Poll<Option<Result<Frame<Chunk>, axum::Error>>> {
    Pin::new(body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map(|frame| frame.map_data(chunk))))
}
