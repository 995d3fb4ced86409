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
