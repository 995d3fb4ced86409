//! What each handle gets at: every method of the desk that a route asks stands here once, under what it needs.

mod oneself;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::desk::access::sight::Seen;
use crate::desk::access::{Door, Handle, Needs, Principal, Who, sealed};
use crate::desk::accounts::{
    AccountRow, AccountState, BindAsk, ChangeAsk, OpenAsk, OpenedRow, PermitAsk, TokenRow,
};
use crate::desk::answer::alias::{NameRow, PersonRow};
use crate::desk::answer::board::{ChannelRow, DueRow, MeetingRow, OvertureRow, PartyRow, SeriesRow};
use crate::desk::answer::brief::{Brief, ClaimsRow};
use crate::desk::answer::entry::{BearingRow, EntryDetail, EntryRow, HistoryRow, SimilarRow, Thread};
use crate::desk::answer::facets::Facets;
use crate::desk::answer::held::HeldRow;
use crate::desk::answer::interval::IntervalRow;
use crate::desk::answer::late::LateRow;
use crate::desk::answer::operation::{
    CheckpointRow, Diff, DraftedMapping, Imported, KeyRow, LogRow, MappingRow, MomentRow, Rebuilt, Recorded,
    Replayed, Verified,
};
use crate::desk::answer::policy::PolicyRow as RuleRow;
use crate::desk::answer::redaction::Redacted;
use crate::desk::answer::reminder::Reminder;
use crate::desk::answer::search::FoundRow;
use crate::desk::answer::silence::SilenceMatrix;
use crate::desk::answer::statistics::AnswerStatistics;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{
    AnswersAsk, Caller, ChangesAsk, ConfirmAsk, ConflictsAsk, DraftAsk, DueAsk, ExportAsk, FacetsAsk,
    FilterAsk, HeldAsk, ImportAsk, IntervalsAsk, LateAsk, LinksAsk, MeetingsAsk, MomentAsk, OverturesAsk,
    PoliciesAsk, RecordAsk, RedactAsk, SearchAsk, SeriesAsk, SilenceAsk, SimilarAsk, TimelineAsk, VerifyAsk,
    When,
};
use crate::desk::audit::bundle::Bundle;
use crate::desk::audit::export::{BundleAsk, StampRow};
use crate::desk::authors::{AddKeyAsk, AuthorKeyRow, RevokeKeyAsk};
use crate::desk::backup::{BackedUp, Step};
use crate::desk::completion::NamesAsk;
use crate::desk::cursors::{CursorAsk, CursorRow};
use crate::desk::error::DeskError;
use crate::desk::export::Export;
use crate::desk::follow::Part;
use crate::desk::import::source::{Progress, Source};
use crate::desk::outgoing::{Broke, Format, Note};
use crate::desk::publication::{CosignaturesAsk, CosignedRow, PolicyAsk, PolicyRow, Published};
use crate::desk::reads::{Read, ReadRow, ReaderRow, ReadsAsk};
use crate::desk::recording::{Done, LaidOut, SignAsk};
use crate::desk::reminders::RemindersAsk;
use crate::desk::tag::Tag;
use crate::desk::vitals::Vitals;
use crate::desk::{AdoptKeys, Desk};
use crate::domain::id::EventId;

macro_rules! handles {
    ($($(#[$doc:meta])* $handle:ident needs $needs:ident;)+) => {$(
        $(#[$doc])*
        pub struct $handle {
            // Over the whole log: where they see a part of it, nothing is asked of it that tells of the log.
            house: Arc<Desk>,
            seen: Option<Seen>,
            who: Principal,
        }

        impl Handle for $handle {
            const NEEDS: Needs = Needs::$needs;
        }

        impl sealed::Made for $handle {
            fn made(house: Arc<Desk>, seen: Option<Seen>, principal: &Principal) -> Self {
                Self { house, seen, who: principal.clone() }
            }
        }

        impl $handle {
            /// Returns the desk over what they see.
            fn desk(&self) -> &Desk {
                self.seen.as_ref().map_or(&self.house, |seen| &seen.desk)
            }

            /// Returns under which name whoever has this asks and records.
            pub fn caller(&self) -> &Caller {
                self.who.caller()
            }
        }
    )+};
}

handles! {
    /// Asks what is recorded, as far as they see it.
    Reader needs Read;
    /// Asks what is told of the whole log alone.
    Overseer needs Oversee;
    /// Records, under the name of whoever has it, what they would see.
    Recorder needs Record;
    /// Records what bears on the whole log: what is signed, which says where it stands in it, and what removes a text
    /// wherever it was repeated.
    Archivist needs Keep;
    /// Checks the record, and who read it.
    Auditor needs Audit;
    /// Keeps the accounts and the keys.
    Administrator needs Administer;
    /// Whoever came in, whatever they may do.
    Oneself needs Account;
}

/// Whoever is at the door.
pub struct Visitor {
    door: Door,
}

impl Handle for Visitor {
    const NEEDS: Needs = Needs::Nobody;
}

impl sealed::Made for Visitor {
    fn made(house: Arc<Desk>, _: Option<Seen>, _: &Principal) -> Self {
        Self { door: Door::of(house) }
    }
}

/// Methods that are the desk's own.
macro_rules! asks {
    ($($name:ident($($given:ident: $type:ty),*) -> $answer:ty;)+) => {$(
        #[doc = concat!("As [`Desk::", stringify!($name), "`].")]
        pub(crate) fn $name(&self, $($given: $type),*) -> $answer {
            self.desk().$name($($given),*)
        }
    )+};
}

/// Methods of the desk that record who asks: always whoever has the handle.
macro_rules! records {
    ($($name:ident($($given:ident: $type:ty),*) -> $answer:ty;)+) => {$(
        #[doc = concat!("As [`Desk::", stringify!($name), "`], under the name of whoever has this.")]
        pub(crate) fn $name(&self, $($given: $type),*) -> $answer {
            self.desk().$name(&self.who.caller, $($given),*)
        }
    )+};
}

/// As `asks`, for whoever may see a part of the log: how far the whole of it goes is not told.
macro_rules! keeps {
    ($($name:ident($($given:ident: $type:ty),*) -> $answer:ty;)+) => {$(
        #[doc = concat!("As [`Desk::", stringify!($name), "`].")]
        pub(crate) fn $name(&self, $($given: $type),*) -> $answer {
            self.told(self.desk().$name($($given),*))
        }
    )+};
}

/// As `records`, for whoever may see a part of the log: how far the whole of it goes is not told.
macro_rules! keeps_by {
    ($($name:ident($($given:ident: $type:ty),*) -> $answer:ty;)+) => {$(
        #[doc = concat!("As [`Desk::", stringify!($name), "`], under the name of whoever has this.")]
        pub(crate) fn $name(&self, $($given: $type),*) -> $answer {
            self.told(self.desk().$name(&self.who.caller, $($given),*))
        }
    )+};
}

/// As `keeps_by`, of what may let a compartment come into being: whoever loses sight of the whole log by it is told.
macro_rules! admits_by {
    ($($name:ident($($given:ident: $type:ty),*) -> $answer:ty;)+) => {$(
        #[doc = concat!("As [`Desk::", stringify!($name), "`], under the name of whoever has this.")]
        pub(crate) fn $name(&self, $($given: $type),*) -> $answer {
            self.told_of_loss(|desk, caller| desk.$name(caller, $($given),*))
        }
    )+};
}

/// What is said to whoever saw the whole log until they let somebody into a compartment.
const LOST: &str = "from now on you see a part of the log alone: somebody is admitted to a compartment to which you are not, and \
                    what is told of accounts, of keys and of the whole log is for whoever is admitted to every one; admit yourself \
                    or an auditor (`account clearance NAME LEVEL --compartment …`)";

type Told<T> = Result<Answer<T>, DeskError>;
type Listed<T> = Result<Answer<Page<T>>, DeskError>;

impl Reader {
    asks! {
        channels(when: &When) -> Listed<ChannelRow>;
        overtures(when: &When, ask: &OverturesAsk) -> Listed<OvertureRow>;
        thread(when: &When, handle: &str) -> Told<Thread>;
        meetings(when: &When, ask: &MeetingsAsk) -> Listed<MeetingRow>;
        series(when: &When, ask: &SeriesAsk) -> Listed<SeriesRow>;
        parties(when: &When) -> Listed<PartyRow>;
        persons(when: &When) -> Listed<PersonRow>;
        names_like(ask: &NamesAsk) -> Listed<NameRow>;
        timeline(when: &When, ask: &TimelineAsk) -> Listed<EntryRow>;
        facets(when: &When, ask: &FacetsAsk) -> Told<Facets>;
        search(when: &When, ask: &SearchAsk) -> Listed<FoundRow>;
        entry(when: &When, handle: &str) -> Told<EntryDetail>;
        history(when: &When, handle: &str) -> Listed<HistoryRow>;
        links(when: &When, handle: &str, ask: &LinksAsk) -> Listed<BearingRow>;
        similar(when: &When, handle: &str, ask: &SimilarAsk) -> Listed<SimilarRow>;
        claims(when: &When, handle: &str) -> Listed<ClaimsRow>;
        conflicts(when: &When, ask: &ConflictsAsk) -> Listed<ClaimsRow>;
        brief(when: &When, handle: &str) -> Told<Brief>;
        due(when: &When, ask: &DueAsk) -> Listed<DueRow>;
        silence(when: &When, ask: &SilenceAsk) -> Told<SilenceMatrix>;
        answer_statistics(when: &When, ask: &AnswersAsk) -> Told<AnswerStatistics>;
        intervals(when: &When, ask: &IntervalsAsk) -> Listed<IntervalRow>;
        policies(when: &When, ask: &PoliciesAsk) -> Listed<RuleRow>;
        late(when: &When, ask: &LateAsk) -> Listed<LateRow>;
        changes(when: &When, ask: &ChangesAsk) -> Listed<EntryRow>;
        replay(when: &When, to: &str) -> Told<Replayed>;
        diff(when: &When, from: &str, to: &str) -> Told<Diff>;
        moments() -> Listed<MomentRow>;
        held(when: &When, ask: &HeldAsk) -> Listed<HeldRow>;
        follow(tz: Option<&str>, ask: &FilterAsk, from: u64, max: usize) -> Result<Part, DeskError>;
        reminders(ask: &RemindersAsk) -> Listed<Reminder>;
        tag(position: Option<u64>, entry: EventId) -> Result<Tag, DeskError>;
        export_name(format: Format) -> String;
        size() -> u64;
    }

    /// Tells whether what is read is noted.
    pub(crate) fn logs_reads(&self) -> bool {
        self.house.logs_reads()
    }

    /// Returns what tells the part of the log that they see from every other; 0 for the whole.
    pub(crate) fn part(&self) -> u64 {
        self.seen.as_ref().map_or(0, |seen| seen.number)
    }

    /// Returns up to where the whole log was looked at when what they see had so many events.
    ///
    /// It is not for them: what they follow goes on from there, though what they see should change meanwhile.
    pub(crate) fn whole(&self, size: u64) -> u64 {
        self.seen.as_ref().map_or(size, |seen| seen.whole(size))
    }

    /// Returns how many events they see before a position of the whole log.
    pub(crate) fn before(&self, position: u64) -> u64 {
        self.seen.as_ref().map_or(position, |seen| seen.before(position))
    }

    /// Returns the bookmark of whoever read everything before a position of what they see.
    pub(crate) fn bookmark(&self, next: u64) -> Option<u64> {
        self.desk().bookmark(next)
    }

    /// As [`Desk::read_up_to`].
    pub(crate) fn read_up_to(&self, bookmark: u64) -> Result<u64, DeskError> {
        self.desk().read_up_to(bookmark)
    }

    /// Returns the cursors of whoever has this.
    pub(crate) fn cursors(&self) -> Listed<CursorRow> {
        self.desk().cursors(&self.house.people.cursors, &self.whose())
    }

    /// Returns a cursor of whoever has this.
    pub(crate) fn cursor(&self, name: &str) -> Told<CursorRow> {
        self.desk().cursor(&self.house.people.cursors, &self.whose(), name)
    }

    /// Moves a cursor of whoever has this.
    pub(crate) fn move_cursor(&self, name: &str, ask: &CursorAsk) -> Told<CursorRow> {
        self.desk().move_cursor(&self.house.people.cursors, &self.whose(), name, ask)
    }

    /// Returns under what is kept what is theirs alone: an account keeps it when it is called otherwise.
    fn whose(&self) -> String {
        match &self.who.who {
            Who::Account { id, .. } => id.to_string(),
            Who::Owner | Who::Stranger => "owner".to_owned(),
        }
    }

    /// As [`Desk::export_as`].
    pub(crate) fn export_as(
        &self,
        when: &When,
        ask: &ExportAsk,
        format: Format,
        note: Note<'_>,
        told: &mut dyn FnMut(String),
        out: &mut dyn Write,
    ) -> Result<(), Broke> {
        self.desk().export_as(when, ask, format, note, told, out)
    }

    /// Notes durably what is about to leave.
    pub(crate) fn note_read(&self, purpose: Option<&str>, read: &Read) -> Result<(), DeskError> {
        self.house.note_read(&self.who.caller, purpose, read)
    }
}

impl Overseer {
    asks! {
        log() -> Told<LogRow>;
        keys() -> Listed<KeyRow>;
        verify(ask: &VerifyAsk) -> Told<Verified>;
        author_keys(when: &When) -> Listed<AuthorKeyRow>;
        vitals() -> Vitals;
    }
}

impl Recorder {
    records! {
        confirm(handle: &str, ask: &ConfirmAsk) -> Told<Recorded>;
        record(ask: &RecordAsk) -> Told<Recorded>;
        import(ask: &ImportAsk, file: &mut dyn Source, progress: &Progress) -> Told<Imported>;
        name_moment(ask: &MomentAsk) -> Told<MomentRow>;
    }

    asks! {
        take_mapping(bytes: &[u8]) -> Told<MappingRow>;
        draft_mapping(ask: &DraftAsk, file: &mut dyn Source) -> Told<DraftedMapping>;
    }
}

impl Archivist {
    records! {
        lay_out(ask: &RecordAsk) -> Told<LaidOut<Recorded>>;
        lay_out_moment(ask: &MomentAsk) -> Told<LaidOut<MomentRow>>;
        lay_out_confirmation(handle: &str, ask: &ConfirmAsk) -> Told<LaidOut<Recorded>>;
        lay_out_removal(handle: &str, ask: &RedactAsk) -> Told<LaidOut<Redacted>>;
        record_signed(ask: &SignAsk) -> Told<Done>;
        redact(handle: &str, ask: &RedactAsk) -> Told<Redacted>;
    }
}

impl Auditor {
    asks! {
        size() -> u64;
        export(from: u64, to: u64) -> Result<Export<'_>, DeskError>;
        readers(handle: &str, ask: &ReadsAsk) -> Listed<ReaderRow>;
        reads(ask: &ReadsAsk) -> Listed<ReadRow>;
        policy() -> Told<PolicyRow>;
        published() -> Result<Option<Published>, DeskError>;
        tile(path: &str) -> Result<Option<Vec<u8>>, DeskError>;
        hand_out_checkpoint() -> Told<CheckpointRow>;
        checkpoint_to_stamp(size: Option<u64>) -> Result<Vec<u8>, DeskError>;
        audit_bundle(ask: &BundleAsk) -> Result<Bundle<'_>, DeskError>;
        audit_proof(handle: &str) -> Result<Vec<u8>, DeskError>;
        audit_consistency(old: u64) -> Result<Vec<u8>, DeskError>;
        keep_timestamp(size: Option<u64>, answer: &[u8]) -> Told<StampRow>;
    }
}

impl Administrator {
    /// They may see a part of the log, and keep the accounts of the whole all the same.
    fn told<T>(&self, answer: Told<T>) -> Told<T> {
        Ok(Door::of(Arc::clone(&self.house)).told(&self.who, answer?))
    }

    /// The same, and that they see the whole log no more, where they did before.
    fn told_of_loss<T>(&self, act: impl FnOnce(&Desk, &Caller) -> Told<T>) -> Told<T> {
        let door = Door::of(Arc::clone(&self.house));
        let saw_whole = door.sees_whole(&self.who)?;
        let mut answer = self.told(act(self.desk(), self.caller()))?;
        if saw_whole && !door.sees_whole(&self.who)? {
            answer.notices.push(LOST.to_owned());
        }
        Ok(answer)
    }

    keeps_by! {
        rotate_keys() -> Listed<KeyRow>;
        accept_rollback(log: &str, reason: &str) -> Told<LogRow>;
        add_author_key(ask: &AddKeyAsk) -> Told<AuthorKeyRow>;
        revoke_author_key(ask: &RevokeKeyAsk) -> Told<AuthorKeyRow>;
        adopt(log: &str, keys: AdoptKeys) -> Told<LogRow>;
        bind_account(name: &str, ask: &BindAsk) -> Told<AccountRow>;
        reset_password(name: &str, ask: &ChangeAsk) -> Told<OpenedRow>;
        revoke_token(name: &str, token: &str) -> Told<TokenRow>;
    }

    admits_by! {
        open_account(ask: &OpenAsk) -> Told<OpenedRow>;
        permit_account(name: &str, ask: &PermitAsk) -> Told<AccountRow>;
        set_account(name: &str, state: AccountState, ask: &ChangeAsk) -> Told<AccountRow>;
    }

    keeps! {
        set_policy(ask: &PolicyAsk) -> Told<PolicyRow>;
        take_cosignatures(ask: &CosignaturesAsk) -> Told<CosignedRow>;
        rebuild(check_only: bool) -> Told<Rebuilt>;
        list_accounts() -> Listed<AccountRow>;
        tokens_named(name: &str) -> Listed<TokenRow>;
    }

    /// As [`Desk::back_up`].
    pub(crate) fn back_up(
        &self,
        into: &Path,
        wanted: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(Step),
    ) -> Told<BackedUp> {
        self.told(self.desk().back_up(into, wanted, tell))
    }
}
