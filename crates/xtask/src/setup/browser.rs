//! Chromium and its driver. Both come from the system: nothing is downloaded past the package manager.

use std::path::PathBuf;

use anyhow::{Result, anyhow};

use super::program::{Found, Wanted};
use super::system::System;
use super::{Missing, Remedy};
use crate::repo::Repo;

/// On macOS and Windows a browser is an application, not a program on the path.
const CHROMIUM: Wanted = Wanted {
    variable: Some("CHROMIUM"),
    names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"],
    places: &[
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
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
    let chromium = if cfg!(windows) { CHROMIUM.path(repo).and_then(unasked) } else { CHROMIUM.find(repo) };
    let (what, why) = problem(chromium, DRIVER.find(repo))?;
    let named = CHROMIUM.renamed().or_else(|| DRIVER.renamed());
    Some(Missing {
        what: what.to_owned(),
        why,
        takes: "apt-get, about 1 minute",
        remedy: named.unwrap_or_else(|| remedy(&System::detect())),
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

/// The Chrome of Windows opens a window when it is asked for its version. Beside it is what is called like that: its
/// folder, or its manifest.
fn unasked(path: PathBuf) -> Result<Found, String> {
    let beside = path.parent().and_then(|folder| folder.read_dir().ok()).into_iter().flatten().flatten();
    let names = beside.filter_map(|entry| entry.file_name().into_string().ok());
    let versions =
        names.filter_map(|name| version_of_chrome(name.strip_suffix(".manifest").unwrap_or(&name)));
    match versions.max() {
        Some(version) => Ok(Found { version: version.map(|part| part.to_string()).join("."), path }),
        None => Err(format!("nothing beside {} tells its version", path.display())),
    }
}

/// Four numbers.
fn version_of_chrome(name: &str) -> Option<[u32; 4]> {
    let parts: Option<Vec<u32>> = name.split('.').map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}

fn remedy(system: &System) -> Remedy {
    let how = match system {
        // The font is for the Chinese pages: without one, a screenshot shows empty boxes.
        System::Debian => return Remedy::Apt(&["chromium", "chromium-driver", "fonts-noto-cjk"]),
        // The driver of Homebrew is not signed, and macOS does not let it run.
        System::Mac => {
            "brew install --cask google-chrome\n\
             npx @puppeteer/browsers install chromedriver@156   (the number that the version of Chrome begins with)\n\
             CHROMEDRIVER=/path/to/chromedriver cargo xtask test"
        }
        System::Ubuntu => {
            "Ubuntu's own packages only ask for a snap. Install Chrome from https://www.google.com/chrome, and the \
             driver of its\nversion by `npx @puppeteer/browsers install chromedriver@156`, or name others:\n\
             CHROMIUM=/path/to/chromium CHROMEDRIVER=/path/to/chromedriver cargo xtask test"
        }
        System::Other => {
            "Install Chromium (or Chrome) and chromedriver of the same version with your package manager, or the \
             driver by\n`npx @puppeteer/browsers install chromedriver@156`, and name what is not on the path:\n\
             CHROMIUM=/path/to/chromium CHROMEDRIVER=/path/to/chromedriver cargo xtask test"
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
    fn a_chrome_that_is_not_asked_tells_its_version_by_what_is_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let chrome = || folder.path().join("chrome.exe");
        std::fs::create_dir(folder.path().join("Dictionaries")).expect("can be made");
        let why = unasked(chrome()).expect_err("nothing tells");
        assert_eq!(why, format!("nothing beside {} tells its version", chrome().display()));
        std::fs::write(folder.path().join("155.0.8078.9.manifest"), "").expect("can be written");
        assert_eq!(unasked(chrome()), Ok(Found { path: chrome(), version: "155.0.8078.9".to_owned() }));
        std::fs::create_dir(folder.path().join("155.0.8078.79")).expect("can be made");
        assert_eq!(unasked(chrome()).map(|found| found.version), Ok("155.0.8078.79".to_owned()));
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
