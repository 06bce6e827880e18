//! The one thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use ::redb::{Error, StorageError};

use super::error::Trouble;
use super::intake::{Op, appends};
use super::recovery::{self, Backoff};
use super::shared::Shared;
use super::store::Store;

/// Writes until the history is closed, or the disk fails: then nothing is tried again, because what the system could not
/// write it may have dropped. After a time without room it goes on.
pub(super) fn run(shared: &Arc<Shared>, store: Store) {
    let mut backoff = Backoff::new(shared.options.room_interval);
    let mut store = Some(store);
    while let Some(open) = store.take() {
        store = match keep(shared, open) {
            Ok(()) => None,
            Err(trouble) => {
                let goes_on = matches!(trouble, Trouble::Passing(_));
                goes_on.then(|| recovery::wait_for_room(shared, &mut backoff)).flatten()
            }
        };
    }
}

/// Writes batch after batch: whatever has come while the one before was written. Ends when the history is closed.
fn keep(shared: &Shared, mut store: Store) -> Result<(), Trouble> {
    while let Some(batch) = shared.next_batch() {
        if let Err(error) = guarded(|| write(shared, &mut store, &batch)) {
            let trouble = Trouble::of(&error, &shared.meter);
            shared.halt(trouble.clone(), &batch);
            return Err(trouble);
        }
    }
    if shared.has_failed() {
        return Ok(());
    }
    // Readers have no more use of the file.
    shared.forget_database();
    match guarded(|| store.close()).map_err(|error| Trouble::of(&error, &shared.meter)) {
        // Without room it stays a file that was not closed, in which nothing is missing.
        Ok(()) | Err(Trouble::Passing(_)) => shared.handle_closed(),
        Err(trouble) => shared.halt(trouble, &[]),
    }
    Ok(())
}

fn write(shared: &Shared, store: &mut Store, batch: &[Op]) -> Result<(), Error> {
    let began = Instant::now();
    let written = store.write(batch)?;
    shared.handle_trimmed(&written.trimmed);
    let durable = written.commit()?;
    shared.meter.handle_committed(appends(batch).count(), began.elapsed());
    shared.handle_committed(batch, durable);
    Ok(())
}

/// A panic in the database, as over a damaged page, must not leave publishers waiting for ever.
pub(super) fn guarded<T, E: From<Error>>(act: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(result) => result,
        Err(_) => Err(Error::from(StorageError::Corrupted("it failed an assertion".into())).into()),
    }
}
