//! The words themselves, in every language in which a text exists.

use serde::{Deserialize, Serialize};

use crate::domain::marking::Marking;

/// One language version of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// BCP 47 tag: `ko-KR`, `ko-KP`, `en`, `ko-Latn`.
    pub language: Language,
    /// The words; empty only where an attachment holds them.
    pub text: String,
    /// Whether this is the text that was handed over, or a translation made by the desk.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub translation: bool,
    /// How far this version may travel, where it differs from the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marking: Option<Marking>,
}

/// A language tag of the shape of BCP 47.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Language {
    // Invariant: 2-8 letters, then subtags of 1-8 letters or digits, joined by hyphens.
    tag: String,
}

/// A text is not a language tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language tag; write ko-KR, ko-KP, en or ko-Latn (BCP 47)")]
pub struct LanguageError(pub String);

impl TryFrom<String> for Language {
    type Error = LanguageError;

    fn try_from(tag: String) -> Result<Self, LanguageError> {
        let mut parts = tag.split('-');
        let primary = parts.next().unwrap_or_default();
        let sound = (2..=8).contains(&primary.len())
            && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
            && parts.all(|part| {
                (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
        if sound { Ok(Self { tag }) } else { Err(LanguageError(tag)) }
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.tag
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(&self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_a_bcp_47_tag() {
        for tag in ["ko-KR", "ko-KP", "en", "zh-Hant-TW", "ko-Latn"] {
            assert_eq!(Language::try_from(tag.to_owned()).unwrap().to_string(), tag);
        }
        for wrong in ["", "k", "Korean language", "ko_KR", "ko-", "한국어"] {
            assert_eq!(Language::try_from(wrong.to_owned()), Err(LanguageError(wrong.to_owned())));
        }
    }
}
