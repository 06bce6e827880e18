//! The routes, and what stands behind them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::HeaderValue;
use axum::http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::{from_fn_with_state, map_request_with_state};
use axum::routing::get;
use demo_contract::notifications::Severity;
use sse_hub::history::redb::{RedbHistory, RedbOptions};
use sse_hub::serve::{Options, Stats};
use sse_hub::{Hub, HubOptions, Limits, Unguarded};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

use crate::access::{self, Access};
use crate::assistant::{self, Answers};
use crate::chat::{self, Rooms};
use crate::classics::{self, Classics};
use crate::client::{self, Proxies};
use crate::config::{Config, History};
use crate::logs::{self, LogStream};
use crate::market::{self, Exchange};
use crate::metrics::{self, ConnectionLimit, Started};
use crate::origin::{self, Origins};
use crate::page::{self, Page};
use crate::problem::method_not_allowed;
use crate::publish::{self, Notices, Publisher};
use crate::requests::{self, RequestCounts};
use crate::task::Task;
use crate::{RunError, events, health, notifications, presence};

/// Everything that runs. Dropping it stops the feeds.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) hub: Hub,
    pub(crate) routes: Router,
    pub(crate) access: Access,
    _exchange: Exchange,
    _classics: Classics,
    _log: LogStream,
    /// If they have an address of their own.
    _metrics: Option<Task>,
}

/// What the handlers ask for.
#[derive(Clone, FromRef)]
pub(crate) struct Shared {
    hub: Hub,
    access: Access,
    answers: Arc<Answers>,
    rooms: Arc<Rooms>,
    publisher: Arc<Publisher>,
    requests: Arc<RequestCounts>,
    started: Started,
    connections: Stats,
    limit: ConnectionLimit,
    page: Page,
}

impl App {
    pub(crate) async fn start(
        config: &Config,
        address: SocketAddr,
        serving: &Options,
    ) -> Result<Self, RunError> {
        config.secrets().for_each(logs::keep_out);
        let hub = open_hub(config)?;
        let seed = config.seed.unwrap_or_else(|| fastrand::u64(..));
        let log = LogStream::start(&hub)?;
        let notices = Notices::open(&hub)?;
        let exchange = Exchange::start(&hub, config, seed, notices.clone()).await?;
        let classics = Classics::start(&hub, seed)?;
        notices.say("The server has started", Severity::Info);
        let origins = Origins::new(&config.allow_origins, address.ip().is_loopback());
        let mut publisher =
            Publisher::new(&hub, exchange.desk().clone(), notices, config.access.publish_rate);
        publisher.restore(&config.feeds.topics).await;
        let answers = Answers::new(&hub, &config.assistant, seed).map_err(RunError::Config)?;
        let rooms = Rooms::new(hub.clone());
        rooms.restore().await;
        let shared = Shared {
            access: Access::new(&config.access, origins.clone()),
            answers,
            rooms: Arc::new(rooms),
            publisher: Arc::new(publisher),
            requests: Arc::default(),
            started: Started::now(),
            connections: serving.stats.clone(),
            limit: ConnectionLimit(serving.connections),
            page: Page::new(&config.dist),
            hub: hub.clone(),
        };
        let access = shared.access.clone();
        let (metrics, metrics_here) = match config.metrics_listen {
            Some(address) => {
                let of_metrics = metrics::serve_apart(address, access.clone(), shared.clone()).await?;
                (Some(of_metrics), Router::new())
            }
            None => (None, metrics::routes(access.clone())),
        };
        Ok(Self {
            hub,
            access,
            routes: routes(shared, origins, Proxies::new(&config.serving), metrics_here),
            _exchange: exchange,
            _classics: classics,
            _log: log,
            _metrics: metrics,
        })
    }
}

fn open_hub(config: &Config) -> Result<Hub, RunError> {
    let limits = Limits { subscriptions: config.serving.streams, ..Limits::default() };
    let options = HubOptions {
        heartbeat: Some(config.heartbeat),
        // Every stream is opened by `access::Door`, or as that does. One that is not shows nothing.
        unguarded: Unguarded::Refused,
        limits,
        ..HubOptions::default()
    };
    Ok(match config.history {
        History::Memory => Hub::new(options),
        History::Redb => {
            let of_file = RedbOptions {
                durability: config.durability.unwrap_or_default().into(),
                forget_after: Some(config.forget_after),
                notes: publish::MAX_REMEMBERED,
                ..RedbOptions::default()
            };
            let folder = config.data_dir.as_deref().unwrap_or(Path::new("data"));
            Hub::with_history(options, RedbHistory::open(folder, of_file)?)
        }
    })
}

fn routes(shared: Shared, origins: Origins, proxies: Proxies, metrics: Router<Shared>) -> Router {
    let cors = origins.cors();
    let header = |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let requests = Arc::clone(&shared.requests);
    Router::new()
        .merge(market::routes())
        .merge(classics::routes())
        .merge(assistant::routes())
        .merge(chat::routes())
        .merge(events::routes())
        .merge(health::routes())
        .merge(logs::routes())
        .merge(metrics)
        .merge(notifications::routes())
        .merge(publish::routes())
        .merge(access::routes())
        .route("/api/presence/{topic}", get(presence::show))
        .fallback(page::serve)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(shared.access.clone(), access::limit_posts))
        .with_state(shared)
        .layer(from_fn_with_state(origins, origin::guard))
        .layer(cors)
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(REFERRER_POLICY, "same-origin"))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(requests::span)
                .on_request(())
                .on_response(requests::tell_answered)
                .on_failure(requests::tell_broken_off),
        )
        // Outermost: everything else may say which request it is about, and whose.
        .layer(from_fn_with_state(requests, requests::name))
        .layer(map_request_with_state(proxies, client::find))
}

#[cfg(test)]
mod tests {
    use demo_contract::Logs;
    use sse_hub::{Subscribe, SubscribeError};

    use super::*;

    #[tokio::test]
    async fn a_route_that_forgets_its_guard_shows_nothing() {
        let hub = open_hub(&Config::default()).expect("in memory");
        hub.topic::<Logs>("logs").expect("opened");
        let refused = hub.subscribe(Subscribe::to(["logs"]));
        assert_eq!(refused.err(), Some(SubscribeError::Unguarded("logs".into())));
    }
}
