//! The routes, and what stands behind them.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::HeaderValue;
use axum::http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use sse_hub::history::redb::{RedbHistory, RedbOptions};
use sse_hub::{Hub, HubOptions};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::{DefaultOnFailure, TraceLayer};
use tracing::Level;

use crate::chat::{self, Rooms};
use crate::classics::{self, Classics};
use crate::config::{Config, History};
use crate::market::{self, Exchange};
use crate::origin::{self, Origins};
use crate::page::{self, Page};
use crate::problem::method_not_allowed;
use crate::{RunError, health, presence};

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
    pub(crate) async fn start(config: &Config, address: SocketAddr) -> Result<Self, RunError> {
        let hub = open_hub(config)?;
        let seed = config.seed.unwrap_or_else(|| fastrand::u64(..));
        tracing::info!(seed, "the market opens");
        let exchange = Exchange::open(&hub, config, seed)?;
        let classics = Classics::start(&hub, seed)?;
        let rooms = Rooms::new(hub.clone());
        rooms.restore().await;
        let shared = Shared { rooms: Arc::new(rooms), page: Page::new(&config.dist), hub: hub.clone() };
        let origins = Origins::new(&config.allow_origins, address.ip().is_loopback());
        Ok(Self { hub, routes: routes(shared, origins), _exchange: exchange, _classics: classics })
    }
}

fn open_hub(config: &Config) -> Result<Hub, RunError> {
    let options = HubOptions { heartbeat: Some(config.heartbeat), ..HubOptions::default() };
    Ok(match config.history {
        History::Memory => Hub::new(options),
        History::Redb => {
            let of_file = RedbOptions { durability: config.durability.into(), ..RedbOptions::default() };
            Hub::with_history(options, RedbHistory::open(&config.data_dir, of_file)?)
        }
    })
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
