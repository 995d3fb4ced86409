//! What bears on overtures by way of other entries, against a walk from each event that may.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;
use crate::projections::removals::Removals;
use crate::projections::replay::replay;
use crate::projections::testing::{append, id};
use crate::store::memory::MemoryStore;

fn log(bodies: &[Value]) -> MemoryStore {
    let store = MemoryStore::new("seoul", Arc::new(|| Timestamp::from_micros(0).unwrap()));
    for body in bodies {
        append(&store, body);
    }
    store
}

/// Takes a log in; `settled` is told how overtures stood before each batch was settled, of what was then to be settled,
/// and how they stood after it, with how many records were looked at.
fn take_in(store: &MemoryStore, mut settled: impl FnMut(&Index, &[u32], &[Pending], usize)) {
    let mut index = Index::default();
    let size = store.head().size;
    replay(store, Zone::default(), &Removals::default(), 0, size, |batch| {
        for taken in batch {
            index.apply(taken).unwrap();
        }
        let before: Vec<u32> = index.offers.rows.iter().map(|row| row.tangled).collect();
        let pending = index.offers.pending.clone();
        let looks = settle(&mut index, store);
        settled(&index, &before, &pending, looks);
        Ok(())
    })
    .unwrap();
}

/// Returns the overtures on which something bears, found from it alone.
fn naive(index: &Index, store: &MemoryStore, from: Pending) -> HashSet<usize> {
    let mut found = HashSet::new();
    let mut next = match start(index, store, from).unwrap() {
        Start::Position(position) => vec![position],
        Start::Overture(place) => return HashSet::from([place]),
        Start::Unknown(_) => return found,
    };
    let mut seen: HashSet<u32> = next.iter().copied().collect();
    while let Some(position) = next.pop() {
        let recorded = store.at(u64::from(position)).unwrap().unwrap();
        let own = EntityId::from(recorded.id);
        for (stream, _) in &recorded.streams {
            found.extend(index.offers.place_of(*stream));
            if *stream != own && index.offers.place_of(*stream).is_none() {
                let named = position_of(store, *stream).unwrap();
                next.extend(named.filter(|named| *named <= from.at && seen.insert(*named)));
            }
        }
        if recorded.streams.iter().all(|(stream, _)| *stream != own) {
            let names_it = |other: &u32| {
                let other = store.at(u64::from(*other)).unwrap().unwrap();
                other.streams.iter().any(|(stream, _)| *stream == own)
            };
            next.extend((position..=from.at).filter(names_it).filter(|named| seen.insert(*named)));
        }
    }
    found
}

fn message(links: &[u64]) -> Value {
    let links: Vec<Value> =
        links.iter().map(|target| json!({"relation": "concerns", "target": id(*target)})).collect();
    json!({"kind": "message.sent", "summary": "m", "links": links})
}

#[test]
fn messages_that_refer_to_each_other_by_the_thousand_are_looked_at_once_each() {
    let bodies: Vec<Value> =
        (0..1_500u64).map(|number| message(&number.checked_sub(3).into_iter().collect::<Vec<_>>())).collect();
    let (mut looks, mut batches) = (0, 0);
    take_in(&log(&bodies), |_, _, pending, looked| {
        looks += looked;
        batches += usize::from(!pending.is_empty());
    });
    assert!(batches > 0 && looks <= batches * bodies.len(), "{looks} looks in {batches} batches");
}

#[test]
fn an_overture_is_in_doubt_from_the_first_event_that_bears_on_it_by_way_of_others() {
    let mut state: u64 = 1;
    let mut below = |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    let mut in_doubt = 0;
    for round in 0..24 {
        let size = 60;
        let bodies: Vec<Value> = (0..size)
            .map(|number| {
                // Some name what comes later.
                let some = below(number + 3);
                match below(if round % 2 == 0 { 8 } else { 24 }) {
                    0 => json!({"kind": "overture.proposed", "summary": "o"}),
                    1 => json!({"kind": "meeting.scheduled", "summary": "s", "about": [id(some)]}),
                    2 => json!({"kind": "incident", "summary": "i", "about": [id(some), id(below(number + 1))]}),
                    3 => message(&[some, below(size)]),
                    4 | 5 => message(&[]),
                    _ => message(&[some]),
                }
            })
            .collect();
        let store = log(&bodies);
        take_in(&store, |index, before, pending, _| {
            let mut expected = before.to_vec();
            for one in pending {
                for place in naive(index, &store, *one) {
                    expected[place] = expected[place].min(one.at);
                }
            }
            let found: Vec<u32> = index.offers.rows.iter().map(|row| row.tangled).collect();
            assert_eq!(found, expected, "round {round}: {bodies:#?}");
            in_doubt += found.iter().filter(|at| **at != u32::MAX).count();
        });
    }
    assert!(in_doubt > 20, "{in_doubt}");
}
