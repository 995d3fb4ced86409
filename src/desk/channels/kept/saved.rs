//! What is kept of a channel as bytes, for the projections to save. Only here lz4 is named: keyframes that follow each other
//! differ in little.
//!
//! Whoever reads them goes on only where the fold stood by the same rules, which stand in them: the register's entry
//! of the channel, and what the policies say of it.

use chrono::{Days, NaiveDate};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::desk::channels::kept::Kept;
use crate::desk::channels::kept::block::{Block, Detail, Finer};
use crate::domain::channel::{Frames, Keyframes};
use crate::projections::folds::{Fold, Piece};
use crate::projections::view::{Ground, SavedFold};

/// The version of these bytes, of the keyframes in them, and of the rules by which channels are folded: any other is
/// folded anew.
const VERSION: u8 = 9;

/// Returns what is kept as a fold; nothing where it cannot be written.
pub(super) fn encode<'k>(all: impl Iterator<Item = &'k Kept>) -> Option<Fold> {
    let mut fold = Fold { head: vec![VERSION], ..Fold::default() };
    for kept in all {
        let mut coarse = kept.clone();
        let pieces = coarse.put_into_pieces(&mut fold)?;
        coarse.write(&mut fold.head, &pieces)?;
    }
    Some(fold)
}

/// Reads what is kept, which rests on an index, from the head of a fold that was saved with it; none where the bytes are
/// not those of this program.
pub(super) fn decode(head: &[u8], ground: &Ground, fold: &SavedFold) -> Option<Vec<Kept>> {
    let (version, mut rest) = head.split_first()?;
    let mut all = Vec::new();
    while *version == VERSION && !rest.is_empty() {
        all.push(Kept::read(&mut rest, ground, fold)?);
    }
    (*version == VERSION).then_some(all)
}

/// Returns blocks, and the keyframes between them, as the bytes of a piece.
pub(super) fn part_of(frames: &Frames, blocks: &[Block]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    put_json(&mut bytes, frames)?;
    for block in blocks {
        put_block(&mut bytes, block);
    }
    Some(lz4_flex::compress_prepend_size(&bytes))
}

/// Reads the bytes of a piece; none where they are not those of this program.
pub(super) fn part(bytes: &[u8]) -> Option<(Frames, Vec<Block>)> {
    let bytes = lz4_flex::decompress_size_prepended(bytes).ok()?;
    let mut rest = bytes.as_slice();
    let frames = get_json(&mut rest)?;
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        blocks.push(get_block(&mut rest)?);
    }
    Some((frames, blocks))
}

impl Kept {
    fn write(&self, bytes: &mut Vec<u8>, pieces: &[Option<(Piece, usize)>]) -> Option<()> {
        put_json(bytes, &self.keyframes)?;
        put(bytes, self.size);
        put(bytes, u64::from(self.tangled));
        put_all(bytes, self.announced.iter().copied());
        put(bytes, self.blocks.len() as u64);
        for (place, block) in self.blocks.iter().enumerate() {
            put_block(bytes, block);
            let Some((piece, parts)) = pieces.get(place).copied().flatten() else {
                put(bytes, 0);
                continue;
            };
            for number in [parts as u64, piece.offset, piece.length, u64::from(piece.sum)] {
                put(bytes, number);
            }
        }
        // The others are in blocks.
        let mut within: Vec<u32> = self.blocks.iter().flat_map(|block| &block.entries).copied().collect();
        within.sort_unstable();
        let others = self.members.iter().filter(|member| within.binary_search(member).is_err());
        put_all(bytes, others.copied().map(u64::from));
        Some(())
    }

    fn read(bytes: &mut &[u8], ground: &Ground, fold: &SavedFold) -> Option<Self> {
        let keyframes: Keyframes = get_json(bytes)?;
        let size = get(bytes)?;
        let tangled = get(bytes)? != 0;
        let announced = get_all(bytes)?.into_iter().map(u64::from).collect();
        let count = usize::try_from(get(bytes)?).ok()?;
        let mut blocks = Vec::new();
        for _ in 0..count {
            let mut block = get_block(bytes)?;
            let parts = usize::try_from(get(bytes)?).ok()?;
            if parts > 0 {
                let (offset, length) = (get(bytes)?, get(bytes)?);
                let piece = Piece { offset, length, sum: u32::try_from(get(bytes)?).ok()? };
                block.detail = Detail::Saved(Finer { fold: fold.clone(), piece, parts });
            }
            blocks.push(block);
        }
        let mut members = get_all(bytes)?;
        members.extend(blocks.iter().flat_map(|block| &block.entries));
        members.sort_unstable();
        members.dedup();
        let sound = keyframes.is_sound()
            && (tangled || blocks.len() == keyframes.len() + 1)
            && members.last().is_none_or(|last| u64::from(*last) < size);
        let kept = Self { ground: ground.clone(), size, keyframes, members, blocks, announced, tangled };
        sound.then_some(kept)
    }
}

fn put_json(bytes: &mut Vec<u8>, value: &impl Serialize) -> Option<()> {
    let json = serde_json::to_vec(value).ok()?;
    put(bytes, json.len() as u64);
    bytes.extend_from_slice(&json);
    Some(())
}

fn get_json<T: DeserializeOwned>(bytes: &mut &[u8]) -> Option<T> {
    let length = usize::try_from(get(bytes)?).ok()?;
    let (json, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    serde_json::from_slice(json).ok()
}

/// Writes the entries of a block, without what is kept within it.
fn put_block(bytes: &mut Vec<u8>, block: &Block) {
    put_all(bytes, block.entries.iter().copied().map(u64::from));
    let day = |low: NaiveDate| low.signed_duration_since(NaiveDate::MIN).num_days();
    put(bytes, block.low.map_or(0, |low| day(low).unsigned_abs() + 1));
    put(bytes, block.newest);
}

fn get_block(bytes: &mut &[u8]) -> Option<Block> {
    let entries = get_all(bytes)?;
    let low = match get(bytes)?.checked_sub(1) {
        None => None,
        Some(days) => Some(NaiveDate::MIN.checked_add_days(Days::new(days))?),
    };
    Some(Block { entries, low, newest: get(bytes)?, detail: Detail::Coarse })
}

/// Writes a number, seven bits a byte, the lowest first.
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while let Some(byte) = u8::try_from(number & 0x7f).ok().filter(|_| number > 0x7f) {
        bytes.push(byte | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or_default());
}

fn get(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Writes positions, each as its distance from the one before, which is small in most cases.
fn put_all(bytes: &mut Vec<u8>, positions: impl Iterator<Item = u64>) {
    let positions: Vec<u64> = positions.collect();
    put(bytes, positions.len() as u64);
    let mut before = 0_i64;
    for position in positions {
        let position = position.cast_signed();
        let distance = position - before;
        // The sign goes into the lowest bit.
        put(bytes, ((distance << 1) ^ (distance >> 63)).cast_unsigned());
        before = position;
    }
}

fn get_all(bytes: &mut &[u8]) -> Option<Vec<u32>> {
    let count = usize::try_from(get(bytes)?).ok()?;
    // Each takes a byte at least.
    let mut positions = Vec::with_capacity(count.min(bytes.len()));
    let mut before = 0_i64;
    for _ in 0..count {
        let zigzag = get(bytes)?;
        let distance = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
        before = before.checked_add(distance)?;
        positions.push(u32::try_from(before).ok()?);
    }
    Some(positions)
}
