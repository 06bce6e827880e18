//! The examples that need more than `trunk serve`: built, and served.

pub(crate) mod ssr_axum;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::repo::Repo;
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

/// Builds the example and becomes its server.
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let Name::SsrAxum = options.name;
    setup::ensure(repo, &[Need::WasmTarget, Need::WasmBindgen])?;
    let built = ssr_axum::build(repo)?;
    repo.cmd(&built.server).env("LEPTOS_SITE_ROOT", built.site).exec()
}
