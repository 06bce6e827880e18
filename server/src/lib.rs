//! The demo's companion server: a market, chat rooms, the streams of the classic `EventSource` examples, and the
//! page. A thin user of [`sse_hub`]: what a client missed, who is there and how a stream ends is the hub's work.
//!
//! # Layout
//!
//! | module | what it is |
//! |---|---|
//! | [`config`] | flags and environment variables |
//! | `serving` | those for connections and TLS |
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
mod serving;
mod task;
mod visitor;

use tokio::net::TcpListener;

pub use config::Config;
pub use origin::Origin;
pub use serving::Serving;

/// The server could not start.
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
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] sse_hub::serve::TlsError),
    /// An option cannot be, or the listener cannot listen.
    #[error(transparent)]
    Serve(#[from] sse_hub::serve::ServeError),
    /// The listener has no address.
    #[error(transparent)]
    Listener(#[from] std::io::Error),
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
    let options = config.serving.options(config.shutdown_deadline)?;
    let app = app::App::start(&config, listener.local_addr()?).await?;
    let hub = app.hub.clone();
    let shutdown = async move {
        shutdown.await;
        tracing::info!(streams = hub.subscriptions(), "shutting down");
        hub.drain();
    };
    sse_hub::serve::run(listener, app.routes.clone(), options, shutdown).await?;
    let hub = app.hub.clone();
    // The feeds first: they would find the history closed.
    drop(app);
    hub.close().await.map_err(RunError::NotClosed)
}
