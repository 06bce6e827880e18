use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sse_proto::EventRef;
use sse_proto::client::Failure;
use sse_web::Transport;
use sse_web::transport::{ActiveRequest, Receiver, Request};

use crate::until;

/// A transport without a network: the test says what comes over it.
#[derive(Clone, Debug, Default)]
pub struct Scripted(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    asked: RefCell<Vec<Asked>>,
    /// That of the last request. It is kept when the request is aborted: a transport may be late.
    receiver: RefCell<Option<Receiver>>,
    active: Rc<Cell<usize>>,
}

/// A request that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The URL.
    pub url: String,
    /// The event types that are listened for.
    pub event_types: Vec<&'static str>,
    /// The cursor.
    pub last_event_id: String,
}

impl Scripted {
    /// Every request that was made.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.0.asked.borrow().clone()
    }

    /// How many requests were made and not aborted.
    #[must_use]
    pub fn active(&self) -> usize {
        self.0.active.get()
    }

    /// Waits until there is a request, and says that it is open.
    pub async fn open(&self) {
        until("a request", || self.active() > 0).await;
        self.receiver().opened();
    }

    /// Brings an event of type `message` without an id.
    pub fn message(&self, data: &str) {
        self.event("message", data, "");
    }

    /// Brings an event.
    pub fn event(&self, event_type: &str, data: &str, last_event_id: &str) {
        self.receiver().event(EventRef { event_type, data, last_event_id });
    }

    /// Lets the connection fail.
    pub fn fail(&self, failure: Failure) {
        self.receiver().failed(failure);
    }

    fn receiver(&self) -> Receiver {
        self.0.receiver.borrow().clone().expect("a request was made")
    }
}

impl Transport for Scripted {
    fn connect(&self, request: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure> {
        self.0.asked.borrow_mut().push(Asked {
            url: request.url.to_owned(),
            event_types: request.event_types.to_vec(),
            last_event_id: request.last_event_id.to_owned(),
        });
        self.0.receiver.replace(Some(receiver));
        self.0.active.set(self.0.active.get() + 1);
        Ok(Box::new(Active(self.0.active.clone())))
    }
}

struct Active(Rc<Cell<usize>>);

impl ActiveRequest for Active {}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
