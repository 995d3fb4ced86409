//! Logins for a terminal, which has no browser, or one on another machine.
//!
//! The terminal draws a secret and shows an address with its hash; whoever opens that and is signed on is shown a code,
//! which they type into the terminal. A session goes to whoever has both the secret and the code. So a link that
//! somebody sends is worth nothing to them unless they are told the code as well: nothing is confirmed by a click, and
//! no terminal waits for one. Where the terminal listened for the browser instead (RFC 8252), it would have to be on
//! the machine of the browser, which over ssh it is not.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::desk::access::Arrived;
use crate::domain::timestamp::Timestamp;
use crate::http::sso::signature::sha256;
use crate::store::leaf::HexHash;

/// How long a code is taken: five minutes.
const CODE_SECONDS: i64 = 5 * 60;
/// After so many wrong codes the right one is none.
pub(crate) const WRONG_MAX: u32 = 5;
/// Terminals for which somebody was signed on; the oldest is given up first.
const ALL_MAX: usize = 1_024;
const SECOND: i64 = 1_000_000;

/// Somebody who was signed on for a terminal.
#[derive(Debug)]
struct Waiting {
    arrived: Arrived,
    code: [u8; 32],
    wrong: u32,
    since: Timestamp,
}

/// Who was signed on for which terminal, by the hash of its secret.
#[derive(Debug, Default)]
pub(super) struct Terminals(Mutex<HashMap<String, Waiting>>);

/// Returns what an address says of a terminal that has this secret.
pub(crate) fn challenge_of(secret: &str) -> String {
    HexHash(sha256(secret.as_bytes())).to_string()
}

/// Tells whether a text could be what an address says of a terminal.
pub(super) fn is_challenge(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Returns by what people see that a page is about their terminal: the first digits of the hash of its secret.
pub(crate) fn called(challenge: &str) -> String {
    let four = |from: usize| challenge.get(from..from + 4).unwrap_or_default();
    format!("{}-{}", four(0), four(4))
}

/// Returns a code as it is compared: people leave out the sign in it, and write large letters.
fn plain(code: &str) -> [u8; 32] {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    sha256(letters.to_ascii_lowercase().as_bytes())
}

impl Terminals {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps who was signed on for a terminal.
    pub(super) fn wait(&self, challenge: &str, code: &str, arrived: Arrived, now: Timestamp) {
        let mut all = self.all();
        all.retain(|_, waiting| waiting.lives(now));
        if all.len() >= ALL_MAX {
            let oldest = all.iter().min_by_key(|(_, waiting)| waiting.since).map(|(known, _)| known.clone());
            oldest.map(|oldest| all.remove(&oldest));
        }
        all.insert(challenge.to_owned(), Waiting { arrived, code: plain(code), wrong: 0, since: now });
    }

    /// Lets none of those in who are meant: their codes are none any more.
    pub(super) fn forget(&self, meant: impl Fn(&Arrived) -> bool) {
        self.all().retain(|_, waiting| !meant(&waiting.arrived));
    }

    /// Returns who was signed on for a terminal, once, for the right code.
    pub(super) fn redeem(&self, challenge: &str, code: &str, now: Timestamp) -> Option<Arrived> {
        let mut all = self.all();
        let waiting = all.get_mut(challenge)?;
        let is_right = waiting.code == plain(code) && waiting.lives(now);
        if is_right {
            return all.remove(challenge).map(|waiting| waiting.arrived);
        }
        waiting.wrong += 1;
        if waiting.wrong >= WRONG_MAX {
            all.remove(challenge);
        }
        None
    }
}

impl Waiting {
    fn lives(&self, now: Timestamp) -> bool {
        now.micros().saturating_sub(self.since.micros()).abs() < CODE_SECONDS * SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_790_000_000_000_000 + seconds * SECOND).unwrap()
    }

    fn terminals(code: &str) -> (Terminals, String) {
        let terminals = Terminals::default();
        let challenge = challenge_of("the secret");
        assert!(is_challenge(&challenge) && !is_challenge("x") && !is_challenge(&challenge.to_uppercase()));
        terminals.wait(&challenge, code, Arrived::for_tests("lee"), at(0));
        (terminals, challenge)
    }

    #[test]
    fn a_code_is_taken_once_in_any_writing_from_the_terminal_that_it_is_for() {
        let (terminals, challenge) = terminals("abcde-fgh23");
        assert!(terminals.redeem(&challenge_of("another secret"), "abcde-fgh23", at(1)).is_none());
        assert_eq!(terminals.redeem(&challenge, " ABCDE FGH23", at(1)).unwrap().name, "lee");
        assert!(terminals.redeem(&challenge, "abcde-fgh23", at(1)).is_none(), "once");
    }

    #[test]
    fn a_terminal_of_whom_no_group_lets_in_any_more_has_no_code() {
        let (terminals, challenge) = terminals("abcde-fgh23");
        terminals.wait(&challenge_of("another"), "jkmnp-qrs45", Arrived::for_tests("park"), at(0));
        terminals.forget(|arrived| arrived.name == "lee");
        assert!(terminals.redeem(&challenge, "abcde-fgh23", at(1)).is_none());
        assert_eq!(terminals.redeem(&challenge_of("another"), "jkmnp-qrs45", at(1)).unwrap().name, "park");
    }

    #[test]
    fn a_code_is_not_guessed_and_not_taken_late() {
        let (guessed, challenge) = terminals("abcde-fgh23");
        for wrong in 0..WRONG_MAX {
            assert!(guessed.redeem(&challenge, &wrong.to_string(), at(1)).is_none());
        }
        assert!(guessed.redeem(&challenge, "abcde-fgh23", at(1)).is_none());
        let (late, challenge) = terminals("abcde-fgh23");
        assert!(late.redeem(&challenge, "abcde-fgh23", at(CODE_SECONDS)).is_none());
        let (many, challenge) = terminals("abcde-fgh23");
        for number in 0..2 * ALL_MAX {
            many.wait(&challenge_of(&number.to_string()), "x", Arrived::for_tests("park"), at(1));
        }
        assert!(many.all().len() <= ALL_MAX && !many.all().contains_key(&challenge));
    }
}
