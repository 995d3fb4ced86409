//! Every kind of event, as a closed list: its name, what it is about, and what it says.
//!
//! A released variant never changes. A new shape is a new schema version with a pure upcaster; stored
//! bytes are never rewritten.

pub mod account;
pub mod channel;
pub mod communication;
pub mod evidence;
mod kind;
pub mod meeting;
pub mod overture;
pub mod record;
pub mod register;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::domain::words::words;

pub use kind::{KindClass, UnknownKind};

words! {
    /// What sort of entity something is.
    EntityKind {
        /// A standing means or forum of communication.
        Channel = "channel",
        /// A proposal, an offer, an invitation, a request.
        Overture = "overture",
        /// One meeting.
        Meeting = "meeting",
        /// A series of talks.
        Series = "series",
        /// A state or a body.
        Party = "party",
        /// Whoever records.
        Recorder = "recorder",
        /// A policy.
        Policy = "policy",
        /// The desk itself: moments, adoptions, and whatever names nobody.
        Desk = "desk",
        /// Someone who holds offices.
        Person = "person",
    }
}

/// What a kind has to do with the entities that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// It brings an entity into being, which carries the event's id.
    Creates(EntityKind),
    /// It is about entities that exist; without one it brings a new one into being (a meeting that was
    /// never announced, a counter-proposal).
    MayCreate(EntityKind),
    /// It is about entities that exist.
    About(EntityKind),
    /// It is about another entry.
    Entry,
    /// It is about nothing that has a history of its own.
    Free,
}

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident($shape:ty) = $name:literal, $subject:expr;)+) => {
        /// What sort of event it is.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            schemars::JsonSchema,
        )]
        #[repr(u8)]
        pub enum Kind {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        /// What an event says beyond its envelope.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Fact {
            $($(#[$doc])* $variant($shape),)+
        }

        impl Kind {
            /// Every kind, in the order in which it is listed to users.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Returns the name as it is recorded and typed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Returns what the kind has to do with what it is about.
            pub const fn subject(self) -> Subject {
                match self { $(Self::$variant => $subject,)+ }
            }

            /// Returns the JSON Schema of the kind's `detail`.
            pub fn detail_schema(self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match self { $(Self::$variant => generator.subschema_for::<$shape>(),)+ }
            }

            /// Reads the `detail` of an event of this kind.
            ///
            /// # Errors
            ///
            /// Returns what `serde_json` found wrong.
            pub fn decode(self, detail: &str) -> Result<Fact, serde_json::Error> {
                match self { $(Self::$variant => serde_json::from_str(detail).map(Fact::$variant),)+ }
            }
        }

        impl Fact {
            /// Returns what sort of event says this.
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$variant,)+ }
            }

            /// Writes the `detail`.
            ///
            /// # Errors
            ///
            /// Returns what `serde_json` could not write; no shape here gives it cause to.
            pub fn encode(&self) -> Result<Box<RawValue>, serde_json::Error> {
                match self { $(Self::$variant(shape) => to_raw_value(shape),)+ }
            }
        }
    };
}

use EntityKind::{Channel, Desk, Meeting, Overture, Party, Person, Policy, Recorder, Series};
use Subject::{About, Creates, Entry, Free, MayCreate};

facts! {
    /// A channel is entered in the register.
    ChannelRegistered(register::ChannelRegistered) = "channel.registered", Creates(Channel);
    /// A channel gets further names.
    ChannelNamed(register::Named) = "channel.named", About(Channel);
    /// A channel that was registered is found to be another one.
    ChannelMerged(register::Merged) = "channel.merged", About(Channel);
    /// A channel that was registered as one is found to be several.
    ChannelSplit(register::Split) = "channel.split", About(Channel);
    /// The state in which the log first meets a channel that is older than the log.
    ChannelBaseline(channel::Baseline) = "channel.baseline", About(Channel);
    /// A channel begins to work.
    ChannelOpened(channel::Works) = "channel.opened", About(Channel);
    /// A planned channel will not be opened.
    ChannelAbandoned(channel::Ended) = "channel.abandoned", About(Channel);
    /// A part of a channel fails.
    ChannelDegraded(channel::Impaired) = "channel.degraded", About(Channel);
    /// A fault is mended.
    ChannelRepaired(channel::Works) = "channel.repaired", About(Channel);
    /// A channel works again.
    ChannelRestored(channel::Works) = "channel.restored", About(Channel);
    /// A channel is declared to rest.
    ChannelSuspended(channel::Impaired) = "channel.suspended", About(Channel);
    /// A channel is cut, declared or seen.
    ChannelSevered(channel::Impaired) = "channel.severed", About(Channel);
    /// A channel ends for good.
    ChannelClosed(channel::Ended) = "channel.closed", About(Channel);
    /// A closed channel works again: a new period begins.
    ChannelReopened(channel::Works) = "channel.reopened", About(Channel);
    /// An officer finds that nobody answers any more.
    ChannelUnresponsive(channel::Impaired) = "channel.unresponsive", About(Channel);
    /// A side says what holds for a channel.
    ChannelDeclared(channel::Declared) = "channel.declared", About(Channel);
    /// A channel is called at other times.
    ChannelScheduleChanged(channel::ScheduleChanged) = "channel.schedule_changed", About(Channel);
    /// A capability comes or goes.
    ChannelCapabilityChanged(channel::CapabilityChanged) = "channel.capability_changed", About(Channel);

    /// A call was taken.
    CallAnswered(channel::Call) = "call.answered", About(Channel);
    /// Nobody took the call.
    CallUnanswered(channel::Call) = "call.unanswered", About(Channel);
    /// The other side refused the call and said so.
    CallDeclined(channel::Call) = "call.declined", About(Channel);
    /// The call failed for a technical reason.
    CallFault(channel::Call) = "call.fault", About(Channel);
    /// The caller gave up.
    CallAbandoned(channel::Call) = "call.abandoned", About(Channel);
    /// A scheduled call was not made.
    CallNotAttempted(channel::Call) = "call.not_attempted", About(Channel);
    /// Nobody knows what became of the call.
    CallUnknown(channel::Call) = "call.unknown", About(Channel);
    /// Our own side stops calling.
    CallsDiscontinued(channel::Call) = "calls.discontinued", About(Channel);
    /// Our own side calls again.
    CallsResumed(channel::Call) = "calls.resumed", About(Channel);

    /// A proposal, offer, invitation or request goes out.
    OvertureProposed(overture::Offer) = "overture.proposed", Creates(Overture);
    /// A proposal is drafted and not yet sent.
    OvertureDrafted(overture::Offer) = "overture.drafted", Creates(Overture);
    /// A meeting or talks are demanded.
    OvertureDemanded(overture::Offer) = "overture.demanded", Creates(Overture);
    /// A demand tied to a threat.
    OvertureUltimatum(overture::Offer) = "overture.ultimatum", Creates(Overture);
    /// An appeal to calm a situation down.
    OvertureDeescalation(overture::Offer) = "overture.deescalation", Creates(Overture);
    /// An offer to mediate.
    OvertureMediationOffered(overture::Offer) = "overture.mediation_offered", Creates(Overture);
    /// A draft goes out.
    OvertureIssued(overture::Step) = "overture.issued", About(Overture);
    /// An intermediary passes it on.
    OvertureConveyed(overture::Step) = "overture.conveyed", About(Overture);
    /// It is tendered to the addressee.
    OvertureDelivered(overture::Step) = "overture.delivered", About(Overture);
    /// The addressee has it.
    OvertureReceiptConfirmed(overture::Step) = "overture.receipt_confirmed", About(Overture);
    /// The addressee will not take it.
    OvertureReceiptRefused(overture::Step) = "overture.receipt_refused", About(Overture);
    /// Nobody knows whether the addressee took it.
    OvertureReceiptUnclear(overture::Step) = "overture.receipt_unclear", About(Overture);
    /// "Received", "under study", "noted".
    OvertureAcknowledged(overture::Step) = "overture.acknowledged", About(Overture);
    /// The proposer says it again on the same terms.
    OvertureReiterated(overture::Step) = "overture.reiterated", About(Overture);
    /// The proposer changes the terms.
    OvertureRevised(overture::Offer) = "overture.revised", About(Overture);
    /// The proposer gives more time.
    OvertureExtended(overture::Step) = "overture.extended", About(Overture);
    /// Someone who is not the proposer presses for an answer.
    OvertureUrged(overture::Step) = "overture.urged", About(Overture);
    /// Its time has passed.
    OvertureLapsed(overture::Step) = "overture.lapsed", About(Overture);
    /// The proposer takes it back.
    OvertureWithdrawn(overture::Step) = "overture.withdrawn", About(Overture);
    /// Another offer takes its place.
    OvertureSuperseded(overture::Step) = "overture.superseded", About(Overture);
    /// Its subject, or a party to it, is no more.
    OvertureMoot(overture::Step) = "overture.moot", About(Overture);

    /// Yes.
    ResponseAccepted(overture::Answer) = "response.accepted", About(Overture);
    /// Yes, with another date or place.
    ResponseAcceptedWithChanges(overture::Answer) = "response.accepted_with_changes", About(Overture);
    /// Yes, if.
    ResponseAcceptedConditionally(overture::Answer) = "response.accepted_conditionally", About(Overture);
    /// Something else instead: an overture of its own.
    ResponseCounterProposed(overture::Answer) = "response.counter_proposed", MayCreate(Overture);
    /// No.
    ResponseRejected(overture::Answer) = "response.rejected", About(Overture);
    /// No to a plan for a settlement.
    ResponseRejectedPlan(overture::Answer) = "response.rejected_plan", About(Overture);
    /// Neither yes nor no.
    ResponseDeflected(overture::Answer) = "response.deflected", About(Overture);
    /// "No comment": an act, not a silence.
    ResponseDeclinedComment(overture::Answer) = "response.declined_comment", About(Overture);
    /// An answer by what was done.
    ResponseConduct(overture::Answer) = "response.conduct", About(Overture);
    /// A yes is taken back.
    ResponseRescinded(overture::Answer) = "response.rescinded", About(Overture);
    /// What was asked in return was given.
    ConditionMet(overture::Answer) = "condition.met", About(Overture);
    /// What was asked in return was refused.
    ConditionRefused(overture::Answer) = "condition.refused", About(Overture);
    /// No answer has been found, as of a date and on a stated basis.
    SilenceRecorded(overture::Silence) = "silence.recorded", About(Overture);

    /// A meeting is agreed in principle.
    MeetingAgreed(meeting::Meeting) = "meeting.agreed", MayCreate(Meeting);
    /// A meeting has a date.
    MeetingScheduled(meeting::Meeting) = "meeting.scheduled", MayCreate(Meeting);
    /// Date, place, level or agenda change.
    MeetingDetailsChanged(meeting::Meeting) = "meeting.details_changed", MayCreate(Meeting);
    /// It is put off, to a date or sine die.
    MeetingPostponed(meeting::Meeting) = "meeting.postponed", MayCreate(Meeting);
    /// It is called off.
    MeetingCancelled(meeting::Meeting) = "meeting.cancelled", MayCreate(Meeting);
    /// It begins.
    MeetingOpened(meeting::Meeting) = "meeting.opened", MayCreate(Meeting);
    /// It pauses.
    MeetingRecessed(meeting::Meeting) = "meeting.recessed", MayCreate(Meeting);
    /// It goes on.
    MeetingResumed(meeting::Meeting) = "meeting.resumed", MayCreate(Meeting);
    /// It ends for the day, to go on at a date or sine die.
    MeetingAdjourned(meeting::Meeting) = "meeting.adjourned", MayCreate(Meeting);
    /// A side walks out.
    MeetingBrokenOff(meeting::Meeting) = "meeting.broken_off", MayCreate(Meeting);
    /// It ends.
    MeetingConcluded(meeting::Meeting) = "meeting.concluded", MayCreate(Meeting);
    /// It took place and is over.
    MeetingHeld(meeting::Meeting) = "meeting.held", MayCreate(Meeting);
    /// It took place and left an agreement.
    MeetingAgreement(meeting::Meeting) = "meeting.agreement", MayCreate(Meeting);
    /// Its date passed and it did not take place.
    MeetingNotHeld(meeting::Meeting) = "meeting.not_held", MayCreate(Meeting);

    /// A series of talks is entered in the register.
    SeriesRegistered(meeting::SeriesRegistered) = "series.registered", Creates(Series);
    /// Talks are broken off for a time.
    TalksSuspended(meeting::Talks) = "talks.suspended", About(Series);
    /// Talks go on.
    TalksResumed(meeting::Talks) = "talks.resumed", About(Series);
    /// Talks fail.
    TalksCollapsed(meeting::Talks) = "talks.collapsed", About(Series);
    /// Talks end.
    TalksConcluded(meeting::Talks) = "talks.concluded", About(Series);
    /// A side threatens to break talks off.
    TalksThreatened(meeting::Talks) = "talks.threatened", About(Series);

    /// A message went out.
    MessageSent(communication::Message) = "message.sent", Free;
    /// A message came in.
    MessageReceived(communication::Message) = "message.received", Free;
    /// Something was said in public.
    StatementPublic(communication::Statement) = "statement.public", Free;
    /// A formal complaint.
    ProtestLodged(communication::Statement) = "protest.lodged", Free;
    /// A text of both sides was made known.
    AgreementAnnounced(communication::Statement) = "agreement.announced", Free;
    /// Contacts that were secret were made known.
    BackchannelDisclosed(communication::Statement) = "backchannel.disclosed", Free;
    /// Something happened that bears on the talks.
    Incident(communication::Incident) = "incident", Free;
    /// Someone holds something to be the case.
    AssessmentRecorded(communication::Assessment) = "assessment.recorded", Free;

    /// A party is entered in the register.
    PartyRegistered(register::PartyRegistered) = "party.registered", Creates(Party);
    /// A party gets further names.
    PartyNamed(register::Named) = "party.named", About(Party);
    /// A party that was registered is found to be another one.
    PartyMerged(register::Merged) = "party.merged", About(Party);
    /// A party that was registered as one is found to be several.
    PartySplit(register::Split) = "party.split", About(Party);
    /// A person is entered in the register.
    PersonRegistered(register::PersonRegistered) = "person.registered", Creates(Person);
    /// A person gets further names.
    PersonNamed(register::Named) = "person.named", About(Person);
    /// A person holds an office from one date to another.
    PersonRole(register::RoleHeld) = "person.role", About(Person);
    /// Something changed in a party: a leader, a name, a structure.
    PartyChange(communication::Incident) = "party.change", About(Party);
    /// Someone who records is entered in the register.
    RecorderRegistered(register::RecorderRegistered) = "recorder.registered", Creates(Recorder);
    /// A policy comes into force.
    PolicySet(register::PolicySet) = "policy.set", Creates(Policy);
    /// A policy ends.
    PolicyEnded(register::PolicyEnded) = "policy.ended", About(Policy);
    /// A position of the log gets a name.
    MomentNamed(register::MomentNamed) = "moment.named", About(Desk);
    /// A log was begun.
    LogOpened(register::Opened) = "log.opened", About(Desk);
    /// A copy became the writable log.
    LogAdopted(register::Adopted) = "log.adopted", About(Desk);

    /// The log signs with other keys.
    KeyRotated(evidence::KeyRotated) = "key.rotated", About(Desk);
    /// A recorder may sign with a key.
    AuthorKeyAdded(evidence::AuthorKeyAdded) = "author.key.added", About(Recorder);
    /// A key of a recorder counts no more.
    AuthorKeyRevoked(evidence::AuthorKeyRevoked) = "author.key.revoked", About(Recorder);
    /// Something happened to the record itself.
    LogIncident(evidence::LogIncident) = "log.incident", About(Desk);
    /// The head of another log is held fast in this one.
    LogAnchored(evidence::LogAnchored) = "log.anchored", About(Desk);

    /// Someone who records may come in.
    AccountOpened(account::Permitted) = "account.opened", About(Recorder);
    /// An account may do or see something else.
    AccountPermitted(account::Permitted) = "account.permitted", About(Recorder);
    /// An account opens nothing until it is enabled again.
    AccountDisabled(account::Standing) = "account.disabled", About(Recorder);
    /// An account that was disabled opens again what it did.
    AccountEnabled(account::Standing) = "account.enabled", About(Recorder);
    /// An account ends.
    AccountClosed(account::Standing) = "account.closed", About(Recorder);
    /// An account comes in by single sign-on, and with no password.
    AccountBound(account::Bound) = "account.bound", About(Recorder);
    /// An account has another password.
    AccountPasswordSet(account::PasswordSet) = "account.password_set", About(Recorder);
    /// A program may come in for an account.
    AccountTokenIssued(account::TokenIssued) = "account.token_issued", About(Recorder);
    /// A token opens nothing any more.
    AccountTokenRevoked(account::TokenRevoked) = "account.token_revoked", About(Recorder);

    /// An entry reads otherwise from now on.
    RecordAmended(record::Amended) = "record.amended", Entry;
    /// An entry is struck.
    RecordRetracted(record::Retracted) = "record.retracted", Entry;
    /// An entry bears on another, or no longer does.
    RecordLinked(record::Linked) = "record.linked", Entry;
    /// A remark on an entry.
    RecordAnnotated(record::Annotated) = "record.annotated", Entry;
    /// A text is removed.
    RecordRedacted(record::Redacted) = "record.redacted", Entry;

    /// An entry waits for a second person.
    EntryHeld(record::Held) = "entry.held", About(Desk);
}
