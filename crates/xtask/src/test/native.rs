//! `cargo test` on this machine.

use anyhow::Result;

use super::Count;
use super::browser::package;
use crate::repo::Repo;

pub(super) fn run(repo: &Repo) -> Result<Count> {
    let mut count = Count::default();
    let status = repo
        .cmd("cargo")
        // All programs run even when one fails: one run should tell everything that is wrong.
        .args(["test", "--workspace", "--no-fail-fast", "--exclude", &package(repo)?])
        .tee(|line| count += Count::from_result_line(line).unwrap_or_default())?;
    Ok(count.with_exit(status.success()))
}
