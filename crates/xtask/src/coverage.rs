//! `cargo xtask coverage`: which lines of sse-proto its own tests reach.

use anyhow::Result;

use crate::repo::Repo;
use crate::setup::{self, Need};

/// Runs the tests of sse-proto, and prints what they reached and the lines that they did not.
pub(crate) fn run(repo: &Repo) -> Result<()> {
    setup::ensure(repo, &Need::COVERAGE)?;
    repo.cmd("cargo").args(["llvm-cov", "-p", "sse-proto", "--show-missing-lines"]).run()
}
