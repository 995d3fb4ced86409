//! Several openings of one log: one writes, any number read.

use std::time::Duration;

use demarche::store::segment::{OpenError, Opening, SegmentStore};
use demarche::store::{AppendError, Condition, EventStore, Health};

use super::{SMALL, clock, create, event, fill, open, read, request};

#[test]
fn a_second_writer_waits_and_is_told_who_writes() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    match SegmentStore::open_with(dir.path(), super::WRITE, clock(), SMALL) {
        Err(OpenError::Held { holder }) => assert_eq!(holder, format!("process {}", std::process::id())),
        other => panic!("{:?}", other.err()),
    }
    fill(&store, 0, 3);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let patient = Opening::Write { wait: Duration::from_mins(1) };
            SegmentStore::open_with(dir.path(), patient, clock(), SMALL).unwrap().head().size
        });
        store.close().unwrap();
        assert_eq!(waiting.join().unwrap(), 3);
    });
}

#[test]
fn a_reader_follows_the_writer_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    let reader = read(dir.path());
    assert_eq!((reader.head().size, reader.health()), (0, Health::Reader));
    for round in 0..30 {
        fill(&store, round * 10, 10);
        let before = listing(dir.path());
        assert_eq!(reader.refresh().unwrap(), store.head());
        assert!(read(dir.path()).read(0, u64::MAX).eq(store.read(0, u64::MAX)));
        assert!(reader.read(0, u64::MAX).eq(store.read(0, u64::MAX)));
        assert_eq!(reader.stream(super::stream(1)), store.stream(super::stream(1)));
        assert_eq!(listing(dir.path()), before);
    }
    assert_eq!(reader.verify().damages, vec![]);
    let refused = reader.append(vec![event(0, "x")], Condition::default(), request(9_999));
    assert_eq!(refused.unwrap_err(), AppendError::ReadOnly);
    assert!(reader.attach(b"x").is_err());
}

/// The files of a directory with their lengths, apart from the writer's own `head`.
fn listing(dir: &std::path::Path) -> Vec<(std::path::PathBuf, u64)> {
    let mut found = Vec::new();
    let mut left = vec![dir.to_owned()];
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                left.push(entry.path());
            } else if let Ok(data) = entry.metadata()
                && !entry.file_name().to_str().unwrap().starts_with("head")
                && entry.path().extension().is_none_or(|extension| extension != "seg")
            {
                found.push((entry.path(), data.len()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn readers_see_whole_appends_while_a_writer_is_at_work() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for number in 0..150 {
                let events = (0..5).map(|index| event(index, &format!("{number} {index}"))).collect();
                store.append(events, Condition::default(), request(number)).unwrap();
            }
        });
        let mut last = 0;
        while !writing.is_finished() {
            let reader = read(dir.path());
            let size = reader.head().size;
            assert_eq!(reader.health(), Health::Reader);
            assert!(size.is_multiple_of(5) && size >= last, "{last} then {size}");
            assert_eq!(reader.read(0, u64::MAX).flatten().count() as u64, size);
            assert_eq!(reader.verify().damages, vec![], "what comes in while it is checked is no damage");
            last = size;
        }
        writing.join().unwrap();
    });
}

#[test]
fn what_is_closed_is_there_for_the_next() {
    let dir = tempfile::tempdir().unwrap();
    create(dir.path()).close().unwrap();
    for round in 0..20 {
        let store = open(dir.path());
        assert_eq!(store.head().size, round * 2);
        fill(&store, round * 2, 2);
        store.close().unwrap();
    }
    assert_eq!(read(dir.path()).verify().damages, vec![]);
}
