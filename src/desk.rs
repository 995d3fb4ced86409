//! Everything the program can do for whoever asks: record, ask, replay, compare, import, export, verify.
//!
//! Invariant: nothing here knows whether the caller is a page, an API client or a terminal.

pub mod answer;
pub mod ask;
pub mod clock;
pub mod error;
mod known;
mod names;
#[cfg(test)]
pub(crate) mod testing;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::desk::answer::board::{ChannelRow, DueRow, MeetingRow, OvertureRow, PartyRow, SeriesRow};
use crate::desk::answer::entry::{EntryDetail, EntryRow, HistoryRow, Thread};
use crate::desk::answer::operation::{
    Diff, Imported, LogRow, MomentRow, Rebuilt, Recorded, Replayed, Verified,
};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{
    Caller, ChangesAsk, DueAsk, ImportAsk, MeetingsAsk, OverturesAsk, RecordAsk, TimelineAsk, When,
};
use crate::desk::error::DeskError;
use crate::domain::zone::Zone;
use crate::projections::Projections;
use crate::store::{Clock, EventStore};

/// How a desk opens its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// To read: writes nothing, and works while another process writes.
    Read,
    /// To record: waits at most so long for another writer to finish.
    Write {
        /// How long.
        wait: Duration,
    },
}

/// A log, its projections and a clock.
pub struct Desk {
    store: Arc<dyn EventStore>,
    projections: Projections,
    clock: Clock,
    zone: Zone,
}

#[expect(missing_docs, reason = "signatures for those who build against them")]
#[expect(
    clippy::missing_errors_doc,
    clippy::unused_self,
    reason = "signatures for those who build against them"
)]
#[expect(unused_variables, reason = "signatures for those who build against them")]
impl Desk {
    pub fn init(dir: &Path, name: &str, zone: &str) -> Result<Self, DeskError> {
        soon()
    }
    pub fn open(dir: &Path, opening: Opening) -> Result<Self, DeskError> {
        soon()
    }
    pub fn close(self) -> Result<(), DeskError> {
        soon()
    }
    pub fn log(&self) -> Result<Answer<LogRow>, DeskError> {
        soon()
    }
    pub fn record(&self, caller: &Caller, ask: &RecordAsk) -> Result<Answer<Recorded>, DeskError> {
        soon()
    }
    pub fn import(
        &self,
        caller: &Caller,
        ask: &ImportAsk,
        file: &[u8],
    ) -> Result<Answer<Imported>, DeskError> {
        soon()
    }
    /// Lines of JSON, each with its line feed; read in pieces so that a long log never stands in memory.
    pub fn export(&self, from: u64, to: u64) -> Result<Vec<String>, DeskError> {
        soon()
    }
    pub fn channels(&self, when: &When) -> Result<Answer<Page<ChannelRow>>, DeskError> {
        soon()
    }
    pub fn overtures(&self, when: &When, ask: &OverturesAsk) -> Result<Answer<Page<OvertureRow>>, DeskError> {
        soon()
    }
    pub fn thread(&self, when: &When, handle: &str) -> Result<Answer<Thread>, DeskError> {
        soon()
    }
    pub fn meetings(&self, when: &When, ask: &MeetingsAsk) -> Result<Answer<Page<MeetingRow>>, DeskError> {
        soon()
    }
    pub fn series(&self, when: &When) -> Result<Answer<Page<SeriesRow>>, DeskError> {
        soon()
    }
    pub fn parties(&self, when: &When) -> Result<Answer<Page<PartyRow>>, DeskError> {
        soon()
    }
    pub fn timeline(&self, when: &When, ask: &TimelineAsk) -> Result<Answer<Page<EntryRow>>, DeskError> {
        soon()
    }
    pub fn entry(&self, when: &When, handle: &str) -> Result<Answer<EntryDetail>, DeskError> {
        soon()
    }
    pub fn history(&self, when: &When, handle: &str) -> Result<Answer<Page<HistoryRow>>, DeskError> {
        soon()
    }
    pub fn due(&self, when: &When, ask: &DueAsk) -> Result<Answer<Page<DueRow>>, DeskError> {
        soon()
    }
    pub fn changes(&self, when: &When, ask: &ChangesAsk) -> Result<Answer<Page<EntryRow>>, DeskError> {
        soon()
    }
    pub fn replay(&self, when: &When, to: &str) -> Result<Answer<Replayed>, DeskError> {
        soon()
    }
    pub fn diff(&self, when: &When, from: &str, to: &str) -> Result<Answer<Diff>, DeskError> {
        soon()
    }
    pub fn moments(&self) -> Result<Answer<Page<MomentRow>>, DeskError> {
        soon()
    }
    pub fn name_moment(&self, caller: &Caller, name: &str) -> Result<Answer<MomentRow>, DeskError> {
        soon()
    }
    pub fn verify(&self) -> Result<Answer<Verified>, DeskError> {
        soon()
    }
    /// Makes a copy writable; `log` must be the log's name, typed out, as a confirmation that the
    /// original is written no more.
    pub fn adopt(&self, caller: &Caller, log: &str) -> Result<Answer<LogRow>, DeskError> {
        soon()
    }
    pub fn rebuild(&self, check_only: bool) -> Result<Answer<Rebuilt>, DeskError> {
        soon()
    }
}

fn soon<T>() -> Result<T, DeskError> {
    Err(DeskError::Unavailable("not built yet".to_owned()))
}
