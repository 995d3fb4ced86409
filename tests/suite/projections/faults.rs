//! Nothing is lost with the directory: whatever became of it, the next open answers as before.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use demarche::domain::id::{EntityId, EventId, RequestId};
use demarche::projections::{Access, SAVE_EVENTS};
use demarche::store::{
    AppendError, AttachError, Condition, Damage, EventStore, ForgetError, Head, Health, NewEvent, ReadError,
    Receipt, Recorded, Records, SealedRecords,
};
use demarche::tlog::Hash;
use proptest::prelude::*;

use super::naive::Naive;
use super::random::{Choice, choices, empty_log, event_id, extend, log_of};
use super::{in_memory, opened, zone};

/// Every file below a directory, with what it holds.
type Files = BTreeMap<PathBuf, Vec<u8>>;

fn files(dir: &Path) -> Files {
    let mut found = Files::new();
    for entry in fs::read_dir(dir).into_iter().flatten().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.insert(entry.path(), fs::read(entry.path()).unwrap());
        }
    }
    found
}

fn write_all(files: &Files) {
    for (path, bytes) in files {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Saves twice, so that there is an older snapshot, and returns the files of the older.
fn saved_twice(dir: &Path, store: &Arc<dyn EventStore>, more: &[Choice]) -> Files {
    let projections = opened(dir, store, Access::Writable);
    projections.save().unwrap();
    projections.close().unwrap();
    let older = files(dir);
    extend(store, more);
    let projections = opened(dir, store, Access::Writable);
    projections.save().unwrap();
    projections.close().unwrap();
    older
}

/// Checks that the directory answers as a fold from nothing, to a reader who writes nothing, to a writer,
/// and, once the writer has mended it, without anything to be told.
fn check(dir: &Path, store: &Arc<dyn EventStore>) {
    let size = store.head().size;
    let digest = in_memory(store).digest(size).unwrap();
    let before = files(dir.parent().unwrap());
    let reader = opened(dir, store, Access::ReadOnly);
    Naive::of(&**store, zone(), size as usize).check(&reader.view(size));
    assert_eq!(reader.digest(size).unwrap(), digest);
    reader.close().unwrap();
    assert!(files(dir.parent().unwrap()) == before, "a reader wrote something");
    let writer = opened(dir, store, Access::Writable);
    Naive::of(&**store, zone(), size as usize).check(&writer.view(size));
    assert_eq!(writer.digest(size).unwrap(), digest);
    writer.save().unwrap();
    writer.close().unwrap();
    for access in [Access::ReadOnly, Access::Writable] {
        let mended = opened(dir, store, access);
        assert_eq!(mended.digest(size).unwrap(), digest);
        assert_eq!(mended.notice(), None);
    }
}

fn is_aside(dir: &Path, number: u32) -> bool {
    dir.with_file_name(format!("projections.damaged-{number}")).is_dir()
}

/// Damages a file; `older` is the file as it was before the last save, if it was there.
fn damage(path: &Path, how: u8, at: prop::sample::Index, older: Option<&Vec<u8>>) {
    let mut bytes = fs::read(path).unwrap();
    // Most bytes of a database are zeros that nobody reads.
    let written: Vec<usize> = (0..bytes.len()).filter(|byte| bytes[*byte] != 0).collect();
    match how % 6 {
        0 | 1 if !written.is_empty() => bytes[written[at.index(written.len())]] ^= 1 << (how % 7),
        2 if !bytes.is_empty() => {
            let byte = at.index(bytes.len());
            bytes[byte] ^= 1 << (how % 7);
        }
        3 if !written.is_empty() => bytes.truncate(written[at.index(written.len())]),
        4 => return fs::remove_file(path).unwrap(),
        _ => match older {
            Some(older) => bytes.clone_from(older),
            None => bytes.clear(),
        },
    }
    fs::write(path, bytes).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_damaged_file_costs_nothing_but_a_rebuild(
        first in choices(1..20),
        more in choices(1..20),
        file: prop::sample::Index,
        how: u8,
        at: prop::sample::Index,
    ) {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("projections");
        let store = log_of(&first);
        let older = saved_twice(&dir, &store, &more);
        let now: Vec<PathBuf> = files(&dir).into_keys().collect();
        let path = &now[file.index(now.len())];
        damage(path, how, at, older.get(path));
        check(&dir, &store);
    }

    #[test]
    fn an_older_snapshot_is_caught_up(first in choices(1..20), more in choices(1..20)) {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("projections");
        let store = log_of(&first);
        let older = saved_twice(&dir, &store, &more);
        fs::remove_dir_all(&dir).unwrap();
        write_all(&older);
        check(&dir, &store);
        prop_assert!(!is_aside(&dir, 1));
    }

    #[test]
    fn a_snapshot_of_another_log_is_set_aside(
        mine in choices(1..20),
        other in choices(1..40),
        has_my_name: bool,
    ) {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("projections");
        let store = log_of(&mine);
        let mut other = log_of(&other);
        if has_my_name {
            // It then ends with another event, or knows more events than there are.
            other = Arc::new(Other { log_id: store.log_id().to_owned(), ..Other::of(other) });
        }
        saved_twice(&dir, &other, &[]);
        let reader = opened(&dir, &store, Access::ReadOnly);
        prop_assert!(reader.notice().is_some());
        check(&dir, &store);
        prop_assert!(is_aside(&dir, 1));
    }

    #[test]
    fn what_cannot_be_read_of_the_log_is_left_out_and_told(
        choices in choices(2..40),
        at: prop::sample::Index,
        had_snapshot: bool,
    ) {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("projections");
        let sound = log_of(&choices);
        let size = choices.len() as u64;
        if had_snapshot {
            saved_twice(&dir, &sound, &[]);
        }
        let unreadable = at.index(choices.len()) as u64;
        let store: Arc<dyn EventStore> =
            Arc::new(Other { unreadable: Some(unreadable), ..Other::of(Arc::clone(&sound)) });
        let projections = opened(&dir, &store, Access::Writable);
        prop_assert_eq!(projections.view(size).size(), size);
        prop_assert!(projections.view(size).register().is_ok());
        for number in 0..6 {
            let called = format!("r{number}");
            prop_assert!(projections.view(size).called(&called).is_ok());
        }
        for position in 0..size {
            let id = event_id(position as usize);
            let event = projections.view(size).event(id);
            prop_assert_eq!(event.is_err(), position == unreadable);
        }
        let everything = demarche::projections::timeline::TimelineQuery {
            limit: 100,
            struck: demarche::projections::timeline::Struck::Show,
            bookkeeping: true,
            ..Default::default()
        };
        let page = projections.view(size).timeline(&everything).unwrap();
        prop_assert_eq!(page.rows.len() as u64, size - 1);
        prop_assert_eq!(projections.unreadable(), [unreadable]);
        prop_assert!(projections.notice().unwrap().contains("verify"));
        projections.close().unwrap();
        // The damage did not enter the snapshot: once the log is mended, so are the answers.
        check(&dir, &sound);
    }
}

#[test]
fn a_directory_that_was_deleted_is_built_again() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let store = log_of(&[(2, 0, 0, 0, 0), (12, 0, 0, 0, 0), (28, 1, 0, 0, 0)]);
    saved_twice(&dir, &store, &[(18, 0, 0, 0, 0)]);
    fs::remove_dir_all(&dir).unwrap();
    check(&dir, &store);
    assert!(!is_aside(&dir, 1));
}

#[test]
fn a_directory_is_damaged_while_it_is_open() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let store = log_of(&[(2, 0, 0, 0, 0), (12, 0, 0, 0, 0), (28, 1, 0, 0, 0)]);
    saved_twice(&dir, &store, &[]);
    for access in [Access::ReadOnly, Access::Writable] {
        let projections = opened(&dir, &store, access);
        for path in files(&dir).into_keys().filter(|path| path.extension().is_some_and(|end| end == "sec")) {
            fs::write(path, b"gone").unwrap();
        }
        Naive::of(&*store, zone(), 3).check(&projections.view(3));
        assert!(projections.notice().is_some_and(|notice| notice.contains(".sec")));
    }
    check(&dir, &store);
}

#[test]
fn no_more_than_two_damaged_directories_are_kept() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let store = log_of(&[(2, 0, 0, 0, 0)]);
    for _ in 0..4 {
        saved_twice(&dir, &store, &[]);
        for path in files(&dir).into_keys() {
            fs::write(path, b"not what was written").unwrap();
        }
        check(&dir, &store);
    }
    let aside: Vec<bool> = (1..=5).map(|number| is_aside(&dir, number)).collect();
    assert_eq!(aside, [false, false, true, true, false]);
}

#[test]
fn a_second_writer_answers_and_leaves_the_directory_alone() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let store = log_of(&[(2, 0, 0, 0, 0), (12, 0, 0, 0, 0)]);
    let first = opened(&dir, &store, Access::Writable);
    first.save().unwrap();
    let second = opened(&dir, &store, Access::Writable);
    assert!(second.notice().unwrap().contains("another process"));
    Naive::of(&*store, zone(), 2).check(&second.view(2));
    extend(&store, &[(18, 0, 0, 0, 0)]);
    second.catch_up().unwrap();
    second.save().unwrap();
    second.close().unwrap();
    assert_eq!(first.catch_up().unwrap(), 3);
    first.save().unwrap();
    drop(first);
    check(&dir, &store);
    assert!(!is_aside(&dir, 1));
}

#[test]
fn a_reader_goes_on_when_the_writer_removes_the_files_that_it_knows() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let store = log_of(&[(2, 0, 0, 0, 0), (12, 0, 0, 0, 0)]);
    saved_twice(&dir, &store, &[]);
    let reader = opened(&dir, &store, Access::ReadOnly);
    let view = reader.view(2);
    for _ in 0..3 {
        saved_twice(&dir, &store, &[(18, 0, 0, 0, 0)]);
    }
    Naive::of(&*store, zone(), 2).check(&view);
    assert_eq!(reader.notice(), None);
}

#[test]
fn a_rebuild_gives_a_fresh_directory_and_removes_the_old() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let store = log_of(&[(2, 0, 0, 0, 0), (12, 0, 0, 0, 0), (28, 1, 0, 0, 0)]);
    saved_twice(&dir, &store, &[(18, 0, 0, 0, 0)]);
    fs::write(dir.join("stray"), b"of nobody").unwrap();
    let projections = opened(&dir, &store, Access::Writable);
    let view = projections.view(4);
    let report = projections.rebuild().unwrap();
    assert!(report.same);
    assert_eq!((report.size, report.digest), (4, in_memory(&store).digest(4).unwrap()));
    Naive::of(&*store, zone(), 4).check(&view);
    assert_eq!(projections.notice(), None);
    extend(&store, &[(18, 0, 0, 0, 0)]);
    projections.catch_up().unwrap();
    projections.save().unwrap();
    projections.close().unwrap();
    let beside: Vec<_> =
        fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside, ["projections"]);
    assert!(!dir.join("stray").exists());
    check(&dir, &store);
}

#[test]
fn a_check_finds_what_the_log_does_not_say() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let store = log_of(&[(2, 0, 0, 0, 0), (12, 0, 0, 0, 0)]);
    saved_twice(&dir, &store, &[]);
    let projections = opened(&dir, &store, Access::ReadOnly);
    assert!(projections.check().unwrap().agrees());
    assert!(projections.save().is_err());
    for path in files(&dir).into_keys().filter(|path| path.extension().is_some_and(|end| end == "sec")) {
        fs::write(path, b"gone").unwrap();
    }
    assert!(!projections.check().unwrap().agrees());
}

#[test]
fn so_many_new_events_save_themselves() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let store = empty_log("many");
    let projections = opened(&dir, &store, Access::Writable);
    let body = r#"{"kind":"incident","occurred":"2011-01-26"}"#;
    for request in 0..=SAVE_EVENTS / 1_000 {
        let event = |_| NewEvent {
            id: None,
            streams: vec![demarche::domain::event::DESK],
            class: demarche::store::Class::Fact,
            schema: demarche::domain::event::SCHEMA,
            actor: super::random::actor(0),
            body: body.to_owned(),
            attachments: Vec::new(),
            signature: None,
        };
        let request = RequestId::from_uuid(uuid::Uuid::from_u128(u128::from(request) + 1));
        store.append((0..1_000).map(event).collect(), Condition::default(), request).unwrap();
    }
    projections.catch_up().unwrap();
    // What is dropped waits for the save, and saves nothing itself.
    drop(projections);
    assert!(dir.join("manifest").exists());
    let size = store.head().size;
    let reader = opened(&dir, &store, Access::ReadOnly);
    assert_eq!(reader.notice(), None);
    assert_eq!(reader.digest(size).unwrap(), in_memory(&store).digest(size).unwrap());
}

/// A log that has another name, or a record that cannot be read.
struct Other {
    log: Arc<dyn EventStore>,
    log_id: String,
    unreadable: Option<u64>,
}

impl Other {
    fn of(log: Arc<dyn EventStore>) -> Self {
        Self { log_id: log.log_id().to_owned(), unreadable: None, log }
    }

    fn damage(position: u64) -> Damage {
        Damage {
            file: "log/0.seg".to_owned(),
            offset: 0,
            position: Some(position),
            what: "checksum".to_owned(),
        }
    }

    fn sound<T>(&self, position: u64, value: Result<T, ReadError>) -> Result<T, ReadError> {
        if self.unreadable == Some(position) {
            Err(ReadError::Damaged(Self::damage(position)))
        } else {
            value
        }
    }
}

impl EventStore for Other {
    fn append(&self, _: Vec<NewEvent>, _: Condition, _: RequestId) -> Result<Receipt, AppendError> {
        Err(AppendError::Damaged)
    }

    fn head(&self) -> Head {
        self.log.head()
    }

    fn log_id(&self) -> &str {
        &self.log_id
    }

    fn read(&self, from: u64, to: u64) -> Records<'_> {
        let records = (from..).zip(self.log.read(from, to));
        Box::new(records.map(|(position, record)| self.sound(position, record)))
    }

    fn at(&self, position: u64) -> Result<Option<Recorded>, ReadError> {
        self.sound(position, self.log.at(position))
    }

    fn leaf_hash(&self, position: u64) -> Result<Option<Hash>, ReadError> {
        self.sound(position, self.log.leaf_hash(position))
    }

    fn node(&self, level: u32, index: u64) -> Result<Option<Hash>, ReadError> {
        self.log.node(level, index)
    }

    fn forget(&self, _: &[u64]) -> Result<(), ForgetError> {
        Err(ForgetError::Damaged)
    }

    fn is_forgotten(&self, position: u64) -> Result<bool, ReadError> {
        self.log.is_forgotten(position)
    }

    fn position_of(&self, id: EventId) -> Result<Option<u64>, ReadError> {
        self.log.position_of(id)
    }

    fn between(&self, low: EventId, high: EventId, max: usize) -> Result<Vec<(EventId, u64)>, ReadError> {
        self.log.between(low, high, max)
    }

    fn receipt_of(&self, request: RequestId) -> Result<Option<Receipt>, ReadError> {
        self.log.receipt_of(request)
    }

    fn stream(&self, id: EntityId) -> Option<(u64, u64)> {
        self.log.stream(id)
    }

    fn sealed(&self, from: u64, to: u64) -> SealedRecords<'_> {
        self.log.sealed(from, to)
    }

    fn attach(&self, _: &[u8]) -> Result<Hash, AttachError> {
        Err(AttachError::ReadOnly)
    }

    fn attachment(&self, commitment: &Hash) -> Result<Option<Vec<u8>>, ReadError> {
        self.log.attachment(commitment)
    }

    fn health(&self) -> Health {
        match self.unreadable {
            Some(position) => Health::Damaged(vec![Self::damage(position)]),
            None => self.log.health(),
        }
    }
}
