use sse_proto::client::Failure;

use super::{ActiveRequest, Fetch, Native, Receiver, Request, Transport};

/// The browser's own `EventSource`, or a [`Fetch`] where there is none: in an old browser, or where it is blocked.
///
/// For a stream that both can ask for, so without a header, a token or a body, which an `EventSource` would not send.
/// The [table](crate::transport) says in what the two differ.
///
/// ```
/// use std::sync::Arc;
///
/// use sse_web::Options;
/// use sse_web::transport::{Fetch, NativeOrFetch};
///
/// let mut options = Options::default();
/// options.transport = Arc::new(NativeOrFetch::new(Fetch::new()));
/// ```
#[derive(Clone, Debug)]
pub struct NativeOrFetch {
    fetch: Fetch,
}

impl NativeOrFetch {
    /// Takes `fetch` where there is no `EventSource`.
    #[must_use]
    pub fn new(fetch: Fetch) -> Self {
        Self { fetch }
    }
}

impl Transport for NativeOrFetch {
    fn connect(&self, request: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure> {
        // Tried and not asked for: one that is blocked is there, and throws.
        match Native.connect(request, receiver.clone()) {
            Err(Failure::Unsupported) => self.fetch.connect(request, receiver),
            other => other,
        }
    }

    fn is_repeatable(&self) -> bool {
        self.fetch.is_repeatable()
    }

    fn share_key(&self) -> Option<String> {
        self.fetch.share_key().map(|fetch| format!("native or {fetch}"))
    }
}
