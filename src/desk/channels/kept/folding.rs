//! Channels folded for the projections to save, whether or not anybody asked about them.

use std::sync::PoisonError;

use crate::desk::channels::channel;
use crate::desk::channels::kept::{ChannelsKept, KEPT_MAX, Kept, OfChannel, saved};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::channel::{Channel, Keyframes};
use crate::domain::id::EntityId;
use crate::domain::reading::RawEvent;
use crate::domain::timestamp::Timestamp;
use crate::projections::view::Ground;

impl ChannelsKept {
    /// Folds a channel on as far as a record knows it, and returns what is kept of it as bytes; none where it is
    /// short. It is folded by the rules of these moments, of which the last comes first where they are many.
    ///
    /// # Errors
    ///
    /// As [`ChannelsKept::stand`].
    pub(in crate::desk) fn fold(
        &self,
        known: &mut Known,
        id: EntityId,
        moments: &[Timestamp],
    ) -> Result<Option<Vec<u8>>, DeskError> {
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
        // Read once, however many rules there are.
        let mut history = None;
        while let Some((at, _)) = wanted.pop() {
            known.at = at;
            of_channel.fold_on(known, &channel(known, id), &ground, &mut history)?;
        }
        let size = known.view.size();
        let whole = |kept: &&Kept| kept.ground == ground && kept.size == size;
        let mut all = of_channel.all.iter().filter(whole).peekable();
        Ok(if all.peek().is_some() { saved::encode(all) } else { None })
    }
}

impl OfChannel {
    /// Folds on by the rules of the moment, from what is kept by them, or from nothing.
    fn fold_on(
        &mut self,
        known: &Known,
        channel: &Channel<'_>,
        ground: &Ground,
        history: &mut Option<Vec<RawEvent>>,
    ) -> Result<(), DeskError> {
        if let Some(place) = self.all.iter().position(|kept| channel.goes_by(&kept.keyframes, known.at)) {
            let mut kept = self.all.remove(place);
            if kept.catch_up(known, channel)? {
                self.all.push(kept);
                return Ok(());
            }
        }
        let whole = match history.take() {
            Some(whole) => whole,
            None => known.history(channel.id)?,
        };
        self.keep(known, channel, history.insert(whole), ground);
        Ok(())
    }
}
