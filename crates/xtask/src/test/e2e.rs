//! Playwright against the page that users get and the server that serves it.

use anyhow::Result;

use super::beside::Beside;
use super::{Count, playwright};
use crate::process::Cmd;
use crate::repo::Repo;
use crate::{page, serve};

pub(super) fn run(repo: &Repo, beside: &mut Beside) -> Result<Count> {
    let server = serve::build(repo)?;
    let env = vec![("SERVER_BIN", server.into()), ("DIST_DIR", page::dist(repo).into())];
    beside.go_on();
    Ok(playwright::run(repo, "playwright.config.mjs", env)?.count)
}

/// What can be built before: all that cargo does.
pub(super) fn builds(repo: &Repo) -> Vec<Cmd> {
    vec![serve::build_server(repo).args(["-p", serve::SERVER]), page::cargo_build(repo)]
}
