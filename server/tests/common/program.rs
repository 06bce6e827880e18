//! The server's program, in a process of its own.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::Server;

/// The program, with nothing in its environment that sets it up.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SSE_")) {
        command.env_remove(name);
    }
    command
}

/// Starts it on a free port, and waits until it says that it is ready.
pub(crate) async fn start(command: &mut Command) -> (Child, Server) {
    let mut child = command.args(["--listen", "127.0.0.1:0"]).spawn().expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let line = tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await.expect("in time");
    let line = line.expect("readable").expect("a line");
    let address = line.strip_prefix("listening on http://").expect(&line).parse().expect("an address");
    (child, Server::at(address))
}
