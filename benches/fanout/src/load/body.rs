//! What a client reads: the head of a response, then the events of its body.

use anyhow::{Context, Result, bail};
use httparse::Status;
use sse_proto::{Decoder, Frame, Limits};

use crate::tick::{EVENT_TYPE, Stamp};

/// Longer heads, and longer sizes of a chunk, are taken for a mistake.
const LONGEST: usize = 8 * 1024;

/// The response to one client, from its first byte to its ticks.
#[derive(Debug)]
pub(super) struct Response {
    reading: Reading,
    /// What is unfinished of a head or of the size of a chunk.
    rest: Vec<u8>,
    decoder: Decoder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Head,
    /// A body without chunks ends with the connection.
    Bare,
    Size,
    /// So many bytes of this chunk are still to come.
    Chunk(u64),
    /// The line break behind a chunk, of which so many bytes are to come.
    Break(u8),
}

impl Response {
    pub(super) fn new() -> Self {
        Self { reading: Reading::Head, rest: Vec::new(), decoder: Decoder::new(Limits::default()) }
    }

    /// Reads what has come, and calls `on_tick` for every tick in it.
    ///
    /// # Errors
    /// If the server refused, or what came is no event stream over HTTP/1.1.
    pub(super) fn handle_bytes(&mut self, mut bytes: &[u8], mut on_tick: impl FnMut(Stamp)) -> Result<()> {
        while !bytes.is_empty() {
            match self.reading {
                Reading::Head => {
                    bytes = self.collect(bytes, |rest| rest.ends_with(b"\r\n\r\n"))?;
                    if self.rest.ends_with(b"\r\n\r\n") {
                        self.reading = read_head(&self.rest)?;
                        self.rest = Vec::new();
                    }
                }
                Reading::Bare => {
                    decode(&mut self.decoder, bytes, &mut on_tick)?;
                    bytes = &[];
                }
                Reading::Size => {
                    bytes = self.collect(bytes, |rest| rest.ends_with(b"\n"))?;
                    if self.rest.ends_with(b"\n") {
                        let size = httparse::parse_chunk_size(&self.rest);
                        let Ok(Status::Complete((_, size))) = size else { bail!("not the size of a chunk") };
                        self.rest.clear();
                        if size == 0 {
                            bail!("the server has ended the stream");
                        }
                        self.reading = Reading::Chunk(size);
                    }
                }
                Reading::Chunk(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let (chunk, behind) = bytes.split_at(here);
                    decode(&mut self.decoder, chunk, &mut on_tick)?;
                    bytes = behind;
                    let left = left - here as u64;
                    self.reading = if left == 0 { Reading::Break(2) } else { Reading::Chunk(left) };
                }
                Reading::Break(left) => {
                    bytes = &bytes[1..];
                    self.reading = if left == 1 { Reading::Size } else { Reading::Break(left - 1) };
                }
            }
        }
        Ok(())
    }

    /// Moves bytes to the rest until it is complete, and returns those behind.
    fn collect<'b>(&mut self, bytes: &'b [u8], is_complete: impl Fn(&[u8]) -> bool) -> Result<&'b [u8]> {
        for (at, byte) in bytes.iter().enumerate() {
            self.rest.push(*byte);
            if is_complete(&self.rest) {
                return Ok(&bytes[at + 1..]);
            }
        }
        if self.rest.len() > LONGEST {
            bail!("a line without an end");
        }
        Ok(&[])
    }
}

/// How the body behind this head is to be read.
fn read_head(head: &[u8]) -> Result<Reading> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    response.parse(head).context("not a response of HTTP/1.1")?;
    let value = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        header.map(|header| String::from_utf8_lossy(header.value).to_ascii_lowercase()).unwrap_or_default()
    };
    if response.code != Some(200) || !value("content-type").starts_with("text/event-stream") {
        bail!("answered with {}", response.code.unwrap_or_default());
    }
    let is_chunked = value("transfer-encoding").contains("chunked");
    Ok(if is_chunked { Reading::Size } else { Reading::Bare })
}

fn decode(decoder: &mut Decoder, bytes: &[u8], on_tick: &mut impl FnMut(Stamp)) -> Result<()> {
    let mut frames = decoder.decode(bytes);
    while let Some(frame) = frames.next()? {
        if let Frame::Event(event) = frame
            && event.event_type == EVENT_TYPE
        {
            on_tick(serde_json::from_str(event.data).with_context(|| format!("no tick: {}", event.data))?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tick::Tick;

    fn read(response: &mut Response, bytes: &[u8]) -> Result<Vec<u64>> {
        let mut seqs = Vec::new();
        response.handle_bytes(bytes, |stamp| seqs.push(stamp.seq))?;
        Ok(seqs)
    }

    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n";

    fn chunked() -> Vec<u8> {
        let events = [Tick::new(1), Tick::new(2), Tick::new(3)].map(|tick| tick.event()).concat();
        // The chunks' ends lie within events.
        let (first, second) = events.split_at(150);
        let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
        format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{}{}", chunk(first), chunk(second)).into_bytes()
    }

    #[test]
    fn ticks_are_read_from_chunks_however_the_bytes_are_cut() {
        let bytes = chunked();
        assert_eq!(read(&mut Response::new(), &bytes).expect("read"), [1, 2, 3]);
        for size in [1, 2, 7, 100] {
            let mut response = Response::new();
            let pieces = bytes.chunks(size).map(|piece| read(&mut response, piece).expect("read"));
            assert_eq!(pieces.flatten().collect::<Vec<_>>(), [1, 2, 3], "in pieces of {size}");
        }
    }

    #[test]
    fn a_body_without_chunks_is_read_to_its_end() {
        let bytes = format!("{HEAD}Connection: close\r\n\r\n: hi\n\n{}", Tick::new(7).event());
        assert_eq!(read(&mut Response::new(), bytes.as_bytes()).expect("read"), [7]);
    }

    #[test]
    fn a_refusal_and_an_end_are_errors() {
        let refused = b"HTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\n\r\n";
        let error = read(&mut Response::new(), refused).expect_err("refused");
        assert_eq!(error.to_string(), "answered with 503");
        let mut ended = chunked();
        ended.extend_from_slice(b"0\r\n\r\n");
        let error = read(&mut Response::new(), &ended).expect_err("ended");
        assert_eq!(error.to_string(), "the server has ended the stream");
    }
}
