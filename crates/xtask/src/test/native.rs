//! `cargo test` on this machine.

use anyhow::Result;

use super::Count;
use super::browser::package;
use super::wasm;
use crate::bench;
use crate::fuzz;
use crate::process::Cmd;
use crate::repo::Repo;

pub(super) fn run(repo: &Repo) -> Result<Count> {
    // All programs run even when one fails: one run should tell everything that is wrong.
    let ours =
        ["test", "--workspace", "--no-fail-fast", "--exclude", &package(repo)?, "--exclude", "ssr-axum"];
    let mut count = counted(&repo.cmd("cargo").args(ours))?;
    // An app in two halves, each a feature, which `--workspace` would mix.
    count += counted(&repo.cmd("cargo").args(["test", "-p", "ssr-axum", "--features", "ssr"]))?;
    // The table of the hard cases in the README of sse-proto.
    count += counted(&bench::peers(repo, "test").arg("--no-fail-fast"))?;
    // What the browser benchmark sends and how it counts.
    count += counted(&bench::benches(repo, "test").args(["--package", "harness", "--no-fail-fast"]))?;
    // How the fan-out benchmark counts, and that the servers in it send everything. It reads /proc.
    if cfg!(target_os = "linux") {
        count += counted(&bench::benches(repo, "test").args(["--package", "fanout", "--no-fail-fast"]))?;
    }
    // The fuzz targets over their seeds, and then each for a few seconds on its own.
    count += counted(&fuzz::package(repo, "test").arg("--no-fail-fast"))?;
    count += fuzz::smoke(repo)?;
    count += wasm::run(repo)?;
    Ok(count)
}

fn counted(tests: &Cmd) -> Result<Count> {
    let mut count = Count::default();
    let status = tests.tee(|line| count += Count::from_result_line(line).unwrap_or_default())?;
    Ok(count.with_exit(status.success()))
}
