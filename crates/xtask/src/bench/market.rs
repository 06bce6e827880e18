//! `cargo xtask bench market`: builds the pages and hands over to the program in benches/browser/harness.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::pages::{self, Package};
use super::{BENCHES, Output};
use crate::repo::Repo;
use crate::setup::{self, Need, browser};

const PAGE: Package = Package { manifest: BENCHES, name: "market-page" };
const INDEX: &str = "benches/market/index.html";

/// `cargo xtask bench market`
pub(super) fn run(repo: &Repo, options: &[String]) -> Result<ExitCode> {
    let harness = super::harness(repo, "market");
    if super::wants_help(options) {
        return harness.arg("--help").exec();
    }
    setup::ensure(repo, &[&pages::NEEDS[..], &[Need::Browser]].concat())?;
    let output = Output::of(options);
    let site = pages::folder(repo, "market")?;
    let [leptos, react, vanilla] = ["leptos", "react", "vanilla"].map(|name| site.join(name));
    for folder in [&leptos, &react, &vanilla] {
        fs::create_dir(folder).with_context(|| format!("could not create {}", folder.display()))?;
        pages::index(repo, INDEX, folder)?;
    }
    let glue = pages::wasm(repo, PAGE, &leptos, output)?;
    pages::script(repo, "benches/market/leptos.mjs", &[("leptos-page", &glue)], &leptos, output)?;
    pages::script(repo, "benches/market/react.jsx", &[], &react, output)?;
    pages::script(repo, "benches/market/vanilla.mjs", &[], &vanilla, output)?;
    let chromium = browser::find(repo)?.chromium;
    let harness = harness.arg("--chromium").arg(chromium).arg("--site").arg(site).args(options);
    super::hand_over(harness, output)
}
