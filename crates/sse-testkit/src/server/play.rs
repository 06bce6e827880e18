//! Plays one part of a script on one connection.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::WriteHalf;
use tokio::time::sleep;

use super::registry::Visit;
use super::request::Request;
use super::{cors, left};
use crate::script::{Ending, Head, Part, Step};

/// Between two bytes that are chunks of their own, so that the network does not put them together again.
const DRIBBLE: Duration = Duration::from_millis(1);

/// Plays `part`. The client may leave at any time; then the rest is not played.
///
/// # Errors
/// If the client left in the middle of a write.
pub(super) async fn play(
    mut socket: TcpStream,
    request: &Request,
    part: &Part,
    visit: Visit,
) -> io::Result<()> {
    let (mut reader, writer) = socket.split();
    let mut stage = Stage { writer, byte_by_byte: false };
    tokio::select! {
        ended = stage.perform(request, part, &visit) => ended?,
        () = left(&mut reader) => return Ok(()),
    }
    match part.ending {
        Ending::End | Ending::Cut => socket.shutdown().await,
        Ending::Reset => socket.set_zero_linger(),
        Ending::Stall => Ok(()),
    }
}

struct Stage<'a> {
    writer: WriteHalf<'a>,
    byte_by_byte: bool,
}

impl Stage<'_> {
    async fn perform(&mut self, request: &Request, part: &Part, visit: &Visit) -> io::Result<()> {
        for step in &part.steps {
            match step {
                Step::Open => self.writer.write_all(head(request, &part.head).as_bytes()).await?,
                Step::Send(bytes) => self.send(bytes).await?,
                Step::Sleep(duration) => sleep(*duration).await,
                Step::Wait(name) => visit.wait(name).await,
                Step::ByteByByte => self.byte_by_byte = true,
            }
        }
        match part.ending {
            Ending::End if has_body(&part.head) => self.writer.write_all(b"0\r\n\r\n").await,
            Ending::End | Ending::Cut | Ending::Reset => Ok(()),
            Ending::Stall => std::future::pending().await,
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.byte_by_byte {
            return self.writer.write_all(&chunk(bytes)).await;
        }
        for byte in bytes.chunks(1) {
            self.writer.write_all(&chunk(byte)).await?;
            sleep(DRIBBLE).await;
        }
        Ok(())
    }
}

/// A 204 has no body, and none is announced.
fn has_body(head: &Head) -> bool {
    head.status != 204
}

fn head(request: &Request, head: &Head) -> String {
    let mut out = format!("HTTP/1.1 {} Scripted\r\n", head.status);
    for (name, value) in &head.headers {
        // Writing to a string cannot fail.
        let _ = write!(out, "{name}: {value}\r\n");
    }
    if head.redirect {
        let _ = write!(out, "location: {}&redirected=1\r\n", request.target);
    }
    if head.cors {
        out += &cors(request);
    }
    if has_body(head) {
        out += "transfer-encoding: chunked\r\n";
    }
    out += "cache-control: no-store\r\nconnection: close\r\n\r\n";
    out
}

/// `bytes` as a chunk of HTTP/1.1, in one piece.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}
