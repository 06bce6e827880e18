//! The demo's companion server: a market, chat rooms, an assistant, feeds of others, the streams of the classic
//! `EventSource` examples, and the page. A thin user of [`sse_hub`]: what a client missed, who is there and how a stream
//! ends is the hub's work.
//!
//! # Layout
//!
//! | module | what it is |
//! |---|---|
//! | [`config`] | flags, environment variables, and a file with the same keys |
//! | `files` | how many files, and so connections, may be open |
//! | `app` | the routes, and what stands behind them |
//! | `access` | who may read and publish what: tokens, tickets, cookies; every stream is opened by its `Door` |
//! | `market` | the simulator, recordings, trades of others, and the stream |
//! | `chat`, `presence` | rooms: what may be said, who is there |
//! | `assistant` | questions, and answers that are topics; the endpoint of a model, or a generator |
//! | `publish`, `events`, `notifications` | feeds of others, any topics on one connection, what pages show in passing |
//! | `classics` | `/stock-price`, `/events`, `/stream` |
//! | [`logs`], `metrics`, `health`, `requests` | for those who run it; no secret is in the log |
//! | `page` | the files of the page |
//! | `client` | who is at the other end, also behind proxies |
//! | `origin`, `rate` | which web pages may read and post, and how often |
//! | `problem`, `json`, `dedup`, `recent`, `visitor` | refusals, bodies, what was sent before, and who asks |
//! | `kept`, `secret`, `clock` | what an earlier life left, what must not be shown, the time |
//! | `task`, `lines` | tasks and locks, line breaks |

mod access;
mod app;
mod assistant;
mod chat;
mod classics;
mod client;
mod clock;
pub mod config;
mod dedup;
mod events;
#[cfg(test)]
mod faulty;
mod files;
mod health;
mod json;
mod kept;
mod lines;
pub mod logs;
mod market;
mod metrics;
mod notifications;
mod origin;
mod page;
mod presence;
mod problem;
mod publish;
mod rate;
mod recent;
mod requests;
mod secret;
mod task;
mod visitor;

use sse_hub::history::HistoryError;
use tokio::net::TcpListener;
use tokio::sync::watch;

use config::AccessConfig;
use task::Task;

pub use client::Network;
pub use config::Config;
pub use files::raise_limit;
pub use origin::Origin;
pub use secret::Secret;

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
    #[error("the history was not closed: {}", not_kept(.0))]
    NotClosed(HistoryError),
    /// What the market is to be replayed from cannot be read, for this reason.
    #[error("{0}")]
    Feed(String),
    /// What is configured does not go together, for this reason.
    #[error("{0}")]
    Config(String),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] sse_hub::serve::TlsError),
    /// An option cannot be, or the listener cannot listen.
    #[error(transparent)]
    Serve(#[from] sse_hub::serve::ServeError),
    /// The metrics cannot be served there.
    #[error("metrics-listen: cannot listen on {0}: {1}")]
    MetricsListener(std::net::SocketAddr, std::io::Error),
    /// The listener has no address.
    #[error(transparent)]
    Listener(#[from] std::io::Error),
}

/// What the end of the program means for what was published. For a disk that is full the history says what is to be done,
/// which is for as long as it runs; that comes behind the cause.
fn not_kept(error: &HistoryError) -> String {
    match error {
        HistoryError::LiveOnly(reason) => {
            let cause = reason.split("; ").next().unwrap_or(reason);
            format!("{cause}; what came since then is lost, and clients are told so by sse.reset")
        }
        other => other.to_string(),
    }
}

/// How a server that runs is told what to do, and tells that it is there.
#[derive(Debug)]
pub struct Control<R, S, A> {
    /// Whenever there is something new, its tokens and private topics take the place of those before, and the streams
    /// end whose readers may not go on by them; the rest of it is not looked at.
    pub access_changes: watch::Receiver<AccessConfig>,
    /// Called when everything is there that requests need: the history, the certificate, the feeds.
    pub ready: R,
    /// When it completes, the server goes on for as long as
    /// [`lame_duck`](config::ServingConfig::lame_duck) says, but not ready. Then every stream is ended and told when to
    /// come back, and clients that do not read are cut off at [`Config::shutdown_deadline`].
    pub shutdown: S,
    /// When it completes, nobody is waited for any more: all connections are cut, and the history is closed.
    pub abort: A,
}

/// Serves on `listener` until `shutdown` completes, in the good order of [`Control::shutdown`].
///
/// # Errors
/// [`RunError`]
pub async fn run(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    let (_, access_changes) = watch::channel(config.access.clone());
    let control = Control { access_changes, ready: || {}, shutdown, abort: std::future::pending() };
    run_with(listener, config, control).await
}

/// Serves on `listener` as `control` says.
///
/// # Errors
/// [`RunError`]
pub async fn run_with(
    listener: TcpListener,
    config: Config,
    control: Control<
        impl FnOnce() + Send,
        impl Future<Output = ()> + Send + 'static,
        impl Future<Output = ()> + Send,
    >,
) -> Result<(), RunError> {
    let Control { access_changes, ready, shutdown, abort } = control;
    for what in config.unused().into_iter().chain(config.serving.warning()) {
        tracing::warn!("{what}");
    }
    let mut options = config.serving.options(config.shutdown_deadline)?;
    let app = app::App::start(&config, listener.local_addr()?, &options).await?;
    let _reloading = Task::spawn(access::follow(access_changes, app.access.clone(), app.hub.clone()));
    ready();
    let hub = app.hub.clone();
    options.hub = Some(hub.clone());
    let shutdown = async move {
        shutdown.await;
        tracing::info!(streams = hub.subscriptions(), "shutting down");
    };
    tokio::select! {
        served = sse_hub::serve::run(listener, app.routes.clone(), options, shutdown) => served?,
        () = abort => tracing::warn!("what is open is cut"),
    }
    let hub = app.hub.clone();
    // The feeds first: they would find the history closed.
    drop(app);
    hub.close().await.map_err(RunError::NotClosed)
}
