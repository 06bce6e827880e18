//! What later suites need is compiled while the tests of an earlier one run.
//!
//! Tests in a browser mostly wait: for a time to pass, for an engine to start. The processor time that they leave goes to
//! the compiler. Nothing depends on it: each suite still runs its commands itself, one suite at a time, and finds the
//! work done, or does it. So nothing that is built here is shown or counted, and a list that is not complete costs
//! time and hides nothing. For the same reason a suite may run its tests in several browsers at once.
//!
//! Cargo lets one command at a time into a folder. A suite that builds would wait for what is built beside it, so that
//! is ended first, and taken up again when tests run. Cargo goes on from the last crate that was done.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::process::ExitStatus;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::process::{Cmd, Running};

/// How often we look whether a command has ended.
const PAUSE: Duration = Duration::from_millis(50);

/// A command that compiles something, and the place of the suite that needs it.
#[derive(Debug)]
struct Job {
    needed_by: usize,
    cmd: Cmd,
}

/// The compiler beside the tests. It ends when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// In the order in which they are needed. The worker has them while there is one.
    jobs: VecDeque<Job>,
    worker: Option<Worker>,
}

#[derive(Debug)]
struct Worker {
    end: mpsc::Sender<()>,
    thread: JoinHandle<VecDeque<Job>>,
}

impl Beside {
    /// What the suites need, in their order. Nothing starts yet.
    pub(super) fn new(suites: impl IntoIterator<Item = Vec<Cmd>>) -> Self {
        let numbered = suites.into_iter().enumerate();
        let jobs =
            numbered.flat_map(|(needed_by, needs)| needs.into_iter().map(move |cmd| Job { needed_by, cmd }));
        Self { jobs: jobs.collect(), worker: None }
    }

    /// The suite in this place starts: nothing runs beside it until it says so, and nothing is built for those before.
    pub(super) fn suite_starts(&mut self, place: usize) {
        self.pause();
        self.jobs.retain(|job| job.needed_by >= place);
    }

    /// Runs a command that may have to build its tests, with the rest of the compiling beside them once they run. Hands
    /// each line to `on_line`.
    pub(super) fn tests(&mut self, tests: &Cmd, mut on_line: impl FnMut(&str)) -> Result<ExitStatus> {
        self.pause();
        tests.tee(|line| {
            if tests_start(line) {
                self.go_on();
            }
            on_line(line);
        })
    }

    /// Runs such commands side by side, each with the name that goes before its lines. The compiling goes on once the
    /// tests of all of them run, or what ran them has ended. Returns how each ended and how long it took.
    pub(super) fn tests_of_all<F>(
        &mut self,
        commands: Vec<(String, Cmd, F)>,
    ) -> Vec<(Result<ExitStatus>, Duration)>
    where
        F: FnMut(&str) + Send,
    {
        self.pause();
        let building = Mutex::new((commands.len(), self));
        let one_less = || {
            let (left, beside) = &mut *building.lock().unwrap_or_else(PoisonError::into_inner);
            *left -= 1;
            if *left == 0 {
                beside.go_on();
            }
        };
        let run = |(name, tests, mut on_line): (String, Cmd, F)| {
            let start = Instant::now();
            let mut builds = true;
            let status = tests.tee_as(&name, |line| {
                if builds && tests_start(line) {
                    builds = false;
                    one_less();
                }
                on_line(line);
            });
            if builds {
                one_less();
            }
            (status, start.elapsed())
        };
        thread::scope(|scope| {
            let started: Vec<_> = commands.into_iter().map(|command| scope.spawn(|| run(command))).collect();
            started.into_iter().map(|one| one.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        })
    }

    /// Ends what is being built. When this returns, it is in nobody's way.
    pub(super) fn pause(&mut self) {
        if let Some(Worker { end, thread }) = self.worker.take() {
            drop(end);
            // A worker that panicked takes its list along, and the suites build for themselves.
            self.jobs = thread.join().unwrap_or_default();
        }
    }

    /// Takes the building up, unless it goes on already. The caller builds nothing until the next [`Self::pause`].
    pub(super) fn go_on(&mut self) {
        if self.worker.is_none() && !self.jobs.is_empty() {
            let (end, ended) = mpsc::channel();
            let jobs = std::mem::take(&mut self.jobs);
            self.worker = Some(Worker { end, thread: thread::spawn(move || work(jobs, &ended)) });
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.pause();
    }
}

/// Does the jobs until there are none or the other end of `ended` is gone. Returns those that are not done.
fn work(mut jobs: VecDeque<Job>, ended: &mpsc::Receiver<()>) -> VecDeque<Job> {
    while let Some(Job { cmd, .. }) = jobs.front() {
        match cmd.spawn_beside().and_then(|running| finish(&running, ended)) {
            Ok(None) => break,
            Ok(Some(status)) if status.success() => {}
            // The suite runs the same command and tells why. This is for those who look on.
            Ok(Some(_)) | Err(_) => eprintln!("beside the tests: `{cmd}` failed; its suite will say why"),
        }
        jobs.pop_front();
    }
    jobs
}

/// Waits for the end of a command, or for the order to end: then there is no status.
fn finish(running: &Running, ended: &mpsc::Receiver<()>) -> Result<Option<ExitStatus>> {
    loop {
        if ended.recv_timeout(PAUSE) != Err(RecvTimeoutError::Timeout) {
            return Ok(None);
        }
        if let Some(status) = running.ended()? {
            return Ok(Some(status));
        }
    }
}

/// What libtest and wasm-bindgen-test print before the tests of a program: `running 12 tests`.
fn tests_start(line: &str) -> bool {
    let count = line.strip_prefix("running ").and_then(|rest| rest.split_once(" test"));
    count.is_some_and(|(count, _)| count.parse::<u64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::Repo;
    use std::path::{Path, PathBuf};

    /// For what takes a moment, and would otherwise hang.
    const LIMIT: Duration = Duration::from_secs(60);

    #[test]
    fn the_first_line_of_a_test_program_is_known() {
        for line in ["running 12 tests\n", "running 1 test\n", "running 0 tests\r\n"] {
            assert!(tests_start(line), "{line}");
        }
        for line in ["running tests\n", "test running 1 test ... ok\n", "     Running tests/a.rs\n", ""] {
            assert!(!tests_start(line), "{line}");
        }
    }

    /// A folder for a test, and commands that leave a file in it.
    struct Scratch {
        repo: Repo,
        folder: tempfile::TempDir,
    }

    impl Scratch {
        fn new() -> Self {
            let repo = Repo::of_tests();
            Self { repo, folder: tempfile::tempdir().expect("a folder") }
        }

        fn node(&self, script: &str) -> Cmd {
            self.repo.cmd("node").args(["--eval", script]).folder(self.folder.path())
        }

        /// Adds a letter to a file.
        fn adds(&self, letter: char) -> Cmd {
            self.node(&format!("require('fs').appendFileSync('log', '{letter}')"))
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn log(&self) -> String {
            std::fs::read_to_string(self.path("log")).unwrap_or_default()
        }
    }

    fn wait_for(path: &Path) {
        let start = Instant::now();
        while !path.exists() {
            assert!(start.elapsed() < LIMIT, "nobody wrote {}", path.display());
            thread::sleep(PAUSE);
        }
    }

    #[test]
    fn all_is_done_in_order_also_after_one_that_failed() {
        let scratch = Scratch::new();
        let failing = scratch.node("process.exit(1)");
        let done = scratch.node("require('fs').writeFileSync('done', '')");
        let mut beside = Beside::new([vec![scratch.adds('a'), failing, scratch.adds('b')], vec![done]]);
        beside.go_on();
        wait_for(&scratch.path("done"));
        assert_eq!(scratch.log(), "ab");
    }

    #[test]
    fn what_a_pause_ended_is_begun_again() {
        let scratch = Scratch::new();
        // Says that it runs, and ends only when it is run for the second time.
        let script = "const fs = require('fs'); \
            if (fs.existsSync('begun')) fs.writeFileSync('again', ''); \
            else { fs.writeFileSync('begun', ''); setInterval(() => {}, 9e9); }";
        let mut beside = Beside::new([vec![scratch.node(script)]]);
        beside.go_on();
        wait_for(&scratch.path("begun"));
        beside.pause();
        assert_eq!(beside.jobs.len(), 1, "it was not done");
        beside.go_on();
        wait_for(&scratch.path("again"));
    }

    #[test]
    fn nothing_is_built_before_tests_run_and_nothing_for_suites_that_were() {
        let scratch = Scratch::new();
        let done = scratch.node("require('fs').writeFileSync('done', '')");
        let mut beside =
            Beside::new([vec![scratch.adds('a')], vec![scratch.adds('b')], vec![scratch.adds('c'), done]]);
        beside.suite_starts(1);
        let silent = scratch.node("console.log('Compiling')");
        beside.tests(&silent, |_| {}).expect("node runs");
        assert!(beside.worker.is_none());
        // Ends when all of the rest is built beside it.
        let tests = scratch.node(
            "console.log('running 2 tests'); \
             setInterval(() => { if (require('fs').existsSync('done')) process.exit(0) }, 10)",
        );
        assert!(beside.tests(&tests.limit(LIMIT), |_| {}).expect("node runs").success());
        assert_eq!(scratch.log(), "bc");
    }

    #[test]
    fn what_runs_side_by_side_has_started_before_any_of_it_ends() {
        let scratch = Scratch::new();
        // Each ends when the other runs too, and both when what is built beside them is done.
        let tests = |own: &str, other: &str| {
            let script = format!(
                "const fs = require('fs'); console.log('running 1 test'); fs.writeFileSync('{own}', ''); \
                 setInterval(() => {{ if (['{other}', 'done'].every(f => fs.existsSync(f))) process.exit(0) }}, 10)"
            );
            (own.to_owned(), scratch.node(&script).limit(LIMIT), |_: &str| {})
        };
        // Only where it is not begun before both run.
        let done = "if (['a', 'b'].every(f => fs.existsSync(f))) fs.writeFileSync('done', '')";
        let mut beside = Beside::new([vec![scratch.node(&format!("const fs = require('fs'); {done}"))]]);
        let ended = beside.tests_of_all(vec![tests("a", "b"), tests("b", "a")]);
        assert_eq!(ended.len(), 2);
        assert!(ended.into_iter().all(|(status, _)| status.expect("node runs").success()));
    }

    #[test]
    fn one_that_never_runs_a_test_does_not_keep_the_others_waiting() {
        let scratch = Scratch::new();
        let mut beside = Beside::new([vec![scratch.node("require('fs').writeFileSync('done', '')")]]);
        let waits = "console.log('running 1 test'); \
            setInterval(() => { if (require('fs').existsSync('done')) process.exit(0) }, 10)";
        let command = |name: &str, script| (name.to_owned(), scratch.node(script).limit(LIMIT), |_: &str| {});
        let ended = beside.tests_of_all(vec![command("fails", "process.exit(3)"), command("waits", waits)]);
        let codes: Vec<_> = ended.into_iter().map(|(status, _)| status.expect("node runs").code()).collect();
        assert_eq!(codes, [Some(3), Some(0)]);
    }
}
