//! The server as a program, in a process of its own, which can be killed.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{PATIENCE, Server};

/// The program, which hears nothing of the settings in the environment of whoever runs the tests.
pub(crate) fn program() -> Command {
    set_up(Command::new(env!("CARGO_BIN_EXE_server")))
}

/// The program, to which SIGHUP means what it does by default: whoever runs the tests may have it ignored, as `nohup` does,
/// and what they start would inherit that. Not every `env` can undo it: busybox and macOS have one that cannot.
pub(crate) fn program_that_hears_hangups() -> Command {
    let undone = std::process::Command::new("env").args(["--default-signal=HUP", "true"]).output();
    if !undone.is_ok_and(|output| output.status.success()) {
        return program();
    }
    let mut env = Command::new("env");
    env.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_server")]);
    set_up(env)
}

/// A command that becomes the program, and like [`program`] hears nothing of those settings.
pub(crate) fn set_up(mut command: Command) -> Command {
    forget_settings(command.as_std_mut());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// The names of the settings in the environment of whoever runs the tests.
fn settings() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("SSE_"))
}

/// Keeps the settings in the environment of whoever runs the tests from what they start.
pub(crate) fn forget_settings(command: &mut std::process::Command) {
    for name in settings() {
        command.env_remove(name);
    }
}

/// Whether a test that reads settings in its own process can: where there are some already, it runs in another one that
/// has none, and here no more.
pub(crate) fn is_without_settings(test: &str) -> bool {
    if settings().next().is_none() {
        return true;
    }
    let mut again = std::process::Command::new(std::env::current_exe().expect("this program"));
    forget_settings(&mut again);
    let output = again.args(["--exact", test]).output().expect("ended");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// Starts it on a free port, and waits until it has said where it listens.
pub(crate) async fn start(command: &mut Command) -> (Child, Server) {
    listening(command.args(["--listen", "127.0.0.1:0"])).await
}

/// Starts a command that becomes the server, and waits until it has said where it listens.
pub(crate) async fn listening(command: &mut Command) -> (Child, Server) {
    let mut child = command.spawn().expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("in time");
    let line = line.expect("readable").expect("a line");
    let address = line.strip_prefix("listening on http://").expect(&line).parse().expect("an address");
    (child, Server::at(address))
}

/// The program over a history in this folder, and where it listens.
pub(crate) async fn over(folder: &Path, more: &[&str]) -> (Child, Server) {
    let mut program = program();
    // Nobody reads what it logs.
    program.stderr(Stdio::null()).args(["--history", "redb", "--data-dir"]).arg(folder).args(more);
    start(&mut program).await
}

pub(crate) async fn kill(mut child: Child) {
    child.start_kill().expect("killed");
    child.wait().await.expect("gone");
}
