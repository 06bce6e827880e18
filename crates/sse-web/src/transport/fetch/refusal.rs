use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, ReadableStreamReadResult, Response};

/// How much of a refusal is read. Whoever explains an error needs less; who sends more does not explain.
const LIMIT: usize = 64 << 10;

/// What a server says when it refuses; for [`Fetch::with_refusal`](super::Fetch::with_refusal).
///
/// ```
/// use sse_web::transport::Refusal;
///
/// /// What a person can be told.
/// fn explanation(refusal: Refusal) -> String {
///     match &*refusal.content_type {
///         "text/plain" => refusal.body,
///         _ => format!("The server answered with status {}.", refusal.status),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The HTTP status: any but 200.
    pub status: u16,
    /// The `Content-Type` header; empty if there is none.
    pub content_type: String,
    /// The body as UTF-8, as far as it came and up to 64 KiB. What is no UTF-8 is U+FFFD.
    pub body: String,
}

impl Refusal {
    /// Reads it; `None` if the response is no refusal.
    pub(super) async fn read(response: &Response) -> Option<Self> {
        let status = response.status();
        if status == 200 {
            return None;
        }
        let content_type = response.headers().get("content-type").ok().flatten().unwrap_or_default();
        let body = String::from_utf8_lossy(&read(response).await).into_owned();
        Some(Self { status, content_type, body })
    }
}

/// The start of the body. One that breaks off, or goes on in something else than bytes, has said what it has.
async fn read(response: &Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    let Some(body) = response.body() else { return bytes };
    let Ok(reader) = ReadableStreamDefaultReader::new(&body) else { return bytes };
    while bytes.len() < LIMIT
        && let Ok(result) = JsFuture::from(reader.read()).await
    {
        let result: ReadableStreamReadResult = result.unchecked_into();
        if result.get_done().unwrap_or(true) {
            break;
        }
        let Some(chunk) = super::exchange::bytes(result.get_value()) else { break };
        let room = u32::try_from(LIMIT - bytes.len()).unwrap_or(u32::MAX);
        bytes.extend(chunk.subarray(0, chunk.length().min(room)).to_vec());
    }
    bytes
}
