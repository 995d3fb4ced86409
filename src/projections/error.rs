//! Why a projection stops, and what a rebuild or a check found.

use crate::domain::event::DecodeError;
use crate::store::ReadError;

/// A projection could not take in the log, or could not answer from it.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The log could not be read.
    #[error("the log cannot be read at position {position}")]
    Read {
        /// Where.
        position: u64,
        /// What the store said.
        #[source]
        source: ReadError,
    },
    /// A body is neither there nor redacted: the log is incomplete, and nothing after it is taken in.
    #[error("the body of the event at position {position} is missing; the projections stop there")]
    Missing {
        /// Where.
        position: u64,
    },
    /// A body is of a kind or shape that this program does not know; it never skips one.
    #[error(
        "the event at position {position} is not one that this program knows; the projections stop there"
    )]
    Unknown {
        /// Where.
        position: u64,
        /// What was found.
        #[source]
        source: DecodeError,
    },
    /// The log answered with another position than the one asked for.
    #[error("the log has no event at position {position}, which its head includes")]
    Absent {
        /// Where.
        position: u64,
    },
    /// The index holds 2^32 - 2 events at most.
    #[error("the log has more events than the projections can number")]
    TooLong,
    /// The projections were opened to be read only.
    #[error("the projections were opened for reading only")]
    ReadOnly,
    /// A snapshot could not be written; the answers are right all the same.
    #[error("the projections cannot be saved to {path}")]
    Save {
        /// The file or directory.
        path: String,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
    /// A file of the snapshot is damaged or gone; the projections are rebuilt from the log.
    #[error("the snapshot of the projections is damaged: {0}")]
    Damaged(String),
}

/// What a rebuild did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RebuildReport {
    /// How many events were taken in.
    pub size: u64,
    /// Whether the rebuilt projections equal the ones they replace.
    pub same: bool,
    /// The digest of the rebuilt ones.
    pub digest: [u8; 32],
}

/// What a check found: the live projections beside ones folded from nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// The size of the log at which both were compared.
    pub size: u64,
    /// How many events, readings, corrections and entities the live ones count.
    pub live: Counts,
    /// The same, folded from nothing.
    pub rebuilt: Counts,
    /// The digest of the live ones.
    pub live_digest: [u8; 32],
    /// The digest of the ones folded from nothing.
    pub rebuilt_digest: [u8; 32],
}

impl CheckReport {
    /// Tells whether the live projections are what the log says.
    pub fn agrees(&self) -> bool {
        self.live == self.rebuilt && self.live_digest == self.rebuilt_digest
    }
}

/// How much the projections hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events taken in.
    pub events: u64,
    /// Later readings of entries.
    pub readings: u64,
    /// Amendments, retractions and changed links.
    pub corrections: u64,
    /// Channels, overtures, meetings, series, parties, recorders and policies.
    pub entities: u64,
}
