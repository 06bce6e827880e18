//! The servers, and how each is started.

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with, sockopt};
use rustix::process::{Pid, Signal, kill_process};

use crate::pace::ServerOptions;
use crate::publisher::Publisher;

/// A server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Peer {
    /// The bare write loop
    Floor,
    /// Ours
    SseHub,
    /// axum's Sse and tokio's broadcast channel
    Axum,
    /// nginx with nchan
    Nchan,
    /// A hub on Go's net/http
    Go,
    /// better-sse on Node
    BetterSse,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.pad(value.as_ref().map_or("", |value| value.get_name()))
    }
}

impl Peer {
    /// Whether it is one that ours is compared with.
    #[must_use]
    pub fn is_rival(self) -> bool {
        !matches!(self, Self::Floor | Self::SseHub)
    }
}

/// Where the servers' programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The folder of those in Rust.
    pub rust: PathBuf,
    /// The Go hub, if it could be built.
    pub go: Option<PathBuf>,
    /// The script on better-sse, if Node and the package are there.
    pub better_sse: Option<PathBuf>,
    /// nginx and its module, if they are there.
    pub nchan: Option<Nchan>,
}

/// nginx and nchan.
#[derive(Clone, Debug)]
pub struct Nchan {
    /// The program.
    pub nginx: PathBuf,
    /// The module that nginx loads.
    pub module: PathBuf,
}

impl Programs {
    /// Whether this server can be started here.
    #[must_use]
    pub fn have(&self, peer: Peer) -> bool {
        match peer {
            Peer::Floor | Peer::SseHub | Peer::Axum => true,
            Peer::Nchan => self.nchan.is_some(),
            Peer::Go => self.go.is_some(),
            Peer::BetterSse => self.better_sse.is_some(),
        }
    }

    fn command(&self, peer: Peer, options: &ServerOptions, folder: &Path) -> Result<Command> {
        let here = "this server is missing";
        let mut command = match peer {
            Peer::Floor => Command::new(self.rust.join("fanout-floor")),
            Peer::SseHub => Command::new(self.rust.join("fanout-hub")),
            Peer::Axum => Command::new(self.rust.join("fanout-axum")),
            Peer::Go => Command::new(self.go.as_ref().context(here)?),
            Peer::BetterSse => {
                let mut node = Command::new("node");
                node.arg(self.better_sse.as_ref().context(here)?);
                // As in production.
                node.env("NODE_ENV", "production");
                node
            }
            Peer::Nchan => return self.nchan.as_ref().context(here)?.command(options, folder),
        };
        for (name, value) in
            [("--port", options.port.into()), ("--rate", options.rate), ("--window", options.window)]
        {
            command.arg(name).arg(value.to_string());
        }
        Ok(command)
    }
}

impl Nchan {
    fn command(&self, options: &ServerOptions, folder: &Path) -> Result<Command> {
        let text = include_str!("../nchan.conf")
            .replace("@MODULE@", &self.module.to_string_lossy())
            .replace("@PORT@", &options.port.to_string())
            .replace("@BACKLOG@", &crate::BACKLOG.to_string());
        fs::write(folder.join("nginx.conf"), text).context("could not write nginx.conf")?;
        let mut nginx = Command::new(&self.nginx);
        nginx.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "stderr"]);
        Ok(nginx)
    }
}

/// A server that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    publisher: Option<Publisher>,
}

/// The server that runs now, to be ended when we are interrupted; zero if there is none.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// Ends the server that runs now before a signal ends us.
///
/// # Errors
/// If there is a handler already.
pub fn end_on_interrupt() -> Result<()> {
    let handler = || {
        terminate(RUNNING.load(Ordering::Relaxed));
        // What a shell reports for a program that Ctrl-C ended.
        std::process::exit(130);
    };
    ctrlc::set_handler(handler).context("could not listen for Ctrl-C")
}

fn terminate(id: u32) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // It fails when the server has ended.
        let _ = kill_process(pid, Signal::TERM);
    }
}

impl Server {
    /// Starts a server that publishes so many ticks a second, collected over `window` milliseconds. It may write into
    /// `folder`.
    ///
    /// # Errors
    /// If it does not start or does not listen.
    pub fn start(peer: Peer, programs: &Programs, rate: u32, window: u32, folder: &Path) -> Result<Self> {
        // Nobody else's until the server listens there.
        let (port, _held) = hold_port().context("no free port")?;
        let options = ServerOptions { port, rate, window };
        let mut command = programs.command(peer, &options, folder)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.with_context(|| format!("could not start {peer}"))?;
        RUNNING.store(child.id(), Ordering::Relaxed);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut server = Self { child, address, publisher: None };
        server.wait_until_it_listens().with_context(|| format!("{peer} does not listen"))?;
        if peer == Peer::Nchan && rate > 0 {
            server.publisher = Some(Publisher::start(address, "/publish", &options)?);
        }
        Ok(server)
    }

    /// Of the process that was started.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_it_listens(&mut self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let is_answered = TcpStream::connect(self.address).is_ok();
            // Also where something answers: another may have taken the port meanwhile.
            if let Some(status) = self.child.try_wait()? {
                bail!("it has ended ({status})");
            }
            if is_answered {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("nothing answers on {}", self.address);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A free port, and a socket that is bound to it and does not listen. Whoever shares its address, as every peer does, can
/// listen there meanwhile; who asks for any port gets another one.
fn hold_port() -> Result<(u16, OwnedFd)> {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = SocketAddr::try_from(getsockname(&socket)?)?;
    Ok((address.port(), socket))
}

impl Drop for Server {
    fn drop(&mut self) {
        // It would fail when the server has ended.
        self.publisher = None;
        // Asked, not killed: nginx then ends its workers. Who has ended has no number any more.
        if matches!(self.child.try_wait(), Ok(None)) {
            terminate(self.child.id());
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        // Both fail when it has ended.
        drop(self.child.kill());
        drop(self.child.wait());
        RUNNING.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_server_that_has_ended_does_not_listen_although_another_does() {
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let mut child = Command::new("false").spawn().expect("it starts");
        child.wait().expect("it ends");
        let address = other.local_addr().expect("an address");
        let error =
            Server { child, address, publisher: None }.wait_until_it_listens().expect_err("it is another");
        assert!(error.to_string().starts_with("it has ended"), "{error}");
    }
}
