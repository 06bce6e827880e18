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
    let ours = ["test", "--workspace", "--exclude", &package(repo)?, "--exclude", "ssr-axum"];
    let mut tests = vec![
        repo.cmd("cargo").args(ours),
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
