//! What was found of overtures by folding them, as long as it holds.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use crate::domain::id::EntityId;
use crate::projections::columns::{get, put};
use crate::projections::lazy::Section;
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
const PROGRAM: &str = concat!(env!("CARGO_PKG_VERSION"), " 1");

#[derive(Debug, Clone)]
struct Kept {
    verdict: Verdict,
    // It holds of so many events to so many.
    size: u32,
    size_until: Option<u32>,
    at: i64,
    until: i64,
}

/// Verdicts by the position of the overture.
#[derive(Debug, Default)]
pub(in crate::projections) struct Verdicts {
    kept: HashMap<u32, Vec<Kept>>,
    // The overtures for which a history was read.
    watched: HashMap<Term, Vec<u32>, BuildHasherDefault<Same>>,
}

impl Verdicts {
    pub(super) fn get(&self, position: u32, size: u32, at: i64) -> Option<Verdict> {
        let holds = |kept: &&Kept| {
            kept.size <= size
                && kept.size_until.is_none_or(|until| size <= until)
                && (kept.at..kept.until).contains(&at)
        };
        self.kept.get(&position)?.iter().find(holds).map(|kept| kept.verdict.clone())
    }

    pub(super) fn keep(&mut self, position: u32, known: u32, found: &Found<'_>) {
        if self.kept.len() >= ALL_MAX {
            self.forget();
        }
        let is_newest = known == found.size;
        let kept = self.kept.entry(position).or_default();
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push(Kept {
            verdict: found.verdict.clone(),
            size: found.size,
            size_until: (!is_newest).then_some(found.size),
            at: found.at,
            until: found.until.max(found.at.saturating_add(1)),
        });
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
                let kept = self.kept.get_mut(&position).into_iter().flatten();
                kept.filter(|kept| kept.size_until.is_none()).for_each(|kept| kept.size_until = Some(at));
            }
        }
    }

    /// Lets everything go: who is a body of whom may have changed.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
        self.watched.clear();
    }
}

/// What holds still, and for which histories to watch: what held of fewer events is found again when it is asked for.
impl Section for Verdicts {
    const NUMBER: u8 = 10;

    fn encode(&self) -> Vec<u8> {
        let newest = |kept: &Vec<Kept>| kept.iter().rfind(|kept| kept.size_until.is_none()).cloned();
        let mut all: Vec<(u32, Kept)> =
            self.kept.iter().filter_map(|(position, kept)| Some((*position, newest(kept)?))).collect();
        all.sort_unstable_by_key(|(position, _)| *position);
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
        let longs: [fn(&Kept) -> i64; 3] = [|kept| kept.at, |kept| kept.until, |kept| kept.verdict.issued];
        for of in longs {
            put(&mut bytes, &column(&all, of), i64::to_le_bytes);
        }
        let flags: Vec<u8> = all
            .iter()
            .map(|(_, kept)| u8::from(kept.verdict.made) | u8::from(kept.verdict.open) << 1)
            .collect();
        put(&mut bytes, &flags, |flags| [flags]);
        for of in [|verdict: &Verdict| Arc::clone(&verdict.from), |verdict: &Verdict| Arc::clone(&verdict.to)]
        {
            let parties: Vec<Arc<[EntityId]>> = all.iter().map(|(_, kept)| of(&kept.verdict)).collect();
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
            let verdict = Verdict {
                made: flags & 1 != 0,
                open: flags & 2 != 0,
                issued: *issued.get(place)?,
                from: Arc::clone(from.get(place)?),
                to: Arc::clone(to.get(place)?),
            };
            let (size, at, until) = (*sizes.get(place)?, *at.get(place)?, *until.get(place)?);
            verdicts.kept.insert(*position, vec![Kept { verdict, size, size_until: None, at, until }]);
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
                let newest = |verdicts: &Verdicts| verdicts.get(u32::from(*position), 301, i64::MAX - 1);
                prop_assert_eq!(newest(&read).is_some(), newest(&verdicts).is_some(), "{}", at);
            }
            let _ = Verdicts::decode(&garbage);
        }
    }
}
