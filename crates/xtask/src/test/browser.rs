//! `wasm-pack test` in a headless browser, with the scripted server beside it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{ChildStdout, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use super::beside::Beside;
use super::engine::Engine;
use super::{Count, LIMIT};
use crate::cargo;
use crate::process::{Cmd, Running, first_of_lines};
use crate::repo::Repo;
use crate::server;
use crate::setup::WASM;

/// The member that holds the tests.
const FOLDER: &str = "tests/browser";

/// Where the tests expect the scripted server. They are compiled, so they cannot be told at run time.
const TESTKIT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7357);

/// The testkit says so when it accepts connections.
const READY: &str = "listening on";

/// Fails if the scripted server could not listen where the tests expect it.
pub(super) fn check_address() -> Result<()> {
    server::check_free(TESTKIT, "The tests in a browser need this address for the server beside them.")
}

/// Runs the tests in each engine, all at once: they mostly wait, and each has a stream of its own on the server. Returns
/// the count of each engine, or why there is none, and how long it took.
pub(super) fn run(
    repo: &Repo,
    engines: &[Engine],
    beside: &mut Beside,
) -> Result<Vec<(Result<Count>, Duration)>> {
    let testkit = cargo::build_program(repo.cmd("cargo").arg("build"), "sse-testkit")?;
    let _testkit = start_testkit(repo, &testkit)?;
    // One that cannot be set up does not keep the others from running.
    let mut runs: Vec<_> =
        engines.iter().map(|engine| (wasm_pack_test(repo, FOLDER, *engine), Tally::default())).collect();
    let ready = engines.iter().zip(&mut runs).filter_map(|(engine, (test, tally))| {
        let (tests, _display) = test.as_ref().ok()?;
        Some((engine.name(), tests.clone(), |line: &str| tally.read(line)))
    });
    let ready = ready.collect();
    let mut ended = beside.tests_of_all(ready).into_iter();
    let counts = runs.into_iter().map(|(test, tally)| match test.map(|_| ended.next()) {
        Ok(Some((status, took))) => (status.and_then(|status| tally.count(repo, FOLDER, status)), took),
        Ok(None) => (Err(anyhow!("it did not run")), Duration::ZERO),
        Err(error) => (Err(error), Duration::ZERO),
    });
    Ok(counts.collect())
}

/// What can be built before.
pub(super) fn builds(repo: &Repo) -> Vec<Cmd> {
    let testkit = repo.cmd("cargo").args(["build", "-p", "sse-testkit"]);
    vec![build_tests(repo, FOLDER), testkit]
}

/// What wasm-pack builds for a member's tests, in the same folder and so with the same features.
pub(super) fn build_tests(repo: &Repo, member: &str) -> Cmd {
    repo.cmd("cargo").args(["build", "--tests", "--target", WASM]).folder(repo.path(member))
}

/// Runs the wasm-bindgen tests of a member.
pub(super) fn wasm_pack(repo: &Repo, member: &str, engine: Engine, beside: &mut Beside) -> Result<Count> {
    let (tests, _display) = wasm_pack_test(repo, member, engine)?;
    let mut tally = Tally::default();
    let status = beside.tests(&tests, |line| tally.read(line))?;
    tally.count(repo, member, status)
}

/// The command for the wasm-bindgen tests of a member. What is returned beside it has to live for as long as it runs.
fn wasm_pack_test(repo: &Repo, member: &str, engine: Engine) -> Result<(Cmd, Option<Running>)> {
    // It must take our tools, and not fetch a driver that fits another browser.
    let test = repo.cmd("wasm-pack").args(["test", "--mode", "no-install", "--headless"]);
    let (mut test, display) = engine.drive(repo, test, &repo.path(FOLDER).join("webdriver.json"))?;
    test = test.arg(member).limit(LIMIT);
    // A machine with two cores that compiles beside it needs longer than the 20 seconds that are the default.
    for (name, seconds) in [("WASM_BINDGEN_TEST_TIMEOUT", "300"), ("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60")]
    {
        if std::env::var_os(name).is_none() {
            test = test.env(name, seconds);
        }
    }
    Ok((test, display))
}

/// What the output of wasm-pack says.
#[derive(Debug, Default)]
struct Tally {
    count: Count,
    /// Those that ran a test.
    programs: usize,
}

impl Tally {
    fn read(&mut self, line: &str) {
        if let Some(result) = Count::from_result_line(line) {
            self.programs += usize::from(result.ran() > 0);
            self.count += result;
        }
    }

    fn count(self, repo: &Repo, member: &str, status: ExitStatus) -> Result<Count> {
        let expected = programs_in(&repo.path(member).join("tests"))?;
        if status.success() && self.programs != expected {
            bail!("{expected} test programs are in {member}/tests, but only {} ran a test", self.programs);
        }
        Ok(self.count.with_exit(status.success()))
    }
}

/// How many test programs cargo finds in a folder: one for each file at its top.
fn programs_in(folder: &Path) -> Result<usize> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))?;
    let is_program = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| {
            let path = entry.path();
            path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").is_file()
        })
    };
    Ok(entries.filter_map(|entry| is_program(entry).then_some(())).count())
}

/// The name of the member, which its author chose.
pub(super) fn package(repo: &Repo) -> Result<String> {
    let metadata = cargo::metadata(repo)?;
    cargo::package_in(&metadata, FOLDER).with_context(|| format!("the workspace has no member in {FOLDER}"))
}

fn start_testkit(repo: &Repo, program: &str) -> Result<Running> {
    let command = repo.cmd(program).arg("--listen").arg(TESTKIT.to_string());
    let (running, output) = command.spawn_piped()?;
    if !is_ready(output, Duration::from_secs(20)) {
        let state =
            running.ended()?.map_or("it still runs".to_owned(), |status| format!("it ended, {status}"));
        bail!("`{command}` did not print `{READY} …` within 20 s ({state})");
    }
    Ok(running)
}

/// Waits for the line, and shows what it says.
fn is_ready(output: ChildStdout, limit: Duration) -> bool {
    let ready = first_of_lines(output, limit, |line| {
        print!("testkit: {line}");
        line.starts_with(READY).then_some(())
    });
    ready.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_is_the_line_and_not_the_start() {
        let repo = Repo::of_tests();
        let node = |script: &str| {
            let (running, output) =
                repo.cmd("node").args(["--eval", script]).spawn_piped().expect("node starts");
            let ready = is_ready(output, Duration::from_secs(20));
            drop(running);
            ready
        };
        assert!(node(
            "console.log('starting'); console.log('listening on 127.0.0.1:1'); setInterval(() => {}, 9e9)"
        ));
        assert!(!node("console.log('starting')"), "it ended without the line");
    }
}
