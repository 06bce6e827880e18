//! Developing: trunk with hot reload, and the server that it hands requests to.

use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

use crate::repo::Repo;
use crate::setup::{self, Need};
use crate::page;

/// `cargo xtask dev`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Open the page in the browser when it is built
    #[arg(long)]
    open: bool,

    /// What the server gets; keep it on 127.0.0.1:8080, where Trunk.toml expects it
    #[arg(last = true, value_name = "SERVER ARGUMENTS")]
    server: Vec<String>,
}

/// `cargo xtask dev`
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<()> {
    setup::ensure(repo, &Need::PAGE)?;
    // Built before trunk starts: both would wait for the same lock, and an error would drown in trunk's output.
    repo.cmd("cargo").args(["build", "-p", "server"]).run()?;
    let server =
        repo.cmd("cargo").args(["run", "--quiet", "-p", "server", "--"]).args(&options.server).spawn()?;
    // A folder of its own, so that the optimised page in dist/ stays what it is.
    let dist = repo.work_file("dev-dist/index.html")?;
    let trunk = page::trunk(repo, &["serve", "--dist", &dist.parent().unwrap_or(&dist).to_string_lossy()]);
    let trunk = if options.open { trunk.arg("--open") } else { trunk }.spawn()?;
    println!("\nThe page comes up at http://127.0.0.1:8081. Ctrl-C ends both.\n");
    loop {
        for (name, child) in [("the server", &server), ("trunk", &trunk)] {
            if let Some(status) = child.ended()? {
                bail!("{name} ended ({status}), so the other was ended too");
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
}
