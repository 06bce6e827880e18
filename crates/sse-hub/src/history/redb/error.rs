use std::io;
use std::path::{Path, PathBuf};

use ::redb::Error;

use crate::history::Health;

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
        "{} is damaged, or not a history: {reason}; move the file away to begin a new history, or put a copy of it back",
        path.display()
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
            error => Self::damaged(path, error),
        }
    }
}

/// What a failure to write leaves of the history.
pub(super) fn health_after(error: &Error) -> Health {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};

    match error {
        Error::Io(error) if matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge) => {
            Health::LiveOnly(format!("its disk is full: {error}; make room, then restart"))
        }
        // The system may have dropped what it could not write, so another try would prove nothing.
        error => Health::ReadOnly(format!("its disk has failed: {error}; check it, then restart")),
    }
}
