use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use sse_proto::client::Failure;
use wasm_bindgen_futures::spawn_local;

use super::cancellation::Cancellation;
use super::{ActiveRequest, Native, Receiver, Request, Transport};
use crate::url;

type Ask = dyn Fn() -> Pin<Box<dyn Future<Output = Result<String, String>>>> + Send + Sync;

/// The browser's own `EventSource`, with a ticket in the query, another one for every attempt.
///
/// An `EventSource` sends no header, so a server that lets only some in often gives a ticket for the URL, which is good for
/// one request and for a minute. With such a URL a stream would end at its first reconnect.
///
/// What is asked for a ticket is dropped with the attempt, so it need not come to an end; the connect timeout runs
/// meanwhile. An error is told as [`Failure::Token`], and tried again like an unreachable server, unless
/// [`resend`](sse_proto::client::ClientOptions::resend) is off.
///
/// A ticket that the server refuses closes the stream as [`Failure::Rejected`], like any refusal that an `EventSource` does
/// not explain. Where a good one can be refused, as when a slow network outlives it, set
/// [`retry_rejected`](sse_proto::client::ClientOptions::retry_rejected), and `max_retries` with it.
///
/// ```
/// use std::sync::Arc;
///
/// use sse_web::Options;
/// use sse_web::transport::Ticketed;
///
/// /// From `POST /api/ticket`, with the visitor's cookie.
/// async fn ticket() -> Result<String, String> {
///     Ok("0123456789abcdef".to_owned())
/// }
///
/// let mut options = Options::default();
/// options.transport = Arc::new(Ticketed::new("ticket", ticket));
/// ```
#[derive(Clone)]
pub struct Ticketed {
    parameter: String,
    ask: Arc<Ask>,
}

impl Ticketed {
    /// Asks `ticket` before every attempt, and sends what it gives as the query parameter `parameter`, in place of one of
    /// that name in the URL. What `ticket` may hold, [`Fetch::with_bearer`](super::Fetch::with_bearer) says.
    #[must_use]
    pub fn new<F>(parameter: impl Into<String>, ticket: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String, String>> + 'static,
    {
        Self { parameter: parameter.into(), ask: Arc::new(move || Box::pin(ticket())) }
    }
}

impl fmt::Debug for Ticketed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticketed").field("parameter", &self.parameter).finish_non_exhaustive()
    }
}

impl Transport for Ticketed {
    fn connect(&self, request: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure> {
        let cancellation = Rc::<Cancellation>::default();
        let stream = Rc::new(RefCell::new(None));
        let attempt = {
            let Self { parameter, ask } = self.clone();
            let Request { url, event_types, last_event_id, cursor_parameter, with_credentials } = request;
            let (url, event_types) = (url.to_owned(), event_types.to_owned());
            let (last_event_id, cursor_parameter) =
                (last_event_id.to_owned(), cursor_parameter.map(str::to_owned));
            let stream = stream.clone();
            async move {
                let opened = ask().await.map_err(Failure::Token).and_then(|ticket| {
                    let request = Request {
                        url: &url::with_parameter(&url, &parameter, &ticket),
                        event_types: &event_types,
                        last_event_id: &last_event_id,
                        cursor_parameter: cursor_parameter.as_deref(),
                        with_credentials,
                    };
                    Native.connect(request, receiver.clone())
                });
                match opened {
                    Ok(opened) => drop(stream.replace(Some(opened))),
                    Err(failure) => receiver.failed(failure),
                }
            }
        };
        spawn_local({
            let cancellation = cancellation.clone();
            async move { cancellation.run_until_cancelled(attempt).await }
        });
        Ok(Box::new(Attempt { cancellation, stream }))
    }
}

/// Waits for its ticket, or has its stream.
struct Attempt {
    cancellation: Rc<Cancellation>,
    stream: Rc<RefCell<Option<Box<dyn ActiveRequest>>>>,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.cancellation.cancel();
        self.stream.take();
    }
}
