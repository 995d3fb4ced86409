//! Who is in: for how long, and over a server that is started again.

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 + seconds * SECOND).unwrap()
}

fn secret(number: u8) -> HexHash {
    HexHash([number; 32])
}

fn account(number: u128) -> EntityId {
    EntityId::from_uuid(uuid::Uuid::from_u128(number))
}

#[test]
fn a_session_ends_when_nobody_uses_it_and_when_the_day_is_over() {
    let sessions = Sessions::default();
    sessions.begin(&secret(1), (account(1), "p"), 0, at(0));
    sessions.begin(&secret(2), (account(1), "p"), 0, at(0));
    let mut now = 0;
    while now + 1_700 < WHOLE_SECONDS {
        now += 1_700;
        assert!(sessions.used(&secret(1), at(now)).is_some(), "{now}");
    }
    assert!(sessions.used(&secret(1), at(WHOLE_SECONDS)).is_none());
    assert!(sessions.used(&secret(2), at(IDLE_SECONDS)).is_none());
    assert!(sessions.used(&secret(2), at(1)).is_none(), "what ended does not come back");
}

#[test]
fn another_password_ends_every_session_but_the_one_in_which_it_was_set() {
    let sessions = Sessions::default();
    for (number, whose) in [(1, 1), (2, 1), (3, 2)] {
        sessions.begin(&secret(number), (account(whose), "old"), 0, at(0));
    }
    sessions.go_on(Some(&secret(1)), account(1), "new");
    assert_eq!(sessions.used(&secret(1), at(1)).unwrap().password, "new");
    assert!(sessions.used(&secret(2), at(1)).is_none());
    assert_eq!(sessions.used(&secret(3), at(1)).unwrap().password, "old");
    sessions.end(&secret(1));
    assert!(sessions.used(&secret(1), at(1)).is_none());
}

#[test]
fn an_account_has_so_many_sessions_and_no_more() {
    let sessions = Sessions::default();
    for number in 0..=16 {
        sessions.begin(&secret(number), (account(1), "p"), 0, at(number.into()));
    }
    assert!(sessions.used(&secret(0), at(20)).is_none());
    assert!(sessions.used(&secret(1), at(20)).is_some());
}

#[test]
fn a_clock_that_is_set_back_makes_no_session_longer_and_one_that_is_set_right_again_ends_none() {
    let sessions = Sessions::default();
    sessions.begin(&secret(1), (account(1), "p"), 0, at(0));
    let session = sessions.used(&secret(1), at(-86_400)).expect("the clock is a day behind");
    let (began, _) = session.passed;
    let later = |seconds: i64| began + std::time::Duration::from_secs(seconds.unsigned_abs());
    assert!(session.lives_by(at(-86_400), later(IDLE_SECONDS - 1)));
    assert!(!session.lives_by(at(-86_400), later(IDLE_SECONDS + 60)));
    assert!(!session.lives_by(at(0), later(WHOLE_SECONDS)));
    assert!(sessions.used(&secret(1), at(60)).is_some());
}

#[test]
fn sessions_are_known_to_the_next_process_by_hashes_alone_and_a_reader_writes_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions");
    let reader = Sessions::of(dir.path(), Writes::No);
    reader.begin(&secret(1), (account(1), "p"), 3, at(0));
    assert!(!path.exists());
    let sessions = Sessions::of(dir.path(), Writes::Yes);
    sessions.begin(&secret(1), (account(1), "p"), 3, at(0));
    sessions.begin(&secret(2), (account(2), "p"), 4, at(0));
    assert_eq!(sessions.end(&secret(2)), Some(at(WHOLE_SECONDS)));
    let kept = || SessionsFile::of(dir.path(), Writes::No).read().unwrap();
    let session = |kept: &HashMap<Hash, Session>| {
        let [(hash, session)] = &kept.iter().collect::<Vec<_>>()[..] else { panic!("{kept:?}") };
        assert_eq!(**hash, secret(1).0);
        (session.account, session.password.clone(), session.told, session.began, session.used)
    };
    assert_eq!(session(&kept()), (account(1), "p".to_owned(), 3, at(0), at(0)));
    // Few uses write.
    sessions.used(&secret(1), at(NOTED_SECONDS - 1)).unwrap();
    assert_eq!(session(&kept()).4, at(0));
    sessions.used(&secret(1), at(NOTED_SECONDS)).unwrap();
    assert_eq!(session(&kept()).4, at(NOTED_SECONDS));
    // What others could write is nobody's.
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o660)).unwrap();
    assert!(SessionsFile::of(dir.path(), Writes::No).read().is_err());
}

#[test]
fn a_disk_that_takes_nothing_keeps_nobody_out() {
    let dir = tempfile::tempdir().unwrap();
    let sessions = Sessions::of(&dir.path().join("gone"), Writes::Yes);
    sessions.begin(&secret(1), (account(1), "p"), 0, at(0));
    assert!(sessions.used(&secret(1), at(1)).is_some());
}
