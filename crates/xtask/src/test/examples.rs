//! The examples, each built as its README says and tested in a browser against its own server.
//!
//! A new example gets a row in [`EXAMPLES`] that says how it is built, and `tests/e2e/examples/<folder>.spec.mjs`.

use std::ffi::OsString;
use std::fs;

use anyhow::{Context, Result, bail};

use super::{Count, playwright};
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

const EXAMPLES: [Example; 4] = [
    Example { folder: "embed", build: trunk_page },
    Example { folder: "one-signal", build: trunk_page },
    Example { folder: "openai-tokens", build: trunk_page },
    Example { folder: "plain-wasm", build: trunk_page },
];

pub(super) fn run(repo: &Repo) -> Result<Count> {
    let mut env = vec![("EXAMPLES_DIR", repo.work(FOLDER).into_os_string())];
    for example in &EXAMPLES {
        let built = (example.build)(repo, example.folder);
        env.extend(built.with_context(|| format!("{FOLDER}/{} was not built", example.folder))?);
    }
    let report = playwright::run(repo, "examples.config.mjs", env)?;
    if report.count.failed == 0 {
        for folder in folders(repo)? {
            if !report.files.contains(&format!("{folder}.spec.mjs")) {
                bail!("no test of {FOLDER}/{folder} ran");
            }
        }
    }
    Ok(report.count)
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
        assert_eq!(found, EXAMPLES.map(|example| example.folder.to_owned()));
        for folder in found {
            assert!(repo.path(FOLDER).join(&folder).join("README.md").is_file(), "{folder}");
            assert!(repo.path(&format!("tests/e2e/examples/{folder}.spec.mjs")).is_file(), "{folder}");
        }
    }
}
