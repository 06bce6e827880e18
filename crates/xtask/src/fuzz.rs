//! `cargo xtask fuzz`: libFuzzer on the targets in `crates/sse-proto/fuzz`.
//!
//! It runs on the toolchain that the repository pins. libFuzzer needs the compiler to count what an input reaches,
//! which stable does; it does not need a sanitizer, which only nightly has. A sanitizer finds misuse of memory, and
//! `sse-proto` forbids unsafe code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::process::Cmd;
use crate::repo::Repo;
use crate::setup::{self, Need};
use crate::test::Count;

/// Where the targets are, with their seeds, the corpus that grows, and what was found.
const FOLDER: &str = "crates/sse-proto/fuzz";

/// Streams for the corners of the protocol, which are seeds of the decoder behind [`WHOLE`].
const VECTORS: &str = "tests/conformance/vectors";

/// In front of a stream that the decoder is to get in one piece, without limits and on a new connection.
const WHOLE: &[u8] = b"000\n";

/// The package of the targets: a workspace of its own, so that libFuzzer is in nobody's lock file.
pub(crate) const PACKAGE: &str = "crates/sse-proto/fuzz/Cargo.toml";

/// Inside `target`, so that `cargo clean` also clears what fuzzing built.
const BUILD: &str = "target/xtask/fuzz";

/// The longest input, in bytes. The limits that the targets choose are shorter, and a long input costs as much as many
/// short ones.
const MAX_LEN: u32 = 512;

/// How long one input may take, in seconds, before that is a finding. Most take microseconds.
const TIMEOUT: u32 = 10;

/// How long each target runs as one of the tests.
const SMOKE: Duration = Duration::from_secs(5);

/// What a target that works executes at the least in that time, also on a busy machine. Two busy cores did tens of
/// thousands; one that stays below this has lost its seeds, or waits for something.
const SMOKE_EXECUTIONS: u64 = 1000;

/// How often progress is shown.
const PROGRESS: Duration = Duration::from_secs(5);

/// How the lines of libFuzzer begin that say nothing about a finding, besides the numbers.
const CHATTER: [&str; 7] =
    ["INFO:", "WARNING: Failed to find function", "NEW_FUNC[", "Dictionary:", "Done ", "###### ", "\""];

/// `cargo xtask fuzz`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these (default: all, one after the other)
    #[arg(value_enum, value_name = "TARGET")]
    targets: Vec<Target>,

    /// How long each target runs
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// The decoder against a naive reference, at any split of any bytes
    Decoder,
    /// What is encoded is decoded again, and nothing is forged
    Encoder,
    /// The rules of the client under any commands, signals, events and times
    Client,
}

impl Target {
    fn name(self) -> String {
        crate::name_of(&self)
    }
}

/// `cargo xtask fuzz`
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    setup::ensure(repo, &Need::FUZZ)?;
    let targets = if options.targets.is_empty() { Target::value_variants() } else { &options.targets };
    let built = Built::new(repo)?;
    let corpus = repo.path(FOLDER).join("corpus");
    let mut outcomes = Vec::new();
    for &target in targets {
        let corpus = corpus.join(target.name());
        outcomes.push(built.fuzz(target, &corpus, Duration::from_secs(options.seconds))?);
    }
    print!("\n{}", table(&outcomes));
    let findings: Vec<_> = outcomes.iter().flat_map(|outcome| &outcome.findings).collect();
    for finding in &findings {
        println!("\n{finding}");
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Each target for a few seconds from its seeds alone, so that it does not matter what was found here before. One test
/// for each.
pub(crate) fn smoke(repo: &Repo) -> Result<Count> {
    let built = Built::new(repo)?;
    let mut count = Count::default();
    let mut outcomes = Vec::new();
    for &target in Target::value_variants() {
        let corpus = repo.path(BUILD).join("smoke").join(target.name());
        // It need not be there.
        let _ = fs::remove_dir_all(&corpus);
        let outcome = built.fuzz(target, &corpus, SMOKE)?;
        for finding in &outcome.findings {
            println!("\n{finding}");
        }
        let enough = outcome.stats.executions >= SMOKE_EXECUTIONS;
        if !enough && outcome.findings.is_empty() {
            println!("{}: fewer than {SMOKE_EXECUTIONS} executions in {SMOKE:?}", target.name());
        }
        count += Count::one(enough && outcome.findings.is_empty());
        outcomes.push(outcome);
    }
    print!("\n{}", table(&outcomes));
    Ok(count)
}

/// A cargo command for the package of the targets, without libFuzzer. Its tests run the targets over the seeds.
pub(crate) fn package(repo: &Repo, command: &str) -> Cmd {
    repo.cmd("cargo").args([command, "--manifest-path", PACKAGE, "--target-dir", BUILD])
}

/// The targets, built with libFuzzer.
#[derive(Debug)]
struct Built<'r> {
    repo: &'r Repo,
    programs: PathBuf,
}

impl<'r> Built<'r> {
    fn new(repo: &'r Repo) -> Result<Self> {
        let about = repo.cmd("rustc").arg("-vV").capture()?;
        let host = about.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.context("rustc does not say for which machine it compiles")?;
        repo.cmd("cargo")
            .args(["fuzz", "build", "--fuzz-dir", FOLDER, "--sanitizer", "none"])
            .args(["--target", host, "--target-dir"])
            // Cargo-fuzz runs cargo in another folder.
            .arg(repo.path(BUILD))
            .run()?;
        Ok(Self { repo, programs: repo.path(BUILD).join(host).join("release") })
    }

    /// Runs a target for a while. What it learns goes to `corpus`.
    fn fuzz(&self, target: Target, corpus: &Path, time: Duration) -> Result<Outcome> {
        let name = target.name();
        let folder = self.repo.path(FOLDER);
        // Relative to the folder of the package, so that the command fits on a line.
        let (seeds, artifacts) = (format!("seeds/{name}"), format!("artifacts/{name}/"));
        for folder in [corpus, &folder.join(&artifacts)] {
            fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
        }
        if target == Target::Decoder {
            lay_vectors(self.repo, corpus)?;
        }
        let mut cmd = self
            .repo
            .cmd(&self.programs.join(&name).to_string_lossy())
            .folder(&folder)
            // What is new goes to the first folder.
            .args([corpus.strip_prefix(&folder).unwrap_or(corpus), Path::new(&seeds)])
            // The slash at the end makes it a folder; without, a prefix of names.
            .arg(format!("-artifact_prefix={artifacts}"))
            .args([format!("-max_total_time={}", time.as_secs()), format!("-max_len={MAX_LEN}")])
            .args([format!("-timeout={TIMEOUT}"), "-print_final_stats=1".to_owned()]);
        let dictionary = format!("{name}.dict");
        if folder.join(&dictionary).is_file() {
            cmd = cmd.arg(format!("-dict={dictionary}"));
        }
        println!();
        let mut log = Log::default();
        let start = Instant::now();
        let mut shown = start;
        let status = cmd.watch_errors(|line| {
            if log.read(line) == Show::Yes {
                println!("{line}");
            } else if shown.elapsed() >= PROGRESS {
                shown = Instant::now();
                println!("{name}: {} s, {}", start.elapsed().as_secs(), log.stats);
            }
        })?;
        if !status.success() && log.artifacts.is_empty() {
            bail!("the target {name} ended without a finding, {status}");
        }
        let findings = log.artifacts.iter().map(|artifact| Finding::new(self.repo, &name, artifact));
        let findings = findings.collect();
        Ok(Outcome { name, stats: log.stats, findings })
    }
}

/// Lays the vectors into the decoder's corpus.
fn lay_vectors(repo: &Repo, corpus: &Path) -> Result<()> {
    for entry in fs::read_dir(repo.path(VECTORS)).context("the vectors are gone")? {
        let vector = entry?.path();
        if vector.extension().is_some_and(|extension| extension == "sse") {
            let seed = corpus.join(vector.file_stem().unwrap_or_default());
            fs::write(seed, [WHOLE, &fs::read(&vector)?].concat())?;
        }
    }
    Ok(())
}

/// How a target went.
#[derive(Debug)]
struct Outcome {
    name: String,
    stats: Stats,
    findings: Vec<Finding>,
}

/// An input with which a target panicked, hung or ran out of memory.
#[derive(Debug)]
struct Finding {
    artifact: String,
    reproduce: String,
}

impl Finding {
    fn new(repo: &Repo, target: &str, artifact: &str) -> Self {
        let artifact = format!("{FOLDER}/{artifact}");
        // Where the tests over the seeds have compiled it.
        let reproduce = package(repo, "run").args(["--bin", target, "--", &artifact]).to_string();
        Self { artifact, reproduce }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "finding: {}\n  {}", self.artifact, self.reproduce)
    }
}

/// The numbers that libFuzzer gives.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Stats {
    executions: u64,
    per_second: u64,
    /// Pieces of coverage: edges, and how often and after what they were reached.
    features: u64,
    /// Inputs that each reach something that no other does.
    corpus: u64,
}

impl std::fmt::Display for Stats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { executions, per_second, features, corpus } = self;
        write!(
            f,
            "{executions} executions, {per_second}/s, {features} features, {corpus} inputs in the corpus"
        )
    }
}

/// What libFuzzer said so far.
#[derive(Debug, Default)]
struct Log {
    stats: Stats,
    artifacts: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Show {
    Yes,
    No,
}

impl Log {
    /// Reads a line. To be shown is what belongs to a finding: the rest is a line for every new input.
    fn read(&mut self, line: &str) -> Show {
        if let Some(count) = line.strip_prefix('#') {
            self.read_status(count);
            return Show::No;
        }
        if let Some(stat) = line.strip_prefix("stat::") {
            let (name, value) = stat.split_once(':').unwrap_or_default();
            match (name, value.trim().parse()) {
                ("number_of_executed_units", Ok(value)) => self.stats.executions = value,
                ("average_exec_per_sec", Ok(value)) => self.stats.per_second = value,
                _ => {}
            }
            return Show::No;
        }
        if let Some((_, path)) = line.split_once("Test unit written to ") {
            self.artifacts.push(path.to_owned());
        }
        let line = line.trim_start();
        match line.is_empty() || CHATTER.iter().any(|start| line.starts_with(start)) {
            true => Show::No,
            false => Show::Yes,
        }
    }

    /// `303725 DONE cov: 648 ft: 2952 corp: 509/78Kb lim: 512 exec/s: 18982 rss: 29Mb`, without the `#`.
    fn read_status(&mut self, line: &str) {
        let words: Vec<_> = line.split_whitespace().collect();
        let number = |word: &str| {
            let digits = word.split(|c: char| !c.is_ascii_digit()).next();
            digits.and_then(|digits| digits.parse().ok())
        };
        let after = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at + 1).and_then(|word| number(word))
        };
        let Stats { executions, per_second, features, corpus } = &mut self.stats;
        for (stat, value) in [
            (executions, words.first().and_then(|word| number(word))),
            (per_second, after("exec/s:")),
            (features, after("ft:")),
            (corpus, after("corp:")),
        ] {
            *stat = value.unwrap_or(*stat);
        }
    }
}

fn table(outcomes: &[Outcome]) -> String {
    let mut text = format!(
        "{:<10} {:>12} {:>12} {:>10} {:>8} {:>9}\n",
        "target", "executions", "per second", "features", "corpus", "findings"
    );
    for Outcome { name, stats, findings } in outcomes {
        let Stats { executions, per_second, features, corpus } = stats;
        let found = findings.len();
        text +=
            &format!("{name:<10} {executions:>12} {per_second:>12} {features:>10} {corpus:>8} {found:>9}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> (Log, Vec<String>) {
        let mut log = Log::default();
        let shown = lines.iter().filter(|line| log.read(line) == Show::Yes).map(|line| (*line).to_owned());
        let shown = shown.collect();
        (log, shown)
    }

    #[test]
    fn a_run_without_a_finding_shows_nothing_but_numbers() {
        let (log, shown) = read(&[
            "INFO: Running with entropic power schedule (0xFF, 100).",
            "Dictionary: 38 entries",
            "#2\tINITED cov: 20 ft: 21 corp: 1/1b exec/s: 0 rss: 27Mb",
            "#303725\tDONE   cov: 648 ft: 2952 corp: 509/78Kb lim: 512 exec/s: 18982 rss: 29Mb",
            "###### Recommended dictionary. ######",
            "\"\\001\\312\" # Uses: 49",
            "Done 303725 runs in 16 second(s)",
            "stat::number_of_executed_units: 303726",
            "stat::average_exec_per_sec:     18983",
        ]);
        assert_eq!(shown, Vec::<String>::new());
        assert_eq!(log.artifacts, Vec::<String>::new());
        assert_eq!(log.stats, Stats { executions: 303_726, per_second: 18_983, features: 2952, corpus: 509 });
    }

    #[test]
    fn a_finding_is_shown_with_its_reason() {
        let (log, shown) = read(&[
            "#4\tNEW    cov: 2 ft: 2 corp: 1/1b exec/s: 0 rss: 27Mb",
            "thread '<unnamed>' panicked at src/decoder.rs:1:2:",
            "artifact_prefix='a/'; Test unit written to a/crash-1",
        ]);
        assert_eq!(log.artifacts, ["a/crash-1"]);
        assert_eq!(shown.len(), 2, "{shown:?}");
    }

    #[test]
    fn the_command_that_reproduces_a_finding_needs_no_fuzzer() {
        let repo = Repo::of_tests();
        let finding = Finding::new(&repo, "decoder", "artifacts/decoder/crash-1");
        assert_eq!(
            finding.to_string(),
            "finding: crates/sse-proto/fuzz/artifacts/decoder/crash-1\n  cargo run --manifest-path \
             crates/sse-proto/fuzz/Cargo.toml --target-dir target/xtask/fuzz --bin decoder -- \
             crates/sse-proto/fuzz/artifacts/decoder/crash-1"
        );
    }

    #[test]
    fn every_target_has_seeds_and_a_program() {
        let repo = Repo::of_tests();
        let manifest = fs::read_to_string(repo.path(PACKAGE)).expect("the package");
        for target in Target::value_variants() {
            let name = target.name();
            assert!(repo.path(FOLDER).join("seeds").join(&name).is_dir(), "{name} has no seeds");
            assert!(
                manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
                "{name} has no program"
            );
        }
    }
}
