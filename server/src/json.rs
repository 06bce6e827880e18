//! JSON bodies of requests.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::problem::Refusal;

/// The largest body that is taken, in bytes.
pub(crate) const MAX_BODY: usize = 16 * 1024;

/// How much more is read and thrown away. A server that closes a connection with bytes unread resets it, and the
/// client may then never see why it was refused.
const MAX_DISCARDED: usize = 1024 * 1024;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of all bodies together that are being read. One connection of HTTP/2 brings a hundred of them at
/// once, and what came of a body is kept until the rest comes, or does not.
const MAX_READING: usize = 16 * 1024 * 1024;

/// A permit for each byte of [`MAX_READING`]. Memory is the process's, so this is too.
static ROOM: Semaphore = Semaphore::const_new(MAX_READING);

/// A JSON body. Refused with 415 if it is not JSON by its type or is compressed, 413 if it is too large, 400 if it is
/// not JSON by its text, and 422 if it is not what was asked for.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        read(request, MAX_BODY).await.map(Self)
    }
}

/// Reads a JSON body of at most `limit` bytes.
pub(crate) async fn read<T: DeserializeOwned>(request: Request, limit: usize) -> Result<T, Refusal> {
    let (parts, body) = request.into_parts();
    let Collected { body, _room } =
        tokio::time::timeout(BODY_TIMEOUT, collect(&parts.headers, body, limit, &ROOM))
            .await
            .map_err(|_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive"))??;
    let media_type = media_type(&parts.headers);
    if media_type != "application/json" && !media_type.ends_with("+json") {
        let detail = "the body must be sent as application/json";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    check_encoding(&parts.headers)?;
    object(&body)
}

/// Reads a JSON object.
pub(crate) fn object<T: DeserializeOwned>(text: &[u8]) -> Result<T, Refusal> {
    parse(text).map_err(|(status, what)| match status {
        StatusCode::BAD_REQUEST => Refusal::bad_request(format!("is not JSON: {what}")),
        _ => Refusal::new(status, what),
    })
}

/// The same for what stands under a name in JSON that was read. Of a number where a word should be, serde says that it
/// is not JSON.
pub(crate) fn object_at<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Refusal> {
    parse(text.as_bytes()).map_err(|(_, what)| Refusal::invalid(format!("{name}: {what}")))
}

/// Refuses a list, of which serde would make a struct too: its values in the order of the fields.
fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, (StatusCode, String)> {
    let is_object = text.trim_ascii_start().starts_with(b"{");
    let error = match Json::from_bytes(text) {
        Ok(Json(value)) if is_object => return Ok(value),
        Ok(_) => None,
        Err(JsonRejection::JsonDataError(error)) => is_object.then(|| error.body_text()),
        Err(error) => return Err((StatusCode::BAD_REQUEST, what(&error.body_text()).to_owned())),
    };
    let wrong = error.as_deref().map_or("must be a JSON object", what);
    Err((StatusCode::UNPROCESSABLE_ENTITY, wrong.to_owned()))
}

/// What is wrong, without the words of axum before it that say which kind of error it is.
fn what(text: &str) -> &str {
    text.split_once(": ").map_or(text, |(_, what)| what)
}

/// Refuses a body that is compressed: nobody would unpack it.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_plain = |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    match headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        true => Ok(()),
        false => {
            let detail = "the body must be sent as it is, without Content-Encoding";
            Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
        }
    }
}

/// A body that has come, and its part of the room for all of them.
struct Collected<'a> {
    body: Vec<u8>,
    _room: SemaphorePermit<'a>,
}

async fn collect<'a>(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    room: &'a Semaphore,
) -> Result<Collected<'a>, Refusal> {
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let too_large = || {
        let detail = format!("the body is larger than {limit} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    if announced.is_some_and(|length| length > MAX_DISCARDED) {
        return Err(too_large());
    }
    let full =
        || Refusal::unavailable("too many requests are being read at the moment", Duration::from_secs(5));
    let mut kept = Vec::new();
    let mut taken = room.try_acquire_many(0).map_err(|_| full())?;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::bad_request("the body broke off"))?;
        let refusal = if kept.len() + chunk.len() > limit {
            too_large()
        } else if let Ok(more) = room.try_acquire_many(u32::try_from(chunk.len()).unwrap_or(u32::MAX)) {
            taken.merge(more);
            kept.extend_from_slice(&chunk);
            continue;
        } else {
            full()
        };
        // The rest of it may take its time.
        drop((chunk, kept, taken));
        discard(&mut chunks).await;
        return Err(refusal);
    }
    Ok(Collected { body: kept, _room: taken })
}

/// Reads on in a body of which nothing more is wanted, as far as [`MAX_DISCARDED`].
pub(crate) async fn discard(chunks: &mut BodyDataStream) {
    let mut seen = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        seen += chunk.len();
        if seen > MAX_DISCARDED {
            break;
        }
    }
}

/// The type that a body is said to have, without parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{FutureExt, stream};

    use super::*;

    #[tokio::test]
    async fn all_bodies_together_take_only_so_much_memory() {
        let room = Semaphore::new(100);
        let headers = HeaderMap::new();
        let collect = |body: Body| collect(&headers, body, 80, &room);
        let chunks = || stream::iter([(), ()]).map(|()| Ok::<_, Infallible>(vec![b' '; 30]));
        let mut slow = Box::pin(collect(Body::from_stream(chunks().chain(stream::pending()))));
        assert!(slow.as_mut().now_or_never().is_none(), "the rest of it has not come");
        assert_eq!(room.available_permits(), 40);
        let mut refused = Box::pin(collect(Body::from_stream(chunks().chain(stream::pending()))));
        assert!(refused.as_mut().now_or_never().is_none(), "the rest of it is awaited and thrown away");
        assert_eq!(room.available_permits(), 40, "it keeps nothing");

        let refused = collect(Body::from_stream(chunks())).await.err().expect("no room");
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        let small = collect(Body::from(vec![b' '; 40])).await.expect("room");
        assert_eq!((small.body.len(), room.available_permits()), (40, 0));
        drop((slow, small));
        let all = collect(Body::from_stream(chunks())).await.expect("room");
        assert_eq!((all.body.len(), room.available_permits()), (60, 40));
    }
}
