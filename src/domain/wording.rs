//! What an entry is called that has no summary: its kind, when, and who acts in it.

use crate::domain::event::Event;
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::EntityId;
use crate::domain::meeting;
use crate::domain::occurred::Occurred;
use crate::domain::schedule::Slot;
use crate::domain::zone::Zone;

/// Returns who acts in an event: of a meeting put off or left whoever did that, else whoever speaks.
pub fn actors(event: &Event) -> &[EntityId] {
    match meeting::detail(&event.fact) {
        Some(detail) if !detail.by.is_empty() => &detail.by,
        Some(_) | None => &event.envelope.from,
    }
}

/// Returns an event in words: `channel severed by PRK`, `call from KOR not answered, 09:00`, `meeting postponed to
/// 25 December 2026`; `by` names its [`actors`], and days begin in `zone`.
pub fn words_of(event: &Event, by: &[String], zone: &Zone) -> String {
    let words = format!("{}{}", kind_words(event.kind()), object(event, *zone));
    let slots = slots(&event.fact);
    if by.is_empty() {
        return words + &slots;
    }
    let by = list(by);
    match came_of_a_call(event.kind()) {
        // Whoever acts in a call is who calls; what comes of it lies with the other side.
        Some(outcome) => format!("call from {by}{outcome}{slots}"),
        None => format!("{words} by {by}{slots}"),
    }
}

/// Returns what came of a call, as it is said after who called; none where the caller did it, or it is no call.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds are no calls, or tell what the caller does")]
const fn came_of_a_call(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::CallAnswered => Some(" answered"),
        Kind::CallUnanswered => Some(" not answered"),
        Kind::CallDeclined => Some(" declined"),
        Kind::CallFault => Some(" failed"),
        Kind::CallUnknown => Some(", its outcome unknown"),
        _ => None,
    }
}

/// Returns a kind in words.
#[expect(clippy::wildcard_enum_match_arm, reason = "the names of most kinds are words already")]
fn kind_words(kind: Kind) -> String {
    let words = match kind {
        Kind::ChannelNamed => "channel given further names",
        Kind::ChannelBaseline => "state in which the log first meets the channel",
        Kind::ChannelUnresponsive => "found that nobody answers",
        Kind::ChannelScheduleChanged => "schedule changed",
        Kind::ChannelCapabilityChanged => "capability changed",
        Kind::CallUnanswered => "call not answered",
        Kind::CallFault => "call failed",
        Kind::CallAbandoned => "call given up",
        Kind::CallNotAttempted => "call not made",
        Kind::CallUnknown => "call, its outcome unknown",
        Kind::CallsDiscontinued => "calling stopped",
        Kind::CallsResumed => "calling resumed",
        Kind::OvertureProposed => "proposal made",
        Kind::OvertureDrafted => "proposal drafted",
        Kind::OvertureDemanded => "demand made",
        Kind::OvertureUltimatum => "ultimatum",
        Kind::OvertureDeescalation => "appeal to calm the situation",
        Kind::OvertureMediationOffered => "mediation offered",
        Kind::OvertureReceiptConfirmed => "receipt confirmed",
        Kind::OvertureReceiptRefused => "receipt refused",
        Kind::OvertureReceiptUnclear => "receipt unclear",
        Kind::OvertureMoot => "overture without object",
        Kind::ResponseAccepted => "accepted",
        Kind::ResponseAcceptedWithChanges => "accepted with changes",
        Kind::ResponseAcceptedConditionally => "accepted on a condition",
        Kind::ResponseCounterProposed => "counter-proposal made",
        Kind::ResponseRejected => "rejected",
        Kind::ResponseRejectedPlan => "plan rejected",
        Kind::ResponseDeflected => "neither yes nor no",
        Kind::ResponseDeclinedComment => "comment declined",
        Kind::ResponseConduct => "answered by conduct",
        Kind::ResponseRescinded => "acceptance taken back",
        Kind::SilenceRecorded => "no answer found",
        Kind::MeetingDetailsChanged => "meeting: details changed",
        Kind::MeetingAgreed => "meeting agreed in principle",
        Kind::MeetingAgreement => "meeting held with an agreement",
        Kind::TalksThreatened => "threat to break the talks off",
        Kind::StatementPublic => "public statement",
        Kind::PartyChange => "change in a party",
        Kind::PartyNamed => "party given further names",
        Kind::PartyMerged => "party found to be another",
        Kind::PartySplit => "party found to be several",
        Kind::ChannelMerged => "channel found to be another",
        Kind::ChannelSplit => "channel found to be several",
        Kind::PersonNamed => "person given further names",
        Kind::PersonRole => "person in an office",
        Kind::LogOpened => "log begun",
        kind => return kind.as_str().replace(['.', '_'], " "),
    };
    words.to_owned()
}

/// Returns to or for when, to what, or which.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts say no more than their kind")]
fn object(event: &Event, zone: Zone) -> String {
    match &event.fact {
        Fact::MeetingPostponed(meeting) => {
            let day = event.envelope.effective.as_ref().or(event.envelope.occurred.as_ref());
            to_date(meeting.put_off_to(day, &zone))
        }
        Fact::MeetingAdjourned(meeting) => to_date(meeting.until.as_ref()),
        Fact::MeetingScheduled(meeting) | Fact::MeetingDetailsChanged(meeting) => {
            meeting.date.as_ref().map_or_else(String::new, |date| format!(" for {}", date.words()))
        }
        Fact::ChannelBaseline(baseline) => {
            baseline.state.map_or_else(String::new, |state| format!(": {state}"))
        }
        Fact::ChannelDeclared(declared) => format!(" {}", declared.status),
        Fact::ChannelScheduleChanged(changed) => match &changed.schedule {
            Some(schedule) => format!(" to {}", schedule.words()),
            None => ": no more calls".to_owned(),
        },
        Fact::ChannelCapabilityChanged(changed) => {
            let works = if changed.works { "works" } else { "no longer works" };
            format!(": {} {works}", changed.capability)
        }
        _ => String::new(),
    }
}

fn to_date(date: Option<&Occurred>) -> String {
    date.map_or_else(|| " sine die".to_owned(), |date| format!(" to {}", date.words()))
}

/// Returns the slots of a call: `, 09:00 and 17:00`.
fn slots(fact: &Fact) -> String {
    let (Fact::CallAnswered(call)
    | Fact::CallUnanswered(call)
    | Fact::CallDeclined(call)
    | Fact::CallFault(call)
    | Fact::CallAbandoned(call)
    | Fact::CallNotAttempted(call)
    | Fact::CallUnknown(call)
    | Fact::CallsDiscontinued(call)
    | Fact::CallsResumed(call)) = fact
    else {
        return String::new();
    };
    let slots: Vec<String> = call.slots.iter().map(Slot::to_string).collect();
    if slots.is_empty() { String::new() } else { format!(", {}", list(&slots)) }
}

fn list(words: &[String]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        words => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Envelope;

    #[test]
    fn an_entry_without_a_summary_is_told_by_its_kind_its_time_and_who_acts() {
        let zone: Zone = "Asia/Seoul".parse().unwrap();
        for (kind, detail, by, words) in [
            (Kind::ChannelSevered, "{}", &["PRK"][..], "channel severed by PRK"),
            (Kind::CallUnanswered, r#"{"slots":["09:00"]}"#, &[], "call not answered, 09:00"),
            (
                Kind::CallAnswered,
                r#"{"slots":["09:00","17:00"]}"#,
                &["PRK", "CHN"],
                "call from PRK and CHN answered, 09:00 and 17:00",
            ),
            (Kind::CallUnanswered, r#"{"slots":["09:00"]}"#, &["KOR"], "call from KOR not answered, 09:00"),
            (Kind::CallUnknown, "{}", &["KOR"], "call from KOR, its outcome unknown"),
            (Kind::CallNotAttempted, "{}", &["KOR"], "call not made by KOR"),
            (
                Kind::MeetingPostponed,
                r#"{"until":"2026-12-25"}"#,
                &[],
                "meeting postponed to 25 December 2026",
            ),
            (
                Kind::MeetingPostponed,
                r#"{"date":"2026-12-25"}"#,
                &[],
                "meeting postponed to 25 December 2026",
            ),
            (Kind::MeetingAdjourned, r#"{"date":"2026-12-25"}"#, &[], "meeting adjourned sine die"),
            (Kind::MeetingPostponed, "{}", &["PRK"], "meeting postponed sine die by PRK"),
            (Kind::ChannelDeclared, r#"{"status":"cut"}"#, &["PRK"], "channel declared cut by PRK"),
            (Kind::Incident, "{}", &[], "incident"),
        ] {
            let event = Event { envelope: Envelope::default(), fact: kind.decode(detail).unwrap() };
            let by: Vec<String> = by.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(words_of(&event, &by, &zone), words);
        }
    }

    #[test]
    fn every_kind_has_words() {
        for kind in Kind::ALL {
            let words = kind_words(*kind);
            assert!(!words.is_empty() && !words.contains(['.', '_']), "{words}");
        }
    }
}
