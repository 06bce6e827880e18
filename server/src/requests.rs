//! Names for requests, and how they were answered.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::classify::ServerErrorsFailureClass;
use tracing::Span;

use crate::client::Client;
use crate::rate::Rate;

/// The header in which a proxy may name a request, and in which the response tells its name.
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name of a request: what its client complains of is found under it in the log.
#[derive(Clone, Debug)]
struct RequestId(String);

/// How many responses there were of each class of status.
#[derive(Debug, Default)]
pub(crate) struct RequestCounts {
    classes: [AtomicU64; 5],
}

impl RequestCounts {
    fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(count) = self.classes.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The classes and their counts.
    pub(crate) fn by_class(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.classes.iter().map(|count| count.load(Ordering::Relaxed));
        ["1xx", "2xx", "3xx", "4xx", "5xx"].into_iter().zip(counts)
    }
}

/// Names the request, unless a proxy has, and counts its answer.
pub(crate) async fn name(
    State(counts): State<Arc<RequestCounts>>,
    mut request: Request,
    next: Next,
) -> Response {
    let given = request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok());
    // What strangers write is not put into the log unless it is plain.
    let id = given.filter(|id| is_plain(id)).map_or_else(random, str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    counts.count(response.status());
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID.clone(), id);
    }
    response
}

fn is_plain(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=64).contains(&id.len()) && id.bytes().all(is_allowed)
}

fn random() -> String {
    format!("{:016x}", fastrand::u64(..))
}

/// Why the server could not do what it should: an extension of the response, for the line that the log has of it.
#[derive(Clone, Debug)]
pub(crate) struct Reason(pub(crate) String);

/// How many warnings of requests there are in a second, after a burst of five seconds' worth: an overload, or whoever
/// makes one, is not to fill the disk of the log.
const WARNINGS_PER_SECOND: f64 = 10.0;

/// One for the process, as the log is.
static WARNINGS: LazyLock<Rate<()>> = LazyLock::new(|| Rate::new(WARNINGS_PER_SECOND, 5.0));

/// How many were left out since the last one.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

/// Whether there may be a warning now; if so, how many were left out before it, if some were.
fn may_warn() -> Option<Option<u64>> {
    if WARNINGS.take(()).is_err() {
        LEFT_OUT.fetch_add(1, Ordering::Relaxed);
        return None;
    }
    Some(Some(LEFT_OUT.swap(0, Ordering::Relaxed)).filter(|left_out| *left_out > 0))
}

/// One line for each request, under its [`span`]: a warning with the reason if it is the server's fault, unless there
/// were too many of them.
pub(crate) fn tell_answered(response: &Response, latency: Duration, _span: &Span) {
    let status = response.status();
    let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    if !status.is_server_error() {
        tracing::debug!(latency_ms, "answered with {}", status.as_u16());
        return;
    }
    let reason = response.extensions().get::<Reason>().map_or("no reason was given", |reason| &reason.0);
    match may_warn() {
        Some(left_out) => tracing::warn!(latency_ms, left_out, "answered with {}: {reason}", status.as_u16()),
        None => tracing::debug!(latency_ms, "answered with {}: {reason}", status.as_u16()),
    }
}

/// A line for a body that broke off after its head. What was refused was told of with the answer.
pub(crate) fn tell_broken_off(failure: ServerErrorsFailureClass, _latency: Duration, _span: &Span) {
    if let ServerErrorsFailureClass::Error(reason) = failure
        && let Some(left_out) = may_warn()
    {
        tracing::warn!(left_out, "the answer broke off: {reason}");
    }
}

/// The most bytes of a path that the log has of it.
const MAX_PATH: usize = 200;

/// What the log says of a request. Not its query: a ticket may be in it.
pub(crate) fn span<B>(request: &axum::http::Request<B>) -> Span {
    let id = request.extensions().get::<RequestId>().map_or("", |id| id.0.as_str());
    let client = request.extensions().get::<Client>().and_then(|client| client.address);
    let client = client.map(tracing::field::display);
    let path = request.uri().path();
    let path = &path[..path.floor_char_boundary(MAX_PATH)];
    tracing::info_span!("request", id, client, method = %request.method(), path)
}
