//! Who opens a stream.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use demo_contract::chat::{MAX_AUTHOR_CHARS, is_deceptive, is_joiner};
use serde::Deserialize;
use sse_hub::Member;

use crate::problem::Refusal;

/// The member that `?member=…&name=…` names, or nobody in particular.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visitor(pub(crate) Option<Member>);

#[derive(Deserialize)]
struct Parameters {
    member: Option<String>,
    name: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let Query(Parameters { member, name }) =
            Query::try_from_uri(&parts.uri).map_err(|error| Refusal::bad_request(error.body_text()))?;
        let Some(id) = member.filter(|id| !id.is_empty()) else {
            return Ok(Self(None));
        };
        check_client_id(&id).map_err(|error| Refusal::bad_request(format!("member: {error}")))?;
        let name = name.filter(|name| !name.trim().is_empty());
        if let Some(name) = &name {
            check_name(name).map_err(|error| Refusal::bad_request(format!("name: {error}")))?;
        }
        let name = name.map(|name| name.trim().to_owned());
        Ok(Self(Some(Member { id, name })))
    }
}

/// What is wrong with an id that a client has made up, if anything is.
pub(crate) fn check_client_id(id: &str) -> Result<(), String> {
    // No space: it stands before one in what is kept of it.
    match (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(()),
        false => Err("must be 1 to 64 visible ASCII characters".into()),
    }
}

/// Whether the text can stand as somebody's name.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    if name.chars().all(|c| c.is_whitespace() || is_joiner(c)) {
        return Err("must not be empty".into());
    }
    if name.chars().count() > MAX_AUTHOR_CHARS {
        return Err(format!("must not have more than {MAX_AUTHOR_CHARS} characters"));
    }
    if name.chars().any(char::is_control) {
        return Err("must not contain line breaks or other control characters".into());
    }
    if name.chars().any(is_deceptive) {
        return Err("must not contain spaces without width or marks of direction".into());
    }
    Ok(())
}
