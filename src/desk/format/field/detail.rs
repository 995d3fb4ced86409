//! The fields of each kind: those that the record keeps in its detail.

use crate::desk::format::field::{Field, Shape, Words, field, renamed, words_of};
use crate::domain::channel::ChannelState;
use crate::domain::fact::account::Role;
use crate::domain::fact::channel::DeclaredStatus;
use crate::domain::fact::communication::Precedence;
use crate::domain::fact::evidence::Trouble;
use crate::domain::fact::meeting::Outcome;
use crate::domain::fact::register::Sort;
use crate::domain::fact::{EntityKind, Kind, Subject};
use crate::domain::words::{AnswerScope, Basis, Capability, Directness, Evidence, SilenceScope};

const CAPABILITIES: Words = words_of!(Capability);

/// The kinds that make an offer.
const KINDS: Words = Words(|| {
    let offers = |kind: &&Kind| {
        matches!(
            kind.subject(),
            Subject::Creates(EntityKind::Overture) | Subject::MayCreate(EntityKind::Overture)
        )
    };
    Kind::ALL.iter().filter(offers).map(|kind| kind.as_str()).collect()
});

/// The kinds and families of which a policy may say that two people are needed: those that say something of the world,
/// and the policies themselves.
const TWO_PEOPLE: Words = Words(|| {
    let mut words: Vec<&'static str> = Vec::new();
    for kind in Kind::ALL.iter().filter(|kind| kind.may_need_two_people()) {
        // A family of one is called as its kind is.
        for word in [kind.family(), kind.as_str()] {
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    words
});

/// What an account may do and see.
const PERMITTED: &[Field] = &[
    field("role", Shape::Word(words_of!(Role))),
    field("clearance", Shape::Marking),
    field("compartments", Shape::Texts),
];

const TOKEN: &[Field] = &[
    field("token", Shape::Text),
    field("purpose", Shape::Text),
    field("role", Shape::Word(words_of!(Role))),
    field("expires", Shape::DateAhead),
];

pub(super) const OFFER: &[Field] = &[
    field("terms", Shape::Text),
    field("proposed_date", Shape::DateAhead),
    field("proposed_place", Shape::Text),
    field("lead_time", Shape::Span),
    field("deadline", Shape::DateAhead),
    field("reply_via", Shape::Channel),
    field("restores", Shape::Channels),
];

const ANSWER: &[Field] = &[
    field("directness", Shape::Word(words_of!(Directness))),
    field("scope", Shape::Word(words_of!(AnswerScope))),
    field("conditions", Shape::Texts),
    field("offer", Shape::Offer),
    field("assessed_by", Shape::Party),
];

const WORKS: &[Field] = &[
    field("partly", Shape::Flag),
    field("capabilities", Shape::Words(CAPABILITIES)),
    field("evidence", Shape::Word(words_of!(Evidence))),
];

const IMPAIRED: &[Field] = &[
    field("evidence", Shape::Word(words_of!(Evidence))),
    field("lost", Shape::Words(CAPABILITIES)),
    field("cause", Shape::Text),
];

const ENDED: &[Field] = &[field("successor", Shape::Channel), field("cause", Shape::Text)];

const CALL: &[Field] = &[
    field("slots", Shape::Slots),
    field("reason", Shape::Text),
    field("cause", Shape::Text),
    field("until", Shape::Date),
];

const STEP: &[Field] = &[
    field("intermediary", Shape::Party),
    field("superseded_by", Shape::Entity),
    field("deadline", Shape::DateAhead),
    field("addressees", Shape::Parties),
];

const SILENCE: &[Field] = &[
    field("subject", Shape::Actors),
    field("towards", Shape::Actors),
    field("basis", Shape::Word(words_of!(Basis))),
    field("scope", Shape::Word(words_of!(SilenceScope))),
    field("channels", Shape::Channels),
    field("searched", Shape::Texts),
    field("since", Shape::Date),
];

const MEETING: &[Field] = &[
    renamed("meeting_date", "date", Shape::DateAhead),
    field("place", Shape::Text),
    field("level", Shape::Text),
    field("heads", Shape::Texts),
    field("agenda", Shape::Texts),
    field("round", Shape::Number),
    field("preliminary", Shape::Flag),
    field("by", Shape::Actors),
    field("cause", Shape::Text),
    field("until", Shape::DateAhead),
    field("outcome", Shape::Word(words_of!(Outcome))),
];

const TALKS: &[Field] = &[field("by", Shape::Actors), field("cause", Shape::Text)];

const MESSAGE: &[Field] = &[
    field("reference", Shape::Text),
    field("precedence", Shape::Word(words_of!(Precedence))),
    field("captions", Shape::Texts),
    field("info", Shape::Texts),
    field("passed_by", Shape::Text),
    field("read_back", Shape::Flag),
];

const STATEMENT: &[Field] = &[field("outlet", Shape::Text), field("title", Shape::Text)];

const CHANNEL_REGISTERED: &[Field] = &[
    field("name", Shape::ChannelName),
    field("sort", Shape::Word(words_of!(Sort))),
    field("names", Shape::Names),
    field("ends", Shape::Parties),
    field("capabilities", Shape::Words(CAPABILITIES)),
    field("schedule", Shape::Schedule),
    field("marking_min", Shape::Marking),
];

const POLICY_SET: &[Field] = &[
    field("name", Shape::Text),
    field("from", Shape::Parties),
    field("to", Shape::Parties),
    field("channels", Shape::Channels),
    field("kinds", Shape::Words(KINDS)),
    field("response_within", Shape::Span),
    field("agreed", Shape::Flag),
    field("two_people", Shape::Words(TWO_PEOPLE)),
    field("missed_attempts_max", Shape::Number),
    field("dormant_after", Shape::Span),
    field("stalled_after", Shape::Span),
    field("marking_scheme", Shape::Scheme),
    field("marking_default", Shape::Marking),
];

const ROLE: &[Field] = &[
    field("party", Shape::Party),
    field("office", Shape::Text),
    field("since", Shape::Date),
    field("until", Shape::DateAhead),
];

/// Returns the fields that the record keeps in the detail of a kind.
#[expect(clippy::too_many_lines, reason = "a list: one line per kind, in the order of the kinds")]
pub(crate) const fn detail(kind: Kind) -> &'static [Field] {
    use Kind as K;
    match kind {
        K::ChannelRegistered => CHANNEL_REGISTERED,
        K::ChannelNamed | K::PartyNamed | K::PersonRegistered | K::PersonNamed => {
            const { &[field("names", Shape::Names)] }
        }
        K::ChannelBaseline => {
            const {
                &[
                    field("state", Shape::Word(words_of!(ChannelState))),
                    field("capabilities", Shape::Words(CAPABILITIES)),
                ]
            }
        }
        K::ChannelOpened | K::ChannelRepaired | K::ChannelRestored | K::ChannelReopened => WORKS,
        K::ChannelAbandoned | K::ChannelClosed => ENDED,
        K::ChannelDegraded | K::ChannelSuspended | K::ChannelSevered | K::ChannelUnresponsive => IMPAIRED,
        K::ChannelDeclared => const { &[field("status", Shape::Word(words_of!(DeclaredStatus)))] },
        K::ChannelScheduleChanged => const { &[field("schedule", Shape::Schedule)] },
        K::ChannelCapabilityChanged => {
            const { &[field("capability", Shape::Word(CAPABILITIES)), field("works", Shape::Flag)] }
        }
        K::CallAnswered
        | K::CallUnanswered
        | K::CallDeclined
        | K::CallFault
        | K::CallAbandoned
        | K::CallNotAttempted
        | K::CallUnknown
        | K::CallsDiscontinued
        | K::CallsResumed => CALL,
        K::OvertureProposed
        | K::OvertureDrafted
        | K::OvertureDemanded
        | K::OvertureUltimatum
        | K::OvertureDeescalation
        | K::OvertureMediationOffered
        | K::OvertureRevised => OFFER,
        K::OvertureIssued
        | K::OvertureConveyed
        | K::OvertureDelivered
        | K::OvertureReceiptConfirmed
        | K::OvertureReceiptRefused
        | K::OvertureReceiptUnclear
        | K::OvertureAcknowledged
        | K::OvertureReiterated
        | K::OvertureExtended
        | K::OvertureUrged
        | K::OvertureLapsed
        | K::OvertureWithdrawn
        | K::OvertureSuperseded
        | K::OvertureMoot => STEP,
        K::ResponseAccepted
        | K::ResponseAcceptedWithChanges
        | K::ResponseAcceptedConditionally
        | K::ResponseCounterProposed
        | K::ResponseRejected
        | K::ResponseRejectedPlan
        | K::ResponseDeflected
        | K::ResponseDeclinedComment
        | K::ResponseConduct
        | K::ResponseRescinded
        | K::ConditionMet
        | K::ConditionRefused => ANSWER,
        K::SilenceRecorded => SILENCE,
        K::MeetingAgreed
        | K::MeetingScheduled
        | K::MeetingDetailsChanged
        | K::MeetingPostponed
        | K::MeetingCancelled
        | K::MeetingOpened
        | K::MeetingRecessed
        | K::MeetingResumed
        | K::MeetingAdjourned
        | K::MeetingBrokenOff
        | K::MeetingConcluded
        | K::MeetingHeld
        | K::MeetingAgreement
        | K::MeetingNotHeld => MEETING,
        K::SeriesRegistered => const { &[field("names", Shape::Names), field("ends", Shape::Parties)] },
        K::TalksSuspended | K::TalksResumed | K::TalksCollapsed | K::TalksConcluded | K::TalksThreatened => {
            TALKS
        }
        K::MessageSent | K::MessageReceived => MESSAGE,
        K::StatementPublic | K::ProtestLodged | K::AgreementAnnounced | K::BackchannelDisclosed => STATEMENT,
        K::ChannelMerged => const { &[field("into", Shape::Channel)] },
        K::ChannelSplit => const { &[field("into", Shape::Channels)] },
        K::PartyMerged => const { &[field("into", Shape::Party)] },
        K::PartySplit => const { &[field("into", Shape::Parties)] },
        K::PersonRole => ROLE,
        K::Incident | K::PartyChange => const { &[field("place", Shape::Text)] },
        K::AssessmentRecorded => const { &[field("judgement", Shape::Text)] },
        K::PartyRegistered => const { &[field("code", Shape::Code), field("names", Shape::Names)] },
        K::RecorderRegistered | K::PolicyEnded => const { &[field("name", Shape::Text)] },
        K::PolicySet => POLICY_SET,
        K::MomentNamed => const { &[field("name", Shape::Text), field("size", Shape::Number)] },
        K::LogOpened => const { &[field("zone", Shape::Zone)] },
        K::LogAdopted => const { &[field("size", Shape::Number)] },
        K::RecordAmended => const { &[field("target", Shape::Entry), field("reading", Shape::Reading)] },
        K::KeyRotated => const { &[field("old", Shape::Texts), field("new", Shape::Texts)] },
        K::AuthorKeyAdded => {
            const { &[field("key", Shape::Text), field("comment", Shape::Text), field("required", Shape::Flag)] }
        }
        K::AuthorKeyRevoked => const { &[field("key", Shape::Text), field("ends_requirement", Shape::Flag)] },
        K::LogIncident => {
            const { &[field("trouble", Shape::Word(words_of!(Trouble))), field("particulars", Shape::Text)] }
        }
        K::LogAnchored => {
            const { &[field("log", Shape::Text), field("size", Shape::Number), field("root", Shape::Text)] }
        }
        K::AccountOpened | K::AccountPermitted => PERMITTED,
        K::AccountDisabled | K::AccountEnabled | K::AccountClosed => &[],
        K::AccountBound => const { &[field("issuer", Shape::Text), field("subject", Shape::Text)] },
        K::AccountPasswordSet => const { &[field("password", Shape::Text), field("one_time", Shape::Flag)] },
        K::AccountTokenIssued => TOKEN,
        K::AccountTokenRevoked => const { &[field("token", Shape::Text)] },
        K::RecordRetracted => const { &[field("target", Shape::Entry)] },
        K::RecordRedacted => {
            const {
                &[
                    field("target", Shape::Entry),
                    field("basis", Shape::Text),
                    field("approvals", Shape::Approvals),
                    field("entity", Shape::Word(words_of!(EntityKind))),
                    field("called", Shape::Refs),
                    field("replacement", Shape::Reading),
                ]
            }
        }
        K::RecordLinked => {
            const {
                &[
                    renamed("entry", "source", Shape::Entry),
                    field("link", Shape::Link),
                    field("withdrawn", Shape::Flag),
                ]
            }
        }
        K::RecordAnnotated => const { &[field("target", Shape::Entry), field("remark", Shape::Text)] },
        K::EntryHeld => const { &[field("entry", Shape::Reading)] },
    }
}

/// Returns the fields, as an entry names them, without which the record cannot hold a kind.
#[expect(clippy::wildcard_enum_match_arm, reason = "every field of the other kinds may be left out")]
pub(crate) const fn required(kind: Kind) -> &'static [&'static str] {
    use Kind as K;
    match kind {
        K::ChannelRegistered => &["name", "sort"],
        K::ChannelNamed | K::PartyNamed | K::SeriesRegistered | K::PersonRegistered | K::PersonNamed => {
            &["names"]
        }
        K::ChannelMerged | K::ChannelSplit | K::PartyMerged | K::PartySplit => &["into"],
        K::PersonRole => &["party", "office"],
        K::ChannelDeclared => &["status"],
        K::ChannelCapabilityChanged => &["capability", "works"],
        K::SilenceRecorded => &["subject", "basis"],
        K::PartyRegistered => &["code"],
        K::RecorderRegistered | K::PolicySet | K::PolicyEnded => &["name"],
        K::MomentNamed => &["name", "size"],
        K::LogOpened => &["zone"],
        K::LogAdopted => &["size"],
        K::RecordAmended => &["target", "reading"],
        K::KeyRotated => &["old", "new"],
        K::AuthorKeyAdded | K::AuthorKeyRevoked => &["key"],
        K::AccountOpened | K::AccountPermitted => &["role", "clearance"],
        K::AccountBound => &["issuer", "subject"],
        K::AccountPasswordSet => &["password"],
        K::AccountTokenIssued => &["token", "purpose", "role", "expires"],
        K::AccountTokenRevoked => &["token"],
        K::LogIncident => &["trouble", "particulars"],
        K::LogAnchored => &["log", "size", "root"],
        K::RecordRetracted => &["target"],
        K::RecordRedacted => &["target", "basis", "approvals"],
        K::RecordLinked => &["entry", "link"],
        K::RecordAnnotated => &["target", "remark"],
        K::EntryHeld => &["entry"],
        _ => &[],
    }
}
