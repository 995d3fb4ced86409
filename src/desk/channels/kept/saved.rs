//! What is kept of a channel as bytes, for the projections to save.
//!
//! Whoever reads them goes on only where the fold stood by the same rules, which stand in them: the register's entry
//! of the channel, and what the policies say of it.

use chrono::{Days, NaiveDate};

use crate::desk::channels::kept::block::Block;
use crate::desk::channels::kept::{Kept, PLACES};
use crate::domain::channel::Keyframes;
use crate::projections::view::Ground;

/// The version of these bytes, of the keyframes in them, and of the rules by which channels are folded: any other is
/// folded anew.
const VERSION: u8 = 2;

/// Returns what is kept as bytes; nothing where it cannot be written.
pub(super) fn encode<'k>(all: impl Iterator<Item = &'k Kept>) -> Option<Vec<u8>> {
    let mut bytes = vec![VERSION];
    for kept in all {
        let mut thin = kept.clone();
        thin.thin(PLACES);
        thin.write(&mut bytes)?;
    }
    Some(bytes)
}

/// Reads what is kept, which rests on an index; none where the bytes are not those of this program.
pub(super) fn decode(bytes: &[u8], ground: &Ground) -> Option<Vec<Kept>> {
    let (version, mut rest) = bytes.split_first()?;
    let mut all = Vec::new();
    while *version == VERSION && !rest.is_empty() {
        all.push(Kept::read(&mut rest, ground)?);
    }
    (*version == VERSION).then_some(all)
}

impl Kept {
    fn write(&self, bytes: &mut Vec<u8>) -> Option<()> {
        let keyframes = serde_json::to_vec(&self.keyframes).ok()?;
        put(bytes, keyframes.len() as u64);
        bytes.extend_from_slice(&keyframes);
        put(bytes, self.size);
        put(bytes, u64::from(self.tangled));
        put_all(bytes, self.announced.iter().copied());
        put(bytes, self.blocks.len() as u64);
        for block in &self.blocks {
            put_all(bytes, block.entries.iter().copied().map(u64::from));
            let day = |low: NaiveDate| low.signed_duration_since(NaiveDate::MIN).num_days();
            put(bytes, block.low.map_or(0, |low| day(low).unsigned_abs() + 1));
            put(bytes, block.newest);
        }
        // The others are in blocks.
        let mut within: Vec<u32> = self.blocks.iter().flat_map(|block| &block.entries).copied().collect();
        within.sort_unstable();
        let others = self.members.iter().filter(|member| within.binary_search(member).is_err());
        put_all(bytes, others.copied().map(u64::from));
        Some(())
    }

    fn read(bytes: &mut &[u8], ground: &Ground) -> Option<Self> {
        let length = usize::try_from(get(bytes)?).ok()?;
        let (keyframes, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        let keyframes: Keyframes = serde_json::from_slice(keyframes).ok()?;
        let size = get(bytes)?;
        let tangled = get(bytes)? != 0;
        let announced = get_all(bytes)?.into_iter().map(u64::from).collect();
        let count = usize::try_from(get(bytes)?).ok()?;
        let mut blocks = Vec::new();
        for _ in 0..count {
            let entries = get_all(bytes)?;
            let low = match get(bytes)?.checked_sub(1) {
                None => None,
                Some(days) => Some(NaiveDate::MIN.checked_add_days(Days::new(days))?),
            };
            blocks.push(Block { entries, low, newest: get(bytes)?, fine: false });
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
