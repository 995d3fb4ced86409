//! Where channels stand, folded on from where an earlier answer left off.
//!
//! What an answer folded is kept as keyframes, as long as the desk is open: with the positions of what it left,
//! and for moments up to the day that it was asked about. One is used where nothing that was recorded since
//! lies in or corrects what it folded; whoever asks otherwise folds on from an earlier one, or all.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::channel::{Channel, ChannelStanding, Keyframe};
use crate::domain::event::Event;
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::{Entry, RawEvent};
use crate::projections::view::Ground;

/// Whether keyframes are made and used: in tests alone, until random logs have shown long enough that a board
/// that goes on from one is as one from nothing.
const KEEPS: bool = cfg!(test);
/// After so many entries more it is worth while to keep how far the fold came.
const WORTH: usize = if cfg!(test) { 6 } else { 256 };
/// So many entries before the last are left, nearest first: late ones lie among them mostly.
const LEFT: [usize; 3] = if cfg!(test) { [1, 3, 5] } else { [48, 1_024, 16_384] };
/// So many keyframes are kept of one channel.
const KEPT_MAX: usize = 9;

/// The keyframes of channels.
#[derive(Debug, Default)]
pub(crate) struct ChannelsKept(Mutex<HashMap<EntityId, Vec<Arc<Kept>>>>);

/// A keyframe, and for which questions it is of use.
#[derive(Debug)]
struct Kept {
    keyframe: Keyframe,
    /// How many events were known.
    size: u64,
    ground: Ground,
    /// The last day of moments that it is of use for.
    until: NaiveDate,
    /// The positions of what was not folded, as far as it matters to those moments, with its corrections.
    rest: BTreeSet<u64>,
}

/// Where a channel stands, with the entries that were looked at last.
pub(super) struct Stood {
    pub(super) standing: ChannelStanding,
    /// The end of the story, in the order of effect.
    pub(super) story: Vec<Entry>,
}

/// An event of a history: its position, its id, and the entry that it corrects.
type Place = (u64, EventId, Option<EventId>);

impl ChannelsKept {
    /// Returns where a channel stands.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(super) fn stand(&self, known: &Known, channel: &Channel<'_>) -> Result<Stood, DeskError> {
        let is_kept = KEEPS && !known.view.is_ahead() && known.lost.is_none();
        let ground = known.view.ground();
        if is_kept {
            let today = known.zone.local(known.at).date_naive();
            let fits = |kept: &Arc<Kept>| {
                kept.size <= known.view.size()
                    && kept.ground == ground
                    && kept.keyframe.cut() <= today
                    && today <= kept.until
            };
            let mut fitting: Vec<Arc<Kept>> = self.of(channel.id).into_iter().filter(fits).collect();
            fitting.sort_by_key(|kept| std::cmp::Reverse((kept.keyframe.cut(), kept.size)));
            for kept in fitting {
                if let Some((stood, places)) = kept.go_on(known, channel)? {
                    if places.len() > WORTH + LEFT[0] {
                        self.keep(known, channel, Some(&kept), &stood.story, &places, &ground);
                    }
                    return Ok(stood);
                }
            }
        }
        let history = known.history(channel.id)?;
        let places: Vec<Place> = if is_kept { places(&history) } else { Vec::new() };
        let story = channel.story(history);
        let standing = channel.stand(&story, known.at);
        // What does not name the channel itself would not be found again.
        if places.len() > WORTH && is_kept {
            let named: HashSet<u64> = known.view.history_positions(channel.id, 0)?.into_iter().collect();
            if places.iter().all(|(position, ..)| named.contains(position)) {
                self.keep(known, channel, None, &story, &places, &ground);
            }
        }
        Ok(Stood { standing, story })
    }

    fn of(&self, channel: EntityId) -> Vec<Arc<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&channel).cloned().unwrap_or_default()
    }

    /// Keeps how far the fold of a story comes.
    fn keep(
        &self,
        known: &Known,
        channel: &Channel<'_>,
        from: Option<&Kept>,
        story: &[Entry],
        places: &[Place],
        ground: &Ground,
    ) {
        // A correction of what is not here, or is not here yet, is left to whoever folds all.
        if !are_whole(places) {
            return;
        }
        let today = known.zone.local(known.at).date_naive();
        let is_told = |entry: &Entry| channel.day_of(entry) <= today || is_announced(entry);
        let all_told = story.iter().all(is_told);
        let before = from.map_or(NaiveDate::MAX, |from| from.until);
        let until = if all_told { before } else { today };
        let from = from.map(|from| &from.keyframe);
        for left in LEFT {
            let Some(keyframe) = channel.keyframe(from, story, left, known.at) else { continue };
            let rest = rest(channel, &keyframe, story, places, until);
            let (size, ground) = (known.view.size(), ground.clone());
            let kept = Arc::new(Kept { keyframe, size, ground, until, rest });
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let of_channel = all.entry(channel.id).or_default();
            of_channel.retain(|known| known.ground == kept.ground);
            if of_channel.len() >= KEPT_MAX {
                of_channel.remove(0);
            }
            of_channel.push(kept);
        }
    }
}

impl Kept {
    /// Folds on from here; none where it is of no use to what is asked.
    fn go_on(&self, known: &Known, channel: &Channel<'_>) -> Result<Option<(Stood, Vec<Place>)>, DeskError> {
        let mut positions = self.rest.clone();
        positions.extend(known.view.history_positions(channel.id, self.size)?);
        if !known.view.corrects_only(channel.id, self.size, &positions)? {
            return Ok(None);
        }
        let in_order: Vec<u64> = positions.into_iter().collect();
        let history = known.view.named_at(channel.id, &in_order)?;
        let places = places(&history);
        // What is corrected and does not name the channel belongs to it by the correction alone.
        if !are_whole(&places) {
            return Ok(None);
        }
        let Some(story) = channel.story_since(&self.keyframe, history) else { return Ok(None) };
        let standing = channel.stand_since(&self.keyframe, &story, known.at);
        Ok(standing.map(|standing| (Stood { standing, story }, places)))
    }
}

fn places(history: &[RawEvent]) -> Vec<Place> {
    let target = |raw: &RawEvent| raw.event.as_ref().and_then(Event::entry);
    history.iter().map(|raw| (raw.position, raw.id, target(raw))).collect()
}

/// Tells whether an entry says itself when it takes effect, and not only at which slot a call was made.
fn is_announced(entry: &Entry) -> bool {
    let announced = |event: &Event| event.envelope.effective.is_some() && event.kind().family() != "call";
    entry.event.as_ref().is_some_and(announced)
}

/// Tells whether every correction is one of something that is here.
fn are_whole(places: &[Place]) -> bool {
    let ids: HashSet<EventId> = places.iter().map(|(_, id, _)| *id).collect();
    places.iter().all(|(_, _, target)| target.is_none_or(|target| ids.contains(&target)))
}

/// Returns the positions of what a keyframe leaves of a story, with its corrections: what takes effect up to a
/// day, and what says itself that it takes effect later.
fn rest(
    channel: &Channel<'_>,
    keyframe: &Keyframe,
    story: &[Entry],
    places: &[Place],
    until: NaiveDate,
) -> BTreeSet<u64> {
    let matters = |entry: &&Entry| {
        let day = channel.day_of(entry);
        day >= keyframe.cut() && (day <= until || is_announced(entry))
    };
    let mut left: HashSet<EventId> = story.iter().filter(matters).map(|entry| entry.id).collect();
    let mut rest = BTreeSet::new();
    // In the order of the log whatever is corrected comes before its correction.
    for (position, id, target) in places {
        if target.is_some_and(|target| left.contains(&target)) {
            left.insert(*id);
        }
        if left.contains(id) {
            rest.insert(*position);
        }
    }
    rest
}
