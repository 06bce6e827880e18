//! JSON bodies of requests.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use crate::problem::Refusal;

/// The largest body that is taken, in bytes.
pub(crate) const MAX_BODY: usize = 16 * 1024;

/// How much more is read and thrown away. A server that closes a connection with bytes unread resets it, and the
/// client may then never see why it was refused.
const MAX_DISCARDED: usize = 1024 * 1024;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body. Refused with 415 if it is not JSON by its type, 413 if it is too large, 400 if it is not JSON by its
/// text, and 422 if it is not what was asked for.
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
    let body = tokio::time::timeout(BODY_TIMEOUT, collect(&parts.headers, body, limit))
        .await
        .map_err(|_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive"))??;
    let media_type = media_type(&parts.headers);
    if media_type != "application/json" && !media_type.ends_with("+json") {
        let detail = "the body must be sent as application/json";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    match Json::from_bytes(&body) {
        Ok(Json(value)) => Ok(value),
        Err(JsonRejection::JsonDataError(error)) => {
            Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.body_text()))
        }
        Err(error) => Err(Refusal::new(StatusCode::BAD_REQUEST, error.body_text())),
    }
}

async fn collect(headers: &HeaderMap, body: Body, limit: usize) -> Result<Vec<u8>, Refusal> {
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let too_large = || {
        let detail = format!("the body is larger than {limit} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    if announced.is_some_and(|length| length > MAX_DISCARDED) {
        return Err(too_large());
    }
    let mut kept = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::bad_request("the body broke off"))?;
        if kept.len() + chunk.len() > limit {
            discard(&mut chunks).await;
            return Err(too_large());
        }
        kept.extend_from_slice(&chunk);
    }
    Ok(kept)
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
