//! Standard error, by which nothing is held up: whoever is to read it may stand still, as a terminal that was stopped
//! does, or a pipe to something that hangs.

use std::io::{self, Write};
use std::sync::Mutex;

use crate::task::lock;

/// What was not written since the last that was.
#[derive(Debug)]
struct Missing {
    lines: u64,
    /// Of the last one the beginning was written.
    is_torn: bool,
}

static MISSING: Mutex<Missing> = Mutex::new(Missing { lines: 0, is_torn: false });

/// A writer of lines to standard error, each in one call. Leaves out those that nobody takes, and says how many they
/// were.
#[derive(Debug)]
pub(super) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Held while it is written: where there was room, there may be none after the line of another thread.
        let mut missing = lock(&MISSING);
        let Missing { lines, is_torn } = *missing;
        // Who is slow is waited for a little, but not again for each line.
        let may_wait = lines == 0;
        if lines > 0 {
            let line_end = if is_torn { "\n" } else { "" };
            let notice = format!("{line_end}{lines} lines of the log were not written: nobody read them\n");
            let written = write(notice.as_bytes(), may_wait)?;
            if written < notice.len() {
                *missing = Missing { lines: lines + 1, is_torn: is_torn || written > 0 };
                return Ok(line.len());
            }
            *missing = Missing { lines: 0, is_torn: false };
        }
        let written = write(line, may_wait)?;
        if written < line.len() {
            *missing = Missing { lines: 1, is_torn: written > 0 };
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what is taken, and returns how much that was.
#[cfg(unix)]
fn write(text: &[u8], may_wait: bool) -> io::Result<usize> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    /// What a pipe that has room for anything takes without blocking (POSIX, PIPE_BUF).
    const PIECE: usize = 512;
    let wait = Timespec { tv_sec: 0, tv_nsec: if may_wait { 100_000_000 } else { 0 } };
    let mut stderr = io::stderr().lock();
    let mut written = 0;
    for piece in text.chunks(PIECE) {
        // A signal to stop breaks it off, and is no reason to write where there is no room.
        if !matches!(poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&wait)), Ok(1..)) {
            break;
        }
        stderr.write_all(piece)?;
        written += piece.len();
    }
    Ok(written)
}

#[cfg(not(unix))]
fn write(text: &[u8], _may_wait: bool) -> io::Result<usize> {
    io::stderr().write_all(text)?;
    Ok(text.len())
}
