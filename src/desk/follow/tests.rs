use proptest::prelude::*;

use super::*;
use crate::desk::ask::TimelineAsk;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::Envelope;
use crate::domain::fact::Kind;
use crate::domain::id::EventId;

/// What a log is given to record, one after another.
#[derive(Debug, Clone, Copy)]
enum Step {
    Incident,
    Statement,
    Note(usize),
    Strike(usize),
    /// The follower takes a part of at most so many entries, and perhaps loses what it had not counted yet.
    Follow(usize, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Incident),
        3 => Just(Step::Statement),
        1 => any::<usize>().prop_map(Step::Note),
        1 => any::<usize>().prop_map(Step::Strike),
        4 => (1_usize..4, any::<bool>()).prop_map(|(max, lost)| Step::Follow(max, lost)),
    ];
    proptest::collection::vec(step, 1..40)
}

fn filters() -> impl Strategy<Value = FilterAsk> {
    let kind = prop_oneof![Just(None), Just(Some("incident")), Just(Some("!incident")), Just(Some("record"))];
    let status = prop_oneof![Just(None), Just(Some("all")), Just(Some("struck"))];
    let position = prop_oneof![3 => Just(None), 1 => Just(Some("5..20"))];
    (kind, status, position, any::<bool>()).prop_map(|(kind, status, position, bookkeeping)| FilterAsk {
        kind: kind.map(ToOwned::to_owned),
        status: status.map(ToOwned::to_owned),
        position: position.map(ToOwned::to_owned),
        bookkeeping,
        ..FilterAsk::default()
    })
}

/// What a timeline tells of the positions from one to another, as known at a size.
fn told(fixture: &Fixture, filter: &FilterAsk, from: u64, to: u64, size: u64) -> Vec<EntryRow> {
    // Seen from now, for a moment of the past had not seen what happened since.
    let (known_as_of, at) = (Some((size - 1).to_string()), Some("2026-11-24".to_owned()));
    let when = When { known_as_of, at, ..When::default() };
    let ask = TimelineAsk {
        filter: filter.clone(),
        by: Some("recorded".to_owned()),
        limit: Some(1_000),
        ..TimelineAsk::default()
    };
    let rows = fixture.desk.timeline(&when, &ask).unwrap().data.items;
    rows.into_iter().filter(|row| (from..to).contains(&row.position)).collect()
}

fn record(fixture: &Fixture, recorded: &mut Vec<EventId>, step: Step) {
    let target = |nth: usize| recorded.get(nth % recorded.len().max(1)).copied();
    let event = match step {
        Step::Incident => fixture.event(Kind::Incident, on("2026-02-01")),
        Step::Statement => fixture.event(Kind::StatementPublic, on("2026-02-02")),
        Step::Note(nth) => {
            let Some(target) = target(nth) else { return };
            let fact =
                Kind::RecordAnnotated.decode(&format!(r#"{{"target":"{target}","remark":"so"}}"#)).unwrap();
            fixture.add(Envelope::default(), fact);
            return;
        }
        Step::Strike(nth) => {
            let Some(target) = target(nth) else { return };
            let fact = Kind::RecordRetracted.decode(&format!(r#"{{"target":"{target}"}}"#)).unwrap();
            fixture.add(Envelope { reason: Some("twice".to_owned()), ..Envelope::default() }, fact);
            return;
        }
        Step::Follow(..) => return,
    };
    recorded.push(event);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_follower_gets_what_the_timeline_tells_of_each_part_without_a_gap_or_a_double(
        steps in steps(),
        filter in filters(),
    ) {
        let fixture = Fixture::new();
        let (mut recorded, mut next, mut parts) = (Vec::new(), 0, Vec::new());
        let ends = [Step::Follow(1_000, false)];
        for step in steps.into_iter().chain(ends) {
            record(&fixture, &mut recorded, step);
            let Step::Follow(max, lost) = step else { continue };
            let part = fixture.desk.follow(None, &filter, next, max).unwrap();
            let size = part.as_of.position.unwrap() + 1;
            prop_assert!(part.next >= next && part.next <= size);
            prop_assert_eq!(part.more, part.next < size);
            prop_assert!(part.items.len() <= max);
            let timeline = told(&fixture, &filter, next, part.next, size);
            prop_assert_eq!(&part.items, &timeline);
            // A connection that broke before the last entry was counted resumes at it.
            let seen = if lost { part.items.len().saturating_sub(1) } else { part.items.len() };
            let resumed = match part.items.get(seen) {
                Some(unseen) => unseen.position,
                None => part.next,
            };
            parts.extend(part.items.into_iter().take(seen).map(|row| row.position));
            next = resumed;
        }
        prop_assert_eq!(next, fixture.desk.size());
        prop_assert!(parts.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", parts);
    }
}

#[test]
fn a_position_that_the_log_does_not_have_is_said() {
    let fixture = Fixture::new();
    assert!(fixture.desk.follow(None, &FilterAsk::default(), 2, 10).unwrap().items.is_empty());
    let error = fixture.desk.follow(None, &FilterAsk::default(), 3, 10).unwrap_err().to_string();
    assert!(error.contains("no position 2 yet; the last is 1"), "{error}");
    let wrong = FilterAsk { kind: Some("incidents".to_owned()), ..FilterAsk::default() };
    assert!(fixture.desk.follow(None, &wrong, 2, 10).is_err(), "also where nothing is new");
}
