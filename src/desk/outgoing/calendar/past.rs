//! What calendars may still hold though it no longer holds: dates of entries that were struck, and dates that an
//! amendment took away.

use std::collections::BTreeSet;

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{EntityId, EventId};
use crate::domain::marking::Marking;
use crate::domain::meeting;
use crate::domain::occurred::Occurred;
use crate::domain::overture::offer_of;
use crate::domain::reading::{self, Entry, RawEvent};

/// What was ever said of a meeting or an overture.
pub(super) struct Past {
    /// The entries, struck ones included, in the order of effect.
    pub(super) entries: Vec<Entry>,
    // Every reading that they had, in the order of the log, each with the entry that had it.
    readings: Vec<(EventId, Event)>,
}

impl Past {
    /// Reads a history; where `seen` is given, only the entries in it.
    ///
    /// # Errors
    ///
    /// Returns what the desk says where the log cannot be read.
    pub(super) fn of(
        known: &Known,
        id: EntityId,
        seen: Option<&BTreeSet<EventId>>,
    ) -> Result<Self, DeskError> {
        let history = known.history(id)?;
        let mut entries = reading::read(&history);
        entries.retain(|entry| {
            let in_selection = seen.is_none_or(|seen| seen.contains(&entry.id));
            in_selection && entry.concerns(id) && known.took_effect(entry)
        });
        let marked_by = known.marked_by();
        let is_hidden = |reading: &Event, amendment: Option<&Marking>, entry: &Entry| {
            let (scheme, default) = (&marked_by.0, marked_by.1.as_ref());
            let binding = scheme.binding(default, reading.envelope.marking.as_ref(), amendment);
            scheme.is_above(default, binding, known.marking_of(entry).as_ref())
        };
        let readings = history.iter().filter_map(|raw| reading_of(raw, id, &entries, is_hidden)).collect();
        Ok(Self { entries: reading::in_order_of_effect(entries, &known.zone), readings })
    }

    /// Returns the dates that were ever said of a meeting, the newest word first.
    pub(super) fn meeting_dates(&self) -> impl Iterator<Item = &Occurred> {
        self.readings.iter().rev().filter_map(|(_, event)| {
            let sat = event.envelope.effective.as_ref().or(event.envelope.occurred.as_ref());
            meeting::date_given(event).or(sat.filter(|_| meeting::is_session(event.kind())))
        })
    }

    /// Returns the dates to which an entry ever adjourned the meeting, the newest word first.
    pub(super) fn adjourned_to(&self, entry: EventId) -> impl Iterator<Item = &Occurred> {
        self.readings.iter().rev().filter_map(move |(id, event)| {
            let adjourns = *id == entry && event.kind() == Kind::MeetingAdjourned;
            meeting::detail(&event.fact).filter(|_| adjourns)?.until.as_ref()
        })
    }

    /// Returns the deadlines that an overture ever had, the newest word first.
    pub(super) fn deadlines(&self) -> impl Iterator<Item = &Occurred> {
        self.readings.iter().rev().filter_map(|(_, event)| {
            if let Fact::OvertureExtended(step) | Fact::OvertureReiterated(step) = &event.fact {
                return step.deadline.as_ref();
            }
            offer_of(&event.fact)?.deadline.as_ref()
        })
    }

    /// Returns the dates that were ever proposed, the newest word first.
    pub(super) fn proposed_dates(&self) -> impl Iterator<Item = &Occurred> {
        self.readings.iter().rev().filter_map(|(_, event)| offer_of(&event.fact)?.proposed_date.as_ref())
    }
}

/// Returns what an event made one of the entries say of the entity; none where the entry opens another of its own, none
/// where that text was removed since, and none that was more restricted than the entry is now: it was meant for others.
fn reading_of(
    raw: &RawEvent,
    entity: EntityId,
    entries: &[Entry],
    is_hidden: impl Fn(&Event, Option<&Marking>, &Entry) -> bool,
) -> Option<(EventId, Event)> {
    let event = raw.event.as_ref()?;
    let (id, reading, amendment) = if let Fact::RecordAmended(amended) = &event.fact {
        (amended.target, reading::given(event)?, event.envelope.marking.as_ref())
    } else {
        (raw.id, event.clone(), None)
    };
    let entry = entries.iter().find(|entry| entry.id == id)?;
    let removed = entry.removed.is_some_and(|by| raw.position < by);
    let other = reading.created(id).is_some_and(|created| created != entity);
    (!removed && !other && !is_hidden(&reading, amendment, entry)).then_some((id, reading))
}
