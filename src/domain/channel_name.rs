//! The short name of a channel.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `mil-west`: words of lower-case letters and digits, in any script, joined by hyphens.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ChannelName {
    // Invariant: non-empty words joined by single hyphens, at most 80 bytes.
    name: String,
}

/// A text is no name of a channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name of a channel; write lower-case words joined by hyphens, such as mil-west")]
pub struct ChannelNameError(pub String);

impl ChannelName {
    /// Returns the name as it is written.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl FromStr for ChannelName {
    type Err = ChannelNameError;

    fn from_str(text: &str) -> Result<Self, ChannelNameError> {
        let sound = text.len() <= 80
            && text.split('-').all(|word| {
                !word.is_empty()
                    && word.chars().all(|letter| letter.is_alphanumeric() && !letter.is_uppercase())
            });
        if sound { Ok(Self { name: text.to_owned() }) } else { Err(ChannelNameError(text.to_owned())) }
    }
}

impl TryFrom<String> for ChannelName {
    type Error = ChannelNameError;

    fn try_from(text: String) -> Result<Self, ChannelNameError> {
        text.parse()
    }
}

impl From<ChannelName> for String {
    fn from(name: ChannelName) -> Self {
        name.name
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_has_a_short_name_that_can_be_typed() {
        for name in ["mil-west", "liaison-line", "unc-kpa", "high-level-2018", "서해지구"] {
            assert_eq!(name.parse::<ChannelName>().unwrap().to_string(), name);
        }
        for wrong in ["", "Mil West", "mil--west", "-mil", "mil_west", "mil west", "a/b"] {
            assert!(wrong.parse::<ChannelName>().is_err(), "{wrong}");
        }
    }
}
