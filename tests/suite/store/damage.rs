//! Bytes that are not what was written: found, named, and never the ruin of another record.

use std::fs;
use std::path::{Path, PathBuf};

use demarche::store::segment::{OpenError, Opening, SegmentStore, verify};
use demarche::store::{AppendError, Condition, Damage, EventStore, Health, ReadError, Recorded};
use demarche::tlog::tree::Edge;

use super::{SMALL, WRITE, clock, create, event, fill, open, read, request};

/// A small log over several segments, closed.
fn small_log(dir: &Path) -> Vec<Recorded> {
    let store = create(dir);
    fill(&store, 0, 14);
    let three = vec![event(0, "one"), event(1, "two"), event(2, "three")];
    store.append(three, Condition::default(), request(50)).unwrap();
    let records = store.read(0, u64::MAX).map(Result::unwrap).collect();
    store.close().unwrap();
    records
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(dir.join("log")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "seg"));
    paths.sort();
    paths
}

/// Changes one byte of a file while `check` looks.
fn with_flipped(path: &Path, place: usize, bit: usize, check: impl FnOnce()) {
    let sound = fs::read(path).unwrap();
    let mut flipped = sound.clone();
    flipped[place] ^= 1 << bit;
    fs::write(path, flipped).unwrap();
    check();
    fs::write(path, sound).unwrap();
}

/// What every opening of a log with one damaged record must show.
#[track_caller]
fn check_damaged(dir: &Path, records: &[Recorded], hit: impl Fn(&Recorded) -> bool, what: &str) {
    let store = read(dir);
    let verification = store.verify();
    assert!(!verification.damages.is_empty(), "{what}: not found");
    let named = |damages: &[Damage]| damages.iter().map(|damage| damage.position).collect::<Vec<_>>();
    let expected: Vec<_> = records.iter().filter(|record| hit(record)).map(|at| Some(at.position)).collect();
    assert_eq!(named(&verification.damages), expected, "{what}: {:?}", verification.damages);
    assert!(verification.damages[0].file.starts_with("log/"), "{what}");
    assert_eq!(verification.records, records.len() as u64 - 1, "{what}: the others are counted");
    assert_eq!(read(dir).health(), Health::Damaged(verification.damages), "{what}");
    for record in records {
        match store.at(record.position) {
            Ok(found) if !hit(record) => assert_eq!(found.as_ref(), Some(record), "{what}"),
            Err(ReadError::Damaged(damage)) if hit(record) => {
                assert_eq!(damage.position, Some(record.position));
            }
            other => panic!("{what}: position {} gives {other:?}", record.position),
        }
        if !hit(record) {
            assert_eq!(store.position_of(record.id), Ok(Some(record.position)), "{what}");
        }
    }
    let read: Vec<_> = store.read(0, u64::MAX).collect();
    assert_eq!(read.len(), records.len(), "{what}: nothing is hidden, nothing revived");
    for (found, record) in read.into_iter().zip(records) {
        assert_eq!(found.ok().as_ref(), (!hit(record)).then_some(record), "{what}");
    }
    let writer = open(dir);
    assert!(matches!(writer.health(), Health::Damaged(_)), "{what}");
    let refused = writer.append(vec![event(0, "more")], Condition::default(), request(99));
    assert_eq!(refused.unwrap_err(), AppendError::Damaged, "{what}");
}

/// Every `step`th byte; all of them when the environment asks for it.
fn step() -> usize {
    if std::env::var_os("DEMARCHE_EVERY_BYTE").is_some() { 1 } else { 157 }
}

fn every_byte_of_the_segments(indexed: bool) {
    let dir = tempfile::tempdir().unwrap();
    let records = small_log(dir.path());
    if !indexed {
        let _ = fs::remove_dir_all(dir.path().join("index"));
    }
    let mut first_of = records.iter().map(|record| record.position).collect::<Vec<_>>();
    first_of.push(records.len() as u64);
    for path in segments(dir.path()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();
        let mut position: u64 = name.trim_end_matches(".seg").parse().unwrap();
        let mut start = 0;
        while start < bytes.len() {
            let len = u32::from_le_bytes(bytes[start + 4..start + 8].try_into().unwrap()) as usize;
            // The whole header, and bytes of leaf and body.
            let places = (start..start + 56).step_by(if step() == 1 { 1 } else { 7 });
            for place in places.chain((start + 56..start + len).step_by(step())).chain([start + len - 1]) {
                let what = format!("{name} byte {place} (position {position})");
                with_flipped(&path, place, place % 8, || {
                    check_damaged(dir.path(), &records, |record| record.position == position, &what);
                });
            }
            start += len;
            position += 1;
        }
    }
    assert!(matches!(read(dir.path()).health(), Health::Reader), "all is as it was");
    assert_eq!(read(dir.path()).verify().damages, vec![]);
}

#[test]
fn a_flipped_byte_of_a_segment_is_named_and_hits_one_record() {
    every_byte_of_the_segments(true);
}

#[test]
fn a_flipped_byte_is_named_without_the_index_too() {
    every_byte_of_the_segments(false);
}

#[test]
fn a_flipped_byte_beside_the_segments_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let records = small_log(dir.path());
    for file in ["head", "log/identity", "secrets/00000000.block", "secrets/keys/00000000.key"] {
        let path = dir.path().join(file);
        let len = fs::read(&path).unwrap().len();
        for place in (0..len).step_by(if len > 1_000 { 60_013 } else { 1 }) {
            with_flipped(&path, place, place % 8, || {
                let verification = verify(dir.path(), clock()).unwrap();
                assert!(!verification.damages.is_empty(), "{file} byte {place}");
                assert!(verification.damages.iter().all(|damage| damage.position.is_some()));
                let store = read(dir.path());
                assert_eq!(store.head().size, records.len() as u64, "{file} byte {place}");
                let leaves = store.read(0, u64::MAX).map(|record| record.unwrap().leaf_hash);
                assert!(leaves.eq(records.iter().map(|record| record.leaf_hash)), "{file} byte {place}");
            });
        }
    }
}

#[test]
fn a_log_whose_secrets_are_lost_takes_no_appends() {
    let dir = tempfile::tempdir().unwrap();
    let records = small_log(dir.path());
    for file in ["secrets/00000000.block", "secrets/keys/00000000.key"] {
        let path = dir.path().join(file);
        let sound = fs::read(&path).unwrap();
        let mut flipped = sound.clone();
        flipped[sound.len() / 2] ^= 1;
        for bytes in [None, Some(&sound[..sound.len() - 1]), Some(&[]), Some(&flipped)] {
            let what = format!("{file} with {:?} bytes", bytes.map(<[u8]>::len));
            match bytes {
                Some(bytes) => fs::write(&path, bytes).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let store = open(dir.path());
            let Health::Damaged(damages) = store.health() else { panic!("{what}: not found") };
            assert!(damages[0].file.starts_with("secrets/"), "{what}: {damages:?}");
            let refused = store.append(vec![event(0, "more")], Condition::default(), request(99));
            assert_eq!(refused.unwrap_err(), AppendError::Damaged, "{what}");
            assert_eq!(store.head().size, records.len() as u64, "{what}: the leaves are there");
            let damages = read(dir.path()).verify().damages;
            assert_eq!(damages.len(), 1, "{what}: {damages:?}");
            assert_eq!(damages[0].position, Some(0), "{what}");
        }
        fs::write(&path, sound).unwrap();
    }
    assert_eq!(open(dir.path()).health(), Health::Sound);
}

#[test]
fn secrets_that_seal_nothing_yet_are_drawn_again() {
    let dir = tempfile::tempdir().unwrap();
    small_log(dir.path());
    fs::write(dir.path().join("secrets/00000001.block"), "garbled").unwrap();
    let store = open(dir.path());
    assert_eq!(store.health(), Health::Sound);
    for number in 0..5 {
        let events = (0..900).map(|index| event(index, "one of many")).collect();
        store.append(events, Condition::default(), request(1_000 + number)).unwrap();
    }
    assert_eq!(store.verify().damages, vec![]);
}

#[test]
fn a_damaged_attachment_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    let commitment = store.attach(b"the letter").unwrap();
    let mut letter = event(0, "a letter");
    letter.attachments.push(commitment);
    store.append(vec![letter], Condition::default(), request(0)).unwrap();
    assert_eq!(store.verify().attachments, 1);
    store.close().unwrap();
    let folder = fs::read_dir(dir.path().join("files")).unwrap().next().unwrap().unwrap().path();
    let file = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    with_flipped(&file, 3, 0, || {
        let damages = read(dir.path()).verify().damages;
        assert_eq!(damages.len(), 1);
        assert_eq!(damages[0].position, Some(0));
        assert!(damages[0].file.starts_with("files/"));
        assert_eq!(read(dir.path()).attachment(&commitment), Ok(None));
    });
}

#[test]
fn what_can_be_rebuilt_is_never_missed() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    fill(&store, 0, 700);
    let records: Vec<_> = store.read(0, u64::MAX).map(Result::unwrap).collect();
    let head = store.head();
    store.close().unwrap();
    assert!(dir.path().join("index/000000000000.run").exists());
    let check = |what: &str| {
        for store in [read(dir.path()), open(dir.path())] {
            assert_eq!(store.head(), head, "{what}");
            assert_eq!(store.verify().damages, vec![], "{what}");
            assert!(store.read(0, u64::MAX).map(Result::unwrap).eq(records.iter().cloned()), "{what}");
            let receipt = store.receipt_of(request(31)).unwrap().unwrap();
            assert_eq!(receipt.first, 31, "{what}");
            store.close().unwrap();
        }
    };
    for file in ["index/000000000000.run", "tree/1"] {
        let path = dir.path().join(file);
        let sound = fs::read(&path).unwrap();
        for place in (0..sound.len()).step_by(sound.len() / 23 + 1) {
            with_flipped(&path, place, 3, || assert_eq!(read(dir.path()).head(), head, "{file} {place}"));
        }
        for (what, bytes) in
            [("empty", &b""[..]), ("cut", &sound[..sound.len() / 2]), ("other", &[7; 4_000][..])]
        {
            fs::write(&path, bytes).unwrap();
            check(&format!("{file} {what}"));
        }
        fs::remove_file(&path).unwrap();
        check(&format!("{file} missing"));
    }
    for part in ["index", "tree"] {
        fs::remove_dir_all(dir.path().join(part)).unwrap();
        check(part);
    }
}

/// What stands in the files that can be rebuilt.
fn rebuildable(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for part in ["index", "tree"] {
        for entry in fs::read_dir(dir.join(part)).unwrap() {
            let path = entry.unwrap().path();
            files.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    files
}

#[test]
fn a_long_log_answers_rightly_whatever_became_of_its_index() {
    let dir = tempfile::tempdir().unwrap();
    create(dir.path()).close().unwrap();
    let open = || SegmentStore::open(dir.path(), WRITE, clock()).unwrap();
    let mut number = 0;
    let mut append = |store: &SegmentStore, count: u64| {
        number += 1;
        let events = (0..count).map(|index| event(index % 300, &format!("{number} {index}"))).collect();
        store.append(events, Condition::default(), request(number)).unwrap()
    };
    let mut saved = Vec::new();
    for appends in [3, 7, 9, 1] {
        let store = open();
        (0..appends).for_each(|_| drop(append(&store, 1_000)));
        store.close().unwrap();
        saved.push(rebuildable(dir.path()));
    }
    let newest = saved.last().unwrap().clone();
    let put = |files: &[(PathBuf, Vec<u8>)], change: &dyn Fn(&[u8]) -> Option<Vec<u8>>| {
        for part in ["index", "tree"] {
            let _ = fs::remove_dir_all(dir.path().join(part));
            fs::create_dir_all(dir.path().join(part)).unwrap();
        }
        for (path, bytes) in files {
            if let Some(bytes) = change(bytes) {
                fs::write(path, bytes).unwrap();
            }
        }
    };
    let mut check = |what: &str| {
        let reader = SegmentStore::open(dir.path(), Opening::Read, clock()).unwrap();
        let head = reader.head();
        assert_eq!(reader.health(), Health::Reader, "{what}");
        assert_eq!(
            reader.receipt_of(request(5)).unwrap().map(|receipt| receipt.first),
            Some(4_000),
            "{what}"
        );
        let last = reader.at(head.size - 1).unwrap().unwrap();
        assert_eq!(reader.position_of(last.id), Ok(Some(head.size - 1)), "{what}");
        let store = open();
        let receipt = append(&store, 3);
        assert_eq!(receipt.first, head.size, "{what}");
        assert_eq!(receipt.head.size, head.size + 3, "{what}");
        store.close().unwrap();
        let verification = SegmentStore::open(dir.path(), Opening::Read, clock()).unwrap().verify();
        assert_eq!(verification.damages, vec![], "{what}");
        assert_eq!(verification.head, receipt.head, "{what}");
    };
    put(&newest, &|_| None);
    check("deleted");
    put(&newest, &|bytes| Some(bytes[..bytes.len() / 2].to_vec()));
    check("truncated");
    put(&newest, &|bytes| Some(vec![0x5a; bytes.len()]));
    check("junk");
    put(&saved[0], &|bytes| Some(bytes.to_vec()));
    check("the oldest");
    put(&[saved[0].as_slice(), &saved[2][1..]].concat(), &|bytes| Some(bytes.to_vec()));
    check("an old index beside a newer tree");
    put(&[&saved[2][..1], &saved[0][1..]].concat(), &|bytes| Some(bytes.to_vec()));
    check("an old tree beside a newer index");
}

#[test]
fn the_root_at_every_size_is_that_of_the_leaves_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    for number in 0..6 {
        let events = (0..129).map(|index| event(index, "one of many")).collect();
        store.append(events, Condition::default(), request(number)).unwrap();
    }
    let size = store.head().size;
    let mut edge = Edge::default();
    for position in 0..size {
        assert_eq!(store.root_at(position), Ok(Some(edge.root())), "{position}");
        edge.push(store.leaf_hash(position).unwrap().unwrap());
    }
    assert_eq!(store.root_at(size), Ok(Some(edge.root())));
    assert_eq!(store.root_at(size + 1), Ok(None));
    store.close().unwrap();
    // The leaves of full subtrees are not read: only the last 256 at most.
    let path = segments(dir.path()).remove(0);
    let store = read(dir.path());
    let root = store.root_at(512).unwrap();
    let sound = fs::read(&path).unwrap();
    fs::write(&path, vec![0; sound.len()]).unwrap();
    assert_eq!(store.root_at(512), Ok(root));
}

#[test]
fn an_index_of_a_longer_log_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    fill(&store, 0, 600);
    store.close().unwrap();
    let index = fs::read(dir.path().join("index/000000000000.run")).unwrap();
    let tree = fs::read(dir.path().join("tree/1")).unwrap();
    // The same log with other records in the same places.
    let other = tempfile::tempdir().unwrap();
    let copy = SegmentStore::create_copy(other.path(), read(dir.path()).log_id(), clock()).unwrap();
    copy.take_over(read(dir.path()).sealed(0, 300).map(Result::unwrap)).unwrap();
    copy.adopt().unwrap();
    fill(&copy, 5_000, 300);
    let head = copy.head();
    copy.close().unwrap();
    fs::create_dir_all(other.path().join("index")).unwrap();
    fs::create_dir_all(other.path().join("tree")).unwrap();
    fs::write(other.path().join("index/000000000000.run"), index).unwrap();
    fs::write(other.path().join("tree/1"), tree).unwrap();
    let store = read(other.path());
    assert_eq!(store.head(), head);
    assert_eq!(store.verify().damages, vec![]);
}

#[test]
fn a_log_that_lost_its_end_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let records = small_log(dir.path());
    let last = segments(dir.path()).pop().unwrap();
    let sound = fs::read(&last).unwrap();
    for len in (0..sound.len()).step_by(97) {
        fs::write(&last, &sound[..len]).unwrap();
        let store = read(dir.path());
        assert!(matches!(store.health(), Health::Damaged(_)), "cut to {len}");
        let damages = store.verify().damages;
        assert_eq!(Health::Damaged(damages.clone()), read(dir.path()).health(), "cut to {len}");
        let [damage] = damages.as_slice() else { panic!("cut to {len}: {damages:?}") };
        let first = damage.position.unwrap();
        let gone: Vec<u64> =
            (0..records.len() as u64).filter(|position| store.at(*position).is_err()).collect();
        assert_eq!(gone, (first..records.len() as u64).collect::<Vec<_>>(), "cut to {len}");
        assert!(gone.len() < 2 || damage.what.contains(&format!("{first} to {}", records.len() - 1)));
        assert_eq!(damage.file, format!("log/{}", last.file_name().unwrap().to_str().unwrap()));
        assert!(damage.offset <= len as u64);
        let refused = open(dir.path()).append(vec![event(0, "more")], Condition::default(), request(99));
        assert_eq!(refused.unwrap_err(), AppendError::Damaged);
        let sound: Vec<_> = store.read(0, u64::MAX).filter_map(Result::ok).collect();
        assert!(sound.iter().all(|record| records[usize::try_from(record.position).unwrap()] == *record));
    }
    fs::write(&last, &sound).unwrap();
    assert_eq!(read(dir.path()).verify().damages, vec![]);
}

#[test]
fn zeros_where_the_last_records_were_are_damage() {
    let dir = tempfile::tempdir().unwrap();
    let records = small_log(dir.path());
    let last = segments(dir.path()).pop().unwrap();
    let sound = fs::read(&last).unwrap();
    for zeros in (1..sound.len()).step_by(61) {
        let mut zeroed = sound.clone();
        zeroed[sound.len() - zeros..].fill(0);
        // The last byte is part of a tag, and may be a zero by chance.
        if zeroed == sound {
            continue;
        }
        fs::write(&last, &zeroed).unwrap();
        let store = read(dir.path());
        let damages = store.verify().damages;
        let [damage] = damages.as_slice() else { panic!("{zeros} zeros: {damages:?}") };
        let first = damage.position.unwrap();
        let gone = (0..records.len() as u64).find(|position| store.at(*position).is_err());
        assert_eq!(gone, Some(first), "{zeros} zeros: {damage}");
        assert!(damage.file.starts_with("log/") && !damage.what.contains("delete"), "{damage}");
        let refused = open(dir.path()).append(vec![event(0, "more")], Condition::default(), request(99));
        assert_eq!(refused.unwrap_err(), AppendError::Damaged);
    }
}

#[test]
fn a_lost_segment_is_named_and_the_others_are_served() {
    let dir = tempfile::tempdir().unwrap();
    let records = small_log(dir.path());
    let paths = segments(dir.path());
    assert!(paths.len() > 2);
    for path in &paths {
        let sound = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        let store = read(dir.path());
        assert!(matches!(store.health(), Health::Damaged(_)), "{}", path.display());
        assert!(!store.verify().damages.is_empty());
        let found: Vec<_> = store.read(0, u64::MAX).collect();
        assert_eq!(found.len(), records.len());
        for (found, record) in found.into_iter().zip(&records) {
            if let Ok(found) = found {
                assert_eq!(found, *record);
            }
        }
        fs::write(path, sound).unwrap();
    }
}

#[test]
fn records_that_change_places_are_found() {
    let dir = tempfile::tempdir().unwrap();
    small_log(dir.path());
    let path = segments(dir.path()).remove(0);
    let sound = fs::read(&path).unwrap();
    let len = |bytes: &[u8]| u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    let (first, rest) = sound.split_at(len(&sound));
    let (second, rest) = rest.split_at(len(rest));
    for (what, bytes) in [
        ("exchanged", [second, first, rest].concat()),
        ("twice", [first, second, first, rest].concat()),
        ("left out", [first, rest].concat()),
    ] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(read(dir.path()).health(), Health::Damaged(_)), "{what}");
        assert!(!read(dir.path()).verify().damages.is_empty(), "{what}");
    }
}

#[test]
fn a_torn_tail_is_cut_off_and_a_garbled_one_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let records = small_log(dir.path());
    let last = segments(dir.path()).pop().unwrap();
    let (sound, head) = (fs::read(&last).unwrap(), fs::read(dir.path().join("head")).unwrap());
    let store = open(dir.path());
    let five = (0..5).map(|number| event(number, "one of five")).collect();
    store.append(five, Condition::default(), request(70)).unwrap();
    store.close().unwrap();
    let longer = fs::read(&last).unwrap();
    let end = sound.len();
    let with_tail = |tail: &[u8]| {
        fs::write(&last, [&sound[..], tail].concat()).unwrap();
        fs::write(dir.path().join("head"), &head).unwrap();
    };
    let check_cut = |what: &str| {
        assert_eq!(read(dir.path()).head().size, records.len() as u64, "{what}");
        let store = open(dir.path());
        assert_eq!(store.health(), Health::Sound, "{what}");
        store.close().unwrap();
        assert_eq!(fs::read(&last).unwrap(), sound, "{what}");
    };
    with_tail(&[0; 5_000]);
    check_cut("zeros");
    // Every sector of the append that may be missing, at its end or in its middle.
    let first = end.next_multiple_of(512);
    for sector in (first..longer.len()).step_by(512) {
        with_tail(&longer[end..sector]);
        check_cut(&format!("cut at {sector}"));
        let mut holed = longer[end..].to_vec();
        holed[sector - end..].iter_mut().take(512).for_each(|byte| *byte = 0);
        with_tail(&holed);
        check_cut(&format!("hole at {sector}"));
    }
    // Nothing of it is missing, and yet it is not what was written.
    for place in (end..longer.len()).step_by(61) {
        let mut flipped = longer[end..].to_vec();
        flipped[place - end] ^= 4;
        with_tail(&flipped);
        assert!(matches!(read(dir.path()).health(), Health::Damaged(_)), "byte {place}");
        assert!(matches!(open(dir.path()).health(), Health::Damaged(_)), "byte {place}");
    }
    with_tail(&longer[end..]);
    assert_eq!(open(dir.path()).head().size, records.len() as u64 + 5);
}

#[test]
fn what_is_not_a_log_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let open = |path: &Path| SegmentStore::open_with(path, Opening::Read, clock(), SMALL).err().unwrap();
    assert!(matches!(open(&missing), OpenError::NoDirectory(_)));
    assert!(matches!(open(dir.path()), OpenError::EmptyDirectory(_)));
    let file = dir.path().join("notes.txt");
    fs::write(&file, "notes").unwrap();
    assert!(matches!(open(&file), OpenError::NoDirectory(_)));
    assert!(matches!(open(dir.path()), OpenError::NotALog(_)));
    assert!(matches!(
        SegmentStore::create(dir.path(), "seoul", clock()).err().unwrap(),
        OpenError::NotEmpty(_)
    ));
    for name in ["", "two words", "a+b", "a\"b", "a/b", "a\nb", &"x".repeat(65)] {
        assert!(
            matches!(SegmentStore::create(&missing, name, clock()).err().unwrap(), OpenError::Name(_)),
            "{name}"
        );
    }
    assert!(!missing.exists());
    create(&missing).close().unwrap();
    assert!(matches!(
        SegmentStore::create(&missing, "seoul", clock()).err().unwrap(),
        OpenError::NotEmpty(_)
    ));
    let newer = "demarche log 2\n";
    fs::write(
        missing.join("log/identity"),
        format!("{newer}crc32c {:08x}\n", crc32c::crc32c(newer.as_bytes())),
    )
    .unwrap();
    assert!(matches!(open(&missing), OpenError::Newer { version: 2 }));
}

#[test]
fn leaves_are_verified_without_a_look_at_the_texts() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(dir.path());
    fill(&store, 0, 20);
    let head = store.head();
    store.close().unwrap();
    let found = read(dir.path()).verify_leaves();
    assert_eq!((found.head, found.records, found.bodies), (head, 20, 0));
    assert!(found.damages.is_empty(), "{:?}", found.damages);
    let segment = dir.path().join("log/000000000000.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    assert!(!read(dir.path()).verify_leaves().damages.is_empty());
}
