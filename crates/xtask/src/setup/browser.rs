//! Chromium and its driver. Both come from the system: nothing is downloaded past the package manager.

use std::path::PathBuf;

use anyhow::{Result, anyhow};

use super::program::{Found, Wanted};
use super::system::System;
use super::{Missing, Remedy};
use crate::repo::Repo;

/// On macOS a browser is an application, not a program on the path.
const CHROMIUM: Wanted = Wanted {
    variable: Some("CHROMIUM"),
    names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"],
    places: &[
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ],
};

const DRIVER: Wanted = Wanted { variable: Some("CHROMEDRIVER"), names: &["chromedriver"], places: &[] };

/// A browser and the program that drives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) driver: PathBuf,
}

/// The browser of this machine. `CHROMIUM` and `CHROMEDRIVER` in the environment come first.
pub(crate) fn find(repo: &Repo) -> Result<Browser> {
    let path = |wanted: Wanted| {
        wanted.path(repo).map_err(|why| anyhow!("{why}; run `cargo xtask setup --only browser`"))
    };
    Ok(Browser { chromium: path(CHROMIUM)?, driver: path(DRIVER)? })
}

pub(super) fn missing(repo: &Repo) -> Option<Missing> {
    let (what, why) = problem(CHROMIUM.find(repo), DRIVER.find(repo))?;
    let named = CHROMIUM.renamed().or_else(|| DRIVER.renamed());
    Some(Missing {
        what: what.to_owned(),
        why,
        takes: "apt-get, about 1 minute",
        remedy: named.unwrap_or_else(|| remedy(&System::detect())),
        without: Some("cargo xtask test --suite layers,lint,native"),
    })
}

/// What is wrong with the two, and with them together: a driver refuses a browser of another major version.
fn problem(chromium: Result<Found, String>, driver: Result<Found, String>) -> Option<(&'static str, String)> {
    match (chromium, driver) {
        (Ok(chromium), Ok(driver)) if chromium.major() == driver.major() => None,
        (Ok(chromium), Ok(driver)) => {
            Some(("Chromium and a driver of its version", format!("they are {chromium} and {driver}")))
        }
        (Ok(_), Err(why)) => Some(("the driver of Chromium", why)),
        (Err(why), Ok(_)) => Some(("Chromium", why)),
        (Err(why), Err(also)) => Some(("Chromium and its driver", format!("{why}; {also}"))),
    }
}

fn remedy(system: &System) -> Remedy {
    let how = match system {
        // The font is for the Chinese pages: without one, a screenshot shows empty boxes.
        System::Debian => return Remedy::Apt(&["chromium", "chromium-driver", "fonts-noto-cjk"]),
        System::Mac => "brew install --cask google-chrome chromedriver",
        System::Ubuntu => {
            "Ubuntu's own packages only ask for a snap. Install Chrome from https://www.google.com/chrome and the \
             chromedriver of\nits version from https://googlechromelabs.github.io/chrome-for-testing, or name others:\n\
             CHROMIUM=/path/to/chromium CHROMEDRIVER=/path/to/chromedriver cargo xtask test"
        }
        System::Other => {
            "Install Chromium (or Chrome) and chromedriver of the same version with your package manager,\n\
             or name them: CHROMIUM=/path/to/chromium CHROMEDRIVER=/path/to/chromedriver cargo xtask test"
        }
    };
    Remedy::ByHand(how.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, version: &str) -> Result<Found, String> {
        Ok(Found { path: path.into(), version: version.to_owned() })
    }

    #[test]
    fn a_driver_of_another_major_version_is_not_in_place() {
        let browser = || found("/a/chromium", "156.0.8078.79");
        assert_eq!(problem(browser(), found("/b/driver", "156.0.9.1")), None);
        let (what, why) = problem(browser(), found("/b/driver", "155.0.8078.79")).expect("they differ");
        assert_eq!(what, "Chromium and a driver of its version");
        assert_eq!(
            why,
            "they are version 156.0.8078.79 at /a/chromium and version 155.0.8078.79 at /b/driver"
        );
    }

    #[test]
    fn what_is_missing_is_named_with_its_reason() {
        let none = || Err("no driver".to_owned());
        let problem = problem(found("/a/chromium", "156.0"), none());
        assert_eq!(problem, Some(("the driver of Chromium", "no driver".to_owned())));
    }

    #[test]
    fn the_stubs_of_ubuntu_are_not_installed() {
        assert!(matches!(remedy(&System::Debian), Remedy::Apt(_)));
        assert!(matches!(remedy(&System::Ubuntu), Remedy::ByHand(_)));
    }
}
