//! Logins half way: each begun in one browser, and ended once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::timestamp::Timestamp;
use crate::http::sso::ATTEMPT_SECONDS;
use crate::http::sso::signature::sha256;

/// Logins half way altogether; the oldest is given up first.
const ALL_MAX: usize = 4_096;
/// Logins half way from one address, so that a flood from one gives up its own.
const OF_ADDRESS_MAX: usize = 64;
const SECOND: i64 = 1_000_000;

/// A login half way.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// What the provider must repeat in what it signs.
    pub(super) nonce: String,
    /// What shows the provider that it is we who began.
    pub(super) verifier: String,
    /// For which terminal; none for the browser itself.
    pub(super) terminal: Option<String>,
    /// The hash of what the browser keeps.
    browser: [u8; 32],
    from: String,
    began: Timestamp,
}

/// The logins half way, by what the provider sends back.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<String, Attempt>>);

impl Attempt {
    pub(super) fn new(
        nonce: String,
        verifier: String,
        terminal: Option<String>,
        browser: &str,
        from: &str,
        began: Timestamp,
    ) -> Self {
        Self { nonce, verifier, terminal, browser: sha256(browser.as_bytes()), from: from.to_owned(), began }
    }

    fn lives(&self, now: Timestamp) -> bool {
        let passed = now.micros().saturating_sub(self.began.micros());
        // A clock that was set back by more than that made it a stranger.
        passed.abs() < ATTEMPT_SECONDS * SECOND
    }
}

impl Attempts {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Attempt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a login that began.
    pub(super) fn begin(&self, state: String, attempt: Attempt) {
        let mut all = self.all();
        let now = attempt.began;
        all.retain(|_, attempt| attempt.lives(now));
        let of_address = all.values().filter(|other| other.from == attempt.from).count();
        let oldest = |all: &HashMap<String, Attempt>, from: Option<&str>| {
            let those = all.iter().filter(|(_, other)| from.is_none_or(|from| other.from == from));
            those.min_by_key(|(_, other)| other.began).map(|(state, _)| state.clone())
        };
        let over = if of_address >= OF_ADDRESS_MAX {
            oldest(&all, Some(&attempt.from))
        } else if all.len() >= ALL_MAX {
            oldest(&all, None)
        } else {
            None
        };
        over.map(|state| all.remove(&state));
        all.insert(state, attempt);
    }

    /// Ends a login that began in this browser, and returns it; none where there is none, or it took too long.
    pub(super) fn take(&self, state: &str, browser: &str, now: Timestamp) -> Option<Attempt> {
        let mut all = self.all();
        // Of another browser it stays: whoever overheard the state ends nobody's login.
        let is_theirs = all.get(state)?.browser == sha256(browser.as_bytes());
        let attempt = if is_theirs { all.remove(state) } else { None };
        attempt.filter(|attempt| attempt.lives(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_790_000_000_000_000 + seconds * SECOND).unwrap()
    }

    fn begin(attempts: &Attempts, state: &str, from: &str, seconds: i64) {
        let attempt = Attempt::new(
            "nonce".to_owned(),
            "verifier".to_owned(),
            None,
            &format!("browser {state}"),
            from,
            at(seconds),
        );
        attempts.begin(state.to_owned(), attempt);
    }

    #[test]
    fn a_login_is_ended_once_by_its_browser_and_in_time() {
        let attempts = Attempts::default();
        begin(&attempts, "one", "10.0.0.1", 0);
        begin(&attempts, "two", "10.0.0.1", 0);
        assert!(attempts.take("one", "browser two", at(1)).is_none(), "another browser");
        assert!(attempts.take("none", "browser none", at(1)).is_none());
        assert!(attempts.take("one", "browser one", at(ATTEMPT_SECONDS - 1)).is_some());
        assert!(attempts.take("one", "browser one", at(1)).is_none(), "once");
        assert!(attempts.take("two", "browser two", at(ATTEMPT_SECONDS)).is_none(), "too late");
    }

    #[test]
    fn a_flood_from_one_address_gives_up_its_own_logins_alone() {
        let attempts = Attempts::default();
        begin(&attempts, "lee", "10.0.0.1", 0);
        for number in 0..10_000 {
            begin(&attempts, &number.to_string(), "10.0.0.2", 1);
        }
        assert_eq!(attempts.all().len(), OF_ADDRESS_MAX + 1);
        assert!(attempts.take("lee", "browser lee", at(2)).is_some());
        for number in 0..10_000 {
            begin(&attempts, &format!("{number}"), &format!("10.1.{number}"), 3);
        }
        assert!(attempts.all().len() <= ALL_MAX);
        begin(&attempts, "later", "10.0.0.1", 3 + ATTEMPT_SECONDS);
        assert_eq!(attempts.all().len(), 1, "what is over is not kept");
    }
}
