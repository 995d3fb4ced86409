//! Where meetings stand: which are scheduled, postponed, cancelled, by whom and why.

use crate::desk::Desk;
use crate::desk::answer::board::MeetingRow;
use crate::desk::answer::entry::AnomalyRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{MeetingsAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::domain::fact::register::Sort;
use crate::domain::fact::{EntityKind, Kind};
use crate::domain::id::{EntityId, EventId};
use crate::domain::meeting::{self, MeetingState, Misfit, Standing};
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;

/// Returns the meetings of which anything had happened by then, by their date; those without one last.
pub(super) fn meetings(
    desk: &Desk,
    when: &When,
    ask: &MeetingsAsk,
) -> Result<Answer<Page<MeetingRow>>, DeskError> {
    let states = ask.status.as_deref().map(states).transpose()?;
    let known = desk.known(when)?;
    let mut rows: Vec<(Timestamp, MeetingRow)> = Vec::new();
    for id in known.entities(EntityKind::Meeting)? {
        let Some(told) = told(&known, id)? else { continue };
        if states
            .as_ref()
            .is_some_and(|asked| !told.standing.state.is_some_and(|state| asked.contains(&state)))
        {
            continue;
        }
        let date = told.standing.date.as_ref();
        let date = date.map_or(Timestamp::MAX, |date| date.earliest(&known.zone));
        rows.push((date, told.row(&known)?));
    }
    // Stable: meetings of one moment stay in the order in which they came into being.
    rows.sort_by_key(|(date, _)| *date);
    let items: Vec<MeetingRow> = rows.into_iter().map(|(_, row)| row).collect();
    let total = items.len() as u64;
    Ok(known.answer(Page { items, next: None, total }))
}

/// Returns where a meeting stands in one line, to compare two knowings by.
pub(crate) fn meeting_words(row: &MeetingRow) -> String {
    let possibly = if row.possibly { "possibly " } else { "" };
    let mut words = format!("{possibly}{}", row.state);
    if row.derived {
        words.push_str(" (by the clock, to be confirmed)");
    }
    if let Some(date) = &row.date {
        words = format!("{words}, {}", date.words);
    }
    if let Some(place) = &row.place {
        words = format!("{words}, {place}");
    }
    if let Some(cause) = &row.cause {
        words = format!("{words}; {cause}");
    }
    words
}

/// Returns misfits as every answer shows them.
pub(super) fn anomalies(known: &Known, misfits: &[Misfit]) -> Result<Vec<AnomalyRow>, DeskError> {
    let mut rows = Vec::with_capacity(misfits.len());
    for misfit in misfits {
        if let Some(entry) = known.entry(misfit.entry)? {
            rows.push(AnomalyRow {
                entry: known.recognised(&entry)?,
                expected: misfit.expected.clone(),
                found: misfit.found.clone(),
            });
        }
    }
    Ok(rows)
}

/// A meeting of which something had happened.
pub(super) struct Told {
    id: EntityId,
    /// Where it stands.
    pub(super) standing: Standing,
    /// Its entries, in the order of effect.
    pub(super) story: Vec<Entry>,
}

/// Returns a meeting's entries and where it stands; none while nothing of it had happened, or when all of
/// it is struck.
pub(super) fn told(known: &Known, id: EntityId) -> Result<Option<Told>, DeskError> {
    let told = Told::of(known, id, known.story(id)?);
    Ok(told.standing.state.is_some().then_some(told))
}

/// Tells whether the entry that brought a meeting into being was struck.
pub(super) fn began_struck(known: &Known, id: EntityId) -> Result<bool, DeskError> {
    Ok(known.entry(EventId::from_uuid(*id.as_uuid()))?.is_some_and(|entry| entry.struck))
}

impl Told {
    /// Tells whether any entry that holds does more than change when or where the meeting is to be.
    pub(super) fn is_set_anew(&self) -> bool {
        self.story.iter().any(|entry| {
            let Some(event) = &entry.event else { return false };
            let changes = matches!(event.kind(), Kind::MeetingDetailsChanged | Kind::MeetingPostponed);
            let of_another = event.created(entry.id).is_some_and(|created| created != self.id);
            meeting::detail(&event.fact).is_some() && !changes && !of_another
        })
    }

    /// Returns a meeting as other entries than those that hold tell it.
    pub(super) fn of(known: &Known, id: EntityId, story: Vec<Entry>) -> Self {
        let standing = meeting::standing(id, &story, known.at, &known.zone);
        Self { id, standing, story }
    }

    /// Returns the meeting as lists show it.
    pub(super) fn row(&self, known: &Known) -> Result<MeetingRow, DeskError> {
        let standing = &self.standing;
        let forum: Vec<EntityId> = standing
            .within
            .iter()
            .copied()
            .filter(|id| is_forum(known, *id))
            .chain(self.carrier(known))
            .collect();
        let reason = self.story.iter().find(|entry| Some(entry.id) == standing.reason);
        let summary = reason.map(|entry| known.recognised(entry)).transpose()?.and_then(|told| told.summary);
        Ok(MeetingRow {
            id: self.id,
            handle: known.named(self.id)?.name,
            summary: summary.unwrap_or_default(),
            state: standing.state.map(|state| state.to_string()).unwrap_or_default(),
            derived: standing.derived,
            possibly: standing.possibly,
            date: standing.date.as_ref().map(Known::date),
            place: standing.place.clone(),
            parties: known.all_named(&standing.parties)?,
            forum: known.all_named(&forum)?,
            cause: self.cause(known)?,
            level: standing.level.clone(),
            outcome: standing.outcome.map(|outcome| outcome.to_string()),
            round: standing.round,
            nth: None,
            anomalies: self.anomalies(known)?,
            ties: self.ties(known)?,
        })
    }

    /// Says what does not fit, also that the entry that brought it into being was struck.
    fn anomalies(&self, known: &Known) -> Result<Vec<AnomalyRow>, DeskError> {
        let mut rows = Vec::new();
        if let Some(first) = known.entry(EventId::from_uuid(*self.id.as_uuid()))?.filter(|first| first.struck)
        {
            rows.push(AnomalyRow {
                entry: known.recognised(&first)?,
                expected: "an entry that holds and brings the meeting into being".to_owned(),
                found: "that entry struck from the record".to_owned(),
            });
        }
        rows.extend(anomalies(known, &self.standing.misfits)?);
        Ok(rows)
    }

    /// Returns the forum that carried the meeting, where its entries name one as their carrier only.
    fn carrier(&self, known: &Known) -> Vec<EntityId> {
        let mut carriers: Vec<EntityId> = Vec::new();
        for event in self.story.iter().filter_map(|entry| entry.event.as_ref()) {
            let forums = event.envelope.via.iter().copied().filter(|via| {
                known.register.channel(*via).is_some_and(|channel| channel.entered.sort == Sort::Forum)
            });
            for forum in forums {
                let shown = self.standing.within.contains(&forum) || carriers.contains(&forum);
                if meeting::detail(&event.fact).is_some() && !shown {
                    carriers.push(forum);
                }
            }
        }
        carriers
    }

    /// Says of which entries of one day another order would give another state.
    fn ties(&self, known: &Known) -> Result<Vec<String>, DeskError> {
        let mut words = Vec::new();
        for tie in &self.standing.ties {
            let (first, second) = (known.named(tie.first.into())?.name, known.named(tie.second.into())?.name);
            words.push(format!("{} if {second} came before {first} on that day", tie.otherwise));
        }
        Ok(words)
    }

    /// Says who put it off, called it off or left it, to which date, and why.
    fn cause(&self, known: &Known) -> Result<Option<String>, DeskError> {
        let Some(act) = &self.standing.act else { return Ok(None) };
        let by: Vec<String> = known.all_named(&act.by)?.into_iter().map(|named| named.name).collect();
        let by = if by.is_empty() { "nobody is named".to_owned() } else { by.join(" and ") };
        let had = act.instead_of.as_ref();
        let until = match (self.standing.state, &act.until, had) {
            (_, Some(until), _) => format!(", to {}", until.words()),
            (Some(MeetingState::Postponed), None, Some(had)) => {
                format!(", sine die instead of {}", had.words())
            }
            (Some(MeetingState::Postponed | MeetingState::Adjourned), None, _) => ", sine die".to_owned(),
            _ => String::new(),
        };
        let cause = act.cause.as_deref().unwrap_or("no reason given");
        Ok(Some(format!("{by}{until}: {cause}")))
    }
}

/// Tells whether meetings take place in it: a series of talks, or a channel.
fn is_forum(known: &Known, id: EntityId) -> bool {
    known.register.series(id).is_some() || known.register.channel(id).is_some()
}

fn states(typed: &str) -> Result<Vec<MeetingState>, DeskError> {
    let words = typed.split(',').map(str::trim).filter(|word| !word.is_empty());
    let states: Vec<MeetingState> = words
        .map(|word| word.parse().map_err(|error| Fault::in_field("status", format!("{error}"))))
        .collect::<Result<_, Fault>>()?;
    if states.is_empty() {
        let all: Vec<&str> = MeetingState::ALL.iter().map(|state| state.as_str()).collect();
        let detail = format!("no state is given; write one or several of {}", all.join(", "));
        return Err(Fault::in_field("status", detail).into());
    }
    Ok(states)
}

#[cfg(test)]
mod tests;
