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
}

impl Watched {
    pub(super) fn new(backend: Box<dyn StorageBackend>, meter: Arc<Meter>) -> Self {
        Self { backend, meter }
    }
}

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.backend.len()
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
