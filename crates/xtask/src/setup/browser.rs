//! Chromium and its driver. Both come from the system: nothing is downloaded past the package manager.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

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

fn from_environment(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from).filter(|path| path.is_file())
}

pub(super) fn missing(repo: &Repo) -> Result<Option<Missing>> {
    let what = match (runs(repo, chromium(repo)), runs(repo, chromedriver(repo))) {
        (true, true) => return Ok(None),
        (true, false) => "the driver of Chromium",
        (false, true) => "Chromium",
        (false, false) => "Chromium and its driver",
    };
    let system = System::detect();
    let remedy = match system.packages() {
        Some(packages) if is_root() => Remedy::Run(vec![
            repo.cmd("apt-get").arg("update"),
            repo.cmd("apt-get")
                .args(["install", "-y", "--no-install-recommends"])
                .args(packages)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        ]),
        _ => Remedy::ByHand(system.by_hand()),
    };
    Ok(Some(Missing { what: what.to_owned(), takes: "apt-get, about 1 minute", remedy }))
}

/// Ubuntu's packages of these names are stubs that ask for a snap, so a file on the path proves nothing.
fn runs(repo: &Repo, program: Option<PathBuf>) -> bool {
    program.is_some_and(|path| repo.cmd(&path.to_string_lossy()).arg("--version").ask().is_some())
}

/// What decides how a package is installed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum System {
    Debian,
    Ubuntu,
    Mac,
    Other,
}

impl System {
    pub(super) fn detect() -> Self {
        if cfg!(target_os = "macos") {
            return Self::Mac;
        }
        Self::from_os_release(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
    }

    fn from_os_release(text: &str) -> Self {
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            value.unwrap_or_default().trim_matches('"').to_owned()
        };
        let names = format!("{} {}", field("ID"), field("ID_LIKE"));
        let named = |wanted: &str| names.split_whitespace().any(|name| name == wanted);
        if named("ubuntu") {
            Self::Ubuntu
        } else if named("debian") {
            Self::Debian
        } else {
            Self::Other
        }
    }

    /// The font is for the Chinese pages: without one, a screenshot shows empty boxes.
    fn packages(&self) -> Option<[&'static str; 3]> {
        match self {
            Self::Debian => Some(["chromium", "chromium-driver", "fonts-noto-cjk"]),
            Self::Ubuntu => Some(["chromium-browser", "chromium-chromedriver", "fonts-noto-cjk"]),
            Self::Mac | Self::Other => None,
        }
    }

    fn by_hand(&self) -> String {
        match (self, self.packages()) {
            (_, Some(packages)) => {
                format!("sudo apt-get install --no-install-recommends {}", packages.join(" "))
            }
            (Self::Mac, _) => "brew install --cask google-chrome chromedriver".to_owned(),
            _ => "Install Chromium (or Chrome) and chromedriver of the same version with your package manager,\n\
                  or name them: CHROMIUM=/path/to/chromium CHROMEDRIVER=/path/to/chromedriver cargo xtask test"
                .to_owned(),
        }
    }
}

/// Asks the kernel who owns our process, because the standard library does not know.
pub(super) fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::path::Path::new("/proc/self").metadata().is_ok_and(|meta| meta.uid() == 0)
    }
    #[cfg(not(unix))]
    {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_told_by_os_release() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_ID=\"12\"\n";
        assert_eq!(System::from_os_release(debian), System::Debian);
        assert_eq!(System::from_os_release("ID=ubuntu\nID_LIKE=debian\n"), System::Ubuntu);
        assert_eq!(System::from_os_release("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), System::Ubuntu);
        assert_eq!(System::from_os_release("ID=fedora\n"), System::Other);
        assert_eq!(System::from_os_release(""), System::Other);
    }

    #[test]
    fn who_cannot_install_gets_the_exact_command() {
        assert!(System::Debian.by_hand().ends_with("chromium chromium-driver fonts-noto-cjk"));
        assert!(System::Mac.by_hand().starts_with("brew install"));
        assert!(System::Other.by_hand().contains("CHROMEDRIVER="));
    }
}
