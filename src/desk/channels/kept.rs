//! Where channels stand, folded on from where an earlier answer left off.
//!
//! The first answer about a long history folds all of it, and keeps where the fold stood whenever so many
//! entries were taken in: with the positions of the entries between, which are read again when they are asked
//! for. What is recorded later changes what is kept from the first day on that it can touch, and no earlier; at
//! an earlier size, what was not known then is left out in the same way. None of it is saved: a desk that is
//! opened anew folds once more.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::channel::{Channel, ChannelStanding, Keyframes};
use crate::domain::event::Event;
use crate::domain::fact::{EntityKind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::{self, Entry, RawEvent};
use crate::domain::timestamp::Timestamp;
use crate::projections::view::{Ground, Since};

/// After so many entries it is kept how far the fold came.
const EVERY: usize = if cfg!(test) { 3 } else { 16 };
/// What is shorter is folded from nothing each time.
const SHORT: usize = if cfg!(test) { 6 } else { 64 };
/// By so many sets of policies a channel is kept.
const KEPT_MAX: usize = 3;

/// What is kept of channels, each under a lock of its own.
#[derive(Debug, Default)]
pub(crate) struct ChannelsKept(Mutex<HashMap<EntityId, Arc<Mutex<Vec<Kept>>>>>);

/// What is kept of one channel, by one set of rules.
#[derive(Debug)]
struct Kept {
    ground: Ground,
    /// How many events were known.
    size: u64,
    keyframes: Keyframes,
    /// The positions of everything in the history, corrections included, lowest first.
    members: Vec<u64>,
    /// The entries before the first keyframe, and those since each, as far as the next.
    blocks: Vec<Block>,
    /// What says itself when it takes effect: it may be told of before it does.
    announced: BTreeSet<u64>,
    /// Links put entries in an order that their dates do not tell: nothing is used that is kept.
    tangled: bool,
}

/// Entries of some days, with those of the history that were in effect on none.
#[derive(Debug, Default)]
struct Block {
    entries: Vec<u32>,
    /// The earliest day that any of them ever had; none where there are none.
    low: Option<NaiveDate>,
    /// The last position at which anything stands that bears on one of them.
    newest: u64,
}

/// Where a channel stands, with the entries that were looked at for it.
pub(super) struct Stood {
    pub(super) standing: ChannelStanding,
    /// The end of the story, in the order of effect.
    pub(super) story: Vec<Entry>,
}

/// An entry of a history, as far as it matters where it is kept.
struct Member {
    id: EventId,
    at: Timestamp,
    low: NaiveDate,
    newest: u64,
    announced: bool,
}

impl ChannelsKept {
    /// Returns where a channel stands.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(super) fn stand(&self, known: &Known, channel: &Channel<'_>) -> Result<Stood, DeskError> {
        if !known.is_whole() {
            return Ok(Stood::of(known, channel, known.history(channel.id)?));
        }
        let of_channel = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(channel.id).or_default())
        };
        let mut all = of_channel.lock().unwrap_or_else(PoisonError::into_inner);
        let ground = known.view.ground();
        all.retain(|kept| kept.ground == ground);
        if let Some(place) = all.iter().position(|kept| channel.goes_by(&kept.keyframes, known.at)) {
            let mut kept = all.remove(place);
            if kept.catch_up(known, channel)? {
                let stood = kept.stand(known, channel)?;
                let usable = !kept.tangled;
                all.push(kept);
                if let Some(stood) = stood {
                    return Ok(stood);
                }
                if !usable {
                    return Ok(Stood::of(known, channel, known.history(channel.id)?));
                }
            }
        }
        let history = known.history(channel.id)?;
        if history.len() > SHORT {
            let kept = Kept::of(known, channel, &history, ground);
            all.retain(|earlier| !channel.goes_by(&earlier.keyframes, known.at));
            if all.len() >= KEPT_MAX {
                all.remove(0);
            }
            all.push(kept);
        }
        Ok(Stood::of(known, channel, history))
    }
}

impl Stood {
    /// Folds a history from nothing.
    fn of(known: &Known, channel: &Channel<'_>, history: Vec<RawEvent>) -> Self {
        let story = channel.story(history);
        Self { standing: channel.stand(&story, known.at), story }
    }
}

impl Kept {
    fn of(known: &Known, channel: &Channel<'_>, history: &[RawEvent], ground: Ground) -> Self {
        let mut kept = Self {
            ground,
            size: known.view.size(),
            keyframes: channel.no_keyframes(known.at),
            members: Vec::new(),
            blocks: Vec::new(),
            announced: BTreeSet::new(),
            tangled: false,
        };
        kept.take(channel, history);
        kept
    }

    /// Takes in what is not kept: events with everything that corrects them, of no day before the last keyframe.
    fn take(&mut self, channel: &Channel<'_>, history: &[RawEvent]) {
        let members = members(channel, history);
        let begun = self.keyframes.len();
        let entries = reading::read(history);
        let Some(story) = channel.story_since(&self.keyframes, begun, entries) else {
            self.tangled = true;
            return;
        };
        channel.add_keyframes(&mut self.keyframes, &story, EVERY);
        self.blocks.resize_with(self.keyframes.len() + 1, Block::default);
        let positions: HashMap<EventId, u64> =
            members.iter().map(|(position, member)| (member.id, *position)).collect();
        // A call at slots on both sides of midnight is of two days.
        let mut placed: BTreeSet<(usize, u64)> = BTreeSet::new();
        let mut seen: BTreeSet<u64> = BTreeSet::new();
        for entry in &story {
            if let Some(position) = positions.get(&entry.id) {
                placed.insert((self.keyframes.begun(channel.day_of(entry)), *position));
                seen.insert(*position);
            }
        }
        let elsewhere = members.iter().filter(|(position, _)| !seen.contains(position));
        placed.extend(
            elsewhere.map(|(position, member)| (self.keyframes.begun(member.low).max(begun), *position)),
        );
        for (place, position) in placed {
            let (Some(block), Some(member)) = (self.blocks.get_mut(place), members.get(&position)) else {
                continue;
            };
            block.entries.extend(u32::try_from(position).ok());
            block.low = Some(block.low.map_or(member.low, |low| low.min(member.low)));
            block.newest = block.newest.max(member.newest);
            if member.announced {
                self.announced.insert(position);
            }
        }
        self.members.extend(history.iter().map(|raw| raw.position));
        self.members.sort_unstable();
        self.members.dedup();
    }

    /// Takes in what was recorded since; tells whether that could be done.
    fn catch_up(&mut self, known: &Known, channel: &Channel<'_>) -> Result<bool, DeskError> {
        if known.view.size() <= self.size || self.tangled {
            return Ok(true);
        }
        let is_member = |position: u64| self.members.binary_search(&position).is_ok();
        let Some(since) = known.view.since(channel.id, self.size, is_member)? else { return Ok(false) };
        let Since { named, corrections, corrected } = since;
        if named.is_empty() && corrected.is_empty() {
            self.size = known.view.size();
            return Ok(true);
        }
        let touched: Vec<u64> = named.iter().chain(&corrected).copied().collect();
        let new = with_corrections(known, &touched)?;
        let low = members(channel, &new).values().map(|member| member.low).min();
        let corrected: HashSet<u32> =
            corrected.iter().filter_map(|position| u32::try_from(*position).ok()).collect();
        let has_corrected = |block: &Block| block.entries.iter().any(|row| corrected.contains(row));
        let first = self.blocks.iter().position(has_corrected).unwrap_or(usize::MAX);
        let left = self.usable(first.min(self.keyframes.len()), low);
        let mut again: BTreeSet<u64> = touched.into_iter().chain(corrections).collect();
        for block in self.blocks.drain(left.min(self.blocks.len())..) {
            again.extend(block.entries.into_iter().map(u64::from));
        }
        self.keyframes.truncate(left);
        let again: Vec<u64> = again.into_iter().collect();
        let history = with_corrections(known, &again)?;
        self.take(channel, &history);
        self.size = known.view.size();
        Ok(true)
    }

    /// Returns how many of the first keyframes have nothing of a day, or of a later one.
    fn usable(&self, most: usize, low: Option<NaiveDate>) -> usize {
        low.map_or(most, |low| most.min(self.keyframes.begun(low)))
    }

    /// Folds on from the last keyframe that holds; none where nothing that is kept can be used.
    fn stand(&self, known: &Known, channel: &Channel<'_>) -> Result<Option<Stood>, DeskError> {
        if self.tangled {
            return Ok(None);
        }
        let size = known.view.size();
        // What bears on a block and was not known then makes every later keyframe useless, and every one that
        // has anything of the days that its entries may have had.
        let is_touched = |block: &&Block| block.newest >= size && !block.entries.is_empty();
        let first = self.blocks.iter().position(|block| is_touched(&block)).unwrap_or(usize::MAX);
        let low = self.blocks.iter().filter(is_touched).filter_map(|block| block.low).min();
        let most = channel.keyframes_before(&self.keyframes, known.at);
        let count = if first == usize::MAX { most } else { self.usable(most.min(first), low) };
        let today = known.zone.local(known.at).date_naive();
        let last = self.keyframes.begun(today);
        let wanted = self.blocks.iter().enumerate().skip(count);
        // What was corrected later may have been of another day then.
        let wanted = wanted.filter(|(place, block)| *place <= last || is_touched(block));
        let mut positions: BTreeSet<u64> =
            wanted.flat_map(|(_, block)| &block.entries).copied().map(u64::from).collect();
        positions.extend(&self.announced);
        let positions: Vec<u64> = positions.into_iter().filter(|position| *position < size).collect();
        let entries = known.entries_at(&positions)?;
        let Some(story) = channel.story_since(&self.keyframes, count, entries) else { return Ok(None) };
        let standing = channel.stand_since(&self.keyframes, count, &story, known.at);
        Ok(Some(Stood { standing, story }))
    }
}

/// Returns the events at some positions, with everything that corrects them, in the order of the log.
fn with_corrections(known: &Known, positions: &[u64]) -> Result<Vec<RawEvent>, DeskError> {
    let mut whole: BTreeMap<u64, RawEvent> = BTreeMap::new();
    for raw in known.view.events_at(positions)? {
        for correction in known.corrections(raw.id)? {
            whole.insert(correction.position, correction);
        }
        whole.insert(raw.position, raw);
    }
    Ok(whole.into_values().collect())
}

/// Returns the entries of a history by position, each with what its corrections say of its days.
fn members(channel: &Channel<'_>, history: &[RawEvent]) -> BTreeMap<u64, Member> {
    let mut members: BTreeMap<u64, Member> = BTreeMap::new();
    let mut entries: HashMap<EventId, u64> = HashMap::new();
    // In the order of the log whatever is corrected comes before its correction.
    for raw in history {
        let event = raw.event.as_ref();
        let is_correction = event.is_some_and(|event| event.kind().subject() == Subject::Entry);
        if !is_correction {
            let member = Member {
                id: raw.id,
                at: raw.at,
                low: channel.earliest_day(raw, raw.at),
                newest: raw.position,
                announced: event.is_some_and(is_announced),
            };
            members.insert(raw.position, member);
            entries.insert(raw.id, raw.position);
            continue;
        }
        let entry = event.and_then(Event::entry).and_then(|target| entries.get(&target).copied());
        let Some(entry) = entry else { continue };
        entries.insert(raw.id, entry);
        if let Some(member) = members.get_mut(&entry) {
            member.newest = member.newest.max(raw.position);
            if let Some(reading) = event.and_then(reading::given) {
                member.low = member.low.min(channel.earliest_day(raw, member.at));
                member.announced |= is_announced(&reading);
            }
        }
    }
    members
}

/// Tells whether an event about a channel says itself when it takes effect.
fn is_announced(event: &Event) -> bool {
    event.envelope.effective.is_some()
        && event.kind().subject() == Subject::About(EntityKind::Channel)
        && event.kind().family() != "call"
}
