//! The names of kinds: read from text, and grouped into families.

use crate::domain::fact::{Kind, Subject};

/// A kind is not on the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{kind}` is no kind of event{}", .near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct UnknownKind {
    /// What was given.
    pub kind: String,
    /// The nearest kind, when one is near.
    pub near: Option<Kind>,
}

impl std::str::FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownKind {
            kind: text.to_owned(),
            near: Self::ALL
                .iter()
                .map(|kind| (strsim::osa_distance(kind.as_str(), text), *kind))
                .min()
                .filter(|(distance, _)| *distance <= 4)
                .map(|(_, kind)| kind),
        })
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl Kind {
    /// Returns the word before the point: `overture`, `response`, `call`.
    pub fn family(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }

    /// Tells whether the event keeps the record or the registers, and says nothing of the world.
    ///
    /// Timelines leave these out unless they are asked for.
    pub fn is_bookkeeping(self) -> bool {
        matches!(self.subject(), Subject::Entry)
            || matches!(self.family(), "recorder" | "policy" | "moment" | "log" | "key" | "author")
            || matches!(
                self,
                Self::ChannelRegistered
                    | Self::ChannelNamed
                    | Self::ChannelMerged
                    | Self::ChannelSplit
                    | Self::PartyRegistered
                    | Self::PartyNamed
                    | Self::PartyMerged
                    | Self::PartySplit
                    | Self::SeriesRegistered
                    | Self::PersonRegistered
                    | Self::PersonNamed
                    | Self::PersonRole
            )
    }

    /// Tells whether the event says of a channel what it is or is called, and nothing of how it works.
    pub const fn is_of_channel_register(self) -> bool {
        matches!(
            self,
            Self::ChannelRegistered | Self::ChannelNamed | Self::ChannelMerged | Self::ChannelSplit
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_name() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse::<Kind>().as_ref(), Ok(kind));
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{kind}\""));
        }
    }

    #[test]
    fn a_kind_that_is_misspelt_is_refused_with_the_nearest() {
        let error = "overture.propsed".parse::<Kind>().unwrap_err();
        assert_eq!(error.near, Some(Kind::OvertureProposed));
        assert_eq!("weather.report".parse::<Kind>().unwrap_err().near, None);
    }
}
