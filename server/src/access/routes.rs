use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use demo_contract::access::{NewTicket, SESSION_ROUTE, TICKET_ROUTE, Ticket};
use demo_contract::publish;
use sse_hub::serve::network;
use sse_hub::{Hub, Limits, TopicName};

use super::ticket::Pass;
use super::{Access, Caller, Rights, caller, session, ticket};
use crate::app::Shared;
use crate::client::Client;
use crate::json::JsonBody;
use crate::market;
use crate::problem::Refusal;
use crate::secret::{Fingerprint, unguessable};

/// `POST /api/ticket`, `POST` and `DELETE /api/session`
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route(TICKET_ROUTE, post(issue_ticket))
        .route(SESSION_ROUTE, post(open_session).delete(close_session))
}

async fn issue_ticket(
    State(access): State<Access>,
    caller: Caller,
    JsonBody(wanted): JsonBody<NewTicket>,
) -> Result<impl IntoResponse, Refusal> {
    let most = Limits::default().topics_per_subscription;
    if !(1..=most).contains(&wanted.topics.len()) {
        return Err(Refusal::invalid(format!("topics: name 1 to {most} topics")));
    }
    let names = market::with_symbols(wanted.topics);
    let named = |topic| TopicName::new(topic).map_err(|error| Refusal::invalid(format!("topics: {error}")));
    let topics = names.iter().map(named).collect::<Result<Vec<_>, _>>()?;
    // A ticket is not passed on for another one.
    let issuer = Caller { ticket: None, ..caller };
    access.check_read(&issuer, &names)?;
    // What is for everybody needs no ticket, and nobody may use up the places of those who do: theirs is not kept.
    let ticket = match access.are_public(&topics) {
        true => unguessable(),
        false => access.0.tickets.insert(Pass { topics: names, issuer }),
    };
    let unavailable = || Refusal::unavailable("no ticket can be had at the moment", ticket::LIFETIME);
    let ticket = ticket.ok_or_else(unavailable)?;
    let expires_ms = u64::try_from(ticket::LIFETIME.as_millis()).unwrap_or(u64::MAX);
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(Ticket { ticket, expires_ms })))
}

async fn open_session(
    State(access): State<Access>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Refusal> {
    // The token itself: a cookie that could be had for a cookie would never end.
    let token = caller::bearer(&headers).map(Fingerprint::of);
    let Some(token) = token.filter(|token| access.rules().rights_of(token) >= Rights::Read) else {
        return Err(Refusal::unauthorized("a session needs a token as Authorization: Bearer TOKEN"));
    };
    let unavailable = || Refusal::unavailable("no session can be had at the moment", Duration::from_secs(60));
    let id = access.0.sessions.insert(token).ok_or_else(unavailable)?;
    // Rounded up: zero seconds would take the cookie away.
    let seconds = access.0.sessions.lifetime.as_millis().div_ceil(1_000);
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, session::cookie(client, &id, seconds))]))
}

/// Also ends the streams that were opened with the cookie, or with a ticket that was got for it.
async fn close_session(
    State(access): State<Access>,
    State(hub): State<Hub>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> impl IntoResponse {
    // All streams are asked anew, which a stranger must not be able to cause.
    if let Some(id) = caller::session_id(client, &headers)
        && access.0.sessions.remove(id)
    {
        hub.review_access();
    }
    (StatusCode::NO_CONTENT, [(SET_COOKIE, session::cookie(client, "", 0))])
}

/// Refuses what is posted too often from one address. Whoever publishes has a token, and a rate for each topic.
pub(crate) async fn limit_posts(State(access): State<Access>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let client = caller::client(request.extensions());
    if !safe
        && !request.uri().path().starts_with(&publish::route(""))
        && let Err(wait) = access.0.posts.take(client.address.map(network))
    {
        return Refusal::too_many("your address posts too often; wait a little", wait).into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::http::header::COOKIE;
    use sse_events::Text;
    use sse_hub::{Grant, Guard, Subscribe};

    use super::*;
    use crate::access::Credential;
    use crate::access::expiring::LIMIT;
    use crate::config::AccessConfig;
    use crate::origin::Origins;

    #[tokio::test]
    async fn whoever_needs_no_ticket_takes_the_place_of_nobody_who_does() {
        let private_topics = vec!["orders".parse().expect("a pattern")];
        const TOKEN: &str = "a-token-that-reads";
        let read_token = Some(TOKEN.parse().expect("a token"));
        let config = AccessConfig { private_topics, read_token, ..AccessConfig::default() };
        let access = Access::new(&config, Origins::new(&[], true));
        let reader = Credential::Token(Fingerprint::of(TOKEN));
        let ask = async |credential: Credential, topic: &str| {
            let caller = Caller { credential, ..Caller::default() };
            let wanted = NewTicket { topics: vec![topic.to_owned()] };
            issue_ticket(State(access.clone()), caller, JsonBody(wanted)).await.map(drop)
        };
        for _ in 0..=LIMIT {
            ask(Credential::None, "news").await.expect("there is always one for what is for everybody");
        }
        for _ in 0..LIMIT {
            ask(reader.clone(), "orders").await.expect("a place is left");
        }
        let full = ask(reader, "orders").await.expect_err("full");
        assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
        ask(Credential::None, "orders").await.expect_err("it is private");
    }

    #[test]
    fn of_those_who_come_with_a_ticket_at_the_same_time_one_gets_in() {
        const TOKEN: &str = "a-token-that-reads";
        let private_topics = vec!["orders".parse().expect("a pattern")];
        let read_token = Some(TOKEN.parse().expect("a token"));
        let config = AccessConfig { private_topics, read_token, ..AccessConfig::default() };
        let access = Access::new(&config, Origins::new(&[], true));
        let issuer = Caller { credential: Credential::Token(Fingerprint::of(TOKEN)), ..Caller::default() };
        let topics = vec!["orders".to_owned()];
        let ticket = access.0.tickets.insert(Pass { topics: topics.clone(), issuer });
        let caller = Caller { ticket, ..Caller::default() };
        let [one, other, third] = [(); 3].map(|()| access.admit(&caller, &topics).expect("not used yet"));
        drop(third);
        one.redeem().expect("the first");
        assert_eq!(other.redeem().expect_err("it is used").status(), StatusCode::UNAUTHORIZED);
        assert_eq!(access.admit(&caller, &topics).expect_err("used").status(), StatusCode::UNAUTHORIZED);
    }

    #[tokio::test]
    async fn only_whoever_has_a_session_has_the_streams_asked_anew_by_ending_it() {
        const TOKEN: &str = "a-token-that-reads";
        let config =
            AccessConfig { read_token: Some(TOKEN.parse().expect("a token")), ..AccessConfig::default() };
        let access = Access::new(&config, Origins::new(&[], true));
        let hub = Hub::default();
        hub.topic::<Text>("orders").expect("opened");
        let asked = Arc::new(AtomicUsize::new(0));
        let guard = Guard::new({
            let asked = Arc::clone(&asked);
            move |_| {
                asked.fetch_add(1, Ordering::Relaxed);
                Ok(Grant::unlimited())
            }
        });
        let _stream = hub.subscribe(Subscribe::to(["orders"]).guard(guard)).expect("opened");
        let asked_by = async |id: Option<&str>| {
            let before = asked.load(Ordering::Relaxed);
            let mut headers = HeaderMap::new();
            if let Some(id) = id {
                let cookie = format!("{}={id}", session::cookie_name(Client::default()));
                headers.insert(COOKIE, cookie.parse().expect("a header"));
            }
            let client = Extension(Client::default());
            let closed = close_session(State(access.clone()), State(hub.clone()), client, headers).await;
            assert_eq!(closed.into_response().status(), StatusCode::NO_CONTENT);
            asked.load(Ordering::Relaxed) - before
        };
        let id = access.0.sessions.insert(Fingerprint::of(TOKEN)).expect("opened");
        let invented = "0123456789abcdef0123456789abcdef";
        for nobody in [None, Some(""), Some(invented), Some(TOKEN)] {
            assert_eq!(asked_by(nobody).await, 0, "{nobody:?}");
        }
        assert_eq!(asked_by(Some(&id)).await, 1);
        assert_eq!(asked_by(Some(&id)).await, 0, "it has ended");
    }
}
