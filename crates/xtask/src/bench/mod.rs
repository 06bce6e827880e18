//! `cargo xtask bench`: what is measured rather than tested.

mod browser;
mod fanout;
mod market;
mod pages;
mod size;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use crate::process::Cmd;
use crate::repo::Repo;

/// The published decoders beside ours: a workspace of its own, so that nobody else fetches them.
pub(crate) const PEERS: &str = "crates/sse-proto/peers/Cargo.toml";

/// The pages and servers beside ours: the same.
pub(crate) const BENCHES: &str = "benches/Cargo.toml";

/// `cargo xtask bench`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Decode the same streams with sse-proto and with other published crates
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

    /// Count the typed events that reach a fold in a browser each second, beside what people use today
    ///
    /// Builds benches/browser and opens its page in headless Chromium, without a debugger or a driver, which would slow
    /// the browser's `EventSource` down. The page folds 200,000 ticks and twice 24 MB of model tokens with each of: the
    /// browser's `EventSource` and JSON.parse; fetch, eventsource-parser and JSON.parse, by either kind of reader;
    /// leptos-use, by its signal and by its handler; leptos-eventsource over `EventSource` and over fetch. Prints the
    /// medians of rounds in which they take turns: events per second, and how long the page's main thread ran for
    /// 100,000 of them (on Linux, where the system tells). A few minutes; the last line is JSON. `cargo xtask bench
    /// browser --help` lists the options.
    #[command(disable_help_flag = true)]
    Browser {
        /// For the program: --json, --rounds N
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
        options: Vec<String>,
    },

    /// Publish to a history in memory, and to one in a file at each level; replay a hundred events of ever more
    ///
    /// Builds an example of sse-hub in release and runs it in the folder for temporary files, so that TMPDIR chooses
    /// the disk. About a minute; the last line is JSON.
    History {
        /// Print nothing but the line of JSON
        #[arg(long)]
        json: bool,
    },

    /// Measure what an event costs that goes to many clients, beside other servers
    ///
    /// Builds benches/fanout, whose load client drives in turn: a bare write loop (the floor), sse-hub, axum's `Sse` and
    /// a broadcast channel, nginx with nchan, a hub on Go's net/http, better-sse on Node. Prints processor time for each
    /// delivery, latency, memory for each client, and how long 4,000 clients take to connect. Linux only; about ten
    /// minutes; the last line is JSON. Unpacks Debian's nginx into target/xtask, and installs Go by apt-get when it may;
    /// servers that cannot be had are named. `cargo xtask bench fanout --help` lists the options.
    #[command(disable_help_flag = true)]
    Fanout {
        /// For the program: --json, --scenario NAME, --peer NAME, --seconds N, --rate N, --rounds N
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
        options: Vec<String>,
    },

    /// Show 10,000 ticks a second in a table, and see what that costs the page, beside the same page in React
    ///
    /// Builds benches/market and opens its pages one after another in headless Chromium: one without a framework, over
    /// `EventSource` and over fetch, which is what any such page has to pay; React as its documentation teaches it; React
    /// with one state for each animation frame, over both; leptos-eventsource over both. Each shows 1,000,000 ticks of
    /// twelve companies. Prints how long the page's main thread ran for each tick (on Linux, where the system tells),
    /// how often it was drawn, which tasks took 50 ms or more, and whether the heap grows. Thirteen minutes; the last
    /// line is JSON. `cargo xtask bench market --help` lists the options.
    #[command(disable_help_flag = true)]
    Market {
        /// For the program: --json, --events N, --rate N, --rounds N, --page NAME
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
        options: Vec<String>,
    },

    /// Weigh a page with one signal from an event stream: ours, without a stream, and the same page in React
    ///
    /// Builds the three for production, compresses every file that a visitor downloads, and prints the sums. What ours
    /// weighs more than the page without a stream is our own weight. The last line is JSON.
    Size(size::Options),
}

/// `cargo xtask bench`
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    match &options.what {
        What::Decode { options } => {
            let program = peers(repo, "run").args(["--release", "--bin", "decode", "--"]).args(options);
            hand_over(program, Output::of(options))
        }
        What::Browser { options } => browser::run(repo, options),
        What::History { json } => {
            let example = ["run", "--release", "-p", "sse-hub", "--features", "redb", "--example"];
            let program = repo.cmd("cargo").args(example).args(["bench_history", "--"]);
            hand_over(program.args(json.then_some("--json")), Output::with(*json))
        }
        What::Fanout { options } => fanout::run(repo, options),
        What::Market { options } => market::run(repo, options),
        What::Size(options) => size::run(repo, options),
    }
}

/// A cargo command for the peers, one of which asks for a newer compiler than it needs.
pub(crate) fn peers(repo: &Repo, command: &str) -> Cmd {
    let cargo = repo.cmd("cargo").args([command, "--ignore-rust-version", "--manifest-path", PEERS]);
    if is_of_tests(command) { beside_the_workspace(repo, cargo) } else { cargo }
}

/// A cargo command for the workspace of the pages, of the program that opens them, and of the servers.
pub(crate) fn benches(repo: &Repo, command: &str) -> Cmd {
    let cargo = repo.cmd("cargo").args([command, "--manifest-path", BENCHES]);
    if is_of_tests(command) {
        beside_the_workspace(repo, cargo)
    } else {
        cargo.arg("--target-dir").arg(pages::target(repo))
    }
}

fn is_of_tests(command: &str) -> bool {
    matches!(command, "clippy" | "test")
}

/// Builds where the workspace does: most of what other workspaces are built on is the same, and already there.
fn beside_the_workspace(repo: &Repo, cargo: Cmd) -> Cmd {
    cargo.arg("--target-dir").arg(repo.path("target"))
}

/// A program that opens pages in a browser.
fn harness(repo: &Repo, program: &str) -> Cmd {
    benches(repo, "run").args(["--quiet", "--release", "--package", "harness", "--bin", program, "--"])
}

fn wants_help(options: &[String]) -> bool {
    options.iter().any(|option| matches!(option.as_str(), "--help" | "-h"))
}

/// Runs the program that measures, which was told what to print.
fn hand_over(program: Cmd, output: Output) -> Result<ExitCode> {
    match output {
        Output::All => program.exec(),
        // What a program that fails has measured is told too. The command is not.
        Output::Errors => {
            let (result, code) = program.capture_any()?;
            io::stdout().write_all(&result).context("could not write the result")?;
            Ok(code)
        }
    }
}

/// What is said while something is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    /// The commands and what they print.
    All,
    /// Nothing: the standard output is for a line of JSON.
    Errors,
}

impl Output {
    /// Whoever asks for JSON wants no other line.
    fn with(json: bool) -> Self {
        if json { Self::Errors } else { Self::All }
    }

    /// What the options of a program ask for. The program reads them properly.
    fn of(options: &[String]) -> Self {
        Self::with(options.iter().any(|option| option == "--json"))
    }

    fn run(self, command: &Cmd) -> Result<()> {
        match self {
            Self::All => command.run(),
            Self::Errors => command.capture().map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use clap::error::ErrorKind;

    #[test]
    fn only_what_the_history_takes_starts_its_benchmark() {
        let history =
            |option| crate::Cli::try_parse_from(["cargo xtask", "bench", "history", option]).map(drop);
        history("--json").expect("it takes that");
        let refused = |option| history(option).expect_err("it is no option").kind();
        assert_eq!(refused("--help"), ErrorKind::DisplayHelp);
        assert_eq!(refused("--jsno"), ErrorKind::UnknownArgument);
    }
}
