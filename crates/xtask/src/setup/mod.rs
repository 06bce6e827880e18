//! What the commands need, and how this machine gets it.
//!
//! Every need answers two questions: is it there, and if not, which commands put it there? Nothing is installed
//! before the whole plan, with the time each step takes, has been printed.

pub(crate) mod browser;
mod cxx;
pub(crate) mod firefox;
mod go;
pub(crate) mod nchan;
pub(crate) mod node;
mod system;
mod tools;
pub(crate) mod webkit;

pub(crate) use tools::{WASM, versions};

use std::time::Instant;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::process::Cmd;
use crate::repo::Repo;

/// `cargo xtask setup`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these (default: all but go and nchan, with which only `bench fanout` compares)
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Need>,

    /// Print the plan and install nothing
    #[arg(long)]
    dry_run: bool,
}

/// A thing that building, serving or testing cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Need {
    /// Rust's standard library for wasm32-unknown-unknown
    WasmTarget,
    /// The npm packages of the page: the chart library, and wasm-opt
    Frontend,
    /// trunk, which builds the page
    Trunk,
    /// wasm-bindgen and its test runner, of the version in Cargo.lock
    WasmBindgen,
    /// wasm-pack, which runs the tests in a browser
    WasmPack,
    /// The npm packages of the end-to-end tests: Playwright
    E2e,
    /// The npm packages of the benchmarks: React, eventsource-parser, better-sse, a bundler
    Benches,
    /// Go, in which a server of the fan-out benchmark is written
    Go,
    /// nginx with nchan, a server of the fan-out benchmark
    Nchan,
    /// Chromium and its driver
    Browser,
    /// Firefox
    Firefox,
    /// The driver of Firefox
    Geckodriver,
    /// WebKitGTK's browser with its driver, and Xvfb, a display for it
    Webkit,
    /// cargo-fuzz, which builds the fuzz targets
    CargoFuzz,
    /// A C++ compiler: libFuzzer is written in C++
    Cxx,
    /// cargo-deny, which looks at licences, versions and sources
    CargoDeny,
    /// cargo-llvm-cov, which collects what tests reach
    CargoLlvmCov,
    /// Rust's llvm-tools, with which it reads that
    LlvmTools,
}

impl Need {
    /// What the optimised page and the development server need.
    pub(crate) const PAGE: [Self; 4] = [Self::WasmTarget, Self::Frontend, Self::Trunk, Self::WasmBindgen];

    /// What fuzzing needs.
    pub(crate) const FUZZ: [Self; 2] = [Self::CargoFuzz, Self::Cxx];

    /// What a benchmark can do without, if it says so. They are installed when it runs, and not by `setup` for all.
    const OPTIONAL: [Self; 2] = [Self::Go, Self::Nchan];

    /// What measuring coverage needs.
    pub(crate) const COVERAGE: [Self; 2] = [Self::CargoLlvmCov, Self::LlvmTools];

    /// `None` when it is there.
    fn missing(self, repo: &Repo) -> Result<Option<Missing>> {
        match self {
            Self::WasmTarget => tools::wasm_target(repo),
            Self::Frontend => node::missing(repo, node::FRONTEND),
            Self::Trunk => tools::trunk(repo),
            Self::WasmBindgen => tools::wasm_bindgen(repo),
            Self::WasmPack => tools::wasm_pack(repo),
            Self::E2e => node::missing(repo, node::E2E),
            Self::Benches => node::missing(repo, node::BENCHES),
            Self::Go => Ok(go::missing(repo)),
            Self::Nchan => Ok(nchan::missing(repo)),
            Self::Browser => Ok(browser::missing(repo)),
            Self::Firefox => Ok(firefox::missing(repo)),
            Self::Geckodriver => Ok(tools::geckodriver(repo)),
            Self::Webkit => Ok(webkit::missing(repo)),
            Self::CargoFuzz => Ok(tools::cargo_fuzz(repo)),
            Self::Cxx => Ok(cxx::missing(repo)),
            Self::CargoDeny => Ok(tools::cargo_deny(repo)),
            Self::CargoLlvmCov => Ok(tools::cargo_llvm_cov(repo)),
            Self::LlvmTools => tools::llvm_tools(repo),
        }
    }
}

/// Something that is not there.
#[derive(Debug)]
struct Missing {
    what: String,
    /// For a reader who wonders whether to wait. Measured on two cores.
    takes: &'static str,
    remedy: Remedy,
}

#[derive(Debug)]
enum Remedy {
    /// We may run these ourselves.
    Run(Vec<Cmd>),
    /// Only the user can do it; the text says how.
    ByHand(String),
}

/// How to do without a second and a third browser.
const WITHOUT: &str = "or run the tests without it: cargo xtask test --browser chrome";

impl Remedy {
    /// Tells who has to do something by hand that there is another way.
    fn or(self, other_way: &str) -> Self {
        match self {
            Self::ByHand(how) => Self::ByHand(format!("{how}\n{other_way}")),
            run => run,
        }
    }
}

/// `cargo xtask setup`
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<()> {
    let usual = Need::value_variants().iter().copied().filter(|need| !Need::OPTIONAL.contains(need));
    let needs = if options.only.is_empty() { usual.collect() } else { options.only.clone() };
    if options.dry_run {
        let plan = plan(repo, &needs)?;
        if plan.is_empty() {
            eprintln!("Nothing is missing.");
        } else {
            show(&plan);
        }
        return Ok(());
    }
    ensure(repo, &needs)?;
    eprintln!("Everything is in place.");
    Ok(())
}

/// Installs whichever of the needs are missing. Prints nothing when none is.
pub(crate) fn ensure(repo: &Repo, needs: &[Need]) -> Result<()> {
    let plan = plan(repo, needs)?;
    if plan.is_empty() {
        return Ok(());
    }
    show(&plan);
    // A need that only the user can meet stops us before half of an hour is spent on the others.
    if plan.iter().any(|(_, missing)| matches!(missing.remedy, Remedy::ByHand(_))) {
        bail!("this machine lacks something that has to be installed by hand; see the list above");
    }
    for (position, (need, missing)) in plan.iter().enumerate() {
        eprintln!("\n[{}/{}] {}", position + 1, plan.len(), missing.what);
        let start = Instant::now();
        if let Remedy::Run(commands) = &missing.remedy {
            commands.iter().try_for_each(Cmd::run)?;
        }
        if let Some(still) = need.missing(repo)? {
            bail!(
                "{} was installed but cannot be used; run `cargo xtask setup --dry-run` to see why",
                still.what
            );
        }
        eprintln!("[{}/{}] done in {:.0} s", position + 1, plan.len(), start.elapsed().as_secs_f64());
    }
    eprintln!();
    Ok(())
}

fn plan(repo: &Repo, needs: &[Need]) -> Result<Vec<(Need, Missing)>> {
    let mut plan = Vec::new();
    for &need in needs {
        if let Some(missing) = need.missing(repo)? {
            plan.push((need, missing));
        }
    }
    Ok(plan)
}

fn show(plan: &[(Need, Missing)]) {
    eprintln!("Missing on this machine:");
    for (_, missing) in plan {
        match &missing.remedy {
            Remedy::Run(commands) => {
                eprintln!("  {} ({})", missing.what, missing.takes);
                for command in commands {
                    eprintln!("    {command}");
                }
            }
            Remedy::ByHand(how) => {
                eprintln!("  {}: install it by hand", missing.what);
                for line in how.lines() {
                    eprintln!("    {line}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_way_is_told_to_those_only_who_have_to_do_something() {
        let Remedy::ByHand(how) = Remedy::ByHand("Install it.".to_owned()).or(WITHOUT) else {
            panic!("it is still done by hand");
        };
        assert_eq!(how, format!("Install it.\n{WITHOUT}"));
        assert!(matches!(Remedy::Run(Vec::new()).or(WITHOUT), Remedy::Run(_)));
    }
}
