//! The server as a program, in a process of its own, which can be killed.

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
/// and what they start would inherit that.
pub(crate) fn program_that_hears_hangups() -> Command {
    if !cfg!(target_os = "linux") {
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

/// Keeps the settings in the environment of whoever runs the tests from what they start.
pub(crate) fn forget_settings(command: &mut std::process::Command) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SSE_")) {
        command.env_remove(name);
    }
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
