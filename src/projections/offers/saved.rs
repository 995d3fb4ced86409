//! What is kept of overtures as sections of files: the rows in chunks, so that a save writes few of them, and
//! what goes with them.

use std::collections::HashMap;

use crate::projections::columns::{get, put};
use crate::projections::lazy::Section;
use crate::projections::offers::{CHUNK, Offer, Offers, On, Pending};
use crate::projections::term::Term;

/// The chunks that differ from the snapshot.
#[derive(Debug, Default)]
pub(in crate::projections) struct Changes {
    /// With their numbers, ascending.
    pub(in crate::projections) chunks: Vec<(usize, (u8, Vec<u8>))>,
    /// How many chunks there are.
    pub(in crate::projections) total: usize,
    // Changes up to this one are among them.
    up_to: u64,
}

/// A stretch of rows.
#[derive(Debug)]
pub(in crate::projections) struct Chunk(Vec<(Term, Offer)>);

impl Offers {
    /// Returns what differs from the snapshot.
    pub(in crate::projections) fn changes(&self) -> Changes {
        let mut numbers: Vec<usize> = self.changed.keys().copied().collect();
        numbers.sort_unstable();
        let chunk = |number: usize| {
            let range = number * CHUNK..self.rows.len().min((number + 1) * CHUNK);
            let rows = self.rows.get(range.clone()).unwrap_or_default();
            let terms = self.terms.get(range).unwrap_or_default();
            (number, Chunk(terms.iter().copied().zip(rows.iter().copied()).collect()).to_section())
        };
        Changes {
            chunks: numbers.into_iter().map(chunk).collect(),
            total: self.rows.len().div_ceil(CHUNK),
            up_to: self.changes,
        }
    }

    /// Forgets what was changed before `saved` was taken, because it is on disk.
    pub(in crate::projections) fn saved(&mut self, saved: &Changes) {
        self.changed.retain(|_, change| *change > saved.up_to);
    }

    /// Takes in the chunks of a snapshot, in their order; tells whether they go together with what was saved
    /// beside them, of a log of `size` events.
    pub(in crate::projections) fn load(&mut self, chunks: Vec<Chunk>, size: u32) -> bool {
        let last = chunks.len().saturating_sub(1);
        for (number, Chunk(rows)) in chunks.into_iter().enumerate() {
            if rows.is_empty() || rows.len() > CHUNK || (number < last && rows.len() < CHUNK) {
                return false;
            }
            for (term, row) in rows {
                let Ok(place) = u32::try_from(self.rows.len()) else { return false };
                self.terms.push(term);
                self.rows.push(row);
                self.places.insert(term, place);
            }
        }
        self.rows.is_sorted_by_key(|row| row.position)
            && self.rows.last().is_none_or(|row| row.position < size)
    }
}

impl Section for Chunk {
    const NUMBER: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 72 + 128);
        let terms: Vec<Term> = self.0.iter().map(|(term, _)| *term).collect();
        put(&mut bytes, &terms, u64::to_le_bytes);
        let rows: Vec<Offer> = self.0.iter().map(|(_, row)| *row).collect();
        for long in [|row: Offer| row.made, |row: Offer| row.doubt_at, |row: Offer| row.closed_at] {
            put(&mut bytes, &rows, |row| long(row).to_le_bytes());
        }
        let positions = [
            |row: Offer| row.position,
            |row: Offer| row.doubt,
            |row: Offer| row.closed,
            |row: Offer| row.tangled,
        ];
        for position in positions {
            put(&mut bytes, &rows, |row| position(row).to_le_bytes());
        }
        let days = [
            |row: Offer| row.day,
            |row: Offer| row.deflected,
            |row: Offer| row.rejected,
            |row: Offer| row.revived,
        ];
        for day in days {
            put(&mut bytes, &rows, |row| day(row).to_le_bytes());
        }
        for party in [|row: Offer| row.from, |row: Offer| row.to] {
            put(&mut bytes, &rows, |row| party(row).to_le_bytes());
        }
        put(&mut bytes, &rows, |row| [u8::from(row.answered) | u8::from(row.removed) << 1]);
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let terms = get(bytes, u64::from_le_bytes)?;
        let longs: [Vec<i64>; 3] = several(|| get(bytes, i64::from_le_bytes))?;
        let positions: [Vec<u32>; 4] = several(|| get(bytes, u32::from_le_bytes))?;
        let days: [Vec<i32>; 4] = several(|| get(bytes, i32::from_le_bytes))?;
        let parties: [Vec<u16>; 2] = several(|| get(bytes, u16::from_le_bytes))?;
        let flags = get(bytes, |[flags]| flags)?;
        let rows = terms.into_iter().enumerate().map(|(place, term)| {
            let long = |column: usize| longs.get(column)?.get(place).copied();
            let position = |column: usize| positions.get(column)?.get(place).copied();
            let day = |column: usize| days.get(column)?.get(place).copied();
            let party = |column: usize| parties.get(column)?.get(place).copied();
            let flags = flags.get(place).copied().filter(|flags| *flags < 4)?;
            let row = Offer {
                made: long(0)?,
                doubt_at: long(1)?,
                closed_at: long(2)?,
                position: position(0)?,
                doubt: position(1)?,
                closed: position(2)?,
                tangled: position(3)?,
                day: day(0)?,
                deflected: day(1)?,
                rejected: day(2)?,
                revived: day(3)?,
                from: party(0)?,
                to: party(1)?,
                answered: flags & 1 != 0,
                removed: flags & 2 != 0,
            };
            Some((term, row))
        });
        let rows: Vec<(Term, Offer)> = rows.collect::<Option<_>>()?;
        bytes.is_empty().then_some(Self(rows))
    }
}

fn several<T, const N: usize>(mut next: impl FnMut() -> Option<Vec<T>>) -> Option<[Vec<T>; N]> {
    let mut columns: [Vec<T>; N] = std::array::from_fn(|_| Vec::new());
    for column in &mut columns {
        *column = next()?;
    }
    Some(columns)
}

/// What goes with the rows.
impl Section for Offers {
    const NUMBER: u8 = 9;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.blind)];
        put(&mut bytes, &self.parties, u64::to_le_bytes);
        let mut dangling: Vec<Term> = self.dangling.iter().copied().collect();
        dangling.sort_unstable();
        put(&mut bytes, &dangling, u64::to_le_bytes);
        put(&mut bytes, &self.pending, |pending| pending.at.to_le_bytes());
        put(&mut bytes, &self.pending, |pending| match pending.on {
            On::Position(position) => (u128::from(position) << 1).to_le_bytes().map(|byte| byte),
            On::Entry(_) => 1_u128.to_le_bytes(),
        });
        put(&mut bytes, &self.pending, |pending| match pending.on {
            On::Position(_) => [0; 16],
            On::Entry(entity) => entity.as_uuid().as_u128().to_le_bytes(),
        });
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (blind, mut bytes) = bytes.split_first()?;
        let parties = get(&mut bytes, u64::from_le_bytes)?;
        let dangling = get(&mut bytes, u64::from_le_bytes)?;
        let at = get(&mut bytes, u32::from_le_bytes)?;
        let sort = get(&mut bytes, u128::from_le_bytes)?;
        let entity = get(&mut bytes, u128::from_le_bytes)?;
        let numbers: HashMap<Term, u16, _> = parties.iter().copied().zip(0..=u16::MAX).collect();
        if !bytes.is_empty()
            || sort.len() != at.len()
            || entity.len() != at.len()
            || numbers.len() != parties.len()
        {
            return None;
        }
        let pending = at.into_iter().zip(sort.into_iter().zip(entity)).map(|(at, (sort, entity))| {
            let on = match sort {
                1 => On::Entry(crate::domain::id::EntityId::from_uuid(uuid::Uuid::from_u128(entity))),
                position => On::Position(u32::try_from(position >> 1).ok()?),
            };
            Some(Pending { at, on })
        });
        Some(Self {
            blind: *blind != 0,
            pending: pending.collect::<Option<_>>()?,
            dangling: dangling.into_iter().collect(),
            parties,
            numbers,
            ..Self::default()
        })
    }
}
