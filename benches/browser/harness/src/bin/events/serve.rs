//! The server of the page and of the streams, and where the page tells what it measured.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Json, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tower_http::services::ServeDir;

use crate::loads::Load;

/// What the page tells.
#[derive(Debug)]
pub(crate) enum Told {
    Measured(Measured),
    Done,
    Failed(String),
}

/// One contender on one stream, once.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Measured {
    pub(crate) round: u32,
    pub(crate) load: String,
    pub(crate) contender: String,
    /// From the moment before the connection was made to the last event folded.
    pub(crate) millis: f64,
    /// How long the page's main thread ran for it.
    pub(crate) cpu_nanos: Option<f64>,
    pub(crate) checksum: String,
}

/// What the page is to do.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) loads: Vec<Load>,
}

/// The state of the routes.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) plan: Plan,
    /// The process of the browser; 0 before it has started.
    pub(crate) browser: AtomicU32,
    pub(crate) told: mpsc::UnboundedSender<Told>,
}

/// All routes. `site` is the folder of the page.
pub(crate) fn routes(served: Arc<Served>, site: &Path) -> Router {
    let mut router = Router::new()
        .route("/plan", get(|State(served): State<Arc<Served>>| async move { Json(served.plan.clone()) }))
        .route(
            "/cpu",
            get(|State(served): State<Arc<Served>>| async move {
                Json(harness::main_thread_nanos(served.browser.load(Ordering::Relaxed)))
            }),
        )
        .route("/measured", post(|State(served), Json(it)| async move { tell(&served, Told::Measured(it)) }))
        .route("/done", post(|State(served)| async move { tell(&served, Told::Done) }))
        .route("/failed", post(|State(served), Json(why)| async move { tell(&served, Told::Failed(why)) }));
    for load in &served.plan.loads {
        let load = load.clone();
        router = router.route(&format!("/{}", load.name), get(move || async move { event_stream(&load) }));
    }
    router.fallback_service(ServeDir::new(site)).with_state(served)
}

fn tell(served: &Arc<Served>, told: Told) {
    // Nobody listens any more once the program ends.
    let _ = served.told.send(told);
}

/// The whole load, and then nothing: whoever has read it closes.
fn event_stream(load: &Load) -> Response {
    let pieces = stream::iter(load.pieces()).map(Ok::<_, Infallible>).chain(stream::pending());
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(pieces)).into_response()
}
