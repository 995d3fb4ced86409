//! Who and what is meant: typed identifiers, each a UUID that tells nothing about what it names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An identifier was not a UUID in the canonical form of 36 lower-case characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id; an id looks like 0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d")]
pub struct IdError(pub String);

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Returns the id that these bytes spell.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Returns the 128 bits.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let uuid = Uuid::try_parse(text).map_err(|_| IdError(text.to_owned()))?;
                // Only the canonical form: two spellings of one id would be two values in a leaf.
                if uuid.to_string() == text {
                    Ok(Self(uuid))
                } else {
                    Err(IdError(text.to_owned()))
                }
            }
        }
    };
}

id_type! {
    /// One event of the log.
    EventId
}
id_type! {
    /// One entity with a history of its own: a channel, an overture, a meeting, a series, a party, a
    /// policy, a recorder or the desk itself. The store calls the same thing a stream.
    EntityId
}
id_type! {
    /// Who recorded: a pseudonym, whose name stands in the body of `recorder.registered`.
    ActorId
}
id_type! {
    /// One submission: repeating it with the same content gives the first receipt again.
    RequestId
}

impl From<EventId> for EntityId {
    /// Returns the entity that this event brings into being: it carries the id of its first event.
    fn from(event: EventId) -> Self {
        Self(*event.as_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_an_id() {
        let text = "0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d";
        assert_eq!(text.parse::<EventId>().unwrap().to_string(), text);
        for wrong in [
            "0190F3C2-7A1E-8D4B-9C55-2F6F0A3B1C7D",
            "0190f3c27a1e8d4b9c552f6f0a3b1c7d",
            "{0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d}",
            "",
            "liaison-line",
        ] {
            assert_eq!(wrong.parse::<EventId>(), Err(IdError(wrong.to_owned())));
        }
    }
}
