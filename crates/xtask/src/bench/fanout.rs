//! `cargo xtask bench fanout`: gets the servers that ours is compared with, and hands over to the program in
//! benches/fanout. A server that cannot be had is named by that program and left out.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::{Output, pages};
use crate::repo::Repo;
use crate::setup::{self, Need, nchan};

/// The Go hub, from the root of the repository.
const GO: &str = "benches/fanout/go";
const BETTER_SSE: &str = "benches/fanout/better-sse.mjs";

/// `cargo xtask bench fanout`
pub(super) fn run(repo: &Repo, options: &[String]) -> Result<ExitCode> {
    let cargo = |command| super::benches(repo, command).args(["--quiet", "--release", "--package", "fanout"]);
    let program = cargo("run").args(["--bin", "fanout", "--"]);
    if super::wants_help(options) {
        return program.arg("--help").exec();
    }
    let output = Output::of(options);
    // The servers in Rust too, which `run` does not build.
    output.run(&cargo("build"))?;

    let folder = repo.work("fanout");
    std::fs::create_dir_all(&folder).with_context(|| format!("could not create {}", folder.display()))?;
    let mut program = program.arg("--folder").arg(&folder);
    if let Some(go) = attempt(options, "go", || go(repo, output)) {
        program = program.arg("--go").arg(go);
    }
    if let Some(script) = attempt(options, "better-sse", || better_sse(repo)) {
        program = program.arg("--better-sse").arg(script);
    }
    if let Some(found) = attempt(options, "nchan", || nchan(repo)) {
        program = program.arg("--nginx").arg(found.nginx).arg("--nchan").arg(found.module);
    }
    super::hand_over(program.args(options), output)
}

/// Gets a server if it is wanted, and says why it cannot be had.
fn attempt<T>(options: &[String], peer: &str, get: impl FnOnce() -> Result<T>) -> Option<T> {
    if !is_wanted(options, peer) {
        return None;
    }
    get().inspect_err(|error| eprintln!("{peer} is missing: {error:#}")).ok()
}

/// Whether the options choose this server, or choose none. The program reads them properly.
fn is_wanted(options: &[String], peer: &str) -> bool {
    let mut chosen = false;
    let mut words = options.iter();
    while let Some(word) = words.next() {
        let names = match word.split_once('=') {
            Some(("--peer", names)) => Some(names),
            _ if word == "--peer" => words.next().map(String::as_str),
            _ => None,
        };
        if let Some(names) = names {
            chosen = true;
            if names.split(',').any(|name| name == peer) {
                return true;
            }
        }
    }
    !chosen
}

fn go(repo: &Repo, output: Output) -> Result<PathBuf> {
    setup::ensure(repo, &[Need::Go])?;
    let program = pages::target(repo).join("go-hub");
    // There is nothing to fetch, and in a repository that git will not read Go would ask for its state in vain.
    let build = repo.cmd("go").args(["build", "-buildvcs=false", "-o"]).arg(&program).arg(".");
    output.run(&build.env("GOFLAGS", "-mod=mod").env("GOPROXY", "off").folder(repo.path(GO)))?;
    Ok(program)
}

fn better_sse(repo: &Repo) -> Result<PathBuf> {
    setup::ensure(repo, &[Need::Benches])?;
    Ok(repo.path(BETTER_SSE))
}

fn nchan(repo: &Repo) -> Result<nchan::Nchan> {
    setup::ensure(repo, &[Need::Nchan])?;
    nchan::find(repo).context("nginx was unpacked and does not run")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_servers_that_are_asked_for_are_fetched() {
        let wanted = |options: &[&str], peer| {
            is_wanted(&options.iter().map(ToString::to_string).collect::<Vec<_>>(), peer)
        };
        assert!(wanted(&["--rounds", "1"], "go"));
        assert!(wanted(&["--peer", "floor,go"], "go"));
        assert!(wanted(&["--peer=nchan", "--peer=go"], "go"));
        assert!(!wanted(&["--peer", "floor,better-sse", "--rounds", "1"], "go"));
    }
}
