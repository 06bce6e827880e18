mod pending;
mod stream;

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use send_wrapper::SendWrapper;
use sse_proto::client::Failure;

use super::{ActiveRequest, Receiver, Request, Transport};
use crate::options::Options;
use pending::Pending;
pub use stream::ScriptedStream;

/// A transport without a network, for the tests of those who use this crate: the test is the server.
///
/// Give a clone of it to the page as its transport, [accept](Self::accept) what the page asks for, and say what comes of
/// it. What the test says has arrived when the call returns: there is nothing to wait for but what the page itself does
/// later. Nothing happens by itself, either: a request that is accepted and not [opened](ScriptedStream::open) is a
/// server that does not answer, and one that is open is silent until the test says something.
///
/// It carries any number of streams at once. A page with two asks twice, and [`Self::accept_at`] tells them apart.
///
/// It belongs to the thread in which it is used first. Until then it may be moved and dropped anywhere, so that a page
/// can be rendered on a server with the options of a test.
///
/// # Example
///
/// A connection that is cut off, and comes back from its cursor:
///
/// ```
/// use sse_web::transport::Scripted;
/// use sse_web::{Connection, EventRef, Sink};
///
/// struct Ignore;
///
/// impl Sink for Ignore {
///     fn event(&self, _: EventRef<'_>) {}
/// }
///
/// // A `#[wasm_bindgen_test]`:
/// async fn a_stream_that_is_cut_off_goes_on_from_its_cursor() {
///     let server = Scripted::new();
///     let connection = Connection::open("/news", server.options(), Ignore).expect("the URL is valid");
///
///     let first = server.accept_at("/news").await;
///     first.open();
///     first.event("message", "hello", "41");
///     first.end();
///
///     let second = server.accept_at("/news").await;
///     assert_eq!(second.last_event_id(), "41");
///
///     drop(connection);
///     assert_eq!(server.active(), 0);
/// }
/// ```
///
/// # What is yours to add
///
/// It tells the page what [`Fetch`] tells. Over [`Native`](super::Native) a page hears of every refusal as
/// [`Failure::Rejected`], of a cut as of an end, and nothing of `retry`, comments, and events that nobody listens for.
///
/// - **A POST** is sent again here, unless the options come by [`Self::options_from`], or turn
///   [`resend`](sse_proto::client::ClientOptions::resend) off.
/// - **What is sent**, a header, a token and the next one, a body, and what is made of the text of a refusal: by
///   [`Fetch::with_fetch`] a test sees each request and answers it.
/// - **A connection is not shared**: two who ask for [`Sharing::page`](crate::Sharing::page) make two requests.
/// - **What the browser says** of the network and of the tab. A test of the network has it say `true` and `online` at
///   first: on a machine without one it does not. `delete navigator.onLine` or `delete document.hidden` ends it.
///
/// ```
/// use wasm_bindgen::JsValue;
///
/// fn go_offline_in_the_background() -> Result<(), JsValue> {
///     js_sys::eval("Object.defineProperty(navigator, 'onLine', { value: false, configurable: true })")?;
///     js_sys::eval("dispatchEvent(new Event('offline'))")?;
///     js_sys::eval("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")?;
///     js_sys::eval("document.dispatchEvent(new Event('visibilitychange'))")?;
///     Ok(())
/// }
/// ```
///
/// [`Fetch`]: super::Fetch
/// [`Fetch::with_fetch`]: super::Fetch::with_fetch
#[derive(Clone, Default)]
pub struct Scripted(Arc<OnceLock<SendWrapper<Rc<Server>>>>);

/// What all clones share.
#[derive(Default)]
struct Server {
    /// Every request that was made, oldest first.
    requests: RefCell<Vec<ScriptedStream>>,
    pending: Pending,
}

impl Scripted {
    /// Made when it is needed first: what nobody uses belongs to no thread.
    fn server(&self) -> &Rc<Server> {
        self.0.get_or_init(|| SendWrapper::new(Rc::default()))
    }

    /// A server that nobody has asked anything yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Options over this transport, with waits so short that a test need not wait for them: 5 to 10 ms before each
    /// attempt. Change what the test is about.
    #[must_use]
    pub fn options(&self) -> Options {
        self.options_from(Options::default())
    }

    /// The options of an app over this transport, with the waits of [`Self::options`]. The rest stays, and so does what
    /// the app's own transport says of its requests: a POST is not sent again.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use sse_web::Options;
    /// use sse_web::transport::{Fetch, Scripted};
    ///
    /// let mut of_the_app = Options::default();
    /// of_the_app.transport = Arc::new(Fetch::post("{}"));
    /// let options = Scripted::new().options_from(of_the_app);
    /// assert!(!options.client.resend);
    /// ```
    #[must_use]
    pub fn options_from(&self, mut options: Options) -> Options {
        options.client.resend &= options.transport.is_repeatable();
        options.transport = Arc::new(self.clone());
        let (backoff, wait) = (&mut options.client.backoff, Duration::from_millis(5));
        (backoff.floor, backoff.initial, backoff.max) = (wait, wait, wait);
        options
    }

    /// The oldest request that was not accepted yet; waits for it if there is none. One that the page has aborted in the
    /// meantime is passed over.
    ///
    /// # Panics
    /// If none comes within five seconds; says where it was waited for, and what was asked for instead.
    #[track_caller]
    pub fn accept(&self) -> impl Future<Output = ScriptedStream> + use<> {
        self.accept_if("a request".to_owned(), |_| true)
    }

    /// Like [`Self::accept`], but only a request for this URL: a whole one, or a path with or without its query.
    ///
    /// # Panics
    /// Like [`Self::accept`].
    #[track_caller]
    pub fn accept_at(&self, url: &str) -> impl Future<Output = ScriptedStream> + use<> {
        let wanted = url.to_owned();
        self.accept_if(format!("a request for {url:?}"), move |stream| is_at(stream.url(), &wanted))
    }

    /// Every request that was ever made, oldest first, whether or not it was accepted or is still active.
    #[must_use]
    pub fn requests(&self) -> Vec<ScriptedStream> {
        self.server().requests.borrow().clone()
    }

    /// How many requests the page holds. When everything is unmounted, none; a framework may let go of them a moment
    /// after that, so a test waits for [`closed`](ScriptedStream::closed) first. None in a wait for the next attempt
    /// either: that a stream is closed for good, its state says.
    #[must_use]
    pub fn active(&self) -> usize {
        self.server().requests.borrow().iter().filter(|stream| stream.is_active()).count()
    }

    #[track_caller]
    fn accept_if<F>(&self, what: String, is_it: F) -> impl Future<Output = ScriptedStream> + use<F>
    where
        F: Fn(&ScriptedStream) -> bool,
    {
        let (server, place) = (self.server().clone(), Location::caller());
        async move {
            let find = || {
                let requests = server.requests.borrow();
                requests.iter().find(|it| it.is_active() && !it.is_accepted() && is_it(it)).cloned()
            };
            let Some(stream) = server.pending.until(find).await else {
                let requests = server.requests.borrow();
                panic!("{what} did not come in time ({place}); these were made: {requests:#?}")
            };
            stream.accept();
            stream
        }
    }
}

/// Whether `url`, which is absolute, is the one that a test means.
fn is_at(url: &str, wanted: &str) -> bool {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let target = url[after_scheme..].find('/').map_or("/", |at| &url[after_scheme + at..]);
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    [url, target, path].contains(&wanted)
}

impl Transport for Scripted {
    fn connect(&self, request: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure> {
        let server = self.server();
        let stream = ScriptedStream::new(&request, receiver, Rc::downgrade(server));
        server.requests.borrow_mut().push(stream.clone());
        server.pending.wake();
        Ok(Box::new(Active(stream)))
    }
}

/// The page's end of a request.
struct Active(ScriptedStream);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("requests", &self.server().requests.borrow()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_known_by_all_of_it_by_its_path_and_by_its_path_with_the_query() {
        let url = "https://example.org/api/chat?room=1";
        for wanted in [url, "/api/chat?room=1", "/api/chat"] {
            assert!(is_at(url, wanted), "{wanted}");
        }
        for wanted in ["/api/chat?room=2", "/api/chat/1", "/api", "chat", "https://example.org/api/chat", ""]
        {
            assert!(!is_at(url, wanted), "{wanted}");
        }
        assert!(is_at("http://example.org/", "/"));
    }
}
