//! Every answer is the one that the naive definition gives.

use std::sync::Arc;

use demarche::domain::fact::Kind;
use demarche::domain::id::EntityId;
use demarche::domain::timestamp::Timestamp;
use demarche::projections::Access;
use demarche::projections::timeline::{By, Certainty, Direction, Order, Struck, TimelineQuery};
use proptest::prelude::*;

use super::naive::Naive;
use super::random::{actor, choices, event_id, extend, log_of};
use super::{in_memory, opened, zone};

/// Returns a question decided by numbers: most filters are off, so that something is found.
fn query(numbers: &[u16; 16], events: usize) -> TimelineQuery {
    let [ids, kind, time, recorded, mark, order, limit, ..] = *numbers;
    let id = |place: usize| -> EntityId { event_id(usize::from(numbers[place]) % events.max(1)).into() };
    let when = |place: usize, filter: u16| {
        if ids % 12 == filter { vec![id(place), id(place + 1)] } else { Vec::new() }
    };
    let day = |number: u16| {
        "2009-05-01T00:00:00.000000Z".parse::<Timestamp>().unwrap().micros()
            + i64::from(number % 1_400) * 86_400_000_000
    };
    let moment = |micros: i64| Timestamp::from_micros(micros).unwrap();
    let second = |number: u16| moment(1_300_000_000_000_000 + i64::from(number % 64) * 1_000_000);
    TimelineQuery {
        channels: when(7, 0),
        via: when(8, 1),
        about: when(9, 2),
        between: (ids % 12 == 3).then(|| (vec![id(10), id(11)], vec![id(12), id(13)])),
        from_party: when(10, 4),
        to_party: when(11, 5),
        party: when(12, 6),
        kinds: (kind % 4 == 0).then(|| {
            vec![Kind::ALL[usize::from(kind) % Kind::ALL.len()], Kind::CallUnanswered, Kind::OvertureProposed]
        }),
        recorders: if kind % 5 == 1 { vec![actor(kind)] } else { Vec::new() },
        occurred: (time % 3 == 0)
            .then(|| (moment(day(time)), moment(day(time) + i64::from(numbers[14]) * 3_600_000_000))),
        certainty: if time % 2 == 0 { Certainty::Certainly } else { Certainty::Possibly },
        recorded: (recorded % 4 == 0).then(|| (second(recorded), second(numbers[15]))),
        struck: [Struck::Hide, Struck::Show, Struck::Only][usize::from(mark) % 3],
        amended_only: mark % 11 == 1,
        redacted_only: mark % 13 == 2,
        bookkeeping: mark % 2 == 0,
        visible: (recorded % 5 == 1).then(|| {
            Arc::new(
                (0..events as u32)
                    .filter(|position| !numbers[*position as usize % 16].is_multiple_of(3))
                    .collect(),
            )
        }),
        order: Order {
            by: if order % 2 == 0 { By::Occurred } else { By::Recorded },
            direction: if order % 4 < 2 { Direction::Ascending } else { Direction::Descending },
        },
        after: None,
        limit: 1 + usize::from(limit % 7),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn every_answer_is_that_of_the_naive_definition_at_every_size(
        choices in choices(1..45),
        size: prop::sample::Index,
        queries in proptest::collection::vec(any::<[u16; 16]>(), 12),
    ) {
        let store = log_of(&choices);
        let projections = in_memory(&store);
        for size in [choices.len(), size.index(choices.len() + 1)] {
            let view = projections.view(size as u64);
            let mut naive = Naive::of(&*store, zone(), size);
            naive.check(&view);
            for numbers in &queries {
                naive = naive.check_timeline(&view, &query(numbers, choices.len()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_loaded_and_caught_up_answers_as_what_was_never_saved(
        first in choices(1..30),
        second in choices(0..30),
        queries in proptest::collection::vec(any::<[u16; 16]>(), 12),
        access in prop_oneof![Just(Access::ReadOnly), Just(Access::Writable)],
    ) {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("projections");
        let store = log_of(&first);
        let projections = opened(&dir, &store, Access::Writable);
        projections.save().unwrap();
        projections.close().unwrap();
        extend(&store, &second);
        let projections = opened(&dir, &store, access);
        prop_assert_eq!(projections.notice(), None);
        let size = first.len() + second.len();
        prop_assert_eq!(projections.digest(size as u64).unwrap(), in_memory(&store).digest(size as u64).unwrap());
        prop_assert!(projections.check().unwrap().agrees());
        for size in [size, first.len()] {
            let view = projections.view(size as u64);
            let mut naive = Naive::of(&*store, zone(), size);
            naive.check(&view);
            for numbers in &queries {
                naive = naive.check_timeline(&view, &query(numbers, first.len() + second.len()));
            }
        }
    }

    #[test]
    fn taking_in_piece_by_piece_is_taking_in_at_once(
        pieces in proptest::collection::vec(choices(0..12), 1..5),
    ) {
        let store = log_of(&[]);
        let projections = in_memory(&store);
        for piece in &pieces {
            extend(&store, piece);
            prop_assert_eq!(projections.catch_up().unwrap(), store.head().size);
        }
        let size = store.head().size;
        prop_assert_eq!(projections.digest(size).unwrap(), in_memory(&store).digest(size).unwrap());
    }
}
