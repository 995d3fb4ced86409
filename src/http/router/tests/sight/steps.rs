//! What is recorded step by step, and how each is marked, as drawn.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::domain::event::Envelope;
use crate::domain::marking::{Marking, Scheme};

const COMPARTMENTS: [&str; 2] = ["KITE", "SPARROW"];

/// How something is marked: a level of TLP 2.0, and compartments as bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) level: Option<usize>,
    pub(super) within: u8,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Party(Mark),
    Line(Mark, Option<usize>),
    /// By whom, marked how, linked to what, with a text marked how; whether it brings its speaker along.
    Statement {
        second: bool,
        mark: Mark,
        link: Option<usize>,
        text: Option<usize>,
        brings: Option<usize>,
    },
    Offer(Mark, usize, usize),
    Answer(Mark, usize),
    Call(Mark, usize),
    Amend(Mark, usize),
    Strike(Mark, usize),
    Remark(Mark, usize),
    Link(Mark, usize, usize),
    Moment(Mark),
    Policy(Mark),
    /// An amendment that somebody proposes and somebody confirms, another or not; whether it marks the texts no more,
    /// or has none.
    Confirmed {
        mark: Mark,
        of: usize,
        by_another: bool,
        bare: bool,
        drops: bool,
    },
    /// What was confirmed is struck.
    Unconfirmed(usize),
    /// A correction that is marked by itself, on the newest reading of an entry, in a field.
    Correct(Mark, usize, usize),
    /// Such a correction is struck.
    Uncorrect(usize),
}

pub(super) fn mark() -> impl Strategy<Value = Mark> {
    let level = prop_oneof![1 => Just(None), 5 => (0_usize..5).prop_map(Some)];
    (level, prop_oneof![4 => Just(0_u8), 1 => 1_u8..4]).prop_map(|(level, within)| Mark { level, within })
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let few = 0_usize..40;
    let step = prop_oneof![
        1 => mark().prop_map(Step::Party),
        1 => (mark(), prop::option::of(0_usize..5)).prop_map(|(mark, floor)| Step::Line(mark, floor)),
        5 => (any::<bool>(), mark(), prop::option::of(few.clone()), prop::option::of(0_usize..5),
              prop::option::weighted(0.3, 0_usize..3))
            .prop_map(|(second, mark, link, text, brings)| Step::Statement { second, mark, link, text, brings }),
        3 => (mark(), few.clone(), few.clone()).prop_map(|(mark, from, to)| Step::Offer(mark, from, to)),
        3 => (mark(), few.clone()).prop_map(|(mark, of)| Step::Answer(mark, of)),
        3 => (mark(), few.clone()).prop_map(|(mark, of)| Step::Call(mark, of)),
        3 => (mark(), few.clone()).prop_map(|(mark, of)| Step::Amend(mark, of)),
        1 => (mark(), few.clone()).prop_map(|(mark, of)| Step::Strike(mark, of)),
        2 => (mark(), few.clone()).prop_map(|(mark, of)| Step::Remark(mark, of)),
        2 => (mark(), few.clone(), few).prop_map(|(mark, of, to)| Step::Link(mark, of, to)),
        1 => mark().prop_map(Step::Moment),
        1 => mark().prop_map(Step::Policy),
        4 => (mark(), 0_usize..40, prop::bool::weighted(0.8), any::<bool>(), prop::bool::weighted(0.3))
            .prop_map(|(mark, of, by_another, bare, drops)| Step::Confirmed { mark, of, by_another, bare, drops }),
        1 => (0_usize..4).prop_map(Step::Unconfirmed),
        // Several of the same entry, so that one carries another.
        9 => (mark(), 0_usize..3, 0_usize..3).prop_map(|(mark, of, field)| Step::Correct(mark, of, field)),
        1 => (0_usize..9).prop_map(Step::Uncorrect),
    ];
    prop::collection::vec(step, 4..30)
}

pub(super) fn marking(level: usize) -> Marking {
    Scheme::tlp().levels[level].clone()
}

pub(super) fn marked(mark: Mark, envelope: Envelope) -> Envelope {
    Envelope {
        marking: mark.level.map(marking),
        compartments: within(mark).into_iter().map(|one| COMPARTMENTS[one].parse().unwrap()).collect(),
        ..envelope
    }
}

pub(super) fn within(mark: Mark) -> BTreeSet<usize> {
    (0..COMPARTMENTS.len()).filter(|one| mark.within & (1 << one) != 0).collect()
}
