//! Firefox, from the system. Its driver is a crate and installed like one.

use std::path::PathBuf;

use anyhow::{Result, anyhow};

use super::program::Wanted;
use super::system::System;
use super::{Missing, Remedy, tools};
use crate::repo::Repo;

/// The name in Debian, and everywhere else.
const FIREFOX: Wanted = Wanted {
    variable: Some("FIREFOX"),
    names: &["firefox-esr", "firefox"],
    places: &[
        "/Applications/Firefox.app/Contents/MacOS/firefox",
        r"C:\Program Files\Mozilla Firefox\firefox.exe",
    ],
};

/// Firefox and the program that drives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Firefox {
    pub(crate) firefox: PathBuf,
    pub(crate) driver: PathBuf,
}

/// The Firefox of this machine. `FIREFOX` and `GECKODRIVER` in the environment come first.
pub(crate) fn find(repo: &Repo) -> Result<Firefox> {
    let path = |wanted: Wanted| {
        wanted.path(repo).map_err(|why| anyhow!("{why}; run `cargo xtask setup --only firefox,geckodriver`"))
    };
    Ok(Firefox { firefox: path(FIREFOX)?, driver: path(tools::GECKODRIVER)? })
}

pub(super) fn missing(repo: &Repo) -> Option<Missing> {
    let why = FIREFOX.find(repo).err()?;
    let remedy = FIREFOX.renamed().unwrap_or_else(|| remedy(&System::detect()));
    let what = "Firefox".to_owned();
    Some(Missing { what, why, takes: "apt-get, about 1 minute", remedy })
}

fn remedy(system: &System) -> Remedy {
    let how = match system {
        System::Debian => return Remedy::Apt(&["firefox-esr"]),
        System::Mac => "brew install --cask firefox",
        System::Ubuntu => {
            "Ubuntu's own package is a snap, which cannot read the profile that its driver makes for it.\n\
             Install the package of https://packages.mozilla.org, or name a Firefox: FIREFOX=/path/to/firefox"
        }
        System::Other => "Install Firefox with your package manager, or name one: FIREFOX=/path/to/firefox",
    };
    Remedy::ByHand(how.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_snap_of_ubuntu_is_not_installed() {
        assert!(matches!(remedy(&System::Debian), Remedy::Apt(_)));
        assert!(matches!(remedy(&System::Ubuntu), Remedy::ByHand(_)));
    }
}
