//! The programs that we started, and how they end: with everything that they started themselves.
//!
//! Each leads a process group of its own. So a test program below cargo, a browser below its driver or a server below
//! Playwright can be told to end as well, and is first asked to: only a program that still runs may stop its own. A
//! terminal sends Ctrl-C to our group alone; [`end_on_signals`] hands it on.

use std::io;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How long a program that was asked to end may take.
const GRACE: Duration = Duration::from_secs(5);

/// The longest pause between two looks at a child: blocking would keep its lock from whoever wants to end it.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Which process group a program is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// One of its own. It cannot read from the terminal, which stops whoever tries from another group than ours.
    Own,
    /// Ours, for what we may not signal or must not kill half-way: a terminal reaches it itself.
    Ours,
}

/// The children that must not outlive us. Destructors do not run on a signal.
static CHILDREN: Mutex<Vec<Arc<Started>>> = Mutex::new(Vec::new());

/// A lock whose holder panicked still guards something usable.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Started {
    child: Mutex<Child>,
    group: Group,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    End,
    Kill,
    #[cfg(unix)]
    Pause,
    #[cfg(unix)]
    GoOn,
}

impl Started {
    /// How it ended, or `None` while it runs.
    fn ended(&self) -> io::Result<Option<ExitStatus>> {
        locked(&self.child).try_wait()
    }

    fn runs(&self) -> bool {
        matches!(self.ended(), Ok(None))
    }

    /// Asks it to end, with what it started, and kills what remains after [`GRACE`] or when `is_hurried`.
    fn end(started: &[Arc<Self>], mut is_hurried: impl FnMut() -> bool) {
        // Who has ended has left nothing that we know of, and its number may be another's by now.
        let running: Vec<_> = started.iter().filter(|one| one.runs()).collect();
        running.iter().for_each(|one| one.send(Order::End));
        let start = Instant::now();
        while running.iter().any(|one| one.remains()) && start.elapsed() < GRACE && !is_hurried() {
            thread::sleep(LONGEST_PAUSE);
        }
        for one in running.iter().filter(|one| one.group == Group::Own && one.remains()) {
            one.send(Order::Kill);
            // Itself too, should it have left its group: then it ends at once, and fails only when it has.
            let mut child = locked(&one.child);
            let _ = child.kill().and_then(|()| child.wait());
        }
    }

    /// Whether it or anything that it started runs.
    #[cfg(unix)]
    fn remains(&self) -> bool {
        // Its end has to be taken note of first, or it stays a member of its group.
        self.runs()
            || self.group == Group::Own && rustix::process::test_kill_process_group(self.pid()).is_ok()
    }

    /// Fails only when nobody is left, or when it belongs to another user, whom we cannot order about.
    #[cfg(unix)]
    fn send(&self, order: Order) {
        use rustix::process::Signal;
        let signal = match order {
            Order::End => Signal::TERM,
            Order::Kill => Signal::KILL,
            Order::Pause => Signal::STOP,
            Order::GoOn => Signal::CONT,
        };
        let _ = match self.group {
            Group::Own => rustix::process::kill_process_group(self.pid(), signal),
            Group::Ours => rustix::process::kill_process(self.pid(), signal),
        };
    }

    #[cfg(unix)]
    fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&locked(&self.child))
    }

    #[cfg(not(unix))]
    fn remains(&self) -> bool {
        self.runs()
    }

    /// Nobody can be asked to end. Fails only when it has ended.
    #[cfg(not(unix))]
    fn send(&self, _: Order) {
        let _ = locked(&self.child).kill();
    }
}

/// From now on a signal to end, from a terminal or from elsewhere, ends our children before it ends us. One that our
/// parent had us ignore (`nohup`) stays ignored.
#[cfg(unix)]
pub(crate) fn end_on_signals() -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};

    let ignored = ignored_signals(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
    let heeded = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP]
        .into_iter()
        .filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let mut signals =
        signal_hook::iterator::Signals::new(heeded).context("could not listen for signals to end")?;
    thread::spawn(move || {
        loop {
            for signal in signals.wait() {
                // While it is held nothing starts any more, and nobody tells how a child ended.
                let children = locked(&CHILDREN);
                let running = || children.iter().filter(|child| child.runs());
                if signal == SIGTSTP {
                    running().for_each(|child| child.send(Order::Pause));
                } else {
                    Started::end(&children, || signals.pending().next().is_some());
                }
                // Ends us or stops us, as if we had not listened. A shell sees the difference to an error.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
                running().for_each(|child| child.send(Order::GoOn));
            }
        }
    });
    Ok(())
}

/// Windows tells every program of a console itself.
#[cfg(not(unix))]
pub(crate) fn end_on_signals() -> Result<()> {
    Ok(())
}

/// The signals that we were started to ignore, a bit for each. Linux alone says so: elsewhere none is.
#[cfg(unix)]
fn ignored_signals(status: &str) -> u64 {
    let bits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    bits.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or(0)
}

/// A child that runs beside us, and ends with this guard.
#[derive(Debug)]
pub(crate) struct Running {
    started: Arc<Started>,
}

impl Running {
    pub(super) fn start(mut command: Command, group: Group) -> io::Result<Self> {
        if group == Group::Own {
            command.stdin(Stdio::null());
            #[cfg(unix)]
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        // Held meanwhile, or a signal could come between the start and the list.
        let mut children = locked(&CHILDREN);
        let started = Arc::new(Started { child: Mutex::new(command.spawn()?), group });
        children.push(Arc::clone(&started));
        Ok(Self { started })
    }

    pub(super) fn take_stdout(&self) -> Option<ChildStdout> {
        locked(&self.started.child).stdout.take()
    }

    pub(super) fn take_stderr(&self) -> Option<ChildStderr> {
        locked(&self.started.child).stderr.take()
    }

    /// How it ended, or `None` while it runs.
    pub(crate) fn ended(&self) -> Result<Option<ExitStatus>> {
        self.started.ended().context("could not ask for the state of a child")
    }

    /// Waits for its end.
    pub(crate) fn wait(&self) -> Result<ExitStatus> {
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            thread::sleep(pause);
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    /// Ends it, with what it started, if it still runs after this time.
    pub(super) fn limit(&self, time: Duration) -> Limit {
        let (cancel, cancelled) = mpsc::channel();
        let started = Arc::clone(&self.started);
        let watch = thread::spawn(move || {
            let is_late = cancelled.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
            if is_late {
                Started::end(&[started], || false);
            }
            is_late
        });
        Limit { cancel, watch }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It stays on the list until it has ended: a signal may come meanwhile.
        Started::end(std::slice::from_ref(&self.started), || false);
        locked(&CHILDREN).retain(|started| !Arc::ptr_eq(started, &self.started));
    }
}

/// Who ends a child that takes too long.
#[derive(Debug)]
pub(super) struct Limit {
    cancel: mpsc::Sender<()>,
    watch: thread::JoinHandle<bool>,
}

impl Limit {
    /// Whether it had to. Nothing is ended any more after this.
    pub(super) fn was_exceeded(self) -> bool {
        drop(self.cancel);
        self.watch.join().unwrap_or(false)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};

    /// A shell with a child of its own, which says its number. `trap` comes first.
    fn parent_and_child(trap: &str) -> (Running, rustix::process::Pid) {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{trap}; sleep 600 & echo $!; wait; wait")]).stdout(Stdio::piped());
        let running = Running::start(shell, Group::Own).expect("sh starts");
        let mut line = String::new();
        let output = running.take_stdout().expect("is piped");
        BufReader::new(output).read_line(&mut line).expect("the number of the child");
        let pid = line.trim().parse().ok().and_then(rustix::process::Pid::from_raw).expect("a number");
        (running, pid)
    }

    fn is_gone(pid: rustix::process::Pid) -> bool {
        // In a container nobody may take note of the end of an orphan: it stays behind, dead.
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        rustix::process::test_kill_process(pid).is_err() || stat.contains(") Z ")
    }

    #[test]
    fn a_child_and_its_child_end_with_the_guard() {
        let (running, grandchild) = parent_and_child(":");
        assert_eq!(running.ended().expect("has a state"), None);
        assert!(!is_gone(grandchild));
        let started = Arc::clone(&running.started);
        drop(running);
        assert!(started.ended().expect("has a state").is_some());
        assert!(is_gone(grandchild));
    }

    #[test]
    fn who_does_not_want_to_end_is_killed() {
        // The child inherits what its parent ignores.
        let (running, grandchild) = parent_and_child("trap '' TERM");
        let start = Instant::now();
        drop(running);
        assert!(start.elapsed() >= GRACE, "it had its time");
        // Nobody waits for it as we do for its parent: its end is certain, and a moment away.
        let killed = Instant::now();
        while !is_gone(grandchild) {
            assert!(killed.elapsed() < Duration::from_secs(30), "it still runs");
            thread::sleep(LONGEST_PAUSE);
        }
    }

    #[test]
    fn the_end_of_the_time_is_the_end_of_both() {
        let (running, grandchild) = parent_and_child(":");
        let limit = running.limit(Duration::from_millis(1));
        assert!(!running.wait().expect("has a state").success());
        assert!(limit.was_exceeded());
        assert!(is_gone(grandchild));
    }

    #[test]
    fn ignored_signals_are_read() {
        assert_eq!(ignored_signals("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"), 0x1001);
        assert_eq!(ignored_signals(""), 0);
    }
}
