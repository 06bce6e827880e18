use std::cell::RefCell;

use js_sys::{ArrayBuffer, DataView, Promise, Uint8Array};
use sse_proto::client::{Failure, Response as Head, last_event_id_header};
use sse_proto::{DecodeError, Decoder, Frame, MEDIA_TYPE};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStream, ReadableStreamByobReader, ReadableStreamDefaultReader,
    ReadableStreamGetReaderOptions, ReadableStreamReadResult, ReadableStreamReaderMode, Request,
    RequestCache, RequestCredentials, RequestInit, Response,
};

use super::super::cancellation::Cancellation;
use super::turns::Turns;
use super::{Body, Fetch, Refusal, Token};
use crate::clock;
use crate::transport::Receiver;
use crate::url;

/// How much of a chunk is copied and decoded in one go. A browser may hand over a chunk of any size, and memory that
/// WebAssembly has once taken is never given back to the browser.
const STEP: u32 = 64 << 10;

/// How much is asked for at a time: about what a browser has waiting while a page is busy. With a quarter of it, a small
/// event takes the page 5 % longer.
const ROOM: u32 = 256 << 10;

#[wasm_bindgen]
extern "C" {
    /// That of the window or of the worker.
    #[wasm_bindgen(catch)]
    fn fetch(request: &Request) -> Result<Promise, JsValue>;

    /// A `ReadableStream`.
    type Readable;

    /// Never `None`. But where this throws, a reader that is no option would leave its place in the table of JavaScript's
    /// objects behind, and so does the constructor.
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn reader(
        this: &Readable,
        options: &ReadableStreamGetReaderOptions,
    ) -> Result<Option<ReadableStreamByobReader>, JsValue>;
}

/// One request and its response. Whatever it waits for, it is dropped when it is cancelled; so it looks for that
/// itself only after it has told something, as whoever was told may have cancelled it.
pub(super) struct Exchange {
    pub(super) fetch: Fetch,
    pub(super) url: String,
    pub(super) last_event_id: String,
    pub(super) with_credentials: bool,
    pub(super) receiver: Receiver,
    pub(super) cancellation: Cancellation,
    /// Aborts the last request.
    pub(super) abort: RefCell<AbortController>,
    /// The last request, to be kept for as long as its response is read: WebKit hears of an abort only through this
    /// object, and collects it as garbage when nobody holds it.
    pub(super) request: RefCell<Option<Request>>,
}

impl Exchange {
    pub(super) async fn run(&self) {
        let failure = match self.respond().await {
            Ok(response) => {
                self.tell_refusal(self.refusal(&response).await);
                if self.cancellation.is_cancelled() {
                    return;
                }
                self.receiver.responded(self.head(&response));
                self.read(&response).await
            }
            Err(failure) => Some(failure),
        };
        if let Some(failure) = failure {
            self.receiver.failed(failure);
        }
    }

    /// What the server says with a refusal, if somebody wants to know.
    async fn refusal(&self, response: &Response) -> Option<Refusal> {
        if self.fetch.refused.is_some() { Refusal::read(response).await } else { None }
    }

    /// In front of the failure, so that whoever hears of that knows why.
    fn tell_refusal(&self, refusal: Option<Refusal>) {
        if let (Some(refused), Some(refusal)) = (&self.fetch.refused, refusal) {
            refused(refusal);
        }
    }

    /// Asks, and once more with a fresh token if the first is refused.
    async fn respond(&self) -> Result<Response, Failure> {
        let Some(bearer) = &self.fetch.bearer else { return self.ask(None).await };
        let token = bearer(Token::Any).await.map_err(Failure::Token)?;
        let response = self.ask(Some(&token)).await?;
        if response.status() != 401 {
            return Ok(response);
        }
        if self.fetch.refused.is_none() {
            self.let_go()?;
        }
        match bearer(Token::Fresh).await {
            Ok(token) => {
                self.let_go()?;
                self.ask(Some(&token)).await
            }
            Err(error) => {
                self.tell_refusal(self.refusal(&response).await);
                Err(Failure::Token(error))
            }
        }
    }

    /// Ends the last request. Unread, its body would hold the connection for as long as it comes. To cancel the body is not
    /// enough: Firefox was seen to hold the connection all the same.
    fn let_go(&self) -> Result<(), Failure> {
        let abort = AbortController::new().map_err(|_| Failure::Unsupported)?;
        self.abort.replace(abort).abort();
        Ok(())
    }

    async fn ask(&self, token: Option<&str>) -> Result<Response, Failure> {
        let request = self.request(token)?;
        self.request.replace(Some(Clone::clone(&request)));
        // c12: the reason is in a message for people, which differs from browser to browser.
        if let Some(send) = &self.fetch.sender {
            return send(request).await.map_err(|_| Failure::Network);
        }
        let response = fetch(&request).map_err(|_| Failure::Unsupported)?;
        let response = JsFuture::from(response).await.map_err(|_| Failure::Network)?;
        Ok(response.unchecked_into())
    }

    /// c02. Made in front of `fetch`, which would tell a request that cannot be made like a dead network.
    fn request(&self, token: Option<&str>) -> Result<Request, Failure> {
        let init = RequestInit::new();
        init.set_method(self.fetch.method);
        let headers = self.headers(token)?;
        init.set_headers(&headers);
        init.set_cache(RequestCache::NoStore);
        init.set_credentials(if self.with_credentials {
            RequestCredentials::Include
        } else {
            RequestCredentials::SameOrigin
        });
        init.set_signal(Some(&self.abort.borrow().signal()));
        match &self.fetch.body {
            None => {}
            Some(Body::Text(text)) => init.set_body(&text.into()),
            Some(Body::Bytes(bytes)) => init.set_body(&Uint8Array::from(&bytes[..])),
        }
        Request::new_with_str_and_init(&self.url, &init).map_err(|_| Failure::Unsupported)
    }

    fn headers(&self, token: Option<&str>) -> Result<Headers, Failure> {
        let headers = Headers::new().map_err(|_| Failure::Unsupported)?;
        let set = |name: &str, value: &str| headers.set(name, value).map_err(|_| Failure::Unsupported);
        set("accept", MEDIA_TYPE)?;
        for (name, value) in &self.fetch.headers {
            set(name, value)?;
        }
        // c10
        if let Some(last_event_id) = last_event_id_header(&self.last_event_id) {
            set("last-event-id", &last_event_id)?;
        }
        if let Some(token) = token {
            set("authorization", &format!("Bearer {token}")).map_err(|_| {
                Failure::Token("what was given for one cannot be sent in a header".to_owned())
            })?;
        }
        Ok(headers)
    }

    fn head(&self, response: &Response) -> Head {
        let headers = response.headers();
        let header = |name| headers.get(name).ok().flatten();
        Head::new(response.status())
            .with_content_type(header("content-type"))
            .with_retry_after(header("retry-after"))
            .with_date(header("date"))
            .with_url(self.redirected(response))
    }

    /// c05: where the same request may be sent without being redirected. A POST may have been redirected to where
    /// only a GET is answered. A browser takes `Authorization` off at another origin, and we would bring it there.
    fn redirected(&self, response: &Response) -> Option<String> {
        if !response.redirected() || self.fetch.body.is_some() {
            return None;
        }
        let url = response.url();
        (!self.fetch.is_authorized() || url::is_same_origin(&url, &self.url)).then_some(url)
    }

    /// Reads the body to its end, and says what ended it; `None` if it was cancelled.
    async fn read(&self, response: &Response) -> Option<Failure> {
        if self.cancellation.is_cancelled() {
            return None;
        }
        let Some(body) = response.body() else { return Some(Failure::Ended) };
        let Ok(reader) = reader(&body) else { return Some(Failure::Unsupported) };
        let mut decoder = Decoder::new(self.fetch.limits).with_last_event_id(&self.last_event_id);
        let mut room = Uint8Array::new_with_length(ROOM);
        let mut buffer = Vec::new();
        // WebKit, whose reader is the default one, hands over each chunk in a task of its own. Asked in this way, as the
        // other one is of another class where the response is another window's.
        let mut turns = (!reader.is_instance_of::<ReadableStreamDefaultReader>()).then(Turns::new);
        loop {
            let read = reader.read_with_array_buffer_view(&room);
            let Ok(result) = JsFuture::from(read).await else { return Some(Failure::Cut) };
            let result: ReadableStreamReadResult = result.unchecked_into();
            if result.get_done().unwrap_or(true) {
                return Some(Failure::Ended);
            }
            let Some(chunk) = bytes(result.get_value()) else { return Some(Failure::Unsupported) };
            self.receiver.activity();
            let length = chunk.length();
            for start in (0..length).step_by(STEP as usize) {
                let part = chunk.subarray(start, length.min(start + STEP));
                let part = copy(&part, &mut buffer);
                match self.decode(&mut decoder, part) {
                    Ok(()) if self.cancellation.is_cancelled() => return None,
                    // For as long as the page was busy with it, the stream was not silent.
                    Ok(()) => self.receiver.activity(),
                    Err(error) => return Some(Failure::Limit(error)),
                }
                if let Some(turns) = &mut turns {
                    turns.yield_if_due(part.len()).await;
                }
            }
            room = Uint8Array::new(&chunk.buffer());
        }
    }

    /// Tells what is in these bytes, which came at one time. c09: whoever closed the stream hears no more of them.
    ///
    /// By itself: as a part of a future it would keep in memory what can live in registers.
    #[inline(never)]
    fn decode(&self, decoder: &mut Decoder, bytes: &[u8]) -> Result<(), DecodeError> {
        let now = clock::now();
        let mut frames = decoder.decode(bytes);
        while !self.cancellation.is_cancelled()
            && let Some(frame) = frames.next()?
        {
            match frame {
                Frame::Event(event) => self.receiver.event_at(now, event),
                Frame::LastEventId(id) => self.receiver.id(id),
                Frame::Retry(time) => self.receiver.retry(time),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The bytes of a chunk; `None` if it is something else, as a body that the page has made itself may come in anything. Those
/// that the `fetch` of another window has read are bytes as well, and no `Uint8Array` of this one.
pub(super) fn bytes(chunk: JsValue) -> Option<Uint8Array> {
    let other = match chunk.dyn_into() {
        Ok(bytes) => return Some(bytes),
        Err(other) => other,
    };
    ArrayBuffer::is_view(&other).then(|| {
        // Where its bytes are, every kind of view says in the same way.
        let view: DataView = other.unchecked_into();
        let (start, length) = (view.byte_offset() as u32, view.byte_length() as u32);
        Uint8Array::new_with_byte_offset_and_length(&view.buffer(), start, length)
    })
}

/// Reads the body into memory that is handed to and fro: a browser that makes new memory for every chunk spends more on
/// that than on the bytes. WebKit can only do the latter; its reader takes no notice of the memory that it is given.
fn reader(body: &ReadableStream) -> Result<ReadableStreamByobReader, JsValue> {
    let options = ReadableStreamGetReaderOptions::new();
    options.set_mode(ReadableStreamReaderMode::Byob);
    match body.unchecked_ref::<Readable>().reader(&options) {
        Ok(Some(reader)) => Ok(reader),
        _ => ReadableStreamDefaultReader::new(body).map(JsCast::unchecked_into),
    }
}

/// Copies `bytes` into the buffer, which grows to the size of the largest.
fn copy<'a>(bytes: &Uint8Array, buffer: &'a mut Vec<u8>) -> &'a [u8] {
    let length = bytes.length() as usize;
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    let copied = &mut buffer[..length];
    bytes.copy_to(copied);
    copied
}
