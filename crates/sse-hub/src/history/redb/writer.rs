//! The one thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ::redb::{Error, StorageError};

use super::error::health_after;
use super::intake::Op;
use super::shared::Shared;
use super::store::Store;

/// Writes batch after batch: whatever has come while the one before was written. Ends when the history is closed, or
/// when the disk fails; nothing is tried again, because what the system could not write it may have dropped.
pub(super) fn run(shared: &Arc<Shared>, mut store: Store) {
    while let Some(batch) = shared.next_batch() {
        if let Err(error) = guarded(|| write(shared, &mut store, &batch)) {
            return shared.halt(health_after(&error), &batch);
        }
    }
    if shared.has_failed() {
        return;
    }
    shared.handle_closing();
    match guarded(|| store.close()) {
        Ok(()) => shared.handle_closed(),
        Err(error) => shared.halt(health_after(&error), &[]),
    }
}

fn write(shared: &Shared, store: &mut Store, batch: &[Op]) -> Result<(), Error> {
    let written = store.write(batch)?;
    shared.handle_trimmed(&written.trimmed);
    let durable = written.commit()?;
    shared.handle_committed(batch, durable);
    Ok(())
}

/// A panic in the database, as over a damaged page, must not leave publishers waiting for ever.
fn guarded<T>(act: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(result) => result,
        Err(_) => Err(StorageError::Corrupted("writing failed an assertion".into()).into()),
    }
}
