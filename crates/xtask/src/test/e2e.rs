//! Playwright against the page that users get and the server that serves it.

use anyhow::Result;

use super::{Count, playwright};
use crate::repo::Repo;
use crate::{page, serve};

pub(super) fn run(repo: &Repo) -> Result<Count> {
    let server = serve::build(repo)?;
    let env = vec![("SERVER_BIN", server.into()), ("DIST_DIR", page::dist(repo).into())];
    Ok(playwright::run(repo, "playwright.config.mjs", env)?.count)
}
