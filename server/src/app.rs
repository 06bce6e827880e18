//! The routes, and what stands behind them.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::HeaderValue;
use axum::http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use sse_hub::{Hub, HubOptions, TopicError};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::{DefaultOnFailure, TraceLayer};
use tracing::Level;

use crate::chat::{self, Rooms};
use crate::classics::{self, Classics};
use crate::config::Config;
use crate::market::{self, Exchange};
use crate::origin::{self, Origins};
use crate::page::{self, Page};
use crate::problem::method_not_allowed;
use crate::{health, presence};

/// Everything that runs. Dropping it stops the feeds.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) hub: Hub,
    pub(crate) routes: Router,
    _exchange: Exchange,
    _classics: Classics,
}

/// What the handlers ask for.
#[derive(Clone, FromRef)]
struct Shared {
    hub: Hub,
    rooms: Arc<Rooms>,
    page: Page,
}

impl App {
    pub(crate) fn start(config: &Config, address: SocketAddr) -> Result<Self, TopicError> {
        let hub = Hub::new(HubOptions { heartbeat: Some(config.heartbeat), ..HubOptions::default() });
        let seed = config.seed.unwrap_or_else(|| fastrand::u64(..));
        tracing::info!(seed, "the market opens");
        let exchange = Exchange::open(&hub, config, seed)?;
        let classics = Classics::start(&hub, seed)?;
        let shared = Shared {
            rooms: Arc::new(Rooms::new(hub.clone())),
            page: Page::new(&config.dist),
            hub: hub.clone(),
        };
        let origins = Origins::new(&config.allow_origins, address.ip().is_loopback());
        Ok(Self { hub, routes: routes(shared, origins), _exchange: exchange, _classics: classics })
    }
}

fn routes(shared: Shared, origins: Origins) -> Router {
    let of_the_hub = Router::new()
        .merge(market::routes())
        .merge(classics::routes())
        .route("/api/presence/{topic}", get(presence::show))
        .route("/healthz/live", get(health::live))
        .route("/healthz/ready", get(health::ready))
        .with_state(shared.hub.clone());
    let cors = origins.cors();
    let header = |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    Router::new()
        .merge(chat::routes())
        .with_state(shared.clone())
        .merge(of_the_hub)
        .merge(Router::new().fallback(page::serve).with_state(shared.page))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(origins, origin::guard))
        .layer(cors)
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(REFERRER_POLICY, "same-origin"))
        .layer(TraceLayer::new_for_http().on_failure(DefaultOnFailure::new().level(Level::WARN)))
}
