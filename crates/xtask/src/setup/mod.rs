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
mod program;
mod system;
mod tools;
pub(crate) mod webkit;

pub(crate) use tools::{WASM, versions};

use system::Privilege;

use std::fs::File;
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
    /// The npm packages of the end-to-end tests: Playwright, Selenium's client
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
            Self::Trunk => Ok(tools::trunk(repo)),
            Self::WasmBindgen => tools::wasm_bindgen(repo),
            Self::WasmPack => Ok(tools::wasm_pack(repo)),
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
    /// How that was found out.
    why: String,
    /// For a reader who wonders whether to wait. Measured on two cores.
    takes: &'static str,
    remedy: Remedy,
}

#[derive(Debug, Clone)]
enum Remedy {
    /// We may run these ourselves.
    Run(Vec<Cmd>),
    /// Packages of Debian or Ubuntu. What several needs want of them is installed at once.
    Apt(&'static [&'static str]),
    /// Only the user can do it; the text says how.
    ByHand(String),
}

/// Commands that run fewer tests, the most of them first, and what these can do without.
pub(crate) const FEWER_TESTS: [(&str, &[Need]); 3] = [
    ("cargo xtask test --browser chrome", &[Need::Firefox, Need::Geckodriver, Need::Webkit]),
    (
        "cargo xtask test --suite layers,browser,lint,native,engines --browser firefox",
        &[Need::Browser, Need::Webkit],
    ),
    (
        "cargo xtask test --suite layers,lint,native",
        &[Need::Browser, Need::Firefox, Need::Geckodriver, Need::Webkit],
    ),
];

/// What is missing and has one remedy. It is never [`Remedy::Apt`] any more.
#[derive(Debug)]
struct Step {
    missing: Vec<(Need, Missing)>,
    remedy: Remedy,
}

impl Step {
    fn what(&self) -> String {
        let what: Vec<_> = self.missing.iter().map(|(_, missing)| missing.what.as_str()).collect();
        what.join(", ")
    }

    fn is_by_hand(&self) -> bool {
        matches!(self.remedy, Remedy::ByHand(_))
    }

    /// Whether whoever follows this by hand has done the step.
    fn is_done_by(&self, remedy: &Remedy) -> bool {
        matches!((&self.remedy, remedy), (Remedy::ByHand(ours), Remedy::ByHand(theirs)) if ours == theirs)
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line = |(_, Missing { what, why, takes, .. }): &(Need, Missing)| {
            let how = if self.is_by_hand() { "install it by hand" } else { takes };
            format!("  {what}: {why} ({how})\n")
        };
        let mut lines: Vec<_> = self.missing.iter().map(line).collect();
        lines.dedup();
        f.write_str(&lines.concat())?;
        match &self.remedy {
            Remedy::Run(commands) => commands.iter().try_for_each(|command| writeln!(f, "    {command}"))?,
            Remedy::Apt(packages) => writeln!(f, "    {}", system::apt_by_hand(packages))?,
            Remedy::ByHand(how) => how.lines().try_for_each(|line| writeln!(f, "    {line}"))?,
        }
        Ok(())
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
            show(&plan, fewer_tests(&plan));
        }
        return Ok(());
    }
    ensure_for_tests(repo, &needs)?;
    eprintln!("Everything is in place.");
    if let Some(hint) = tools::of_ours(repo) {
        eprintln!("{hint}");
    }
    Ok(())
}

/// Installs whichever of the needs are missing. Prints nothing when none is.
pub(crate) fn ensure(repo: &Repo, needs: &[Need]) -> Result<()> {
    install(repo, needs, |_| None)
}

/// Like [`ensure`], for tests, some of which can do without what only the user can install.
pub(crate) fn ensure_for_tests(repo: &Repo, needs: &[Need]) -> Result<()> {
    install(repo, needs, fewer_tests)
}

/// Waits until nobody else of us installs anything.
fn alone(repo: &Repo) -> Result<File> {
    repo.lock_file("install.lock", "installs what is missing")
}

fn install(repo: &Repo, needs: &[Need], around: impl FnOnce(&[Step]) -> Option<&'static str>) -> Result<()> {
    if plan(repo, needs)?.is_empty() {
        return Ok(());
    }
    // Two would do the same work, and the first to end would take from the other what it builds in.
    let _alone = alone(repo)?;
    let plan = plan(repo, needs)?;
    if plan.is_empty() {
        return Ok(());
    }
    show(&plan, around(&plan));
    // A need that only the user can meet stops us before half an hour is spent on the others.
    if plan.iter().any(Step::is_by_hand) {
        bail!("this machine lacks something that has to be installed by hand; see the list above");
    }
    for (position, step) in plan.iter().enumerate() {
        eprintln!("\n[{}/{}] {}", position + 1, plan.len(), step.what());
        let start = Instant::now();
        if let Remedy::Run(commands) = &step.remedy {
            commands.iter().try_for_each(Cmd::run_aside)?;
        }
        for (need, _) in &step.missing {
            if let Some(Missing { what, why, .. }) = need.missing(repo)? {
                bail!("{what} was installed but cannot be used: {why}\nsearched: {}", repo.search_path());
            }
        }
        eprintln!("[{}/{}] done in {:.0} s", position + 1, plan.len(), start.elapsed().as_secs_f64());
    }
    // What cargo built the tools in. Only for the next one of them would it save time.
    let _ = std::fs::remove_dir_all(repo.path(tools::TARGET));
    eprintln!();
    Ok(())
}

fn plan(repo: &Repo, needs: &[Need]) -> Result<Vec<Step>> {
    let mut missing = Vec::new();
    for &need in needs {
        missing.extend(need.missing(repo)?.map(|missing| (need, missing)));
    }
    Ok(steps(missing, |packages| system::apt(repo, Privilege::of_ours(repo), packages)))
}

/// A step for each, and one before them for all packages of the system together. What is done by hand in the same way is
/// one step as well.
fn steps(missing: Vec<(Need, Missing)>, apt: impl FnOnce(&[&str]) -> Remedy) -> Vec<Step> {
    let (mut steps, mut by_apt, mut packages) = (Vec::new(), Vec::new(), Vec::new());
    for (need, one) in missing {
        if let Remedy::Apt(wanted) = one.remedy {
            packages.extend(wanted);
            by_apt.push((need, one));
        } else if let Some(same) = steps.iter_mut().find(|step: &&mut Step| step.is_done_by(&one.remedy)) {
            same.missing.push((need, one));
        } else {
            let remedy = one.remedy.clone();
            steps.push(Step { missing: vec![(need, one)], remedy });
        }
    }
    if !by_apt.is_empty() {
        steps.insert(0, Step { missing: by_apt, remedy: apt(&packages) });
    }
    steps
}

/// The command that can do without everything that has to be installed by hand, if there is one and that is needed.
fn fewer_tests(plan: &[Step]) -> Option<&'static str> {
    let by_hand = plan.iter().filter(|step| step.is_by_hand()).flat_map(|step| &step.missing);
    let lacking: Vec<_> = by_hand.map(|(need, _)| need).collect();
    let helps = |without: &[Need]| lacking.iter().all(|need| without.contains(need));
    let (command, _) = FEWER_TESTS.iter().find(|(_, without)| !lacking.is_empty() && helps(without))?;
    Some(command)
}

fn show(plan: &[Step], around: Option<&str>) {
    eprintln!("Missing on this machine:");
    plan.iter().for_each(|step| eprint!("{step}"));
    if let Some(command) = around {
        eprintln!("or do without: {command}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(what: &str, remedy: Remedy) -> Missing {
        Missing { what: what.to_owned(), why: format!("{what} was not found"), takes: "1 s", remedy }
    }

    #[test]
    fn the_packages_of_the_system_are_one_step_and_the_first() {
        let repo = Repo::of_tests();
        let cargo = || Remedy::Run(vec![repo.cmd("cargo").arg("install")]);
        let missing = vec![
            (Need::Browser, missing("Chromium", Remedy::Apt(&["chromium"]))),
            (Need::Trunk, missing("trunk", cargo())),
            (Need::Cxx, missing("g++", Remedy::Apt(&["g++"]))),
        ];
        let steps = steps(missing, |packages| system::apt(&repo, Privilege::Sudo, packages));
        let what: Vec<_> = steps.iter().map(Step::what).collect();
        assert_eq!(what, ["Chromium, g++", "trunk"]);
        let text = steps[0].to_string();
        assert_eq!(text.matches(" update\n").count(), 1, "{text}");
        assert_eq!(text.matches(" install -y --no-install-recommends chromium g++\n").count(), 1, "{text}");
        assert_eq!(steps[1].to_string(), "  trunk: trunk was not found (1 s)\n    cargo install\n");
    }

    #[test]
    fn who_may_not_install_gets_one_line_and_the_way_around() {
        let repo = Repo::of_tests();
        let missing = vec![
            (Need::Browser, missing("Chromium", Remedy::Apt(&["chromium"]))),
            (Need::Firefox, missing("Firefox", Remedy::Apt(&["firefox-esr"]))),
            (Need::Webkit, missing("WebKit", Remedy::Apt(&["webkit"]))),
        ];
        let steps = steps(missing, |packages| system::apt(&repo, Privilege::None, packages));
        let [step] = steps.as_slice() else { panic!("it is one step: {steps:?}") };
        assert!(step.is_by_hand());
        let text = step.to_string();
        let line = "    sudo apt-get update && sudo apt-get install --no-install-recommends chromium firefox-esr webkit";
        assert_eq!(text.lines().skip(3).collect::<Vec<_>>(), [line]);
        assert_eq!(fewer_tests(&steps), Some("cargo xtask test --suite layers,lint,native"));
    }
}
