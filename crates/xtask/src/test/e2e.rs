//! Playwright against the page that users get and the server that serves it.

use anyhow::Result;

use super::beside::Beside;
use super::engine::Engine;
use super::playwright::Tested;
use super::{Count, playwright};
use crate::process::Cmd;
use crate::repo::Repo;
use crate::{page, serve};

pub(super) fn run(repo: &Repo, beside: &mut Beside) -> Result<Count> {
    let tested = build(repo)?;
    beside.go_on();
    Ok(playwright::run(repo, Engine::Chrome, "playwright.config.mjs", tested)?.count)
}

/// Builds the page and the server.
pub(super) fn build(repo: &Repo) -> Result<Tested> {
    let server = serve::build(repo)?;
    Ok(vec![("SERVER_BIN", server.into()), ("DIST_DIR", page::dist(repo).into())])
}

/// What can be built before: all that cargo does.
pub(super) fn builds(repo: &Repo) -> Vec<Cmd> {
    vec![serve::build_server(repo).args(["-p", serve::SERVER]), page::cargo_build(repo)]
}
