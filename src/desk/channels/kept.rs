//! Where channels stand, folded on from where an earlier answer left off.
//!
//! The first answer about a long history folds all of it, and keeps where the fold stood whenever so many
//! entries were taken in: with the positions of the entries between, which are read again when they are asked
//! for. What is recorded later changes what is kept from the first day on that it can touch, and no earlier; at
//! an earlier size, what was not known then is left out in the same way.
//!
//! Of a long history few places are held, and more where somebody asks (`finer`); the projections save them all
//! (`saved`).

mod block;
mod finer;
mod folding;
mod long;
mod members;
mod saved;
mod since;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;

use crate::desk::channels::kept::block::{Block, Detail};
pub(in crate::desk) use crate::desk::channels::kept::folding::Folding;
use crate::desk::channels::kept::folding::Wanted;
use crate::desk::channels::kept::members::{Member, members};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::channel::{Channel, ChannelStanding, Keyframes};
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::{self, Entry, RawEvent};
use crate::domain::timestamp::Timestamp;
use crate::projections::view::{Ground, SavedFold};

/// After so many entries it is kept how far the fold came, where somebody asks.
const EVERY: usize = if cfg!(test) { 3 } else { 16 };
/// At about so many places it is held of the whole of a history.
const PLACES: usize = if cfg!(test) { 4 } else { 512 };
/// What is saved between two of them is in so many parts.
const PARTS: usize = if cfg!(test) { 3 } else { 16 };
/// At about so many places it is saved of the whole of a history.
const PLACES_SAVED: usize = PLACES * PARTS;
/// When there are more than so many, most are let go.
const PLACES_MAX: usize = if cfg!(test) { 24 } else { 2_048 };
/// What is shorter is folded from nothing each time.
const SHORT: usize = if cfg!(test) { 6 } else { 64 };
/// What is longer is folded part by part: of a million entries nobody holds all at once, unless they are of one day
/// or links order them otherwise than their dates.
const LONG: usize = 16_384;
/// So many of the latest are not let go: most ask about today.
const LATEST: usize = if cfg!(test) { 2 } else { 8 };
/// By so many sets of policies a channel is kept.
const KEPT_MAX: usize = 3;

/// What is kept of channels, each under its lock.
#[derive(Debug)]
pub(crate) struct ChannelsKept {
    all: Mutex<HashMap<EntityId, Arc<Mutex<OfChannel>>>>,
    long: usize,
}

impl Default for ChannelsKept {
    fn default() -> Self {
        Self { all: Mutex::default(), long: LONG }
    }
}

/// What is kept of one channel, by several sets of rules.
#[derive(Debug)]
struct OfChannel {
    all: Vec<Kept>,
    // What is longer is folded in parts of so many entries.
    long: usize,
    // The index with which it was looked up what is saved, and what that was.
    looked_up: Option<(Ground, Option<SavedFold>)>,
}

/// What is kept of one channel, by one set of rules.
#[derive(Debug, Clone)]
struct Kept {
    ground: Ground,
    /// How many events were known.
    size: u64,
    keyframes: Keyframes,
    /// The positions of everything in the history, corrections included, lowest first.
    members: Vec<u32>,
    /// The entries before the first keyframe, and those since each, as far as the next.
    blocks: Vec<Block>,
    /// What says itself when it takes effect: it may be told of before it does.
    announced: BTreeSet<u64>,
    /// Links put entries in an order that their dates do not tell: nothing is used that is kept.
    tangled: bool,
}

/// Where a channel stands, with the entries that were looked at for it.
pub(super) struct Stood {
    pub(super) standing: ChannelStanding,
    /// The end of the story, in the order of effect.
    pub(super) story: Vec<Entry>,
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
        let of_channel = self.of(channel.id);
        let mut of_channel = of_channel.lock().unwrap_or_else(PoisonError::into_inner);
        let ground = of_channel.begin(known, channel);
        of_channel.stand(known, channel, &ground)
    }

    /// Returns what keeps nothing yet, and folds what is longer in parts of so many entries.
    #[cfg(test)]
    pub(super) fn in_parts_of(long: usize) -> Self {
        Self { long, ..Self::default() }
    }

    fn of(&self, channel: EntityId) -> Arc<Mutex<OfChannel>> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Mutex::new(OfChannel { all: Vec::new(), long: self.long, looked_up: None }));
        Arc::clone(all.entry(channel).or_insert_with(new))
    }
}

impl OfChannel {
    /// Lets go of what rests on another index, takes in what is saved with this one, and returns which it is.
    fn begin(&mut self, known: &Known, channel: &Channel<'_>) -> Ground {
        let ground = known.view.ground();
        self.all.retain(|kept| kept.ground == ground);
        let saved = known.view.saved_fold(channel.id, &ground);
        if self.looked_up.as_ref().is_some_and(|(on, known)| (on, known) == (&ground, &saved)) {
            return ground;
        }
        if let Some((fold, head)) = saved.as_ref().and_then(|fold| Some((fold, fold.head()?))) {
            match saved::decode(&head, &ground, fold) {
                Some(loaded) => self.all = loaded,
                None => fold.distrust(),
            }
        }
        self.looked_up = Some((ground.clone(), saved));
        ground
    }

    /// Returns where the channel stands; what is kept rests on `ground`, which was asked for before anything was read.
    fn stand(&mut self, known: &Known, channel: &Channel<'_>, ground: &Ground) -> Result<Stood, DeskError> {
        if let Some(place) = self.all.iter().position(|kept| channel.goes_by(&kept.keyframes, known.at)) {
            let mut kept = self.all.remove(place);
            if kept.catch_up(known, channel, (self.long, PLACES))? {
                let stood = kept.stand(known, channel)?;
                let usable = !kept.tangled;
                self.all.push(kept);
                if let Some(stood) = stood {
                    return Ok(stood);
                }
                if !usable {
                    return Ok(Stood::of(known, channel, known.history(channel.id)?));
                }
            }
        }
        let history = match Wanted::of(known, channel, self.long)? {
            Wanted::Whole(history) => {
                if history.len() > SHORT {
                    let kept = Kept::of(known, channel, history.clone(), (PLACES, ground.clone()));
                    self.keep(known, channel, kept);
                }
                history
            }
            Wanted::Long(entries) => {
                let kept =
                    Kept::of_long(known, channel, &entries, (self.long, PLACES, ground.clone()), || false)?;
                if let Some(kept) = kept.and_then(|kept| self.keep(known, channel, kept))
                    && let Some(stood) = kept.stand(known, channel)?
                {
                    return Ok(stood);
                }
                known.history(channel.id)?
            }
        };
        Ok(Stood::of(known, channel, history))
    }

    /// Keeps what a whole history comes to by the rules of the moment.
    fn keep(&mut self, known: &Known, channel: &Channel<'_>, kept: Kept) -> Option<&mut Kept> {
        self.all.retain(|earlier| !channel.goes_by(&earlier.keyframes, known.at));
        if self.all.len() >= KEPT_MAX {
            self.all.remove(0);
        }
        self.all.push(kept);
        self.all.last_mut()
    }
}

impl Stood {
    /// Folds a history from nothing.
    pub(super) fn of(known: &Known, channel: &Channel<'_>, history: Vec<RawEvent>) -> Self {
        let story = channel.story(history);
        Self { standing: channel.stand(&story, known.at), story }
    }
}

impl Kept {
    fn empty(known: &Known, channel: &Channel<'_>, ground: Ground) -> Self {
        Self {
            ground,
            size: known.view.size(),
            keyframes: channel.no_keyframes(known.at),
            members: Vec::new(),
            blocks: Vec::new(),
            announced: BTreeSet::new(),
            tangled: false,
        }
    }

    /// Keeps at about so many places where the fold of a history stood.
    fn of(
        known: &Known,
        channel: &Channel<'_>,
        history: Vec<RawEvent>,
        (places, ground): (usize, Ground),
    ) -> Self {
        let mut kept = Self::empty(known, channel, ground);
        let every = EVERY.max(history.len() / places);
        kept.take(channel, history, every);
        kept.thin(PLACES_MAX.max(2 * places));
        kept
    }

    /// Takes in what is not kept: events with everything that corrects them, of no day before the last keyframe; it is
    /// kept how far the fold came after `every` so many.
    fn take(&mut self, channel: &Channel<'_>, history: Vec<RawEvent>, every: usize) {
        let members = members(channel, &history);
        let begun = self.keyframes.len();
        let positions: Vec<u32> = history.iter().filter_map(|raw| u32::try_from(raw.position).ok()).collect();
        if self.place(channel, (history, &members), begun, every) {
            self.members.extend(positions);
            self.members.sort_unstable();
            self.members.dedup();
        }
    }

    /// Folds on from the first `count` keyframes, up to the next where there is one, and puts the entries between in
    /// their blocks; tells whether that could be done.
    fn place(
        &mut self,
        channel: &Channel<'_>,
        (history, members): (Vec<RawEvent>, &BTreeMap<u64, Member>),
        count: usize,
        every: usize,
    ) -> bool {
        let Some(story) = channel.story_since(&self.keyframes, count, reading::read_owned(history)) else {
            self.tangled = true;
            return false;
        };
        let next = self.keyframes.len() - count;
        let days: Vec<(EventId, NaiveDate)> =
            story.iter().map(|entry| (entry.id, channel.day_of(entry))).collect();
        let added = channel.add_keyframes_after(&mut self.keyframes, count, story, every);
        let detail = if every <= EVERY { Detail::Fine } else { Detail::Coarse };
        let new = || Block { detail: detail.clone(), ..Block::default() };
        let new = std::iter::repeat_with(new).take(added + 1);
        let blocks = self.blocks.len();
        self.blocks.splice(count.min(blocks)..(count + 1).min(blocks), new);
        let last = if next == 0 { usize::MAX } else { count + added };
        let positions: HashMap<EventId, u64> =
            members.iter().map(|(position, member)| (member.id, *position)).collect();
        // A call at slots on both sides of midnight is of two days.
        let mut placed: BTreeSet<(usize, u64)> = BTreeSet::new();
        let mut seen: BTreeSet<u64> = BTreeSet::new();
        for (id, day) in days {
            let place = self.keyframes.begun(day);
            if let Some(position) = positions.get(&id).filter(|_| place <= last) {
                placed.insert((place, *position));
                seen.insert(*position);
            }
        }
        let elsewhere = members.iter().filter(|(position, _)| !seen.contains(position));
        placed.extend(elsewhere.map(|(position, member)| {
            (self.keyframes.begun(member.low).clamp(count, last.min(self.keyframes.len())), *position)
        }));
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
        true
    }

    /// Returns how many of the first keyframes hold for a moment and for so many events.
    ///
    /// What bears on a block and was not known then makes every later keyframe useless, and every one that has
    /// anything of the days that its entries may have had.
    fn holding(&self, channel: &Channel<'_>, at: Timestamp, size: u64) -> usize {
        let most = channel.keyframes_before(&self.keyframes, at);
        let first = self.blocks.iter().position(|block| block.is_touched(size));
        let low =
            self.blocks.iter().filter(|block| block.is_touched(size)).filter_map(|block| block.low).min();
        first.map_or(most, |first| self.usable(most.min(first), low))
    }

    /// Lets most of the keyframes go where there are more than so many: what was loaded, and if that is not enough most of
    /// the others.
    fn thin(&mut self, most: usize) {
        if self.keyframes.len() > most {
            self.unload();
        }
        let count = self.keyframes.len();
        if count <= most {
            return;
        }
        let (every, last) = (count.div_ceil(PLACES), count - 1);
        // Where what is finer is saved it would have to be folded again.
        let is_saved: Vec<bool> =
            self.blocks.iter().map(|block| matches!(block.detail, Detail::Saved(_))).collect();
        let divides_saved = |place: usize| is_saved.iter().skip(place).take(2).any(|is_saved| *is_saved);
        self.let_go(|place| {
            last - place >= LATEST && !(last - place).is_multiple_of(every) && !divides_saved(place)
        });
    }

    /// Returns how many of the first keyframes have nothing of a day, or of a later one.
    fn usable(&self, most: usize, low: Option<NaiveDate>) -> usize {
        low.map_or(most, |low| most.min(self.keyframes.begun(low)))
    }

    /// Folds on from the last keyframe that holds; none where nothing that is kept can be used.
    fn stand(&mut self, known: &Known, channel: &Channel<'_>) -> Result<Option<Stood>, DeskError> {
        if self.tangled {
            return Ok(None);
        }
        let size = known.view.size();
        self.thin(PLACES_MAX);
        let mut count = self.holding(channel, known.at, size);
        // The first of which not everything was known then may be the next.
        while self.refine(known, channel, count)? || self.refine_touched(known, channel, count + 1, size)? {
            count = self.holding(channel, known.at, size);
        }
        if self.tangled {
            return Ok(None);
        }
        let today = known.zone.local(known.at).date_naive();
        let last = self.keyframes.begun(today);
        let wanted = self.blocks.iter().enumerate().skip(count);
        // What was corrected later may have been of another day then.
        let wanted = wanted.filter(|(place, block)| *place <= last || block.is_touched(size));
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
