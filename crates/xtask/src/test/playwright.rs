//! Running Playwright, and reading what it reports.

use std::collections::BTreeSet;
use std::ffi::OsString;

use anyhow::{Context, Result};
use serde_json::Value;

use super::engine::Engine;
use super::{Count, LIMIT};
use crate::repo::Repo;
use crate::setup::node;

/// What ran.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) count: Count,
    /// The files with a test that ran, as paths from the folder of the tests.
    pub(super) files: BTreeSet<String>,
}

/// What the tests find in their environment: what they test.
pub(super) type Tested = Vec<(&'static str, OsString)>;

/// Runs the tests of a configuration in `tests/e2e`, in an engine of this machine.
pub(super) fn run(repo: &Repo, engine: Engine, config: &str, tested: Tested) -> Result<Report> {
    let report = repo.work_file("playwright.json")?;
    // A report of an earlier run must not be taken for this one's.
    let _ = std::fs::remove_file(&report);
    let folder = repo.path(node::E2E);
    let mut test = repo
        // Not by `.bin/playwright`, which is another thing on Windows.
        .cmd("node")
        .args(["node_modules/@playwright/test/cli.js", "test", "--reporter=list,json", "--config", config])
        .env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report)
        .folder(folder)
        // Playwright has limits of its own, in its configuration. This one is for Playwright itself.
        .limit(LIMIT);
    for (name, value) in tested {
        test = test.env(name, value);
    }
    let (test, _display) = engine.offer(repo, test)?;
    let result = test.run();
    let is_ok = result.is_ok();
    let text = std::fs::read_to_string(&report).or_else(|error| {
        // Where it did not come as far as a report, why not is the better message.
        result.and(Err(error).with_context(|| format!("Playwright wrote no report to {}", report.display())))
    })?;
    let report = serde_json::from_str(&text).context("the report of Playwright is not JSON")?;
    let count = Count::from_playwright(&report)?.with_exit(is_ok);
    Ok(Report { count, files: files_that_ran(&report) })
}

fn files_that_ran(report: &Value) -> BTreeSet<String> {
    let files = list(&report["suites"]).iter().filter(|suite| has_run(suite));
    files.filter_map(|suite| suite["file"].as_str().map(str::to_owned)).collect()
}

/// Whether a test in this suite, or in one inside of it, was not skipped.
fn has_run(suite: &Value) -> bool {
    let mut tests = list(&suite["specs"]).iter().flat_map(|spec| list(&spec["tests"]));
    tests.any(|test| test["status"] != "skipped") || list(&suite["suites"]).iter().any(has_run)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_run_when_one_of_its_tests_has() {
        let spec = |status: &str| serde_json::json!([{ "tests": [{ "status": status }] }]);
        let report = serde_json::json!({ "suites": [
            { "file": "a.spec.mjs", "specs": spec("expected") },
            { "file": "b.spec.mjs", "specs": spec("skipped") },
            { "file": "c.spec.mjs", "specs": [], "suites": [{ "specs": spec("unexpected") }] },
            { "file": "d.spec.mjs", "specs": [] },
        ]});
        let files = files_that_ran(&report);
        assert_eq!(files.into_iter().collect::<Vec<_>>(), ["a.spec.mjs", "c.spec.mjs"]);
    }
}
