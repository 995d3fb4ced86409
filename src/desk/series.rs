//! Where series of talks stand: their sessions in order, and what became of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::desk::Desk;
use crate::desk::answer::board::{MeetingRow, SeriesRow};
use crate::desk::answer::entry::AnomalyRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{SeriesAsk, When};
use crate::desk::error::DeskError;
use crate::desk::filter;
use crate::desk::known::Known;
use crate::desk::meetings::{self, Told};
use crate::domain::fact::EntityKind;
use crate::domain::fact::register::Sort;
use crate::domain::id::{EntityId, EventId};
use crate::domain::meeting;
use crate::domain::name;
use crate::domain::reading::{self, Entry};
use crate::domain::series::{self, SeriesState};
use crate::domain::timestamp::Timestamp;

/// A series of talks, with the forum of the same name that carries it.
pub(crate) struct Talks {
    /// The series; the forum itself where only that is in the register.
    pub(crate) id: EntityId,
    /// Everything that its entries may be about: the series, the forum, or both.
    pub(crate) ids: Vec<EntityId>,
}

/// Returns every series, by name, and every forum in which delegations met without a series of its name; or the one that
/// is asked for.
pub(super) fn series(
    desk: &Desk,
    when: &When,
    ask: &SeriesAsk,
) -> Result<Answer<Page<SeriesRow>>, DeskError> {
    let known = desk.known(when)?;
    let meant = ask.series.as_deref().map(|name| filter::channel(&known, name)).transpose()?;
    let is_meant =
        |talks: &Talks| meant.as_ref().is_none_or(|meant| talks.ids.iter().any(|id| meant.contains(id)));
    let mut items = Vec::new();
    for talks in all(&known).into_iter().filter(is_meant) {
        if let Some(row) = talks.row(&known)? {
            items.push(row);
        }
    }
    items.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    if let (Some(name), true) = (&ask.series, items.is_empty()) {
        let what = format!("series `{}`", name.trim());
        let hints =
            vec!["it is a channel in which no delegations met; `series` lists those that are".to_owned()];
        return Err(DeskError::NotFound { what, hints });
    }
    let total = items.len() as u64;
    Ok(known.answer(Page { items, next: None, total }))
}

/// Returns the series and the forums of the register.
pub(crate) fn all(known: &Known) -> Vec<Talks> {
    let register = &known.register;
    let mut by_name: BTreeMap<String, EntityId> = BTreeMap::new();
    let mut every: Vec<Talks> = Vec::new();
    for (id, entry) in register.all_series() {
        every.push(Talks { id, ids: vec![id] });
        for name in &entry.entered.names {
            by_name.entry(name::fold(&name.text)).or_insert(id);
        }
    }
    for (id, channel) in register.channels().filter(|(_, channel)| channel.entered.sort == Sort::Forum) {
        let carried = by_name.get(&name::fold(channel.entered.name.as_str()));
        match carried.and_then(|series| every.iter_mut().find(|talks| talks.id == *series)) {
            Some(talks) => talks.ids.push(id),
            None => every.push(Talks { id, ids: vec![id] }),
        }
    }
    every
}

/// Returns the misfits of a series.
pub(super) fn anomalies(known: &Known, id: EntityId) -> Result<Vec<AnomalyRow>, DeskError> {
    match all(known).into_iter().find(|talks| talks.ids.contains(&id)) {
        Some(talks) => Ok(talks.row(known)?.map(|row| row.anomalies).unwrap_or_default()),
        None => Ok(Vec::new()),
    }
}

/// Returns where a series stands in one line, to compare two knowings by.
pub(crate) fn series_words(row: &SeriesRow) -> String {
    let sessions = match row.rounds.as_slice() {
        [] => "no session".to_owned(),
        [_] => "1 session".to_owned(),
        several => format!("{} sessions", several.len()),
    };
    let last = row.rounds.last().and_then(|round| round.date.as_ref());
    let last = last.map(|date| format!(", the last {}", date.words)).unwrap_or_default();
    format!("{}, {sessions}{last}", row.state)
}

impl Talks {
    /// Returns where it stands; none for a forum in which no delegations had met.
    pub(crate) fn row(&self, known: &Known) -> Result<Option<SeriesRow>, DeskError> {
        let (story, meetings) = self.story(known)?;
        let registered = known.register.series(self.id).is_some();
        if !registered && meetings.is_empty() && !story.iter().any(is_talks) {
            return Ok(None);
        }
        let standing = series::standing(&self.ids, &story, &known.policies, known.at, &known.zone);
        let reason = match standing.reason {
            Some(reason) => known.entry(reason)?.map(|entry| known.recognised(&entry)).transpose()?,
            None => None,
        };
        let derived_by = standing.stalled_by.as_ref().and_then(|policy| {
            let span = policy.set.stalled_after?.words();
            let since = reason.as_ref().map_or_else(String::new, |last| format!(" since {}", last.handle));
            Some(format!("no session for {span}{since} (policy `{}`)", policy.set.name))
        });
        let (sat, others): (Vec<Told>, Vec<Told>) =
            meetings.into_iter().partition(|told| told.standing.was_in_session);
        let mut rounds = Vec::new();
        for (nth, told) in (1..).zip(in_order(&story, sat)) {
            let mut row = told.row(known)?;
            row.nth = Some(nth);
            rounds.push(row);
        }
        let without_session = without_session(known, &story, &others)?;
        Ok(Some(SeriesRow {
            id: self.id,
            name: known.named(self.id)?.name,
            state: standing.state.map_or("unknown", SeriesState::as_str).to_owned(),
            reason,
            derived_by,
            gaps: gaps(&rounds, &without_session),
            rounds,
            without_session,
            anomalies: meetings::anomalies(known, &standing.misfits)?,
        }))
    }

    /// Returns the meetings that belong to it.
    pub(crate) fn meetings(&self, known: &Known) -> Result<BTreeSet<EntityId>, DeskError> {
        let mut meetings = BTreeSet::new();
        for id in &self.ids {
            for entry in known.story(*id)? {
                meetings.extend(meetings_of(known, &entry)?);
            }
        }
        Ok(meetings)
    }

    /// Returns the meetings that belong to it or that it carried, as every list shows them.
    pub(crate) fn meetings_within(&self, known: &Known) -> Result<BTreeSet<EntityId>, DeskError> {
        let mut meetings = BTreeSet::new();
        for id in &self.ids {
            for entry in reading::read_owned(known.history(*id)?) {
                if !entry.struck && (entry.concerns(*id) || entry.came_over(*id)) {
                    meetings.extend(meetings_of(known, &entry)?);
                }
            }
        }
        Ok(meetings)
    }

    /// Returns the entries of the series and of its meetings in the order of effect, and the meetings.
    fn story(&self, known: &Known) -> Result<(Vec<Entry>, Vec<Told>), DeskError> {
        let mut entries: BTreeMap<EventId, Entry> = BTreeMap::new();
        let mut meetings: BTreeMap<EntityId, Told> = BTreeMap::new();
        for id in &self.ids {
            for entry in known.story(*id)? {
                for meeting in meetings_of(known, &entry)? {
                    if !meetings.contains_key(&meeting)
                        && let Some(told) = meetings::told(known, meeting)?
                    {
                        meetings.insert(meeting, told);
                    }
                }
                entries.insert(entry.id, entry);
            }
        }
        // A later entry of a meeting need not say again to which series the meeting belongs.
        for told in meetings.values() {
            for entry in told.story.iter().filter(|entry| is_meeting(entry)) {
                entries.entry(entry.id).or_insert_with(|| entry.clone());
            }
        }
        let entries = reading::in_order_of_effect(entries.into_values().collect(), &known.zone);
        Ok((entries, meetings.into_values().collect()))
    }
}

/// Returns the meetings in which the sides sat together, in the order of their first session.
fn in_order(story: &[Entry], meetings: Vec<Told>) -> Vec<Told> {
    let sat = |entry: &Entry| entry.event.as_ref().is_some_and(|event| meeting::is_session(event.kind()));
    let place = |told: &Told| {
        story.iter().position(|entry| sat(entry) && told.story.iter().any(|own| own.id == entry.id))
    };
    let mut rounds: Vec<(Option<usize>, Told)> =
        meetings.into_iter().map(|told| (place(&told), told)).collect();
    rounds.sort_by_key(|(place, _)| *place);
    rounds.into_iter().map(|(_, told)| told).collect()
}

/// Returns the meetings in which the sides did not sit together, by the date for which each was meant, those of one date
/// in the order in which they were first spoken of; those without one last.
fn without_session(known: &Known, story: &[Entry], others: &[Told]) -> Result<Vec<MeetingRow>, DeskError> {
    let place = |told: &Told| {
        let first = story.iter().position(|entry| told.story.iter().any(|own| own.id == entry.id));
        let date = told.standing.date.as_ref().map(|date| date.earliest(&known.zone));
        (date.unwrap_or(Timestamp::MAX), first)
    };
    let mut meant: Vec<_> = others.iter().map(|told| (place(told), told)).collect();
    meant.sort_by_key(|(place, _)| *place);
    meant.into_iter().map(|(_, told)| told.row(known)).collect()
}

/// Says of which rounds no session is on record, and what became of them where that is, which number several have, and
/// how many have none; nothing where nobody counts them.
fn gaps(rounds: &[MeetingRow], without_session: &[MeetingRow]) -> Vec<String> {
    let mut numbered: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for round in rounds {
        if let Some(number) = round.round {
            numbered.entry(number).or_default().push(&round.handle);
        }
    }
    let mut failed: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut ahead: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for round in without_session {
        let lies_ahead = matches!(round.state.as_str(), "agreed_in_principle" | "scheduled");
        if let Some(number) = round.round.filter(|number| !numbered.contains_key(number)) {
            let state = round.state.replace('_', " ");
            let of_these = if lies_ahead { &mut ahead } else { &mut failed };
            of_these.entry(number).or_default().push(format!("{} is {state}", round.handle));
        }
    }
    let Some(last) = numbered.keys().chain(failed.keys()).max().copied() else { return Vec::new() };
    // Of what lies ahead only that is a gap which others were held before.
    ahead.retain(|number, _| *number < last && !failed.contains_key(number));
    let counted: BTreeSet<u32> = numbered.keys().chain(failed.keys()).chain(ahead.keys()).copied().collect();
    let mut gaps = Vec::new();
    let mut next = 1;
    for number in &counted {
        match number.saturating_sub(next) {
            0 => {}
            1 => gaps.push(format!("no session of round {next} is on record")),
            _ => gaps.push(format!("no session of rounds {next} to {} is on record", number - 1)),
        }
        if let Some(handles) = numbered.get(number).filter(|handles| handles.len() > 1) {
            gaps.push(format!("{} are all numbered {number}", handles.join(", ")));
        }
        if let Some(failed) = failed.get(number) {
            gaps.push(format!("no session of round {number} is on record: {}", failed.join(", ")));
        }
        if let Some(ahead) = ahead.get(number) {
            gaps.push(format!("round {number} lies ahead: {}", ahead.join(", ")));
        }
        next = number.saturating_add(1);
    }
    match rounds.iter().filter(|round| round.round.is_none()).count() {
        0 => {}
        1 => gaps.push("1 round has no number".to_owned()),
        several => gaps.push(format!("{several} rounds have no number")),
    }
    gaps
}

fn is_meeting(entry: &Entry) -> bool {
    entry.event.as_ref().is_some_and(|event| meeting::detail(&event.fact).is_some())
}

fn is_talks(entry: &Entry) -> bool {
    entry.event.as_ref().is_some_and(|event| event.kind().family() == "talks")
}

/// Returns the meetings that a `meeting.*` entry brings into being or is about.
fn meetings_of(known: &Known, entry: &Entry) -> Result<Vec<EntityId>, DeskError> {
    let Some(event) = entry.event.as_ref().filter(|_| is_meeting(entry)) else { return Ok(Vec::new()) };
    let mut meetings: Vec<EntityId> = event.created(entry.id).into_iter().collect();
    for about in &event.envelope.about {
        if known.view.kind_of(*about)? == Some(EntityKind::Meeting) {
            meetings.push(*about);
        }
    }
    Ok(meetings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::desk::ask::{Caller, RecordAsk};
    use crate::desk::testing::Fixture;

    #[test]
    fn rounds_that_are_missing_and_a_number_that_two_have_are_told() {
        let fixture = Fixture::new();
        let mut entries = vec![json!({"kind": "series.registered", "names": "talks"})];
        for (place, number) in [Some(1), Some(2), Some(6), Some(7), Some(6), None].into_iter().enumerate() {
            let mut held = json!({"kind": "meeting.held", "id": format!("r{place}"), "about": "talks",
                "date": format!("2020-0{}-01", place + 1), "from": "KOR", "to": "PRK"});
            if let Some(number) = number {
                held["round"] = json!(number);
            }
            entries.push(held);
        }
        let kim = Caller { actor: "kim".to_owned(), tz: None };
        fixture.desk.record(&kim, &RecordAsk { entries, ..RecordAsk::default() }).unwrap();
        let told =
            series(&fixture.desk, &When::default(), &SeriesAsk::default()).unwrap().data.items.remove(0);
        assert_eq!(
            told.gaps,
            [
                "no session of rounds 3 to 5 is on record",
                "r2, r4 are all numbered 6",
                "1 round has no number"
            ]
        );
    }

    #[test]
    fn a_round_that_was_not_held_is_shown_with_what_became_of_it() {
        let fixture = Fixture::new();
        let round = |kind: &str, id: &str, date: &str, round: u32| json!({"kind": kind, "id": id, "about": "talks", "date": date, "round": round, "from": "KOR", "to": "PRK"});
        let planned = |id: &str, number: u32, on: &str| {
            let mut planned = round("meeting.scheduled", id, "2020-01-01", number);
            planned["meeting_date"] = json!(on);
            planned
        };
        let put_off = json!({"kind": "meeting.postponed", "about": "r5", "date": "2020-04-20", "from": "PRK",
            "cause": "rain", "by": "PRK"});
        let cancelled = json!({"kind": "meeting.cancelled", "about": "r3", "date": "2020-02-20", "from": "PRK",
            "cause": "exercise", "by": "PRK"});
        let entries = vec![
            json!({"kind": "series.registered", "names": "talks"}),
            json!({"kind": "policy.set", "name": "pause", "stalled_after": "60d", "date": "2020-01-01"}),
            round("meeting.held", "r1", "2020-01-05", 1),
            planned("r3", 3, "2020-03-01"),
            cancelled,
            planned("r5", 5, "2020-05-01"),
            put_off,
            round("meeting.held", "r4", "2020-04-01", 4),
            planned("r6", 6, "2031-01-01"),
        ];
        let kim = Caller { actor: "kim".to_owned(), tz: None };
        fixture.desk.record(&kim, &RecordAsk { entries, ..RecordAsk::default() }).unwrap();
        let when = When { at: Some("2020-12-31".to_owned()), ..When::default() };
        let told = series(&fixture.desk, &when, &SeriesAsk::default()).unwrap().data.items.remove(0);
        assert_eq!(
            told.gaps,
            [
                "no session of round 2 is on record",
                "no session of round 3 is on record: r3 is cancelled",
                "no session of round 5 is on record: r5 is postponed",
            ]
        );
        let others: Vec<_> =
            told.without_session.iter().map(|row| (row.handle.as_str(), row.state.as_str())).collect();
        assert_eq!(others, [("r3", "cancelled"), ("r6", "scheduled"), ("r5", "postponed")]);
        let cause = told.without_session[2].cause.as_deref();
        assert_eq!(cause, Some("PRK, sine die instead of 1 May 2020: rain"));
        let rounds: Vec<_> = told.rounds.iter().map(|row| row.handle.as_str()).collect();
        assert_eq!(rounds, ["r1", "r4"]);
        assert_eq!((told.state.as_str(), told.reason.unwrap().handle.as_str()), ("stalled", "r4"));
        assert_eq!(told.derived_by.as_deref(), Some("no session for 60 days since r4 (policy `pause`)"));
    }
}
