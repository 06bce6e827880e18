//! Whether everything that a reader may have seen is in the database.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A mark beside the database that says so. It is taken away before the first event is shown that is not on the disk,
/// and a history that is opened without it begins another epoch.
pub(super) trait Seal: fmt::Debug + Send + Sync {
    fn is_whole(&self) -> io::Result<bool>;
    fn set(&self) -> io::Result<()>;
    fn take_away(&self) -> io::Result<()>;
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

/// The mark is a file: taking one away needs no room on a disk that is full.
#[derive(Debug)]
pub(super) struct SealFile {
    path: PathBuf,
}

impl SealFile {
    pub(super) fn of(database: &Path) -> Self {
        Self { path: database.with_extension("whole") }
    }

    /// A file is only there, or gone, for good when its folder has been written.
    fn sync_folder(&self) -> io::Result<()> {
        match self.path.parent() {
            // Windows has no such call, and needs none.
            Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }
}

impl Seal for SealFile {
    fn is_whole(&self) -> io::Result<bool> {
        self.path.try_exists()
    }

    fn set(&self) -> io::Result<()> {
        let text =
            "While this file is here, the history beside it holds every event that anybody has seen.\n";
        let mut file = File::create(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        self.sync_folder()
    }

    fn take_away(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => self.sync_folder(),
        }
    }
}
