//! A headless Chromium that nobody drives: a debugger or a driver that listens makes the browser's `EventSource` ten
//! times slower.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A browser on one page. It ends when this is dropped.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    /// Removed with the browser.
    _profile: TempDir,
}

/// Headless, without the sandbox that root cannot have, and without anything that runs by itself. The collector is
/// called between two measurements, and heaps are told to the byte.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--enable-precise-memory-info",
    "--js-flags=--expose-gc",
];

impl Browser {
    /// Opens a page.
    ///
    /// # Errors
    /// If the program does not start.
    pub fn start(program: &Path, url: &str) -> Result<Self> {
        let profile = tempfile::tempdir().context("could not make a folder for the browser")?;
        let child = Command::new(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(url)
            // What it says is about services that are not there.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start {}", program.display()))?;
        Ok(Self { child, _profile: profile })
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until it ends by itself, which it should not.
    pub async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => format!("the browser ended ({status})"),
            Err(error) => format!("lost track of the browser: {error}"),
        }
    }

    /// Ends it, and waits until it has ended, so that its folder can be removed.
    pub async fn end(mut self) {
        let _ = self.child.kill().await;
    }
}

/// Nanoseconds for which the main threads of a browser's pages have run until now. `None` where the system does not
/// tell it in this way, which is Linux's.
///
/// It is the processor's time of the thread on which a page runs its scripts, lays out and draws: whatever else the
/// machine does meanwhile does not count, and neither does what the browser does on other threads.
#[must_use]
pub fn main_thread_nanos(browser: u32) -> Option<u64> {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        if let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
            && let Some(parent) = parent(id)
        {
            parents.insert(id, parent);
        }
    }
    let descends = |mut id: u32| {
        while let Some(&parent) = parents.get(&id) {
            if parent == browser {
                return true;
            }
            id = parent;
        }
        false
    };
    let pages = parents.keys().filter(|id| is_renderer(**id) && descends(**id));
    let nanos: Vec<u64> = pages.filter_map(|id| running_nanos(*id)).collect();
    (!nanos.is_empty()).then(|| nanos.iter().sum())
}

/// The fourth field, behind a name in parentheses that may hold anything.
fn parent(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn is_renderer(id: u32) -> bool {
    // Chromium writes the title of a child with spaces, the system with NUL, in between.
    fs::read(format!("/proc/{id}/cmdline"))
        .is_ok_and(|line| String::from_utf8_lossy(&line).contains("--type=renderer"))
}

/// A process's main thread has the process's id.
fn running_nanos(id: u32) -> Option<u64> {
    let schedstat = fs::read_to_string(format!("/proc/{id}/task/{id}/schedstat")).ok()?;
    schedstat.split_whitespace().next()?.parse().ok()
}
