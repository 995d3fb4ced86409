//! A fold that was carried to the end of a day, so that what came later is folded on from there.
//!
//! It is no state: it says where the fold of some entries stood, and holds for whoever has the same entries
//! before that day, by the same rules.

use chrono::NaiveDate;

use crate::domain::channel::attempts::{at_their_slots, changed_zone, registered_zone};
use crate::domain::channel::fold::{Carried, Placed, carry, go_on, in_effect};
use crate::domain::channel::{Channel, ChannelStanding};
use crate::domain::fact::register::ChannelRegistered;
use crate::domain::link::Relation;
use crate::domain::reading::{self, Entry, RawEvent};
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// Where the fold of a channel stood at the end of a day.
#[derive(Debug, Clone)]
pub struct Keyframe {
    carried: Carried,
    registered: Option<ChannelRegistered>,
    // The zone in which the line was called then.
    zone: Zone,
    // Everything before this day was folded, and nothing later.
    cut: NaiveDate,
    // The last moment that any of it can mean: before it the fold depends on the clock.
    latest: Timestamp,
}

impl Keyframe {
    /// Returns the first day of which nothing was folded.
    pub fn cut(&self) -> NaiveDate {
        self.cut
    }
}

impl Channel<'_> {
    /// Returns the story since a keyframe, as [`Channel::story`] returns all of it; none where the keyframe is
    /// of no use, because something of it came before, or links order entries otherwise than their dates.
    pub fn story_since(&self, keyframe: &Keyframe, history: Vec<RawEvent>) -> Option<Vec<Entry>> {
        if keyframe.registered.as_ref() != self.registered {
            return None;
        }
        let mut entries = reading::read_owned(history);
        entries.retain(|entry| !entry.struck && self.has_part_in(entry));
        let entries = at_their_slots(self, keyframe.zone, entries);
        let since = |entry: &Entry| Placed::of(entry, *self.zone).day >= keyframe.cut && !is_ordered(entry);
        entries.iter().all(since).then(|| reading::in_order_of_effect(entries, self.zone))
    }

    /// Returns where the channel stands, as [`Channel::stand`] tells of all of its story; none where the
    /// keyframe was made by other rules, or lies too late.
    pub fn stand_since(
        &self,
        keyframe: &Keyframe,
        story: &[Entry],
        at: Timestamp,
    ) -> Option<ChannelStanding> {
        let is_over = keyframe.latest <= at && keyframe.cut <= self.zone.local(at).date_naive();
        is_over.then(|| go_on(self, &keyframe.carried, story, at)).flatten()
    }

    /// Carries the fold on, from a keyframe or from the beginning, and leaves so many of the last entries of
    /// the story that are in effect; none where that brings it no further, or the story does not allow it.
    pub fn keyframe(
        &self,
        from: Option<&Keyframe>,
        story: &[Entry],
        left: usize,
        at: Timestamp,
    ) -> Option<Keyframe> {
        let entries = in_effect(self, story, at);
        let cut = entries.get(entries.len().checked_sub(left)?)?.day;
        let in_order = entries.is_sorted_by_key(|placed| placed.day) && !story.iter().any(is_ordered);
        let days = entries.get(..entries.partition_point(|placed| placed.day < cut))?;
        let latest = days.iter().map(|placed| placed.latest).max()?;
        let latest = from.map_or(latest, |from| from.latest.max(latest));
        if !in_order || latest > at {
            return None;
        }
        let changes = days.iter().filter_map(|placed| changed_zone(self, placed.entry));
        let zone = changes.max_by_key(|(moment, _)| *moment).map(|(_, zone)| zone);
        let before = || from.map_or_else(|| registered_zone(self), |from| from.zone);
        Some(Keyframe {
            carried: carry(self, from.map(|from| &from.carried), days, at)?,
            registered: self.registered.cloned(),
            zone: zone.unwrap_or_else(before),
            cut,
            latest,
        })
    }

    /// Returns an entry as the last of a story that it is: a call at several slots, as that at the last of them.
    pub fn last_told(&self, entry: Entry) -> Option<Entry> {
        at_their_slots(self, registered_zone(self), vec![entry]).pop()
    }

    /// Returns the day of an entry in the order of effect.
    pub fn day_of(&self, entry: &Entry) -> NaiveDate {
        Placed::of(entry, *self.zone).day
    }
}

/// Tells whether an entry says that it was before or after another, whatever the dates say.
fn is_ordered(entry: &Entry) -> bool {
    entry.links().iter().any(|link| matches!(link.relation, Relation::Before | Relation::After))
}
