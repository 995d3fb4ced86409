use super::*;

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use crate::domain::id::{ActorId, EntityId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::store::segment::{Access, Opening, Options, SegmentStore, files, head};
use crate::store::{Class, Condition, EventStore, NewEvent};

/// Every log is read ahead, in blocks of so many bytes.
fn ahead(block: usize) -> Pace {
    Pace { worth: 0, block }
}

const ONE_BY_ONE: Pace = Pace { worth: u64::MAX, ..Pace::STANDARD };

/// A log of as many appends as there are numbers, each of so many events, in segments of a few of them.
fn log(appends: &[u8]) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let looks = AtomicU64::new(0);
    let clock: crate::store::Clock = std::sync::Arc::new(move || {
        Timestamp::from_micros(looks.fetch_add(1, Ordering::Relaxed).cast_signed()).unwrap()
    });
    drop(SegmentStore::create(dir.path(), "seoul", std::sync::Arc::clone(&clock)).unwrap());
    let options = Options { segment_bytes_max: 9 << 10, ..Options::STANDARD };
    let opening = Opening::Write { wait: Duration::ZERO };
    let store = SegmentStore::open_with(dir.path(), opening, clock, options).unwrap();
    for (number, count) in appends.iter().enumerate() {
        let id = |number: u64| uuid::Uuid::from_u128(u128::from(number) << 64);
        let event = |index: u8| NewEvent {
            id: None,
            streams: vec![EntityId::from_uuid(id(u64::from(index))), EntityId::from_uuid(id(77))],
            class: Class::Fact,
            schema: 1,
            actor: ActorId::from_uuid(id(1)),
            body: format!("\"{}\"", "x".repeat(number * 37 % 700)),
            attachments: vec![],
            signature: None,
        };
        let request = RequestId::from_uuid(id(number as u64));
        store.append((0..*count).map(event).collect(), Condition::default(), request).unwrap();
    }
    let log_id = store.log_id().to_owned();
    store.close().unwrap();
    (dir, log_id)
}

/// What is done to the bytes of a segment.
#[derive(Debug, Clone)]
enum Harm {
    Flip(usize, u8),
    Zero(usize, usize),
    Cut(usize),
    Grow(usize),
    /// Bytes stand where others were.
    Copy(usize, usize, usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    let place = 0_usize..20_000;
    prop_oneof![
        (place.clone(), 0_u8..8).prop_map(|(at, bit)| Harm::Flip(at, bit)),
        (place.clone(), 1_usize..3_000).prop_map(|(at, len)| Harm::Zero(at, len)),
        place.clone().prop_map(Harm::Cut),
        (1_usize..9_000).prop_map(Harm::Grow),
        (place.clone(), place, 1_usize..2_000).prop_map(|(from, to, len)| Harm::Copy(from, to, len)),
    ]
}

fn do_harm(bytes: &mut Vec<u8>, harm: &Harm) {
    let len = bytes.len().max(1);
    match harm {
        Harm::Flip(at, bit) => bytes.get_mut(at % len).into_iter().for_each(|byte| *byte ^= 1 << bit),
        Harm::Zero(at, count) => bytes.iter_mut().skip(at % len).take(*count).for_each(|byte| *byte = 0),
        Harm::Cut(at) => bytes.truncate(at % len),
        Harm::Grow(count) => bytes.resize(bytes.len() + count, 0),
        Harm::Copy(from, to, count) => {
            let copied: Vec<u8> = bytes.iter().skip(from % len).take(*count).copied().collect();
            bytes.iter_mut().skip(to % len).zip(copied).for_each(|(byte, other)| *byte = other);
        }
    }
}

/// Everything that a recovery finds.
fn found(dir: &Path, log_id: &str, pace: Pace, durable: Option<DurableHead>) -> String {
    let firsts = files::segments(dir).unwrap();
    let segments: Vec<Arc<Segment>> =
        firsts.iter().map(|first| Arc::new(Segment::open(dir, *first, Access::Read).unwrap())).collect();
    let mut recovery = Recovery::new(dir, log_id, Catalog::default());
    (recovery.pace, recovery.durable) = (pace, durable);
    let end = recovery.run(&segments, 0, 0).unwrap();
    let catalog = &recovery.catalog;
    let ids = |finder: &crate::store::segment::finder::Finder| finder.recent().collect::<Vec<_>>();
    let streams: Vec<_> =
        catalog.streams.recent().iter().map(|entry| (entry.id, entry.revision, entry.position)).collect();
    let (tip, places) = (&catalog.tip, &catalog.offsets);
    format!(
        "{end} {} {:?} {tip:?} {places:?} {:?} {:?} {:?} {streams:?} {:?} {:?}",
        recovery.torn,
        recovery.damages,
        catalog.lost,
        catalog.next_slot,
        (catalog.tile.root(), catalog.tiles.bottom()),
        ids(&catalog.events),
        ids(&catalog.requests),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_stands_on_disk_the_same_is_found_ahead_as_one_by_one(
        appends in proptest::collection::vec(1_u8..5, 0..24),
        harms in proptest::collection::vec((any::<prop::sample::Index>(), harm()), 0..4),
        blocks in proptest::collection::vec(56_usize..6_000, 3),
        knows_durable: bool,
    ) {
        let (dir, log_id) = log(&appends);
        let firsts = files::segments(dir.path()).unwrap();
        for (segment, harm) in &harms {
            let path = dir.path().join(segment_name(firsts[segment.index(firsts.len())]));
            let mut bytes = std::fs::read(&path).unwrap();
            do_harm(&mut bytes, harm);
            std::fs::write(&path, bytes).unwrap();
        }
        let durable = || match DurableHead::load(dir.path(), &log_id).unwrap() {
            head::Stated::Known(head) => Some(head).filter(|_| knows_durable),
            head::Stated::Absent | head::Stated::Garbled => None,
        };
        let expected = found(dir.path(), &log_id, ONE_BY_ONE, durable());
        for block in blocks {
            prop_assert_eq!(&found(dir.path(), &log_id, ahead(block), durable()), &expected);
        }
    }
}
