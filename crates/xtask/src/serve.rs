//! The demo as a visitor gets it: the optimised page, served by the real server.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::cargo::{self, Building};
use crate::page;
use crate::process::Cmd;
use crate::repo::Repo;
use crate::server::{self, Arguments};
use crate::setup::{self, Need};

/// The package of the server.
pub(crate) const SERVER: &str = "server";

/// What helps when the server cannot listen. 8081 is trunk's, in `cargo xtask dev`.
const ANOTHER_ADDRESS: &str = "Choose another address: cargo xtask serve -- --listen 127.0.0.1:8082";

/// `cargo xtask serve`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What the server gets, for example `-- --listen 0.0.0.0:8082` (`-- --help` lists all)
    #[arg(last = true, value_name = "SERVER ARGUMENTS")]
    server: Vec<String>,
}

/// `cargo xtask serve`
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let arguments = Arguments::new(&options.server);
    let server = if arguments.only_ask() {
        start_server(repo)?.program()?
    } else {
        arguments.check_address(ANOTHER_ADDRESS)?;
        build(repo)?
    };
    arguments.command(repo, &server, &server::working_dir()?).exec()
}

/// Builds the page and the server, and returns where the server is.
pub(crate) fn build(repo: &Repo) -> Result<String> {
    setup::ensure(repo, &Need::PAGE)?;
    // Side by side, because the last minute of the page's build is a linker on one core. They share no lock: the
    // page's profile has a folder of its own. When the page cannot be built, dropping the other build ends it.
    let server = start_server(repo)?;
    page::build(repo)?;
    server.program()
}

/// Quiet, because the page's build shows its progress at the same time. Errors are shown all the same.
fn start_server(repo: &Repo) -> Result<Building> {
    println!("server: building (about 2 minutes the first time, then seconds)");
    cargo::start_program(build_server(repo), SERVER)
}

/// The command that builds the server, without its name.
pub(crate) fn build_server(repo: &Repo) -> Cmd {
    repo.cmd("cargo").args(["build", "--quiet", "--release"])
}
