//! A meeting as an event of a calendar, and an overture as the reminder of its answer.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::desk::answer::board::MeetingRow;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::meetings::{self, Told};
use crate::desk::outgoing::calendar::frame::{head, marked, tail};
use crate::desk::outgoing::calendar::line::{day, property, text, utc};
use crate::desk::outgoing::calendar::past::Past;
use crate::desk::outgoing::calendar::sitting::{Sittings, sittings};
use crate::desk::outgoing::calendar::span::Span;
use crate::desk::outgoing::table;
use crate::desk::overtures::standings::Standings;
use crate::domain::id::{EntityId, EventId};
use crate::domain::meeting::{self as fold, MeetingState, Standing};
use crate::domain::occurred::Occurred;
use crate::domain::overture::currency::Currency;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::Basis;
use crate::domain::zone::Zone;

/// What became of a meeting or an overture.
pub(super) enum Component {
    /// It stands in the calendar.
    Shown {
        /// The component.
        text: String,
        /// The entries on which it rests.
        entries: Vec<EventId>,
        /// As it is now it has no date that a calendar could show; it stands there as what it was.
        left_out: bool,
    },
    /// It has no date that a calendar could show without making it more exact than it is.
    LeftOut,
    /// There is nothing to show.
    Nothing,
}

impl Component {
    /// Returns it with the further sittings of the meeting.
    fn with(self, sittings: Sittings) -> Self {
        if sittings.text.is_empty() {
            return self;
        }
        match self {
            Self::Shown { text, mut entries, left_out } => {
                entries.extend(
                    sittings.entries.into_iter().filter(|id| !entries.contains(id)).collect::<Vec<_>>(),
                );
                Self::Shown { text: text + &sittings.text, entries, left_out }
            }
            Self::LeftOut => Self::Shown { text: sittings.text, entries: sittings.entries, left_out: true },
            Self::Nothing => Self::Shown { text: sittings.text, entries: sittings.entries, left_out: false },
        }
    }
}

/// Returns a meeting.
///
/// One that was struck, or that has no day any more that a calendar could show, keeps the last it had and is
/// cancelled: a calendar that took it in would hold it for good. Where `only_struck`, what stands is nothing: it was
/// met by nothing but what is struck.
///
/// # Errors
///
/// Returns what the desk says where the log cannot be read.
pub(super) fn meeting(
    known: &Known,
    id: EntityId,
    log: &str,
    (seen, only_struck): (Option<&BTreeSet<EventId>>, bool),
) -> Result<Component, DeskError> {
    let mut told = meetings::told(known, id)?;
    if let (Some(told), Some(seen)) = (&mut told, seen) {
        told.story.retain(|entry| seen.contains(&entry.id));
        told.standing = fold::standing(id, &told.story, known.at, &known.zone);
    }
    let mut told = told.and_then(|told| Some((told.standing.state?, told)));
    let first = EventId::from_uuid(*id.as_uuid());
    let began_struck = seen.is_none_or(|seen| seen.contains(&first)) && meetings::began_struck(known, id)?;
    // What is left changes a meeting that nothing sets any more.
    told = told.filter(|(_, told)| !began_struck || told.is_set_anew());
    if only_struck && told.is_some() {
        return Ok(Component::Nothing);
    }
    let sittings = sittings(known, id, log, seen, told.as_ref().map(|(_, told)| told))?;
    Ok(whole(known, id, log, seen, (told, began_struck))?.with(sittings))
}

/// Returns a meeting without its further sittings.
fn whole(
    known: &Known,
    id: EntityId,
    log: &str,
    seen: Option<&BTreeSet<EventId>>,
    (told, began_struck): (Option<(MeetingState, Told)>, bool),
) -> Result<Component, DeskError> {
    if let Some((state, told)) = &told {
        // A meeting that lost its date keeps the last one, cancelled, so that it goes from calendars.
        let date = told.standing.date.clone().or_else(|| last_date(&told.story));
        if let Some((span, date)) = date.and_then(|date| Some((Span::of(&date, known.zone)?, date))) {
            let span = span.until(ends(&told.story, &date).map(|end| end.earliest(&known.zone)));
            let sign = Sign::Stands { state: *state, began_struck };
            let text = event(known, log, told, (&span, &date), sign)?;
            let entries = told.story.iter().map(|entry| entry.id).collect();
            return Ok(Component::Shown { text, entries, left_out: false });
        }
    }
    // What took place did so, on whatever day.
    if told.as_ref().is_some_and(|(state, _)| took_place(*state)) {
        return Ok(Component::LeftOut);
    }
    let left_out = told.is_some();
    let past = Past::of(known, id, seen)?;
    let last = past.meeting_dates().find_map(|date| Some((Span::of(date, known.zone)?, date)));
    let Some((span, date)) = last else {
        return Ok(if left_out { Component::LeftOut } else { Component::Nothing });
    };
    let (told, sign) = match told {
        Some((_, told)) => (told, Sign::Undated),
        None => (Told::of(known, id, past.entries.clone()), Sign::Struck),
    };
    let text = event(known, log, &told, (&span, date), sign)?;
    let entries = past.entries.iter().map(|entry| entry.id).collect();
    Ok(Component::Shown { text, entries, left_out })
}

const fn took_place(state: MeetingState) -> bool {
    match state {
        MeetingState::InSession
        | MeetingState::Recessed
        | MeetingState::Adjourned
        | MeetingState::Concluded
        | MeetingState::BrokenOff => true,
        MeetingState::AgreedInPrinciple
        | MeetingState::Scheduled
        | MeetingState::Postponed
        | MeetingState::NotHeld
        | MeetingState::Cancelled => false,
    }
}

/// Why a meeting stands in a calendar.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// It is in this state; the entry that brought it into being may be struck.
    Stands { state: MeetingState, began_struck: bool },
    /// It has no day any more that a calendar could show.
    Undated,
    /// All that said so is struck.
    Struck,
}

/// Returns what a calendar calls a meeting.
pub(super) fn title(row: &MeetingRow) -> String {
    let mut title = match row.forum.as_slice() {
        [] => "Meeting".to_owned(),
        forum => table::names(forum),
    };
    if !row.parties.is_empty() {
        let _ = write!(title, ": {}", table::names(&row.parties));
    }
    if let Some(round) = row.round {
        let _ = write!(title, " (round {round})");
    }
    title
}

/// Writes a meeting as an event.
fn event(
    known: &Known,
    log: &str,
    told: &Told,
    (span, date): (&Span, &Occurred),
    sign: Sign,
) -> Result<String, DeskError> {
    let row = told.row(known)?;
    let mut title = title(&row);
    // What was struck is not told again, but that it was.
    let mut words = match sign {
        Sign::Struck => vec!["struck from the record".to_owned()],
        Sign::Stands { .. } | Sign::Undated => vec![meetings::meeting_words(&row), row.summary.clone()],
    };
    match (sign, span) {
        (Sign::Stands { .. }, Span::Days { any: true, .. }) => {
            let _ = write!(title, " (date not certain: {})", date.words());
            words.push("the day is not known: it stands on every day that it may be".to_owned());
        }
        (Sign::Undated, _) => {
            words.push("no day is known any more that a calendar could show: this was the last".to_owned());
        }
        (Sign::Stands { .. } | Sign::Struck, _) => {}
    }
    if matches!(sign, Sign::Stands { began_struck: true, .. }) {
        words.push("the entry that brought it into being was struck from the record".to_owned());
    }
    words.retain(|words| !words.is_empty());
    let history = known.history(row.id)?;
    let mut lines = head("VEVENT", &format!("{}@{log}", row.id), &history);
    lines.push_str(&span.lines());
    lines.push_str(&property("SUMMARY", &text(&title)));
    lines.push_str(&property("DESCRIPTION", &text(&words.join("\n"))));
    if let Some(place) = row.place.as_ref().filter(|_| sign != Sign::Struck) {
        lines.push_str(&property("LOCATION", &text(place)));
    }
    let (status, state) = match sign {
        Sign::Stands { state, .. } => (status(&told.standing, state, span), row.state.as_str()),
        Sign::Undated => ("CANCELLED", row.state.as_str()),
        Sign::Struck => ("CANCELLED", "struck"),
    };
    lines.push_str(&property("STATUS", status));
    lines.push_str(&property("TRANSP", "TRANSPARENT"));
    lines.push_str(&property("X-DEMARCHE-STATE", &text(state)));
    lines.push_str(&property("X-DEMARCHE-DATE", &text(date.as_str())));
    lines.push_str(&tail("VEVENT", &row.handle, marked(known, &told.story)));
    Ok(lines)
}

/// Returns the status of a calendar: it knows none for what was put off. A day that nobody named yet is not confirmed.
fn status(standing: &Standing, state: MeetingState, span: &Span) -> &'static str {
    match state {
        MeetingState::Postponed if standing.date.is_none() => "CANCELLED",
        MeetingState::AgreedInPrinciple | MeetingState::Postponed => "TENTATIVE",
        MeetingState::Scheduled if matches!(span, Span::Days { any: true, .. }) => "TENTATIVE",
        // What the clock derives is to be confirmed by whoever knows.
        MeetingState::NotHeld if standing.derived => "TENTATIVE",
        MeetingState::NotHeld | MeetingState::Cancelled => "CANCELLED",
        MeetingState::Scheduled
        | MeetingState::InSession
        | MeetingState::Recessed
        | MeetingState::Adjourned
        | MeetingState::Concluded
        | MeetingState::BrokenOff => "CONFIRMED",
    }
}

/// Returns when a meeting of a date is to end, as the entry says that gives the date; where another day is meant it was
/// put off or adjourned to, that is its date.
fn ends<'s>(story: &'s [Entry], date: &Occurred) -> Option<&'s Occurred> {
    let detail = story.iter().rev().find_map(|entry| {
        let detail = fold::detail(&entry.event.as_ref()?.fact)?;
        (detail.date.as_ref() == Some(date)).then_some(detail)
    });
    detail?.until.as_ref().filter(|end| end.is_exact())
}

/// Returns the last date that any entry of a meeting gave it.
fn last_date(story: &[Entry]) -> Option<Occurred> {
    story.iter().rev().find_map(|entry| fold::date_given(entry.event.as_ref()?)).cloned()
}

/// Returns the date by which an answer to an overture is due.
///
/// Where it was struck, or has no such date any more, the reminder is cancelled. `seen` and `only_struck` as of
/// [`meeting`]; of an offer that is not seen nothing is told, whatever is about it.
///
/// # Errors
///
/// As [`meeting`].
pub(super) fn reply_by(
    standings: &mut Standings<'_>,
    id: EntityId,
    log: &str,
    (seen, only_struck): (Option<&BTreeSet<EventId>>, bool),
) -> Result<Component, DeskError> {
    let known = standings.known;
    let own = EventId::from_uuid(*id.as_uuid());
    if seen.is_some_and(|seen| !seen.contains(&own)) {
        return Ok(Component::Nothing);
    }
    let gathered = standings.gathered(id)?;
    if !gathered.is_made(known) {
        let struck = gathered.creation.as_ref().is_some_and(|entry| entry.struck);
        return if struck {
            no_longer_due(known, id, log, seen, Gone::Struck)
        } else {
            Ok(Component::Nothing)
        };
    }
    if only_struck {
        return Ok(Component::Nothing);
    }
    let standing = standings.of(id)?;
    let offer = &standing.terms.offer;
    let Some(window) = &standing.window else {
        // A deadline without an end is no day.
        let gone = if offer.deadline.is_some() { Gone::Endless } else { Gone::Undated };
        return no_longer_due(known, id, log, seen, gone);
    };
    let stated = match window.basis {
        Basis::ExplicitDeadline => offer.deadline.as_ref(),
        Basis::ImpliedByProposedDate => offer.proposed_date.as_ref(),
        Basis::AgreedChannelRule
        | Basis::PolicyDefault
        | Basis::OfficerFinding
        | Basis::Reported
        | Basis::None => None,
    };
    let row = standings.row(id)?;
    // Whoever has said yes or no is waited for no more.
    let awaited = standings.due(id)?.map(|due| due.addressees).filter(|awaited| !awaited.is_empty());
    let history = known.history(id)?;
    let mut lines = head("VTODO", &format!("{id}-answer@{log}"), &history);
    lines.push_str(&due(window.due, known.zone));
    let summary = format!(
        "Answer due from {}: {}",
        table::names(awaited.as_ref().unwrap_or(&row.addressees)),
        row.summary
    );
    lines.push_str(&property("SUMMARY", &text(&summary)));
    let basis = format!("{}: {}\n{}", row.status.replace('_', " "), row.basis, window.basis);
    let mut words = basis.replace('_', " ");
    let doubtful = stated.filter(|stated| stated.is_doubtful());
    if let Some(stated) = doubtful {
        let _ = write!(
            words,
            "\nthe date is not certain ({}): it stands on the last that it may be",
            stated.words()
        );
    }
    lines.push_str(&property("DESCRIPTION", &text(&words)));
    let status = match standing.currency {
        _ if standing.open => "NEEDS-ACTION",
        Currency::Standing | Currency::Realised => "COMPLETED",
        Currency::Lapsed | Currency::Withdrawn | Currency::Superseded | Currency::Moot => "CANCELLED",
    };
    lines.push_str(&property("STATUS", status));
    lines.push_str(&property("X-DEMARCHE-BASIS", window.basis.as_str()));
    if let Some(stated) = doubtful {
        lines.push_str(&property("X-DEMARCHE-DATE", &text(stated.as_str())));
    }
    lines.push_str(&tail("VTODO", &row.handle, marked(known, &gathered.thread)));
    let entries = gathered.thread.iter().map(|entry| entry.id).collect();
    Ok(Component::Shown { text: lines, entries, left_out: false })
}

/// Why an answer is no longer due on a day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gone {
    /// The overture was struck.
    Struck,
    /// Nothing sets a date.
    Undated,
    /// What sets it has no end.
    Endless,
}

/// Returns the reminder of an answer that is due on no day any more; nothing where it never was on any. That a rule of the
/// house set one for what was struck is taken for granted where there is such a rule.
fn no_longer_due(
    known: &Known,
    id: EntityId,
    log: &str,
    seen: Option<&BTreeSet<EventId>>,
    gone: Gone,
) -> Result<Component, DeskError> {
    let left_out = gone == Gone::Endless;
    let past = Past::of(known, id, seen)?;
    let is_day = |date: &Occurred| date.latest(&known.zone) < Timestamp::MAX;
    let deadline = past.deadlines().find(|deadline| is_day(deadline));
    let proposed = past.proposed_dates().any(is_day);
    let by_rule = || known.policies.at(known.at).iter().any(|policy| policy.set.response_within.is_some());
    if deadline.is_none() && !proposed && !(gone == Gone::Struck && by_rule()) {
        return Ok(if left_out { Component::LeftOut } else { Component::Nothing });
    }
    let handle = known.named(id)?.name;
    let words = match gone {
        Gone::Struck => "the offer was struck from the record",
        Gone::Undated => "nothing sets a date for an answer any more",
        Gone::Endless => "the date for an answer has no end any more",
    };
    let mut lines = head("VTODO", &format!("{id}-answer@{log}"), &known.history(id)?);
    if let Some(deadline) = deadline {
        lines.push_str(&due(deadline.latest(&known.zone), known.zone));
    }
    lines.push_str(&property("SUMMARY", &text(&format!("No answer is due any more: {handle}"))));
    lines.push_str(&property("DESCRIPTION", &text(words)));
    lines.push_str(&property("STATUS", "CANCELLED"));
    lines.push_str(&tail("VTODO", &handle, marked(known, &past.entries)));
    let entries = past.entries.iter().map(|entry| entry.id).collect();
    Ok(Component::Shown { text: lines, entries, left_out })
}

/// Returns the end of a day as that day, and every other moment as one.
fn due(due: Timestamp, zone: Zone) -> String {
    let day_of = |moment: Timestamp| zone.local(moment).date_naive();
    let next = Timestamp::from_micros(due.micros().saturating_add(1)).ok().map(day_of);
    if next.is_some_and(|next| next != day_of(due)) {
        property("DUE;VALUE=DATE", &day(day_of(due)))
    } else {
        property("DUE", &utc(due))
    }
}
