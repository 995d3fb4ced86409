//! What is kept within a block: found by folding it where somebody asks, or saved in pieces of which each is read when
//! it is needed.

use crate::desk::channels::kept::block::{Block, Detail, Finer};
use crate::desk::channels::kept::members::{members, with_corrections};
use crate::desk::channels::kept::{EVERY, Kept, LATEST, PARTS, PLACES, PLACES_SAVED, saved};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::channel::Channel;
use crate::projections::folds::{Fold, Piece};

impl Kept {
    /// Keeps more where somebody asks: in the block after the first `count` keyframes; tells whether there is more.
    pub(super) fn refine(
        &mut self,
        known: &Known,
        channel: &Channel<'_>,
        count: usize,
    ) -> Result<bool, DeskError> {
        self.refine_to(known, channel, count, EVERY)
    }

    /// As [`Kept::refine`], where so many entries lie between two places or more.
    fn refine_to(
        &mut self,
        known: &Known,
        channel: &Channel<'_>,
        count: usize,
        finest: usize,
    ) -> Result<bool, DeskError> {
        let Some(block) = self.blocks.get_mut(count) else { return Ok(false) };
        match &block.detail {
            Detail::Fine | Detail::Loaded(_) => return Ok(false),
            Detail::Coarse => {}
            Detail::Saved(finer) => {
                let finer = finer.clone();
                block.detail = Detail::Coarse;
                if self.load(count, &finer) {
                    return Ok(true);
                }
            }
        }
        let Some(block) = self.blocks.get(count).filter(|block| block.entries.len() > 2 * finest) else {
            return Ok(false);
        };
        let positions: Vec<u64> = block.entries.iter().copied().map(u64::from).collect();
        // What is kept is of everything that is known, whoever asks about less.
        let history = with_corrections(&known.view.known_at(self.size), &positions)?;
        let (members, before) = (members(channel, &history), self.keyframes.len());
        // Of a long block few at first: it is refined where somebody asks, and nowhere else.
        let every = finest.max(positions.len() / PLACES);
        let is_placed = self.place(channel, (history, &members), count, every);
        if let Some(block) = self.blocks.get_mut(count).filter(|_| self.keyframes.len() == before) {
            block.detail = Detail::Fine;
        }
        Ok(is_placed)
    }

    /// As [`Kept::refine`], only where something bears on the block that is not among the first `size` events.
    pub(super) fn refine_touched(
        &mut self,
        known: &Known,
        channel: &Channel<'_>,
        count: usize,
        size: u64,
    ) -> Result<bool, DeskError> {
        let is_touched = self.blocks.get(count).is_some_and(|block| block.is_touched(size));
        if is_touched { self.refine(known, channel, count) } else { Ok(false) }
    }

    /// Keeps more of every block of which nothing is saved; tells whether nobody stopped it.
    pub(super) fn refine_all(
        &mut self,
        known: &Known,
        channel: &Channel<'_>,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<bool, DeskError> {
        let finest = EVERY.max(self.members.len() / PLACES_SAVED);
        let mut count = 0;
        while !self.tangled && count < self.blocks.len() {
            let is_coarse = matches!(self.blocks.get(count), Some(Block { detail: Detail::Coarse, .. }));
            if is_coarse && is_stopped() {
                return Ok(false);
            }
            if !is_coarse || !self.refine_to(known, channel, count, finest)? {
                count += 1;
            }
        }
        Ok(true)
    }

    /// Puts what is saved of a block in its place; tells whether it could be read.
    fn load(&mut self, count: usize, finer: &Finer) -> bool {
        let Some(bytes) = finer.fold.piece(finer.piece) else { return false };
        let whole = self.blocks.get(count).map_or(0, |block| block.entries.len());
        let read = saved::part(&bytes).filter(|(_, blocks)| {
            blocks.len() == finer.parts
                && blocks.iter().map(|block| block.entries.len()).sum::<usize>() == whole
        });
        let Some((frames, mut blocks)) = read.filter(|(frames, _)| frames.len() + 1 == finer.parts) else {
            finer.fold.distrust();
            return false;
        };
        if !self.keyframes.put_back(count, frames) {
            finer.fold.distrust();
            return false;
        }
        for block in &mut blocks {
            block.detail = Detail::Loaded(finer.clone());
        }
        self.blocks.splice(count..=count, blocks);
        true
    }

    /// Lets go what was loaded and is saved: it can be loaded again.
    pub(super) fn unload(&mut self) {
        let mut goes = vec![false; self.keyframes.len()];
        let mut back: Vec<(usize, Finer)> = Vec::new();
        let (mut place, mut gone) = (0, 0);
        while let Some(block) = self.blocks.get(place) {
            let mut next = place + 1;
            if let Detail::Loaded(finer) = &block.detail {
                let is_of = |block: &Block| matches!(&block.detail, Detail::Loaded(of) if of == finer);
                let parts = self.blocks.iter().skip(place).take_while(|block| is_of(block)).count();
                // Of one that is no longer whole the rest is kept as it is.
                if parts == finer.parts && place + parts <= goes.len() {
                    goes.iter_mut().skip(place).take(parts - 1).for_each(|goes| *goes = true);
                    back.push((place - gone, finer.clone()));
                    gone += parts - 1;
                }
                next = place + parts;
            }
            place = next;
        }
        self.let_go(|place| goes.get(place) == Some(&true));
        for (place, finer) in back {
            if let Some(block) = self.blocks.get_mut(place) {
                block.detail = Detail::Saved(finer);
            }
        }
    }

    /// Puts what is kept within blocks into pieces, without the latest, and lets go of it; returns where the piece of each
    /// block stands that has one. What was saved before is taken from there.
    pub(super) fn put_into_pieces(&mut self, fold: &mut Fold) -> Option<Vec<Option<(Piece, usize)>>> {
        self.unload();
        let settled = self.keyframes.len().saturating_sub(LATEST);
        let is_loose = |block: &Block| !matches!(block.detail, Detail::Saved(_));
        let mut goes = vec![false; self.keyframes.len()];
        let mut pieces = Vec::new();
        let mut place = 0;
        while let Some(block) = self.blocks.get(place) {
            let room = settled.saturating_sub(place).min(PARTS);
            let parts = self.blocks.iter().skip(place).take(room).take_while(|block| is_loose(block)).count();
            let piece = if parts > 1 {
                goes.iter_mut().skip(place).take(parts - 1).for_each(|goes| *goes = true);
                let frames = self.keyframes.part(place..place + parts - 1);
                Some((fold.add(&saved::part_of(&frames, self.blocks.get(place..place + parts)?)?), parts))
            } else if let Detail::Saved(finer) = &block.detail {
                finer.fold.piece(finer.piece).map(|bytes| (fold.add(&bytes), finer.parts))
            } else {
                None
            };
            pieces.push(piece);
            place += parts.max(1);
        }
        self.let_go(|place| goes.get(place) == Some(&true));
        Some(pieces)
    }

    /// Lets the keyframes go at some places, and makes one block of those that they divided.
    pub(super) fn let_go(&mut self, goes: impl Fn(usize) -> bool) {
        let last = self.keyframes.len().saturating_sub(1);
        let goes = |place: usize| place != last && goes(place);
        self.keyframes.retain(|place| !goes(place));
        let mut blocks: Vec<Block> = Vec::with_capacity(self.keyframes.len() + 1);
        for (place, block) in std::mem::take(&mut self.blocks).into_iter().enumerate() {
            match blocks.last_mut().filter(|_| place.checked_sub(1).is_some_and(goes)) {
                Some(before) => before.merge(block),
                None => blocks.push(block),
            }
        }
        self.blocks = blocks;
    }
}
