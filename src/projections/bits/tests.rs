//! Sets of rows against sets of numbers.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What a set is made of.
#[derive(Debug, Clone)]
enum Made {
    Rows(BTreeSet<u16>),
    Steps(u16, u16),
    Range(usize, usize),
}

impl Made {
    fn bits(&self) -> Bits {
        match self {
            Self::Range(from, to) => Bits::range(*from, *to),
            Self::Rows(_) | Self::Steps(..) => Bits::of(&self.rows().into_iter().collect::<Vec<_>>()),
        }
    }

    fn rows(&self) -> BTreeSet<u16> {
        match self {
            Self::Rows(rows) => rows.clone(),
            Self::Steps(from, step) => (*from..=u16::MAX).step_by(usize::from(*step)).collect(),
            Self::Range(from, to) => {
                (*from..(*to).min(ROWS)).map(|row| u16::try_from(row).unwrap()).collect()
            }
        }
    }
}

fn made() -> impl Strategy<Value = Made> {
    let rows = prop_oneof![any::<u16>(), 0_u16..90, 65_400_u16..=u16::MAX];
    prop_oneof![
        proptest::collection::btree_set(rows, 0..120).prop_map(Made::Rows),
        (any::<u16>(), 1_u16..40).prop_map(|(from, step)| Made::Steps(from, step)),
        (0_usize..=ROWS, 0_usize..=ROWS).prop_map(|(from, to)| Made::Range(from, to)),
        Just(Made::Range(0, ROWS)),
    ]
}

fn is_of(bits: &Bits, rows: impl Iterator<Item = u16>) -> bool {
    let rows: Vec<u16> = rows.collect();
    bits.iter().eq(rows.iter().copied())
        && bits.count() == rows.len()
        && bits.is_empty() == rows.is_empty()
        && rows.iter().all(|row| bits.contains(*row))
}

proptest! {
    #[test]
    fn a_set_of_bits_is_a_set(
        one in made(), two in made(), from in 0_usize..=ROWS,
        single in prop_oneof![any::<u16>(), 0_u16..90],
    ) {
        let (mine, other) = (one.rows(), two.rows());
        let apply = |act: &dyn Fn(&mut Bits)| {
            let mut bits = one.bits();
            act(&mut bits);
            bits
        };
        prop_assert!(is_of(&one.bits(), mine.iter().copied()));
        prop_assert!(is_of(&apply(&|bits| bits.keep(&two.bits())), mine.intersection(&other).copied()));
        let list: Vec<u16> = other.iter().copied().collect();
        prop_assert!(is_of(&apply(&|bits| bits.keep_rows(&list)), mine.intersection(&other).copied()));
        prop_assert!(is_of(&apply(&|bits| bits.add(&two.bits())), mine.union(&other).copied()));
        prop_assert!(is_of(&apply(&|bits| bits.drop_all(&two.bits())), mine.difference(&other).copied()));
        let words = two.bits().into_words();
        prop_assert!(is_of(&apply(&|bits| bits.keep_words(&words)), mine.intersection(&other).copied()));
        prop_assert!(is_of(&apply(&|bits| bits.add_words(&words)), mine.union(&other).copied()));
        let retained = apply(&|bits| bits.retain(|row| has(&words, row), |number| words[number]));
        prop_assert!(is_of(&retained, mine.intersection(&other).copied()));
        let with: BTreeSet<u16> = mine.iter().copied().chain([single]).collect();
        prop_assert!(is_of(&apply(&|bits| bits.insert(single)), with.into_iter()));
        let without = mine.iter().copied().filter(|row| *row != single);
        prop_assert!(is_of(&apply(&|bits| bits.remove(single)), without));
        prop_assert_eq!(one.bits().contains(single), mine.contains(&single));
        let later = mine.iter().filter(|row| usize::from(**row) >= from).count();
        prop_assert_eq!(one.bits().count_from(from), later);
        prop_assert_eq!(one.bits() == two.bits(), mine == other);
    }

    #[test]
    fn rows_may_come_in_any_order(rows in proptest::collection::vec(prop_oneof![any::<u16>(), 0_u16..90], 0..200)) {
        let mut bits = Bits::none();
        for row in &rows {
            bits.insert(*row);
        }
        prop_assert!(is_of(&bits, rows.iter().copied().collect::<BTreeSet<_>>().into_iter()));
    }
}
