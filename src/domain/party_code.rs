//! The code of a party: a state, an organisation, or a body of one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `KOR`, `KOR/mnd`, `x-unc`: ISO 3166-1 alpha-3, or `x-` and a word for whoever is no state, then the
/// bodies within, each after a slash.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct PartyCode {
    // Invariant: three capital letters or `x-` and a word, then words after slashes.
    code: String,
}

/// A text is no code of a party.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no code of a party; write KOR (ISO 3166-1), KOR/mnd for a body of it, or x-unc")]
pub struct PartyCodeError(pub String);

impl PartyCode {
    /// Returns the code as it is written.
    pub fn as_str(&self) -> &str {
        &self.code
    }

    /// Returns the state or organisation.
    #[must_use]
    pub fn root(&self) -> Self {
        Self { code: self.code.split('/').next().unwrap_or(&self.code).to_owned() }
    }

    /// Returns what it is a body of; none for a state or organisation.
    pub fn parent(&self) -> Option<Self> {
        self.code.rsplit_once('/').map(|(parent, _)| Self { code: parent.to_owned() })
    }

    /// Tells whether it is `other` or a body within it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.code.strip_prefix(&other.code).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

fn is_word(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 40
        && word.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

impl FromStr for PartyCode {
    type Err = PartyCodeError;

    fn from_str(text: &str) -> Result<Self, PartyCodeError> {
        let mut parts = text.split('/');
        let root = parts.next().unwrap_or_default();
        let state = root.len() == 3 && root.bytes().all(|byte| byte.is_ascii_uppercase());
        let organisation = root.strip_prefix("x-").is_some_and(is_word);
        if (state || organisation) && parts.all(is_word) && text.len() <= 120 {
            Ok(Self { code: text.to_owned() })
        } else {
            Err(PartyCodeError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for PartyCode {
    type Error = PartyCodeError;

    fn try_from(text: String) -> Result<Self, PartyCodeError> {
        text.parse()
    }
}

impl From<PartyCode> for String {
    fn from(code: PartyCode) -> Self {
        code.code
    }
}

impl fmt::Display for PartyCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_a_state_an_organisation_or_a_body() {
        for code in ["KOR", "KOR/mnd", "PRK/kpa/panmunjom-mission", "x-unc", "KOR/democratic-party"] {
            assert_eq!(code.parse::<PartyCode>().unwrap().to_string(), code);
        }
        for wrong in
            ["", "kor", "KO", "KOREA", "KOR/", "KOR//mnd", "KOR/Mnd", "x-", "UNC2", "KOR+PRK", "북한"]
        {
            assert!(wrong.parse::<PartyCode>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_body_is_within_its_state_and_no_other() {
        let code = |text: &str| text.parse::<PartyCode>().unwrap();
        assert!(code("PRK/cprk").is_within(&code("PRK")));
        assert!(code("PRK").is_within(&code("PRK")));
        assert!(!code("PRK").is_within(&code("PRK/cprk")));
        assert!(!code("PRK/kpa-navy").is_within(&code("PRK/kpa")));
        assert_eq!(code("PRK/kpa/x").root(), code("PRK"));
        assert_eq!(code("PRK/kpa/x").parent(), Some(code("PRK/kpa")));
        assert_eq!(code("PRK").parent(), None);
    }
}
