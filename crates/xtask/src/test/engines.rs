//! What needs several tabs, and the examples, in the engines that Playwright does not drive: their own drivers do.

use anyhow::Result;

use super::beside::Beside;
use super::engine::Engine;
use super::{Count, e2e, examples, playwright};
use crate::process::Cmd;
use crate::repo::Repo;

pub(super) fn run(repo: &Repo, engine: Engine, beside: &mut Beside) -> Result<Count> {
    let mut count = examples::testing(repo, engine, beside)?;
    beside.pause();
    let mut tested = e2e::build(repo)?;
    tested.extend(examples::build(repo)?);
    beside.go_on();
    let report = playwright::run(repo, engine, "engines.config.mjs", tested)?;
    examples::expect_each(repo, &report)?;
    count += report.count;
    Ok(count)
}

/// What can be built before: all that cargo does.
pub(super) fn builds(repo: &Repo) -> Vec<Cmd> {
    e2e::builds(repo).into_iter().chain(examples::builds_of_pages(repo)).collect()
}
