//! An app on a port of its own.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use axum::routing::get;
use sse_hub::axum::LastEventId;
use sse_hub::serve::{self, Options, ServeCounts, ServeError, Stats};
use sse_hub::{Hub, HubOptions, Member, Subscribe};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::common;
use crate::wire::{self, Answer};

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) hub: Hub,
    pub(crate) stats: Stats,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) running: JoinHandle<Result<(), ServeError>>,
}

#[derive(serde::Deserialize)]
struct Asked {
    /// Separated by commas.
    topics: String,
    member: Option<String>,
}

async fn stream(
    State(hub): State<Hub>,
    Query(asked): Query<Asked>,
    LastEventId(last): LastEventId,
) -> impl IntoResponse {
    let member = asked.member.map(|id| Member { id, name: None });
    hub.subscribe(Subscribe::to(asked.topics.split(',')).after(last).member(member))
}

/// `/stream?topics=a,b` and `/plain`.
pub(crate) fn app(hub: Hub) -> Router {
    Router::new()
        .route("/stream", get(stream))
        .route("/plain", get(async || "plain").post(async |body: String| body))
        .with_state(hub)
}

/// For tests with many streams: macOS gives a process 256 files. If it cannot be, they fail and say so.
pub(crate) fn raise_file_limit() {
    #[cfg(unix)]
    let _ = rlimit::increase_nofile_limit(u64::MAX);
}

impl Server {
    pub(crate) async fn start(options: Options) -> Self {
        Self::with_hub(common::hub(HubOptions::default()), options).await
    }

    pub(crate) async fn with_hub(hub: Hub, options: Options) -> Self {
        Self::with_app(hub.clone(), app(hub), options).await
    }

    pub(crate) async fn with_app(hub: Hub, app: Router, options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::on(listener, hub, app, options)
    }

    /// On a port that is nobody else's, also when the server has let go of it, until what is returned with it is dropped.
    pub(crate) async fn start_on_a_port_that_is_held(options: Options) -> (Self, TcpSocket) {
        let bind = |address| {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.set_reuseaddr(true).expect("its port can be shared");
            socket.bind(address).expect("a free port");
            socket
        };
        let held = bind(SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = bind(held.local_addr().expect("an address")).listen(64).expect("it listens");
        let hub = common::hub(HubOptions::default());
        (Self::on(listener, hub.clone(), app(hub), options), held)
    }

    fn on(listener: TcpListener, hub: Hub, app: Router, options: Options) -> Self {
        raise_file_limit();
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let stats = options.stats.clone();
        let options = Options { hub: Some(hub.clone()), ..options };
        let shutdown = async move {
            let _ = stopped.await;
        };
        let running = tokio::spawn(serve::run(listener, app, options, shutdown));
        Self { address, hub, stats, stop: Some(stop), running }
    }

    pub(crate) fn shut_down(&mut self) {
        let _ = self.stop.take().expect("once").send(());
    }

    /// Opens a stream and reads its head.
    pub(crate) async fn stream(&self, topics: &str) -> Answer {
        wire::get(self.address, &format!("/stream?topics={topics}"), &[]).await
    }

    pub(crate) async fn stream_after(&self, topics: &str, last_event_id: &str) -> Answer {
        let path = format!("/stream?topics={topics}");
        wire::get(self.address, &path, &[("Last-Event-ID", last_event_id)]).await
    }

    /// Waits until the counts are as they should be.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&ServeCounts) -> bool) -> ServeCounts {
        let deadline = Instant::now() + wire::PATIENCE;
        loop {
            let counts = self.stats.counts();
            if holds(&counts) {
                return counts;
            }
            assert!(Instant::now() < deadline, "{what}: {counts:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}
