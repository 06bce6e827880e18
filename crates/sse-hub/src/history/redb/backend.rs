//! The storage as the database sees it, with an eye on its synchronisations.

use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use ::redb::{BackendError, StorageBackend};

use super::meter::Meter;

/// A storage whose synchronisations are timed. A failed one is remembered: the error that the database makes of it does
/// not tell it from a failed write, and only after that one may anything be tried again.
#[derive(Debug)]
pub(super) struct Watched {
    storage: Box<dyn StorageBackend>,
    meter: Arc<Meter>,
}

impl Watched {
    pub(super) fn new(storage: Box<dyn StorageBackend>, meter: Arc<Meter>) -> Self {
        Self { storage, meter }
    }
}

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.storage.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.storage.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.storage.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let began = Instant::now();
        let synchronised = self.storage.sync_data();
        match &synchronised {
            Ok(()) => self.meter.handle_synchronised(began.elapsed()),
            Err(_) => self.meter.handle_failed_synchronisation(),
        }
        synchronised
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.storage.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.storage.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.query_lock_range(start, end)
    }
}
