//! Whoever ends `cargo xtask` ends everything that it started.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// Stands in for cargo: starts a program of its own, says both numbers, and waits.
const CARGO: &str =
    "#!/bin/sh\nsleep 600 &\necho $$ $! > \"$PIDS.new\" && mv \"$PIDS.new\" \"$PIDS\"\nwait\n";

/// Whoever runs the tests may have some ignored, and what they start would inherit that: `nohup` does so with the hangup,
/// and a shell without job control with the other two for what it starts in the background.
/// Not every `env` can undo it: busybox and macOS have one that cannot.
fn hears_all() -> &'static str {
    let undone = Command::new("env").args(["--default-signal=HUP", "true"]).output();
    let can_be = undone.is_ok_and(|output| output.status.success());
    if can_be { "env --default-signal=HUP,INT,QUIT" } else { "" }
}

/// `cargo xtask layers`, which asks cargo for the members of the workspace, with what it started.
fn started(folder: &Path, by: &str) -> (Child, [Pid; 2]) {
    let cargo = folder.join("cargo");
    std::fs::write(&cargo, CARGO).expect("can be written");
    std::fs::set_permissions(&cargo, PermissionsExt::from_mode(0o755)).expect("is ours");
    let path = std::env::var("PATH").expect("is set");
    let xtask = Command::new("sh")
        .args(["-c", &format!("{by} \"$0\" layers"), env!("CARGO_BIN_EXE_xtask")])
        .env("PATH", format!("{}:{path}", folder.display()))
        .env("PIDS", folder.join("pids"))
        .stderr(Stdio::null())
        .spawn()
        .expect("xtask starts");
    let pids = eventually(|| std::fs::read_to_string(folder.join("pids")).ok());
    let pids: Vec<_> = pids.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect();
    (xtask, pids.try_into().expect("two numbers"))
}

/// What this returns as soon as it is something.
fn eventually<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "it did not come to it within a minute");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn is_gone(pid: Pid) -> bool {
    // In a container nobody may take note of the end of an orphan: it stays behind, dead.
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    test_kill_process(pid).is_err() || stat.contains(") Z ")
}

#[test]
fn the_children_and_theirs_end_before_it_does() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut xtask, pids) = started(folder.path(), &format!("ulimit -c 0; exec {}", hears_all()));
        assert!(!pids.into_iter().any(is_gone));
        kill_process(Pid::from_child(&xtask), signal).expect("it runs");
        let status = xtask.wait().expect("it ends");
        assert_eq!(status.signal(), Some(signal.as_raw()), "as if it had not listened");
        assert!(pids.into_iter().all(is_gone), "{signal:?}");
    }
}

/// Linux alone says what a program was started to ignore.
#[cfg(target_os = "linux")]
#[test]
fn a_hangup_that_is_ignored_stays_ignored() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut xtask, pids) = started(folder.path(), "trap '' HUP; exec");
    kill_process(Pid::from_child(&xtask), Signal::HUP).expect("it runs");
    let bits = |field: &str| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", xtask.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(field).map(str::to_owned));
        u64::from_str_radix(line.expect("is named").trim(), 16).expect("a number")
    };
    let hangup = 1 << (Signal::HUP.as_raw() - 1);
    assert_eq!(bits("SigIgn:") & hangup, hangup);
    assert!(!pids.into_iter().any(is_gone));
    kill_process(Pid::from_child(&xtask), Signal::TERM).expect("it runs");
    xtask.wait().expect("it ends");
    assert!(pids.into_iter().all(is_gone));
}
