//! One client: a socket and what has come over it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail};
use mio::net::TcpStream;
use rustix::net::sockopt::set_socket_linger;

use super::body::Response;
use crate::tick::{self, Stamp};

/// One client.
#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) socket: TcpStream,
    pub(super) state: State,
    response: Response,
    /// The number of the last tick; zero before the first.
    pub(super) last: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Connecting,
    /// It has asked, and nothing has come.
    Asked,
    /// The first bytes have come.
    Reading,
    /// It cannot connect, was refused, or was cut off.
    Failed,
}

impl Subscriber {
    pub(super) fn connect(server: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(server)?;
        Ok(Self { socket, state: State::Connecting, response: Response::new(), last: 0 })
    }

    /// Asks once the connection stands.
    pub(super) fn handle_writable(&mut self, request: &[u8]) -> Result<()> {
        if self.state != State::Connecting {
            return Ok(());
        }
        if let Some(error) = self.socket.take_error()? {
            return Err(error.into());
        }
        match self.socket.write(request) {
            Ok(count) if count == request.len() => self.state = State::Asked,
            // The buffer of a new socket has room for it.
            Ok(_) => bail!("the request was cut"),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Reads all there is, and calls `on_tick` with the number of the tick before, each tick, and the time. Returns how
    /// many of the reads brought any.
    pub(super) fn handle_readable(
        &mut self,
        buffer: &mut [u8],
        mut on_tick: impl FnMut(u64, Stamp, u64),
    ) -> Result<u64> {
        let mut reads = 0;
        loop {
            let count = match self.socket.read(buffer) {
                Ok(0) => bail!("the server has closed the connection"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(reads),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            self.state = State::Reading;
            let (last, now) = (&mut self.last, tick::now());
            let mut has_ticks = false;
            self.response.handle_bytes(&buffer[..count], |stamp| {
                has_ticks = true;
                on_tick(*last, stamp, now);
                *last = stamp.seq.max(*last);
            })?;
            reads += u64::from(has_ticks);
            // A read that does not fill the buffer has emptied the socket, and Linux tells when more has come.
            if count < buffer.len() {
                return Ok(reads);
            }
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        // Ends with a reset, so that thousands of ports do not wait for a minute before they can be used again.
        let _ = set_socket_linger(&self.socket, Some(Duration::ZERO));
    }
}
