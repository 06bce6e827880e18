mod exchange;
mod refusal;
mod turns;

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use sse_proto::client::Failure;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::AbortController;

use super::cancellation::Cancellation;
use super::{ActiveRequest, Limits, Receiver, Request, Transport};
use exchange::Exchange;
pub use refusal::Refusal;

/// A request by `fetch`, whose body is read as it comes.
///
/// Against the browser's own `EventSource` it can send headers, a bearer token and a body; it sees the status, the
/// content type, comments and `retry`; and bytes come into WebAssembly once for each chunk and are decoded there,
/// where that makes several JavaScript objects for each event.
///
/// To another origin, every header that is set here, and the `Last-Event-ID` of a reconnect, makes the browser ask
/// the server first (a CORS preflight, conformance c11): the server must answer `OPTIONS` and allow the headers, or
/// each reconnect fails as [`Failure::Network`]. `Retry-After` and `Date` are seen there only if the server exposes
/// them (`Access-Control-Expose-Headers`).
///
/// It brings every event, whether or not its type is among the [event types](crate::Options::event_types) that are
/// listened for. The cursor always goes in the header, and never in the
/// [query](crate::Options::cursor_parameter). WebKitGTK does not send the bytes of one that is not ASCII, but the UTF-8
/// of the characters that stand for them. A URL with a user name or a password in it cannot be fetched, and
/// closes as [`Failure::Unsupported`].
///
/// It ends at once when it is dropped. Firefox holds the connection of a request that was redirected for longer, until
/// the server sends something more, and in a worker sometimes that of one that is dropped while much is coming in:
/// another reason for a server to send heartbeats.
///
/// # Example
///
/// An answer that is written while it is read:
///
/// ```
/// use std::sync::Arc;
///
/// use sse_web::Options;
/// use sse_web::transport::{Fetch, InvalidHeader};
///
/// fn ask(question: &str, token: String) -> Result<Options, InvalidHeader> {
///     let fetch = Fetch::post(question)
///         .with_header("content-type", "application/json")?
///         .with_bearer(move |_| std::future::ready(Ok(token.clone())));
///     let mut options = Options::default();
///     options.transport = Arc::new(fetch);
///     Ok(options)
/// }
/// # assert!(ask("{}", String::new()).is_ok());
/// ```
#[derive(Clone)]
pub struct Fetch {
    method: &'static str,
    body: Option<Body>,
    is_repeatable: bool,
    headers: Vec<(String, String)>,
    bearer: Option<Arc<Bearer>>,
    identity: Option<String>,
    refused: Option<Arc<dyn Fn(Refusal) + Send + Sync>>,
    sender: Option<Arc<Sender>>,
    limits: Limits,
}

/// What is sent with a POST or a QUERY.
///
/// ```
/// use sse_web::transport::Fetch;
///
/// let question = Fetch::post(r#"{"question":"Why?"}"#);
/// let packed = Fetch::post(vec![0x93, 1, 2, 3]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// Sent as UTF-8.
    Text(String),
    /// Sent as they are.
    Bytes(Vec<u8>),
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

type Bearer = dyn Fn(Token) -> Pin<Box<dyn Future<Output = Result<String, String>>>> + Send + Sync;

type Sender = dyn Fn(web_sys::Request) -> Pin<Box<dyn Future<Output = Result<web_sys::Response, JsValue>>>>
    + Send
    + Sync;

/// Which token is asked for; for [`Fetch::with_bearer`].
///
/// ```
/// use sse_web::transport::{Fetch, Token};
///
/// # async fn renew() -> Result<String, String> { Ok("new".to_owned()) }
/// let fetch = Fetch::new().with_bearer(|which| async move {
///     match which {
///         Token::Any => Ok("the one in memory".to_owned()),
///         Token::Fresh => renew().await,
///     }
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// One that is believed to be valid.
    Any,
    /// Another one: the server refused the last with 401.
    Fresh,
}

/// This cannot be a header: the name is empty or holds more than the characters of a token, or the value holds CR, LF,
/// NUL or a character past U+00FF.
///
/// ```
/// use sse_web::transport::Fetch;
///
/// assert!(Fetch::new().with_header("x-tenant", "blue").is_ok());
/// let error = Fetch::new().with_header("x-tenant", "blue\r\nx-admin: yes").unwrap_err();
/// assert_eq!(error.name, "x-tenant");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidHeader {
    /// The name that was given. The value may be a secret.
    pub name: String,
}

impl fmt::Display for InvalidHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no header name, or its value holds what a header cannot", self.name)
    }
}

impl std::error::Error for InvalidHeader {}

impl Fetch {
    /// A GET without further headers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            method: "GET",
            body: None,
            is_repeatable: true,
            headers: Vec::new(),
            bearer: None,
            identity: None,
            refused: None,
            sender: None,
            limits: Limits::default(),
        }
    }

    /// A POST. It is sent once: a stream that drops ends as
    /// [`Interrupted`](sse_proto::client::CloseReason::Interrupted), unless [`Self::repeatable`] allows more
    /// (conformance c18). So does one whose body ends without an event `sse.end`; its cause is [`Failure::Ended`] then,
    /// and [`Failure::Cut`] if it was cut off.
    #[must_use]
    pub fn post(body: impl Into<Body>) -> Self {
        Self { method: "POST", body: Some(body.into()), is_repeatable: false, ..Self::new() }
    }

    /// A QUERY (RFC 10008): a GET whose question goes in the body. It only asks, so it is sent again after a drop, with
    /// its cursor. The server must know the method, and be told the content type: that of bytes by
    /// [`Self::with_header`]. To another origin, the browser asks the server first whether it allows the method.
    ///
    /// ```
    /// use sse_web::transport::{Fetch, InvalidHeader};
    ///
    /// # fn main() -> Result<(), InvalidHeader> {
    /// let search = Fetch::query(r#"{"words":["rust"]}"#).with_header("content-type", "application/json")?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn query(body: impl Into<Body>) -> Self {
        // Of other methods than the six that everybody knows, `fetch` takes the name as it is spelled.
        Self { method: "QUERY", body: Some(body.into()), ..Self::new() }
    }

    /// Allows a POST to be sent again after a drop: the server takes the same one twice without harm.
    ///
    /// ```
    /// use sse_web::transport::Fetch;
    ///
    /// let search = Fetch::post(r#"{"query":"rust"}"#).repeatable();
    /// ```
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }

    /// Sets a header. Each character of the value, up to U+00FF, is sent as one byte (Fetch, "isomorphic encode").
    ///
    /// Browsers leave out some that only they may set, `Cookie` and `Host` among them. A cursor and a
    /// [bearer token](Self::with_bearer) come before a `Last-Event-ID` and an `Authorization` that are set here.
    ///
    /// # Errors
    /// [`InvalidHeader`] if this cannot be a header.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, InvalidHeader> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let is_name = !name.is_empty() && name.bytes().all(is_token);
        let is_value = value.chars().all(|char| !matches!(char, '\0' | '\r' | '\n' | '\u{100}'..));
        if !is_name || !is_value {
            return Err(InvalidHeader { name: name.to_owned() });
        }
        self.headers.push((name.to_owned(), value.to_owned()));
        Ok(self)
    }

    /// Sends `Authorization: Bearer …` with what `token` gives. It is asked before every request, and once more when
    /// the server answers 401; the request is then sent again, also a POST, since a server that refuses has done
    /// nothing. A second 401 closes the stream as refused, unless
    /// [`retry_statuses`](sse_proto::client::ClientOptions::retry_statuses) has it. An error is told as
    /// [`Failure::Token`], and tried again like an unreachable server, unless the request is one that is sent once: then
    /// it closes the stream, too. The connect timeout runs meanwhile; what `token` returned is dropped with the request,
    /// so it need not come to an end.
    ///
    /// So a renewal that must not be cut off in the middle, because it spends a refresh token that is good for once, runs in
    /// a task of its own, which keeps what came; `token` only waits for it. Several streams of a page then wait for one.
    ///
    /// So for a GET an error never means "never again", not even for [`Token::Fresh`]. Where there is no login any more,
    /// close the connection when the sink is told of a [`Failure::Token`].
    ///
    /// `token` is `Send` and `Sync`, what it returns need not be. It may hold signals and handles, atomics and locks;
    /// an object of JavaScript or an `Rc` (Yew's handles and callbacks, Dioxus' `Signal`) in a
    /// `send_wrapper::SendWrapper`, or in Leptos in a `StoredValue::new_local`.
    ///
    /// The token goes to the origin of the URL only: browsers take it off where a redirect leads to another one, and a
    /// redirect to there is followed anew by every reconnect and not remembered (conformance c05).
    #[must_use]
    pub fn with_bearer<F>(mut self, token: impl Fn(Token) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String, String>> + 'static,
    {
        self.bearer = Some(Arc::new(move |which| Box::pin(token(which))));
        self
    }

    /// Allows it to be [shared](crate::Sharing) although it is authorized, by a [token](Self::with_bearer), an
    /// `Authorization` header or [what sends it](Self::with_fetch): with those who name the same identity, which is whoever
    /// may read what comes.
    ///
    /// One of them shows its token for all: of those in a page who want the stream, the one who came first.
    ///
    /// Name another identity for another login. Whoever went on under the old one would be told what is not theirs.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use sse_web::transport::Fetch;
    /// use sse_web::{Options, Sharing};
    ///
    /// # async fn token() -> Result<String, String> { Ok(String::new()) }
    /// /// All tabs of a user have one connection.
    /// fn options(user: &str) -> Options {
    ///     let fetch = Fetch::new().with_bearer(|_| token()).share_as(user);
    ///     let mut options = Options::default();
    ///     options.transport = Arc::new(fetch);
    ///     options.sharing = Sharing::browser();
    ///     options
    /// }
    /// ```
    #[must_use]
    pub fn share_as(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Calls `refused` with what the server says when it answers with a status other than 200: which field is wrong,
    /// which quota is used up. It is called before the failure is told, and for every such answer, also for one that
    /// is tried again; for a 401 only if no [fresh token](Self::with_bearer) is to be had, or the server refuses that too.
    ///
    /// Without it the body of a refusal is not read. With it, the failure is told when the body has come, or its first
    /// 64 KiB; where it does not come within the connect timeout, that is the failure.
    ///
    /// What `refused` may hold, [`Self::with_bearer`] says.
    ///
    /// ```
    /// use sse_web::transport::{Fetch, Refusal};
    ///
    /// let fetch = Fetch::post("{}").with_refusal(|refusal: Refusal| {
    ///     web_sys::console::warn_1(&refusal.body.into());
    /// });
    /// ```
    #[must_use]
    pub fn with_refusal(mut self, refused: impl Fn(Refusal) + Send + Sync + 'static) -> Self {
        self.refused = Some(Arc::new(refused));
        self
    }

    /// Sends each request by `send` in place of the browser's own `fetch`: what a native shell brings along, one that signs
    /// what it sends or reads a header of the response, or a test that is the server.
    ///
    /// It is given the whole request, with token, cursor, body and the signal that aborts it, and returns the response
    /// without having read its body. It may send another one that is made of it, by another method for instance. An
    /// error is [`Failure::Network`], as where the browser says no more (conformance c12); but for that, what it
    /// returns is judged like any other response. A body of its own must come in bytes, as of an `Uint8Array`: anything
    /// else closes the stream as [`Failure::Unsupported`]. What it may hold, [`Self::with_bearer`] says.
    ///
    /// ```
    /// use sse_web::transport::Fetch;
    /// use wasm_bindgen::JsCast;
    /// use wasm_bindgen_futures::JsFuture;
    ///
    /// let fetch = Fetch::new().with_fetch(|request| async move {
    ///     let window = web_sys::window().ok_or("a worker has a `fetch` of its own")?;
    ///     let response = JsFuture::from(window.fetch_with_request(&request)).await?;
    ///     let response: web_sys::Response = response.dyn_into()?;
    ///     if let Ok(Some(region)) = response.headers().get("x-region") {
    ///         web_sys::console::log_2(&"served by".into(), &region.into());
    ///     }
    ///     Ok(response)
    /// });
    /// ```
    #[must_use]
    pub fn with_fetch<F>(mut self, send: impl Fn(web_sys::Request) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<web_sys::Response, JsValue>> + 'static,
    {
        self.sender = Some(Arc::new(move |request| Box::pin(send(request))));
        self
    }

    /// Sets the limits of the decoder.
    ///
    /// ```
    /// use sse_web::transport::{Fetch, Limits};
    ///
    /// let fetch = Fetch::new().with_limits(Limits::default().with_line(1 << 20));
    /// ```
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl Default for Fetch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Fetch {
    /// Headers and body may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Fetch")
            .field("method", &self.method)
            .field("is_repeatable", &self.is_repeatable)
            .field("headers", &names)
            .field("bearer", &self.bearer.is_some())
            .finish_non_exhaustive()
    }
}

impl Fetch {
    /// Whether a request carries what is meant for one origin only, or may by what sends it.
    fn is_authorized(&self) -> bool {
        let has_header = self.headers.iter().any(|(name, _)| is_authorization(name));
        has_header || self.bearer.is_some() || self.sender.is_some()
    }
}

fn is_authorization(header: &str) -> bool {
    header.eq_ignore_ascii_case("authorization")
}

impl Transport for Fetch {
    fn connect(&self, request: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure> {
        let exchange = Rc::new(Exchange {
            fetch: self.clone(),
            url: request.url.to_owned(),
            last_event_id: request.last_event_id.to_owned(),
            with_credentials: request.with_credentials,
            receiver,
            cancellation: Cancellation::default(),
            abort: RefCell::new(AbortController::new().map_err(|_| Failure::Unsupported)?),
            request: RefCell::default(),
        });
        spawn_local({
            let exchange = exchange.clone();
            async move { exchange.cancellation.run_until_cancelled(exchange.run()).await }
        });
        Ok(Box::new(Stream(exchange)))
    }

    fn is_repeatable(&self) -> bool {
        self.is_repeatable
    }

    /// Only a GET is shared; one that is authorized only if it says for whom, because what it brings is for those who
    /// have the token, and not one whose owner hears of refusals, because only the owner of the shared one would.
    fn share_key(&self) -> Option<String> {
        let is_for_someone = !self.is_authorized() || self.identity.is_some();
        let is_shared = self.body.is_none() && self.refused.is_none() && is_for_someone;
        // An identity stands for its tokens, of which there is another in each tab.
        let headers: Vec<_> = self.headers.iter().filter(|(name, _)| !is_authorization(name)).collect();
        is_shared.then(|| format!("fetch {headers:?} {:?} {:?}", self.limits, self.identity))
    }
}

/// Ends its exchange when it is dropped.
struct Stream(Rc<Exchange>);

impl Drop for Stream {
    fn drop(&mut self) {
        // First, so that the task does not live to see the abort as a failure.
        self.0.cancellation.cancel();
        self.0.abort.borrow().abort();
    }
}
