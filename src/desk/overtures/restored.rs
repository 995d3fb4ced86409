//! What can bring about what an offer proposes: that a channel works again.
//!
//! An opening or a restoration is read wherever it stands. Of the answered calls, of which a line has thousands,
//! those are read that can be the first to count: a call can end an offer that stands or lapsed, and an offer that
//! has come about stays so. Whether it stands is changed by what else is in its story alone. So of all calls
//! between two days of the story only those of the first day can matter, with those of the days of the story
//! themselves, where the order within the day decides, and with those whose date is too coarse to tell whether
//! they came before the offer. Links that put entries in another order than that of their dates undo this: then
//! every call is read.

use std::collections::{BTreeSet, HashSet};

use chrono::NaiveDate;

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::overtures::standings::entries_of;
use crate::domain::event::Event;
use crate::domain::fact::Kind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Relation;
use crate::domain::overture::offer_of;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::projections::timeline::{Spot, TimelineQuery};

/// The kinds of entries by which a channel works again, apart from calls.
const WORKS: [Kind; 3] = [Kind::ChannelOpened, Kind::ChannelRestored, Kind::ChannelReopened];

/// Returns the entries by which a channel works again whose restoration the offer proposes, each as it reads now,
/// struck ones and some that change nothing among them.
///
/// `story` is what else its state follows from, and `thread` what belongs to it. With `every_call` all calls are
/// returned, which is the definition: the state is the same.
pub(super) fn works_again(
    known: &Known,
    thread: &[Entry],
    creation: Option<&Entry>,
    story: &[Entry],
    every_call: bool,
) -> Result<Vec<Entry>, DeskError> {
    let channels = restores(thread);
    let mut found = Vec::new();
    // What was struck, or cannot be read, is not brought about by anything.
    let Some(offer) = creation.filter(|entry| !entry.struck && !channels.is_empty()) else {
        return Ok(found);
    };
    if !every_call && known.is_whole() {
        for channel in &channels {
            found.extend(openings(known, *channel)?);
        }
        let seen: HashSet<EventId> = thread.iter().map(|entry| entry.id).collect();
        let others: Vec<&Entry> =
            story.iter().chain(found.iter().filter(|entry| !seen.contains(&entry.id))).collect();
        let of_story = Story::of(known, offer, &others, &seen)?;
        let mut calls = Vec::new();
        for channel in &channels {
            calls.push(of_story.calls(*channel)?);
        }
        if let Some(calls) = calls.into_iter().collect::<Option<Vec<_>>>() {
            found.extend(calls.into_iter().flatten());
            return Ok(found);
        }
    }
    found.clear();
    for channel in channels {
        found.extend(whole(known, channel)?);
    }
    Ok(found)
}

/// Returns every entry by which a channel works again, calls included: the definition.
fn whole(known: &Known, channel: EntityId) -> Result<Vec<Entry>, DeskError> {
    let mut entries = entries_of(known, channel)?;
    entries.retain(|entry| works(entry, channel));
    Ok(entries)
}

/// Tells whether an entry says that a channel works again.
fn works(entry: &Entry, channel: EntityId) -> bool {
    let kind = entry.event.as_ref().map(Event::kind);
    kind.is_some_and(|kind| kind == Kind::CallAnswered || WORKS.contains(&kind)) && entry.concerns(channel)
}

/// Returns the entries by which a channel works again, without calls.
fn openings(known: &Known, channel: EntityId) -> Result<Vec<Entry>, DeskError> {
    known.rests_on(channel);
    let found = known.view.spots(&TimelineQuery {
        about: vec![channel].into(),
        kinds: WORKS.to_vec().into(),
        limit: usize::MAX,
        ..TimelineQuery::default()
    })?;
    let positions: Vec<u64> = found.spots.into_iter().map(Spot::position).collect();
    let mut entries = known.entries_at(&positions)?;
    entries.retain(|entry| works(entry, channel));
    Ok(entries)
}

/// Returns the channels whose restoration is proposed.
fn restores(thread: &[Entry]) -> Vec<EntityId> {
    let offers = thread.iter().filter_map(|entry| offer_of(&entry.event.as_ref()?.fact));
    let mut channels: Vec<EntityId> = offers.flat_map(|offer| offer.restores.iter().copied()).collect();
    channels.sort_unstable();
    channels.dedup();
    channels
}

/// The story of an offer without the calls, as far as they go by it.
struct Story<'a> {
    known: &'a Known,
    offer: &'a Entry,
    // The days on which something else took effect, from that of the offer on.
    days: BTreeSet<NaiveDate>,
    // What belongs to it, and is in the story where it moves it.
    thread: &'a HashSet<EventId>,
    // Links put it in another order than that of its dates.
    tangled: bool,
}

impl<'a> Story<'a> {
    /// Looks at a story. What is linked to the offer, or to an entry of its `thread` that makes nothing of its own,
    /// is in the thread; of every other it is looked up whether it is said to come before or after another.
    fn of(
        known: &'a Known,
        offer: &'a Entry,
        story: &[&Entry],
        thread: &'a HashSet<EventId>,
    ) -> Result<Self, DeskError> {
        let mut new = Self { known, offer, days: BTreeSet::new(), thread, tangled: false };
        let is_followed = |entry: &Entry| {
            let makes = entry.event.as_ref().is_some_and(|event| event.created(entry.id).is_some());
            entry.id == offer.id || thread.contains(&entry.id) && !makes
        };
        let among: HashSet<EventId> = story.iter().map(|entry| entry.id).collect();
        for entry in story {
            new.days.insert(new.day(entry.bounds(&known.zone).0));
            let outside =
                |(relation, target): (Relation, EventId)| orders(relation) && !among.contains(&target);
            let links = entry.links().iter().map(|link| (link.relation, link.target));
            new.tangled |=
                links.into_iter().any(outside) || !is_followed(entry) && is_put_in_order(known, entry.id)?;
        }
        let begins = new.day(offer.bounds(&known.zone).0);
        new.days.insert(begins);
        new.days = new.days.split_off(&begins);
        Ok(new)
    }

    fn day(&self, moment: Timestamp) -> NaiveDate {
        self.known.zone.local(moment).date_naive()
    }

    /// Returns the answered calls on a channel that can matter; none where every one must be read.
    fn calls(&self, channel: EntityId) -> Result<Option<Vec<Entry>>, DeskError> {
        if self.tangled {
            return Ok(None);
        }
        let calls = self.known.answered_calls(channel)?;
        let day = |call: &Spot| self.day(call.bounds().0);
        let offered = self.offer.bounds(&self.known.zone).0;
        let begins = self.day(offered);
        let early = calls.get(..calls.partition_point(|call| day(call) < begins)).unwrap_or_default();
        let perhaps_after = early.iter().filter(|call| call.bounds().1 >= offered);
        let mut entries = self.read(channel, perhaps_after)?;
        let mut days = self.days.iter().copied().peekable();
        while let Some(of_story) = days.next() {
            let from = calls.partition_point(|call| day(call) < of_story);
            let mut rest = calls.get(from..).unwrap_or_default();
            let same = rest.partition_point(|call| day(call) == of_story);
            entries.extend(self.read(channel, rest.iter().take(same))?);
            rest = rest.get(same..).unwrap_or_default();
            let next = days.peek().copied();
            while let Some(one) = rest.first().map(day).filter(|one| next.is_none_or(|next| *one < next)) {
                let (of_day, later) = rest.split_at(rest.partition_point(|call| day(call) == one));
                rest = later;
                let read = self.read(channel, of_day.iter())?;
                let counts = |entry: &Entry| {
                    let about =
                        entry.event.as_ref().is_some_and(|event| event.envelope.about.contains(&channel));
                    about && self.known.took_effect(entry)
                };
                let counted = read.iter().any(counts);
                let ahead = !read.is_empty() && read.iter().all(|entry| !self.known.took_effect(entry));
                entries.extend(read);
                if counted || ahead {
                    break;
                }
            }
        }
        self.sound(entries)
    }

    fn read<'s>(
        &self,
        channel: EntityId,
        calls: impl Iterator<Item = &'s Spot>,
    ) -> Result<Vec<Entry>, DeskError> {
        let positions: Vec<u64> = calls.map(|call| call.position()).collect();
        let mut entries = self.known.entries_at(&positions)?;
        entries.retain(|entry| works(entry, channel) && !self.thread.contains(&entry.id));
        Ok(entries)
    }

    /// Returns the calls, unless something puts one of them in another order than that of its date.
    fn sound(&self, calls: Vec<Entry>) -> Result<Option<Vec<Entry>>, DeskError> {
        for call in &calls {
            let otherwise = call.links().iter().any(|link| orders(link.relation))
                || call.event.as_ref().is_some_and(|event| event.envelope.effective.is_some());
            if otherwise || is_put_in_order(self.known, call.id)? {
                return Ok(None);
            }
        }
        Ok(Some(calls))
    }
}

/// Tells whether a link puts entries in order whatever their dates.
fn orders(relation: Relation) -> bool {
    matches!(relation, Relation::Before | Relation::After)
}

/// Tells whether another entry is said to come before or after this one.
fn is_put_in_order(known: &Known, id: EventId) -> Result<bool, DeskError> {
    let named = entries_of(known, id.into())?;
    let mut links = named.iter().filter(|entry| entry.id != id).flat_map(Entry::links);
    Ok(links.any(|link| link.target == id && orders(link.relation)))
}
