//! What an entry must say to be one: who, to whom, what. At the prompt it is asked for; in a file, which
//! may know no better, its absence is named.

use crate::domain::event::Event;
use crate::domain::fact::meeting::Meeting;
use crate::domain::fact::register::PolicySet;
use crate::domain::fact::{EntityKind, Fact, Kind, Subject};
use crate::domain::meeting::cause;
use crate::domain::occurred::Occurred;
use crate::domain::zone::Zone;

/// Something that an entry does not say, or says of itself and cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lack {
    /// The field that would say it.
    pub(crate) field: &'static str,
    /// What is wrong and what would be right.
    pub(crate) detail: String,
}

/// Returns what an entry lacks, taken by itself.
pub(crate) fn lacking(event: &Event, zone: Zone) -> Vec<Lack> {
    let mut lacks = Vec::new();
    let kind = event.kind();
    let envelope = &event.envelope;
    let mut lack = |field, detail: String| lacks.push(Lack { field, detail });
    if says_nothing(event) {
        lack("summary", format!("is missing: `{kind}` says in a sentence, or in `texts`, what happened"));
    }
    let proposes = kind.subject() == Subject::Creates(EntityKind::Overture);
    if envelope.from.is_empty() && (proposes || matches!(kind.family(), "response" | "condition")) {
        lack("from", format!("is missing: who speaks in `{kind}`"));
    }
    if proposes {
        // An appeal may be to everyone, and a draft has not been addressed yet.
        let open = matches!(kind, Kind::OvertureDeescalation | Kind::OvertureDrafted);
        if envelope.to.is_empty() && !open {
            lack("to", format!("is missing: to whom `{kind}` is addressed"));
        }
        if !envelope.to.is_empty() && envelope.to.iter().all(|party| envelope.from.contains(party)) {
            lack("to", "is the party that speaks; nobody makes an offer to themselves".to_owned());
        }
    }
    if let (Some(deadline), Some(date)) = (deadline(&event.fact), &envelope.occurred)
        && deadline.latest(&zone) < date.earliest(&zone)
    {
        let words = format!("is {}, before the date, {}", deadline.words(), date.words());
        lack("deadline", format!("{words}; an answer is asked for by a later day"));
    }
    if let Some(meeting) = called_off(&event.fact) {
        if meeting.by.is_empty() && envelope.from.is_empty() {
            lack("by", format!("is missing: who did it; `{kind}` is the act of a side"));
        }
        if cause(event).is_none() {
            lack("cause", "is missing: why, as it was given; `not stated` where nobody said".to_owned());
        }
    }
    if let Fact::PolicySet(set) = &event.fact
        && is_no_rule(set)
    {
        let rules = "`response_within`, `missed_attempts_max`, `dormant_after`, `stalled_after`, \
                     `marking_scheme`, `marking_default` or `two_people`";
        lack("response_within", format!("a policy sets at least one of {rules}"));
    }
    lacks
}

/// Tells whether an entry that is nothing but words has none.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds say something by themselves")]
fn says_nothing(event: &Event) -> bool {
    let own = match &event.fact {
        Fact::MessageSent(_) | Fact::MessageReceived(_) | Fact::Incident(_) | Fact::PartyChange(_) => None,
        Fact::StatementPublic(statement)
        | Fact::ProtestLodged(statement)
        | Fact::AgreementAnnounced(statement)
        | Fact::BackchannelDisclosed(statement) => statement.title.as_ref(),
        Fact::AssessmentRecorded(assessment) => assessment.judgement.as_ref(),
        _ => return false,
    };
    own.is_none() && event.envelope.summary.is_none() && event.envelope.texts.is_empty()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other facts ask for no answer")]
fn deadline(fact: &Fact) -> Option<&Occurred> {
    match fact {
        Fact::OvertureProposed(offer)
        | Fact::OvertureDrafted(offer)
        | Fact::OvertureDemanded(offer)
        | Fact::OvertureUltimatum(offer)
        | Fact::OvertureDeescalation(offer)
        | Fact::OvertureMediationOffered(offer)
        | Fact::OvertureRevised(offer) => offer.deadline.as_ref(),
        Fact::OvertureExtended(step) | Fact::OvertureReiterated(step) => step.deadline.as_ref(),
        Fact::ResponseCounterProposed(answer)
        | Fact::ResponseAcceptedWithChanges(answer)
        | Fact::ResponseAcceptedConditionally(answer) => answer.offer.as_ref()?.deadline.as_ref(),
        _ => None,
    }
}

/// Returns the details of an act by which a side called a meeting off, put it off, or left it.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts call nothing off")]
fn called_off(fact: &Fact) -> Option<&Meeting> {
    match fact {
        Fact::MeetingCancelled(meeting)
        | Fact::MeetingPostponed(meeting)
        | Fact::MeetingBrokenOff(meeting) => Some(meeting),
        _ => None,
    }
}

const fn is_no_rule(set: &PolicySet) -> bool {
    set.response_within.is_none()
        && set.missed_attempts_max.is_none()
        && set.dormant_after.is_none()
        && set.stalled_after.is_none()
        && set.marking_scheme.is_none()
        && set.marking_default.is_none()
        && set.two_people.is_empty()
}
