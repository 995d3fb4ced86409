//! Everything the program can do for whoever asks: record, ask, replay, compare, import, export, verify.
//!
//! Invariant: nothing here knows whether the caller is a page, an API client or a terminal.

pub mod access;
pub mod accounts;
mod adoption;
pub mod answer;
pub mod ask;
pub mod audit;
pub mod authors;
pub mod backup;
mod beginning;
mod bookkeeping;
pub(crate) mod bookmarks;
pub(crate) mod brief;
mod calls;
mod changes;
mod channels;
pub mod checkpoint;
mod claims;
pub mod clock;
pub mod completion;
mod consequences;
pub(crate) mod cursors;
mod diff;
pub mod doctor;
mod due;
mod entries;
pub mod error;
pub mod export;
mod facets;
pub(crate) mod filter;
mod folder;
pub mod follow;
mod format;
mod hand;
mod handle;
mod history;
pub mod import;
mod integrity;
mod intervals;
pub mod keys;
mod known;
mod late;
mod lifecycle;
mod links;
pub mod master;
mod meetings;
pub(crate) mod misread;
mod moment;
mod moments;
mod names;
pub(crate) mod outgoing;
mod overtures;
mod parties;
mod persons;
mod policies;
pub mod publication;
pub mod reads;
mod receipts;
pub mod recording;
pub mod redaction;
pub mod reminders;
pub mod replay;
mod rollback;
pub mod schemas;
mod search;
mod series;
mod silence;
mod similar;
mod statistics;
pub mod tag;
#[cfg(test)]
pub(crate) mod testing;
mod thread;
mod timeline;
mod token;
pub(crate) mod traced;
mod verification;
pub mod vitals;
pub mod witness;
mod writing;

pub use adoption::AdoptKeys;
pub(crate) use lifecycle::DAMAGED;

pub(crate) use writing::request_of;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::desk::answer::alias::{NameRow, PersonRow};
use crate::desk::answer::board::{ChannelRow, DueRow, MeetingRow, OvertureRow, PartyRow, SeriesRow};
use crate::desk::answer::brief::{Brief, ClaimsRow};
use crate::desk::answer::entry::{BearingRow, EntryDetail, EntryRow, HistoryRow, SimilarRow, Thread};
use crate::desk::answer::facets::Facets;
use crate::desk::answer::interval::IntervalRow;
use crate::desk::answer::late::LateRow;
use crate::desk::answer::operation::{Diff, MomentRow, Replayed};
use crate::desk::answer::policy::PolicyRow;
use crate::desk::answer::search::FoundRow;
use crate::desk::answer::silence::SilenceMatrix;
use crate::desk::answer::statistics::AnswerStatistics;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{
    AnswersAsk, ChangesAsk, ConflictsAsk, DueAsk, FacetsAsk, IntervalsAsk, LateAsk, LinksAsk, MeetingsAsk,
    OverturesAsk, PoliciesAsk, SearchAsk, SeriesAsk, SilenceAsk, SimilarAsk, TimelineAsk, When,
};
use crate::desk::checkpoint::Signing;
use crate::desk::clock::Watch;
use crate::desk::completion::NamesAsk;
use crate::desk::error::DeskError;
use crate::desk::keys::place::KeyPlace;
use crate::desk::names::NamesKept;
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
///
/// It is made, opened and closed in `lifecycle`; what is recorded goes through `recording`, `import` and
/// `moment`; what is asked is answered here, from the record as known and seen when the caller says.
pub struct Desk {
    store: Arc<dyn EventStore>,
    // The same log, where it is on disk; none for a log in memory.
    engine: Option<Arc<SegmentStore>>,
    projections: Projections,
    clock: Clock,
    zone: Zone,
    names: NamesKept,
    // How far channels were folded before.
    channels_kept: Arc<channels::kept::ChannelsKept>,
    // When lines opened.
    openings_kept: Arc<known::calls::OpeningsKept>,
    // With which keys authors sign.
    author_keys: Arc<authors::AuthorKeysKept>,
    // Who read what; none where that is not logged.
    reads: Option<reads::Reads>,
    // What is wrong with the access log, as far as this log can tell; looked at once.
    reads_checked: OnceLock<Option<String>>,
    // What was laid out and waits for its author's signatures.
    unsigned: recording::Unsigned,
    // Who may come in, who is in, and who tries to.
    people: accounts::People,
    // What signs the log, and where the keys are.
    signing: Signing,
    place: KeyPlace,
    watch: Watch,
    // The mapping files that were sent, for the imports that name them.
    mappings: import::Mappings,
    // The desks of those who see a part of the log.
    sights: access::Sights,
    // What the whole log has, where this is such a desk.
    beyond: Option<Arc<access::Beyond>>,
}

/// Every question has the same errors: [`DeskError::Wrong`] for a date, a filter or a token that is none,
/// [`DeskError::NotFound`] or [`DeskError::Ambiguous`] for a name, and [`DeskError::Damaged`] when what
/// must be read for the answer cannot be. No question changes the log.
#[expect(clippy::missing_errors_doc, reason = "told above, once for all questions")]
impl Desk {
    /// Returns where every channel stands that was registered by then: lines by name, closed ones last,
    /// then carriers and forums.
    pub fn channels(&self, when: &When) -> Result<Answer<Page<ChannelRow>>, DeskError> {
        channels::channels(self, when)
    }

    /// Returns the overtures that are asked for, a page at a time.
    pub fn overtures(&self, when: &When, ask: &OverturesAsk) -> Result<Answer<Page<OvertureRow>>, DeskError> {
        self.list_overtures(when, ask)
    }

    /// Returns an overture and everything since; the handle may be that of any entry of the thread.
    pub fn thread(&self, when: &When, handle: &str) -> Result<Answer<Thread>, DeskError> {
        self.thread_of(when, handle)
    }

    /// Returns where meetings stand.
    pub fn meetings(&self, when: &When, ask: &MeetingsAsk) -> Result<Answer<Page<MeetingRow>>, DeskError> {
        meetings::meetings(self, when, ask)
    }

    /// Returns where every series of talks stands, or one of them, with its rounds.
    pub fn series(&self, when: &When, ask: &SeriesAsk) -> Result<Answer<Page<SeriesRow>>, DeskError> {
        series::series(self, when, ask)
    }

    /// Returns every party of the register.
    pub fn parties(&self, when: &When) -> Result<Answer<Page<PartyRow>>, DeskError> {
        parties::parties(self, when)
    }

    /// Returns every person of the register, with the offices that they hold or held.
    pub fn persons(&self, when: &When) -> Result<Answer<Page<PersonRow>>, DeskError> {
        persons::persons(self, when)
    }

    /// Returns the names that begin with what is typed: of channels, parties, series, persons, recorders, and
    /// the handles of the newest entries.
    pub fn names_like(&self, ask: &NamesAsk) -> Result<Answer<Page<NameRow>>, DeskError> {
        completion::names(self, ask)
    }

    /// Returns what happened, a page at a time.
    pub fn timeline(&self, when: &When, ask: &TimelineAsk) -> Result<Answer<Page<EntryRow>>, DeskError> {
        timeline::timeline(self, when, ask)
    }

    /// Counts entries by what they have in common, and over time.
    pub fn facets(&self, when: &When, ask: &FacetsAsk) -> Result<Answer<Facets>, DeskError> {
        facets::facets(self, when, ask)
    }

    /// Returns the entries whose texts say what is looked for, the best first or by a time, a page at a time.
    pub fn search(&self, when: &When, ask: &SearchAsk) -> Result<Answer<Page<FoundRow>>, DeskError> {
        search::search(self, when, ask)
    }

    /// Returns one entry, whole, as it reads now.
    pub fn entry(&self, when: &When, handle: &str) -> Result<Answer<EntryDetail>, DeskError> {
        entries::entry(self, when, handle)
    }

    /// Returns what the record says of one entry, step by step.
    pub fn history(&self, when: &When, handle: &str) -> Result<Answer<Page<HistoryRow>>, DeskError> {
        history::history(self, when, handle)
    }

    /// Returns every assertion that an entry bears on another or another on it, and who made it.
    pub fn links(
        &self,
        when: &When,
        handle: &str,
        ask: &LinksAsk,
    ) -> Result<Answer<Page<BearingRow>>, DeskError> {
        links::links(self, when, handle, ask)
    }

    /// Returns the entries of like situations, the most alike first, with what came of them.
    pub fn similar(
        &self,
        when: &When,
        handle: &str,
        ask: &SimilarAsk,
    ) -> Result<Answer<Page<SimilarRow>>, DeskError> {
        similar::similar(self, when, handle, ask)
    }

    /// Returns on whose word an entry rests, who says otherwise, and who chose its reading.
    pub fn claims(&self, when: &When, handle: &str) -> Result<Answer<Page<ClaimsRow>>, DeskError> {
        claims::claims(self, when, handle)
    }

    /// Returns the entries on which sources or entries contradict each other, a page at a time.
    pub fn conflicts(&self, when: &When, ask: &ConflictsAsk) -> Result<Answer<Page<ClaimsRow>>, DeskError> {
        claims::conflicts(self, when, ask)
    }

    /// Returns one page about an offer: where it stands, everything since, and what is not recorded.
    pub fn brief(&self, when: &When, handle: &str) -> Result<Answer<Brief>, DeskError> {
        brief::brief(self, when, handle)
    }

    /// Returns which answers are due or overdue, on what basis.
    pub fn due(&self, when: &When, ask: &DueAsk) -> Result<Answer<Page<DueRow>>, DeskError> {
        self.list_due(when, ask)
    }

    /// Returns since when a party has been silent towards another: by sort of act, way, channel and topic,
    /// and the findings that were recorded beside it.
    pub fn silence(&self, when: &When, ask: &SilenceAsk) -> Result<Answer<SilenceMatrix>, DeskError> {
        self.silence_of(when, ask)
    }

    /// Returns how offers were answered, with the cases that still wait counted as waiting.
    pub fn answer_statistics(
        &self,
        when: &When,
        ask: &AnswersAsk,
    ) -> Result<Answer<AnswerStatistics>, DeskError> {
        self.count_answers(when, ask)
    }

    /// Returns in which state each line was when, in the order of time.
    pub fn intervals(&self, when: &When, ask: &IntervalsAsk) -> Result<Answer<Page<IntervalRow>>, DeskError> {
        self.list_intervals(when, ask)
    }

    /// Returns the policies in force, or all that there were, each with its time.
    pub fn policies(&self, when: &When, ask: &PoliciesAsk) -> Result<Answer<Page<PolicyRow>>, DeskError> {
        self.list_policies(when, ask)
    }

    /// Returns what was recorded long after it had happened, the last recorded first.
    pub fn late(&self, when: &When, ask: &LateAsk) -> Result<Answer<Page<LateRow>>, DeskError> {
        self.list_late(when, ask)
    }

    /// Returns what was recorded after a position, by whom and when it is asked for.
    pub fn changes(&self, when: &When, ask: &ChangesAsk) -> Result<Answer<Page<EntryRow>>, DeskError> {
        changes::changes(self, when, ask)
    }

    /// Returns the record as it was known at a position, a time or a named moment, with a digest of the
    /// whole state that is the same on any machine.
    pub fn replay(&self, when: &When, to: &str) -> Result<Answer<Replayed>, DeskError> {
        replay::replay(self, when, to)
    }

    /// Returns what reads otherwise between two knowings, and which events did it.
    pub fn diff(&self, when: &When, from: &str, to: &str) -> Result<Answer<Diff>, DeskError> {
        diff::diff(self, when, from, to)
    }

    /// Returns the named positions of the log.
    pub fn moments(&self) -> Result<Answer<Page<MomentRow>>, DeskError> {
        moments::moments(self)
    }
}
