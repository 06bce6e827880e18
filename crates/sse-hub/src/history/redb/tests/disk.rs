//! A disk that can be cut off, with what was not synchronised lost, torn, or written out of order.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use ::redb::{BackendError, DatabaseError, StorageBackend};
use std::ops::Bound;

use crate::history::redb::storage::Storage;

const SECTOR: usize = 512;

/// The disk; clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    /// What survives.
    synced: Vec<u8>,
    /// What can be read.
    current: Vec<u8>,
    /// What came since the last synchronisation.
    unsynced: Vec<Change>,
    marker: Option<u64>,
    faults: Faults,
    /// Counts how often the disk was plugged in; who plugged it in before has nothing more to say.
    owner: u64,
    /// Counts the crashes; who was alive before one has nothing more to say.
    life: u64,
    /// How often somebody looked whether there is room.
    looked: u64,
    /// How many wait because it stands still.
    waiting: u64,
}

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    /// After so many more writes and synchronisations the power fails.
    pub(super) power_for: Option<u32>,
    pub(super) failing_sync: bool,
    /// It fails to synchronise because it is full, as one over a network may.
    pub(super) full_sync: bool,
    /// Synchronising waits until this is over.
    pub(super) stalled: bool,
    /// The size beyond which there is no room.
    pub(super) room: Option<usize>,
    /// Who looks whether there is room is told that there is.
    pub(super) seems_free: bool,
    pub(super) failing_marker: bool,
    /// There is no room for the marker.
    pub(super) full_marker: bool,
    pub(super) failing_read: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, data: Vec<u8> },
    SetLen(usize),
}

impl Change {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Write { offset, data } => {
                let end = offset + data.len();
                image.resize(image.len().max(end), 0);
                image[*offset..end].copy_from_slice(data);
            }
            Self::SetLen(len) => image.resize(*len, 0),
        }
    }
}

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().expect("no panic")
    }

    /// The disk as a process sees it that begins now.
    pub(super) fn machine(&self) -> Machine {
        Machine { disk: self.clone(), life: self.state().life }
    }

    pub(super) fn set(&self, faults: Faults) {
        self.state().faults = faults;
        self.0.1.notify_all();
    }

    /// Lets whoever synchronises wait until the guard is dropped, also by a test that fails.
    #[must_use]
    pub(super) fn stall(&self) -> Stalled<'_> {
        self.set(Faults { stalled: true, ..Faults::default() });
        Stalled(self)
    }

    /// Returns when somebody synchronises a disk that stands still.
    pub(super) fn wait_for_stalled(&self) {
        let waiting =
            self.0.1.wait_timeout_while(self.state(), Duration::from_secs(20), |state| state.waiting == 0);
        assert!(!waiting.expect("no panic").1.timed_out(), "nobody synchronises");
    }

    /// How often somebody looked whether there is room.
    pub(super) fn looked(&self) -> u64 {
        self.state().looked
    }

    /// Whether the power has failed.
    pub(super) fn is_off(&self) -> bool {
        self.state().faults.power_for == Some(0)
    }

    /// How often it was opened.
    pub(super) fn opened(&self) -> u64 {
        self.state().owner
    }

    /// Puts what is on another disk in the place of what is on this one.
    pub(super) fn replace(&self, another: &Self) {
        let image = another.state().current.clone();
        self.damage(|current| *current = image);
    }

    pub(super) fn len(&self) -> usize {
        self.state().current.len()
    }

    /// Changes bytes behind the database's back.
    pub(super) fn damage(&self, damage: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        damage(&mut state.current);
        state.synced = state.current.clone();
    }

    /// Pulls the plug. Each change that was not synchronised is on the disk, or is not, or is in part.
    pub(super) fn crash(&self, mut chance: impl FnMut() -> u64) {
        let mut state = self.state();
        state.owner += 1;
        state.life += 1;
        let mut image = std::mem::take(&mut state.synced);
        for change in std::mem::take(&mut state.unsynced) {
            match (chance() % 3, &change) {
                (0, _) => {}
                (1, Change::Write { offset, data }) => {
                    for (number, sector) in data.chunks(SECTOR).enumerate() {
                        if chance().is_multiple_of(2) {
                            let offset = offset + number * SECTOR;
                            Change::Write { offset, data: sector.to_vec() }.apply(&mut image);
                        }
                    }
                }
                _ => change.apply(&mut image),
            }
        }
        state.current = image.clone();
        state.synced = image;
        state.faults = Faults::default();
        self.0.1.notify_all();
    }
}

/// The disk stands still.
#[derive(Debug)]
pub(super) struct Stalled<'a>(&'a Disk);

impl Drop for Stalled<'_> {
    fn drop(&mut self) {
        self.0.set(Faults::default());
    }
}

/// One connection to the disk.
#[derive(Debug)]
pub(super) struct Plug {
    disk: Disk,
    owner: u64,
}

impl Plug {
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        match state.owner == self.owner && state.faults.power_for != Some(0) {
            true => Ok(state),
            false => Err(io::Error::other("the power is off")),
        }
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.state()?;
        let State { current, unsynced, faults, .. } = &mut *state;
        if let Change::Write { offset, data } = &change
            && faults.room.is_some_and(|room| offset + data.len() > room)
        {
            return Err(ErrorKind::StorageFull.into());
        }
        change.apply(current);
        unsynced.push(change);
        use_power(faults);
        Ok(())
    }
}

fn use_power(faults: &mut Faults) {
    if let Some(left) = &mut faults.power_for {
        *left -= 1;
    }
}

impl StorageBackend for Plug {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state()?.current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state()?;
        if state.faults.failing_read {
            return Err(io::Error::other("the disk cannot be read"));
        }
        let (from, to) = (offset as usize, offset as usize + out.len());
        out.copy_from_slice(state.current.get(from..to).ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Change::SetLen(len as usize))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state()?;
        state.waiting += 1;
        self.disk.0.1.notify_all();
        while state.faults.stalled {
            state = self.disk.0.1.wait(state).expect("no panic");
        }
        state.waiting -= 1;
        drop(state);
        let mut state = self.state()?;
        if state.faults.failing_sync {
            return Err(io::Error::other("the disk is on fire"));
        }
        if state.faults.full_sync {
            return Err(ErrorKind::StorageFull.into());
        }
        let State { synced, unsynced, faults, .. } = &mut *state;
        unsynced.drain(..).for_each(|change| change.apply(synced));
        use_power(faults);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Write { offset: offset as usize, data: data.to_vec() })
    }

    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }
}

/// The disk and the marker beside it, as a process sees them until it crashes.
#[derive(Debug)]
pub(super) struct Machine {
    disk: Disk,
    life: u64,
}

impl Machine {
    /// Fails without power.
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        match state.life == self.life && state.faults.power_for != Some(0) {
            true => Ok(state),
            false => Err(io::Error::other("the power is off")),
        }
    }
}

impl Storage for Machine {
    fn create(&self) -> Result<Box<dyn StorageBackend>, DatabaseError> {
        let mut state = self.state()?;
        state.owner += 1;
        Ok(Box::new(Plug { disk: self.disk.clone(), owner: state.owner }))
    }

    fn find(&self) -> Result<Box<dyn StorageBackend>, DatabaseError> {
        match self.disk.len() {
            0 => Err(io::Error::from(ErrorKind::NotFound).into()),
            _ => self.create(),
        }
    }

    fn check_room(&self) -> io::Result<()> {
        let mut state = self.state()?;
        state.looked += 1;
        match state.faults.room {
            Some(room) if room <= state.current.len() && !state.faults.seems_free => {
                Err(ErrorKind::StorageFull.into())
            }
            _ => Ok(()),
        }
    }

    fn marker(&self) -> io::Result<Option<u64>> {
        Ok(self.state()?.marker)
    }

    fn write_marker(&self, opening: u64) -> io::Result<()> {
        let mut state = self.state()?;
        if state.faults.full_marker {
            return Err(ErrorKind::StorageFull.into());
        }
        state.marker = Some(opening);
        Ok(())
    }

    fn remove_marker(&self) -> io::Result<()> {
        let mut state = self.state()?;
        if state.faults.failing_marker {
            return Err(io::Error::other("nothing can be written"));
        }
        state.marker = None;
        Ok(())
    }
}
