//! A server for axum apps in which a stream costs a socket and a position, and no task. Feature `serve`, which is off
//! by default; HTTPS and HTTP/2 by it come with `tls`, a certificate made on the spot with `self-signed`.
//!
//! ```no_run
//! use axum::{Router, extract::State, response::IntoResponse, routing::get};
//! use sse_events::Text;
//! use sse_hub::{Hub, Subscribe, axum::LastEventId, serve};
//!
//! async fn news(State(hub): State<Hub>, LastEventId(last): LastEventId) -> impl IntoResponse {
//!     hub.subscribe(Subscribe::to(["news"]).after(last))
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let hub = Hub::default();
//! let topic = hub.topic::<Text>("news")?;
//! topic.publish(&Text("it begins".into()))?; // from wherever something happens
//!
//! // Named here, the hub takes no new streams once the server is told to stop.
//! let options = serve::Options { hub: Some(hub.clone()), ..serve::Options::default() };
//! let app = Router::new().route("/news", get(news)).with_state(hub);
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! serve::run(listener, app, options, stop()).await?;
//! # Ok(())
//! # }
//!
//! /// Ctrl-C, or SIGTERM, by which containers and service managers stop a process.
//! async fn stop() {
//!     #[cfg(unix)]
//!     let terminated = async {
//!         use tokio::signal::unix::{SignalKind, signal};
//!         match signal(SignalKind::terminate()) {
//!             Ok(mut signal) => drop(signal.recv().await),
//!             Err(_) => std::future::pending().await,
//!         }
//!     };
//!     #[cfg(not(unix))]
//!     let terminated = std::future::pending::<()>();
//!     tokio::select! {
//!         _ = tokio::signal::ctrl_c() => {}
//!         () = terminated => {}
//!     }
//! }
//! ```
//!
//! It takes the place of `axum::serve` and serves every route as that does. It listens on a `TcpListener` only, and
//! handlers find `ConnectInfo<SocketAddr>` without a make-service. A connection that is upgraded, as for a
//! WebSocket, is the handler's from then on: no cap, age or shutdown reaches it. What it adds:
//!
//! - **Streams without tasks.** Over plain HTTP/1.1, hyper parses the request and writes the head of the response.
//!   Then hyper and its buffers are dropped, and the socket goes to one of a few tasks, the shards. There, streams of
//!   the same topics that have kept up form a group: each page of the history is read once, framed once, and written
//!   to one socket after the other. One whose socket is full leaves the group, goes on by itself from its own position
//!   when it can be written again, and joins when it has caught up. Nothing is queued for it but the rest of one chunk.
//! - **Bounds.** On connections, in all and by address; on the time that a head may take, that a client may read
//!   nothing, and that a connection lasts; on what the kernel buffers. All are [`Options`].
//! - **An end.** At shutdown the streams are ended one after the other, each told its own time to come back, so that
//!   their clients do not come in one second. If you like, load balancers are given [time](Options::lame_duck) to notice
//!   before.
//! - **Containment.** A shard in which something panics, such as a layer that is dropped with its stream, loses its
//!   streams, which come back; another one takes its place.
//!
//! Over TLS and HTTP/1.1 a stream leaves hyper too, for a small task of its own. Over HTTP/2 it is an ordinary body that
//! hyper asks for, and so it is when a layer has wrapped the body and changes what it carries (a compressor, say).
//! Layers that only look on, as for tracing, are in nobody's way: what they keep is dropped when the stream ends.
//!
//! An idle stream takes 2 KiB of resident memory over plain HTTP/1.1 and 11 KiB over TLS. A connection of HTTP/2 with one
//! stream takes 23 KiB, and 30 KiB over TLS: 19 of them are h2's and hyper's, and 7 rustls', and cannot be made smaller.

mod accept;
mod admission;
mod connection;
mod drain;
mod exempt;
mod files;
mod frame;
mod front;
mod handoff;
mod io;
mod network;
mod options;
mod shard;
mod socket;
#[cfg(feature = "tls")]
mod solo;
mod stats;
mod streams;
mod taking;
mod timed;
#[cfg(feature = "tls")]
mod tls;

use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Duration, timeout_at};

pub use accept::REFUSALS;
pub use exempt::Exempt;
pub use network::network;
pub use options::{InvalidOption, Options};
pub use stats::{ServeCounts, Stats};
#[cfg(feature = "tls")]
pub use tls::{Tls, TlsError};
/// For [`Tls::from_config`].
#[cfg(feature = "tls")]
pub use tokio_rustls::rustls;

use drain::Drain;
use shard::Shards;

/// What all connections share.
#[derive(Debug)]
struct Server {
    app: Router,
    options: Options,
    shards: Shards,
}

/// Nothing could be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An option cannot be.
    #[error(transparent)]
    Options(#[from] InvalidOption),
    /// The listener cannot listen.
    #[error(transparent)]
    Listener(#[from] std::io::Error),
}

/// Serves `app` on `listener` until `shutdown` completes, and for [`Options::lame_duck`] longer. Then
/// [`Options::hub`] is drained, nothing more is accepted, what was asked is answered, and the streams are ended over
/// [`Options::drain`]. What is still open at [`Options::shutdown_deadline`] is cut.
///
/// # Errors
/// [`ServeError`] if it could not begin. Once it serves, nothing a client does ends it.
pub async fn run(
    listener: TcpListener,
    app: Router,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    options.validate()?;
    files::warn_of_too_few(&options);
    socket::widen_backlog(&listener, options.backlog)?;
    options.stats.begin();
    let (shards, mut running) = Shards::start(&options);
    let server = Arc::new(Server { app, options, shards });
    let (drain_sender, draining) = watch::channel(None);
    let told = async {
        shutdown.await;
        server.options.stats.begin_shutdown();
        tokio::time::sleep(server.options.lame_duck).await;
    };
    tokio::select! {
        never = accept::accept(&listener, &server, &draining) => match never {},
        () = told => {}
    }
    if let Some(hub) = &server.options.hub {
        hub.drain();
    }
    drop(listener);

    let options = server.options.clone();
    let connections = usize::try_from(options.stats.counts().connections).unwrap_or(usize::MAX);
    let drain = Drain::begin(options.drain, connections, options.shutdown_deadline);
    server.shards.drain(&drain);
    drain_sender.send_replace(Some(drain.clone()));
    // A shard ends when nobody can hand it a stream any more and its last one is gone, a connection holds a receiver
    // until it ends, and all see the deadline by themselves. A moment more, for a machine that is busy.
    drop((server, draining));
    let ended = async {
        drain_sender.closed().await;
        while running.join_next().await.is_some() {}
    };
    if timeout_at(drain.deadline + Duration::from_millis(500), ended).await.is_err() {
        tracing::warn!("something did not end at the deadline");
    }
    Ok(())
}
