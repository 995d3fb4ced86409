//! What can bring about what an offer proposes: that a channel works again.
//!
//! A restoration that was merely announced moves nothing: it is read on the days of the story alone, where it stands
//! between others. One that is more than announced is read wherever it stands. Of the answered calls, of which a line
//! has thousands, those are read that can be the first to count: a call can end an offer that stands or lapsed, and an
//! offer that has come about stays so. Whether it stands is changed by what else is in its story alone. So of all calls
//! between two days of the story only those of the first day can matter, and of that day the first, with those of the
//! days of the story themselves, where the order within the day decides, and with those whose date is too coarse to
//! tell whether they came before the offer. Links that put entries in another order than that of their dates undo
//! this: then every call is read.

use std::collections::{BTreeSet, HashSet};

use chrono::{Days, NaiveDate};

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::known::calls::LineOpening;
use crate::desk::overtures::standings::entries_of;
use crate::domain::event::Event;
use crate::domain::fact::Kind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Relation;
use crate::domain::occurred::Occurred;
use crate::domain::overture::offer_of;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::projections::timeline::Spot;

/// The kinds of entries by which a channel works again.
const WORKS: [Kind; 4] =
    [Kind::ChannelOpened, Kind::ChannelRestored, Kind::ChannelReopened, Kind::CallAnswered];
/// So many days after the last of a story it is looked first for calls.
const LOOK_DAYS: u64 = 8;
/// So many times as many each time that none was found.
const LOOK_FACTOR: u64 = 8;
/// After so many days all calls are looked up.
const LOOK_DAYS_MAX: u64 = 40_000;

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
        let seen: HashSet<EventId> = thread.iter().map(|entry| entry.id).collect();
        if let Some(found) = in_story(known, offer, story, &seen, &channels)? {
            return Ok(found);
        }
    }
    for channel in channels {
        found.extend(whole(known, channel)?);
    }
    Ok(found)
}

/// Returns those of the entries by which one of the channels works again that can matter; none where every one must be
/// read.
fn in_story(
    known: &Known,
    offer: &Entry,
    story: &[Entry],
    seen: &HashSet<EventId>,
    channels: &[EntityId],
) -> Result<Option<Vec<Entry>>, DeskError> {
    let mut openings: Vec<LineOpening> = Vec::new();
    for channel in channels {
        openings.extend(known.openings(*channel)?.iter());
    }
    let restoring: BTreeSet<u64> =
        openings.iter().filter(|opening| opening.restores).map(|opening| opening.position).collect();
    let mut found = known.entries_at(&restoring.iter().copied().collect::<Vec<u64>>())?;
    let others: Vec<&Entry> =
        story.iter().chain(found.iter().filter(|entry| !seen.contains(&entry.id))).collect();
    let of_story = Story::of(known, offer, &others, seen)?;
    if of_story.tangled || openings.iter().any(|opening| opening.is_put_in_order) {
        return Ok(None);
    }
    let announced = openings
        .iter()
        .filter(|opening| !restoring.contains(&opening.position) && of_story.may_stand_among(opening.bounds));
    let announced: BTreeSet<u64> = announced.map(|opening| opening.position).collect();
    found.extend(known.entries_at(&announced.into_iter().collect::<Vec<u64>>())?);
    for channel in channels {
        let Some(calls) = of_story.calls(*channel)? else { return Ok(None) };
        found.extend(calls);
    }
    Ok(Some(found))
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
    kind.is_some_and(|kind| WORKS.contains(&kind)) && entry.concerns(channel)
}

/// Returns the channels whose restoration is proposed.
fn restores(thread: &[Entry]) -> Vec<EntityId> {
    let offers = thread.iter().filter_map(|entry| offer_of(&entry.event.as_ref()?.fact));
    let mut channels: Vec<EntityId> = offers.flat_map(|offer| offer.restores.iter().copied()).collect();
    channels.sort_unstable();
    channels.dedup();
    channels
}

/// The story of an offer without the calls, as far as they go by it, and without what was merely announced.
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

    /// Tells whether what moves nothing may stand between entries of the story: on one of its days, or before the offer
    /// with a date that may mean a later day.
    fn may_stand_among(&self, (earliest, latest): (Timestamp, Timestamp)) -> bool {
        let day = self.day(earliest);
        let is_early = self.days.first().is_none_or(|begins| day < *begins);
        self.days.contains(&day) || is_early && latest >= self.offer.bounds(&self.known.zone).0
    }

    /// Returns the answered calls on a channel that can matter; none where every one must be read.
    fn calls(&self, channel: EntityId) -> Result<Option<Vec<Entry>>, DeskError> {
        let mut calls = Calls::of(self, channel)?;
        let offered = self.offer.bounds(&self.known.zone).0;
        let perhaps_after = calls.before(self.days.first().copied());
        let perhaps_after = perhaps_after.iter().filter(|call| call.bounds().1 >= offered);
        let mut entries = self.read(channel, perhaps_after)?;
        let mut days = self.days.iter().copied().peekable();
        while let Some(of_story) = days.next() {
            entries.extend(self.read(channel, calls.of_day(of_story).iter())?);
            let mut last = of_story;
            while let Some(one) = calls.next_day(last, days.peek().copied())? {
                last = one;
                let (read, counted) = self.first_of(channel, calls.of_day(one))?;
                let ahead = !read.is_empty() && read.iter().all(|entry| !self.known.took_effect(entry));
                entries.extend(read);
                if counted || ahead {
                    break;
                }
            }
        }
        self.sound(entries)
    }

    /// Reads the calls of a day as far as the first that counts, or all of them; tells whether one counts.
    fn first_of(&self, channel: EntityId, of_day: &[Spot]) -> Result<(Vec<Entry>, bool), DeskError> {
        let counts = |entry: &Entry| {
            let about = entry.event.as_ref().is_some_and(|event| event.envelope.about.contains(&channel));
            about && self.known.took_effect(entry)
        };
        // Exact moments come before all else of their day, the earliest first, unless a link says otherwise.
        let exact = |spot: &&Spot| spot.bounds().0 == spot.bounds().1;
        if let Some(first) = of_day.iter().find(exact) {
            let together = of_day.iter().filter(|spot| spot.bounds() == first.bounds());
            let read = self.read(channel, together)?;
            let is_first = |entry: &Entry| {
                entry.links().is_empty() && entry.effect().is_none_or(Occurred::is_exact) && counts(entry)
            };
            if !read.is_empty() && read.iter().all(is_first) {
                return Ok((read, true));
            }
        }
        let read = self.read(channel, of_day.iter())?;
        let counted = read.iter().any(counts);
        Ok((read, counted))
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

/// The answered calls on a channel from the day of the offer on, looked up as far as they are needed, and those before
/// whose dates may mean that day or a later one.
struct Calls<'a> {
    story: &'a Story<'a>,
    channel: EntityId,
    from: Timestamp,
    // As far as so many days after the last of the story; all where there are none.
    days: Option<u64>,
    spots: Vec<Spot>,
}

impl<'a> Calls<'a> {
    fn of(story: &'a Story<'a>, channel: EntityId) -> Result<Self, DeskError> {
        let zone = &story.known.zone;
        let from = story.days.first().map_or(Timestamp::MIN, |day| Occurred::from_day(*day).earliest(zone));
        let mut new = Self { story, channel, from, days: Some(LOOK_DAYS), spots: Vec::new() };
        new.look_up()?;
        Ok(new)
    }

    fn look_up(&mut self) -> Result<(), DeskError> {
        let known = self.story.known;
        let last = self.story.days.last().zip(self.days);
        let last = last.and_then(|(last, days)| last.checked_add_days(Days::new(days)));
        let to = last.map_or(Timestamp::MAX, |last| Occurred::from_day(last).latest(&known.zone));
        self.spots = known.answered_calls(self.channel, (self.from, to))?;
        Ok(())
    }

    fn day(&self, call: &Spot) -> NaiveDate {
        self.story.day(call.bounds().0)
    }

    /// Returns those before a day.
    fn before(&self, day: Option<NaiveDate>) -> &[Spot] {
        let end = self.spots.partition_point(|call| day.is_some_and(|day| self.day(call) < day));
        self.spots.get(..end).unwrap_or_default()
    }

    /// Returns those of a day.
    fn of_day(&self, day: NaiveDate) -> &[Spot] {
        let from = self.spots.partition_point(|call| self.day(call) < day);
        let to = self.spots.partition_point(|call| self.day(call) <= day);
        self.spots.get(from..to).unwrap_or_default()
    }

    /// Returns the next day with calls after a day and before the `next` of the story.
    fn next_day(&mut self, day: NaiveDate, next: Option<NaiveDate>) -> Result<Option<NaiveDate>, DeskError> {
        loop {
            let place = self.spots.partition_point(|call| self.day(call) <= day);
            if let Some(one) = self.spots.get(place).map(|call| self.day(call)) {
                return Ok(Some(one).filter(|one| next.is_none_or(|next| *one < next)));
            }
            let Some(days) = self.days.filter(|_| next.is_none()) else { return Ok(None) };
            self.days = Some(days * LOOK_FACTOR).filter(|days| *days <= LOOK_DAYS_MAX);
            self.look_up()?;
        }
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
