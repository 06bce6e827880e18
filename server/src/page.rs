//! The page: its files, compressed as they were built, with headers that let browsers keep what never changes.

mod policy;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tower_http::services::ServeDir;
use tower_http::services::fs::ServeFileSystemResponseBody;

use crate::files;
use crate::problem::{Refusal, method_not_allowed};
use crate::requests::Reason;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const ALWAYS_ASK: HeaderValue = HeaderValue::from_static("no-cache");
const KEEP_FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// How much of a file is read at a time: so much, twice over, is what one that nobody takes costs in memory.
const CHUNK: usize = 16 * 1024;

/// What is shown while there is no page.
const NOT_BUILT: &str = include_str!("page/not_built.html");

/// The folder of the built page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    index: PathBuf,
    files: ServeDir,
    /// How many of them may be open.
    places: Arc<Semaphore>,
}

impl Page {
    pub(crate) fn new(dist: &Path) -> Self {
        let index = dist.join("index.html");
        if !index.is_file() {
            tracing::warn!(missing = %index.display(), "the page is not built: run `cargo xtask serve`, or --dist DIR");
        }
        let files = ServeDir::new(dist)
            .append_index_html_on_directories(false)
            .precompressed_br()
            .precompressed_gzip()
            .with_buf_chunk_size(CHUNK);
        Self { index, files, places: Arc::new(Semaphore::new(files::OF_THE_PAGE)) }
    }

    /// `index.html`, read anew each time: it is small, and may be built again while the server runs.
    async fn index(&self) -> Response {
        let html = match tokio::fs::read_to_string(&self.index).await {
            Ok(html) => html,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                let headers = [(CONTENT_TYPE, HTML), (CACHE_CONTROL, ALWAYS_ASK)];
                let reason = Extension(Reason("the page is not built".into()));
                return (StatusCode::SERVICE_UNAVAILABLE, headers, reason, NOT_BUILT).into_response();
            }
            Err(error) => return unreadable(&error),
        };
        let policy = policy::for_page(&html);
        ([(CONTENT_TYPE, HTML), (CACHE_CONTROL, ALWAYS_ASK), (CONTENT_SECURITY_POLICY, policy)], html)
            .into_response()
    }

    /// A file with a tag of its content, or only the tag if that is what the client has.
    ///
    /// Its time tells no build from another: an older one may be put back, and some tools give all files the same. So
    /// the content is read for the tag, and each time: the files are small, and may be built again while the server
    /// runs. If that happens in between, the old tag goes with the new content, and the client asks once more in vain.
    async fn tagged(&mut self, mut request: Request) -> io::Result<Response> {
        let headers = request.headers_mut();
        for by_time in [IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE] {
            headers.remove(by_time);
        }
        let mut whole = Request::new(Body::empty());
        *whole.uri_mut() = request.uri().clone();
        *whole.headers_mut() = request.headers().clone();
        whole.headers_mut().remove(RANGE);
        let mut whole = self.files.try_call(whole).await?;
        if whole.status() != StatusCode::OK || whole.headers().get(CONTENT_TYPE).is_some_and(is_html) {
            return Ok(whole.map(Body::new));
        }
        let tag = tag(whole.body_mut()).await?;
        drop(whole);
        let mut response = match has(request.headers(), &tag) {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => {
                let headers = request.headers_mut();
                // A part of this is of no use to whoever has a part of another.
                if headers.get(IF_RANGE).is_some_and(|part| part != tag) {
                    headers.remove(RANGE);
                }
                self.files.try_call(request).await?.map(Body::new)
            }
        };
        response.headers_mut().remove(LAST_MODIFIED);
        response.headers_mut().insert(ETAG, tag);
        Ok(response)
    }

    /// A file, which is open, and has its place, until the last of it was taken.
    async fn file(mut self, request: Request) -> Response {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            let detail = "too many files are being read";
            return Refusal::unavailable(detail, Duration::from_secs(5)).into_response();
        };
        let cache = if is_hashed(request.uri().path()) { KEEP_FOR_EVER } else { ALWAYS_ASK };
        match self.tagged(request).await {
            // However its name was spelled, the page never goes out without its policy.
            Ok(response) if response.headers().get(CONTENT_TYPE).is_some_and(is_html) => self.index().await,
            Ok(response) if response.status() == StatusCode::NOT_FOUND => {
                Refusal::not_found("there is no such file").into_response()
            }
            Ok(mut response) => {
                response.headers_mut().insert(CACHE_CONTROL, cache);
                response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
                response.map(|body| {
                    Body::new(body.map_frame(move |frame| {
                        let _held = &place;
                        frame
                    }))
                })
            }
            // It is longer than the name of a file can be.
            Err(error) if error.kind() == ErrorKind::InvalidFilename => {
                Refusal::not_found("there is no such file").into_response()
            }
            Err(error) => unreadable(&error),
        }
    }
}

/// What the content of a file is known by.
async fn tag(content: &mut ServeFileSystemResponseBody) -> io::Result<HeaderValue> {
    let mut hash = Sha256::new();
    while let Some(frame) = content.frame().await {
        hash.update(frame?.into_data().unwrap_or_default());
    }
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(hash.finalize()));
    HeaderValue::try_from(tag).map_err(io::Error::other)
}

/// Whether the client has what the tag stands for. A proxy that compresses calls it weak.
fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    lists
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|known| known == "*" || *tag == *known.strip_prefix("W/").unwrap_or(known))
}

fn unreadable(error: &io::Error) -> Response {
    let reason = format_args!("a file could not be read: {error}");
    Refusal::internal("the file could not be read", reason).into_response()
}

/// Everything that is no other route: a file, or one of the page's own routes.
pub(crate) async fn serve(State(page): State<Page>, request: Request) -> Response {
    let path = request.uri().path();
    if path == "/api"
        || path.starts_with("/api/")
        || matches!(path, "/healthz" | "/metrics")
        || path.starts_with("/healthz/")
    {
        return Refusal::not_found("there is no such path; `server --help` lists them").into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ([(ALLOW, "GET, HEAD")], method_not_allowed().await).into_response();
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.contains('.') && name != "index.html" {
        true => page.file(request).await,
        false => page.index().await,
    }
}

fn is_html(content_type: &HeaderValue) -> bool {
    content_type.as_bytes().starts_with(b"text/html")
}

/// Whether the file's name holds a hash of its content, as trunk writes it for stylesheets:
/// `main-0123456789abcdef.css`.
///
/// The names of the program and its glue hold a hash too, but of what cargo made: wasm-bindgen and wasm-opt work on
/// it afterwards, and other versions or flags of theirs give other bytes under the same name.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((stem, "css")) = name.rsplit_once('.') else {
        return false;
    };
    let is_hash = |part: &str| {
        let digits = part.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
        // Trunk writes 64 bits in hexadecimal, without leading zeros.
        (12..=16).contains(&digits) && !part.as_bytes().get(digits).is_some_and(u8::is_ascii_alphanumeric)
    };
    stem.split('-').skip(1).any(is_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_read_of_a_file_before_it_is_taken_is_little() {
        let dist = tempfile::tempdir().expect("a folder");
        std::fs::write(dist.path().join("large.bin"), vec![b'x'; 256 * 1024]).expect("written");
        let request = Request::get("/large.bin").body(Body::empty()).expect("a request");
        let mut answer = Page::new(dist.path()).file(request).await;
        let first = answer.body_mut().frame().await.expect("a frame").expect("readable");
        assert!(first.into_data().expect("data").len() <= CHUNK);
    }

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for hashed in
            ["/main-0123456789abcdef.css", "/a-b-5cadc1045f8ce26.css", "/x/main-fedcba9876543210.css"]
        {
            assert!(is_hashed(hashed), "{hashed}");
        }
        for plain in [
            "/index.html",
            "/lightweight-charts.standalone.production.mjs",
            "/frontend-0123456789abcdef.js",
            "/frontend-0123456789abcdef_bg.wasm",
            "/0123456789abcdef.css",
            "/main-0123456789a.css",
            "/main-0123456789abcdef0.css",
            "/main-0123456789abcdeg.css",
            "/main-0123456789abcdef.png",
            "/main-0123456789abcdef/plain.js",
        ] {
            assert!(!is_hashed(plain), "{plain}");
        }
    }
}
