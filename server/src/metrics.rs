//! `GET /metrics`: counters and gauges in Prometheus's text format, on an address of its own or beside everything else.
//! With an address of its own, the health is there too: that has places for whoever asks when clients have taken all
//! others.
//!
//! Written by hand: the numbers are counted elsewhere, and a registry would only keep copies of them.

use std::fmt::{Display, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sse_hub::history::{Health, HistoryCounts, Times};
use sse_hub::serve::{self, Options, ServeCounts, Stats};
use sse_hub::{Hub, HubCounts};
use tokio::net::TcpListener;

use crate::RunError;
use crate::access::{Access, Caller};
use crate::app::Shared;
use crate::assistant::Answers;
use crate::health;
use crate::problem::{Refusal, method_not_allowed};
use crate::requests::RequestCounts;
use crate::task::Task;

/// Version 0.0.4 of the text format, which every scraper reads.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// When the server started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Started(Instant);

impl Started {
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }
}

/// How many connections may be open at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimit(pub(crate) usize);

/// Beside everything else.
pub(crate) fn routes(access: Access) -> Router<Shared> {
    route(access, Access::check_metrics)
}

/// `/metrics`, for those whom `check` lets in.
fn route(access: Access, check: fn(&Access, &Caller) -> Result<(), Refusal>) -> Router<Shared> {
    let guard = move |State(access): State<Access>, caller: Caller, request: Request, next: Next| async move {
        check(&access, &caller)?;
        Ok::<Response, Refusal>(next.run(request).await)
    };
    Router::new().route("/metrics", get(show).layer(from_fn_with_state(access, guard)))
}

/// The most scrapers and probes at a time, where they have an address of their own.
const SCRAPERS: usize = 64;

/// Serves the metrics and the health, and nothing else, on an address of their own until the task is dropped.
pub(crate) async fn serve_apart(
    address: SocketAddr,
    access: Access,
    shared: Shared,
) -> Result<Task, RunError> {
    let cannot = |error| RunError::MetricsListener(address, error);
    let listener = TcpListener::bind(address).await.map_err(cannot)?;
    tracing::info!("metrics on http://{}/metrics", listener.local_addr().map_err(cannot)?);
    let routes = route(access, Access::check_metrics_apart)
        .merge(health::routes())
        .fallback(async || Refusal::not_found("there is nothing here but /metrics and /healthz/"))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(shared);
    let options = Options { connections: SCRAPERS, shards: Some(1), ..Options::default() };
    Ok(Task::spawn(async move {
        if let Err(error) = serve::run(listener, routes, options, std::future::pending()).await {
            tracing::error!(%error, "the metrics are not served");
        }
    }))
}

async fn show(
    State(hub): State<Hub>,
    State(answers): State<Arc<Answers>>,
    State(requests): State<Arc<RequestCounts>>,
    State(Started(started)): State<Started>,
    State(connections): State<Stats>,
    State(ConnectionLimit(limit)): State<ConnectionLimit>,
) -> impl IntoResponse {
    let mut text = Text::default();
    of_the_hub(&mut text, &hub.counts());
    if let Some(counts) = hub.history_counts() {
        of_the_history(&mut text, &counts, &hub.health());
    }
    of_connections(&mut text, &connections.counts());
    text.gauge("sse_connections_limit", "Connections that may be open at a time.", limit as u64);
    text.gauge(
        "sse_answers_running",
        "Answers of the assistant that are being given now.",
        answers.running() as u64,
    );
    for (class, count) in requests.by_class() {
        let labels = format!("{{status=\"{class}\"}}");
        text.sample(
            "sse_http_responses_total",
            &labels,
            ("counter", "Responses, by the class of their status."),
            count,
        );
    }
    text.gauge("sse_uptime_seconds", "Seconds since the server started.", started.elapsed().as_secs());
    ([(CONTENT_TYPE, MEDIA_TYPE), (CACHE_CONTROL, "no-store")], text.0)
}

fn of_the_hub(text: &mut Text, counts: &HubCounts) {
    let HubCounts { topics, subscriptions, lagging, .. } = *counts;
    text.gauge("sse_topics", "Topics that are open now.", topics);
    text.gauge(
        "sse_topics_kept",
        "Topics that an earlier life of the server left and that were not opened yet.",
        counts.kept_topics,
    );
    text.gauge("sse_streams", "Streams that are open now.", subscriptions);
    text.gauge(
        "sse_streams_lagging",
        "Streams that have not taken yet what was published for them; for long only those of slow clients.",
        lagging,
    );
    for (name, help, value) in [
        ("sse_published_events_total", "Events that were published.", counts.published),
        ("sse_published_bytes_total", "Bytes of encoded events that were published.", counts.published_bytes),
        (
            "sse_deliveries_total",
            "Events that were handed to streams, once for each stream.",
            counts.deliveries,
        ),
        ("sse_delivered_bytes_total", "Bytes that were handed to streams.", counts.delivered_bytes),
        (
            "sse_replayed_events_total",
            "Deliveries of events that were older than their stream.",
            counts.replayed,
        ),
        ("sse_streams_started_total", "Streams of clients that had no cursor.", counts.started),
        ("sse_streams_resumed_total", "Streams of clients that went on after their cursor.", counts.resumed),
        ("sse_streams_reset_total", "Streams of clients whose cursor meant nothing any more.", counts.reset),
        ("sse_streams_refused_total", "Streams that were refused.", counts.refused),
        (
            "sse_streams_denied_total",
            "Streams that ended because their reader may no longer read.",
            counts.denied,
        ),
        (
            "sse_gaps_total",
            "How often a client was told that events were dropped before it had read them.",
            counts.gaps,
        ),
    ] {
        text.sample(name, "", ("counter", help), value);
    }
}

/// Only of a history in a file.
fn of_the_history(text: &mut Text, counts: &HistoryCounts, health: &Health) {
    for (name, is_so) in [
        ("whole", matches!(health, Health::Whole)),
        ("live_only", matches!(health, Health::LiveOnly(_))),
        ("read_only", matches!(health, Health::ReadOnly(_))),
    ] {
        text.sample(
            "sse_history_state",
            &format!("{{state=\"{name}\"}}"),
            (
                "gauge",
                "1 at the state of the history: whole; live_only while its disk is full, which passes by itself when \
                 there is room; read_only after the disk has failed, which /healthz/ready says what to do about.",
            ),
            u64::from(is_so),
        );
    }
    text.times(
        "sse_history_commit_seconds",
        "How long commits of the history took, with their fsync.",
        &counts.commits,
    );
    text.times("sse_history_fsync_seconds", "How long the disk took to synchronise.", &counts.synchronised);
    for (name, help, value) in [
        ("sse_history_committed_events_total", "Events that were committed.", counts.committed),
        (
            "sse_history_outages_total",
            "How often the disk was full, and events went to those who listen only.",
            counts.outages,
        ),
        ("sse_history_recoveries_total", "How often there was room again after that.", counts.recoveries),
    ] {
        text.sample(name, "", ("counter", help), value);
    }
    text.gauge("sse_history_last_batch_events", "Events of the last commit.", counts.last_batch);
    text.gauge("sse_history_waiting", "Events and changes of topics that wait for the disk.", counts.waiting);
    text.gauge("sse_history_waiting_bytes", "Bytes that wait for the disk.", counts.waiting_bytes);
    text.gauge_seconds(
        "sse_history_waiting_seconds",
        "How long the oldest of them has been waiting.",
        counts.waiting_for,
    );
    for (name, help, longest) in [
        (
            "sse_history_commit_longest_seconds",
            "The longest commit since the server started.",
            counts.commits.longest,
        ),
        (
            "sse_history_fsync_longest_seconds",
            "The longest fsync since the server started.",
            counts.synchronised.longest,
        ),
    ] {
        text.gauge_seconds(name, help, longest);
    }
}

fn of_connections(text: &mut Text, counts: &ServeCounts) {
    text.gauge("sse_connections", "Connections that are open now.", counts.connections);
    text.gauge(
        "sse_shard_streams",
        "Streams that the shards hold now; not those over TLS or HTTP/2.",
        counts.sharded,
    );
    text.gauge("sse_shard_groups", "Groups of streams that are written to as one.", counts.groups);
    for (name, help, value) in [
        ("sse_connections_accepted_total", "Connections that were accepted.", counts.accepted),
        ("sse_connections_refused_total", "Connections that were refused by a cap.", counts.refused),
        (
            "sse_connections_cut_total",
            "Connections, and streams over HTTP/2, whose client took nothing for too long.",
            counts.cut,
        ),
        ("sse_connections_expired_total", "Streams that were ended at their maximum age.", counts.expired),
        ("sse_shard_deliveries_total", "Events that shards wrote, once for each stream.", counts.deliveries),
        ("sse_shard_bytes_total", "Bytes that shards wrote.", counts.bytes),
        (
            "sse_shard_blocked_total",
            "How often a stream did not take all that was there for it.",
            counts.blocked,
        ),
        (
            "sse_shard_panics_total",
            "How often a shard panicked, which cut its streams. Should be zero.",
            counts.panics,
        ),
    ] {
        text.sample(name, "", ("counter", help), value);
    }
}

/// The text so far.
#[derive(Debug, Default)]
struct Text(String);

impl Text {
    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.sample(name, "", ("gauge", help), value);
    }

    fn gauge_seconds(&mut self, name: &str, help: &str, value: Duration) {
        self.sample(name, "", ("gauge", help), value.as_secs_f64());
    }

    fn times(&mut self, name: &str, help: &str, times: &Times) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} histogram");
        for (bound, within) in Times::BOUNDS.iter().zip(times.within) {
            let _ = writeln!(self.0, "{name}_bucket{{le=\"{}\"}} {within}", bound.as_secs_f64());
        }
        let Times { count, total, .. } = times;
        let _ = writeln!(self.0, "{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(self.0, "{name}_sum {}\n{name}_count {count}", total.as_secs_f64());
    }

    /// Samples of one name must follow each other; the first brings the help.
    fn sample(&mut self, name: &str, labels: &str, (kind, help): (&str, &str), value: impl Display) {
        if !self.0.contains(&format!("# TYPE {name} ")) {
            // Writing to a `String` cannot fail.
            let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        }
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}
