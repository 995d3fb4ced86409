//! In which state each line was when: for a chart, and for whoever asks since when and until when.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::desk::Desk;
use crate::desk::answer::interval::{BoundaryRow, IntervalRow};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{IntervalsAsk, When};
use crate::desk::channels::{self, one};
use crate::desk::error::{DeskError, Fault};
use crate::desk::filter::range;
use crate::desk::known::Known;
use crate::desk::known::removed::removed_words;
use crate::domain::channel::{Boundary, ChannelState, Interval};
use crate::domain::fact::register::Sort;
use crate::domain::id::{EntityId, EventId};
use crate::domain::occurred::Occurred;
use crate::domain::overture::days_between;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;

impl Desk {
    /// As [`Desk::intervals`].
    pub(super) fn list_intervals(
        &self,
        when: &When,
        ask: &IntervalsAsk,
    ) -> Result<Answer<Page<IntervalRow>>, DeskError> {
        let mut known = self.known(when)?;
        let bounds = range::bounds(&known, ("from", ask.from.as_deref()), ("to", ask.to.as_deref()))?;
        let lines = lines(&mut known, ask.channel.as_deref())?;
        let mut items = Vec::new();
        for line in lines {
            let about = format!("about {}", known.named(line)?.name);
            if let Some(removed) = removed_words(known.removed_about(line)?, &about) {
                known.notice(removed);
            }
            items.extend(rows(&known, line, bounds)?);
        }
        let total = items.len() as u64;
        Ok(known.answer(Page { items, next: None, total }))
    }
}

/// Returns the lines that are meant, by name, or every one.
fn lines(known: &mut Known, typed: Option<&str>) -> Result<Vec<EntityId>, DeskError> {
    let Some(typed) = typed else {
        let mut lines: Vec<(String, EntityId)> =
            known.register.channels().map(|(id, channel)| (channel.entered.name.to_string(), id)).collect();
        lines.retain(|(_, id)| one::stands_for_itself(known, *id));
        lines.sort();
        return Ok(lines.into_iter().map(|(_, id)| id).collect());
    };
    let mut lines = Vec::new();
    for name in typed.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let id = one::standing_for(known, known.names.channel(name)?);
        if !lines.contains(&id) {
            lines.push(id);
        }
    }
    if lines.is_empty() {
        return Err(Fault::in_field("channel", "nothing is named; leave it out to ask for all").into());
    }
    for id in &lines {
        let entered = known.register.channel(*id).map(|channel| &channel.entered);
        let sort = entered.map(|entered| entered.sort).filter(|sort| *sort != Sort::Line);
        if let (Some(sort), Some(entered)) = (sort, entered)
            && channels::intervals(known, *id)?.1.is_empty()
        {
            let name = entered.name.to_string();
            known.notice(format!("{name} is a {} and has no state", sort.as_str()));
        }
    }
    Ok(lines)
}

fn rows(
    known: &Known,
    line: EntityId,
    bounds: Option<(Timestamp, Timestamp)>,
) -> Result<Vec<IntervalRow>, DeskError> {
    let (story, intervals) = channels::intervals(known, line)?;
    let entries: HashMap<EventId, &Entry> = story.iter().map(|entry| (entry.id, entry)).collect();
    let (channel, one_with) = (known.named(line)?, one::one_with(known, line)?);
    let overlaps = |interval: &&Interval| {
        let Some((from, to)) = bounds else { return true };
        interval.from.as_ref().is_none_or(|began| began.earliest <= to)
            && interval.to.as_ref().is_none_or(|ended| ended.latest >= from)
    };
    let mut rows = Vec::new();
    for interval in intervals.iter().filter(overlaps) {
        let entry = |id: EventId| entries.get(&id).map(|entry| known.recognised(entry)).transpose();
        let boundary = |boundary: &Boundary| {
            let latest = (boundary.latest > boundary.earliest).then_some(boundary.latest);
            let day = || Occurred::from_day(known.zone.local(boundary.earliest).date_naive());
            Ok::<_, DeskError>(BoundaryRow {
                earliest: boundary.earliest,
                latest: latest.filter(|_| boundary.date.as_ref().is_some_and(Occurred::is_doubtful)),
                date: Known::date(&boundary.date.clone().unwrap_or_else(day)),
                entry: boundary.by.map(entry).transpose()?.flatten(),
            })
        };
        let until = interval.to.as_ref().map_or(known.at, |ended| ended.earliest);
        let began = interval.from.as_ref().map(|began| began.earliest);
        rows.push(IntervalRow {
            channel: channel.clone(),
            one_with: one_with.clone(),
            state: interval.state.map_or("unknown", ChannelState::as_str).to_owned(),
            from: interval.from.as_ref().map(boundary).transpose()?,
            to: interval.to.as_ref().map(boundary).transpose()?,
            derived_by: interval.derived_by.as_ref().map(ToString::to_string),
            confirmed_by: interval.confirmed_by.map(entry).transpose()?.flatten(),
            days: began.map(|began| days_between(&known.zone, began, until)),
        });
    }
    Ok(rows)
}
