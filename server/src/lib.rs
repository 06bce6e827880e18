//! The demo's companion server: a market, chat rooms, the streams of the classic `EventSource` examples, and the
//! page. A thin user of [`sse_hub`]: what a client missed, who is there and how a stream ends is the hub's work.
//!
//! # Layout
//!
//! | module | what it is |
//! |---|---|
//! | [`config`] | flags and environment variables |
//! | `app` | the routes, and what stands behind them |
//! | `market` | the simulator, its feed, and its stream |
//! | `chat` | rooms: what may be said, who is there |
//! | `classics` | `/stock-price`, `/events`, `/stream` |
//! | `page` | the files of the page |
//! | `origin` | which web pages may read and post |
//! | `problem`, `json`, `visitor` | refusals, bodies, and who asks |

mod app;
mod chat;
mod classics;
mod clock;
pub mod config;
mod health;
mod json;
mod market;
mod origin;
mod page;
mod presence;
mod problem;
mod task;
mod visitor;

use std::io;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use config::Config;
pub use origin::Origin;

/// The server could not start, or broke.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A topic could not be opened.
    #[error(transparent)]
    Topic(#[from] sse_hub::TopicError),
    /// The history could not be opened.
    #[error(transparent)]
    History(#[from] sse_hub::history::redb::OpenError),
    /// The history could not be closed: something that was published is not kept.
    #[error("the history was not closed: {0}")]
    NotClosed(sse_hub::history::HistoryError),
    /// The listener failed.
    #[error(transparent)]
    Listener(#[from] io::Error),
}

/// Serves on `listener` until `shutdown` completes. Then every stream is ended and told when to come back, and
/// clients that do not read are cut off at [`Config::shutdown_deadline`].
///
/// # Errors
/// [`RunError`]
pub async fn run(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    let app = app::App::start(&config, listener.local_addr()?).await?;
    let hub = app.hub.clone();
    let (closing, closed) = oneshot::channel();
    let shutdown = async move {
        shutdown.await;
        tracing::info!(streams = hub.subscriptions(), "shutting down");
        hub.shutdown();
        let _ = closing.send(());
    };
    let deadline = async {
        // An error means that serving ended on its own, and with it the sender: then nothing is waited for.
        if closed.await.is_ok() {
            tokio::time::sleep(config.shutdown_deadline).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    // An event is small and must not wait for the next one to fill a packet.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was not set");
        }
    });
    tokio::select! {
        served = async { axum::serve(listener, app.routes.clone()).with_graceful_shutdown(shutdown).await } => served?,
        () = deadline => tracing::warn!(streams = app.hub.subscriptions(), "cut off at the deadline"),
    }
    let hub = app.hub.clone();
    // The feeds first: they would find the history closed.
    drop(app);
    hub.close().await.map_err(RunError::NotClosed)
}
