//! How often a password may be tried: the more often it was wrong, the longer until it is tried again.
//!
//! Nobody is locked out. What slows a stranger down slows neither whoever comes from elsewhere nor whoever
//! comes from where the rightful came in before; and what is not tried does not count as wrong.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::timestamp::Timestamp;

/// Wrong passwords that cost no time.
const FREE: u32 = 3;
/// The longest that a wrong password is waited for, in seconds.
const PAUSE_SECONDS_MAX: i64 = 30;
/// After so long without a wrong password everything is forgotten: a quarter of an hour.
const FORGOTTEN_SECONDS: i64 = 15 * 60;
/// So many tries are remembered; the oldest are forgotten first.
const TRIES_MAX: usize = 10_000;
/// Passwords that are worked on at once: each takes memory and a processor.
const AT_ONCE_MAX: usize = 4;
const SECOND: i64 = 1_000_000;

/// Who tries: an account, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::desk) struct Tries {
    /// The name that is tried, folded; whether there is such an account makes no difference.
    pub(in crate::desk) name: String,
    /// An address, or what tells that someone came in from there before.
    pub(in crate::desk) from: Whence,
}

/// From where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::desk) enum Whence {
    /// From an address, as [`Whence::address`] reads it.
    Address(String),
    /// From where the account came in before.
    Known(String),
}

impl Whence {
    /// Returns from where someone comes, by the address in words.
    pub(in crate::desk) fn address(words: &str) -> Self {
        Self::Address(words.parse().map_or_else(|_| words.to_owned(), |address| network(address).to_string()))
    }
}

/// Returns what one house has of the addresses of a network: of the fourth version the address, of the sixth its first
/// 64 bits, of which whoever has one has all (RFC 6177).
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        fourth @ IpAddr::V4(_) => fourth,
        IpAddr::V6(sixth) => IpAddr::V6(Ipv6Addr::from_bits(sixth.to_bits() >> 64 << 64)),
    }
}

#[derive(Debug, Clone, Copy)]
struct Tried {
    wrong: u32,
    last: Timestamp,
    until: Timestamp,
}

/// The wrong passwords of late, and those that are worked on.
#[derive(Debug, Default)]
pub(in crate::desk) struct Attempts {
    tried: Mutex<HashMap<Tries, Tried>>,
    // How many are worked on: of strangers, and of those who came in before.
    working: Mutex<(usize, usize)>,
    // How many logins were refused: with a wrong password or name, because it was too early to try, and of whom a
    // provider sent.
    wrong: AtomicU64,
    early: AtomicU64,
    sign_ons: AtomicU64,
}

/// A place among those who are worked on; it is given back when it is dropped.
pub(in crate::desk) struct Working<'a> {
    attempts: &'a Attempts,
    known: bool,
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        let mut working = self.attempts.working();
        let (strangers, known) = &mut *working;
        let count = if self.known { known } else { strangers };
        *count = count.saturating_sub(1);
    }
}

impl Attempts {
    fn tried(&self) -> MutexGuard<'_, HashMap<Tries, Tried>> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn working(&self) -> MutexGuard<'_, (usize, usize)> {
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to try a password.
    ///
    /// A place is taken while it is worked on, and until then the next try of the same waits: two at once
    /// are never both the first.
    ///
    /// # Errors
    ///
    /// Returns after how many seconds it may be tried again; then it was not tried.
    pub(in crate::desk) fn begin(&self, tries: &Tries, now: Timestamp) -> Result<Working<'_>, u64> {
        let known = matches!(tries.from, Whence::Known(_));
        {
            let mut all = self.tried();
            if let Some(tried) = all.get(tries)
                && tried.until > now
                // A clock that was set back makes nobody wait for it.
                && tried.until.micros() - now.micros() <= PAUSE_SECONDS_MAX * SECOND
            {
                self.early.fetch_add(1, Ordering::Relaxed);
                return Err(seconds(tried.until, now));
            }
            let mut working = self.working();
            let (strangers, of_known) = &mut *working;
            let count = if known { of_known } else { strangers };
            if *count >= AT_ONCE_MAX {
                self.early.fetch_add(1, Ordering::Relaxed);
                return Err(1);
            }
            *count += 1;
            // As if it were wrong, until it is known: many at once are no way around the pause.
            count_wrong(&mut all, tries, now);
        }
        Ok(Working { attempts: self, known })
    }

    /// Counts a login with a wrong name or password.
    pub(in crate::desk) fn refused(&self) {
        self.wrong.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts somebody whom a provider sent, and who was not let in.
    pub(in crate::desk) fn refused_sign_on(&self) {
        self.sign_ons.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many logins were refused because the name or the password was wrong, how many were not tried
    /// because it was too early, and how many sign-ons were refused.
    pub(in crate::desk) fn refusals(&self) -> (u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.wrong), read(&self.early), read(&self.sign_ons))
    }

    /// Forgets what was wrong: the password was right.
    pub(in crate::desk) fn right(&self, tries: &Tries) {
        self.tried().remove(tries);
    }
}

fn count_wrong(all: &mut HashMap<Tries, Tried>, tries: &Tries, now: Timestamp) {
    if all.len() >= TRIES_MAX && !all.contains_key(tries) {
        all.retain(|_, tried| tried.last.micros() + FORGOTTEN_SECONDS * SECOND > now.micros());
        if all.len() >= TRIES_MAX {
            // Some at a time, so that a flood of names does not look through all of them for each.
            let mut times: Vec<Timestamp> = all.values().map(|tried| tried.last).collect();
            times.sort_unstable();
            if let Some(newest) = times.get(TRIES_MAX / 8) {
                all.retain(|_, tried| tried.last > *newest);
            }
        }
    }
    let before = all.get(tries).filter(|tried| {
        // A clock that was set back forgets nothing.
        tried.last.micros() + FORGOTTEN_SECONDS * SECOND > now.micros()
    });
    let wrong = before.map_or(0, |tried| tried.wrong).saturating_add(1);
    let until = Timestamp::from_micros(now.micros() + pause(wrong) * SECOND).unwrap_or(Timestamp::MAX);
    all.insert(tries.clone(), Tried { wrong, last: now, until });
}

/// Returns how many seconds are waited after so many wrong passwords.
fn pause(wrong: u32) -> i64 {
    match wrong.checked_sub(FREE) {
        None | Some(0) => 0,
        Some(more) => 1_i64.checked_shl(more - 1).unwrap_or(i64::MAX).clamp(1, PAUSE_SECONDS_MAX),
    }
}

fn seconds(until: Timestamp, now: Timestamp) -> u64 {
    let micros = until.micros().saturating_sub(now.micros()).max(0);
    micros.unsigned_abs().div_ceil(SECOND.unsigned_abs()).clamp(1, PAUSE_SECONDS_MAX.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000 + seconds * SECOND).unwrap()
    }

    fn of(name: &str, address: &str) -> Tries {
        Tries { name: name.to_owned(), from: Whence::address(address) }
    }

    #[test]
    fn whoever_has_many_addresses_of_one_network_is_slowed_down_as_one() {
        let attempts = Attempts::default();
        let from = |last: u32| of("kim", &format!("2001:db8:1:2:{last:x}::{last:x}"));
        let slowed = |tenth: &u32| attempts.begin(&from(*tenth), at(i64::from(tenth / 10))).is_ok();
        assert!((0..600).filter(slowed).count() <= 9);
        for other in ["2001:db8:1:3::1", "10.0.0.9", "::ffff:10.0.0.8", "the directory"] {
            assert!(attempts.begin(&of("kim", other), at(60)).is_ok(), "{other}");
        }
        let alone = ["10.0.0.1", "::ffff:10.0.0.1", "10.0.0.2"].map(Whence::address);
        assert!(alone[0] == alone[1] && alone[0] != alone[2]);
    }

    #[test]
    fn a_flood_is_slowed_down_and_nobody_else_is() {
        let attempts = Attempts::default();
        let flood = of("kim", "10.0.0.9");
        let tried = (0..600).filter(|tenth| attempts.begin(&flood, at(tenth / 10)).is_ok()).count();
        assert!(tried <= 9, "{tried} tries in a minute");
        // The same account from elsewhere, another account, and where kim came in before.
        for other in [
            of("kim", "10.0.0.1"),
            of("lee", "10.0.0.9"),
            Tries { name: "kim".to_owned(), from: Whence::Known("device".to_owned()) },
        ] {
            assert!(attempts.begin(&other, at(60)).is_ok(), "{other:?}");
        }
    }

    #[test]
    fn nobody_is_locked_out_and_what_was_right_forgets_what_was_wrong() {
        let attempts = Attempts::default();
        let tries = of("kim", "10.0.0.1");
        let mut now = 0;
        for _ in 0..1_000 {
            now = (now..=now + 31).find(|second| attempts.begin(&tries, at(*second)).is_ok()).unwrap();
        }
        attempts.right(&tries);
        assert!((0..3).all(|_| attempts.begin(&tries, at(now)).is_ok()));
    }

    #[test]
    fn many_at_once_are_no_way_around_the_pause() {
        let attempts = Attempts::default();
        let tries = of("kim", "10.0.0.1");
        let working: Vec<_> = (0..20).filter_map(|_| attempts.begin(&tries, at(0)).ok()).collect();
        assert!(working.len() <= AT_ONCE_MAX);
        // Strangers who keep the machine busy keep nobody waiting who came in before.
        let others: Vec<_> =
            (0..20).filter_map(|name| attempts.begin(&of(&name.to_string(), "x"), at(0)).ok()).collect();
        assert!(attempts.begin(&of("another", "y"), at(0)).is_err());
        let known = Tries { name: "kim".to_owned(), from: Whence::Known("device".to_owned()) };
        assert!(attempts.begin(&known, at(0)).is_ok());
        drop((working, others));
        assert!(attempts.begin(&of("another", "y"), at(0)).is_ok());
    }

    #[test]
    fn a_flood_of_names_fills_no_memory() {
        let attempts = Attempts::default();
        for name in 0..2 * TRIES_MAX {
            let second = i64::try_from(name).unwrap() / 100;
            assert!(attempts.begin(&of(&name.to_string(), "x"), at(second)).is_ok());
        }
        assert!(attempts.tried().len() <= TRIES_MAX);
    }

    proptest! {
        #[test]
        fn whatever_was_wrong_and_whatever_the_clock_does_a_pause_ends_within_its_longest(
            steps in prop::collection::vec(-100_i64..100, 1..50),
        ) {
            let attempts = Attempts::default();
            let tries = of("kim", "10.0.0.1");
            let mut now = 0;
            for step in steps {
                now += step;
                if let Err(seconds) = attempts.begin(&tries, at(now)) {
                    prop_assert!((1..=PAUSE_SECONDS_MAX.unsigned_abs()).contains(&seconds));
                }
            }
        }
    }
}
