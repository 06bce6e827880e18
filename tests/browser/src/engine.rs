use wasm_bindgen::prelude::*;

/// What a test runs in, for the few tests in which engines differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium, Chrome.
    Chrome,
    /// Firefox.
    Firefox,
    /// WebKitGTK, Safari.
    Webkit,
}

#[wasm_bindgen]
extern "C" {
    /// That of the window or of the worker.
    #[wasm_bindgen(js_namespace = navigator, js_name = userAgent, thread_local_v2)]
    static USER_AGENT: String;
}

impl Engine {
    /// This one.
    #[must_use]
    pub fn current() -> Self {
        USER_AGENT.with(|it| {
            if it.contains("Firefox/") {
                Self::Firefox
            } else if it.contains("Chrome/") {
                Self::Chrome
            } else {
                Self::Webkit
            }
        })
    }

    /// Whether the browser itself sends a GET again, unseen, when the connection is reset before an answer (RFC 9110,
    /// section 9.2.2, allows it). Firefox does.
    #[must_use]
    pub fn repeats_a_reset_request(self) -> bool {
        self == Self::Firefox
    }

    /// Whether a `fetch` that was redirected holds its connection after it was aborted, until the server has said
    /// something more, and in a worker twice. It does in Firefox.
    #[must_use]
    pub fn keeps_a_redirected_request(self) -> bool {
        self == Self::Firefox
    }

    /// Whether a `fetch` that is aborted while bytes are pouring in may hold its connection until the server has said
    /// something more. In a worker of Firefox one in some hundred does.
    #[must_use]
    pub fn keeps_a_request_that_is_busy(self) -> bool {
        self == Self::Firefox
    }

    /// Whether a page learns of a response when its head has come. Firefox waits for the first byte of the body
    /// (conformance c13).
    #[must_use]
    pub fn shows_a_head_without_a_body(self) -> bool {
        self != Self::Firefox
    }

    /// Whether a page learns of a refusal for want of a token when its head has come. WebKitGTK keeps a 401 to itself
    /// until its body has ended.
    #[must_use]
    pub fn shows_a_401_before_its_end(self) -> bool {
        self != Self::Webkit
    }

    /// Whether a page that reads a body learns that its connection was closed in the middle. To WebKitGTK that is the
    /// end of the body.
    #[must_use]
    pub fn tells_a_cut_from_an_end(self) -> bool {
        self != Self::Webkit
    }

    /// Whether a page reads a body into memory of its own (Streams, "BYOB"). WebKitGTK makes new memory for each chunk, and
    /// hands it over in a task of its own.
    #[must_use]
    pub fn reads_into_memory_of_the_page(self) -> bool {
        self != Self::Webkit
    }

    /// How the bytes of `text` arrive in a header. `fetch` sends each character as one byte; WebKitGTK takes the
    /// characters for text, and sends that as UTF-8.
    #[must_use]
    pub fn header_of_bytes(self, text: &str) -> String {
        match self {
            Self::Webkit => text.bytes().map(char::from).collect(),
            Self::Chrome | Self::Firefox => text.to_owned(),
        }
    }
}
