//! WebKit: WebKitGTK's own small browser with its driver, and a screen for it, as it cannot do without. On macOS it is
//! Safari, which is there.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::system::{System, apt, from_environment};
use super::{Missing, Remedy, WITHOUT};
use crate::repo::Repo;

/// WebKitGTK's, and Safari's.
const DRIVERS: [&str; 2] = ["WebKitWebDriver", "safaridriver"];

/// A display without a screen.
const DISPLAY: &str = "Xvfb";

/// What drives WebKit. The driver knows its browser by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Webkit {
    pub(crate) driver: PathBuf,
    /// Xvfb; `None` on macOS, which always has a display.
    pub(crate) display: Option<PathBuf>,
}

/// The WebKit of this machine. `SAFARIDRIVER` in the environment comes first.
pub(crate) fn find(repo: &Repo) -> Result<Webkit> {
    let no_driver = "no driver of WebKit was found; run `cargo xtask setup --only webkit`";
    let no_display = "Xvfb was not found; run `cargo xtask setup --only webkit`";
    Ok(Webkit {
        driver: driver(repo).context(no_driver)?,
        display: if has_display() { None } else { Some(repo.which(DISPLAY).context(no_display)?) },
    })
}

fn driver(repo: &Repo) -> Option<PathBuf> {
    from_environment("SAFARIDRIVER").or_else(|| DRIVERS.iter().find_map(|name| repo.which(name)))
}

/// A display of our own even where there is one: tests should not open windows on somebody's desk.
fn has_display() -> bool {
    cfg!(target_os = "macos")
}

pub(super) fn missing(repo: &Repo) -> Option<Missing> {
    let what = match (driver(repo).is_some(), has_display() || repo.which(DISPLAY).is_some()) {
        (true, true) => return None,
        (true, false) => "Xvfb, a display for WebKit",
        (false, true) => "WebKitGTK's browser and its driver",
        (false, false) => "WebKitGTK's browser, its driver, and Xvfb, a display for it",
    };
    let remedy = match System::detect() {
        System::Debian | System::Ubuntu => apt(repo, &["webkit2gtk-driver", "xvfb"]),
        system => Remedy::ByHand(by_hand(&system).to_owned()),
    };
    Some(Missing { what: what.to_owned(), takes: "apt-get, about 1 minute", remedy: remedy.or(WITHOUT) })
}

fn by_hand(system: &System) -> &'static str {
    match system {
        System::Mac => "Safari comes with its driver; name it: SAFARIDRIVER=/usr/bin/safaridriver",
        _ => {
            "Install WebKitGTK with its driver (WebKitWebDriver) and Xvfb with your package manager,\n\
             or name the driver: SAFARIDRIVER=/path/to/WebKitWebDriver"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_install_learns_how() {
        for system in [System::Mac, System::Other] {
            assert!(by_hand(&system).contains("SAFARIDRIVER="), "{system:?}");
        }
    }
}
