//! Random appends, repetitions and reopenings, compared with the engine in memory.

use std::collections::HashMap;

use demarche::domain::id::EntityId;
use demarche::store::memory::MemoryStore;
use demarche::store::segment::SegmentStore;
use demarche::store::{AppendError, Condition, EventStore, Expect, NewEvent, Receipt, Refusal};
use proptest::prelude::*;

use super::{clock, create, event, event_id, open, read, request, stream};

#[derive(Debug, Clone)]
enum Step {
    Append { request: u64, events: Vec<(u64, u64, Option<u64>)>, expect: Vec<(u64, Expect)> },
    Reopen,
    Forget(&'static str),
    Read,
}

fn expect() -> impl Strategy<Value = Expect> {
    prop_oneof![
        Just(Expect::Any),
        Just(Expect::NoStream),
        Just(Expect::Exists),
        (0u64..6).prop_map(Expect::At)
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let event = (0u64..4, 0u64..3, proptest::option::weighted(0.2, 0u64..12));
    let append = (
        0u64..25,
        proptest::collection::vec(event, 0..4),
        proptest::collection::vec((0u64..4, expect()), 0..2),
    );
    prop_oneof![
        12 => append.prop_map(|(request, events, expect)| Step::Append { request, events, expect }),
        2 => Just(Step::Reopen),
        1 => prop_oneof![Just("index"), Just("tree")].prop_map(Step::Forget),
        1 => Just(Step::Read),
    ]
}

/// What an append came to, without what two engines may have differently.
fn outcome(result: Result<Receipt, AppendError>, log_id: &str) -> Result<(u64, usize, bool), String> {
    match result {
        Ok(receipt) => Ok((receipt.first, receipt.ids.len(), receipt.repeated)),
        // Derived ids hold the name of the log.
        Err(AppendError::Refused(Refusal::EventKnown(_))) => Err("known event".to_owned()),
        Err(error) => Err(error.to_string().replace(log_id, "LOG")),
    }
}

fn submission(events: &[(u64, u64, Option<u64>)], expect: &[(u64, Expect)]) -> (Vec<NewEvent>, Condition) {
    let events = events.iter().map(|(on, text, id)| {
        let mut event = event(*on, &format!("text {text}"));
        event.id = id.map(event_id);
        event
    });
    let expect: HashMap<EntityId, Expect> =
        expect.iter().map(|(on, expect)| (stream(*on), *expect)).collect();
    let mut expect: Vec<_> = expect.into_iter().collect();
    expect.sort_by_key(|(stream, _)| *stream);
    (events.collect(), Condition { expect })
}

#[track_caller]
fn same(store: &SegmentStore, model: &MemoryStore) {
    assert_eq!(store.head().size, model.head().size);
    let (mine, theirs) = (store.read(0, u64::MAX), model.read(0, u64::MAX));
    for (mine, theirs) in mine.zip(theirs) {
        let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
        assert_eq!(
            (mine.position, mine.request, mine.index),
            (theirs.position, theirs.request, theirs.index)
        );
        assert_eq!((&mine.streams, &mine.body), (&theirs.streams, &theirs.body));
        assert_eq!(store.position_of(mine.id), Ok(Some(mine.position)));
    }
    for number in 0..4 {
        assert_eq!(store.stream(stream(number)), model.stream(stream(number)));
    }
    for number in 0..25 {
        let place = |receipt: Option<Receipt>| receipt.map(|receipt| (receipt.first, receipt.ids.len()));
        assert_eq!(
            place(store.receipt_of(request(number)).unwrap()),
            place(model.receipt_of(request(number)).unwrap())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_log_on_disk_does_what_the_log_in_memory_does(steps in proptest::collection::vec(step(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let model = MemoryStore::new("seoul", clock());
        let mut store = Some(create(dir.path()));
        for step in steps {
            match step {
                Step::Append { request: number, events, expect } => {
                    let (events, condition) = submission(&events, &expect);
                    let mine = store.as_ref().unwrap();
                    let one = mine.append(events.clone(), condition.clone(), request(number));
                    let other = model.append(events, condition, request(number));
                    prop_assert_eq!(outcome(one, mine.log_id()), outcome(other, model.log_id()));
                }
                Step::Reopen => {
                    store.take().unwrap().close().unwrap();
                    store = Some(open(dir.path()));
                }
                Step::Forget(part) => {
                    store.take().unwrap().close().unwrap();
                    let _ = std::fs::remove_dir_all(dir.path().join(part));
                    store = Some(open(dir.path()));
                }
                Step::Read => same(&read(dir.path()), &model),
            }
        }
        let store = store.unwrap();
        same(&store, &model);
        prop_assert_eq!(store.verify().damages, vec![]);
        let head = store.head();
        store.close().unwrap();
        prop_assert_eq!(read(dir.path()).head(), head);
    }
}
