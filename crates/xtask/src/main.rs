//! `cargo xtask`: the one tool of this repository. It finds what a machine lacks and installs it, builds the page
//! and the server, runs them, and runs every test. Whatever the README asks for can be done by it.
//!
//! # Layout
//!
//! - [`setup`]: what each command needs, how to tell that it is there, how to install it.
//! - [`page`]: the optimised page in `dist/`: built by trunk, compressed, and left alone when nothing changed.
//! - [`serve`], [`dev`]: the demo, optimised or with hot reload; [`server`]: what both must know of its server.
//! - [`example`]: the examples that need more than trunk.
//! - [`bench`]: what is measured rather than tested. [`fuzz`]: what is searched for. [`coverage`]: what tests reach.
//! - [`deny`]: what we build on.
//! - [`test`]: the suites, and the count of what ran. [`layers`]: the direction of dependencies.
//! - [`repo`], [`process`], [`cargo`]: where things are, and how commands are run and ended.
//! - `say`: `println!` and the like, which here never panic.
//!
//! It never ends a process by name, and writes nothing outside the repository except through the package
//! managers (cargo, rustup, npm, apt), each of which it announces first.

// First: a macro is known only below the line that brings it. The tests have the standard library's, whose output is
// shown only of those that fail.
#[cfg(not(test))]
#[macro_use]
mod say;

mod bench;
mod cargo;
mod coverage;
mod deny;
mod dev;
mod example;
mod fuzz;
mod layers;
mod page;
mod process;
mod repo;
mod serve;
mod server;
mod setup;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

use crate::repo::Repo;

/// How a value is written on the command line.
fn name_of(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Set-up, build, serve and test: every command of this repository.
///
/// Each command first installs what it needs and this machine lacks, and says so before it starts.
/// When nothing is missing and nothing changed, nothing is done.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_version_flag = true)]
#[command(after_help = "Start here:\n  cargo xtask serve    the demo on http://127.0.0.1:8080\n  \
                        cargo xtask dev      the same with hot reload, on http://127.0.0.1:8081\n  \
                        cargo xtask test     everything that CI runs")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install every tool that building and testing need
    ///
    /// The wasm target, trunk, wasm-bindgen (the version in Cargo.lock), wasm-pack, the npm packages (wasm-opt, the
    /// chart library, Playwright, Selenium's client), three browsers (Chromium, Firefox, WebKitGTK's) and their
    /// drivers, a display for the one that needs it, cargo-fuzz with a C++ compiler, cargo-deny, cargo-llvm-cov, and
    /// the packages of the benchmarks; not Go and nginx with nchan, which only `bench fanout` uses. Prints the plan
    /// with the time each step takes, then installs what is missing. A tool that is already installed in another
    /// version is never overwritten: ours then goes to target/xtask/tools.
    Setup(setup::Options),

    /// Build the optimised page and the server, and serve both
    ///
    /// Sets up what serving needs, builds the page into dist/ (skipped when its inputs did not change), builds the
    /// server, and becomes it: Ctrl-C and SIGTERM reach the server itself.
    Serve(serve::Options),

    /// Serve the page with hot reload, with the server beside it
    ///
    /// Runs `trunk serve` on 127.0.0.1:8081, which hands the server's paths on to the server, built for
    /// development, on 127.0.0.1:8080. Both end when one ends, or on Ctrl-C.
    Dev(dev::Options),

    /// Build and serve an example that needs more than `trunk serve`
    ///
    /// `ssr-axum` is rendered by a server and goes on live in the browser: on http://127.0.0.1:3000, or at
    /// LEPTOS_SITE_ADDR.
    Example(example::Options),

    /// Run the test suites: layers, browser, lint, native, examples, e2e, engines
    ///
    /// `browser` runs in Chromium, Firefox and WebKit, `examples` and `e2e` in Chromium, and `engines`, which holds the
    /// most important of these two, in Firefox and WebKit; `--browser` chooses. Prints a table of the tests that ran
    /// and, on the last line, `N passed, N failed`. A suite that ran no test has failed. Later suites still run after a
    /// failed one. While tests run, what later suites need is compiled beside them.
    Test(test::Options),

    /// Measure: decode, browser, history, fanout, market, size
    ///
    /// `decode` compares sse-proto with the published decoders, `browser` the crates for a page with what people use
    /// today, in a browser, `history` publishes to a history in memory and in a file, `fanout` compares sse-hub with
    /// other servers under many clients, `market` shows what a busy table costs a page, and `size` weighs a page with
    /// one signal, both beside the same in React.
    Bench(bench::Options),

    /// Search for inputs that break sse-proto: decoder, encoder, client
    ///
    /// Runs the fuzz targets in crates/sse-proto/fuzz with libFuzzer, from their seeds and from what earlier runs
    /// learned (crates/sse-proto/fuzz/corpus), and prints a table. Exits with an error when it found something, and
    /// says how to reproduce it. Runs on the pinned stable toolchain; installs cargo-fuzz when there is none.
    Fuzz(fuzz::Options),

    /// Print which lines of sse-proto its own tests reach
    ///
    /// Installs cargo-llvm-cov and Rust's llvm-tools when there are none.
    Coverage,

    /// Check what we build on: licences, second versions, sources, known holes
    ///
    /// What may be is in deny.toml. All but the known holes is part of the suite `lint` too; those are collected in a
    /// repository on GitHub, and where that cannot be reached it is said that they were not checked.
    Deny,

    /// Check the direction of dependencies between the crates
    ///
    /// The table of allowed edges is in crates/xtask/src/layers.rs and follows ARCHITECTURE.md.
    Layers,

    /// Print what a visitor downloads: the page's files raw, gzip and brotli
    ///
    /// Builds the page first when it is out of date.
    Size,

    /// Install the npm packages of a folder when they do not match its lock file
    ///
    /// Called by trunk (see Trunk.toml) so that a plain `trunk serve` works on a clean clone.
    NodeModules(setup::node::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    let repo = Repo::find()?;
    process::end_on_signals()?;
    match cli.command {
        Command::Setup(options) => setup::run(&repo, &options)?,
        Command::Serve(options) => return serve::run(&repo, &options),
        Command::Dev(options) => return dev::run(&repo, &options),
        Command::Example(options) => return example::run(&repo, &options),
        Command::Test(options) => return test::run(&repo, &options),
        Command::Bench(options) => return bench::run(&repo, &options),
        Command::Fuzz(options) => return fuzz::run(&repo, &options),
        Command::Coverage => coverage::run(&repo)?,
        Command::Deny => deny::run(&repo)?,
        Command::Layers => return layers::run(&repo),
        Command::Size => page::size::run(&repo)?,
        Command::NodeModules(options) => setup::node::run(&repo, &options)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// One line for what failed, one for each reason below it. `{:?}` of anyhow would add a backtrace, which tells a
/// reader nothing about a missing tool.
fn report(error: &anyhow::Error) {
    eprintln!("\nerror: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_help_names_every_benchmark() {
        let cli = Cli::command();
        let bench = cli.find_subcommand("bench").expect("there is one");
        let names: Vec<_> = bench.get_subcommands().map(clap::Command::get_name).collect();
        let about = bench.get_about().expect("it has one").to_string();
        assert_eq!(about, format!("Measure: {}", names.join(", ")));
    }
}
