//! Chromium and its driver. Both come from the system: nothing is downloaded past the package manager.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::system::{System, apt, from_environment, runs};
use super::{Missing, Remedy};
use crate::repo::Repo;

/// The names that the distributions give to the browser.
const BROWSERS: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// On macOS a browser is an application, not a program on the path.
const MAC_BROWSERS: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/// A browser and the program that drives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) driver: PathBuf,
}

/// The browser of this machine. `CHROMIUM` and `CHROMEDRIVER` in the environment come first.
pub(crate) fn find(repo: &Repo) -> Result<Browser> {
    let browser = "no browser was found; run `cargo xtask setup --only browser`";
    let driver = "no chromedriver was found; run `cargo xtask setup --only browser`";
    Ok(Browser { chromium: chromium(repo).context(browser)?, driver: chromedriver(repo).context(driver)? })
}

fn chromium(repo: &Repo) -> Option<PathBuf> {
    from_environment("CHROMIUM")
        .or_else(|| BROWSERS.iter().find_map(|name| repo.which(name)))
        .or_else(|| MAC_BROWSERS.iter().map(PathBuf::from).find(|path| path.is_file()))
}

fn chromedriver(repo: &Repo) -> Option<PathBuf> {
    from_environment("CHROMEDRIVER").or_else(|| repo.which("chromedriver"))
}

pub(super) fn missing(repo: &Repo) -> Option<Missing> {
    let what = match (runs(repo, chromium(repo)), runs(repo, chromedriver(repo))) {
        (true, true) => return None,
        (true, false) => "the driver of Chromium",
        (false, true) => "Chromium",
        (false, false) => "Chromium and its driver",
    };
    let system = System::detect();
    let remedy = match packages(&system) {
        Some(packages) => apt(repo, &packages),
        None => Remedy::ByHand(by_hand(&system).to_owned()),
    };
    Some(Missing { what: what.to_owned(), takes: "apt-get, about 1 minute", remedy })
}

/// The font is for the Chinese pages: without one, a screenshot shows empty boxes.
fn packages(system: &System) -> Option<[&'static str; 3]> {
    match system {
        System::Debian => Some(["chromium", "chromium-driver", "fonts-noto-cjk"]),
        System::Ubuntu => Some(["chromium-browser", "chromium-chromedriver", "fonts-noto-cjk"]),
        System::Mac | System::Other => None,
    }
}

/// For a system whose packages we do not know.
fn by_hand(system: &System) -> &'static str {
    match system {
        System::Mac => "brew install --cask google-chrome chromedriver",
        _ => {
            "Install Chromium (or Chrome) and chromedriver of the same version with your package manager,\n\
             or name them: CHROMIUM=/path/to/chromium CHROMEDRIVER=/path/to/chromedriver cargo xtask test"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_install_gets_the_exact_command() {
        assert!(by_hand(&System::Mac).starts_with("brew install"));
        assert!(by_hand(&System::Other).contains("CHROMEDRIVER="));
    }
}
