//! The pairs of terms that rows of a segment have, from what the rows are counted by.

use crate::domain::fact::KindClass;
use crate::domain::words::Directness;
use crate::projections::bits::Bits;
use crate::projections::crossings::{Pair, Part};
use crate::projections::lazy::Damage;
use crate::projections::profile::Profiles;
use crate::projections::segment::Sealed;
use crate::projections::term::{self, Term};

/// Of one segment so many pairs are in memory at once.
const OF_SEGMENT_MAX: usize = 1 << 20;

/// The pairs of a segment.
#[derive(Default)]
pub(super) struct Pairs {
    /// Each once.
    pub(super) all: Vec<Pair>,
    /// They are not all.
    pub(super) are_too_many: bool,
}

impl Pairs {
    fn extend(&mut self, pairs: impl IntoIterator<Item = Pair>) {
        if self.are_too_many {
            return;
        }
        self.all.extend(pairs);
        if self.all.len() > OF_SEGMENT_MAX {
            self.settle();
            self.are_too_many = self.all.len() > OF_SEGMENT_MAX / 2;
        }
    }

    /// Leaves each once.
    fn settle(&mut self) {
        self.all.sort_unstable();
        self.all.dedup();
    }
}

/// Returns every pair that occurs in a segment, each once.
pub(super) fn pairs_of(sealed: &Sealed) -> Result<Pairs, Damage> {
    let parts = sealed.parts_in_passing()?;
    let counted = Part::COUNTED.map(|part| (part, part.profiles(&parts)));
    let counted: Vec<(Part, &Profiles)> =
        counted.into_iter().filter_map(|(part, profiles)| Some((part, profiles?))).collect();
    let mut pairs = Pairs::default();
    for (place, (one, profiles)) in counted.iter().enumerate() {
        let later = counted.get(place + 1..).unwrap_or_default();
        for (_, others) in later.iter().filter(|(other, _)| one.is_crossed_with(*other)) {
            cross(profiles, others, &mut pairs);
        }
        if one.is_crossed_with(*one) {
            cross_within(profiles, &mut pairs);
        }
    }
    let mut marked: Vec<(Term, Bits)> = Vec::new();
    for mark in marks() {
        let mut rows = Bits::none();
        sealed.terms.add_any_to(&[mark], &mut rows)?;
        if rows.is_empty() {
            continue;
        }
        for (_, profiles) in &counted {
            let sizes = profiles.sizes_of(&rows);
            for (places, _) in profiles.combinations().zip(sizes).filter(|(_, size)| *size > 0) {
                pairs.extend(profiles.terms_at(places).map(|term| pair(term, mark)));
            }
        }
        marked.push((mark, rows));
        for (other, having) in &marked {
            let mut both = having.clone();
            if let Some((_, rows)) = marked.last() {
                both.keep(rows);
            }
            pairs.extend((!both.is_empty()).then(|| pair_of_one_part(*other, mark)));
        }
    }
    pairs.settle();
    Ok(pairs)
}

/// Returns every mark.
fn marks() -> impl Iterator<Item = Term> {
    let classes = KindClass::ALL.into_iter().flat_map(|class| [term::class(class), term::unaddressed(class)]);
    classes.chain(Directness::ALL.iter().map(|way| term::directness(*way)))
}

/// Adds the pairs of terms of one part that a row has: whoever is sought in two roles, or by two tests, may be one and
/// the same.
fn cross_within(profiles: &Profiles, pairs: &mut Pairs) {
    for places in profiles.combinations() {
        let terms: Vec<Term> = profiles.terms_at(places).collect();
        for (place, one) in terms.iter().enumerate() {
            let others = terms.get(place..).unwrap_or_default();
            pairs.extend(others.iter().map(|other| pair_of_one_part(*one, *other)));
        }
    }
}

/// Adds the pairs of terms of two parts.
fn cross(one: &Profiles, other: &Profiles, pairs: &mut Pairs) {
    let mut together: Vec<(u16, u16)> =
        one.of_row.iter().copied().zip(other.of_row.iter().copied()).collect();
    together.sort_unstable();
    together.dedup();
    let (of_one, of_other): (Vec<&[u32]>, Vec<&[u32]>) =
        (one.combinations().collect(), other.combinations().collect());
    for (first, second) in together {
        let firsts = of_one.get(usize::from(first)).copied().unwrap_or_default();
        let seconds = of_other.get(usize::from(second)).copied().unwrap_or_default();
        for first in one.terms_at(firsts) {
            pairs.extend(other.terms_at(seconds).map(|second| pair(first, second)));
        }
    }
}

/// Returns the fingerprint of two terms in their order. Where two pairs have the same, each seems to be where the other
/// is as well, which costs a look and no answer.
pub(super) fn pair(one: Term, other: Term) -> Pair {
    let product = u128::from(one ^ 0xa076_1d64_78bd_642f) * u128::from(other ^ 0xe703_7ed1_a0b4_28db);
    #[expect(clippy::cast_possible_truncation, reason = "the halves are folded together")]
    let folded = product as u64 ^ (product >> 64) as u64;
    folded
}

pub(super) fn pair_of_one_part(one: Term, other: Term) -> Pair {
    pair(one.min(other), one.max(other))
}
