//! What was found of overtures by folding them, as long as it holds.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use crate::domain::id::EntityId;
use crate::projections::columns::{get, put};
use crate::projections::lazy::Section;
use crate::projections::offers::lists::{Having, Lists};
use crate::projections::offers::resolved::Open;
use crate::projections::offers::{NEVER, OffersQuery};
use crate::projections::segment::Same;
use crate::projections::term::{self, Field, Term};

/// So many findings are kept of one overture: one for each size or moment that is asked about.
const KEPT_MAX: usize = 4;
/// When there are so many, all are let go.
const ALL_MAX: usize = 1 << 18;

/// What a fold found of an overture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// It had been made, and was not struck.
    pub made: bool,
    /// It stood, and an addressee had said neither yes nor no.
    pub open: bool,
    /// When it was first issued, in microseconds: by which it is put in order.
    pub issued: i64,
    /// Who made it.
    pub from: Arc<[EntityId]>,
    /// To whom it was made.
    pub to: Arc<[EntityId]>,
}

/// A verdict, and as of when it holds.
#[derive(Debug)]
pub(in crate::projections) struct Found<'a> {
    /// What was found.
    pub(in crate::projections) verdict: Verdict,
    /// How many events were known.
    pub(in crate::projections) size: u32,
    /// As of which moment.
    pub(in crate::projections) at: i64,
    /// Before which moment nothing else takes effect.
    pub(in crate::projections) until: i64,
    /// The histories that were read for it.
    pub(in crate::projections) histories: &'a [EntityId],
}

/// What is saved was found by this program, and by which rules of the fold: another one may fold otherwise. Whoever
/// changes how overtures fold raises the number.
const PROGRAM: &str = concat!(env!("CARGO_PKG_VERSION"), " 2");

#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    issued: i64,
    at: i64,
    until: i64,
    // It holds of so many events to so many.
    size: u32,
    size_until: Option<u32>,
    // By number.
    from: u32,
    to: u32,
    made: bool,
    open: bool,
}

impl Kept {
    fn holds(&self, size: u32, at: i64) -> bool {
        self.size <= size
            && self.size_until.is_none_or(|until| size <= until)
            && (self.at..self.until).contains(&at)
    }

    /// Returns of how many events it holds, at least and at most.
    pub(super) fn sizes(&self) -> (u32, u32) {
        (self.size, self.size_until.unwrap_or(NEVER))
    }

    /// Returns from which moment on it holds, and before which.
    pub(super) fn moments(&self) -> (i64, i64) {
        (self.at, self.until)
    }

    /// Returns the overture at a position, of which this is kept, where it stood open.
    pub(super) fn open(&self, position: u32) -> Option<Open> {
        self.made(position).filter(|_| self.open)
    }

    /// As [`Kept::open`], where it had been made.
    pub(super) fn made(&self, position: u32) -> Option<Open> {
        self.made.then_some(Open { key: (self.issued, position), from: self.from, to: self.to })
    }
}

/// What is kept of one overture: what was found last, and before.
#[derive(Debug, Clone)]
struct OfOverture {
    last: Kept,
    before: Vec<Kept>,
}

impl OfOverture {
    /// Returns all that is kept, what was found last first.
    fn all(&self) -> impl Iterator<Item = &Kept> {
        std::iter::once(&self.last).chain(self.before.iter().rev())
    }

    fn that_holds(&self, size: u32, at: i64) -> Option<&Kept> {
        self.all().find(|kept| kept.holds(size, at))
    }
}

/// Verdicts by the position of the overture.
#[derive(Debug, Default)]
pub(in crate::projections) struct Verdicts {
    kept: BTreeMap<u32, OfOverture>,
    lists: Lists,
    // The overtures for which a history was read.
    watched: HashMap<Term, Vec<u32>, BuildHasherDefault<Same>>,
    // Of which something else is kept by now.
    changed: Vec<u32>,
    all_changed: bool,
}

impl Verdicts {
    /// Tells of each of the overtures at some positions, ascending, what is kept of it that holds at a size and a
    /// moment.
    pub(super) fn each(
        &self,
        positions: &[u32],
        size: u32,
        at: i64,
        mut tell: impl FnMut(u32, Option<&Kept>),
    ) {
        let (Some(first), Some(last)) = (positions.first(), positions.last()) else { return };
        let mut kept = self.kept.range(*first..=*last).peekable();
        for position in positions {
            while kept.next_if(|(known, _)| *known < position).is_some() {}
            let of = kept.next_if(|(known, _)| *known == position);
            tell(*position, of.and_then(|(_, of)| of.that_holds(size, at)));
        }
    }

    /// Tells which lists of parties have one of those that are asked for.
    pub(super) fn having(&self, query: &OffersQuery) -> Having {
        self.lists.having(query)
    }

    /// Returns the positions of the overtures of which something else is kept than when this was asked last; none where
    /// that is all.
    pub(super) fn changed(&mut self) -> Option<Vec<u32>> {
        let changed = std::mem::take(&mut self.changed);
        if std::mem::take(&mut self.all_changed) { None } else { Some(changed) }
    }

    pub(super) fn keep(&mut self, position: u32, known: u32, found: &Found<'_>) {
        if self.kept.len() >= ALL_MAX {
            self.forget();
        }
        let is_newest = known == found.size;
        let Verdict { made, open, issued, from, to } = &found.verdict;
        let kept = Kept {
            issued: *issued,
            at: found.at,
            until: found.until.max(found.at.saturating_add(1)),
            size: found.size,
            size_until: (!is_newest).then_some(found.size),
            from: self.lists.number(from),
            to: self.lists.number(to),
            made: *made,
            open: *open,
        };
        self.changed.push(position);
        match self.kept.entry(position) {
            Entry::Vacant(vacant) => {
                vacant.insert(OfOverture { last: kept, before: Vec::new() });
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                if known.before.len() + 1 >= KEPT_MAX {
                    known.before.remove(0);
                }
                known.before.push(std::mem::replace(&mut known.last, kept));
            }
        }
        if is_newest {
            for history in found.histories {
                let watching = self.watched.entry(term::entity(Field::Stream, *history)).or_default();
                if !watching.contains(&position) {
                    watching.push(position);
                }
            }
        }
    }

    /// Notes that an event was recorded in these histories: what was found holds before it only.
    pub(super) fn touched(&mut self, at: u32, histories: &[EntityId]) {
        if self.watched.is_empty() {
            return;
        }
        for history in histories {
            for position in self.watched.remove(&term::entity(Field::Stream, *history)).unwrap_or_default() {
                let Some(of) = self.kept.get_mut(&position) else { continue };
                self.changed.push(position);
                let kept = std::iter::once(&mut of.last).chain(&mut of.before);
                kept.filter(|kept| kept.size_until.is_none()).for_each(|kept| kept.size_until = Some(at));
            }
        }
    }

    /// Lets everything go: who is a body of whom may have changed.
    pub(super) fn forget(&mut self) {
        self.changed.clear();
        self.all_changed = true;
        self.kept.clear();
        self.lists = Lists::default();
        self.watched.clear();
    }
}

/// What holds still, and for which histories to watch: what held of fewer events is found again when it is asked for.
impl Section for Verdicts {
    const NUMBER: u8 = 10;

    fn encode(&self) -> Vec<u8> {
        let newest = |of: &OfOverture| of.all().find(|kept| kept.size_until.is_none()).copied();
        let all: Vec<(u32, Kept)> =
            self.kept.iter().filter_map(|(position, of)| Some((*position, newest(of)?))).collect();
        let mut watched: Vec<(Term, u32)> = self
            .watched
            .iter()
            .flat_map(|(term, positions)| positions.iter().map(|position| (*term, *position)))
            .collect();
        watched.sort_unstable();
        let mut bytes = Vec::new();
        put(&mut bytes, PROGRAM.as_bytes(), |byte| [byte]);
        let column = |all: &[(u32, Kept)], of: fn(&Kept) -> i64| -> Vec<i64> {
            all.iter().map(|(_, kept)| of(kept)).collect()
        };
        let positions: Vec<u32> = all.iter().map(|(position, _)| *position).collect();
        put(&mut bytes, &positions, u32::to_le_bytes);
        let sizes: Vec<u32> = all.iter().map(|(_, kept)| kept.size).collect();
        put(&mut bytes, &sizes, u32::to_le_bytes);
        let longs: [fn(&Kept) -> i64; 3] = [|kept| kept.at, |kept| kept.until, |kept| kept.issued];
        for of in longs {
            put(&mut bytes, &column(&all, of), i64::to_le_bytes);
        }
        let flags: Vec<u8> =
            all.iter().map(|(_, kept)| u8::from(kept.made) | u8::from(kept.open) << 1).collect();
        put(&mut bytes, &flags, |flags| [flags]);
        let numbers: [fn(&Kept) -> u32; 2] = [|kept| kept.from, |kept| kept.to];
        for of in numbers {
            let parties: Vec<&[EntityId]> = all.iter().map(|(_, kept)| self.lists.get(of(kept))).collect();
            let counts: Vec<u32> =
                parties.iter().map(|parties| u32::try_from(parties.len()).unwrap_or(u32::MAX)).collect();
            put(&mut bytes, &counts, u32::to_le_bytes);
            let parties: Vec<EntityId> = parties.iter().flat_map(|parties| parties.iter().copied()).collect();
            put(&mut bytes, &parties, |party| party.as_uuid().as_u128().to_le_bytes());
        }
        put(&mut bytes, &watched, |(term, _)| term.to_le_bytes());
        put(&mut bytes, &watched, |(_, position)| position.to_le_bytes());
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        if get(bytes, |[byte]| byte)? != PROGRAM.as_bytes() {
            return Some(Self::default());
        }
        let positions = get(bytes, u32::from_le_bytes)?;
        let sizes = get(bytes, u32::from_le_bytes)?;
        let [at, until, issued] = [(); 3].map(|()| get(bytes, i64::from_le_bytes));
        let (at, until, issued) = (at?, until?, issued?);
        let flags = get(bytes, |[flags]| flags)?;
        let (from, to) = (parties_of(bytes)?, parties_of(bytes)?);
        let (terms, watching) = (get(bytes, u64::from_le_bytes)?, get(bytes, u32::from_le_bytes)?);
        let mut verdicts = Self::default();
        for (place, position) in positions.iter().enumerate() {
            let flags = flags.get(place).copied().filter(|flags| *flags < 4)?;
            let last = Kept {
                issued: *issued.get(place)?,
                at: *at.get(place)?,
                until: *until.get(place)?,
                size: *sizes.get(place)?,
                size_until: None,
                from: verdicts.lists.number(from.get(place)?),
                to: verdicts.lists.number(to.get(place)?),
                made: flags & 1 != 0,
                open: flags & 2 != 0,
            };
            verdicts.kept.insert(*position, OfOverture { last, before: Vec::new() });
        }
        for (term, position) in terms.iter().zip(&watching) {
            verdicts.watched.entry(*term).or_default().push(*position);
        }
        let sound = bytes.is_empty()
            && terms.len() == watching.len()
            && positions.is_sorted_by(|one, other| one < other)
            && [sizes.len(), at.len(), until.len(), issued.len(), flags.len(), from.len(), to.len()]
                == [positions.len(); 7];
        sound.then_some(verdicts)
    }
}

/// Reads the parties of each verdict.
fn parties_of(bytes: &mut &[u8]) -> Option<Vec<Arc<[EntityId]>>> {
    let counts = get(bytes, u32::from_le_bytes)?;
    let parties = get(bytes, |party| EntityId::from_uuid(uuid::Uuid::from_u128(u128::from_le_bytes(party))))?;
    let mut rest = parties.as_slice();
    let mut all = Vec::with_capacity(counts.len());
    for count in counts {
        let (these, others) = rest.split_at_checked(usize::try_from(count).ok()?)?;
        all.push(Arc::from(these));
        rest = others;
    }
    rest.is_empty().then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(number: u8) -> EntityId {
        EntityId::from_uuid(uuid::Uuid::from_u128(u128::from(number)))
    }

    proptest! {
        #[test]
        fn what_holds_still_is_read_back_and_goes_on_to_be_watched(
            found in proptest::collection::vec(any::<(u8, i64, bool, u8, u8)>(), 0..20),
            touched: u8,
            garbage: Vec<u8>,
        ) {
            let mut verdicts = Verdicts::default();
            for (position, at, made, from, to) in &found {
                let parties = |count: u8| (0..count % 4).map(id).collect::<Vec<_>>().into();
                let verdict = Verdict { made: *made, open: !made, issued: *at, from: parties(*from), to: parties(*to) };
                let histories = [id(*position), id(*to)];
                let found = Found { verdict, size: 300, at: *at, until: i64::MAX, histories: &histories };
                verdicts.keep(u32::from(*position), 300, &found);
            }
            let mut read = Verdicts::decode(&verdicts.encode()).unwrap();
            prop_assert_eq!(read.encode(), verdicts.encode());
            for one in [&mut verdicts, &mut read] {
                one.touched(300, &[id(touched)]);
            }
            prop_assert_eq!(read.encode(), verdicts.encode());
            for (position, at, ..) in &found {
                let newest = |verdicts: &Verdicts| {
                    let mut newest = None;
                    verdicts.each(&[u32::from(*position)], 301, i64::MAX - 1, |_, kept| newest = kept.map(Kept::sizes));
                    newest
                };
                prop_assert_eq!(newest(&read), newest(&verdicts), "{}", at);
            }
            let _ = Verdicts::decode(&garbage);
        }
    }
}
