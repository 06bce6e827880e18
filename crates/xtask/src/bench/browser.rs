//! `cargo xtask bench browser`: builds the page and hands over to the program in benches/browser/harness.

use std::process::ExitCode;

use anyhow::Result;

use super::pages::{self, Package};
use super::{BENCHES, Output};
use crate::repo::Repo;
use crate::setup::{self, Need, browser};

const PAGE: Package = Package { manifest: BENCHES, name: "browser-page" };

/// `cargo xtask bench browser`
pub(super) fn run(repo: &Repo, options: &[String]) -> Result<ExitCode> {
    let harness = super::harness(repo, "events");
    if super::wants_help(options) {
        return harness.arg("--help").exec();
    }
    setup::ensure(repo, &[&pages::NEEDS[..], &[Need::Browser]].concat())?;
    let output = Output::of(options);
    let folder = pages::folder(repo, "browser")?;
    let glue = pages::wasm(repo, PAGE, &folder, output)?;
    pages::script(repo, "benches/browser/main.mjs", &[("browser-page", &glue)], &folder, output)?;
    pages::index(repo, "benches/browser/index.html", &folder)?;
    let chromium = browser::find(repo)?.chromium;
    let harness = harness.arg("--chromium").arg(chromium).arg("--site").arg(folder).args(options);
    super::hand_over(harness, output)
}
