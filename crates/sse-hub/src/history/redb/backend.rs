//! What the database is kept in, with an eye on its synchronisations.

use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use ::redb::{BackendError, StorageBackend};

use super::meter::Meter;

/// A backend whose synchronisations are timed. A failed one is remembered: the error that the database makes of it does
/// not tell it from a failed write, and only after that one may anything be tried again.
#[derive(Debug)]
pub(super) struct Watched {
    backend: Box<dyn StorageBackend>,
    meter: Arc<Meter>,
    may_be_begun: bool,
}

/// How much of a file the database writes first, and how large it is then: no larger than this.
const HEADER: u64 = 512;
const LARGEST_BEGUN: u64 = 16 * 1024 * 1024;

/// Whether nothing is in a file but perhaps a header without its first bytes, by which the database knows a file as its
/// own. It writes those last.
fn is_only_begun(backend: &dyn StorageBackend, len: u64) -> io::Result<bool> {
    let mut piece = [0; 4 * 1024];
    let mut is_zero = |from: u64, to: u64| -> io::Result<bool> {
        let piece = &mut piece[..usize::try_from(to - from).unwrap_or_default()];
        backend.read(from, piece)?;
        Ok(piece.iter().all(|byte| *byte == 0))
    };
    if len > LARGEST_BEGUN || !is_zero(0, len.min(8))? {
        return Ok(false);
    }
    let mut from = HEADER.min(len);
    while from < len {
        let to = len.min(from + 4 * 1024);
        if !is_zero(from, to)? {
            return Ok(false);
        }
        from = to;
    }
    Ok(true)
}

impl Watched {
    /// `may_be_begun`: whether a first start may have left it unfinished. What has a marker was whole.
    pub(super) fn new(backend: Box<dyn StorageBackend>, meter: Arc<Meter>, may_be_begun: bool) -> Self {
        Self { backend, meter, may_be_begun }
    }
}

impl StorageBackend for Watched {
    /// A file that the database began, and did not come to write, is empty to it: it would refuse it for ever. It asks when
    /// it has the lock of the file, so nobody else is about to write it.
    fn len(&self) -> io::Result<u64> {
        let len = self.backend.len()?;
        Ok(if self.may_be_begun && is_only_begun(&*self.backend, len)? { 0 } else { len })
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.backend.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.backend.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let began = Instant::now();
        let synchronised = self.backend.sync_data();
        match &synchronised {
            Ok(()) => self.meter.handle_synchronised(began.elapsed()),
            Err(_) => self.meter.handle_failed_synchronisation(),
        }
        synchronised
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.backend.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.backend.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.query_lock_range(start, end)
    }
}
