//! Where the channels stand, as known and seen at a moment.

pub(crate) mod kept;
pub(in crate::desk) mod one;

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use crate::desk::Desk;
use crate::desk::answer::board::ChannelRow;
use crate::desk::answer::entry::AnomalyRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::When;
use crate::desk::channels::kept::Stood;
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::Parsed;
use crate::desk::known::Known;
use crate::desk::known::removed::removed_words;
use crate::domain::channel::{Anomaly, Channel, ChannelStanding, ChannelState, Interval, Tie};
use crate::domain::event::Event;
use crate::domain::fact::register::Sort;
use crate::domain::fact::{EntityKind, Fact, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::occurred::Occurred;
use crate::domain::reading::Entry;
use crate::domain::schedule::Weekday;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;
use crate::projections::together;

/// Of what adds up over the years a row tells so many, the latest: the whole of it is in the timeline.
const LATEST_MAX: usize = 8;

/// Answers [`Desk::channels`].
pub(crate) fn channels(desk: &Desk, when: &When) -> Result<Answer<Page<ChannelRow>>, DeskError> {
    let known = desk.known(when)?;
    let ids = known.register.channels().map(|(id, _)| id);
    let ids: Vec<EntityId> = ids.filter(|id| one::stands_for_itself(&known, *id)).collect();
    let rows = together::each_long(&ids, |id| channel_row(&known, *id));
    let mut items = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
    // A line stands in the same place every morning; what is closed for good needs nobody's eyes.
    let rank = |row: &ChannelRow| match row.sort.as_str() {
        "line" if row.state == ChannelState::Closed.as_str() => 1,
        "line" => 0,
        "carrier" => 2,
        _ => 3,
    };
    items.sort_by(|one, other| (rank(one), &one.name, one.id).cmp(&(rank(other), &other.name, other.id)));
    let total = items.len() as u64;
    Ok(known.answer(Page { items, next: None, total }))
}

/// Returns where a channel stands, as the board shows it.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(crate) fn channel_row(known: &Known, id: EntityId) -> Result<ChannelRow, DeskError> {
    Ok(row_and_anomalies(known, id, &|_| false)?.0)
}

/// Returns where a channel stands, as the board shows it, with those anomalies in it that some entries made.
///
/// # Errors
///
/// As [`channel_row`].
pub(super) fn row_and_anomalies(
    known: &Known,
    id: EntityId,
    made_by: &dyn Fn(EventId) -> bool,
) -> Result<(ChannelRow, Vec<AnomalyRow>), DeskError> {
    let channel = channel(known, id);
    let stood = stand(known, &channel)?;
    let entries = Entries::of(known, &channel, &stood.story);
    let made = entries.anomalies(stood.standing.anomalies.iter().filter(|anomaly| made_by(anomaly.entry)))?;
    Ok((row(known, &channel, &stood, &entries)?, made))
}

/// Returns those anomalies in a channel that some entries made.
///
/// # Errors
///
/// As [`channel_row`].
pub(super) fn anomalies_made_by(
    known: &Known,
    id: EntityId,
    made_by: &dyn Fn(EventId) -> bool,
) -> Result<Vec<AnomalyRow>, DeskError> {
    let channel = channel(known, id);
    let stood = stand(known, &channel)?;
    let made = stood.standing.anomalies.iter().filter(|anomaly| made_by(anomaly.entry));
    Entries::of(known, &channel, &stood.story).anomalies(made)
}

fn row(
    known: &Known,
    channel: &Channel<'_>,
    Stood { standing, story }: &Stood,
    entries: &Entries<'_>,
) -> Result<ChannelRow, DeskError> {
    let id = channel.id;
    let entry_ref = |id: EventId| entries.get(id)?.map(|entry| known.recognised(&entry)).transpose();
    let sort = match channel.registered.map(|registered| registered.sort) {
        _ if standing.line => Sort::Line,
        Some(sort) => sort,
        None => Sort::Carrier,
    };
    let state = match standing.state {
        _ if !standing.line => "none",
        Some(state) => state.as_str(),
        None => "unknown",
    };
    let ends = channel.registered.map_or(&[][..], |registered| &registered.ends);
    let cut = standing.state.is_some_and(ChannelState::is_cut);
    let works = standing.capabilities.iter().filter(|_| !cut);
    let removed = known.removed_about(id)?;
    let mut remarks = remarks(known, id, standing, story, entries)?;
    remarks.extend(removed_words(removed, "about it"));
    Ok(ChannelRow {
        id,
        name: known.named(id)?.name,
        sort: sort.as_str().to_owned(),
        state: state.to_owned(),
        possibly: standing.possibly,
        reason: standing.reason.filter(|_| standing.line).map(entry_ref).transpose()?.flatten(),
        since: standing.since.as_ref().filter(|_| standing.line).map(Known::date),
        last_evidence: standing.last_evidence.map(entry_ref).transpose()?.flatten(),
        last_attempt: standing.last_attempt.as_ref().map(Known::date),
        last_answer: standing.last_answer.as_ref().map(Known::date),
        missed_in_a_row: standing.missed_in_a_row,
        declared: declared(known, standing)?,
        derived_by: standing.derived_by.as_ref().map(ToString::to_string),
        capabilities: works.map(ToString::to_string).collect(),
        schedule: standing.schedule.as_ref().map(crate::domain::schedule::Schedule::words),
        ends: known.all_named(ends)?,
        one_with: one::one_with(known, id)?,
        used_while_cut: latest(&standing.used_while_cut)
            .iter()
            .filter_map(|id| entry_ref(*id).transpose())
            .collect::<Result<_, _>>()?,
        used_while_cut_total: standing.used_while_cut.len() as u64,
        anomalies: entries.anomalies(latest(&standing.anomalies).iter())?,
        anomalies_total: standing.anomalies.len() as u64,
        ties: standing.ties.iter().map(|tie| tie_words(tie, entries)).collect::<Result<_, _>>()?,
        removed,
        remarks,
    })
}

fn latest<T>(all: &[T]) -> &[T] {
    all.get(all.len().saturating_sub(LATEST_MAX)..).unwrap_or_default()
}

/// The entries that a row tells of: those that were looked at last, and any other.
struct Entries<'a> {
    known: &'a Known,
    channel: &'a Channel<'a>,
    near: HashMap<EventId, &'a Entry>,
}

impl<'a> Entries<'a> {
    fn of(known: &'a Known, channel: &'a Channel<'a>, story: &'a [Entry]) -> Self {
        Self { known, channel, near: story.iter().map(|entry| (entry.id, entry)).collect() }
    }

    fn get(&self, id: EventId) -> Result<Option<Cow<'_, Entry>>, DeskError> {
        match self.near.get(&id) {
            Some(entry) => Ok(Some(Cow::Borrowed(*entry))),
            None => Ok(self.known.entry(id)?.and_then(|entry| self.channel.last_told(entry)).map(Cow::Owned)),
        }
    }

    fn handle(&self, id: EventId) -> Result<String, DeskError> {
        Ok(Known::handle(id, self.get(id)?.as_ref().and_then(|entry| entry.event.as_ref())))
    }

    fn anomalies<'t>(&self, told: impl Iterator<Item = &'t Anomaly>) -> Result<Vec<AnomalyRow>, DeskError> {
        let mut rows = Vec::new();
        for anomaly in told {
            if let Some(entry) = self.get(anomaly.entry)? {
                let (expected, found) = (anomaly.expected.clone(), anomaly.found.clone());
                rows.push(AnomalyRow { entry: self.known.recognised(&entry)?, expected, found });
            }
        }
        Ok(rows)
    }
}

/// Returns the state of a channel in one line: `unresponsive since 10 April 2023 (ik-139)`.
pub(crate) fn channel_words(row: &ChannelRow) -> String {
    match row.state.as_str() {
        "none" => return format!("{}, which has no state", row.sort),
        "unknown" if row.missed_in_a_row > 0 => {
            return format!("unknown, {} missed in a row", calls(row.missed_in_a_row));
        }
        "unknown" if row.removed > 0 => return "unknown, and texts about it were removed".to_owned(),
        "unknown" => return "unknown, nothing recorded gives it a state".to_owned(),
        _ => {}
    }
    let possibly = if row.possibly { "possibly " } else { "" };
    let since = row.since.as_ref().map_or_else(String::new, |since| format!(" since {}", since.words));
    let reason = row.reason.as_ref().map_or_else(String::new, |reason| format!(" ({})", reason.handle));
    let derived = row.derived_by.as_ref().map_or_else(String::new, |rule| format!(", by {rule}"));
    let missed = match row.missed_in_a_row {
        0 => String::new(),
        missed => format!(", {} missed in a row", calls(missed)),
    };
    format!("{possibly}{}{since}{reason}{derived}{missed}", row.state)
}

fn calls(number: u32) -> String {
    if number == 1 { "1 call".to_owned() } else { format!("{number} calls") }
}

/// Returns the channel that an id means, under the name that stands for all its names, and by what its state is told.
pub(crate) fn channel(known: &Known, id: EntityId) -> Channel<'_> {
    let id = one::standing_for(known, id);
    let registered = known.register.channel(id).map(|channel| &channel.entered);
    Channel { id, registered, policies: &known.policies, zone: &known.zone }
}

/// Returns where a channel stands; what goes by several names, as few channels do, is folded from nothing each time.
fn stand(known: &Known, channel: &Channel<'_>) -> Result<Stood, DeskError> {
    if one::has_names(known, channel.id) {
        return Ok(Stood::of(known, channel, one::history(known, channel.id)?));
    }
    known.channels.stand(known, channel)
}

/// Returns the story of a channel, and in which states it was by the moment asked about.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(crate) fn intervals(known: &Known, id: EntityId) -> Result<(Vec<Entry>, Vec<Interval>), DeskError> {
    let channel = channel(known, id);
    let story = story(known, &channel)?;
    let intervals = channel.intervals(&story, known.at);
    Ok((story, intervals))
}

/// Completes a schedule that someone typed: the days and the zone that are left out stay those of the
/// schedule in force.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] where several channels are named whose schedules in force differ in that.
pub(super) fn keep_schedule(known: &Known, typed: &Value, parsed: &mut Parsed) -> Result<(), DeskError> {
    let Event { envelope, fact: Fact::ChannelScheduleChanged(changed) } = &mut parsed.event else {
        return Ok(());
    };
    let Some(schedule) = &mut changed.schedule else { return Ok(()) };
    let given = |part: &str| typed.get("schedule").and_then(|schedule| schedule.get(part)).is_some();
    if given("days") && given("zone") {
        return Ok(());
    }
    let effect = envelope.effective.as_ref().or(envelope.occurred.as_ref());
    let at = effect.map_or(known.at, |effect| effect.latest(&known.zone));
    let mut kept: Option<(EntityId, Vec<Weekday>, Option<Zone>)> = None;
    for id in envelope.about.iter().copied() {
        let channel = channel(known, id);
        let in_force = channel.stand(&story(known, &channel)?, at).schedule;
        let days = in_force.as_ref().filter(|_| !given("days"));
        let days = days.map_or_else(|| schedule.days.clone(), |in_force| in_force.days.clone());
        let zone = if given("zone") { schedule.zone } else { in_force.and_then(|in_force| in_force.zone) };
        match &kept {
            Some((first, known_days, known_zone)) if (known_days, *known_zone) != (&days, zone) => {
                let (one, other) = (known.named(*first)?.name, known.named(id)?.name);
                let detail = format!(
                    "{one} and {other} are called on other days or in another zone: give `days` and `zone`, \
                     or record one channel at a time"
                );
                return Err(Fault::in_field("schedule", detail).into());
            }
            Some(_) => {}
            None => kept = Some((id, days, zone)),
        }
    }
    if let Some((_, days, zone)) = kept {
        (schedule.days, schedule.zone) = (days, zone);
        parsed.body = parsed.event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
    }
    Ok(())
}

/// Returns everything that concerns a channel or came over it, also what takes effect later.
fn story(known: &Known, channel: &Channel<'_>) -> Result<Vec<Entry>, DeskError> {
    Ok(channel.story(one::history(known, channel.id)?))
}

/// Returns what each side says of it: the last word of the side or of any body of it.
fn declared(known: &Known, standing: &ChannelStanding) -> Result<Vec<String>, DeskError> {
    let mut sides: Vec<(String, String)> = Vec::new();
    let mut latest: Vec<(Timestamp, usize)> = Vec::new();
    for (place, declaration) in standing.declared.iter().enumerate() {
        let date = declaration.date.as_ref();
        latest.push((date.map_or(Timestamp::MIN, |date| date.earliest(&known.zone)), place));
    }
    latest.sort_unstable();
    for declaration in latest.iter().filter_map(|(_, place)| standing.declared.get(*place)) {
        let by = known.named(declaration.by)?.name;
        let side = match known.register.party_code(declaration.by) {
            Some(code) => code.root().to_string(),
            None => by.clone(),
        };
        let date = declaration.date.as_ref().map_or_else(|| "no date".to_owned(), Occurred::words);
        let mut details = vec![date];
        if by != side {
            details.push(format!("by {by}"));
        }
        let words = format!("{side}: {} ({})", declaration.status, details.join(", "));
        sides.retain(|(known, _)| *known != side);
        sides.push((side, words));
    }
    sides.sort();
    Ok(sides.into_iter().map(|(_, words)| words).collect())
}

fn tie_words(tie: &Tie, entries: &Entries<'_>) -> Result<String, DeskError> {
    let named = tie.entries.iter().map(|id| entries.handle(*id)).collect::<Result<Vec<String>, _>>()?;
    let otherwise = tie.otherwise.map_or("unknown", ChannelState::as_str);
    Ok(format!(
        "{} are of one day and their order is not recorded: in another order it would be {otherwise}",
        named.join(", ")
    ))
}

/// Returns what else must be said.
fn remarks(
    known: &Known,
    channel: EntityId,
    standing: &ChannelStanding,
    story: &[Entry],
    entries: &Entries<'_>,
) -> Result<Vec<String>, DeskError> {
    let mut remarks = Vec::new();
    if let Some(successor) = standing.successor {
        remarks.push(format!("{} stands where it was", known.named(successor)?.name));
    }
    if standing.epoch > 1 {
        remarks.push(format!("it was closed before: this is its period {}", standing.epoch));
    }
    let damage = standing.damage.iter().map(|id| entries.handle(*id)).collect::<Result<Vec<String>, _>>()?;
    if !damage.is_empty() && standing.state != Some(ChannelState::Degraded) {
        remarks.push(format!("damage that nobody has said to be mended: {}", damage.join(", ")));
    }
    for entry in story.iter().filter(|entry| entry.bounds(&known.zone).0 > known.at) {
        let Some(event) = entry.event.as_ref().filter(|event| takes_effect_later(channel, event, known))
        else {
            continue;
        };
        let (said, effect) = (event.envelope.occurred.as_ref(), entry.effect());
        remarks.push(format!(
            "{} announced {}, in effect from {} ({})",
            event.kind().as_str(),
            said.map_or_else(String::new, Occurred::words),
            effect.map_or_else(String::new, Occurred::words),
            Known::handle(entry.id, Some(event))
        ));
    }
    Ok(remarks)
}

/// Tells whether a fact about this channel was said by the moment asked for, to hold from a later one.
///
/// What a channel only carried is said of another.
fn takes_effect_later(channel: EntityId, event: &Event, known: &Known) -> bool {
    let said = event.envelope.occurred.as_ref();
    event.envelope.effective.is_some()
        && event.kind().subject() == Subject::About(EntityKind::Channel)
        && event.envelope.about.contains(&channel)
        // A call is made at its slot and announced by nobody.
        && event.kind().family() != "call"
        && said.is_some_and(|said| said.earliest(&known.zone) <= known.at)
}

#[cfg(test)]
mod tests;
