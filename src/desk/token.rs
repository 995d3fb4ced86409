//! The token of a page: where the next one begins, and of which question.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::desk::ask::When;
use crate::desk::error::{DeskError, Fault};
use crate::store::leaf::HexHash;

/// Digits that tell the question.
const QUESTION: usize = 16;

/// What a token is bound to: the same words with another `after` or `limit` are the same question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question(String);

impl Question {
    /// Names a question by everything that decides which rows it has and in which order.
    ///
    /// `ask` must come without its `after` and its `limit`.
    pub(crate) fn of(name: &str, when: &When, ask: &impl Serialize) -> Self {
        let words = serde_json::to_vec(&(name, when, ask)).unwrap_or_default();
        let digest = HexHash(Sha256::digest(words).into()).to_string();
        Self(digest.chars().take(QUESTION).collect())
    }

    /// Returns the token of the page that begins after `place`.
    pub(crate) fn token(&self, place: impl std::fmt::Display) -> String {
        format!("{}{place}", self.0)
    }

    /// Returns the place that a token of this question tells.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for the token of another question, and for what is none.
    pub(crate) fn place<P: std::str::FromStr>(&self, token: &str) -> Result<P, DeskError> {
        let wrong = |detail: &str| DeskError::from(Fault::in_field("after", detail));
        let is_token = token.len() > QUESTION && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (question, place) = token
            .split_at_checked(QUESTION)
            .filter(|_| is_token)
            .ok_or_else(|| wrong("this is no token of a page; give back `next` of the page before"))?;
        if question != self.0 {
            return Err(wrong(
                "this token belongs to another question; ask with the filters of the page before, or without `after`",
            ));
        }
        place.parse().map_err(|_| wrong("this is no token of a page; give back `next` of the page before"))
    }
}

/// Returns how many rows a page has: 50 where nobody said, and never more than 1,000.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for 0 and for more than a page holds.
pub(crate) fn limit(asked: Option<u32>) -> Result<usize, DeskError> {
    match asked {
        None => Ok(50),
        Some(asked @ 1..=1_000) => Ok(asked as usize),
        Some(other) => {
            let detail = format!("a page has 1 to 1000 rows, not {other}; ask for the next with `after`");
            Err(Fault::in_field("limit", detail).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ask::ChangesAsk;

    #[test]
    fn a_token_is_good_for_its_own_question_only() {
        let question = |since: &str| {
            let ask = ChangesAsk { since: Some(since.to_owned()), ..ChangesAsk::default() };
            Question::of("changes", &When::default(), &ask)
        };
        let token = question("1").token(17);
        assert_eq!(question("1").place::<u64>(&token).unwrap(), 17);
        assert!(question("2").place::<u64>(&token).unwrap_err().to_string().contains("another question"));
        for none in ["", "17", "é", &format!("{token}x"), &token[..16]] {
            assert!(question("1").place::<u64>(none).is_err(), "{none}");
        }
    }
}
