//! The keys of the rows of a file, on disk where they are many: whether one stands twice, and where one is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, Read};

use sha2::{Digest, Sha256};

use crate::desk::import::source::{FromPlace, Scratch};

/// How many keys are sorted in memory at once.
const RUN_KEYS_MAX: usize = 1 << 20;
/// For every so many keys the first is kept in memory.
const FENCE_EVERY: usize = 256;
/// A fingerprint, and the place of the row.
const PAIR_BYTES: usize = 16;

type Pair = (u64, u64);

/// Takes the keys in, one after another.
pub(super) struct Gathering {
    pairs: Vec<Pair>,
    runs: Vec<File>,
    run_keys_max: usize,
}

impl Gathering {
    /// Returns an empty one.
    pub(super) const fn new() -> Self {
        Self { pairs: Vec::new(), runs: Vec::new(), run_keys_max: RUN_KEYS_MAX }
    }

    /// Takes in the key of the row at a place.
    pub(super) fn push(&mut self, key: &str, place: u64) -> io::Result<()> {
        self.pairs.push((fingerprint(key), place));
        if self.pairs.len() >= self.run_keys_max {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.pairs.sort_unstable();
        let mut run = Scratch::new()?;
        for pair in self.pairs.drain(..) {
            run.push(&bytes_of(pair))?;
        }
        self.runs.push(run.finish()?);
        Ok(())
    }

    /// Returns the keys, to be looked up, and tells `alike` of every two places whose keys may be the same, the
    /// earlier first.
    pub(super) fn finish(mut self, mut alike: impl FnMut(u64, u64) -> io::Result<()>) -> io::Result<Keys> {
        if self.runs.is_empty() {
            self.pairs.sort_unstable();
            for_each_alike(self.pairs.iter().copied().map(Ok), &mut alike)?;
            return Ok(Keys::Here(self.pairs));
        }
        self.spill()?;
        let mut merged = Scratch::new()?;
        let mut fences = Vec::new();
        let mut count: usize = 0;
        let pairs = Merge::of(&self.runs)?.inspect(|pair| {
            if let Ok(pair) = pair {
                if count.is_multiple_of(FENCE_EVERY) {
                    fences.push(pair.0);
                }
                count += 1;
            }
        });
        let mut written = |pair: Pair| merged.push(&bytes_of(pair));
        let pairs = pairs.map(|pair| pair.and_then(|pair| written(pair).map(|()| pair)));
        for_each_alike(pairs, &mut alike)?;
        Ok(Keys::OnDisk { file: merged.finish()?, fences })
    }
}

fn for_each_alike(
    pairs: impl Iterator<Item = io::Result<Pair>>,
    alike: &mut impl FnMut(u64, u64) -> io::Result<()>,
) -> io::Result<()> {
    let mut first: Option<Pair> = None;
    for pair in pairs {
        let pair = pair?;
        match first {
            Some((print, place)) if print == pair.0 => alike(place, pair.1)?,
            Some(_) | None => first = Some(pair),
        }
    }
    Ok(())
}

/// The keys of a file, by their fingerprints.
pub(super) enum Keys {
    /// In memory.
    Here(Vec<Pair>),
    /// On disk, with the first of every few in memory.
    OnDisk { file: File, fences: Vec<u64> },
}

impl Keys {
    /// Returns the places of the rows whose key may be this.
    pub(super) fn find(&self, key: &str) -> io::Result<Vec<u64>> {
        let print = fingerprint(key);
        match self {
            Self::Here(pairs) => {
                let from = pairs.partition_point(|pair| pair.0 < print);
                let same = pairs.iter().skip(from).take_while(|pair| pair.0 == print);
                Ok(same.map(|pair| pair.1).collect())
            }
            Self::OnDisk { file, fences } => {
                let block = fences.partition_point(|fence| *fence < print).saturating_sub(1);
                let place = (block * FENCE_EVERY * PAIR_BYTES) as u64;
                let mut reader = BufReader::new(FromPlace::at(file, place));
                let mut found = Vec::new();
                while let Some(pair) = next_pair(&mut reader)? {
                    if pair.0 > print {
                        break;
                    }
                    if pair.0 == print {
                        found.push(pair.1);
                    }
                }
                Ok(found)
            }
        }
    }
}

/// Several sorted runs, read as one.
struct Merge<'a> {
    runs: Vec<BufReader<FromPlace<'a>>>,
    heap: BinaryHeap<Reverse<(Pair, usize)>>,
}

impl<'a> Merge<'a> {
    fn of(files: &'a [File]) -> io::Result<Self> {
        let mut runs: Vec<_> = files.iter().map(|file| BufReader::new(FromPlace::at(file, 0))).collect();
        let mut heap = BinaryHeap::new();
        for (number, run) in runs.iter_mut().enumerate() {
            if let Some(pair) = next_pair(run)? {
                heap.push(Reverse((pair, number)));
            }
        }
        Ok(Self { runs, heap })
    }
}

impl Iterator for Merge<'_> {
    type Item = io::Result<Pair>;

    fn next(&mut self) -> Option<io::Result<Pair>> {
        let Reverse((pair, number)) = self.heap.pop()?;
        match self.runs.get_mut(number).map(next_pair) {
            Some(Ok(Some(next))) => self.heap.push(Reverse((next, number))),
            Some(Err(error)) => return Some(Err(error)),
            Some(Ok(None)) | None => {}
        }
        Some(Ok(pair))
    }
}

fn next_pair(reader: &mut impl Read) -> io::Result<Option<Pair>> {
    let mut bytes = [0; PAIR_BYTES];
    match reader.read_exact(&mut bytes) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let (print, place) = bytes.split_first_chunk::<8>().expect("16 bytes begin with 8");
    let place = place.first_chunk::<8>().expect("8 bytes follow");
    Ok(Some((u64::from_be_bytes(*print), u64::from_be_bytes(*place))))
}

fn bytes_of((print, place): Pair) -> [u8; PAIR_BYTES] {
    ((u128::from(print) << 64) | u128::from(place)).to_be_bytes()
}

fn fingerprint(key: &str) -> u64 {
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    let (bytes, _) = hash.split_first_chunk::<8>().expect("32 bytes begin with 8");
    u64::from_be_bytes(*bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_and_those_that_stand_twice_are_told_in_memory_and_on_disk() {
        for run_keys_max in [RUN_KEYS_MAX, 700] {
            let mut gathering = Gathering { run_keys_max, ..Gathering::new() };
            for number in 0..5_000u64 {
                gathering.push(&format!("key-{}", number % 4_990), number).unwrap();
            }
            let mut twice = Vec::new();
            let keys = gathering
                .finish(|first, second| {
                    twice.push((first, second));
                    Ok(())
                })
                .unwrap();
            twice.sort_unstable();
            assert_eq!(twice, (0..10).map(|number| (number, number + 4_990)).collect::<Vec<_>>());
            for number in (0..4_990).step_by(97) {
                assert!(keys.find(&format!("key-{number}")).unwrap().contains(&number), "{number}");
            }
            assert_eq!(keys.find("another").unwrap(), Vec::<u64>::new());
        }
    }
}
