//! `POST /api/publish/{topic}`: feeds of others.
//!
//! One event in a request, or any number of them as lines of one body that is read as it comes. Nothing is queued: a line
//! is read when the one before it is published, so a feed that is too fast is held up by its own connection.
//!
//! An event with an id of the feed's own is published once, however often it is sent. The last 4,096 ids of each topic are
//! known, whether or not their events are still kept. A history in a file keeps each id beside its event, in one
//! commit, so a feed that had no answer may ask again after a crash; one in memory forgets them with the events. So does
//! a topic that makes place for another: there are at most 256, and the one that goes is the one that nobody reads or
//! publishes to, and that has been idle the longest, for an hour at least, or for a minute after a restart.

mod event;
mod lines;
mod topics;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};

use demo_contract::publish::{Published, route};

use crate::access::{Access, Caller};
use crate::app::Shared;
use crate::json;
use crate::problem::Refusal;
use event::{MAX_EVENT, NewEvent};
use topics::Taken;
pub(crate) use topics::{MAX_REMEMBERED, MAX_TOPICS, Notices, Publisher, is_reserved};

/// `POST /api/publish/{topic}`
pub(crate) fn routes() -> Router<Shared> {
    Router::new().route(&route("{topic}"), post(publish))
}

async fn publish(
    State(access): State<Access>,
    State(publisher): State<Arc<Publisher>>,
    caller: Caller,
    topic: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    access.check_publish(&caller)?;
    let Path(topic) = topic?;
    // Before the body: whoever streams into a wrong topic is told at once.
    let topic = publisher.topic(&topic)?;
    publisher.recall(&topic).await?;
    if lines::MEDIA_TYPES.contains(&json::media_type(request.headers()).as_str()) {
        // A feed may go on for days, and its token be taken away meanwhile.
        // Whatever is refused, some of the rest is read: who has no time to read the answer would send it all again.
        let encoding = json::check_encoding(request.headers());
        let may_publish = || encoding.clone().and_then(|()| access.check_publish(&caller));
        let published = lines::publish(&publisher, &topic, request.into_body(), may_publish).await?;
        return Ok(Json(published).into_response());
    }
    let event: NewEvent = json::read(request, MAX_EVENT).await.map_err(name_lines)?;
    publisher.take_turn(&topic).map_err(|wait| {
        Refusal::too_many("more events a second than --publish-rate allows for a topic", wait)
    })?;
    let Taken { id, duplicate } = publisher.publish(&topic, event)?;
    publisher.committed(&id).await?;
    let status = if duplicate { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(Published { id: id.into_string(), duplicate })).into_response())
}

/// Says how several events are sent, where somebody may have tried to.
fn name_lines(refusal: Refusal) -> Refusal {
    refusal.reworded(|detail| {
        match detail.contains("application/json") || detail.contains("trailing characters") {
            true => format!("{detail}; several events are sent as application/x-ndjson, each on a line"),
            false => detail,
        }
    })
}
