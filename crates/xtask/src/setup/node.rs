//! npm packages, installed when they do not match the lock file.

use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use super::program::{Found, Wanted};
use super::system::apt_by_hand;
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
    if missing(repo, &options.folder)?.is_none() {
        return Ok(());
    }
    let _alone = super::alone(repo)?;
    let Some(Missing { why, remedy, .. }) = missing(repo, &options.folder)? else { return Ok(()) };
    match remedy {
        Remedy::Run(commands) => commands.iter().try_for_each(Cmd::run),
        Remedy::ByHand(how) => anyhow::bail!("{why}\n{how}"),
        Remedy::Apt(packages) => anyhow::bail!("{why}\n{}", apt_by_hand(packages)),
    }
}

pub(super) fn missing(repo: &Repo, folder: &str) -> Result<Option<Missing>> {
    let installed = installed(&repo.path(folder))?;
    // Also where the packages are: Node may have gone, or another may be first on the path by now.
    let node = node_problem(&Wanted::on_the_path(&["node"]).find(repo));
    // Only for what is still to be installed.
    let npm = if installed { None } else { Wanted::on_the_path(&["npm"]).path(repo).err() };
    let (what, why, remedy) = match node.or(npm) {
        Some(why) => {
            let how = format!(
                "Install Node.js {OLDEST_NODE} or newer, with npm, from https://nodejs.org/en/download\n\
                 or with a version manager: nvm install --lts"
            );
            ("Node.js".to_owned(), why, Remedy::ByHand(how))
        }
        None if installed => return Ok(None),
        None => {
            let install = repo
                .cmd("npm")
                // Also where the user's settings, or an environment for production, would leave something out or put
                // it elsewhere.
                .args(["ci", "--include=dev", "--include=optional", "--bin-links=true"])
                .args([
                    "--install-strategy=hoisted",
                    "--location=project",
                    "--global=false",
                    "--dry-run=false",
                ])
                .args(["--package-lock-only=false", "--no-audit", "--no-fund", "--loglevel=error"])
                // The browser is the system's, so that one browser serves all suites.
                .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
                .folder(repo.path(folder));
            let why = "they are not those of its package-lock.json".to_owned();
            (format!("the npm packages of {folder}"), why, Remedy::Run(vec![install]))
        }
    };
    Ok(Some(Missing { what, why, takes: "about 10 s", remedy }))
}

/// What is wrong with the machine's Node, if anything is.
fn node_problem(node: &Result<Found, String>) -> Option<String> {
    match node {
        Ok(node) if node.major().parse().is_ok_and(|major: u32| major >= OLDEST_NODE) => None,
        Ok(node) => Some(format!("{node} is too old")),
        Err(why) => Some(why.clone()),
    }
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
    fn a_node_that_is_too_old_or_gone_is_a_problem() {
        let node = |version: &str| Ok(Found { path: "/n/node".into(), version: version.to_owned() });
        assert_eq!(node_problem(&node("20.0.0")), None);
        assert_eq!(node_problem(&node("100.1.0")), None);
        assert_eq!(node_problem(&node("18.20.4")).as_deref(), Some("version 18.20.4 at /n/node is too old"));
        assert_eq!(node_problem(&Err("gone".to_owned())).as_deref(), Some("gone"));
    }

    #[test]
    fn node_is_missed_also_where_the_packages_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = json!({ "packages": {} }).to_string();
        std::fs::create_dir(folder.path().join("node_modules")).expect("can be made");
        for name in ["package-lock.json", "node_modules/.package-lock.json"] {
            std::fs::write(folder.path().join(name), &lock).expect("can be written");
        }
        let path = folder.path().to_string_lossy();
        let here = Repo::of_tests();
        assert!(missing(&here, &path).expect("can be read").is_none());
        let missing =
            missing(&here.with_search(Vec::new()), &path).expect("can be read").expect("it is gone");
        assert_eq!((missing.what.as_str(), missing.why.as_str()), ("Node.js", "node was not found"));
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
        let repo = Repo::of_tests();
        for folder in [FRONTEND, E2E, BENCHES] {
            let lock =
                std::fs::read_to_string(repo.path(folder).join("package-lock.json")).expect("is in git");
            let resolved = lock.lines().find(|line| line.contains("\"resolved\""));
            assert_eq!(resolved, None, "{folder}");
        }
    }
}
