//! `cargo xtask bench browser`: how many typed events a second reach a fold in a browser, and what they cost its main
//! thread, for leptos-eventsource and for what people use today.
//!
//! The contenders take turns within one page, round by round, on the same bytes from this server. What is shown is
//! the median of the rounds; the ratios are those of contenders in the same round, and of them the median.

mod loads;
mod report;
mod serve;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use harness::{Browser, interrupted};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use report::Table;
use serve::{Measured, Plan, Served, Told};

/// How long a single measurement may take before we take it that none will come.
const PATIENCE: Duration = Duration::from_secs(180);

/// Measure typed events per second to a fold, in headless Chromium without a debugger
#[derive(Debug, Parser)]
#[command(disable_version_flag = true, override_usage = "cargo xtask bench browser [OPTIONS]")]
struct Options {
    /// Print nothing but the line of JSON
    #[arg(long)]
    json: bool,

    /// How many rounds are measured, after one that warms up
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// The browser
    #[arg(long, hide = true)]
    chromium: PathBuf,

    /// The folder of the page
    #[arg(long, hide = true)]
    site: PathBuf,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let options = Options::parse();
    let loads = vec![loads::ticks(), loads::tokens(), loads::tokens_ascii()];
    let measured = tokio::select! {
        measured = measure(&options, Plan { rounds: options.rounds, loads: loads.clone() }) => measured?,
        // The browser ends with what is dropped here.
        _ = interrupted() => bail!("interrupted"),
    };
    let tables = loads.iter().map(|load| Table::new(load, &measured)).collect::<Result<Vec<_>>>()?;
    if !options.json {
        tables.iter().for_each(Table::print);
        println!();
    }
    println!("{}", report::json(&tables));
    Ok(())
}

async fn measure(options: &Options, plan: Plan) -> Result<Vec<Measured>> {
    let (told, mut tells) = mpsc::unbounded_channel();
    let served = Arc::new(Served { plan, browser: AtomicU32::new(0), told });
    let listener = TcpListener::bind("127.0.0.1:0").await.context("could not listen")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let routes = serve::routes(served.clone(), &options.site);
    // Ends with the program.
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let mut browser = Browser::start(&options.chromium, &url)?;
    served.browser.store(browser.id().unwrap_or_default(), Ordering::Relaxed);
    let mut measured = Vec::new();
    loop {
        let told = tokio::select! {
            told = tokio::time::timeout(PATIENCE, tells.recv()) => told,
            why = browser.ended() => bail!(why),
        };
        match told {
            Ok(Some(Told::Measured(it))) => {
                if !options.json {
                    let cpu = it
                        .cpu_nanos
                        .map_or(String::new(), |nanos| format!(", main thread {:.0} ms", nanos / 1e6));
                    eprintln!(
                        "round {} {:12} {:48} {:.0} ms{cpu}",
                        it.round, it.load, it.contender, it.millis
                    );
                }
                measured.push(it);
            }
            Ok(Some(Told::Done)) => break,
            Ok(Some(Told::Failed(why))) => bail!("the page failed: {why}"),
            Ok(None) | Err(_) => bail!("the page has said nothing for {} s", PATIENCE.as_secs()),
        }
    }
    browser.end().await;
    Ok(measured)
}
