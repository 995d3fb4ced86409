//! Removed texts and changed master keys on disks that fail, and what is left of a removed text: nothing.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::*;
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::Fact;
use crate::domain::fact::record::Redacted;
use crate::domain::id::EventId;
use crate::store::segment::master::MasterKey;
use crate::store::segment::secrets::Secret;
use crate::store::segment::{OpenError, attachments};
use crate::store::{Body, ForgetError, Recorded};
use crate::tlog::Hash;

/// A disk that refuses, one that is full, and a power cut.
const EACH: [Fault; 3] =
    [Fault::Error(io::ErrorKind::Other), Fault::Short(io::ErrorKind::StorageFull), Fault::Cut];
/// Whose texts are removed.
const TARGETS: [u64; 2] = [1, 4];
const TEXT: &str = "the wording of the \"note\" of 평양";

fn redaction(target: EventId) -> NewEvent {
    let basis = "Archives Act, section 4".to_owned();
    let fact = Fact::RecordRedacted(Redacted {
        target,
        basis,
        approvals: Vec::new(),
        entity: None,
        called: Vec::new(),
        replacement: None,
    });
    let body = Event { envelope: Envelope::default(), fact }.encode().unwrap();
    NewEvent { class: Class::RecordRedacted, body, ..event(7, "") }
}

/// A closed log of which some texts are to be removed, its records, and the attachment that goes with them.
fn log() -> (tempfile::TempDir, Vec<Recorded>, Hash) {
    let dir = created();
    let store = open(dir.path(), Box::new(SystemDisk));
    let attachment = store.attach(TEXT.as_bytes()).unwrap();
    for number in 0..6 {
        let mut events = vec![event(number, &format!("{number}: {TEXT}"))];
        if number == 1 {
            events[0].attachments.push(attachment);
        }
        store.append(events, Condition::default(), request(number)).unwrap();
    }
    let redactions: Vec<NewEvent> =
        TARGETS.map(|target| redaction(store.at(target).unwrap().unwrap().id)).to_vec();
    store.append(redactions, Condition::default(), request(6)).unwrap();
    let records = store.read(0, u64::MAX).map(Result::unwrap).collect();
    store.close().unwrap();
    (dir, records, attachment)
}

pub(super) fn copied(from: &Path) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        for entry in std::fs::read_dir(from).unwrap() {
            let (entry, to) = (entry.unwrap(), to.to_owned());
            let to = to.join(entry.file_name());
            if entry.path().is_dir() {
                std::fs::create_dir(&to).unwrap();
                copy(&entry.path(), &to);
            } else {
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    copy(from, dir.path());
    dir
}

/// Checks that every text is there, or gone where it was to be removed, and tells whether all of those are.
#[track_caller]
fn gone(store: &SegmentStore, records: &[Recorded], what: &str) -> bool {
    let verification = store.verify();
    assert_eq!(verification.damages, vec![], "{what}");
    let mut gone = 0;
    for record in records {
        let found = store.at(record.position).unwrap().unwrap();
        if TARGETS.contains(&record.position) && found.body == Body::Redacted {
            gone += 1;
            assert_eq!(store.is_forgotten(record.position), Ok(true), "{what}");
        } else {
            assert_eq!(found, *record, "{what}");
            assert_eq!(store.is_forgotten(record.position), Ok(false), "{what}");
        }
    }
    assert_eq!(verification.bodies_gone, gone, "{what}");
    assert!(gone == 0 || gone == TARGETS.len() as u64, "{what}: all of a block at once");
    gone > 0
}

#[test]
fn a_text_is_removed_or_its_removal_is_completed_whatever_fails() {
    let (template, records, attachment) = log();
    for fault in EACH {
        for at in 1.. {
            let what = format!("{fault:?} at operation {at}");
            let dir = copied(template.path());
            let disk = Failing::at(at, fault);
            let left = Arc::clone(&disk.left);
            let store = open(dir.path(), Box::new(disk));
            let outcome = store.forget(&TARGETS);
            let came_to_it = left.load(Ordering::SeqCst) == 0;
            assert_eq!(outcome.is_err(), came_to_it, "{what}: {outcome:?}");
            let in_process = TARGETS.map(|target| store.is_forgotten(target).unwrap());
            drop(store);
            let reader = SegmentStore::open(dir.path(), Opening::Read, clock()).unwrap();
            assert_eq!(reader.health(), Health::Reader, "{what}");
            assert!(TARGETS.iter().all(|target| reader.at(*target).is_ok()), "{what}");
            let begun = dir.path().join("secrets/forgetting").exists();
            let store = open(dir.path(), Box::new(SystemDisk));
            assert_eq!(store.health(), Health::Sound, "{what}");
            let completed = gone(&store, &records, &what);
            assert!(completed || !(begun || outcome.is_ok()), "{what}");
            assert!(completed || in_process == [false; 2], "{what}: what was gone stays gone");
            assert_eq!(store.attachment(&attachment).unwrap().is_none(), completed, "{what}");
            assert_eq!(store.forget(&TARGETS), Ok(()), "{what}");
            assert_eq!(TARGETS.map(|target| store.is_forgotten(target)), [Ok(true), Ok(true)], "{what}");
            assert!(!dir.path().join("secrets/forgetting").exists());
            store.close().unwrap();
            let names = |part: &str| std::fs::read_dir(dir.path().join(part)).unwrap().count();
            assert_eq!((names("secrets"), names("secrets/keys")), (4, 1), "{what}: nothing is left over");
            if !came_to_it {
                break;
            }
        }
    }
}

#[test]
fn a_removal_that_failed_may_be_asked_for_again_at_once() {
    let (template, records, _) = log();
    for at in (1..30).step_by(3) {
        let dir = copied(template.path());
        let store = open(dir.path(), Box::new(Failing::at(at, Fault::Short(io::ErrorKind::StorageFull))));
        assert_eq!(store.forget(&TARGETS[..1]), Err(ForgetError::Full), "operation {at}");
        assert_eq!(store.forget(&TARGETS[1..]), Ok(()));
        let begun = store.is_forgotten(TARGETS[0]).unwrap();
        assert_eq!(begun, at > 3, "what was begun is finished with what comes next");
        assert_eq!(store.forget(&TARGETS), Ok(()));
        assert!(gone(&store, &records, "again"));
    }
}

/// Returns every form in which bytes may stand in a file.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut hex = String::new();
    for byte in bytes {
        hex.push_str(&format_args!("{byte:02x}").to_string());
    }
    let mut forms = vec![bytes.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    for skipped in 0..3 {
        // Groups of three bytes that begin at any of three places; what they share with others is left out.
        let groups = &bytes[skipped..skipped + (bytes.len() - skipped) / 3 * 3];
        forms.push(STANDARD_NO_PAD.encode(groups).into_bytes());
        forms.push(URL_SAFE_NO_PAD.encode(groups).into_bytes());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let json = serde_json::to_string(text).unwrap();
        let inner = json[1..json.len() - 1].to_owned();
        forms.push(serde_json::to_string(&inner).unwrap().trim_matches('"').as_bytes().to_vec());
        let ascii = |inner: &str| -> String {
            inner
                .encode_utf16()
                .map(|unit| match u8::try_from(unit) {
                    Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                    _ => format!("\\u{unit:04x}"),
                })
                .collect()
        };
        forms.push(ascii(&inner).into_bytes());
        forms.push(inner.into_bytes());
    }
    forms
}

/// Returns the files in which any form of these bytes stands.
fn files_with(dir: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
            continue;
        }
        // The search of the standard library is quick, and for texts alone.
        let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        let content = text(&std::fs::read(&path).unwrap());
        if forms(bytes).iter().any(|form| content.contains(&text(form))) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn no_file_holds_anything_of_a_removed_text() {
    let (dir, records, attachment) = log();
    let store = open(dir.path(), Box::new(SystemDisk));
    let mut traces: Vec<(String, Vec<u8>)> = vec![("the text".to_owned(), TEXT.as_bytes().to_vec())];
    for target in TARGETS {
        let sealed = store.sealed(target, target + 1).next().unwrap().unwrap();
        let slot = store.shared.raw(target).unwrap().unwrap().frame(&store.shared.log_id).unwrap().slot;
        let Secret::Live(secret) = store.shared.secrets.of(slot) else { panic!("the secret is there") };
        traces.push((format!("the salt of {target}"), sealed.salt.to_vec()));
        traces.push((format!("the secret of {target}"), secret.to_vec()));
        let Body::Plain(body) = &records[usize::try_from(target).unwrap()].body else {
            panic!("it is there")
        };
        traces.push((format!("the body of {target}"), body.clone().into_bytes()));
    }
    let (salt, _) = store.shared.attachments.get(&attachment).unwrap().unwrap();
    traces.push(("the salt of the attachment".to_owned(), salt.to_vec()));
    let name = attachments::file_name(&attachment).replace("files/", "").replace('/', "");
    let secret = std::fs::read(dir.path().join("secrets/files").join(name)).unwrap();
    assert_eq!(files_with(dir.path(), &secret).len(), 1, "what is looked for can be found");
    traces.push(("the secret of the attachment".to_owned(), secret));
    for file in ["secrets/00000000.block", "secrets/keys/00000000.key"] {
        let old = std::fs::read(dir.path().join(file)).unwrap();
        traces.push((format!("the old {file}"), old[..32].to_vec()));
    }
    store.forget(&TARGETS).unwrap();
    for close in [false, true] {
        for (what, bytes) in &traces {
            assert_eq!(files_with(dir.path(), bytes), Vec::<String>::new(), "{what}");
        }
        assert!(close || store.verify().damages.is_empty());
    }
    store.close().unwrap();
    for (what, bytes) in &traces {
        assert_eq!(files_with(dir.path(), bytes), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn a_reader_gives_no_text_from_its_memory_that_was_removed_since() {
    let (dir, records, attachment) = log();
    let store = open(dir.path(), Box::new(SystemDisk));
    let reader = SegmentStore::open(dir.path(), Opening::Read, clock()).unwrap();
    let before: Vec<Recorded> = reader.read(0, u64::MAX).map(Result::unwrap).collect();
    assert_eq!(before, records);
    store.forget(&TARGETS).unwrap();
    assert_eq!(reader.at(TARGETS[0]).unwrap().unwrap().body, Body::Redacted);
    assert_eq!(reader.attachment(&attachment), Ok(None));
    reader.refresh().unwrap();
    assert!(gone(&reader, &records, "the reader"));
    store.forget(&[0]).unwrap();
    let after: Vec<Body> = reader.read(0, 1).map(|record| record.unwrap().body).collect();
    assert_eq!(after, vec![Body::Redacted]);
    assert_eq!(reader.health(), Health::Reader);
    assert_eq!(reader.forget(&[0]), Err(ForgetError::ReadOnly));
}

#[test]
fn readers_meet_no_damage_while_texts_are_removed() {
    let dir = created();
    let store = open(dir.path(), Box::new(SystemDisk));
    let mut redactions = Vec::new();
    for number in 0..8 {
        let receipt = store.append(vec![event(number, TEXT)], Condition::default(), request(number)).unwrap();
        redactions.push(redaction(receipt.ids[0]));
    }
    store.append(redactions, Condition::default(), request(99)).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (0..8).for_each(|position| store.forget(&[position]).unwrap()));
        let mut gone = 0;
        while gone < 8 {
            let reader = SegmentStore::open(dir.path(), Opening::Read, clock()).unwrap();
            for _ in 0..3 {
                let bodies: Vec<Body> = reader.read(0, 8).map(|record| record.unwrap().body).collect();
                let now = bodies.iter().take_while(|body| **body == Body::Redacted).count();
                assert!(now >= gone && !bodies.contains(&Body::Missing), "{now} after {gone}: {bodies:?}");
                gone = now;
            }
            assert_eq!(reader.verify().damages, vec![]);
            assert_eq!(reader.health(), Health::Reader);
        }
        writer.join().unwrap();
    });
}

#[test]
fn a_text_that_is_gone_without_a_record_that_says_so_is_damage() {
    let (dir, records, _) = log();
    let store = open(dir.path(), Box::new(SystemDisk));
    store.forget(&[0, TARGETS[0]]).unwrap();
    let verification = store.verify();
    assert_eq!(verification.bodies_gone, 1);
    let missing: Vec<Option<u64>> = verification.damages.iter().map(|damage| damage.position).collect();
    assert_eq!(missing, vec![Some(0)], "{:?}", verification.damages);
    assert_eq!(store.at(5).unwrap().as_ref(), Some(&records[5]));
}

fn master(byte: u8) -> MasterKey {
    MasterKey::new(&[byte; 32])
}

fn open_under(dir: &Path, masters: &[u8], disk: Box<dyn Disk>) -> Result<SegmentStore, OpenError> {
    let masters = Masters::new(masters.iter().map(|byte| master(*byte)).collect());
    SegmentStore::open_on(dir, WRITE, clock(), SMALL, masters, disk)
}

#[test]
fn a_log_under_a_master_key_opens_with_it_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = SegmentStore::create_with_master(dir.path(), "seoul", clock(), Some(master(1))).unwrap();
    let attachment = store.attach(b"a scan").unwrap();
    append(&store, 2).unwrap();
    let records: Vec<_> = store.read(0, u64::MAX).map(Result::unwrap).collect();
    store.close().unwrap();
    let before = std::fs::read(dir.path().join("head")).unwrap();
    for opening in [WRITE, Opening::Read] {
        let without = SegmentStore::open(dir.path(), opening, clock()).err().unwrap();
        assert!(matches!(without, OpenError::MasterKeyNeeded), "{without}");
        let wrong =
            SegmentStore::open_with_master(dir.path(), opening, clock(), Some(master(2))).err().unwrap();
        assert!(matches!(wrong, OpenError::MasterKeyWrong), "{wrong}");
    }
    assert_eq!(std::fs::read(dir.path().join("head")).unwrap(), before);
    let store = SegmentStore::open_with_master(dir.path(), WRITE, clock(), Some(master(1))).unwrap();
    assert_eq!(store.read(0, u64::MAX).map(Result::unwrap).collect::<Vec<_>>(), records);
    store.rewrap(Some(master(2))).unwrap();
    append(&store, 1).unwrap();
    store.forget(&[0]).unwrap();
    store.close().unwrap();
    let wrong = open_under(dir.path(), &[1], Box::new(SystemDisk)).err().unwrap();
    assert!(matches!(wrong, OpenError::MasterKeyWrong), "{wrong}");
    let store = open_under(dir.path(), &[2], Box::new(SystemDisk)).unwrap();
    assert_eq!(store.at(1).unwrap().as_ref(), Some(&records[1]));
    assert_eq!(store.at(0).unwrap().unwrap().body, Body::Redacted);
    assert_eq!(store.attachment(&attachment), Ok(Some(b"a scan".to_vec())));
    store.rewrap(None).unwrap();
    store.close().unwrap();
    let store = open(dir.path(), Box::new(SystemDisk));
    assert_eq!(store.attachment(&attachment), Ok(Some(b"a scan".to_vec())));
    assert_eq!(store.read(1, u64::MAX).next().unwrap().unwrap(), records[1]);
}

#[test]
fn keys_that_were_bare_stand_in_no_file_once_they_are_wrapped() {
    let (dir, _, _) = log();
    let key = std::fs::read(dir.path().join("secrets/keys/00000000.key")).unwrap();
    let store = open(dir.path(), Box::new(SystemDisk));
    store.rewrap(Some(master(1))).unwrap();
    store.close().unwrap();
    assert_eq!(files_with(dir.path(), &key), Vec::<String>::new());
}

#[test]
fn a_change_of_the_master_key_that_was_cut_off_opens_with_both() {
    let (template, records, attachment) = log();
    open(template.path(), Box::new(SystemDisk)).rewrap(Some(master(1))).unwrap();
    for fault in EACH {
        for at in 1.. {
            let what = format!("{fault:?} at operation {at}");
            let dir = copied(template.path());
            let disk = Failing::at(at, fault);
            let left = Arc::clone(&disk.left);
            let store = open_under(dir.path(), &[1], Box::new(disk)).unwrap();
            let outcome = store.rewrap(Some(master(2)));
            assert_eq!(outcome.is_err(), left.load(Ordering::SeqCst) == 0, "{what}");
            assert_eq!(store.at(0).unwrap().as_ref(), Some(&records[0]), "{what}: it is readable meanwhile");
            drop(store);
            let store = open_under(dir.path(), &[2, 1], Box::new(SystemDisk)).unwrap();
            assert!(!gone(&store, &records, &what));
            store.rewrap(Some(master(2))).unwrap();
            drop(store);
            let store = open_under(dir.path(), &[2], Box::new(SystemDisk)).unwrap();
            assert!(!gone(&store, &records, &what));
            assert!(store.attachment(&attachment).unwrap().is_some(), "{what}");
            if outcome.is_ok() {
                break;
            }
        }
    }
}
