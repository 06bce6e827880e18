use std::io;
use std::path::{Path, PathBuf};

use ::redb::{DatabaseError, Error};

use super::meter::Meter;

/// A [`RedbHistory`](super::RedbHistory) could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it open, or this one.
    #[error(
        "{} is in use: another process has this history open; stop it, or choose another folder",
        path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged, or is none of ours.
    #[error(
        "{} is damaged, or not a history: {reason}; move the file away to begin a new history, or put a copy of it \
         back and remove {}, also one that came with the copy",
        path.display(),
        path.with_extension("whole").display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another version of this crate wrote the file.
    #[error(
        "{} has format {found}, and this version reads format {expected}: use the version that wrote it, or move the \
         file away to begin a new history",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The format that can be read.
        expected: u64,
    },
    /// Another version of the database below wrote the file.
    #[error(
        "{} is of another version of the database: {reason}; use the version that wrote it, or move the file away to \
         begin a new history",
        path.display()
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// What the database says.
        reason: String,
    },
    /// The file or its folder cannot be read or written.
    #[error("{} cannot be opened: {reason}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}

impl OpenError {
    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io { path: path.to_owned(), reason: error.to_string() }
    }

    pub(super) fn damaged(path: &Path, reason: impl ToString) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.to_string() }
    }

    fn other_version(path: &Path, reason: impl ToString) -> Self {
        Self::OtherVersion { path: path.to_owned(), reason: reason.to_string() }
    }

    /// What the database said about the file.
    pub(super) fn of(path: &Path, error: impl Into<Error>) -> Self {
        match error.into() {
            Error::DatabaseAlreadyOpen | Error::LockProtocolMismatch => Self::InUse { path: path.to_owned() },
            // So it says of a file that is too short, or that begins with something else.
            Error::Io(error)
                if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
            {
                Self::damaged(path, error)
            }
            Error::Io(error) => Self::io(path, &error),
            // Of a newer version there is nothing but these words.
            error @ Error::UpgradeRequired(_) => Self::other_version(path, error),
            Error::Corrupted(reason) if reason.starts_with("Expected file format version") => {
                Self::other_version(path, reason)
            }
            error => Self::damaged(path, error),
        }
    }
}

/// Why nothing can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no room, or something else that passes. Nothing that was written before is in doubt.
    Passing(String),
    /// What was written may not be there.
    Final(String),
}

impl Trouble {
    /// What a failure to write means.
    pub(super) fn of(error: &Error, meter: &Meter) -> Self {
        match error {
            // Another try would prove nothing: the system may have dropped what it could not write, and would hand it
            // out from its cache all the same.
            error if meter.has_failed_to_synchronise() => Self::Final(format!(
                "its disk failed to synchronise: {error}; nothing more is written, and nobody was shown what may be \
                 missing. Look into the system's log, see to the disk, and unmount it or restart the machine, so that \
                 nothing is read which never reached it; then start again"
            )),
            Error::Io(error) => Self::of_io(error),
            error => Self::failed(error),
        }
    }

    pub(super) fn of_io(error: &io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};

        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::Passing(format!(
                "its disk is full: {error}; make room, and it goes on by itself: what is in memory then is kept"
            )),
            _ => Self::failed(error),
        }
    }

    fn failed(error: impl std::fmt::Display) -> Self {
        Self::Final(format!("its disk has failed: {error}; check it and the file, then restart"))
    }

    /// Something is in the way before the file is touched again.
    pub(super) fn in_the_way(error: impl std::fmt::Display) -> Self {
        Self::Passing(format!(
            "its disk was full, and it cannot go on: {error}; see to it, and it goes on by itself"
        ))
    }

    /// What a file that cannot be opened again means.
    pub(super) fn of_open(error: DatabaseError, meter: &Meter) -> Self {
        match error.into() {
            Error::DatabaseAlreadyOpen | Error::LockProtocolMismatch => {
                Self::in_the_way("another process has its file open")
            }
            error => Self::of(&error, meter),
        }
    }
}
