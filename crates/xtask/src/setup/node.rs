//! npm packages, installed when they do not match the lock file.

use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use super::{Missing, Remedy};
use crate::process::Cmd;
use crate::repo::Repo;

/// The packages of the page.
pub(crate) const FRONTEND: &str = "frontend";
/// The packages of the end-to-end tests.
pub(crate) const E2E: &str = "tests/e2e";
/// The packages that the benchmarks compare with.
pub(crate) const BENCHES: &str = "benches";

/// The oldest Node that Playwright supports.
const OLDEST_NODE: u32 = 20;

/// `cargo xtask node-modules`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A folder with a package.json and a package-lock.json
    #[arg(default_value = FRONTEND)]
    folder: String,
}

/// `cargo xtask node-modules`
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<()> {
    match missing(repo, &options.folder)? {
        None => Ok(()),
        Some(Missing { remedy: Remedy::Run(commands), .. }) => commands.iter().try_for_each(Cmd::run),
        Some(Missing { remedy: Remedy::ByHand(how), .. }) => anyhow::bail!(how),
    }
}

pub(super) fn missing(repo: &Repo, folder: &str) -> Result<Option<Missing>> {
    if installed(&repo.path(folder))? {
        return Ok(None);
    }
    let remedy = match node_problem(repo) {
        Some(problem) => Remedy::ByHand(problem),
        None => Remedy::Run(vec![
            repo.cmd("npm")
                // Also where the environment says that this is production: all of it is for development.
                .args(["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"])
                // The browser is the system's, so that one browser serves all suites.
                .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
                .folder(repo.path(folder)),
        ]),
    };
    Ok(Some(Missing { what: format!("the npm packages of {folder}"), takes: "about 10 s", remedy }))
}

/// What is wrong with the machine's Node, if anything is.
fn node_problem(repo: &Repo) -> Option<String> {
    let how = format!(
        "Install Node.js {OLDEST_NODE} or newer, with npm, from https://nodejs.org/en/download\n\
         or with a version manager: nvm install --lts"
    );
    let Some(printed) = repo.cmd("node").arg("--version").ask() else {
        return Some(format!("Node.js was not found.\n{how}"));
    };
    if node_major(&printed).is_none_or(|major| major < OLDEST_NODE) {
        return Some(format!("Node.js {} is too old.\n{how}", printed.trim()));
    }
    if repo.which("npm").is_none() {
        return Some(format!("Node.js is here, but npm was not found.\n{how}"));
    }
    None
}

fn node_major(printed: &str) -> Option<u32> {
    printed.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// npm writes what it installed to a second lock file at the very end, so an interrupted installation has none.
fn installed(folder: &Path) -> Result<bool> {
    let path = folder.join("package-lock.json");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let wanted = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    let Ok(text) = std::fs::read_to_string(folder.join("node_modules/.package-lock.json")) else {
        return Ok(false);
    };
    Ok(serde_json::from_str(&text).is_ok_and(|present| matches(&wanted, &present)))
}

/// Whether every package of the lock file is there in its version. Optional packages of other systems are not.
fn matches(wanted: &Value, present: &Value) -> bool {
    let Some(packages) = wanted["packages"].as_object() else {
        return false;
    };
    packages.iter().filter(|(path, package)| !path.is_empty() && package["optional"] != true).all(
        |(path, package)| {
            let present = &present["packages"][path.as_str()];
            present["version"] == package["version"] && present["integrity"] == package["integrity"]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_major_version_of_node_is_read() {
        assert_eq!(node_major("v20.20.2\n"), Some(20));
        assert_eq!(node_major("20"), None);
    }

    #[test]
    fn packages_match_when_each_has_the_locked_version() {
        let wanted = json!({ "packages": {
            "": { "name": "root" },
            "node_modules/a": { "version": "1.0.0", "integrity": "x" },
            "node_modules/only-on-mac": { "version": "1.0.0", "optional": true },
        }});
        let present = json!({ "packages": { "node_modules/a": { "version": "1.0.0", "integrity": "x" } } });
        assert!(matches(&wanted, &present));
        let other = json!({ "packages": { "node_modules/a": { "version": "1.0.1", "integrity": "y" } } });
        assert!(!matches(&wanted, &other));
        assert!(!matches(&wanted, &json!({ "packages": {} })));
    }

    #[test]
    fn our_lock_files_name_no_registry() {
        let repo = Repo::find().expect("the tests run in the repository");
        for folder in [FRONTEND, E2E, BENCHES] {
            let lock =
                std::fs::read_to_string(repo.path(folder).join("package-lock.json")).expect("is in git");
            let foreign =
                lock.lines().find(|line| line.contains("\"resolved\"") && !line.contains("npmjs.org"));
            assert_eq!(foreign, None, "{folder}");
        }
    }
}
