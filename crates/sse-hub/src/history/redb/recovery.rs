//! The way back from a full disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::redb::{Builder, Database, DatabaseError, Error};

use super::backend::Watched;
use super::error::Trouble;
use super::load::{self, LoadError, Loaded};
use super::options::Durability;
use super::shared::Shared;
use super::store::Store;
use super::writer::guarded;

/// The longest delay between two tries.
const LONGEST: Duration = Duration::from_secs(60);

/// How long to wait before the next try.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    next: Duration,
    recovered: Option<Instant>,
}

impl Backoff {
    pub(super) fn new(first: Duration) -> Self {
        // Whoever asks for none at all would keep a core busy.
        let first = first.max(Duration::from_millis(1));
        Self { first, next: first, recovered: None }
    }

    /// Twice as long as before, unless the last recovery lasted.
    fn next_delay(&mut self) -> Duration {
        if self.recovered.take().is_some_and(|recovered| recovered.elapsed() > self.next) {
            self.next = self.first;
        }
        let delay = self.next;
        // The first one may have been chosen longer.
        self.next = (delay * 2).min(LONGEST.max(self.first));
        delay
    }

    fn handle_recovery(&mut self) {
        self.recovered = Some(Instant::now());
    }
}

/// Waits until the disk has room, and the file is open again and holds all that memory does. `None` if the history is
/// closed before, or something else is wrong with the disk.
pub(super) fn wait_for_room(shared: &Arc<Shared>, backoff: &mut Backoff) -> Option<Store> {
    while shared.rest(backoff.next_delay()) {
        match recover(shared) {
            Ok(store) => {
                backoff.handle_recovery();
                return Some(store);
            }
            Err(Trouble::Passing(_)) => {}
            Err(Trouble::Final(_)) => return None,
        }
    }
    None
}

fn recover(shared: &Arc<Shared>) -> Result<Store, Trouble> {
    let still_out = |trouble: Trouble| {
        shared.handle_still_out(trouble.clone());
        trouble
    };
    let (database, loaded) = find(shared).map_err(still_out)?;
    let stored = loaded.stored_seq;
    let rows = loaded.topics.into_iter().map(|(id, (row, _))| (id, row)).collect();
    let database = Arc::new(database);
    let mut store = Store::new(Arc::clone(&database), &shared.options, stored, rows);

    let catch_up = shared.begin_to_catch_up(store.topics(), stored);
    let written = guarded(|| store.catch_up(&catch_up)?.commit());
    let marked =
        written.map_err(|error| Trouble::of(&error, &shared.meter)).and_then(|_| write_marker(shared));
    match marked {
        Ok(()) => {
            shared.handle_caught_up(database, &catch_up);
            Ok(store)
        }
        Err(trouble) => {
            shared.halt(trouble.clone(), &[]);
            Err(trouble)
        }
    }
}

/// Whatever anybody has seen is in the file by now, or lost with a trace; and what comes is not shown before it is
/// there.
fn write_marker(shared: &Shared) -> Result<(), Trouble> {
    match shared.options.durability {
        Durability::Async => Ok(()),
        Durability::Group | Durability::Strict => {
            shared.storage.write_marker(shared.opening).map_err(|error| Trouble::of_io(&error))
        }
    }
}

/// Opens the file again, if there is room for more.
fn find(shared: &Arc<Shared>) -> Result<(Database, Loaded), Trouble> {
    shared.storage.check_room().map_err(|error| match Trouble::of_io(&error) {
        // It was another file, of which nothing is in doubt that matters: perhaps only too many are open.
        Trouble::Final(_) => Trouble::in_the_way(error),
        full => full,
    })?;
    let backend = shared.storage.find().map_err(Trouble::in_the_way)?;
    let mut builder = Builder::new();
    builder.set_cache_size(shared.options.cache_bytes);
    builder.set_repair_callback({
        let shared = Arc::clone(shared);
        // It reads the whole file, which nobody wants to wait for at the end.
        move |repair| {
            if shared.is_closing() {
                repair.abort();
            }
        }
    });
    let backend = Watched::new(backend, Arc::clone(&shared.meter), false);
    let opened = guarded(|| {
        let database = builder.create_with_backend(backend).map_err(Opening::Database)?;
        let loaded = load::load(&database, Some(shared.opening)).map_err(Opening::Load)?;
        Ok((database, loaded))
    });
    let (database, loaded) = opened.map_err(|error| match error {
        Opening::Database(DatabaseError::RepairAborted) => Trouble::in_the_way("it was closed meanwhile"),
        Opening::Database(error) => Trouble::of_open(error, &shared.meter),
        Opening::Load(LoadError::Database(error)) => Trouble::of(&error, &shared.meter),
        Opening::Load(LoadError::Damaged(reason)) => Trouble::Final(format!(
            "its file is damaged: {reason}; move it away, or put a copy of it back without \
             a marker beside it, neither the one that is there nor one that came with the copy"
        )),
        Opening::Load(LoadError::Format(_)) => another_file(),
    })?;
    // Somebody who made room by moving the file away has not opened this one's. An older copy gets another epoch too.
    if loaded.epoch != shared.epoch {
        return Err(another_file());
    }
    Ok((database, loaded))
}

fn another_file() -> Trouble {
    Trouble::in_the_way("its file is another one now; put the file back, or restart to go on with this one")
}

/// Why the file was not opened.
enum Opening {
    Database(DatabaseError),
    Load(LoadError),
}

impl From<Error> for Opening {
    fn from(error: Error) -> Self {
        Self::Load(LoadError::Database(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_delay_is_twice_as_long_up_to_a_minute() {
        let mut backoff = Backoff::new(Duration::from_secs(1));
        let delays: Vec<_> = (0..9).map(|_| backoff.next_delay().as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        backoff.handle_recovery();
        assert_eq!(backoff.next_delay().as_secs(), 60, "a recovery that does not last is none");
        let mut backoff = Backoff::new(Duration::ZERO);
        assert!(backoff.next_delay() > Duration::ZERO);
        backoff.recovered = Instant::now().checked_sub(Duration::from_secs(1));
        assert_eq!(backoff.next_delay(), backoff.first, "one that does is");
    }
}
