//! iCalendar (RFC 5545): the meetings that the selected entries concern, and the dates by which answers to
//! their overtures are due.
//!
//! A component stands for a meeting or an overture as it is now, whatever else the filter left out of its
//! history; only a filter by marking keeps out what it keeps out there too. What the filter would meet had it not
//! been struck stands there as cancelled: a calendar that was imported forgets nothing by itself.

mod component;
mod frame;
mod line;
mod past;
mod sitting;
mod span;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use crate::desk::Desk;
use crate::desk::ask::{ExportAsk, FilterAsk, When};
use crate::desk::error::DeskError;
use crate::desk::filter::{Selected, Selection};
use crate::desk::known::Known;
use crate::desk::outgoing::about::About;
use crate::desk::outgoing::calendar::component::{Component, meeting, reply_by};
use crate::desk::outgoing::calendar::line::property;
use crate::desk::outgoing::taking::{BATCH, Broke, Taking, concerned};
use crate::desk::overtures::standings::Standings;
use crate::domain::fact::EntityKind;
use crate::domain::id::{EntityId, EventId};
use crate::projections::timeline::By;

/// How many components a calendar has at most: programs that show calendars read them whole.
const COMPONENTS_MAX: usize = 100_000;

/// Writes the calendar.
pub(super) fn write(
    desk: &Desk,
    when: &When,
    ask: &ExportAsk,
    taking: &mut Taking<'_>,
    about: &About,
    out: &mut dyn Write,
) -> Result<(), Broke> {
    let mut named = Named::of(taking, ask.filter.marking.is_some())?;
    if ask.filter.status.is_none() {
        named.add_struck(&mut struck(desk, when, ask, about)?)?;
    }
    let known = seen(desk, when, taking.known(), about)?;
    let mut parts = Parts { seen: named.selected.as_ref(), text: String::new(), left_out: 0 };
    for id in named.meetings.values() {
        let how = (parts.seen, named.only_struck.contains(id));
        parts.add(meeting(&known, *id, &about.log, how)?, taking)?;
    }
    let mut standings = Standings::new(&known);
    for id in named.overtures.values() {
        let how = (parts.seen, named.only_struck.contains(id));
        parts.add(reply_by(&mut standings, *id, &about.log, how)?, taking)?;
        standings.let_go(*id);
    }
    let mut text = String::new();
    for (name, value) in [
        ("BEGIN", "VCALENDAR"),
        ("VERSION", "2.0"),
        ("PRODID", "-//demarche//export//EN"),
        ("CALSCALE", "GREGORIAN"),
    ] {
        text.push_str(&property(name, value));
    }
    let left_out = parts.left_out.to_string();
    for (name, value) in [
        ("X-WR-CALNAME", about.log.as_str()),
        ("X-WR-CALDESC", &about.words()),
        ("X-WR-TIMEZONE", &about.zone),
        ("X-DEMARCHE-QUERY", &about.query),
        ("X-DEMARCHE-KNOWN-AT", &about.known_at()),
        // Of these no day is known, or only a span too long to stand in a calendar.
        ("X-DEMARCHE-LEFT-OUT", &left_out),
    ] {
        if !value.is_empty() {
            text.push_str(&property(name, &line::text(value)));
        }
    }
    text.push_str(&parts.text);
    text.push_str(&property("END", "VCALENDAR"));
    out.write_all(text.as_bytes())?;
    Ok(())
}

/// Returns the record at the same position, seen from the moment asked about, else from that of its last
/// record: what the clock derives must not change while nothing is recorded.
fn seen(desk: &Desk, when: &When, taken: &Known, about: &About) -> Result<Known, DeskError> {
    let known_as_of = about.position.map(|position| position.to_string());
    let mut known = desk.known(&When { known_as_of, at: None, tz: when.tz.clone() })?;
    if when.at.is_some() || when.known_as_of.is_some() {
        known.at = taken.at;
    }
    Ok(known)
}

/// Selects the struck entries that the filter would meet otherwise, at the same position.
fn struck(desk: &Desk, when: &When, ask: &ExportAsk, about: &About) -> Result<Selection, DeskError> {
    let known_as_of = about.position.map(|position| position.to_string());
    let filter = FilterAsk { status: Some("struck".to_owned()), ..ask.filter.clone() };
    desk.select(&When { known_as_of, ..when.clone() }, &filter, By::Recorded, false)
}

/// What the selected entries concern, in the order in which it came into being.
struct Named {
    meetings: BTreeMap<(u64, EntityId), EntityId>,
    overtures: BTreeMap<(u64, EntityId), EntityId>,
    // Those that nothing but what is struck concerns, of what is met.
    only_struck: BTreeSet<EntityId>,
    // The entries themselves, where what else there is must not show.
    selected: Option<BTreeSet<EventId>>,
}

impl Named {
    fn of(taking: &mut Taking<'_>, closed: bool) -> Result<Self, DeskError> {
        let mut named = Self {
            meetings: BTreeMap::new(),
            overtures: BTreeMap::new(),
            only_struck: BTreeSet::new(),
            selected: closed.then(BTreeSet::new),
        };
        loop {
            let batch = taking.next()?;
            if batch.is_empty() {
                return Ok(named);
            }
            named.add(taking.known(), &batch)?;
        }
    }

    /// Adds what was struck.
    fn add_struck(&mut self, selection: &mut Selection) -> Result<(), DeskError> {
        let named = |all: &Self| all.meetings.values().chain(all.overtures.values()).copied().collect();
        let standing: BTreeSet<EntityId> = named(self);
        loop {
            let batch = selection.next_rows(BATCH)?;
            if batch.is_empty() {
                let all: BTreeSet<EntityId> = named(self);
                self.only_struck = all.difference(&standing).copied().collect();
                return Ok(());
            }
            self.add(selection.known(), &batch)?;
        }
    }

    fn add(&mut self, known: &Known, batch: &[Selected]) -> Result<(), DeskError> {
        let place = |id: EntityId| -> Result<(u64, EntityId), DeskError> {
            Ok((known.view.creation(id)?.map_or(0, |(position, _)| position), id))
        };
        for selected in batch {
            for id in concerned(known, &selected.entry, EntityKind::Meeting)? {
                self.meetings.insert(place(id)?, id);
            }
            for id in concerned(known, &selected.entry, EntityKind::Overture)? {
                self.overtures.insert(place(id)?, id);
            }
            if let Some(ids) = &mut self.selected {
                ids.insert(selected.entry.id);
            }
        }
        if self.meetings.len() + self.overtures.len() > COMPONENTS_MAX {
            return Err(DeskError::Refused {
                rule: format!("a calendar of more than {COMPONENTS_MAX} meetings and dates is none"),
                hints: vec!["narrow the filter: `kind=meeting`, `from=2018`".to_owned()],
            });
        }
        Ok(())
    }
}

/// The components so far.
struct Parts<'n> {
    seen: Option<&'n BTreeSet<EventId>>,
    text: String,
    left_out: u64,
}

impl Parts<'_> {
    fn add(&mut self, component: Component, taking: &mut Taking<'_>) -> Result<(), DeskError> {
        match component {
            Component::Shown { text, entries, left_out } => {
                taking.note(&entries)?;
                self.left_out += u64::from(left_out);
                self.text.push_str(&text);
            }
            Component::LeftOut => self.left_out += 1,
            Component::Nothing => {}
        }
        Ok(())
    }
}
