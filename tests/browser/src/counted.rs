use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sse_proto::client::Failure;
use sse_web::Transport;
use sse_web::transport::{ActiveRequest, Receiver, Request};

/// A transport that counts what it is asked for. A request that is dropped at once may never come to the server.
#[derive(Clone)]
pub struct Counted {
    transport: Arc<dyn Transport>,
    requests: Arc<AtomicUsize>,
}

impl Counted {
    /// Asks by `transport`.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport, requests: Arc::default() }
    }

    /// How many requests were made.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Transport for Counted {
    fn connect(&self, request: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.transport.connect(request, receiver)
    }
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counted").field("requests", &self.requests).finish_non_exhaustive()
    }
}
