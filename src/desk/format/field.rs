//! Which fields an entry may have, by kind: under which name, where the record keeps them, and of what
//! shape they are.

use crate::domain::channel::ChannelState;
use crate::domain::fact::Kind;
use crate::domain::fact::channel::DeclaredStatus;
use crate::domain::fact::communication::Precedence;
use crate::domain::fact::meeting::Outcome;
use crate::domain::fact::register::Sort;
use crate::domain::words::{
    AnswerScope, Basis, Capability, Directness, Evidence, Form, IssuerLevel, SilenceScope,
};

/// Of what shape a field is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Words.
    Text,
    /// A list of words; one alone may stand without its brackets.
    Texts,
    /// A date of the past or the present.
    Date,
    /// A date that may lie ahead.
    DateAhead,
    /// A date as it was typed, kept beside what it was read as.
    Written,
    /// One of a list of words.
    Word(Words),
    /// Several of them.
    Words(Words),
    /// A party.
    Party,
    /// Parties.
    Parties,
    /// Parties that may act jointly: `KOR+PRK`.
    Actors,
    /// A channel.
    Channel,
    /// Channels.
    Channels,
    /// An overture, a meeting, a channel, a series, a party.
    Entity,
    /// Several of them.
    Entities,
    /// An entry.
    Entry,
    /// Yes or no.
    Flag,
    /// A whole number.
    Number,
    /// A length of time.
    Span,
    /// Times of the day.
    Slots,
    /// Calls of a week.
    Schedule,
    /// Names with their languages and dates.
    Names,
    /// Language versions of a text.
    Versions,
    /// Who says so.
    Sources,
    /// Links to other entries.
    Links,
    /// One link.
    Link,
    /// What an entry is called elsewhere.
    Refs,
    /// A level of the marking scheme.
    Marking,
    /// A marking scheme.
    Scheme,
    /// An offer within an answer.
    Offer,
    /// The whole reading of another entry.
    Reading,
    /// The short name of a channel.
    ChannelName,
    /// The code of a party.
    Code,
    /// A time zone.
    Zone,
}

/// A list of words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words(pub(crate) fn() -> Vec<&'static str>);

macro_rules! words_of {
    ($type:ty) => {
        Words(|| <$type>::ALL.iter().map(|word| word.as_str()).collect())
    };
}

/// A field of an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// The name in an entry.
    pub(crate) name: &'static str,
    /// The name in the record.
    pub(crate) recorded: &'static str,
    /// Its shape.
    pub(crate) shape: Shape,
}

const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, recorded: name, shape }
}

const fn renamed(name: &'static str, recorded: &'static str, shape: Shape) -> Field {
    Field { name, recorded, shape }
}

const CAPABILITIES: Words = words_of!(Capability);
const CONFIDENCE: Words = Words(|| vec!["low", "medium", "high"]);

/// The fields that every kind has and that the record keeps under one name.
pub(crate) const ENVELOPE: &[Field] = &[
    renamed("date", "occurred", Shape::Date),
    field("occurred_as_written", Shape::Written),
    renamed("learned", "learned_at", Shape::Date),
    field("effective", Shape::DateAhead),
    renamed("published", "published_at", Shape::Date),
    field("opens", Shape::Flag),
    field("about", Shape::Entities),
    field("via", Shape::Channels),
    field("from", Shape::Actors),
    field("to", Shape::Actors),
    field("on_behalf_of", Shape::Parties),
    field("speaker", Shape::Text),
    field("issuer_level", Shape::Word(words_of!(IssuerLevel))),
    field("form", Shape::Word(words_of!(Form))),
    field("summary", Shape::Text),
    field("topics", Shape::Texts),
    field("texts", Shape::Versions),
    field("note", Shape::Text),
    field("confidence", Shape::Word(CONFIDENCE)),
    field("marking", Shape::Marking),
    renamed("source", "sources", Shape::Sources),
    field("links", Shape::Links),
    field("reason", Shape::Text),
    field("external_refs", Shape::Refs),
];

/// The fields that an entry has for convenience, and that become others.
pub(crate) const CONVENIENCES: &[Field] = &[
    field("id", Shape::Text),
    field("kind", Shape::Text),
    field("channel", Shape::Channels),
    field("meeting", Shape::Entry),
    field("in_reply_to", Shape::Entry),
    field("reported_by", Shape::Text),
];

/// Other names of the same fields.
pub(crate) const ALIASES: &[(&str, &str)] =
    &[("occurred", "date"), ("learned_at", "learned"), ("published_at", "published"), ("sources", "source")];

const OFFER: &[Field] = &[
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
    field("response_within", Shape::Span),
    field("agreed", Shape::Flag),
    field("missed_attempts_max", Shape::Number),
    field("dormant_after", Shape::Span),
    field("stalled_after", Shape::Span),
    field("marking_scheme", Shape::Scheme),
    field("marking_default", Shape::Marking),
];

/// Returns the fields that the record keeps in the detail of a kind.
pub(crate) const fn detail(kind: Kind) -> &'static [Field] {
    use Kind as K;
    match kind {
        K::ChannelRegistered => CHANNEL_REGISTERED,
        K::ChannelNamed | K::PartyNamed => const { &[field("names", Shape::Names)] },
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
        K::Incident | K::PartyChange => const { &[field("place", Shape::Text)] },
        K::AssessmentRecorded => const { &[field("judgement", Shape::Text)] },
        K::PartyRegistered => const { &[field("code", Shape::Code), field("names", Shape::Names)] },
        K::RecorderRegistered | K::PolicyEnded => const { &[field("name", Shape::Text)] },
        K::PolicySet => POLICY_SET,
        K::MomentNamed => const { &[field("name", Shape::Text), field("size", Shape::Number)] },
        K::LogOpened => const { &[field("zone", Shape::Zone)] },
        K::LogAdopted => const { &[field("size", Shape::Number)] },
        K::RecordAmended => const { &[field("target", Shape::Entry), field("reading", Shape::Reading)] },
        K::RecordRetracted | K::RecordRedacted => const { &[field("target", Shape::Entry)] },
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
    }
}

/// Returns the fields of an offer that stand at the top of an entry of this kind, beside those of its
/// detail: an answer that offers something of its own.
pub(crate) const fn offered(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::ResponseCounterProposed
        | Kind::ResponseAcceptedWithChanges
        | Kind::ResponseAcceptedConditionally => OFFER,
        _ => &[],
    }
}

/// Returns the fields of an offer.
pub(crate) const fn offer() -> &'static [Field] {
    OFFER
}

/// Tells whether entries of this kind are about a channel.
pub(crate) fn is_of_channel(kind: Kind) -> bool {
    matches!(kind.family(), "channel" | "call" | "calls") && kind != Kind::ChannelRegistered
}

/// Tells whether entries of this kind belong to a forum or a series.
pub(crate) fn is_of_talks(kind: Kind) -> bool {
    matches!(kind.family(), "meeting" | "talks")
}

/// Returns every name that a field of this kind has, conveniences and other names included.
pub(crate) fn names(kind: Kind) -> Vec<&'static str> {
    let mut names: Vec<&'static str> =
        detail(kind).iter().chain(offered(kind)).map(|field| field.name).collect();
    names.extend(ENVELOPE.iter().chain(CONVENIENCES).map(|field| field.name));
    names.extend(ALIASES.iter().map(|(alias, _)| *alias));
    names.extend(extra(kind));
    names.sort_unstable();
    names.dedup();
    names
}

/// Returns the names that only some kinds take for convenience.
pub(crate) fn extra(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::ChannelOpened | Kind::ChannelRepaired | Kind::ChannelRestored | Kind::ChannelReopened => {
            &["state"]
        }
        Kind::RecordAmended => &["changes"],
        _ if kind.family() == "meeting" => &["proposed_date"],
        _ => &[],
    }
}

/// Returns the name that is nearest to `typed`, when one is near.
pub(crate) fn nearest(typed: &str, names: &[&'static str]) -> Option<&'static str> {
    let typed = typed.to_lowercase();
    names
        .iter()
        .map(|name| (strsim::osa_distance(&typed, name), *name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4 || name.starts_with(&typed))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the properties of the detail of a kind, as its type has them.
    fn properties(kind: Kind) -> Vec<String> {
        let mut generator = schemars::generate::SchemaSettings::draft2020_12()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator();
        let schema = kind.detail_schema(&mut generator).to_value();
        let mut names: Vec<String> =
            schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_field_of_a_recorded_kind_has_a_name_in_an_entry() {
        for kind in Kind::ALL {
            let mut mine: Vec<String> = detail(*kind).iter().map(|field| field.recorded.to_owned()).collect();
            mine.sort();
            assert_eq!(mine, properties(*kind), "{kind}");
        }
    }

    #[test]
    fn a_field_of_a_kind_hides_one_of_the_envelope_only_where_that_is_meant() {
        for kind in Kind::ALL {
            for field in detail(*kind).iter().chain(offered(*kind)) {
                let hidden = ENVELOPE.iter().chain(CONVENIENCES).any(|other| other.name == field.name);
                let meant = matches!(
                    (kind.family(), field.name),
                    ("call" | "calls", "reason") | ("policy", "from" | "to")
                );
                assert_eq!(hidden, meant, "{kind} {}", field.name);
            }
        }
    }
}
