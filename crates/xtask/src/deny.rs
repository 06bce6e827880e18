//! `cargo xtask deny`: what is to be said of the crates that we build on. What may be is in `deny.toml`.

use std::time::Duration;

use anyhow::Result;

use crate::process::Cmd;
use crate::repo::Repo;
use crate::setup::{self, Need};

/// Where the known holes are collected.
const ADVISORIES: &str = "https://github.com/RustSec/advisory-db";

/// Licences, second versions and sources: all that `Cargo.lock` and the crates themselves tell.
pub(crate) fn without_advisories(repo: &Repo) -> Cmd {
    repo.cmd("cargo").args(["deny", "--locked", "check", "licenses", "bans", "sources"])
}

/// All of it, or as much as this machine reaches.
pub(crate) fn run(repo: &Repo) -> Result<()> {
    setup::ensure(repo, &[Need::CargoDeny])?;
    without_advisories(repo).run()?;
    // The database is a repository of its own, and not every machine that reaches the registry reaches it.
    let fetch = repo.cmd("cargo").args(["deny", "fetch", "db"]).limit(Duration::from_secs(600));
    if fetch.ask().is_err() {
        println!("advisories were NOT checked: {ADVISORIES} cannot be reached from here");
        return Ok(());
    }
    repo.cmd("cargo").args(["deny", "--locked", "check", "advisories"]).run()
}
