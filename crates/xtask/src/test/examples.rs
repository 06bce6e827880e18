//! The examples, each built as its README says and tested in a browser: most of them by Playwright against a server of
//! their own.
//!
//! A new example gets a row in [`EXAMPLES`] that says how it is built, and `<folder>.spec.mjs` in `tests/e2e/examples`
//! and, for the other engines, in `tests/e2e/engines`.

use std::fs;

use anyhow::{Context, Result, bail};

use super::beside::Beside;
use super::engine::Engine;
use super::playwright::{Report, Tested};
use super::{Count, browser, playwright};
use crate::cargo;
use crate::example::ssr_axum;
use crate::page;
use crate::process::Cmd;
use crate::repo::Repo;
use crate::setup::WASM;

/// Where they are.
const FOLDER: &str = "examples";

/// A folder of examples/, and what builds it.
#[derive(Debug)]
struct Example {
    folder: &'static str,
    build: Build,
}

/// How an example is built.
#[derive(Debug, Clone, Copy)]
enum Build {
    /// A page that trunk builds. Without optimisation, which takes most of the time and is what the suite e2e looks at;
    /// and not into the folder of the example, where somebody may be looking at it.
    TrunkPage,
    /// A server that brings its page.
    Server,
    /// A server that renders its page, and the program with which the page goes on.
    RenderedPage,
}

impl Build {
    /// What cargo builds for the example in this folder.
    fn by_cargo(self, repo: &Repo, folder: &str) -> Vec<Cmd> {
        match self {
            Self::TrunkPage => {
                let target = format!("--target={WASM}");
                vec![repo.cmd("cargo").args(["build", &target, "--package", folder])]
            }
            Self::Server => vec![repo.cmd("cargo").args(["build", "-p", folder])],
            Self::RenderedPage => ssr_axum::by_cargo(repo).to_vec(),
        }
    }

    /// Builds the example, and returns what its tests must know besides, as environment variables.
    fn run(self, repo: &Repo, folder: &str) -> Result<Tested> {
        match self {
            Self::TrunkPage => {
                // First without trunk, which is kept off the network: see `page::build`.
                for cargo in self.by_cargo(repo, folder) {
                    cargo.run()?;
                }
                let dist = repo.work(FOLDER).join(folder);
                let trunk = page::trunk(repo, &["build", "--offline", "--dist"]).arg(dist);
                trunk.folder(repo.path(FOLDER).join(folder)).run()?;
                Ok(Vec::new())
            }
            Self::Server => {
                let server = cargo::build_program(repo.cmd("cargo").arg("build"), folder)?;
                Ok(vec![("AXUM_HUB_BIN", server.into())])
            }
            Self::RenderedPage => {
                let built = ssr_axum::build(repo)?;
                let site = built.site.into_os_string();
                Ok(vec![("SSR_AXUM_BIN", built.server.into()), ("SSR_AXUM_SITE", site)])
            }
        }
    }
}

/// The one that is about tests, and brings its own.
const TESTING: &str = "testing";

const EXAMPLES: [Example; 6] = [
    Example { folder: "axum-hub", build: Build::Server },
    Example { folder: "embed", build: Build::TrunkPage },
    Example { folder: "one-signal", build: Build::TrunkPage },
    Example { folder: "openai-tokens", build: Build::TrunkPage },
    Example { folder: "plain-wasm", build: Build::TrunkPage },
    Example { folder: "ssr-axum", build: Build::RenderedPage },
];

pub(super) fn run(repo: &Repo, beside: &mut Beside) -> Result<Count> {
    let mut count = testing(repo, Engine::Chrome, beside)?;
    beside.pause();
    let tested = build(repo)?;
    beside.go_on();
    let report = playwright::run(repo, Engine::Chrome, "examples.config.mjs", tested)?;
    expect_each(repo, &report)?;
    count += report.count;
    Ok(count)
}

/// Runs the tests of the one that is about tests.
pub(super) fn testing(repo: &Repo, engine: Engine, beside: &mut Beside) -> Result<Count> {
    browser::wasm_pack(repo, &testing_folder(), engine, beside)
}

/// Builds those that bring no tests of their own.
pub(super) fn build(repo: &Repo) -> Result<Tested> {
    let mut tested = vec![("EXAMPLES_DIR", repo.work(FOLDER).into_os_string())];
    for example in &EXAMPLES {
        let built = example.build.run(repo, example.folder);
        tested.extend(built.with_context(|| format!("{FOLDER}/{} was not built", example.folder))?);
    }
    Ok(tested)
}

/// Fails when none failed and an example is left out.
pub(super) fn expect_each(repo: &Repo, report: &Report) -> Result<()> {
    if report.count.failed == 0 {
        for folder in folders(repo)? {
            if folder != TESTING && !report.files.contains(&format!("{folder}.spec.mjs")) {
                bail!("no test of {FOLDER}/{folder} ran");
            }
        }
    }
    Ok(())
}

/// What can be built before: all that cargo does.
pub(super) fn builds(repo: &Repo) -> Vec<Cmd> {
    let mut builds = vec![browser::build_tests(repo, &testing_folder())];
    builds.extend(builds_of_pages(repo));
    builds
}

/// The same without those that bring tests of their own.
pub(super) fn builds_of_pages(repo: &Repo) -> impl Iterator<Item = Cmd> {
    EXAMPLES.iter().flat_map(|Example { folder, build }| build.by_cargo(repo, folder))
}

fn testing_folder() -> String {
    format!("{FOLDER}/{TESTING}")
}

/// Every folder in examples/, whether or not it is in the table.
fn folders(repo: &Repo) -> Result<Vec<String>> {
    let path = repo.path(FOLDER);
    let entries = fs::read_dir(&path).with_context(|| format!("could not read {}", path.display()))?;
    let folder = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        entry.path().is_dir().then(|| entry.file_name().to_string_lossy().into_owned())
    };
    Ok(entries.filter_map(folder).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_has_a_row_a_readme_and_a_spec() {
        let repo = Repo::of_tests();
        let mut found = folders(&repo).expect("there are examples");
        found.sort();
        assert!(found.iter().all(|folder| repo.path(FOLDER).join(folder).join("README.md").is_file()));
        found.retain(|folder| folder != TESTING);
        assert_eq!(found, EXAMPLES.map(|example| example.folder.to_owned()));
        for folder in found {
            for suite in ["examples", "engines"] {
                let spec = repo.path(&format!("tests/e2e/{suite}/{folder}.spec.mjs"));
                assert!(spec.is_file(), "{}", spec.display());
            }
        }
    }
}
