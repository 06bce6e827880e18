//! The assistant: every answer is a topic.
//!
//! So a page that lost the stream, a second tab or a second device goes on from its own cursor in the middle of a
//! sentence, like on any other stream, and the model is asked once. Whoever knows an answer's id may read and stop it.

mod answers;
mod asked;
mod generator;
mod model;
mod pump;
mod question;
mod upstream;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use demo_contract::assistant::{Question, ROUTE, route, topic};
use sse_hub::axum::LastEventId;
use sse_hub::{Hub, Subscribe, Subscription};

use crate::access::{Access, Caller, Door};
use crate::app::Shared;
use crate::json;
use crate::problem::Refusal;
use crate::secret::unguessable;
use answers::Answered;
pub(crate) use answers::Answers;

/// The largest question, in bytes.
const MAX_BODY: usize = 128 * 1024;

/// `POST /api/assistant`, `GET` and `DELETE /api/assistant/{answer}`
pub(crate) fn routes() -> Router<Shared> {
    Router::new().route(ROUTE, post(ask)).route(&route("{answer}"), get(resume).delete(stop))
}

async fn ask(
    State(hub): State<Hub>,
    State(access): State<Access>,
    State(answers): State<Arc<Answers>>,
    caller: Caller,
    LastEventId(last): LastEventId,
    request: Request,
) -> Result<Subscription, Refusal> {
    let question: Question = json::read(request, MAX_BODY).await?;
    question::check(&question)?;
    let id = unguessable().ok_or_else(|| {
        Refusal::internal("the answer could not be named", "the system has no random numbers")
    })?;
    // Before the model is asked: it may cost money.
    let admission = access.admit(&caller, &[topic(&id)])?;
    let guard = admission.guard();
    admission.redeem()?;
    let subscribe = match answers.ask(&id, question).await? {
        // Where somebody left off in something else, such as an answer that was forgotten: this one is read whole.
        Answered::Anew => Subscribe::to([topic(&id)]),
        Answered::Before(id) => Subscribe::to([topic(&id)]).after(last),
    };
    Ok(hub.subscribe(subscribe.guard(guard))?)
}

async fn resume(
    State(answers): State<Arc<Answers>>,
    answer: Result<Path<String>, PathRejection>,
    door: Door,
) -> Result<Subscription, Refusal> {
    let Path(answer) = answer?;
    // Who may not read it does not learn whether it is there.
    let admitted = door.admit(Subscribe::to([topic(&answer)]))?;
    answers.find(&answer)?;
    admitted.open()
}

/// Who may read an answer may stop it.
async fn stop(
    State(access): State<Access>,
    State(answers): State<Arc<Answers>>,
    caller: Caller,
    answer: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let Path(answer) = answer?;
    access.check_read(&caller, &[topic(&answer)])?;
    answers.find(&answer)?.notify_one();
    Ok(StatusCode::NO_CONTENT)
}
