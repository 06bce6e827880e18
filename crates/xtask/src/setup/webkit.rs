//! WebKit: WebKitGTK's own small browser with its driver, and a screen for it, as it cannot do without. On macOS it is
//! Safari, which is there.

use std::path::PathBuf;

use anyhow::{Result, anyhow};

use super::program::Wanted;
use super::system::System;
use super::{Missing, Remedy};
use crate::repo::Repo;

/// WebKitGTK's, and Safari's.
const DRIVER: Wanted =
    Wanted { variable: Some("SAFARIDRIVER"), names: &["WebKitWebDriver", "safaridriver"], places: &[] };

/// A display without a screen.
const DISPLAY: Wanted = Wanted::on_the_path(&["Xvfb"]);

/// What drives WebKit. The driver knows its browser by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Webkit {
    pub(crate) driver: PathBuf,
    /// Xvfb; `None` on macOS, which always has a display.
    pub(crate) display: Option<PathBuf>,
}

/// The WebKit of this machine. `SAFARIDRIVER` in the environment comes first.
pub(crate) fn find(repo: &Repo) -> Result<Webkit> {
    let path = |wanted: Wanted| {
        wanted.path(repo).map_err(|why| anyhow!("{why}; run `cargo xtask setup --only webkit`"))
    };
    Ok(Webkit { driver: path(DRIVER)?, display: if has_display() { None } else { Some(path(DISPLAY)?) } })
}

/// A display of our own even where there is one: tests should not open windows on somebody's desk.
fn has_display() -> bool {
    cfg!(target_os = "macos")
}

pub(super) fn missing(repo: &Repo) -> Option<Missing> {
    without(repo, DRIVER)
}

/// What is missing where this is the driver.
fn without(repo: &Repo, driver: Wanted) -> Option<Missing> {
    let display = if has_display() { Ok(()) } else { DISPLAY.path(repo).map(drop) };
    let found = driver.path(repo);
    // Where it names one, and only the display is missing, that can be installed.
    let named = if found.is_err() { driver.renamed() } else { None };
    let (what, why) = match (found, display) {
        (Ok(_), Ok(())) => return None,
        (Ok(_), Err(why)) => ("Xvfb, a display for WebKit", why),
        (Err(why), Ok(())) => ("WebKit's driver, with its browser", why),
        (Err(why), Err(also)) => {
            ("WebKitGTK's browser, its driver, and Xvfb, a display for it", format!("{why}; {also}"))
        }
    };
    let remedy = named.unwrap_or_else(|| match System::detect() {
        System::Debian | System::Ubuntu => Remedy::Apt(&["webkit2gtk-driver", "xvfb"]),
        System::Mac => Remedy::ByHand(
            "Safari comes with its driver; name it: SAFARIDRIVER=/usr/bin/safaridriver\n\
             and let it take orders, once: safaridriver --enable"
                .to_owned(),
        ),
        System::Other => Remedy::ByHand(
            "Install WebKitGTK with its driver (WebKitWebDriver) and Xvfb with your package manager,\n\
             or name the driver: SAFARIDRIVER=/path/to/WebKitWebDriver"
                .to_owned(),
        ),
    });
    let (what, takes) = (what.to_owned(), "apt-get, about 1 minute");
    Some(Missing { what, why, takes, remedy })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_that_a_variable_names_is_not_replaced() {
        let repo = Repo::of_tests();
        // Cargo sets it, to a folder.
        let named = Wanted { variable: Some("CARGO_MANIFEST_DIR"), ..DRIVER };
        let remedy = without(&repo, named).expect("a folder drives nothing").remedy;
        assert!(matches!(&remedy, Remedy::ByHand(how) if how.contains("CARGO_MANIFEST_DIR")), "{remedy:?}");
    }
}
