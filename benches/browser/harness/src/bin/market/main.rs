//! `cargo xtask bench market`: what a page costs that shows 10,000 ticks a second in a table, with leptos-eventsource, in
//! React, and with nothing at all, which is what any such page has to pay.
//!
//! Each page runs in a browser of its own, one after another, on the same ticks from this server. It tells when all of
//! them stand in its table; until then Linux counts how long its main thread runs. In the end all tables must be the same.
//! What is shown is the median of the rounds.

mod feed;
mod report;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::body::Body;
use axum::extract::{Json, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use harness::{Browser, interrupted, main_thread_nanos};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tower_http::services::ServeDir;

use feed::Feed;
use report::{Measured, Row};

/// How long a page may take to show the rest once all is sent, and to begin.
const PATIENCE: Duration = Duration::from_secs(60);

/// The pages that are compared: the name, and the address in the site.
const PAGES: [(&str, &str); 7] = [
    (report::VANILLA, "vanilla/"),
    (report::VANILLA_FETCH, "vanilla/?fetch"),
    (report::REACT, "react/"),
    (report::REACT_BY_FRAME, "react/?by-frame"),
    (report::REACT_FETCH, "react/?fetch"),
    (report::NATIVE, "leptos/?native"),
    (report::FETCH, "leptos/?fetch"),
];

/// Measure what a table of live prices costs a page's main thread, in headless Chromium without a debugger
#[derive(Debug, Parser)]
#[command(disable_version_flag = true, override_usage = "cargo xtask bench market [OPTIONS]")]
struct Options {
    /// Print nothing but the line of JSON
    #[arg(long)]
    json: bool,

    /// How many ticks a page is sent
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = clap::value_parser!(u32).range(10_000..))]
    events: u32,

    /// How many of them a second
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u32).range(100..))]
    rate: u32,

    /// How many rounds, in which the pages take turns
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Only this page, or these
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(PAGES.map(|(name, _)| name)))]
    page: Vec<String>,

    /// The browser
    #[arg(long, hide = true)]
    chromium: PathBuf,

    /// The folder of the pages
    #[arg(long, hide = true)]
    site: PathBuf,
}

/// What a page tells when it is done.
#[derive(Debug, Deserialize)]
struct Told {
    /// How many ticks stand in its table.
    shown: u32,
    /// What each row of it shows.
    table: Vec<String>,
    /// How often a second it was drawn; `None` if all came between two looks.
    frames: Option<f64>,
    /// How long each task took that took 50 ms or more, in milliseconds.
    long_tasks: Vec<f64>,
    /// The bytes in use after a quarter of the ticks, a half, and so on, of JavaScript and of WebAssembly.
    heaps: Vec<f64>,
}

/// The state of the routes.
#[derive(Debug)]
struct Served {
    feed: Feed,
    /// The process of the browser; 0 before it has started.
    browser: AtomicU32,
    /// How long its main thread had run when the feed began, in nanoseconds.
    began_at: OnceLock<Option<u64>>,
    told: mpsc::UnboundedSender<Told>,
}

impl Served {
    fn main_thread_nanos(&self) -> Option<u64> {
        main_thread_nanos(self.browser.load(Ordering::Relaxed))
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let options = Options::parse();
    let rows = tokio::select! {
        rows = measure(&options) => rows?,
        // The browser ends with what is dropped here.
        _ = interrupted() => bail!("interrupted"),
    };
    if !options.json {
        report::print(&rows, options.rate);
    }
    println!("{}", report::json(&rows));
    Ok(())
}

async fn measure(options: &Options) -> Result<Vec<Row>> {
    let wanted = |name: &str| options.page.is_empty() || options.page.iter().any(|page| page == name);
    let pages: Vec<_> = PAGES.into_iter().filter(|(name, _)| wanted(name)).collect();
    let mut rows: Vec<_> = pages.iter().map(|&(name, _)| Row { name, rounds: Vec::new() }).collect();
    let mut first = None;
    for round in 0..options.rounds as usize {
        for turn in 0..pages.len() {
            // Another one goes first in each round.
            let at = (turn + round) % pages.len();
            let (name, address) = pages[at];
            if !options.json {
                eprintln!("round {}, {name}: {} s", round + 1, options.events / options.rate);
            }
            let measured = page(options, address).await;
            let measured = measured.with_context(|| format!("{name} was not measured"))?;
            let (other, table) = first.get_or_insert_with(|| (name, measured.table.clone()));
            ensure!(measured.table == *table, "{name} shows {:#?}, and {other} {table:#?}", measured.table);
            rows[at].rounds.push(measured);
        }
    }
    Ok(rows)
}

async fn page(options: &Options, address: &str) -> Result<Measured> {
    let (told, mut tells) = mpsc::unbounded_channel();
    let feed = Feed { events: options.events, rate: options.rate };
    let served = Arc::new(Served { feed, browser: AtomicU32::new(0), began_at: OnceLock::new(), told });
    let listener = TcpListener::bind("127.0.0.1:0").await.context("could not listen")?;
    let url = format!("http://{}/{address}", listener.local_addr()?);
    let routes = routes(served.clone(), options);
    // Ends with the program, and has nothing to do once its page is gone.
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let mut browser = Browser::start(&options.chromium, &url)?;
    served.browser.store(browser.id().unwrap_or_default(), Ordering::Relaxed);
    let sending = Duration::from_secs(u64::from(options.events / options.rate));
    let told = tokio::select! {
        told = timeout(sending + PATIENCE, tells.recv()) => told,
        why = browser.ended() => bail!(why),
    };
    let ended_at = served.main_thread_nanos();
    browser.end().await;
    let told = told.ok().flatten().context("the page has not told that it shows all")?;
    let Told { shown, table, frames, long_tasks, heaps } = told;
    ensure!(shown == options.events, "the table shows {shown} ticks, and {} were sent", options.events);
    let began_at = served.began_at.get().copied().flatten();
    let cpu_nanos = ended_at.zip(began_at).map(|(ended, began)| ended.saturating_sub(began));
    Ok(Measured { events: options.events, table, frames, cpu_nanos, long_tasks, heaps })
}

fn routes(served: Arc<Served>, options: &Options) -> Router {
    Router::new()
        .route("/events", get(async |State(served): State<Arc<Served>>| Json(served.feed.events)))
        .route("/market", get(async |State(served): State<Arc<Served>>| market(served)))
        .route(
            "/done",
            post(async |State(served): State<Arc<Served>>, Json(told): Json<Told>| {
                // Nobody listens any more if it comes too late.
                let _ = served.told.send(told);
            }),
        )
        .fallback_service(ServeDir::new(&options.site))
        .with_state(served)
}

fn market(served: Arc<Served>) -> Response {
    let begin = {
        let served = served.clone();
        move || {
            let _ = served.began_at.set(served.main_thread_nanos());
        }
    };
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(served.feed.stream(begin))).into_response()
}
