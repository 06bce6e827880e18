//! Every test of the repository, in suites.
//!
//! A suite's output goes straight to the terminal; we read along and count. What did not run did not pass: a suite
//! without a single test has failed, because the usual reason is a filter, a `cfg` or a renamed folder.

mod browser;
mod count;
mod e2e;
mod examples;
mod lint;
mod native;
mod playwright;
mod wasm;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, ValueEnum};

pub(crate) use count::Count;

use crate::repo::Repo;
use crate::setup::{self, Need};
use crate::{layers, process};

/// `cargo xtask test`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these suites (default: all, in this order)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    suite: Vec<Suite>,

    /// The browser of the suites `browser`, `examples` and `e2e`
    #[arg(long, value_enum, default_value_t = Engine::Chrome)]
    browser: Engine,

    /// Stop after the first suite that fails
    #[arg(long)]
    fail_fast: bool,
}

/// A browser engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// Chromium or Chrome
    Chrome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// The direction of dependencies between the crates
    Layers,
    /// Formatting, clippy for the machine and for wasm, and the links of the documentation
    Lint,
    /// Unit, integration and documentation tests on this machine
    Native,
    /// wasm-bindgen tests in a real browser, against a scripted server
    Browser,
    /// The apps in examples/, each in a real browser against its own server
    Examples,
    /// Playwright against the built page and the real server
    E2e,
}

impl Suite {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn needs(self) -> &'static [Need] {
        match self {
            Self::Layers => &[],
            Self::Lint => &[Need::WasmTarget],
            // For Node, which the tests of this very crate run, and to fuzz for a few seconds.
            Self::Native => &[Need::Frontend, Need::CargoFuzz, Need::Cxx],
            Self::Browser => &[Need::WasmTarget, Need::WasmBindgen, Need::WasmPack, Need::Browser],
            Self::Examples => &[Need::WasmTarget, Need::Trunk, Need::WasmBindgen, Need::E2e, Need::Browser],
            Self::E2e => {
                &[Need::WasmTarget, Need::Frontend, Need::Trunk, Need::WasmBindgen, Need::E2e, Need::Browser]
            }
        }
    }

    fn run(self, repo: &Repo, engine: Engine) -> Result<Count> {
        let Engine::Chrome = engine;
        match self {
            Self::Layers => {
                let checked = layers::check(repo)?;
                layers::show(&checked);
                let failed = checked.iter().filter(|one| !one.faults.is_empty()).count() as u64;
                Ok(Count { passed: checked.len() as u64 - failed, failed })
            }
            Self::Lint => lint::run(repo),
            Self::Native => native::run(repo),
            Self::Browser => browser::run(repo),
            Self::Examples => examples::run(repo),
            Self::E2e => e2e::run(repo),
        }
    }
}

/// How a suite went.
#[derive(Debug)]
struct Report {
    suite: String,
    count: Count,
    took: Duration,
    /// Why it failed, when that is more than a failed test.
    problem: Option<String>,
}

impl Report {
    fn new(suite: String, result: Result<Count>, took: Duration) -> Self {
        let (count, problem) = match result {
            Ok(count) if count.ran() == 0 => (Count { passed: 0, failed: 1 }, Some("no test ran".to_owned())),
            Ok(count) => (count, None),
            Err(error) => (Count { passed: 0, failed: 1 }, Some(format!("{error:#}"))),
        };
        Self { suite, count, took, problem }
    }
}

/// `cargo xtask test`
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let suites = if options.suite.is_empty() { Suite::value_variants() } else { &options.suite };
    // All tools first, so that a machine that lacks one says so at once and not after half an hour.
    let needs: Vec<Need> = Need::value_variants()
        .iter()
        .copied()
        .filter(|need| suites.iter().any(|suite| suite.needs().contains(need)))
        .collect();
    setup::ensure(repo, &needs)?;
    process::end_children_on_interrupt()?;

    let mut reports = Vec::new();
    for suite in suites {
        println!("\n===== {} =====", suite.name());
        let start = Instant::now();
        let result = suite.run(repo, options.browser);
        let report = Report::new(suite.name(), result, start.elapsed());
        if let Some(problem) = &report.problem {
            eprintln!("\nsuite {}: {problem}", report.suite);
        }
        let failed = report.count.failed > 0;
        reports.push(report);
        if failed && options.fail_fast {
            break;
        }
    }
    print!("\n{}", summary(&reports));
    Ok(if reports.iter().all(|report| report.count.failed == 0) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The table, and alone on the last line what the machines read.
fn summary(reports: &[Report]) -> String {
    let mut text = format!("{:<10} {:>8} {:>8} {:>9}\n", "suite", "passed", "failed", "seconds");
    let mut total = Count::default();
    for Report { suite, count, took, problem } in reports {
        let note = problem.as_deref().and_then(|problem| problem.lines().next());
        let note = note.map(|note| format!("   {note}")).unwrap_or_default();
        let (passed, failed, seconds) = (count.passed, count.failed, took.as_secs_f64());
        text += &format!("{suite:<10} {passed:>8} {failed:>8} {seconds:>9.1}{note}\n");
        total += *count;
    }
    text + &format!("\n{} passed, {} failed\n", total.passed, total.failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(result: Result<Count>) -> Report {
        Report::new("suite".to_owned(), result, Duration::from_millis(1500))
    }

    #[test]
    fn a_suite_that_ran_nothing_has_failed() {
        let report = report(Ok(Count::default()));
        assert_eq!(report.count.failed, 1);
        assert_eq!(report.problem.as_deref(), Some("no test ran"));
    }

    #[test]
    fn a_suite_that_could_not_run_has_failed() {
        let report = report(Err(anyhow::anyhow!("inner").context("outer")));
        assert_eq!(report.count, Count { passed: 0, failed: 1 });
        assert_eq!(report.problem.as_deref(), Some("outer: inner"));
    }

    #[test]
    fn the_last_line_is_the_sum() {
        let reports = [
            report(Ok(Count { passed: 3, failed: 0 })),
            report(Ok(Count { passed: 4, failed: 2 })),
            report(Err(anyhow::anyhow!("no browser"))),
        ];
        let text = summary(&reports);
        assert_eq!(text.lines().last(), Some("7 passed, 3 failed"));
        assert!(text.contains("1.5   no browser\n"), "{text}");
    }
}
