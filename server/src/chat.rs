//! The chat rooms.

mod room;
mod rooms;
mod validate;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use demo_contract::chat::{NewMessage, Posted, route, topic};
use sse_hub::{Subscribe, Subscription};

use crate::access::{Access, Caller, Door};
use crate::app::Shared;
use crate::health::{cannot_keep, check_takes};
use crate::json::JsonBody;
use crate::problem::Refusal;
use crate::visitor::Visitor;
pub(crate) use rooms::Rooms;
use validate::RoomName;

/// `GET` and `POST /api/chat/{room}`
pub(crate) fn routes() -> Router<Shared> {
    Router::new().route(&route("{room}"), get(stream).post(say))
}

async fn stream(
    State(rooms): State<Arc<Rooms>>,
    room: Result<Path<String>, PathRejection>,
    door: Door,
    Visitor(member): Visitor,
) -> Result<Subscription, Refusal> {
    let room = RoomName::new(&room?)?;
    let subscribe = Subscribe::to([topic(room.as_str())]).member(member);
    // Before the room opens, for which another one may have to go.
    let admitted = door.admit(subscribe)?;
    rooms.enter(room, |_, _| admitted.open())?
}

async fn say(
    State(rooms): State<Arc<Rooms>>,
    State(access): State<Access>,
    caller: Caller,
    room: Result<Path<String>, PathRejection>,
    JsonBody(message): JsonBody<NewMessage>,
) -> Result<(StatusCode, Json<Posted>), Refusal> {
    let room = RoomName::new(&room?)?;
    access.check_read(&caller, &[topic(room.as_str())])?;
    let message = validate::message(message)?;
    // Before it is published: what an earlier life of the server took must not be said twice.
    rooms.recall(&room).await.map_err(|error| {
        let reason = format_args!("room {} was not recalled: {error}", room.as_str());
        cannot_keep("messages").because(reason)
    })?;
    let said = rooms.enter(room, |hub, room| {
        check_takes(hub, "messages")?;
        room.say(hub, message)
    })??;
    let id = said.kept().await?.into_string();
    Ok((StatusCode::CREATED, Json(Posted { id })))
}
