//! Every test of the repository, in suites.
//!
//! A suite's output goes straight to the terminal; we read along and count. What did not run did not pass: a suite
//! without a single test has failed, because the usual reason is a filter, a `cfg` or a renamed folder.

mod beside;
mod browser;
mod count;
mod e2e;
mod engine;
mod engines;
mod examples;
mod lint;
mod native;
mod playwright;
mod wasm;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

pub(crate) use count::Count;

use crate::layers;
use crate::process::Cmd;
use crate::repo::Repo;
use crate::setup::{self, Need};
use beside::Beside;
use engine::Engine;

/// How long one command of a suite may take, with what it has to build first. It is there for what hangs: on two busy
/// cores the longest one takes a quarter of that.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// `cargo xtask test`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these suites (default: all, in this order)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    suite: Vec<Suite>,

    /// The suites `browser` and `engines` only in these engines (default: all that they know); `examples` and `e2e` are
    /// always in Chromium
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ENGINE")]
    browser: Vec<Engine>,

    /// Stop after the first suite that fails
    #[arg(long)]
    fail_fast: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// The direction of dependencies between the crates
    Layers,
    // Early: while it runs, there is time to compile what the others need.
    /// wasm-bindgen tests in real browser engines, against a scripted server
    Browser,
    /// Formatting, clippy for the machine and for wasm, the next Leptos, the links of the documentation, and what we
    /// build on
    Lint,
    /// Unit, integration and documentation tests on this machine
    Native,
    /// The apps in examples/, each in a real browser against its own server
    Examples,
    /// Playwright against the built page and the real server
    E2e,
    /// The tabs of a browser, and each example that is a page or about tests, in Firefox and WebKit
    Engines,
}

impl Suite {
    fn name(self) -> String {
        crate::name_of(&self)
    }

    fn runs(self, engines: &[Engine]) -> Vec<Run> {
        match self {
            Self::Layers => vec![Run::Layers],
            Self::Lint => vec![Run::Lint],
            Self::Native => vec![Run::Native],
            Self::Browser => vec![Run::Browser(engines.to_vec())],
            Self::Examples => vec![Run::Examples],
            Self::E2e => vec![Run::E2e],
            // In Chromium these are part of the two above.
            Self::Engines => {
                let others = engines.iter().copied().filter(|&engine| engine != Engine::Chrome);
                others.map(Run::Engines).collect()
            }
        }
    }
}

/// What runs by itself: a suite, or a suite in one engine.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Run {
    Layers,
    Lint,
    Native,
    /// In all of these at once.
    Browser(Vec<Engine>),
    Examples,
    E2e,
    Engines(Engine),
}

impl Run {
    /// The runs of these suites, in order. No suites or no engines: all of them.
    fn all_of(suites: &[Suite], engines: &[Engine]) -> Vec<Self> {
        let suites = if suites.is_empty() { Suite::value_variants() } else { suites };
        let engines = if engines.is_empty() { Engine::value_variants() } else { engines };
        suites.iter().flat_map(|suite| suite.runs(engines)).collect()
    }

    fn suite(&self) -> Suite {
        match self {
            Self::Layers => Suite::Layers,
            Self::Lint => Suite::Lint,
            Self::Native => Suite::Native,
            Self::Browser(_) => Suite::Browser,
            Self::Examples => Suite::Examples,
            Self::E2e => Suite::E2e,
            Self::Engines(_) => Suite::Engines,
        }
    }

    /// The names of its rows in the table: one for each engine that has one.
    fn rows(&self) -> Vec<String> {
        let suite = self.suite().name();
        let row = |engine: &Engine| format!("{suite} {}", engine.name());
        match self {
            Self::Browser(engines) => engines.iter().map(row).collect(),
            Self::Engines(engine) => vec![row(engine)],
            _ => vec![suite],
        }
    }

    fn needs(&self) -> Vec<Need> {
        match self {
            Self::Layers => vec![],
            Self::Lint => vec![Need::WasmTarget, Need::CargoDeny],
            // For sse-proto without std; for Node, which the tests of this very crate run; to fuzz for a few seconds.
            Self::Native => vec![Need::WasmTarget, Need::Frontend, Need::CargoFuzz, Need::Cxx],
            Self::Browser(engines) => {
                let of_all = [Need::WasmTarget, Need::WasmBindgen, Need::WasmPack];
                let of_each = engines.iter().flat_map(|engine| engine.needs());
                of_all.iter().chain(of_each).copied().collect()
            }
            Self::Examples => vec![
                Need::WasmTarget,
                Need::Trunk,
                Need::WasmBindgen,
                Need::WasmPack,
                Need::E2e,
                Need::Browser,
            ],
            Self::E2e => [&Need::PAGE[..], &[Need::E2e, Need::Browser]].concat(),
            Self::Engines(engine) => [&Need::PAGE[..], &[Need::WasmPack, Need::E2e], engine.needs()].concat(),
        }
    }

    /// What it will ask cargo for, as commands that run no test.
    fn builds(&self, repo: &Repo) -> Result<Vec<Cmd>> {
        Ok(match self {
            Self::Layers => vec![],
            // One that fails is heard of early.
            Self::Lint => lint::checks(repo)?,
            Self::Native => native::builds(repo)?,
            Self::Browser(_) => browser::builds(repo),
            Self::Examples => examples::builds(repo),
            Self::E2e => e2e::builds(repo),
            Self::Engines(_) => engines::builds(repo),
        })
    }

    /// How it went, for each of its rows.
    fn start(&self, repo: &Repo, beside: &mut Beside) -> Vec<Report> {
        println!("\n===== {} =====", self.rows().join(", "));
        let start = Instant::now();
        let count = match self {
            Self::Layers => layers(repo),
            Self::Lint => lint::run(repo),
            Self::Native => native::run(repo, beside),
            Self::Browser(engines) => match browser::run(repo, engines, beside) {
                Ok(counts) => {
                    let rows = self.rows().into_iter().zip(counts);
                    return rows.map(|(row, (count, took))| Report::new(row, count, took)).collect();
                }
                Err(error) => Err(error),
            },
            Self::Examples => examples::run(repo, beside),
            Self::E2e => e2e::run(repo, beside),
            Self::Engines(engine) => engines::run(repo, *engine, beside),
        };
        vec![Report::new(self.rows().join(", "), count, start.elapsed())]
    }
}

fn layers(repo: &Repo) -> Result<Count> {
    let checked = layers::check(repo)?;
    layers::show(&checked);
    let failed = checked.iter().filter(|one| !one.faults.is_empty()).count() as u64;
    Ok(Count { passed: checked.len() as u64 - failed, failed })
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
    let runs = Run::all_of(&options.suite, &options.browser);
    if runs.is_empty() {
        bail!("the suite `{}` runs in Firefox and WebKit only", Suite::Engines.name());
    }
    if runs.iter().any(|run| matches!(run, Run::Browser(_))) {
        browser::check_address()?;
    }
    // All tools first, so that a machine that lacks one says so at once and not after half an hour.
    let wanted: Vec<Need> = runs.iter().flat_map(Run::needs).collect();
    let needs: Vec<Need> =
        Need::value_variants().iter().copied().filter(|need| wanted.contains(need)).collect();
    setup::ensure_for_tests(repo, &needs)?;

    let builds: Vec<_> = runs.iter().map(|run| run.builds(repo)).collect::<Result<_>>()?;
    let mut beside = Beside::new(builds);
    let mut reports = Vec::new();
    for (place, run) in runs.into_iter().enumerate() {
        beside.suite_starts(place);
        let of_run = run.start(repo, &mut beside);
        for Report { suite, problem, .. } in &of_run {
            if let Some(problem) = problem {
                eprintln!("\nsuite {suite}: {problem}");
            }
        }
        let failed = of_run.iter().any(|report| report.count.failed > 0);
        reports.extend(of_run);
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
    let mut text = format!("{:<15} {:>8} {:>8} {:>9}\n", "suite", "passed", "failed", "seconds");
    let mut total = Count::default();
    for Report { suite, count, took, problem } in reports {
        let note = problem.as_deref().and_then(|problem| problem.lines().next());
        let note = note.map(|note| format!("   {note}")).unwrap_or_default();
        let (passed, failed, seconds) = (count.passed, count.failed, took.as_secs_f64());
        text += &format!("{suite:<15} {passed:>8} {failed:>8} {seconds:>9.1}{note}\n");
        total += *count;
    }
    text + &format!("\n{} passed, {} failed\n", total.passed, total.failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn report(result: Result<Count>) -> Report {
        Report::new("suite".to_owned(), result, Duration::from_millis(1500))
    }

    #[test]
    fn a_suite_of_engines_runs_in_each_that_is_asked_for() {
        let names = |suites: &[Suite], engines: &[Engine]| -> Vec<String> {
            Run::all_of(suites, engines).iter().flat_map(Run::rows).collect()
        };
        let all = [
            "layers",
            "browser chrome",
            "browser firefox",
            "browser webkit",
            "lint",
            "native",
            "examples",
            "e2e",
            "engines firefox",
            "engines webkit",
        ];
        assert_eq!(names(&[], &[]), all);
        let chosen = names(&[Suite::E2e, Suite::Browser], &[Engine::Webkit, Engine::Chrome]);
        assert_eq!(chosen, ["e2e", "browser webkit", "browser chrome"]);
        assert_eq!(names(&[Suite::Lint], &[Engine::Firefox]), ["lint"]);
        assert_eq!(names(&[Suite::Engines], &[Engine::Chrome, Engine::Firefox]), ["engines firefox"]);
    }

    #[test]
    fn a_suite_that_knows_none_of_the_engines_is_an_error() {
        let suite = vec![Suite::Engines];
        let options = Options { suite, browser: vec![Engine::Chrome], fail_fast: false };
        assert!(run(&Repo::of_tests(), &options).is_err());
    }

    #[test]
    fn no_test_runs_beside_another() {
        let repo = Repo::of_tests();
        let mut tests = 0;
        for run in Run::all_of(&[], &[]) {
            let builds = run.builds(&repo).expect("the workspace has all members");
            assert_eq!(builds.is_empty(), run == Run::Layers, "{run:?}");
            for build in builds.iter().map(Cmd::to_string).filter(|build| build.contains("cargo test")) {
                assert!(build.contains("--no-run"), "{build}");
                tests += 1;
            }
        }
        assert!(tests > 0, "the suite `native` has some");
    }

    #[test]
    fn only_the_engines_that_run_are_needed() {
        let needs = Run::Browser(vec![Engine::Webkit]).needs();
        assert!(needs.contains(&Need::Webkit) && needs.contains(&Need::WasmPack), "{needs:?}");
        assert!(!needs.contains(&Need::Browser) && !needs.contains(&Need::Firefox), "{needs:?}");
        let needs = Run::Engines(Engine::Firefox).needs();
        assert!(needs.contains(&Need::Geckodriver) && needs.contains(&Need::E2e), "{needs:?}");
        assert!(!needs.contains(&Need::Browser) && !needs.contains(&Need::Webkit), "{needs:?}");
        assert!(Run::E2e.needs().contains(&Need::Browser), "it stays in Chromium");
    }

    #[test]
    fn what_runs_fewer_tests_does_without_what_it_says() {
        for (command, without) in setup::FEWER_TESTS {
            let cli = crate::Cli::try_parse_from(command.split(' ').skip(1)).expect("a command of ours");
            let crate::Command::Test(Options { suite, browser, .. }) = cli.command else {
                panic!("{command}")
            };
            let needs: Vec<_> = Run::all_of(&suite, &browser).iter().flat_map(Run::needs).collect();
            assert!(!needs.iter().any(|need| without.contains(need)), "{command}: {needs:?}");
        }
    }

    #[test]
    fn what_builds_for_wasm_needs_the_target() {
        let idle = |run: &Run| !run.needs().contains(&Need::WasmTarget);
        let without: Vec<_> = Run::all_of(&[], &[]).into_iter().filter(idle).collect();
        assert_eq!(without, [Run::Layers]);
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
