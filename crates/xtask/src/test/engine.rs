//! The browser engines, and how `wasm-pack test` and Playwright are told to use one.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::process::{Cmd, Running, for_each_line};
use crate::repo::Repo;
use crate::setup::{Need, browser, firefox, webkit};

/// A browser engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Engine {
    /// Chromium or Chrome
    Chrome,
    /// Firefox
    Firefox,
    /// WebKitGTK's browser; Safari on macOS
    Webkit,
}

impl Engine {
    pub(super) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    pub(super) fn needs(self) -> &'static [Need] {
        match self {
            Self::Chrome => &[Need::Browser],
            Self::Firefox => &[Need::Firefox, Need::Geckodriver],
            Self::Webkit => &[Need::Webkit],
        }
    }

    /// Completes `test`, a `wasm-pack test --headless`. What is returned beside it has to live for as long as it runs.
    ///
    /// `own` is the file with the capabilities that the tests ask for, by the name of each driver's options.
    pub(super) fn drive(self, repo: &Repo, test: Cmd, own: &Path) -> Result<(Cmd, Option<Running>)> {
        let (flags, driver) = match self {
            Self::Chrome => (["--chrome", "--chromedriver"], browser::find(repo)?.driver),
            Self::Firefox => (["--firefox", "--geckodriver"], firefox::find(repo)?.driver),
            Self::Webkit => (["--safari", "--safaridriver"], webkit::find(repo)?.driver),
        };
        let mut test = test.args(flags).arg(driver);
        // The runner takes the first driver that the environment names.
        for other in ["GECKODRIVER", "SAFARIDRIVER", "CHROMEDRIVER"] {
            test = test.without_env(other);
        }
        if let Some((options, binary)) = self.binary(repo)? {
            let capabilities = capabilities(repo, own, options, &binary)?;
            test = test.env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", capabilities);
        }
        match self {
            Self::Webkit => on_a_display(repo, test),
            _ => Ok((test, None)),
        }
    }

    /// Completes `test`, a run of Playwright. What is returned beside it has to live for as long as it runs.
    ///
    /// Playwright itself drives Chromium; the tests drive the others, by the variables that name them elsewhere too.
    pub(super) fn offer(self, repo: &Repo, test: Cmd) -> Result<(Cmd, Option<Running>)> {
        let test = test.env("ENGINE", self.name());
        match self {
            Self::Chrome => Ok((test.env("CHROMIUM", browser::find(repo)?.chromium), None)),
            Self::Firefox => {
                let firefox::Firefox { firefox, driver } = firefox::find(repo)?;
                Ok((test.env("FIREFOX", firefox).env("GECKODRIVER", driver), None))
            }
            Self::Webkit => on_a_display(repo, test.env("SAFARIDRIVER", webkit::find(repo)?.driver)),
        }
    }

    /// The browser, and the name of the options in which its driver is told. WebKit's driver knows its own browser, and
    /// the runner sends it no options.
    fn binary(self, repo: &Repo) -> Result<Option<(&'static str, PathBuf)>> {
        Ok(match self {
            Self::Chrome => Some(("goog:chromeOptions", browser::find(repo)?.chromium)),
            Self::Firefox => Some(("moz:firefoxOptions", firefox::find(repo)?.firefox)),
            Self::Webkit => None,
        })
    }
}

/// The tests' own capabilities for one driver, which refuses those of another, with the browser that was found: a
/// driver looks in the usual places only, and ours may have come from the environment.
fn capabilities(repo: &Repo, own: &Path, options: &str, binary: &Path) -> Result<PathBuf> {
    let text = std::fs::read_to_string(own).with_context(|| format!("could not read {}", own.display()))?;
    let own: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", own.display()))?;
    let path = repo.work_file("webdriver.json")?;
    std::fs::write(&path, with_binary(&own, options, binary).to_string())
        .with_context(|| format!("could not write {}", path.display()))?;
    Ok(path)
}

fn with_binary(own: &Value, options: &str, binary: &Path) -> Value {
    let mut capabilities = json!({ options: own.get(options).cloned().unwrap_or_else(|| json!({})) });
    capabilities[options]["binary"] = json!(binary.to_string_lossy());
    capabilities
}

/// Lets `test` run on a display that nobody sees.
fn on_a_display(repo: &Repo, test: Cmd) -> Result<(Cmd, Option<Running>)> {
    let Some(xvfb) = webkit::find(repo)?.display else {
        println!("Safari takes orders only after `safaridriver --enable`, which is needed once");
        return Ok((test, None));
    };
    // It takes the first number that is free, and prints it when programs may come.
    let xvfb = repo.cmd(&xvfb.to_string_lossy()).args(["-displayfd", "1", "-nolisten", "tcp"]);
    let (running, output) = xvfb.spawn_piped()?;
    let (ready, number) = mpsc::channel();
    thread::spawn(move || {
        for_each_line(output, |line| {
            // Nobody listens any more after the first time.
            let _ = ready.send(String::from_utf8_lossy(line).trim().to_owned());
        });
    });
    let Ok(number) = number.recv_timeout(Duration::from_secs(20)) else {
        bail!("`{xvfb}` did not say within 20 s which display it is");
    };
    // With a Wayland session around it, the browser would go there.
    let test = test.env("DISPLAY", format!(":{number}")).env("GDK_BACKEND", "x11");
    Ok((test, Some(running)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_gets_its_own_options_and_the_browser() {
        let own = json!({ "goog:chromeOptions": { "args": ["--headless"] } });
        let path = Path::new("/somewhere/browser");
        assert_eq!(
            with_binary(&own, "goog:chromeOptions", path),
            json!({ "goog:chromeOptions": { "args": ["--headless"], "binary": "/somewhere/browser" } })
        );
        assert_eq!(
            with_binary(&own, "moz:firefoxOptions", path),
            json!({ "moz:firefoxOptions": { "binary": "/somewhere/browser" } })
        );
    }
}
