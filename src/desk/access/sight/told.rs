//! Of which earlier corrections a correction tells, for whoever would record it, and how restricted those are.

use std::collections::BTreeSet;

use crate::desk::access::sight::carrying::{carried, taken_back};
use crate::desk::access::sight::height::Height;
use crate::desk::access::sight::rules::Rules;
use crate::desk::entries::is_struck;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::EventId;
use crate::domain::reading::{RawEvent, given};

/// A correction of which another of the same entry tells.
#[derive(Debug, Clone)]
pub(in crate::desk) struct ToldOf {
    /// The correction.
    pub(in crate::desk) raw: RawEvent,
    /// How restricted it is.
    pub(in crate::desk) height: Height,
    /// In which fields, as they are recorded; none where a link is taken back that it asserts.
    pub(in crate::desk) fields: BTreeSet<String>,
}

/// Returns of which of the `corrections` of an entry, in the order of the log, another one tells: an amendment of those
/// that it carries, what takes a link back of the least restricted that asserts it.
pub(in crate::desk) fn told_of(
    rules: &Rules,
    raw: &RawEvent,
    corrections: &[RawEvent],
    event: &Event,
) -> Vec<ToldOf> {
    let mut heights: Vec<Option<Height>> = Vec::with_capacity(corrections.len());
    for (place, correction) in corrections.iter().enumerate() {
        let height = correction.event.as_ref().map(|event| {
            let own = Height::of_event(rules, event);
            if heights.iter().flatten().all(|height| own.is_as_restricted_as(height)) {
                return own;
            }
            let earlier = corrections.get(..place).unwrap_or_default();
            let told = of_those(rules, raw, (earlier, &heights), event);
            Height::joined(told.iter().map(|told| &told.height).chain([&own]))
        });
        heights.push(height);
    }
    of_those(rules, raw, (corrections, &heights), event)
}

fn of_those(
    rules: &Rules,
    raw: &RawEvent,
    (corrections, heights): (&[RawEvent], &[Option<Height>]),
    event: &Event,
) -> Vec<ToldOf> {
    let (Some(first), true) = (&raw.event, event.entry() == Some(raw.id)) else { return Vec::new() };
    let holding = holding(raw.id, corrections, heights);
    let events = holding.iter().map(|(_, event, _)| *event);
    let told = |index: usize, fields: BTreeSet<String>| {
        let (correction, _, height) = holding.get(index)?;
        Some(ToldOf { raw: (*correction).clone(), height: (*height).clone(), fields })
    };
    if let Some(reading) = given(event) {
        let is_below = |one: usize, other: usize| match (holding.get(one), holding.get(other)) {
            (Some((_, _, one)), Some((_, _, other))) => !one.is_as_restricted_as(other),
            _ => true,
        };
        let found = carried(first, events, is_below, &reading);
        return found.into_iter().filter_map(|carried| told(carried.index, carried.fields)).collect();
    }
    let Fact::RecordLinked(linked) = &event.fact else { return Vec::new() };
    if !linked.withdrawn {
        return Vec::new();
    }
    let own = Height::of(rules, raw, corrections);
    let of = |one: Option<usize>| match one {
        Some(place) => holding.get(place).map(|(_, _, height)| *height),
        None => own.as_ref(),
    };
    let covers = |one: Option<usize>, other: usize| {
        of(one).zip(of(Some(other))).is_some_and(|(one, other)| one.is_as_restricted_as(other))
    };
    let found = taken_back(first, events, covers, &linked.link).unwrap_or_default();
    let all: Vec<ToldOf> = found.into_iter().filter_map(|index| told(index, BTreeSet::new())).collect();
    let is_least = |one: &&ToldOf| all.iter().all(|other| other.height.is_as_restricted_as(&one.height));
    match all.iter().find(is_least) {
        Some(least) => vec![least.clone()],
        None => all,
    }
}

/// Returns the corrections of an entry that hold, with what they say, and how restricted they are.
fn holding<'c>(
    entry: EventId,
    corrections: &'c [RawEvent],
    heights: &'c [Option<Height>],
) -> Vec<(&'c RawEvent, &'c Event, &'c Height)> {
    let height_of = |id: EventId| {
        let place = corrections.iter().position(|correction| correction.id == id)?;
        heights.get(place)?.as_ref()
    };
    let strikes = |by: &RawEvent, id: EventId| {
        let fact = by.event.as_ref().map(|event| &event.fact);
        matches!(fact, Some(Fact::RecordRetracted(retracted)) if retracted.target == id)
    };
    let all = corrections.iter().zip(heights);
    let known = all.filter_map(|(raw, height)| Some((raw, raw.event.as_ref()?, height.as_ref()?)));
    known
        .filter(|(raw, event, height)| {
            // For whoever does not see that it was struck, it holds.
            let is_struck = corrections.iter().any(|by| {
                strikes(by, raw.id)
                    && height_of(by.id).is_some_and(|by| height.is_as_restricted_as(by))
                    && !is_struck(by.id, corrections)
            });
            event.entry() == Some(entry) && !is_struck
        })
        .collect()
}
