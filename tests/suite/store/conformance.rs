//! One suite for every engine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use demarche::domain::id::{EventId, RequestId};
use demarche::store::memory::MemoryStore;
use demarche::store::segment::SegmentStore;
use demarche::store::{
    APPEND_EVENTS_MAX, AppendError, AuthorSignature, BODY_BYTES_MAX, Body, Condition, EventStore, Expect,
    ForgetError, Health, NewEvent, Refusal, STREAMS_MAX, Sealed, derived_id, prepare_submission,
};
use demarche::tlog::key::{KeyName, SeedSigner, SignatureType, Signer};
use demarche::tlog::tree::Edge;
use demarche::tlog::{Hash, leaf_hash};

use super::{clock, create, event, event_id, fill, open, read, request, stream};

/// An engine with an empty log, and what must live as long as it does.
trait Engine {
    fn store(&self) -> &dyn EventStore;
}

struct Memory(MemoryStore);

impl Engine for Memory {
    fn store(&self) -> &dyn EventStore {
        &self.0
    }
}

struct Segments(SegmentStore, #[expect(dead_code, reason = "removed when it is dropped")] tempfile::TempDir);

impl Engine for Segments {
    fn store(&self) -> &dyn EventStore {
        &self.0
    }
}

fn memory() -> Box<dyn Engine> {
    Box::new(Memory(MemoryStore::new("seoul", clock())))
}

fn segments() -> Box<dyn Engine> {
    let dir = tempfile::tempdir().unwrap();
    Box::new(Segments(create(dir.path()), dir))
}

macro_rules! on_every_engine {
    ($($(#[$attribute:meta])* fn $name:ident($store:ident: &dyn EventStore) $body:block)*) => {
        $(fn $name($store: &dyn EventStore) $body)*

        mod in_memory {
            $($(#[$attribute])* #[test] fn $name() { super::$name(super::memory().store()); })*
        }

        mod in_segments {
            $($(#[$attribute])* #[test] fn $name() { super::$name(super::segments().store()); })*
        }
    };
}

fn refused(store: &dyn EventStore, events: Vec<demarche::store::NewEvent>, number: u64) -> Refusal {
    let before = store.head();
    let error = store.append(events, Condition::default(), request(number)).unwrap_err();
    assert_eq!(store.head(), before, "nothing of a refused append is in the log");
    match error {
        AppendError::Refused(refusal) => refusal,
        other => panic!("{other:?} is no refusal"),
    }
}

/// Checks the nodes of all levels: all of them now and then, those at the right edge at every size.
fn check_nodes(store: &dyn EventStore, leaves: &[Hash]) {
    for level in 0..12 {
        let subtrees = leaves.chunks_exact(1 << level);
        let count = subtrees.len() as u64;
        for (index, subtree) in (0..).zip(subtrees) {
            if index + 2 >= count || leaves.len() % 50 < 2 {
                let edge: Edge = subtree.iter().copied().collect();
                assert_eq!(
                    store.node(level, index),
                    Ok(Some(edge.root())),
                    "{level} {index} of {}",
                    leaves.len()
                );
            }
        }
        assert_eq!(store.node(level, count), Ok(None));
    }
    for (level, index) in [(63, 0), (63, 1), (64, 0), (u32::MAX, u64::MAX), (0, u64::MAX), (1, u64::MAX / 2)]
    {
        assert_eq!(store.node(level, index), Ok(None));
    }
}

#[test]
fn a_log_that_is_opened_again_has_the_same_subtrees() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    let mut leaves = Vec::new();
    for number in 0..6 {
        let events = (0..100).map(|index| event(index, "one of many")).collect();
        store.append(events, Condition::default(), request(number)).unwrap();
        leaves.extend(store.read(number * 100, u64::MAX).map(|record| record.unwrap().leaf_hash));
    }
    store.close().unwrap();
    for store in [read(dir.path()), open(dir.path())] {
        check_nodes(&store, &leaves);
    }
    std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    check_nodes(&read(dir.path()), &leaves);
}

on_every_engine! {
    fn positions_are_dense_and_the_root_is_that_of_the_leaves(store: &dyn EventStore) {
        fill(store, 0, 40);
        let records: Vec<_> = store.read(0, u64::MAX).map(Result::unwrap).collect();
        assert!(records.iter().map(|record| record.position).eq(0..40));
        assert!(records.is_sorted_by(|one, other| one.at < other.at), "times are strictly increasing");
        let sealed: Vec<_> = store.sealed(0, 40).map(Result::unwrap).collect();
        let edge: Edge = sealed.iter().map(|sealed| leaf_hash(sealed.leaf.as_bytes())).collect();
        assert_eq!((store.head().size, store.head().root), (40, edge.root()));
        for (record, sealed) in records.iter().zip(&sealed) {
            assert_eq!(record.leaf_hash, leaf_hash(sealed.leaf.as_bytes()));
            assert_eq!(store.leaf_hash(record.position), Ok(Some(record.leaf_hash)));
            assert_eq!(store.at(record.position).as_ref(), Ok(&Some(record.clone())));
            assert_eq!(Body::Plain(sealed.body.clone().unwrap()), record.body);
        }
        let hashes: Vec<_> = records.iter().map(|record| record.leaf_hash).collect();
        for size in 0..=40 {
            let edge: Edge = hashes.iter().take(size).copied().collect();
            assert_eq!(store.root_at(size as u64), Ok(Some(edge.root())));
        }
        assert_eq!(store.root_at(41), Ok(None));
        assert_eq!(store.at(40), Ok(None));
        assert_eq!(store.leaf_hash(u64::MAX), Ok(None));
        assert_eq!(store.read(39, 90).count(), 1);
        assert_eq!(store.read(40, 90).count(), 0);
        assert_eq!(store.read(5, 2).count(), 0);
    }

    fn every_full_subtree_has_its_root_at_every_size(store: &dyn EventStore) {
        let mut leaves = Vec::new();
        while leaves.len() < 601 {
            check_nodes(store, &leaves);
            let events = (0..=leaves.len() % 3).map(|index| event(index as u64, "one")).collect();
            let receipt = store.append(events, Condition::default(), request(leaves.len() as u64)).unwrap();
            for position in receipt.first..receipt.head.size {
                leaves.push(store.leaf_hash(position).unwrap().unwrap());
            }
        }
        check_nodes(store, &leaves);
    }

    fn a_stream_counts_its_events(store: &dyn EventStore) {
        assert_eq!(store.stream(stream(1)), None);
        let mut two = event(1, "a declaration");
        two.streams.push(stream(2));
        store.append(vec![event(1, "one"), two], Condition::default(), request(0)).unwrap();
        assert_eq!(store.stream(stream(1)), Some((1, 1)));
        assert_eq!(store.stream(stream(2)), Some((0, 1)));
        let second = store.at(1).unwrap().unwrap();
        assert_eq!(second.streams, vec![(stream(1), 1), (stream(2), 0)]);
    }

    fn an_append_holds_when_its_condition_does(store: &dyn EventStore) {
        let append = |number, expect| {
            store.append(vec![event(1, "x")], Condition { expect: vec![(stream(1), expect)] }, request(number))
        };
        let moved = |expected, found| AppendError::Moved { stream: stream(1), expected, found };
        assert_eq!(append(0, Expect::Exists).unwrap_err(), moved(Expect::Exists, None));
        assert_eq!(append(0, Expect::At(0)).unwrap_err(), moved(Expect::At(0), None));
        append(0, Expect::NoStream).unwrap();
        assert_eq!(append(1, Expect::NoStream).unwrap_err(), moved(Expect::NoStream, Some(0)));
        assert_eq!(append(1, Expect::At(1)).unwrap_err(), moved(Expect::At(1), Some(0)));
        append(1, Expect::At(0)).unwrap();
        append(2, Expect::Exists).unwrap();
        append(3, Expect::Any).unwrap();
        assert_eq!(store.stream(stream(1)), Some((3, 3)));
    }

    fn the_same_submission_gives_the_first_receipt_again(store: &dyn EventStore) {
        let submit = |number, text: &str| {
            store.append(vec![event(1, text), event(2, text)], Condition::default(), request(number))
        };
        let first = submit(7, "a").unwrap();
        assert!(!first.repeated);
        fill(store, 100, 300);
        let head = store.head();
        let again = submit(7, "a").unwrap();
        assert!(again.repeated);
        assert_eq!(demarche::store::Receipt { repeated: false, ..again }, first);
        assert_eq!(store.receipt_of(request(7)), Ok(Some(first)));
        assert_eq!(store.receipt_of(request(8)), Ok(None));
        assert_eq!(submit(7, "b").unwrap_err(), Refusal::RequestKnown(request(7)).into());
        let shorter = store.append(vec![event(1, "a")], Condition::default(), request(7));
        assert_eq!(shorter.unwrap_err(), Refusal::RequestKnown(request(7)).into());
        let other = Condition { expect: vec![(stream(1), Expect::Any)] };
        let guarded = store.append(vec![event(1, "a"), event(2, "a")], other, request(7));
        assert_eq!(guarded.unwrap_err(), Refusal::RequestKnown(request(7)).into());
        assert_eq!(store.head(), head);
    }

    fn a_repeated_submission_does_not_meet_its_own_condition(store: &dyn EventStore) {
        let once = Condition { expect: vec![(stream(1), Expect::NoStream)] };
        let first = store.append(vec![event(1, "a")], once.clone(), request(1)).unwrap();
        let again = store.append(vec![event(1, "a")], once, request(1)).unwrap();
        assert_eq!(again.first, first.first);
    }

    fn an_id_that_is_not_given_is_derived(store: &dyn EventStore) {
        let receipt = store.append(vec![event(1, "a"), event(1, "b")], Condition::default(), request(1)).unwrap();
        let derived: Vec<EventId> = (0..2).map(|index| derived_id(store.log_id(), request(1), index)).collect();
        assert_eq!(receipt.ids, derived);
        assert_eq!(store.position_of(derived[1]), Ok(Some(1)));
        assert_eq!(store.position_of(event_id(9)), Ok(None));
    }

    fn an_event_id_stands_once(store: &dyn EventStore) {
        let mut given = event(1, "a");
        given.id = Some(event_id(1));
        store.append(vec![given.clone()], Condition::default(), request(1)).unwrap();
        assert_eq!(refused(store, vec![event(2, "b"), given.clone()], 2), Refusal::EventKnown(event_id(1)));
        given.id = Some(event_id(2));
        assert_eq!(refused(store, vec![given.clone(), given], 3), Refusal::EventKnown(event_id(2)));
        assert_eq!(store.position_of(event_id(1)), Ok(Some(0)));
        assert_eq!(store.position_of(event_id(2)), Ok(None));
    }

    fn what_can_never_be_recorded_is_refused(store: &dyn EventStore) {
        fill(store, 100, 3);
        assert_eq!(refused(store, vec![], 1), Refusal::Empty);
        let many = vec![event(1, "x"); APPEND_EVENTS_MAX + 1];
        assert_eq!(refused(store, many, 1), Refusal::TooManyEvents(APPEND_EVENTS_MAX + 1));
        let mut none = event(1, "x");
        none.streams.clear();
        assert_eq!(refused(store, vec![none], 1), Refusal::Streams { index: 0, count: 0 });
        let mut twice = event(1, "x");
        twice.streams.push(stream(1));
        assert_eq!(refused(store, vec![event(1, "x"), twice], 1), Refusal::Streams { index: 1, count: 2 });
        let mut wide = event(1, "x");
        wide.streams = (0..=STREAMS_MAX as u64).map(stream).collect();
        assert_eq!(refused(store, vec![wide], 1), Refusal::Streams { index: 0, count: STREAMS_MAX + 1 });
        let mut long = event(1, "x");
        long.body = format!("\"{}\"", "x".repeat(BODY_BYTES_MAX - 1));
        assert_eq!(refused(store, vec![long], 1), Refusal::BodyTooLong { index: 0, bytes: BODY_BYTES_MAX + 1 });
        let mut half = event(1, "x");
        "{\"text\":".clone_into(&mut half.body);
        assert_eq!(refused(store, vec![half], 1), Refusal::BodyNotJson { index: 0 });
        let mut attached = event(1, "x");
        attached.attachments.push([7; 32]);
        assert_eq!(refused(store, vec![attached], 1), Refusal::NoSuchAttachment { index: 0 });
        let mut stuffed = event(1, "x");
        let kept = store.attach(b"kept").unwrap();
        stuffed.attachments = vec![kept; 1_000];
        assert_eq!(refused(store, vec![event(2, "y"), stuffed], 1), Refusal::LeafTooLong { index: 1 });
        let large = || {
            let mut large = event(1, "x");
            large.body = format!("\"{}\"", "x".repeat(BODY_BYTES_MAX - 2));
            large
        };
        assert!(matches!(refused(store, vec![large(); 300], 1), Refusal::TooManyBytes(_)));
        // After all that the log goes on where it was.
        store.append(vec![large()], Condition::default(), request(1)).unwrap();
        assert_eq!(store.head().size, 4);
        assert_eq!((store.stream(stream(1)), store.stream(stream(2))), (Some((1, 3)), Some((0, 1))));
    }

    fn an_attachment_is_found_by_its_commitment(store: &dyn EventStore) {
        let commitment = store.attach(b"a scan of the letter").unwrap();
        let other = store.attach(b"a scan of the letter").unwrap();
        assert_ne!(commitment, other, "the same bytes twice cannot be told from two texts");
        let mut letter = event(1, "a letter");
        letter.attachments.push(commitment);
        store.append(vec![letter], Condition::default(), request(1)).unwrap();
        assert_eq!(store.at(0).unwrap().unwrap().attachments, vec![commitment]);
        assert_eq!(store.attachment(&commitment), Ok(Some(b"a scan of the letter".to_vec())));
        assert_eq!(store.attachment(&[9; 32]), Ok(None));
    }

    fn what_an_author_signed_is_recorded_as_it_was_signed(store: &dyn EventStore) {
        let name: KeyName = "author".parse().unwrap();
        let signer = SeedSigner::new(name, SignatureType::Ed25519, &[7; 32]);
        let key = *signer.key().public();
        let condition = Condition { expect: vec![(stream(1), Expect::NoStream)] };
        let mut events = vec![event(1, "signed"), event(2, "signed as well"), event(3, "unsigned")];
        let to_sign = prepare_submission(store.log_id(), &events, &condition, request(1)).unwrap();
        for (event, to_sign) in events.iter_mut().zip(&to_sign).take(2) {
            let sig = STANDARD.encode(signer.sign(&to_sign.message()).unwrap());
            event.signature = Some(AuthorSignature { key, salt: to_sign.salt, sig });
        }
        let again = prepare_submission(store.log_id(), &events, &condition, request(1)).unwrap();
        assert_eq!(again[..2], to_sign[..2], "whoever checks a signature sees what was signed");
        // A signature holds for what was signed, and for nothing else.
        let forgeries: [fn(&mut Vec<NewEvent>); 7] = [
            |events| events[0].body = event(1, "forged").body,
            |events| events[0].streams = vec![stream(9)],
            |events| events[0].signature.as_mut().unwrap().salt[0] ^= 1,
            |events| events[0].signature.as_mut().unwrap().key[0] ^= 1,
            |events| events[0].signature.as_mut().unwrap().sig = STANDARD.encode([7; 64]),
            |events| events[0].signature.as_mut().unwrap().sig.insert(0, '-'),
            |events| events[0].signature.as_mut().unwrap().sig = STANDARD.encode(b"SSH and something"),
        ];
        for forge in forgeries {
            let mut forged = events.clone();
            forge(&mut forged);
            let error = store.append(forged, condition.clone(), request(1)).unwrap_err();
            assert_eq!(error, Refusal::Signature { index: 0 }.into());
        }
        let elsewhere = store.append(events.clone(), condition.clone(), request(2)).unwrap_err();
        assert_eq!(elsewhere, Refusal::Signature { index: 0 }.into(), "it names its submission");
        assert_eq!(store.head().size, 0);
        let receipt = store.append(events.clone(), condition.clone(), request(1)).unwrap();
        for (sealed, to_sign) in store.sealed(0, 2).map(Result::unwrap).zip(&to_sign) {
            assert!(sealed.leaf.contains(&format!(r#""sub":{},"key""#, to_sign.submission)));
            assert_eq!(sealed.checked().unwrap().key.map(|key| key.0), Some(key));
            let forged = sealed.leaf.replace(r#""schema":1"#, r#""schema":2"#);
            assert!(Sealed { leaf: forged, ..sealed }.checked().is_err());
        }
        let unsigned = store.sealed(2, 3).next().unwrap().unwrap();
        assert!(!unsigned.leaf.contains("origin") && !unsigned.leaf.contains("key"));
        let repeated = store.append(events.clone(), condition.clone(), request(1)).unwrap();
        assert_eq!((repeated.repeated, repeated.head), (true, receipt.head));
        events[0].signature = None;
        let other = store.append(events, condition, request(1)).unwrap_err();
        assert_eq!(other, Refusal::RequestKnown(request(1)).into(), "who signed is a part of what is said");
        // What `ssh-keygen` signed is for others to check.
        let mut by_ssh = event(4, "by ssh");
        let sig = STANDARD.encode(b"SSHSIG and the rest");
        by_ssh.signature = Some(AuthorSignature { key, salt: [1; 32], sig });
        store.append(vec![by_ssh], Condition::default(), request(3)).unwrap();
        assert_eq!(store.health(), Health::Sound);
    }

    fn a_text_that_is_forgotten_is_gone_and_everything_else_is_as_it_was(store: &dyn EventStore) {
        let (kept, shared) = (store.attach(b"one scan").unwrap(), store.attach(b"another scan").unwrap());
        let mut letters = [event(1, "a letter"), event(2, "another")];
        letters[0].attachments = vec![kept, shared];
        letters[1].attachments = vec![shared];
        let receipt = store.append(letters.to_vec(), Condition::default(), request(1)).unwrap();
        fill(store, 100, 5);
        let before: Vec<_> = store.read(0, u64::MAX).map(Result::unwrap).collect();
        let sealed: Vec<_> = store.sealed(0, u64::MAX).map(Result::unwrap).collect();
        let head = store.head();
        assert_eq!(store.forget(&[0, 7]), Err(ForgetError::NoSuchPosition(7)));
        assert_eq!(store.is_forgotten(0), Ok(false));
        for _ in 0..2 {
            assert_eq!(store.forget(&[0, 4]), Ok(()), "it may be asked for again");
            assert_eq!(store.forget(&[]), Ok(()));
            let after: Vec<_> = store.read(0, u64::MAX).map(Result::unwrap).collect();
            for (before, after) in before.iter().zip(&after) {
                let gone = [0, 4].contains(&before.position);
                let body = if gone { Body::Redacted } else { before.body.clone() };
                assert_eq!(*after, demarche::store::Recorded { body, ..before.clone() });
                assert_eq!(store.at(before.position).as_ref(), Ok(&Some(after.clone())));
                assert_eq!(store.is_forgotten(before.position), Ok(gone));
            }
            for (before, after) in sealed.iter().zip(store.sealed(0, u64::MAX).map(Result::unwrap)) {
                match before.position {
                    0 | 4 => {
                        assert_eq!((after.body, after.salt, after.leaf), (None, [0; 32], before.leaf.clone()));
                    }
                    _ => assert_eq!(after, *before),
                }
            }
            assert_eq!(store.attachment(&kept), Ok(None));
            assert_eq!(store.attachment(&shared), Ok(Some(b"another scan".to_vec())), "a living event names it");
        }
        assert_eq!((store.head(), store.health()), (head, Health::Sound));
        assert_eq!(store.is_forgotten(99), Ok(false));
        let again = store.append(letters.to_vec(), Condition::default(), request(1)).unwrap();
        assert_eq!(again, demarche::store::Receipt { repeated: true, ..receipt });
        let mut longer = letters.to_vec();
        longer[0].body = event(1, "a longer letter").body;
        let other = store.append(longer, Condition::default(), request(1)).unwrap_err();
        assert_eq!(other, Refusal::RequestKnown(request(1)).into());
        store.forget(&[1]).unwrap();
        assert_eq!(store.attachment(&shared), Ok(None), "nobody names it any more");
        fill(store, 200, 5);
        assert_eq!(store.at(11).unwrap().unwrap().body, Body::Plain(event(0, "fact 204").body));
    }

    fn an_abbreviated_id_is_a_range(store: &dyn EventStore) {
        let given: Vec<EventId> = (0..60).map(event_id).collect();
        // Three that share their first 64 bits.
        let close: Vec<EventId> =
            (0..3).map(|low| EventId::from_uuid(uuid::Uuid::from_u128((77 << 64) | low))).collect();
        let mut all = Vec::new();
        for (number, id) in given.into_iter().chain(close.clone()).enumerate() {
            let mut event = event(1, "x");
            event.id = Some(id);
            let receipt = store.append(vec![event], Condition::default(), request(number as u64)).unwrap();
            all.push((id, receipt.first));
        }
        all.sort_unstable();
        let lowest = EventId::from_uuid(uuid::Uuid::nil());
        let highest = EventId::from_uuid(uuid::Uuid::max());
        assert_eq!(store.between(lowest, highest, 1_000), Ok(all.clone()));
        assert_eq!(store.between(lowest, highest, 4), Ok(all[..4].to_vec()));
        assert_eq!(store.between(lowest, highest, 0), Ok(vec![]));
        assert_eq!(store.between(highest, lowest, 4), Ok(vec![]));
        assert_eq!(store.between(all[10].0, all[20].0, 1_000), Ok(all[10..=20].to_vec()));
        let in_the_middle = store.between(close[1], close[1], 2).unwrap();
        assert_eq!(in_the_middle.iter().map(|(id, _)| *id).collect::<Vec<_>>(), vec![close[1]]);
        let last_two = store.between(close[1], close[2], 5).unwrap();
        assert_eq!(last_two.iter().map(|(id, _)| *id).collect::<Vec<_>>(), close[1..].to_vec());
    }

    fn appends_of_many_threads_are_all_there_once(store: &dyn EventStore) {
        std::thread::scope(|scope| {
            for thread in 0..8 {
                scope.spawn(move || fill(store, thread * 1_000, 25));
            }
            // Two that submit the same thing: one of them is told that it was recorded before.
            let twins: Vec<_> = (0..2).map(|_| scope.spawn(|| {
                (9_000..9_025).map(|number| {
                    store.append(vec![event(5, "same")], Condition::default(), request(number)).unwrap()
                }).collect::<Vec<_>>()
            })).collect();
            let [one, other] = twins.into_iter().map(|twin| twin.join().unwrap()).collect::<Vec<_>>().try_into().unwrap();
            for (one, other) in one.into_iter().zip(other) {
                assert!(one.repeated != other.repeated);
                assert_eq!((one.first, one.ids, one.head), (other.first, other.ids, other.head));
            }
        });
        assert_eq!(store.head().size, 8 * 25 + 25);
        let requests: std::collections::HashSet<RequestId> =
            store.read(0, u64::MAX).map(|record| record.unwrap().request).collect();
        assert_eq!(requests.len() as u64, store.head().size);
        assert_eq!(store.health(), Health::Sound);
    }

    fn of_many_that_expect_the_same_one_is_right(store: &dyn EventStore) {
        let won: usize = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..16).map(|number| scope.spawn(move || {
                let first = Condition { expect: vec![(stream(1), Expect::NoStream)] };
                store.append(vec![event(1, "first")], first, request(number)).is_ok()
            })).collect();
            racers.into_iter().filter(|_| true).map(|racer| usize::from(racer.join().unwrap())).sum()
        });
        assert_eq!(won, 1);
        assert_eq!(store.head().size, 1);
    }
}
