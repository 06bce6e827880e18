//! The chat rooms.

mod posted;
mod room;
mod rooms;
mod validate;

use std::sync::Arc;

use axum::extract::{FromRef, Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use demo_contract::chat::{NewMessage, Posted, topic};
use sse_hub::axum::LastEventId;
use sse_hub::{Subscribe, Subscription};

use crate::json::JsonBody;
use crate::problem::Refusal;
use crate::visitor::Visitor;
pub(crate) use rooms::Rooms;
use validate::RoomName;

/// `GET` and `POST /api/chat/{room}`
pub(crate) fn routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<Rooms>: FromRef<S>,
{
    Router::new().route("/api/chat/{room}", get(stream).post(say))
}

async fn stream(
    State(rooms): State<Arc<Rooms>>,
    Path(room): Path<String>,
    LastEventId(last): LastEventId,
    Visitor(member): Visitor,
) -> Result<Subscription, Refusal> {
    let room = RoomName::new(&room)?;
    let subscribe = Subscribe::to([topic(room.as_str())]).after(last).member(member);
    Ok(rooms.enter(room, |hub, _| hub.subscribe(subscribe))??)
}

async fn say(
    State(rooms): State<Arc<Rooms>>,
    Path(room): Path<String>,
    JsonBody(message): JsonBody<NewMessage>,
) -> Result<(StatusCode, Json<Posted>), Refusal> {
    let room = RoomName::new(&room)?;
    let message = validate::message(message)?;
    let posted = rooms.enter(room, |_, room| room.say(message))??;
    Ok((StatusCode::CREATED, Json(posted)))
}
