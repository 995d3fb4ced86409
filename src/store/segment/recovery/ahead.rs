//! Records are read and checked on other threads, ahead of the one that gives each its place.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::store::leaf::Leaf;
use crate::store::segment::files::Segment;
use crate::store::segment::frame;
use crate::store::segment::recovery::met::{Met, Revisions};

/// How a segment is read ahead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// From so many bytes on it is worth the threads.
    pub(super) worth: u64,
    /// Bytes that one thread takes at a time, at least: as many as stay in the cache of a core between being read
    /// and being checked. It must hold the header of a record.
    pub(super) block: usize,
}

impl Pace {
    /// What every log is read with.
    pub(super) const STANDARD: Self = Self { worth: 4 << 20, block: 1 << 18 };
}

/// Threads at most: they wait for the one that gives records their places.
const HANDS_MAX: usize = 4;
/// Blocks that a thread may be ahead with.
const BLOCKS: usize = 8;

/// The records of a stretch of a segment.
#[derive(Default)]
pub(super) struct Block {
    pub(super) records: Vec<Met>,
    /// The revisions that they give their streams.
    pub(super) revisions: Revisions,
    /// Something stands behind them that is no whole record, or nothing more.
    ends: bool,
}

/// Gives all records from `offset` to `take`, block by block and in order, up to the first place where no whole one
/// stands.
///
/// What stands there is not looked into: it may be the end, a write that goes on meanwhile, or damage.
pub(super) fn each(
    log_id: &str,
    segment: &Arc<Segment>,
    offset: u64,
    pace: Pace,
    mut take: impl FnMut(&Block),
) {
    let hands = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(HANDS_MAX);
    let (give_back, empty) = channel();
    (0..hands * BLOCKS).for_each(|_| drop(give_back.send(Block::default())));
    let (found, blocks) = channel();
    let cutter = Mutex::new(Cutter { segment, offset: Some(offset), number: 0, block: pace.block, empty });
    std::thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..hands {
            let (cutter, found) = (&cutter, found.clone());
            // Where the system gives no more threads, those that there are do; where it gives none, nothing is given.
            let hand = std::thread::Builder::new().spawn_scoped(scope, move || work(log_id, cutter, &found));
            started += usize::from(hand.is_ok());
        }
        drop(found);
        if started == 0 {
            return;
        }
        in_order(&blocks, &give_back, &mut take);
        // Whoever waits for an empty block goes home.
        drop((blocks, give_back));
    });
}

/// Takes the blocks by their numbers, until one says that it is the last.
fn in_order(blocks: &Receiver<(u64, Block)>, give_back: &Sender<Block>, take: &mut impl FnMut(&Block)) {
    let (mut early, mut next) = (BTreeMap::new(), 0);
    // Those that came before their turn are as few as there are blocks.
    while let Ok((number, block)) = blocks.recv() {
        early.insert(number, block);
        while let Some(block) = early.remove(&next) {
            take(&block);
            if block.ends {
                return;
            }
            next += 1;
            // Nobody may be left to fill it.
            let _ = give_back.send(block);
        }
    }
}

/// Cuts a segment into blocks of whole records, by what their headers say.
struct Cutter<'a> {
    segment: &'a Arc<Segment>,
    /// Where the next block begins; none when there is none.
    offset: Option<u64>,
    number: u64,
    block: usize,
    /// What may be filled.
    empty: Receiver<Block>,
}

impl Cutter<'_> {
    /// Reads the next block into `bytes`, and returns its number, where it begins and what to fill; none when there
    /// is no more.
    fn next(&mut self, bytes: &mut Vec<u8>) -> Option<(u64, u64, Block)> {
        let offset = self.offset?;
        let mut block = self.empty.recv().ok()?;
        block.records.clear();
        block.revisions.clear();
        let whole = self.read(offset, bytes);
        bytes.truncate(whole);
        block.ends = whole == 0;
        self.offset = (whole > 0).then_some(offset + whole as u64);
        let number = self.number;
        self.number += 1;
        Some((number, offset, block))
    }

    /// Reads bytes from `offset`, and tells how many of them are whole records; where they cannot be read, none.
    fn read(&self, offset: u64, bytes: &mut Vec<u8>) -> usize {
        let mut room = self.block;
        loop {
            bytes.resize(room, 0);
            let Ok(have) = self.segment.read_at(bytes, offset) else { return 0 };
            let mut whole = 0;
            let next = loop {
                match frame::claimed_len(bytes.get(whole..have).unwrap_or_default()) {
                    Ok(len) if whole + len <= have => whole += len,
                    Ok(len) => break len,
                    Err(_) => break 0,
                }
            };
            if whole > 0 || next <= room {
                return whole;
            }
            // One record is longer than a block.
            room = next;
        }
    }
}

/// Says in place of a block that it never comes, where the hand that checks it panics: nobody waits for it then, and
/// whoever waits for the hands hears of the panic.
struct Broken<'a> {
    number: u64,
    found: &'a Sender<(u64, Block)>,
}

impl Drop for Broken<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let last = Block { ends: true, ..Block::default() };
        // Whoever hung up waits for nothing.
        let _ = self.found.send((self.number, last));
    }
}

/// Reads and checks blocks until there are no more, and hands on what it met in them.
///
/// Whoever checks a block also reads it, while nobody else reads: its bytes are then in the cache of that core.
fn work(log_id: &str, cutter: &Mutex<Cutter<'_>>, found: &Sender<(u64, Block)>) {
    let (mut bytes, mut leaf) = (Vec::new(), Leaf::blank());
    loop {
        let next = cutter.lock().unwrap_or_else(PoisonError::into_inner).next(&mut bytes);
        let Some((number, start, mut block)) = next else { return };
        let _broken = Broken { number, found };
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Ok(frame) = frame::read(log_id, rest) else {
                block.ends = true;
                break;
            };
            let met = Met::of(log_id, &frame, start + at as u64, &mut leaf, &mut block.revisions);
            block.records.push(met);
            at += frame.len();
        }
        let ends = block.ends;
        // Who takes them hung up when it met the end.
        let hung_up = found.send((number, block)).is_err();
        if ends {
            // Only now: whoever cuts may be waiting until this one is taken.
            cutter.lock().unwrap_or_else(PoisonError::into_inner).offset = None;
        }
        if ends || hung_up {
            return;
        }
    }
}
