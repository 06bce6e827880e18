//! The examples that need more than `trunk serve`: built, and served.

pub(crate) mod ssr_axum;

use std::env;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::repo::Repo;
use crate::server;
use crate::setup::{self, Need};

/// `cargo xtask example`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which one
    #[arg(value_enum)]
    name: Name,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// Rendered by axum, live in the browser
    SsrAxum,
}

/// The variable that says where it listens, and where it does when nobody says so.
const ADDRESS: &str = "LEPTOS_SITE_ADDR";
const USUAL: &str = "127.0.0.1:3000";

/// What helps when it cannot listen there.
const ANOTHER_ADDRESS: &str =
    "Choose another address: LEPTOS_SITE_ADDR=127.0.0.1:3001 cargo xtask example ssr-axum";

/// Builds the example and becomes its server.
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let Name::SsrAxum = options.name;
    let address = env::var(ADDRESS).unwrap_or_else(|_| USUAL.to_owned());
    server::check_free(server::parse(&address, ADDRESS)?, ANOTHER_ADDRESS)?;
    setup::ensure(repo, &[Need::WasmTarget, Need::WasmBindgen])?;
    let built = ssr_axum::build(repo)?;
    repo.cmd(&built.server).env(ADDRESS, address).env("LEPTOS_SITE_ROOT", built.site).exec()
}
