//! What is signed and what is refused: never a smaller size, another root, or a time that stands.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::desk::Opening;
use crate::desk::checkpoint::rounds::{Pace, Round};
use crate::desk::clock;
use crate::desk::error::DeskError;
use crate::desk::keys::place::KeyPlace;
use crate::desk::keys::{KeyFile, Role};
use crate::domain::event::DESK;
use crate::domain::id::{ActorId, EntityId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::store::memory::MemoryStore;
use crate::store::{Class, Condition, NewEvent};
use crate::tlog::key::SignatureType;

/// A log in memory whose checkpoints are on disk.
struct Log {
    store: MemoryStore,
    dir: tempfile::TempDir,
    state: State,
    keys: Vec<VerifierKey>,
}

impl Log {
    fn new() -> Self {
        let at = "2026-11-24T03:00:00.000000Z".parse().unwrap();
        let store = MemoryStore::new("desk", clock::stopped(at));
        let file = KeyFile::draw(Role::Log, &store.log_id().parse().unwrap()).unwrap();
        let hand = Hand::Here { signers: file.signers(), path: None };
        let keys = file.keys().to_vec();
        Self {
            store,
            dir: tempfile::tempdir().unwrap(),
            state: State { hand, mark: Mark::default(), seen: Seen::Unknown },
            keys,
        }
    }

    fn record(&self) {
        let event = NewEvent {
            id: None,
            streams: vec![EntityId::from_uuid(uuid::Uuid::new_v4())],
            class: Class::Fact,
            schema: 1,
            actor: ActorId::from_uuid(*DESK.as_uuid()),
            body: "{}".to_owned(),
            attachments: Vec::new(),
            signature: None,
        };
        let request = RequestId::from_uuid(uuid::Uuid::new_v4());
        self.store.append(vec![event], Condition::default(), request).unwrap();
    }

    fn sign_as(&mut self, head: Head, now: u64) -> Result<Signed, SignError> {
        self.state.sign(self.dir.path(), &self.store, head, now, false, &[])
    }

    fn sign(&mut self, now: u64) -> Result<Signed, SignError> {
        self.sign_as(self.store.head(), now)
    }

    fn newest(&self) -> Option<Signed> {
        file::load(self.dir.path(), self.store.log_id()).unwrap()
    }
}

fn signed(size: u64, root: u8, time: u64) -> Signed {
    let origin = "desk-0a1b2c3d".parse().unwrap();
    let checkpoint = Checkpoint { origin, size, root: [root; 32], extensions: Vec::new() };
    Signed { note: Note::new(checkpoint.text()).unwrap(), checkpoint, time }
}

proptest! {
    #[test]
    fn the_time_moves_on_with_every_checkpoint_and_nothing_is_taken_back(
        last in 0_u64..4, size in 0_u64..4, root in 0_u8..2, time in 0_u64..5, now in 0_u64..5,
    ) {
        let known = signed(last, 0, time);
        let next = next_time(Some(&known), Head { size, root: [root; 32] }, now);
        let stands = size == last && now <= time;
        let is_right = match next {
            Err(SignError::Smaller { .. }) => size < last,
            Err(SignError::OtherRoot { .. }) => size == last && root == 1,
            Err(SignError::TimeStands { .. }) => stands && root == 0,
            Err(_) => false,
            Ok(next) => {
                let moves = next > time && next == now.max(time + 1);
                moves && size >= last && !stands && (size > last || root == 0)
            }
        };
        prop_assert!(is_right, "{:?}", next);
    }
}

#[test]
fn a_checkpoint_is_a_note_with_the_logs_two_lines() {
    let mut log = Log::new();
    for size in 0..3 {
        let made = log.sign(1_000 + size).unwrap();
        assert_eq!((made.checkpoint.size, made.time), (size, 1_000 + size));
        assert_eq!(log.newest(), Some(made.clone()));
        let kinds: Vec<_> = log.keys.iter().map(VerifierKey::kind).collect();
        assert_eq!(kinds, [SignatureType::Ed25519, SignatureType::CosignatureV1]);
        let ids: Vec<_> = made.note.signatures().iter().map(|line| line.id).collect();
        assert_eq!(ids, log.keys.iter().map(VerifierKey::id).collect::<Vec<_>>());
        for key in &log.keys {
            assert!(made.note.verify(key).unwrap().is_some());
        }
        log.record();
    }
}

#[test]
fn what_others_signed_stays_while_the_same_size_is_signed_again() {
    let mut log = Log::new();
    let mut signed = log.sign(1_000).unwrap();
    let before = signed.clone();
    let witness = KeyFile::draw(Role::Witness, &"witness.example".parse().unwrap()).unwrap();
    signed.note.sign(witness.signers()[0].as_ref(), Some(1_001)).unwrap();
    file::replace(log.dir.path(), Some(&before), &signed).unwrap();
    log.state.look_again();
    let again = log.sign(1_002).unwrap();
    assert_eq!(again.note.verify(&witness.keys()[0]).unwrap().unwrap().time, Some(1_001));
    assert_eq!(again.note.verify(&log.keys[1]).unwrap().unwrap().time, Some(1_002));
    assert_eq!(again.note.signatures().len(), 3);
    log.record();
    assert_eq!(log.sign(1_003).unwrap().note.signatures().len(), 2);
}

#[test]
fn nothing_is_signed_that_contradicts_what_was() {
    let mut log = Log::new();
    log.record();
    log.record();
    log.sign(1_000).unwrap();
    let before = fs::read(log.dir.path().join("checkpoint")).unwrap();
    let two = log.store.head();
    let smaller = log.sign_as(Head { size: 1, ..two }, 2_000).unwrap_err();
    assert!(matches!(smaller, SignError::Smaller { size: 1, signed: 2 }), "{smaller}");
    let other = log.sign_as(Head { root: [9; 32], ..two }, 2_000).unwrap_err();
    assert!(matches!(other, SignError::OtherRoot { size: 2 }), "{other}");
    for now in [0, 999, 1_000] {
        let stands = log.sign(now).unwrap_err();
        assert!(matches!(stands, SignError::TimeStands { size: 2 }), "{stands}");
    }
    assert_eq!(fs::read(log.dir.path().join("checkpoint")).unwrap(), before);
    // For a new size the time moves on by itself.
    log.record();
    assert_eq!(log.sign(500).unwrap().time, 1_001);
}

#[test]
fn a_larger_log_that_does_not_extend_the_signed_one_is_not_signed() {
    let mut log = Log::new();
    let mut other = Log::new();
    for _ in 0..3 {
        log.record();
        other.record();
    }
    log.sign(1_000).unwrap();
    other.record();
    // The same name, other events.
    let text = fs::read_to_string(log.dir.path().join("checkpoint")).unwrap();
    let text = text.replace(log.store.log_id(), other.store.log_id());
    fs::write(other.dir.path().join("checkpoint"), text).unwrap();
    let error = other.sign(2_000).unwrap_err();
    assert!(matches!(error, SignError::OtherRoot { size: 3 }), "{error}");
}

#[test]
fn a_checkpoint_that_another_hand_replaced_is_not_signed_over() {
    let mut log = Log::new();
    log.sign(1_000).unwrap();
    let first = fs::read(log.dir.path().join("checkpoint")).unwrap();
    log.record();
    log.sign(1_001).unwrap();
    log.record();
    fs::write(log.dir.path().join("checkpoint"), &first).unwrap();
    assert!(matches!(log.sign(1_002), Err(SignError::Changed)));
    fs::write(log.dir.path().join("checkpoint"), "nothing that was signed").unwrap();
    assert!(matches!(log.sign(1_003), Err(SignError::Garbled(_))));
}

#[test]
fn without_the_newest_checkpoint_those_that_were_kept_still_count() {
    let mut log = Log::new();
    log.record();
    log.record();
    let head = log.store.head();
    log.state.sign(log.dir.path(), &log.store, head, 1_000, true, &[]).unwrap();
    fs::remove_file(log.dir.path().join("checkpoint")).unwrap();
    log.state.look_again();
    let smaller = log.sign_as(Head { size: 1, ..head }, 2_000).unwrap_err();
    assert!(matches!(smaller, SignError::Smaller { .. }), "{smaller}");
    let other = log.sign_as(Head { root: [1; 32], ..head }, 2_000).unwrap_err();
    assert!(matches!(other, SignError::OtherRoot { .. }), "{other}");
    assert_eq!(log.sign(2_000).unwrap().time, 2_000);
}

#[test]
fn what_was_handed_out_stays_and_takes_further_lines() {
    let mut log = Log::new();
    let dir = log.dir.path().to_owned();
    let head = log.store.head();
    let kept = log.state.sign(&dir, &log.store, head, 1_000, true, &[]).unwrap();
    let path = dir.join("checkpoints/0");
    assert_eq!(fs::read(&path).unwrap(), kept.note.to_bytes());
    // A newer one of the same size changes nothing; a witness's line is added.
    let mut again = log.sign(1_001).unwrap();
    file::keep(&dir, &again).unwrap();
    assert_eq!(fs::read(&path).unwrap(), kept.note.to_bytes());
    let witness = KeyFile::draw(Role::Witness, &"witness.example".parse().unwrap()).unwrap();
    again.note.sign(witness.signers()[0].as_ref(), Some(1_002)).unwrap();
    file::keep(&dir, &again).unwrap();
    let all = file::kept(&dir, log.store.log_id()).unwrap();
    assert_eq!((all.len(), all[0].time, all[0].note.signatures().len()), (1, 1_000, 3));
    // What a time stamp was given for stays to the byte.
    fs::create_dir(dir.join("timestamps")).unwrap();
    fs::write(dir.join("timestamps/0.tsr"), "").unwrap();
    let before = fs::read(&path).unwrap();
    let witness = KeyFile::draw(Role::Witness, &"other.example".parse().unwrap()).unwrap();
    again.note.sign(witness.signers()[0].as_ref(), Some(1_002)).unwrap();
    file::keep(&dir, &again).unwrap();
    assert_eq!(fs::read(&path).unwrap(), before);
    let other = Signed { checkpoint: signed(0, 5, 0).checkpoint, ..signed(0, 5, 0) };
    let error = file::keep(&dir, &other).unwrap_err();
    assert!(matches!(error, SignError::Garbled(_) | SignError::OtherRoot { .. }), "{error}");
}

/// A served log whose clock the test turns.
fn desk(dir: &Path) -> (Desk, Arc<AtomicI64>) {
    let keys = KeyPlace::directory(dir.join("keys"));
    let (desk, _) = Desk::init_with(&dir.join("log"), "desk", "UTC", Some(&keys)).unwrap();
    desk.close().unwrap();
    let opening = Opening::Write { wait: Duration::ZERO };
    let mut desk = Desk::open_with(&dir.join("log"), opening, &keys).unwrap();
    let start = i64::try_from(desk.checkpoint().unwrap().unwrap().time).unwrap();
    let clock = Arc::new(AtomicI64::new(start));
    let shown = Arc::clone(&clock);
    desk.clock = Arc::new(move || Timestamp::from_micros(shown.load(Ordering::Relaxed) * 1_000_000).unwrap());
    (desk, clock)
}

#[test]
fn a_log_is_signed_before_its_first_event_and_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let (desk, _) = desk(dir.path());
    let kept = desk.kept_checkpoints().unwrap();
    assert_eq!(kept.iter().map(|signed| signed.checkpoint.size).collect::<Vec<_>>(), [0]);
    let newest = desk.checkpoint().unwrap().unwrap();
    assert_eq!(newest.checkpoint.size, 1);
    assert!(newest.time > kept[0].time);
    let row = desk.log().unwrap().data;
    assert_eq!(row.checkpoint.unwrap().size, 1);
    assert_eq!(row.keys.len(), 2);
    assert!(row.keys[0].starts_with(&row.log));
    desk.close().unwrap();
}

#[test]
fn a_log_in_which_nothing_happens_shows_that_it_is_alive() {
    let dir = tempfile::tempdir().unwrap();
    let (desk, clock) = desk(dir.path());
    let pace = Pace { news: Duration::from_secs(1), heartbeat: Duration::from_secs(10) };
    let begin = Instant::now();
    let mut round = Round::new(pace, begin);
    let mut times = vec![desk.checkpoint().unwrap().unwrap().time];
    for second in 1..=30 {
        clock.fetch_add(1, Ordering::Relaxed);
        round.go(&desk, begin + Duration::from_secs(second));
        times.push(desk.checkpoint().unwrap().unwrap().time);
    }
    times.dedup();
    assert_eq!(times.len(), 4, "once in ten seconds: {times:?}");
    // A clock that stands makes it wait; one that was set back too.
    let last = *times.last().unwrap();
    clock.fetch_sub(3_600, Ordering::Relaxed);
    round.go(&desk, begin + Duration::from_mins(1));
    assert_eq!(desk.checkpoint().unwrap().unwrap().time, last);
    desk.close().unwrap();
}

#[test]
fn without_a_key_recording_goes_on_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    desk(dir.path()).0.close().unwrap();
    let opening = Opening::Write { wait: Duration::ZERO };
    for keys in [KeyPlace::default(), KeyPlace::directory(dir.path().join("elsewhere"))] {
        let desk = Desk::open_with(&dir.path().join("log"), opening, &keys).unwrap();
        let caller = crate::desk::ask::Caller { actor: "kim".to_owned(), tz: None };
        let name = format!("moment {}", desk.store.head().size);
        let named =
            desk.name_moment(&caller, &crate::desk::ask::MomentAsk { name, ..Default::default() }).unwrap();
        assert!(named.notices[0].starts_with("the checkpoint was not signed: "), "{:?}", named.notices);
        assert!(desk.log().unwrap().data.unsigned.is_some());
        desk.close().unwrap();
    }
    // The next that has the key signs what was recorded meanwhile.
    let keys = KeyPlace::directory(dir.path().join("keys"));
    let desk = Desk::open_with(&dir.path().join("log"), opening, &keys).unwrap();
    assert_eq!(desk.checkpoint().unwrap().unwrap().checkpoint.size, 1);
    desk.close().unwrap();
    let desk = Desk::open(&dir.path().join("log"), Opening::Read).unwrap();
    assert_eq!(desk.checkpoint().unwrap().unwrap().checkpoint.size, desk.store.head().size);
}

#[test]
fn a_log_without_keys_is_quiet_about_them() {
    let dir = tempfile::tempdir().unwrap();
    let desk = Desk::init(&dir.path().join("log"), "desk", "UTC").unwrap();
    assert_eq!((desk.why_unsigned(), desk.checkpoint().unwrap()), (None, None));
    desk.close().unwrap();
}

#[test]
fn keys_that_must_not_be_used_stop_whoever_would_record() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = desk(dir.path());
    let name = first.store.log_id().to_owned();
    first.close().unwrap();
    let keys = KeyPlace::directory(dir.path().join("keys"));
    let path = keys.path_of(&name).unwrap();
    let opening = Opening::Write { wait: Duration::ZERO };
    let open = |keys: &KeyPlace| Desk::open_with(&dir.path().join("log"), opening, keys).map(|_| ());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(open(&keys), Err(DeskError::Refused { rule, .. }) if rule.contains("mode 0644")));
    // Other keys of the same name.
    fs::remove_file(&path).unwrap();
    KeyFile::create(&path, Role::Log, &name.parse().unwrap(), None).unwrap();
    assert!(
        matches!(open(&keys), Err(DeskError::Refused { rule, .. }) if rule.contains("not those that signed"))
    );
}

#[test]
fn no_key_is_made_where_no_log_is() {
    let dir = tempfile::tempdir().unwrap();
    let keys = KeyPlace::directory(dir.path().join("log/keys"));
    let refused = Desk::init_with(&dir.path().join("log"), "desk", "UTC", Some(&keys)).map(|_| ());
    assert!(matches!(refused, Err(DeskError::Refused { .. })));
    assert!(!dir.path().join("log").exists());
    let keys = KeyPlace::directory(dir.path().join("keys"));
    fs::create_dir(dir.path().join("log")).unwrap();
    fs::write(dir.path().join("log/something"), "").unwrap();
    let refused = Desk::init_with(&dir.path().join("log"), "desk", "UTC", Some(&keys)).map(|_| ());
    assert!(refused.is_err());
    assert_eq!(fs::read_dir(dir.path().join("keys")).unwrap().count(), 0);
}
