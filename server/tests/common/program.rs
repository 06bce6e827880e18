//! The server as a process of its own, which can be killed.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::Server;

/// The program over a history in this folder, and where it listens.
pub(crate) async fn over(folder: &Path, more: &[&str]) -> (Child, Server) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_server"));
    program.args(["--listen", "127.0.0.1:0", "--history", "redb", "--data-dir"]).arg(folder).args(more);
    listening(program).await
}

/// Starts a command that becomes the server.
pub(crate) async fn listening(mut command: Command) -> (Child, Server) {
    command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().expect("started");
    let line = BufReader::new(child.stdout.take().expect("piped")).lines().next_line().await;
    let line = line.expect("readable").expect("a line");
    let address = line.strip_prefix("listening on http://").expect("a URL").parse().expect("an address");
    (child, Server::elsewhere(address))
}

pub(crate) async fn kill(mut child: Child) {
    child.start_kill().expect("killed");
    child.wait().await.expect("gone");
}
