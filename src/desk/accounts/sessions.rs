//! Who came in with a password, until they leave, stay away or the day is over.
//!
//! Sessions are in memory alone: a server that was started again knows none.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;
use crate::tlog::Hash;

/// A session in which nothing is asked for so long ends: half an hour.
pub(in crate::desk) const IDLE_SECONDS: i64 = 30 * 60;
/// A session ends so long after it began, whatever is asked: twelve hours.
pub(in crate::desk) const WHOLE_SECONDS: i64 = 12 * 60 * 60;
/// Sessions of one account at a time; the one that was not used longest ends first.
const OF_ONE_MAX: usize = 16;
/// Sessions altogether, of a desk of fifty and more.
const ALL_MAX: usize = 4_096;
const SECOND: i64 = 1_000_000;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desk) struct Session {
    /// Whose it is.
    pub(in crate::desk) account: EntityId,
    /// With which password it began: another ends it.
    pub(in crate::desk) password: String,
    /// When it began.
    pub(in crate::desk) began: Timestamp,
    /// When it was used last.
    used: Timestamp,
}

/// The sessions of a desk, each known by the hash of its secret.
#[derive(Debug, Default)]
pub(in crate::desk) struct Sessions(Mutex<HashMap<Hash, Session>>);

impl Sessions {
    fn all(&self) -> MutexGuard<'_, HashMap<Hash, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session.
    pub(in crate::desk) fn begin(&self, secret: &HexHash, account: EntityId, password: &str, now: Timestamp) {
        let mut all = self.all();
        all.retain(|_, session| session.lives(now));
        let of_one = |all: &HashMap<Hash, Session>| {
            let own = all.iter().filter(|(_, session)| session.account == account);
            (own.clone().count(), own.min_by_key(|(_, session)| session.used).map(|(secret, _)| *secret))
        };
        if let (OF_ONE_MAX.., Some(oldest)) = of_one(&all) {
            all.remove(&oldest);
        }
        if all.len() >= ALL_MAX {
            let oldest = all.iter().min_by_key(|(_, session)| session.used).map(|(secret, _)| *secret);
            oldest.map(|oldest| all.remove(&oldest));
        }
        let password = password.to_owned();
        all.insert(secret.0, Session { account, password, began: now, used: now });
    }

    /// Returns a session that lives, which is used now; none that ended.
    pub(in crate::desk) fn used(&self, secret: &HexHash, now: Timestamp) -> Option<Session> {
        let mut all = self.all();
        let session = all.get_mut(&secret.0)?;
        if !session.lives(now) {
            all.remove(&secret.0);
            return None;
        }
        session.used = session.used.max(now);
        Some(session.clone())
    }

    /// Returns a session that lives; that is no use of it.
    pub(in crate::desk) fn living(&self, secret: &HexHash, now: Timestamp) -> Option<Session> {
        self.all().get(&secret.0).filter(|session| session.lives(now)).cloned()
    }

    /// Ends a session.
    pub(in crate::desk) fn end(&self, secret: &HexHash) {
        self.all().remove(&secret.0);
    }

    /// Lets a session go on with another password of its account, and ends every other of the account.
    pub(in crate::desk) fn go_on(&self, secret: Option<&HexHash>, account: EntityId, password: &str) {
        self.all().retain(|known, session| {
            if session.account != account {
                return true;
            }
            let goes_on = secret.is_some_and(|secret| secret.0 == *known);
            if goes_on {
                password.clone_into(&mut session.password);
            }
            goes_on
        });
    }
}

impl Session {
    fn lives(&self, now: Timestamp) -> bool {
        let within = |since: Timestamp, seconds: i64| now.micros() < since.micros() + seconds * SECOND;
        within(self.used, IDLE_SECONDS) && within(self.began, WHOLE_SECONDS)
    }

    /// Returns when it ends at the latest.
    pub(in crate::desk) fn ends(&self) -> Timestamp {
        Timestamp::from_micros(self.began.micros() + WHOLE_SECONDS * SECOND).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
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
        sessions.begin(&secret(1), account(1), "p", at(0));
        sessions.begin(&secret(2), account(1), "p", at(0));
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
            sessions.begin(&secret(number), account(whose), "old", at(0));
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
            sessions.begin(&secret(number), account(1), "p", at(number.into()));
        }
        assert!(sessions.used(&secret(0), at(20)).is_none());
        assert!(sessions.used(&secret(1), at(20)).is_some());
    }
}
