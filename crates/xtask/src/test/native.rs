//! `cargo test` on this machine.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::beside::Beside;
use super::browser::package;
use super::wasm;
use super::{Count, LIMIT};
use crate::bench;
use crate::fuzz;
use crate::process::Cmd;
use crate::repo::Repo;

pub(super) fn run(repo: &Repo, beside: &mut Beside) -> Result<Count> {
    let mut count = Count::default();
    for tests in tests(repo)? {
        // All programs run even when one fails: one run should tell everything that is wrong.
        count += counted(tests.arg("--no-fail-fast"), beside)?;
    }
    beside.pause();
    // And each fuzz target for a few seconds on its own.
    count += fuzz::smoke(repo)?;
    count += wasm::run(repo)?;
    Ok(count)
}

/// What can be built before.
pub(super) fn builds(repo: &Repo) -> Result<Vec<Cmd>> {
    Ok(tests(repo)?.into_iter().map(|tests| tests.arg("--no-run")).collect())
}

fn tests(repo: &Repo) -> Result<Vec<Cmd>> {
    let excluded = ["--exclude", &package(repo)?, "--exclude", "ssr-axum", "--exclude", "xtask"];
    let mut tests = vec![
        repo.cmd("cargo").args(["test", "--workspace"]).args(excluded),
        // By itself and so with the features of the one that runs: cargo would put another in its place, which takes a
        // while, and which Windows refuses.
        repo.cmd("cargo").args(["test", "-p", "xtask"]),
        // An app in two halves, each a feature, which `--workspace` would mix.
        repo.cmd("cargo").args(["test", "-p", "ssr-axum", "--features", "ssr"]),
        // The table of the hard cases in the README of sse-proto.
        bench::peers(repo, "test"),
        // What the browser benchmark sends and how it counts.
        bench::benches(repo, "test").args(["--package", "harness"]),
    ];
    // How the fan-out benchmark counts, and that the servers in it send everything. It reads /proc.
    if cfg!(target_os = "linux") {
        tests.push(bench::benches(repo, "test").args(["--package", "fanout"]));
    }
    // The fuzz targets over their seeds.
    tests.push(fuzz::package(repo, "test"));
    Ok(tests)
}

fn counted(tests: Cmd, beside: &mut Beside) -> Result<Count> {
    let mut count = Count::default();
    let mut slow = Slow::default();
    let status = beside.tests(&tests.limit(LIMIT), |line| {
        count += Count::from_result_line(line).unwrap_or_default();
        slow.read(line);
    });
    let status = if slow.running.is_empty() { status } else { status.with_context(|| slow.to_string()) };
    Ok(count.with_exit(status?.success()))
}

/// The tests that libtest called slow and that have not ended: one of them hangs if anything does.
#[derive(Debug, Default)]
struct Slow {
    running: BTreeSet<String>,
}

impl Slow {
    fn read(&mut self, line: &str) {
        let Some(line) = line.strip_prefix("test ") else { return };
        if let Some((name, _)) = line.split_once(" has been running for over ") {
            self.running.insert(name.to_owned());
        } else if let Some((name, _)) = line.split_once(" ... ") {
            self.running.remove(name);
        } else if line.starts_with("result: ") {
            // Its program has ended, and whatever ran in it.
            self.running.clear();
        }
    }
}

impl std::fmt::Display for Slow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.running.iter().map(String::as_str).collect();
        write!(f, "did not end: {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo;

    #[test]
    fn the_xtask_that_runs_is_not_replaced_by_the_one_that_is_tested() {
        let repo = Repo::of_tests();
        let words = |cmd: Cmd| cmd.to_string().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let tests = tests(&repo).expect("the workspace has all members");
        let tests: Vec<_> = tests.into_iter().map(words).collect();
        let has = |words: &[String], pair: [&str; 2]| words.windows(2).any(|two| two == pair);
        for words in tests.iter().filter(|words| words.iter().any(|word| word == "--workspace")) {
            assert!(
                has(words, ["--exclude", "xtask"]),
                "it would get the features that others want: {words:?}"
            );
        }
        assert_eq!(tests.iter().filter(|words| has(words, ["-p", "xtask"])).count(), 1);
        let metadata = cargo::metadata(&repo).expect("cargo describes the workspace");
        let packages = metadata["packages"].as_array().expect("a list");
        let xtask = packages.iter().find(|package| package["name"] == "xtask").expect("is a member");
        let dependencies = xtask["dependencies"].as_array().expect("a list");
        let of_tests = |one: &&serde_json::Value| one["kind"] == "dev";
        assert_eq!(dependencies.iter().find(of_tests), None, "it would get the features that this wants");
    }

    #[test]
    fn a_test_that_hangs_is_named() {
        let mut slow = Slow::default();
        for line in [
            "running 3 tests\n",
            "test a ... ok\n",
            "test b has been running for over 60 seconds\n",
            "test c::d has been running for over 60 seconds\n",
            "test b ... ok\n",
        ] {
            slow.read(line);
        }
        assert_eq!(slow.to_string(), "did not end: c::d");
        slow.read("test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n");
        assert!(slow.running.is_empty());
    }
}
