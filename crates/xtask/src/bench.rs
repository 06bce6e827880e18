//! `cargo xtask bench`: what is measured rather than tested.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::process::Cmd;
use crate::repo::Repo;

/// The published decoders beside ours: a workspace of its own, so that nobody else fetches them.
pub(crate) const PEERS: &str = "crates/sse-proto/peers/Cargo.toml";

/// `cargo xtask bench`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Decode the same streams with sse-proto and with each published crate
    ///
    /// Builds crates/sse-proto/peers in release and runs it. Without options: 24 cases, a few minutes; the last line is
    /// JSON. `cargo xtask bench decode --help` lists the options.
    // The program has its own, so that they are described in one place.
    #[command(disable_help_flag = true)]
    Decode {
        /// For the program: --json, --case NAME, --rounds N, --no-instructions
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
        options: Vec<String>,
    },
}

/// `cargo xtask bench`
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let What::Decode { options } = &options.what;
    let decode = peers(repo, "run").args(["--release", "--bin", "decode", "--"]).args(options);
    if options.iter().any(|option| option == "--json") {
        // Whoever asks for JSON wants no other line, so the command is not shown.
        print!("{}", decode.capture()?);
        return Ok(ExitCode::SUCCESS);
    }
    decode.exec()
}

/// A cargo command for the peers, one of which asks for a newer compiler than it needs.
pub(crate) fn peers(repo: &Repo, command: &str) -> Cmd {
    repo.cmd("cargo").args([command, "--ignore-rust-version", "--manifest-path", PEERS])
}
