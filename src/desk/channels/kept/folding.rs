//! Channels folded for the projections to save, whether or not anybody asked about them.

use std::sync::PoisonError;

use crate::desk::channels::channel;
use crate::desk::channels::kept::{
    ChannelsKept, KEPT_MAX, Kept, OfChannel, PLACES, PLACES_SAVED, SHORT, saved,
};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::channel::{Channel, Keyframes};
use crate::domain::id::EntityId;
use crate::domain::reading::RawEvent;
use crate::domain::timestamp::Timestamp;
use crate::projections::folds::Fold;
use crate::projections::view::Ground;

impl ChannelsKept {
    /// Folds a channel on as far as a record knows it, and returns what is kept of it as bytes. It is folded by the rules
    /// of these moments, of which the last comes first where they are many. Where `is_stopped` says that nobody needs it
    /// any longer, it breaks off: what it came to by then is kept, and right, but not all of it.
    ///
    /// # Errors
    ///
    /// As [`ChannelsKept::stand`].
    pub(in crate::desk) fn fold(
        &self,
        known: &mut Known,
        id: EntityId,
        moments: &[Timestamp],
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Folding, DeskError> {
        // From the latest back: of the rules of many days, those of the last count.
        let mut wanted: Vec<(Timestamp, Keyframes)> = Vec::new();
        let of_known = channel(known, id);
        for at in moments.iter().rev().copied() {
            let is_new = wanted.iter().all(|(_, known)| !of_known.goes_by(known, at));
            if is_new && wanted.len() < KEPT_MAX {
                wanted.push((at, of_known.no_keyframes(at)));
            }
        }
        let of_channel = self.of(id);
        let mut of_channel = of_channel.lock().unwrap_or_else(PoisonError::into_inner);
        let ground = of_channel.begin(known, &of_known);
        // Looked up once, and where it is not long read once, however many rules there are.
        let mut history = None;
        while let Some((at, _)) = wanted.pop() {
            known.at = at;
            let is_last = wanted.is_empty();
            let on = (&mut history, is_last);
            if is_stopped() || !of_channel.fold_on(known, &channel(known, id), &ground, on, is_stopped)? {
                return Ok(Folding::Stopped);
            }
        }
        let size = known.view.size();
        let whole = |kept: &&Kept| kept.ground == ground && kept.size == size;
        let mut all = of_channel.all.iter().filter(whole).peekable();
        let fold = if all.peek().is_some() { saved::encode(all) } else { None };
        // Whoever asks finds the rest where it is saved.
        of_channel.all.iter_mut().for_each(|kept| kept.thin(PLACES));
        Ok(fold.map_or(Folding::Nothing, Folding::Kept))
    }
}

/// What came of folding a channel for the projections to save.
pub(in crate::desk) enum Folding {
    /// What is kept of it, as bytes.
    Kept(Fold),
    /// It is short, or grew meanwhile: nothing is saved of it.
    Nothing,
    /// Somebody waits for the end of what is folded.
    Stopped,
}

/// A history that is folded from nothing.
#[derive(Clone)]
pub(super) enum Wanted {
    /// All of it.
    Whole(Vec<RawEvent>),
    /// Where its entries stand, in the order of time.
    Long(Vec<u64>),
}

impl OfChannel {
    /// Folds on by the rules of the moment, from what is kept by them, or from nothing: from a history that is looked
    /// up then, and left there unless this is the last time. Tells whether nobody stopped it.
    fn fold_on(
        &mut self,
        known: &Known,
        channel: &Channel<'_>,
        ground: &Ground,
        (history, is_last): (&mut Option<Wanted>, bool),
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<bool, DeskError> {
        if let Some(place) = self.all.iter().position(|kept| channel.goes_by(&kept.keyframes, known.at)) {
            let mut kept = self.all.remove(place);
            if kept.catch_up(known, channel, (self.long, PLACES_SAVED))? {
                let is_whole = kept.refine_all(known, channel, is_stopped)?;
                self.all.push(kept);
                return Ok(is_whole);
            }
        }
        let wanted = match history.take() {
            Some(wanted) => wanted,
            None => Wanted::of(known, channel, self.long)?,
        };
        if !is_last {
            *history = Some(wanted.clone());
        }
        let kept = match wanted {
            Wanted::Long(entries) => {
                let kept = Kept::of_long(
                    known,
                    channel,
                    &entries,
                    (self.long, PLACES_SAVED, ground.clone()),
                    is_stopped,
                )?;
                let Some(kept) = kept else { return Ok(false) };
                kept
            }
            Wanted::Whole(history) if history.len() <= SHORT => return Ok(true),
            Wanted::Whole(history) => Kept::of(known, channel, history, (PLACES_SAVED, ground.clone())),
        };
        self.keep(known, channel, kept);
        Ok(true)
    }
}

impl Wanted {
    /// Returns the history of a channel: where it has more entries than `long`, where they stand.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(super) fn of(known: &Known, channel: &Channel<'_>, long: usize) -> Result<Self, DeskError> {
        Ok(match known.view.entries_in_time(channel.id, long)? {
            Some(entries) => Self::Long(entries),
            None => Self::Whole(known.history(channel.id)?),
        })
    }
}
