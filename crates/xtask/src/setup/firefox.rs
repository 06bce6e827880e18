//! Firefox, from the system. Its driver is a crate and installed like one.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::system::{System, apt, from_environment, runs};
use super::{Missing, Remedy, WITHOUT};
use crate::repo::Repo;

/// The name in Debian, and everywhere else.
const FIREFOX: [&str; 2] = ["firefox-esr", "firefox"];

const MAC_FIREFOX: &str = "/Applications/Firefox.app/Contents/MacOS/firefox";

/// Firefox and the program that drives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Firefox {
    pub(crate) firefox: PathBuf,
    pub(crate) driver: PathBuf,
}

/// The Firefox of this machine. `FIREFOX` and `GECKODRIVER` in the environment come first.
pub(crate) fn find(repo: &Repo) -> Result<Firefox> {
    let browser = "no Firefox was found; run `cargo xtask setup --only firefox`";
    let driver = "no geckodriver was found; run `cargo xtask setup --only geckodriver`";
    Ok(Firefox { firefox: firefox(repo).context(browser)?, driver: geckodriver(repo).context(driver)? })
}

fn firefox(repo: &Repo) -> Option<PathBuf> {
    from_environment("FIREFOX")
        .or_else(|| FIREFOX.iter().find_map(|name| repo.which(name)))
        .or_else(|| Some(PathBuf::from(MAC_FIREFOX)).filter(|path| path.is_file()))
}

fn geckodriver(repo: &Repo) -> Option<PathBuf> {
    from_environment("GECKODRIVER").or_else(|| repo.which("geckodriver"))
}

pub(super) fn missing(repo: &Repo) -> Option<Missing> {
    if runs(repo, firefox(repo)) {
        return None;
    }
    let remedy = match System::detect() {
        System::Debian => apt(repo, &["firefox-esr"]),
        system => Remedy::ByHand(by_hand(&system).to_owned()),
    };
    Some(Missing { what: "Firefox".to_owned(), takes: "apt-get, about 1 minute", remedy: remedy.or(WITHOUT) })
}

fn by_hand(system: &System) -> &'static str {
    match system {
        System::Mac => "brew install --cask firefox",
        System::Ubuntu => {
            "Ubuntu's own package is a snap, which cannot read the profile that its driver makes for it.\n\
             Install the package of https://packages.mozilla.org, or name a Firefox: FIREFOX=/path/to/firefox"
        }
        _ => "Install Firefox with your package manager, or name one: FIREFOX=/path/to/firefox",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_install_learns_how() {
        assert_eq!(by_hand(&System::Mac), "brew install --cask firefox");
        for system in [System::Ubuntu, System::Other] {
            assert!(by_hand(&system).contains("FIREFOX=/path"), "{system:?}");
        }
    }
}
