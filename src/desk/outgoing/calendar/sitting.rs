//! The further sittings of a meeting: the days to which it was adjourned, each as an event of its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::meetings::{self, Told};
use crate::desk::outgoing::calendar::component::title;
use crate::desk::outgoing::calendar::frame::{head, marked, tail};
use crate::desk::outgoing::calendar::line::{property, text};
use crate::desk::outgoing::calendar::past::Past;
use crate::desk::outgoing::calendar::span::Span;
use crate::domain::event::Event;
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{EntityId, EventId};
use crate::domain::meeting::{self as fold, MeetingState};
use crate::domain::occurred::Occurred;
use crate::domain::reading::{Entry, RawEvent, given};

/// The further sittings of a meeting.
#[derive(Default)]
pub(super) struct Sittings {
    /// Their components.
    pub(super) text: String,
    /// The entries on which they rest.
    pub(super) entries: Vec<EventId>,
}

/// What became of a sitting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sitting {
    /// The meeting stands adjourned to it.
    Ahead,
    /// The sides sat on that day, or within the days that it may have been.
    Sat,
    /// The meeting goes on on another day, or not at all.
    Off,
    /// The entry that adjourned the meeting to it is struck, or no longer says so.
    Struck,
}

/// Returns the sittings to which a meeting was ever adjourned. One that does not hold any more is cancelled: a calendar
/// that took it in would hold it for good.
///
/// Of a meeting that was struck as a whole nothing is `told`.
///
/// # Errors
///
/// Returns what the desk says where the log cannot be read.
pub(super) fn sittings(
    known: &Known,
    id: EntityId,
    log: &str,
    seen: Option<&BTreeSet<EventId>>,
    told: Option<&Told>,
) -> Result<Sittings, DeskError> {
    let history = known.history(id)?;
    let mut sittings = Sittings::default();
    if !history.iter().any(adjourns) {
        return Ok(sittings);
    }
    let past = Past::of(known, id, seen)?;
    for entry in &past.entries {
        let stands = told.is_some_and(|told| told.story.iter().any(|other| other.id == entry.id));
        let now = entry.event.as_ref().and_then(adjourned_to).filter(|_| stands);
        let dates = now.into_iter().chain(past.adjourned_to(entry.id));
        let Some((span, date)) = dates.into_iter().find_map(|date| Some((Span::of(date, known.zone)?, date)))
        else {
            continue;
        };
        let (became, sat_on) = match told.filter(|_| now == Some(date)) {
            Some(told) => became(known, told, entry.id, date),
            None => (Sitting::Struck, None),
        };
        let sat_on = sat_on.and_then(|date| Some((Span::of(date, known.zone)?, date)));
        let (span, date) = sat_on.unwrap_or((span, date));
        let all;
        let told = if let Some(told) = told {
            told
        } else {
            all = Told::of(known, id, past.entries.clone());
            &all
        };
        let holds = |other: &&Entry| !other.struck || other.id == entry.id;
        let marking = marked(known, past.entries.iter().filter(holds));
        let uid = format!("{id}-{}@{log}", entry.id);
        sittings.text.push_str(&head("VEVENT", &uid, &history));
        sittings.text.push_str(&event(known, told, (&span, date), became)?);
        let handle = known.named(id)?.name;
        sittings.text.push_str(&tail("VEVENT", &handle, marking));
        sittings.entries.push(entry.id);
    }
    Ok(sittings)
}

/// Tells whether an event adjourns a meeting, or makes an entry say so.
fn adjourns(raw: &RawEvent) -> bool {
    let Some(event) = &raw.event else { return false };
    let is = |event: &Event| event.kind() == Kind::MeetingAdjourned;
    is(event) || event.kind() == Kind::RecordAmended && given(event).as_ref().is_some_and(is)
}

fn adjourned_to(event: &Event) -> Option<&Occurred> {
    let Fact::MeetingAdjourned(detail) = &event.fact else { return None };
    detail.until.as_ref()
}

/// Returns what became of the sitting to which an entry that holds adjourned the meeting; with the date of the session
/// where the sides sat and the sitting was to be on a day that was not known.
///
/// That somebody ended the meeting, or put the sitting off again, on one of the days that it may be does not show that they
/// sat once more: that counts only after they went on.
fn became<'t>(
    known: &Known,
    told: &'t Told,
    entry: EventId,
    date: &Occurred,
) -> (Sitting, Option<&'t Occurred>) {
    let standing = &told.standing;
    let to_it = |other: &&Entry| other.event.as_ref().and_then(adjourned_to) == Some(date);
    // Said twice, it is one sitting.
    if told.story.iter().rev().find(to_it).is_none_or(|last| last.id != entry) {
        return (Sitting::Off, None);
    }
    let until = standing.act.as_ref().and_then(|act| act.until.as_ref());
    if standing.state == Some(MeetingState::Adjourned) && until == Some(date) {
        return (Sitting::Ahead, None);
    }
    let day = |moment| known.zone.local(moment).date_naive();
    let (earliest, latest) = date.bounds(&known.zone);
    let on_it = |other: &Entry| {
        let (first, last) = other.bounds(&known.zone);
        let is_dated = first.is_bounded() && last.is_bounded();
        is_dated && day(first) <= day(latest) && day(earliest) <= day(last)
    };
    let mut went_on = false;
    let mut later = told.story.iter().skip_while(|other| other.id != entry).skip(1);
    let sat = later.find(|other| {
        let Some(kind) = other.event.as_ref().map(Event::kind).filter(|kind| fold::is_session(*kind)) else {
            return false;
        };
        let ends = matches!(kind, Kind::MeetingConcluded | Kind::MeetingBrokenOff | Kind::MeetingAdjourned);
        went_on |= !ends;
        // Who ended the meeting on the very day, or adjourned it again, sat on it.
        let shows = went_on || !date.is_doubtful();
        shows && !standing.after_end.contains(&other.id) && on_it(other)
    });
    match sat {
        Some(session) => (Sitting::Sat, session.effect().filter(|_| date.is_doubtful())),
        None => (Sitting::Off, None),
    }
}

/// Writes what a sitting says beside how it is known again.
fn event(
    known: &Known,
    told: &Told,
    (span, date): (&Span, &Occurred),
    became: Sitting,
) -> Result<String, DeskError> {
    let row = told.row(known)?;
    let mut title =
        format!("{} ({})", title(&row), if became == Sitting::Sat { "resumed" } else { "next sitting" });
    let stands = meetings::meeting_words(&row);
    let mut words = match became {
        Sitting::Ahead => vec!["the meeting is adjourned to this day", &stands],
        Sitting::Sat => vec!["the meeting went on on this day after it was adjourned", &stands],
        Sitting::Off => vec!["the meeting does not go on on this day any more", &stands],
        Sitting::Struck => vec!["that it was adjourned to this day was struck from the record"],
    };
    let is_any = matches!(span, Span::Days { any: true, .. });
    if is_any && matches!(became, Sitting::Ahead | Sitting::Sat) {
        let _ = write!(title, " (date not certain: {})", date.words());
        words.push("the day is not known: it stands on every day that it may be");
    }
    let status = match became {
        Sitting::Ahead if is_any => "TENTATIVE",
        Sitting::Ahead | Sitting::Sat => "CONFIRMED",
        Sitting::Off | Sitting::Struck => "CANCELLED",
    };
    let place = row.place.filter(|_| matches!(became, Sitting::Ahead | Sitting::Sat));
    let place = place.map(|place| property("LOCATION", &text(&place))).unwrap_or_default();
    let state = if became == Sitting::Struck { "struck" } else { row.state.as_str() };
    Ok([
        span.lines(),
        property("SUMMARY", &text(&title)),
        property("DESCRIPTION", &text(&words.join("\n"))),
        place,
        property("STATUS", status),
        property("TRANSP", "TRANSPARENT"),
        property("X-DEMARCHE-STATE", &text(state)),
        property("X-DEMARCHE-DATE", &text(date.as_str())),
    ]
    .concat())
}
