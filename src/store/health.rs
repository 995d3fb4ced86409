//! How a log is, and what is wrong with it.

use std::fmt;

/// How the log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Nothing is wrong and it takes appends.
    Sound,
    /// Nothing is wrong; opened for reading only.
    Reader,
    /// A copy of a log that is written elsewhere.
    Copy,
    /// Something is wrong with the bytes on disk: readable where sound, takes no appends.
    Damaged(Vec<Damage>),
    /// The disk is full: readable, takes appends again once there is space.
    Full,
    /// The system refused the last write: readable, takes appends again once it lets.
    Unwritable(String),
    /// A sync failed: nobody knows whether the last appends are on disk until the log is opened again.
    InDoubt,
}

/// Something that is wrong with the bytes on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file, within the data directory.
    pub file: String,
    /// The byte at which it begins.
    pub offset: u64,
    /// The position that it hits, where that is known.
    pub position: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at byte {}", self.file, self.offset)?;
        if let Some(position) = self.position {
            write!(formatter, " (position {position})")?;
        }
        write!(formatter, ": {}", self.what)
    }
}
