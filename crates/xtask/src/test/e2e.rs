//! Playwright against the page that users get and the server that serves it.

use anyhow::{Context, Result};

use super::Count;
use crate::repo::Repo;
use crate::setup::{browser, node};
use crate::{page, serve};

pub(super) fn run(repo: &Repo) -> Result<Count> {
    let browser = browser::find(repo)?;
    let server = serve::build(repo)?;
    let report = repo.work_file("playwright.json")?;
    // A report of an earlier run must not be taken for this one's.
    let _ = std::fs::remove_file(&report);
    let folder = repo.path(node::E2E);
    let playwright = folder.join("node_modules/.bin/playwright");
    let result = repo
        .cmd(&playwright.to_string_lossy())
        .args(["test", "--reporter=list,json"])
        .env("SERVER_BIN", server)
        .env("DIST_DIR", page::dist(repo))
        .env("CHROMIUM", browser.chromium)
        .env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report)
        .folder(folder)
        .run();
    let text = match (std::fs::read_to_string(&report), &result) {
        (Ok(text), _) => text,
        // It did not come as far as a report; why not is the better message.
        (Err(_), Err(_)) => return result.map(|()| Count::default()),
        (Err(error), Ok(())) => {
            return Err(error).with_context(|| format!("Playwright wrote no report to {}", report.display()));
        }
    };
    Ok(Count::from_playwright(&text)?.with_exit(result.is_ok()))
}
