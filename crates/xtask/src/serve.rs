//! The demo as a visitor gets it: the optimised page, served by the real server.

use std::process::ExitCode;
use std::thread;

use anyhow::{Result, anyhow};
use clap::Args;

use crate::process::Cmd;
use crate::repo::Repo;
use crate::setup::{self, Need};
use crate::{cargo, page};

/// `cargo xtask serve`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What the server gets, for example `-- --listen 0.0.0.0:80` (`-- --help` lists all)
    #[arg(last = true, value_name = "SERVER ARGUMENTS")]
    server: Vec<String>,
}

/// `cargo xtask serve`
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let server = build(repo)?;
    command(repo, &server, &options.server).exec()
}

/// Builds the page and the server, and returns where the server is.
pub(crate) fn build(repo: &Repo) -> Result<String> {
    setup::ensure(repo, &Need::PAGE)?;
    // Side by side, because the last minute of the page's build is a linker on one core. They share no lock: the
    // page's profile has a folder of its own.
    thread::scope(|scope| {
        let server = scope.spawn(|| build_server(repo));
        let page = page::build(repo);
        let server = server.join().map_err(|_| anyhow!("the build of the server panicked"))?;
        page?;
        server
    })
}

/// Quiet, because the page's build shows its progress at the same time. Errors are shown all the same.
fn build_server(repo: &Repo) -> Result<String> {
    println!("server: building (about 2 minutes the first time, then seconds)");
    let server = cargo::build_program(repo.cmd("cargo").args(["build", "--quiet", "--release"]), "server")?;
    println!("server: built");
    Ok(server)
}

fn command(repo: &Repo, server: &str, args: &[String]) -> Cmd {
    let command = repo.cmd(server);
    let names_dist = args.iter().any(|arg| arg == "--dist" || arg.starts_with("--dist="));
    let command = if names_dist { command } else { command.args(["--dist", "dist"]) };
    command.args(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_served_unless_another_is_named() {
        let repo = Repo::find().expect("the tests run in the repository");
        let line = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            command(&repo, "server", &args).to_string()
        };
        assert_eq!(line(&[]), "server --dist dist");
        assert_eq!(line(&["--listen", "[::]:80"]), "server --dist dist --listen '[::]:80'");
        assert_eq!(line(&["--dist", "/srv"]), "server --dist /srv");
        assert_eq!(line(&["--dist=/srv"]), "server --dist=/srv");
    }
}
