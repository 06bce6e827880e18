//! The browser engines, and how `wasm-pack test` and Playwright are told to use one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::process::{Cmd, Running, first_of_lines};
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
        crate::name_of(&self)
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
        let mut test = past_proxies(test).args(flags).arg(driver);
        // The runner takes the first driver that the environment names.
        for other in ["GECKODRIVER", "SAFARIDRIVER", "CHROMEDRIVER"] {
            test = test.without_env(other);
        }
        if let Some((options, binary)) = self.binary(repo)? {
            // A file for each engine: they run at once.
            let file = repo.work_file(&format!("webdriver-{}.json", self.name()))?;
            write_capabilities(&file, own, options, &binary)?;
            test = test.env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", file);
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
        let test = past_proxies(test).env("ENGINE", self.name());
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

/// Keeps what `test` asks of this machine, its driver and its servers, from a proxy that the environment names. Not
/// every client knows by itself that a proxy is for other machines.
fn past_proxies(test: Cmd) -> Cmd {
    const NAMES: [&str; 2] = ["NO_PROXY", "no_proxy"];
    let there: Vec<_> = NAMES.into_iter().filter_map(|name| std::env::var(name).ok()).collect();
    let past = past(&there);
    NAMES.into_iter().fold(test, |test, name| test.env(name, &past))
}

/// What no proxy is for: what somebody said, and this machine.
fn past(there: &[String]) -> String {
    let there = there.iter().flat_map(|list| list.split(',')).map(str::trim).filter(|host| !host.is_empty());
    let hosts: Vec<_> = there.chain(["127.0.0.1", "localhost", "::1"]).collect();
    hosts.join(",")
}

/// The tests' own capabilities for one driver, which refuses those of another, with the browser that was found: a
/// driver looks in the usual places only, and ours may have come from the environment.
fn write_capabilities(file: &Path, own: &Path, options: &str, binary: &Path) -> Result<()> {
    let text = std::fs::read_to_string(own).with_context(|| format!("could not read {}", own.display()))?;
    let own: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", own.display()))?;
    std::fs::write(file, with_binary(&own, options, binary).to_string())
        .with_context(|| format!("could not write {}", file.display()))
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
    let number = first_of_lines(output, Duration::from_secs(20), |line| Some(line.trim().to_owned()));
    let Some(number) = number else {
        bail!("`{xvfb}` did not say within 20 s which display it is");
    };
    // With a Wayland session around it, the browser would go there.
    let test = test.env("DISPLAY", format!(":{number}")).env("GDK_BACKEND", "x11");
    Ok((test, Some(running)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn no_proxy_stands_between_the_tests_and_this_machine() {
        use std::os::unix::fs::PermissionsExt;

        let machine = tempfile::tempdir().expect("a folder");
        for program in ["chromium", "chromedriver"] {
            let path = machine.path().join(program);
            std::fs::write(&path, "").expect("can be written");
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("is ours");
        }
        let own = machine.path().join("own.json");
        std::fs::write(&own, "{}").expect("can be written");
        let repo = Repo::of_tests().with_root(machine.path()).with_search(vec![machine.path().to_path_buf()]);
        let driven = Engine::Chrome.drive(&repo, repo.cmd("wasm-pack"), &own).expect("both are there");
        let offered = Engine::Chrome.offer(&repo, repo.cmd("node")).expect("both are there");
        for line in [driven.0.to_string(), offered.0.to_string()] {
            for name in ["NO_PROXY=", "no_proxy="] {
                let hosts = line.split_whitespace().find_map(|word| word.strip_prefix(name));
                // In quotes where what was there already holds a wildcard or a bracket.
                let hosts = hosts.map(|hosts| hosts.trim_end_matches('\''));
                assert!(hosts.is_some_and(|hosts| hosts.ends_with("127.0.0.1,localhost,::1")), "{line}");
            }
        }
    }

    #[test]
    fn what_no_proxy_was_for_already_stays_so() {
        let there = ["intra.example, 10.0.0.1".to_owned(), String::new()];
        assert_eq!(past(&there), "intra.example,10.0.0.1,127.0.0.1,localhost,::1");
    }

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
