//! Where a history is kept: the file, and the marker beside it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use ::redb::backends::FileBackend;
use ::redb::{DatabaseError, StorageBackend};

/// How much room there must be before a history whose disk was full tries to go on: less would be used up at once, and
/// each try may cost a reading of the whole file.
const ENOUGH_ROOM: usize = 1024 * 1024;

/// What comes before the number of the opening in the marker.
const OPENING: &str = "Opening ";

/// What a history is kept in, and the marker beside it that says whether everything that a reader may have seen is in
/// there.
///
/// The marker is removed before the first event is shown that is not on the disk. It names the opening of the file
/// that it stands for. A history that is opened without it, or with that of another opening, begins another epoch: so
/// does a copy of the file that is put back.
pub(super) trait Storage: fmt::Debug + Send + Sync {
    /// What the database is kept in, empty if there was nothing.
    fn create(&self) -> Result<Box<dyn StorageBackend>, DatabaseError>;
    /// What it was kept in before.
    fn find(&self) -> Result<Box<dyn StorageBackend>, DatabaseError>;
    /// Whether there is room for more, as far as one can tell without the database.
    fn check_room(&self) -> io::Result<()>;
    /// The opening in the marker, if that is there; 0 if an earlier version wrote it, without one.
    fn marker(&self) -> io::Result<Option<u64>>;
    fn write_marker(&self, opening: u64) -> io::Result<()>;
    fn remove_marker(&self) -> io::Result<()>;
}

/// A file, with the marker as another one: removing one needs no room on a disk that is full.
#[derive(Debug)]
pub(super) struct Files {
    database: PathBuf,
    marker: PathBuf,
    /// A marker before it takes the place of the one before.
    new_marker: PathBuf,
    /// Written to find out whether there is room.
    room: PathBuf,
}

impl Files {
    /// The folder must be there.
    pub(super) fn of(database: &Path) -> Self {
        let files = Self {
            database: database.to_owned(),
            marker: database.with_extension("whole"),
            new_marker: database.with_extension("whole.new"),
            room: database.with_extension("room"),
        };
        // A process that was killed may have left it. If it cannot be removed it takes up room and does no harm.
        let _ = fs::remove_file(&files.room);
        files
    }

    /// Makes a folder that outlives a loss of power, as far as its parent may be opened to see to that.
    pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        if let Some(parent) = folder.canonicalize()?.parent()
            && cfg!(unix)
        {
            // Somebody who may not list the parent may still own the folder.
            let _ = File::open(parent).and_then(|parent| parent.sync_all());
        }
        Ok(())
    }

    /// A file is only there, or gone, for good when its folder has been written.
    fn sync_folder(&self) -> io::Result<()> {
        match self.marker.parent() {
            // Windows has no such call, and needs none.
            Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }

    fn open(&self, options: &mut OpenOptions) -> Result<Box<dyn StorageBackend>, DatabaseError> {
        let file = options.read(true).write(true).open(&self.database)?;
        Ok(Box::new(FileBackend::new(file)?))
    }
}

impl Storage for Files {
    fn create(&self) -> Result<Box<dyn StorageBackend>, DatabaseError> {
        self.open(OpenOptions::new().create(true).truncate(false))
    }

    fn find(&self) -> Result<Box<dyn StorageBackend>, DatabaseError> {
        self.open(&mut OpenOptions::new())
    }

    /// Takes up room and gives it back: quotas and reserves are not to be seen in what a file system says is free.
    fn check_room(&self) -> io::Result<()> {
        let written = File::create(&self.room).and_then(|mut file| {
            file.write_all(&vec![0xa5; ENOUGH_ROOM])?;
            file.sync_all()
        });
        match (written, fs::remove_file(&self.room)) {
            (Ok(()), removed) => removed,
            (Err(error), _) => Err(error),
        }
    }

    fn marker(&self) -> io::Result<Option<u64>> {
        let text = match fs::read(&self.marker) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let text = String::from_utf8_lossy(&text);
        let opening = text.lines().find_map(|line| line.strip_prefix(OPENING)?.parse().ok());
        Ok(Some(opening.unwrap_or_default()))
    }

    /// Writes it beside the one before, and never over it: half a marker would be none.
    fn write_marker(&self, opening: u64) -> io::Result<()> {
        let text = format!(
            "While this file is here, the history beside it holds every event that anybody has seen.\n\
             Make no copy of it, and remove it before you put a copy of the history back.\n\
             {OPENING}{opening}\n"
        );
        let mut file = File::create(&self.new_marker)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        drop(file);
        fs::rename(&self.new_marker, &self.marker)?;
        self.sync_folder()
    }

    fn remove_marker(&self) -> io::Result<()> {
        match fs::remove_file(&self.marker) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => self.sync_folder(),
        }
    }
}
