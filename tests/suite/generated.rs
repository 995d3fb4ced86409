//! The log that the figures are measured on is one that a desk could have recorded.

#![allow(
    dead_code,
    unused_imports,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "shared with the benchmark, which uses more of it"
)]

#[path = "../bench/large/acts.rs"]
mod acts;
#[path = "../bench/large/generator.rs"]
mod generator;
#[path = "../bench/large/meetings.rs"]
mod meetings;
#[path = "../bench/large/prose.rs"]
mod prose;
#[path = "../bench/large/random.rs"]
mod random;
#[path = "../bench/large/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use demarche::desk::ask::{Caller, RecordAsk, When};
use demarche::desk::{Desk, Opening};
use demarche::domain::fact::{Kind, Subject};
use demarche::domain::id::RequestId;
use demarche::domain::timestamp::Timestamp;
use demarche::store::segment::SegmentStore;
use demarche::store::{Condition, EventStore};

use self::generator::{Drawn, Generator, registers};

const COUNT: u64 = 1_000;

fn drawn(seed: u64) -> Vec<Drawn> {
    Generator::new(seed, COUNT).collect()
}

#[test]
fn the_same_seed_draws_the_same_log() {
    assert_eq!(drawn(5), drawn(5));
    assert_ne!(drawn(5), drawn(6));
    assert_eq!(drawn(5).len() as u64, COUNT);
}

#[test]
fn every_sort_of_entry_is_drawn() {
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for one in Generator::new(5, 20_000) {
        *kinds.entry(one.event.kind().as_str()).or_default() += 1;
    }
    for kind in [
        "call.answered",
        "call.unanswered",
        "channel.suspended",
        "channel.restored",
        "overture.proposed",
        "overture.lapsed",
        "overture.reiterated",
        "response.accepted",
        "response.counter_proposed",
        "silence.recorded",
        "meeting.scheduled",
        "meeting.held",
        "meeting.postponed",
        "statement.public",
        "message.received",
        "record.amended",
        "record.retracted",
        "record.linked",
        "record.annotated",
    ] {
        assert!(kinds.contains_key(kind), "no {kind} among {kinds:?}");
    }
}

/// Each entry, shown as the desk shows it and sent to a desk that does not have it yet, is taken: nothing of it is
/// bad bookkeeping.
#[test]
fn a_desk_would_have_recorded_every_event() {
    let place = tempfile::tempdir().unwrap();
    let is_correction = |one: &Drawn| one.event.kind().subject() == Subject::Entry;
    let all = drawn(5);
    let shows = desk_of(&place.path().join("all"), &all);
    // Corrections are made once: they are sent to a desk that has what they correct, and not them.
    let uncorrected: Vec<Drawn> = all.iter().filter(|one| !is_correction(one)).cloned().collect();
    let takes = desk_of(&place.path().join("uncorrected"), &uncorrected);
    let caller = Caller { actor: "Kim Min-ji".to_owned(), tz: None };
    let (mut entries, mut corrections) = (0, 0);
    for (position, one) in all.iter().enumerate() {
        // A register has each name once.
        if registers(one.event.kind()) || one.event.kind() == Kind::LogOpened {
            continue;
        }
        let when = When { known_as_of: Some(position.to_string()), ..When::default() };
        let mut entry = shows.entry(&when, &one.id.to_string()).unwrap().data.reading;
        // What it is called elsewhere is taken, by itself.
        entry.as_object_mut().unwrap().remove("external_refs");
        let ask = RecordAsk { entries: vec![entry.clone()], dry_run: true, ..RecordAsk::default() };
        let answer = takes.record(&caller, &ask);
        assert!(answer.is_ok(), "{position}: {entry}: {answer:?}");
        if is_correction(one) { corrections += 1 } else { entries += 1 }
    }
    assert!(entries > COUNT / 2 && corrections > 8, "{entries} {corrections}");
}

/// Returns a desk over a log of these events.
fn desk_of(dir: &Path, events: &[Drawn]) -> Desk {
    let now = Arc::new(AtomicI64::new(0));
    let shown = Arc::clone(&now);
    let clock = Arc::new(move || Timestamp::from_micros(shown.load(Ordering::Acquire)).unwrap());
    let store = SegmentStore::create(dir, "generated", clock).unwrap();
    let mut requests = random::Random::of(9);
    for unit in events.chunks(500) {
        now.store(unit[unit.len() - 1].at, Ordering::Release);
        let unit = unit.iter().cloned().map(Drawn::into_new).collect();
        store.append(unit, Condition::default(), RequestId::from_uuid(requests.uuid())).unwrap();
    }
    store.close().unwrap();
    Desk::open(dir, Opening::Read).unwrap()
}
