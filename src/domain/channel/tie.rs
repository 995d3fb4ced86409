//! Where another order of the entries of one day would give another state (DOMAIN 3.8, rule 20).

use std::collections::HashSet;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::domain::channel::ChannelState;
use crate::domain::event::Event;
use crate::domain::fact::Kind;
use crate::domain::id::EventId;
use crate::domain::link::Relation;
use crate::domain::occurred::Occurred;
use crate::domain::reading::Entry;

/// Entries of one day whose order nobody recorded, and the state that another order would give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tie {
    /// The entries, in the order in which they were taken.
    pub entries: Vec<EventId>,
    /// The state that another order of them gives; none for an unknown one.
    pub otherwise: Option<ChannelState>,
}

/// So many entries of one day are tried in every order that is possible; of more only which is first
/// and which is last.
const EVERY_ORDER_MAX: usize = 5;

/// Returns other orders of the entries of one day: every one that their times and links allow, where
/// they are few.
///
/// Entries of the same kind stand for each other, so that a day of many missed calls costs little.
pub(super) fn other_orders(day: &[&Entry]) -> Vec<Vec<usize>> {
    let same = day.first().is_none_or(|first| day.iter().all(|entry| kind(entry) == kind(first)));
    let exact = day.iter().all(|entry| entry.effect().is_some_and(Occurred::is_exact));
    if day.len() < 2 || same || exact {
        return Vec::new();
    }
    if day.len() <= EVERY_ORDER_MAX {
        let mut orders = Vec::new();
        extend(day, &mut Vec::new(), &mut orders);
        orders.retain(|order| !order.is_sorted());
        return orders;
    }
    first_and_last(day)
}

/// Returns the orders in which an entry of each kind that can be first is, and likewise last.
fn first_and_last(day: &[&Entry]) -> Vec<Vec<usize>> {
    let exact: Vec<_> = day.iter().filter_map(|entry| instant(entry)).collect();
    let (earliest, latest) = (exact.iter().min(), exact.iter().max());
    let here: HashSet<EventId> = day.iter().map(|entry| entry.id).collect();
    // Those of which a link says that another of them comes before, and after.
    let (mut has_before, mut has_after) = (HashSet::new(), HashSet::new());
    for entry in day {
        for link in entry.links().iter().filter(|link| here.contains(&link.target)) {
            if link.relation == Relation::Before {
                has_after.insert(entry.id);
                has_before.insert(link.target);
            } else if link.relation == Relation::After || link.relation.enters_history() {
                has_before.insert(entry.id);
                has_after.insert(link.target);
            }
        }
    }
    let mut orders = Vec::new();
    let (mut first_kinds, mut last_kinds) = (HashSet::new(), HashSet::new());
    let others = |place: usize| (0..day.len()).filter(move |other| *other != place);
    for (place, entry) in day.iter().enumerate() {
        let own = instant(entry);
        let can_be_first = own.is_none() || own.as_ref() == earliest;
        let can_be_last = own.is_none() || own.as_ref() == latest;
        if can_be_first && !has_before.contains(&entry.id) && first_kinds.insert(kind(entry)) {
            orders.push(std::iter::once(place).chain(others(place)).collect());
        }
        if can_be_last && !has_after.contains(&entry.id) && last_kinds.insert(kind(entry)) {
            orders.push(others(place).chain(std::iter::once(place)).collect());
        }
    }
    orders
}

/// Adds every order that begins with `begun`.
fn extend(day: &[&Entry], begun: &mut Vec<usize>, orders: &mut Vec<Vec<usize>>) {
    if begun.len() == day.len() {
        orders.push(begun.clone());
        return;
    }
    for (place, entry) in
        day.iter().enumerate().filter(|(place, _)| !begun.contains(place)).collect::<Vec<_>>()
    {
        let waits = day
            .iter()
            .enumerate()
            .any(|(other, before)| other != place && !begun.contains(&other) && precedes(before, entry));
        if !waits {
            begun.push(place);
            extend(day, begun, orders);
            begun.pop();
        }
    }
}

/// Tells whether an entry is known to come before another of the same day, by its time or by a link.
fn precedes(entry: &Entry, other: &Entry) -> bool {
    let earlier = matches!((instant(entry), instant(other)), (Some(own), Some(later)) if own < later);
    let links = |of: &Entry, to: &Entry, wanted: fn(Relation) -> bool| {
        of.links().iter().any(|link| link.target == to.id && wanted(link.relation))
    };
    earlier
        || links(entry, other, |relation| relation == Relation::Before)
        || links(other, entry, |relation| relation == Relation::After || relation.enters_history())
}

fn instant(entry: &Entry) -> Option<DateTime<FixedOffset>> {
    entry.effect().and_then(Occurred::instant)
}

fn kind(entry: &Entry) -> Option<Kind> {
    entry.event.as_ref().map(Event::kind)
}
