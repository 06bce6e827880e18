//! sse-proto where there is no standard library: a WebAssembly module that imports nothing.

use anyhow::Result;

use super::{Count, LIMIT};
use crate::cargo;
use crate::repo::Repo;
use crate::setup::WASM;

/// The module: a workspace of its own, so that no other package turns on a feature of a dependency.
pub(super) const PACKAGE: &str = "crates/sse-proto/wasm/Cargo.toml";

pub(super) fn run(repo: &Repo) -> Result<Count> {
    let build = repo.cmd("cargo").args(["build", "--release", "--target", WASM, "--manifest-path", PACKAGE]);
    let module = cargo::build_module(build, "sse-proto-wasm")?;
    let mut count = Count::default();
    let status = repo
        .cmd("node")
        .arg("crates/sse-proto/wasm/check.mjs")
        .arg(module)
        .limit(LIMIT)
        .tee(|line| count += Count::from_result_line(line).unwrap_or_default())?;
    Ok(count.with_exit(status.success()))
}
