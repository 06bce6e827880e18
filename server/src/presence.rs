//! Who is there.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use demo_contract::chat::{Presence, is_room, room};
use sse_hub::Hub;

use crate::access::{Access, Caller};
use crate::problem::Refusal;

/// `GET /api/presence/{topic}`
pub(crate) async fn show(
    State(hub): State<Hub>,
    State(access): State<Access>,
    caller: Caller,
    topic: Result<Path<String>, PathRejection>,
) -> Result<Json<Presence>, Refusal> {
    let Path(topic) = topic?;
    access.check_read(&caller, std::slice::from_ref(&topic))?;
    match hub.presence(&topic) {
        Some(presence) => Ok(Json(to_contract(presence))),
        // It opens for whoever enters.
        None if room(&topic).is_some_and(is_room) => Ok(Json(Presence::default())),
        None => Err(Refusal::not_found(format!("there is no topic {topic:?}"))),
    }
}

/// The hub's presence in the words of the contract.
pub(crate) fn to_contract(presence: sse_hub::Presence) -> Presence {
    Presence { count: presence.count, names: presence.names }
}
