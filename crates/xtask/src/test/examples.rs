//! The examples, each built as its README says and tested in a browser: most of them by Playwright against a server of
//! their own.
//!
//! A new example gets a row in [`EXAMPLES`] that says how it is built, and `tests/e2e/examples/<folder>.spec.mjs`.

use std::ffi::OsString;
use std::fs;

use anyhow::{Context, Result, bail};

use super::engine::Engine;
use super::{Count, browser, playwright};
use crate::cargo;
use crate::example::ssr_axum;
use crate::page;
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

/// Builds the example in this folder, and returns what its tests must know besides, as environment variables.
type Build = fn(&Repo, &str) -> Result<Vec<(&'static str, OsString)>>;

/// The one that is about tests, and brings its own.
const TESTING: &str = "testing";

const EXAMPLES: [Example; 6] = [
    Example { folder: "axum-hub", build: server_of_its_own },
    Example { folder: "embed", build: trunk_page },
    Example { folder: "one-signal", build: trunk_page },
    Example { folder: "openai-tokens", build: trunk_page },
    Example { folder: "plain-wasm", build: trunk_page },
    Example { folder: "ssr-axum", build: rendered_page },
];

pub(super) fn run(repo: &Repo) -> Result<Count> {
    let mut count = browser::wasm_pack(repo, &format!("{FOLDER}/{TESTING}"), Engine::Chrome)?;
    let mut env = vec![("EXAMPLES_DIR", repo.work(FOLDER).into_os_string())];
    for example in &EXAMPLES {
        let built = (example.build)(repo, example.folder);
        env.extend(built.with_context(|| format!("{FOLDER}/{} was not built", example.folder))?);
    }
    let report = playwright::run(repo, "examples.config.mjs", env)?;
    if report.count.failed == 0 {
        for folder in folders(repo)? {
            if folder != TESTING && !report.files.contains(&format!("{folder}.spec.mjs")) {
                bail!("no test of {FOLDER}/{folder} ran");
            }
        }
    }
    count += report.count;
    Ok(count)
}

/// A page that trunk builds. Without optimisation, which takes most of the time and is what the suite e2e looks at; and
/// not into the folder of the example, where somebody may be looking at it.
fn trunk_page(repo: &Repo, folder: &str) -> Result<Vec<(&'static str, OsString)>> {
    let path = repo.path(FOLDER).join(folder);
    let target = format!("--target={WASM}");
    // First without trunk, which is kept off the network: see `page::build`.
    repo.cmd("cargo").args(["build", &target, "--package", folder]).run()?;
    let dist = repo.work(FOLDER).join(folder);
    page::trunk(repo, &["build", "--offline", "--dist"]).arg(dist).folder(path).run()?;
    Ok(Vec::new())
}

/// A server that brings its page.
fn server_of_its_own(repo: &Repo, folder: &str) -> Result<Vec<(&'static str, OsString)>> {
    let server = cargo::build_program(repo.cmd("cargo").arg("build"), folder)?;
    Ok(vec![("AXUM_HUB_BIN", server.into())])
}

/// A server that renders its page, and the program with which the page goes on.
fn rendered_page(repo: &Repo, _folder: &str) -> Result<Vec<(&'static str, OsString)>> {
    let built = ssr_axum::build(repo)?;
    Ok(vec![("SSR_AXUM_BIN", built.server.into()), ("SSR_AXUM_SITE", built.site.into_os_string())])
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
        let repo = Repo::find().expect("the tests run in the repository");
        let mut found = folders(&repo).expect("there are examples");
        found.sort();
        assert!(found.iter().all(|folder| repo.path(FOLDER).join(folder).join("README.md").is_file()));
        found.retain(|folder| folder != TESTING);
        assert_eq!(found, EXAMPLES.map(|example| example.folder.to_owned()));
        for folder in found {
            assert!(repo.path(&format!("tests/e2e/examples/{folder}.spec.mjs")).is_file(), "{folder}");
        }
    }
}
