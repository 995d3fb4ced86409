//! A copy of a log: the same records at the same places, until it is adopted.

use demarche::domain::event::{Envelope, Event};
use demarche::domain::fact::Fact;
use demarche::domain::fact::record::Redacted;
use demarche::domain::id::{EventId, RequestId};
use demarche::store::leaf::Leaf;
use demarche::store::segment::{SegmentStore, TakeOverError, TakenOver};
use demarche::store::{AppendError, Class, Condition, EventStore, Health, NewEvent, Receipt, Sealed};

use super::{clock, create, event, fill, open, read, request};

/// A log with appends of several sizes.
fn original(dir: &std::path::Path) -> SegmentStore {
    let store = create(dir);
    fill(&store, 0, 20);
    for number in 100..110 {
        let events = (0..=number - 100).map(|index| event(index, &format!("{number} {index}"))).collect();
        store.append(events, Condition::default(), request(number)).unwrap();
    }
    store
}

fn sealed(store: &dyn EventStore) -> Vec<Sealed> {
    store.sealed(0, u64::MAX).map(Result::unwrap).collect()
}

fn copy_of(store: &SegmentStore, dir: &std::path::Path) -> SegmentStore {
    SegmentStore::create_copy(dir, store.log_id(), clock()).unwrap()
}

#[test]
fn a_copy_has_the_same_root_records_and_receipts() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = original(here.path());
    let records = sealed(&store);
    let size = records.len() as u64;
    let copy = copy_of(&store, there.path());
    assert_eq!(copy.take_over(records.clone().into_iter()), Ok(TakenOver { known: 0, taken: size }));
    assert_eq!(copy.take_over(records.into_iter()), Ok(TakenOver { known: size, taken: 0 }));
    copy.close().unwrap();
    let copy = open(there.path());
    assert_eq!(copy.head(), store.head());
    assert_eq!(copy.health(), Health::Copy);
    assert_eq!(copy.verify().damages, vec![]);
    assert!(copy.read(0, u64::MAX).eq(store.read(0, u64::MAX)));
    for number in (0..20).chain(100..110) {
        assert_eq!(copy.receipt_of(request(number)), store.receipt_of(request(number)));
    }
    // A submission that is known is answered; a new one is not recorded.
    let again = copy.append(vec![event(0, "fact 0")], Condition::default(), request(0)).unwrap();
    assert_eq!(Some(Receipt { repeated: false, ..again }), store.receipt_of(request(0)).unwrap());
    let new = copy.append(vec![event(0, "new")], Condition::default(), request(999));
    assert_eq!(new.unwrap_err(), AppendError::ReadOnly);
}

#[test]
fn an_adopted_copy_goes_on_where_the_log_ended() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = original(here.path());
    let copy = copy_of(&store, there.path());
    copy.take_over(store.sealed(0, u64::MAX).map(Result::unwrap)).unwrap();
    assert_eq!(read(there.path()).adopt(), Err(TakeOverError::NotACopy));
    copy.adopt().unwrap();
    assert_eq!(copy.adopt(), Err(TakeOverError::NotACopy));
    assert_eq!(copy.health(), Health::Sound);
    let receipt = copy.append(vec![event(0, "new")], Condition::default(), request(999)).unwrap();
    assert_eq!(receipt.first, store.head().size);
    assert_eq!(copy.take_over(store.sealed(0, 3).map(Result::unwrap)).map(|taken| taken.known), Ok(3));
    copy.close().unwrap();
    assert_eq!(open(there.path()).health(), Health::Sound);
    assert_eq!(open(there.path()).verify().damages, vec![]);
}

#[test]
fn an_interrupted_copy_is_completed_by_copying_again() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = original(here.path());
    let records = sealed(&store);
    let copy = copy_of(&store, there.path());
    for cut in 0..records.len() {
        copy.take_over(records[..cut].iter().cloned()).unwrap();
        assert_eq!(copy.head().size, cut as u64);
    }
    copy.take_over(records.into_iter()).unwrap();
    assert_eq!(copy.head(), store.head());
    copy.close().unwrap();
    let copy = open(there.path());
    assert_eq!(copy.verify().damages, vec![]);
    assert_eq!(copy.receipt_of(request(109)), store.receipt_of(request(109)));
}

#[test]
fn only_the_next_record_of_this_log_is_taken_over() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = original(here.path());
    let records = sealed(&store);
    let copy = copy_of(&store, there.path());
    copy.take_over(records[..10].iter().cloned()).unwrap();
    let head = copy.head();
    let check = |what: &str, change: &dyn Fn(&mut Vec<Sealed>)| {
        let mut changed = records[10..].to_vec();
        change(&mut changed);
        match copy.take_over(changed.into_iter()) {
            Err(TakeOverError::Wrong { .. }) => {}
            other => panic!("{what}: {other:?}"),
        }
        assert_eq!(copy.head(), head, "{what}");
    };
    let edit = |change: &dyn Fn(&mut Leaf)| {
        let mut leaf = Leaf::decode(&records[10].leaf).unwrap();
        change(&mut leaf);
        leaf.encode().unwrap()
    };
    check("a gap", &|changed| drop(changed.remove(0)));
    check("another spelling", &|changed| changed[0].leaf.push(' '));
    check("another body", &|changed| changed[0].body = Some("{}".to_owned()));
    check("another salt", &|changed| changed[0].salt[0] ^= 1);
    check("another log", &|changed| changed[0].leaf = edit(&|leaf| leaf.log = "busan-00000000".to_owned()));
    check("an earlier time", &|changed| {
        changed[0].leaf = edit(&|leaf| leaf.at = Leaf::decode(&records[9].leaf).unwrap().at);
    });
    check("another revision", &|changed| changed[0].leaf = edit(&|leaf| leaf.streams[0].1 += 1));
    check("another record before", &|changed| changed[0].leaf = edit(&|leaf| leaf.streams[0].2 = None));
    check("another stream", &|changed| {
        changed[0].leaf = edit(&|leaf| leaf.sub.streams = vec![super::stream(77)]);
    });
    check("a known event", &|changed| {
        changed[0].leaf = edit(&|leaf| leaf.sub.id = Leaf::decode(&records[3].leaf).unwrap().sub.id);
    });
    check("the middle of a submission", &|changed| {
        changed[0].leaf = edit(&|leaf| {
            leaf.sub.index = 1;
            leaf.sub.request = RequestId::from_uuid(super::uuid(2, 5_000));
        });
    });
    // What is there already must be the same.
    let mut forked = records.clone();
    forked[4].leaf = records[5].leaf.clone();
    assert!(matches!(copy.take_over(forked.into_iter()), Err(TakeOverError::Wrong { position: 4, .. })));
    copy.take_over(records.into_iter()).unwrap();
    assert_eq!(copy.head(), store.head());
}

/// A record that says that the text of an event was removed.
pub(super) fn redaction(target: EventId) -> NewEvent {
    let fact = Fact::RecordRedacted(Redacted {
        target,
        basis: "Archives Act, section 4".to_owned(),
        approvals: Vec::new(),
        entity: None,
        called: Vec::new(),
        replacement: None,
    });
    let body = Event { envelope: Envelope::default(), fact }.encode().unwrap();
    NewEvent { class: Class::RecordRedacted, body, ..event(7, "") }
}

/// Records of a log of which one has lost its body.
fn records_without_a_body(store: &dyn EventStore, position: usize) -> Vec<Sealed> {
    let mut records = sealed(store);
    records[position].body = None;
    records[position].salt = [0; 32];
    records
}

#[test]
fn a_body_that_was_removed_stays_gone_in_a_copy() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = original(here.path());
    let removed = store.at(3).unwrap().unwrap().id;
    store.append(vec![redaction(removed)], Condition::default(), request(500)).unwrap();
    fill(&store, 600, 5);
    let records = records_without_a_body(&store, 3);
    let copy = copy_of(&store, there.path());
    copy.take_over(records.clone().into_iter()).unwrap();
    assert_eq!(copy.head(), store.head());
    let verification = copy.verify();
    assert_eq!((verification.damages, verification.bodies_gone), (vec![], 1));
    assert!(copy.sealed(0, u64::MAX).map(Result::unwrap).eq(records));
}

#[test]
fn a_copy_takes_over_what_was_forgotten_and_forgets_what_it_had() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = original(here.path());
    let copy = copy_of(&store, there.path());
    copy.take_over(store.sealed(0, 10).map(Result::unwrap)).unwrap();
    for (number, position) in [(500, 3), (501, 12)] {
        let removed = store.at(position).unwrap().unwrap().id;
        store.append(vec![redaction(removed)], Condition::default(), request(number)).unwrap();
    }
    store.forget(&[3, 12]).unwrap();
    copy.take_over(store.sealed(0, u64::MAX).map(Result::unwrap)).unwrap();
    assert_eq!([3, 12].map(|position| copy.is_forgotten(position)), [Ok(false), Ok(true)]);
    copy.forget(&[3, 12]).unwrap();
    for log in [&store, &copy] {
        let verification = log.verify();
        assert_eq!((verification.damages, verification.bodies_gone), (vec![], 2));
    }
    assert!(copy.read(0, u64::MAX).eq(store.read(0, u64::MAX)));
    assert!(copy.sealed(0, u64::MAX).eq(store.sealed(0, u64::MAX)));
    assert_eq!(copy.head(), store.head());
}

#[test]
fn a_body_that_is_missing_without_a_removal_is_refused() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = original(here.path());
    let other = store.at(4).unwrap().unwrap().id;
    store.append(vec![redaction(other)], Condition::default(), request(500)).unwrap();
    let size = store.head().size;
    // The middle of an append of several events, too.
    for position in [3, usize::try_from(size).unwrap() - 4] {
        let copy = copy_of(&store, &there.path().join(position.to_string()));
        let refused = copy.take_over(records_without_a_body(&store, position).into_iter()).unwrap_err();
        assert!(
            matches!(&refused, TakeOverError::Wrong { position: named, .. } if *named == position as u64),
            "{refused}"
        );
        assert!(copy.head().size <= position as u64, "what came before it stays, in whole appends");
        assert_eq!(copy.verify().damages, vec![]);
        copy.take_over(store.sealed(0, u64::MAX).map(Result::unwrap)).unwrap();
        assert_eq!(copy.head(), store.head());
    }
}

/// Takes the body out of the record of an append of one event, as if it had never been there.
fn without_body(log_id: &str, bytes: &[u8]) -> Vec<u8> {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (len, leaf) = (number(4) as usize, number(16));
    let mut record = bytes[..56 + leaf as usize].to_vec();
    let short = u32::try_from(record.len()).unwrap();
    record[4..8].copy_from_slice(&short.to_le_bytes());
    record[20..24].fill(0);
    record[48..56].fill(0xff);
    let crc = crc32c::crc32c_append(crc32c::crc32c(log_id.as_bytes()), &record[12..]);
    record[8..12].copy_from_slice(&crc.to_le_bytes());
    [&record, &bytes[len..]].concat()
}

#[test]
fn a_body_that_is_gone_without_a_removal_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let store = original(dir.path());
    let log_id = store.log_id().to_owned();
    store.close().unwrap();
    let path = dir.path().join("log/000000000000.seg");
    let changed = without_body(&log_id, &std::fs::read(&path).unwrap());
    std::fs::write(&path, changed).unwrap();
    let verification = read(dir.path()).verify();
    let missing = verification.damages.iter().find(|damage| damage.position == Some(0));
    assert!(missing.is_some_and(|damage| damage.what.contains("missing")), "{:?}", verification.damages);
    assert_eq!(verification.bodies_gone, 0);
}

#[test]
fn a_log_that_is_written_here_takes_nothing_over() {
    let here = tempfile::tempdir().unwrap();
    let store = original(here.path());
    let mut next = sealed(&store).pop().unwrap();
    next.position += 1;
    assert!(store.take_over(std::iter::once(next)).is_err());
    assert_eq!(store.adopt(), Err(TakeOverError::NotACopy));
}
