//! The page: its files, compressed as they were built, with headers that let browsers keep what never changes.

mod policy;

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, LOCATION, RANGE, RETRY_AFTER, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{AppendHeaders, IntoResponse, Response};
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

const INDEX: &str = "/index.html";

/// How many files with HTML are read at a time. None waits for a client, so that these few, of the files that are left for
/// whatever else is open, serve everybody.
const AT_ONCE: usize = 16;

/// How much of a file is read at a time: so much, twice over, is what one that nobody takes costs in memory.
const CHUNK: usize = 16 * 1024;

/// What is shown while there is no page.
const NOT_BUILT: &str = include_str!("page/not_built.html");

/// The folder of the built page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    files: ServeDir,
    /// How many of them may be open.
    places: Arc<Semaphore>,
    /// How many of those with HTML, which are read at once.
    pages: Arc<Semaphore>,
}

impl Page {
    pub(crate) fn new(dist: &Path) -> Self {
        let index = dist.join("index.html");
        if !index.is_file() {
            tracing::warn!(missing = %index.display(), "the page is not built: run `cargo xtask serve`, or --dist DIR");
        }
        let files = ServeDir::new(dist).precompressed_br().precompressed_gzip().with_buf_chunk_size(CHUNK);
        let semaphore = |places| Arc::new(Semaphore::new(places));
        Self { files, places: semaphore(files::OF_THE_PAGE), pages: semaphore(AT_ONCE) }
    }

    /// Asks for what is at the path, whole.
    async fn ask(
        &mut self,
        method: Method,
        path: &Uri,
        headers: HeaderMap,
    ) -> io::Result<Response<ServeFileSystemResponseBody>> {
        let mut request = Request::new(Body::empty());
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, path.clone(), headers);
        for of_a_part_or_by_time in [RANGE, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE] {
            request.headers_mut().remove(of_a_part_or_by_time);
        }
        self.files.try_call(request).await
    }

    /// The head of what is at the path. Nothing is opened for it.
    async fn look(&mut self, path: &Uri, headers: &HeaderMap) -> io::Result<Response> {
        match self.ask(Method::HEAD, path, headers.clone()).await {
            // It is longer than the name of a file can be, or holds what none can.
            Err(error) if matches!(error.kind(), ErrorKind::InvalidFilename | ErrorKind::InvalidInput) => {
                Ok(StatusCode::NOT_FOUND.into_response())
            }
            found => Ok(found?.map(Body::new)),
        }
    }

    /// HTML, read whole and each time: it is small, and may be built again while the server runs. It never goes out
    /// without a policy, which its text tells, however it is compressed.
    async fn html(&mut self, path: &Uri, headers: &HeaderMap) -> io::Result<Response> {
        let _place = self.pages.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (mut head, body) = self.ask(Method::GET, path, headers.clone()).await?.into_parts();
        if head.status != StatusCode::OK {
            return Ok(head.status.into_response());
        }
        let body = body.collect().await?.to_bytes();
        let text = match head.headers.contains_key(CONTENT_ENCODING) {
            true => {
                self.ask(Method::GET, path, HeaderMap::new()).await?.into_body().collect().await?.to_bytes()
            }
            false => body.clone(),
        };
        if std::str::from_utf8(&text).is_ok() {
            head.headers.insert(CONTENT_TYPE, HTML);
        }
        let policy = policy::for_page(&String::from_utf8_lossy(&text));
        let tag = tag(Sha256::digest(&body).as_slice())?;
        if has(headers, &tag) {
            // With the policy, which another version of the server may have made another.
            let headers = [(ETAG, tag), (CONTENT_SECURITY_POLICY, policy)];
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        head.headers.insert(CONTENT_SECURITY_POLICY, policy);
        // Of when it was opened: it may be another by now.
        head.headers.remove(CONTENT_LENGTH);
        head.headers.remove(LAST_MODIFIED);
        head.headers.insert(ETAG, tag);
        // Of HTML no part is sent.
        head.headers.remove(ACCEPT_RANGES);
        Ok(Response::from_parts(head, body.into()))
    }

    /// A file with a tag of its content, or only the tag if that is what the client has.
    ///
    /// Its time tells no build from another: an older one may be put back, and some tools give all files the same. So
    /// the content is read for the tag, and each time: the files are small, and may be built again while the server
    /// runs. If that happens in between, the old tag goes with the new content, and the client asks once more in vain.
    async fn tagged(&mut self, mut request: Request) -> io::Result<Response> {
        let mut whole = self.ask(Method::GET, request.uri(), request.headers().clone()).await?;
        if whole.status() != StatusCode::OK {
            return Ok(whole.map(Body::new));
        }
        let tag = tag_of(whole.body_mut()).await?;
        drop(whole);
        let headers = request.headers_mut();
        for by_time in [IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE] {
            headers.remove(by_time);
        }
        let mut response = match has(headers, &tag) {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => {
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

    /// A file, which is open, and has its place, until the last of it was taken; or for one of the page's own routes,
    /// where there is none, its `index.html`.
    async fn file(mut self, mut request: Request) -> io::Result<Response> {
        let mut found = self.look(request.uri(), request.headers()).await?;
        if found.status() == StatusCode::NOT_FOUND && is_route(request.uri().path()) {
            *request.uri_mut() = Uri::from_static(INDEX);
            found = self.look(request.uri(), request.headers()).await?;
            if found.status() == StatusCode::NOT_FOUND {
                return Ok(not_built());
            }
        }
        // HTML is read at once, and holds none of these.
        let place = match found.status() == StatusCode::OK && !is_html(&found) {
            false => None,
            true => match self.places.clone().try_acquire_owned() {
                Ok(place) => Some(place),
                Err(_) => {
                    let detail = "too many files are being read";
                    return Ok(Refusal::unavailable(detail, Duration::from_secs(5)).into_response());
                }
            },
        };
        let is_there = found.status() == StatusCode::OK;
        let path = request.uri().clone();
        let cache = if is_hashed(request.uri().path()) { KEEP_FOR_EVER } else { ALWAYS_ASK };
        let mut response = match found.status() {
            StatusCode::OK if is_html(&found) => self.html(request.uri(), request.headers()).await?,
            StatusCode::OK => self.tagged(request).await?,
            // A folder without a slash at its end, whose page would take its links for those of the folder above.
            _ => with_location(found, &path),
        };
        match response.status() {
            // Whoever runs the server has to be told, unless the page is just being built again.
            StatusCode::NOT_FOUND
                if is_there && self.look(&path, &HeaderMap::new()).await?.status() == StatusCode::OK =>
            {
                return Err(ErrorKind::PermissionDenied.into());
            }
            StatusCode::NOT_FOUND => return Ok(Refusal::not_found("there is no such file").into_response()),
            status @ StatusCode::RANGE_NOT_SATISFIABLE => {
                let has = response.headers().get(CONTENT_RANGE).cloned().map(|has| (CONTENT_RANGE, has));
                let refusal = Refusal::new(status, "the file does not have that part");
                return Ok((AppendHeaders(has), refusal).into_response());
            }
            _ => {}
        }
        response.headers_mut().insert(CACHE_CONTROL, cache);
        response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
        Ok(response.map(|body| {
            Body::new(body.map_frame(move |frame| {
                let _held = &place;
                frame
            }))
        }))
    }
}

/// Where a redirect leads, by the path alone: a proxy knows better how the client came here, and two slashes would lead
/// to another host.
fn with_location(mut response: Response, uri: &Uri) -> Response {
    if response.headers().contains_key(LOCATION) {
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let location = format!("/{}/{query}", uri.path().trim_matches('/'));
        match HeaderValue::try_from(location) {
            Ok(location) => drop(response.headers_mut().insert(LOCATION, location)),
            Err(_) => return Refusal::not_found("there is no such file").into_response(),
        }
    }
    response
}

/// What is answered while there is no page.
fn not_built() -> Response {
    let soon = HeaderValue::from_static("5");
    let headers = [(CONTENT_TYPE, HTML), (CACHE_CONTROL, ALWAYS_ASK), (RETRY_AFTER, soon)];
    let reason = Extension(Reason("the page is not built".into()));
    (StatusCode::SERVICE_UNAVAILABLE, headers, reason, NOT_BUILT).into_response()
}

/// What the content of a file is known by.
async fn tag_of(content: &mut ServeFileSystemResponseBody) -> io::Result<HeaderValue> {
    let mut hash = Sha256::new();
    while let Some(frame) = content.frame().await {
        hash.update(frame?.into_data().unwrap_or_default());
    }
    tag(hash.finalize().as_slice())
}

fn tag(hash: &[u8]) -> io::Result<HeaderValue> {
    HeaderValue::try_from(format!("\"{}\"", URL_SAFE_NO_PAD.encode(hash))).map_err(io::Error::other)
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
    page.file(request).await.unwrap_or_else(|error| unreadable(&error))
}

/// Whether a path may be one of the page's own routes, and not a file that is not there.
fn is_route(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    !name.contains('.') || name == "index.html"
}

fn is_html(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|content_type| content_type.as_bytes().starts_with(b"text/html"))
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
        let mut answer = Page::new(dist.path()).file(request).await.expect("readable");
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
