//! Everything the program can do for whoever asks: record, ask, replay, compare, import, export, verify.
//!
//! Invariant: nothing here knows whether the caller is a page, an API client or a terminal.

pub mod answer;
pub mod ask;
mod changes;
mod channels;
pub mod clock;
mod consequences;
mod diff;
mod due;
mod entries;
pub mod error;
mod format;
mod handle;
mod history;
mod known;
mod lifecycle;
mod meetings;
mod moments;
mod names;
mod overtures;
mod parties;
mod recording;
mod replay;
mod series;
#[cfg(test)]
pub(crate) mod testing;
mod thread;
mod timeline;
mod token;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use crate::desk::answer::board::{ChannelRow, DueRow, MeetingRow, OvertureRow, PartyRow, SeriesRow};
use crate::desk::answer::entry::{EntryDetail, EntryRow, HistoryRow, Thread};
use crate::desk::answer::operation::{Diff, Imported, MomentRow, Replayed};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{Caller, ChangesAsk, DueAsk, ImportAsk, MeetingsAsk, OverturesAsk, TimelineAsk, When};
use crate::desk::error::DeskError;
use crate::domain::zone::Zone;
use crate::projections::Projections;
use crate::store::segment::SegmentStore;
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
    // The same log, where it is on disk; none for a log in memory.
    engine: Option<Arc<SegmentStore>>,
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
    /// Returns where every channel stands that was registered by then: lines by name, closed ones last,
    /// then carriers and forums.
    pub fn channels(&self, when: &When) -> Result<Answer<Page<ChannelRow>>, DeskError> {
        channels::channels(self, when)
    }
    pub fn overtures(&self, when: &When, ask: &OverturesAsk) -> Result<Answer<Page<OvertureRow>>, DeskError> {
        self.list_overtures(when, ask)
    }
    pub fn thread(&self, when: &When, handle: &str) -> Result<Answer<Thread>, DeskError> {
        self.thread_of(when, handle)
    }
    pub fn meetings(&self, when: &When, ask: &MeetingsAsk) -> Result<Answer<Page<MeetingRow>>, DeskError> {
        meetings::meetings(self, when, ask)
    }
    pub fn series(&self, when: &When) -> Result<Answer<Page<SeriesRow>>, DeskError> {
        series::series(self, when)
    }
    pub fn parties(&self, when: &When) -> Result<Answer<Page<PartyRow>>, DeskError> {
        parties::parties(self, when)
    }
    pub fn timeline(&self, when: &When, ask: &TimelineAsk) -> Result<Answer<Page<EntryRow>>, DeskError> {
        timeline::timeline(self, when, ask)
    }
    pub fn entry(&self, when: &When, handle: &str) -> Result<Answer<EntryDetail>, DeskError> {
        entries::entry(self, when, handle)
    }
    pub fn history(&self, when: &When, handle: &str) -> Result<Answer<Page<HistoryRow>>, DeskError> {
        history::history(self, when, handle)
    }
    pub fn due(&self, when: &When, ask: &DueAsk) -> Result<Answer<Page<DueRow>>, DeskError> {
        self.list_due(when, ask)
    }
    pub fn changes(&self, when: &When, ask: &ChangesAsk) -> Result<Answer<Page<EntryRow>>, DeskError> {
        changes::changes(self, when, ask)
    }
    pub fn replay(&self, when: &When, to: &str) -> Result<Answer<Replayed>, DeskError> {
        replay::replay(self, when, to)
    }
    pub fn diff(&self, when: &When, from: &str, to: &str) -> Result<Answer<Diff>, DeskError> {
        diff::diff(self, when, from, to)
    }
    pub fn moments(&self) -> Result<Answer<Page<MomentRow>>, DeskError> {
        moments::moments(self)
    }
    pub fn name_moment(&self, caller: &Caller, name: &str) -> Result<Answer<MomentRow>, DeskError> {
        soon()
    }
}

fn soon<T>() -> Result<T, DeskError> {
    Err(DeskError::Unavailable("not built yet".to_owned()))
}
