//! STUB.
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;
/// STUB
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Occurred(String);
impl std::str::FromStr for Occurred {
    type Err = String;
    fn from_str(t: &str) -> Result<Self, String> {
        Ok(Self(t.to_owned()))
    }
}
impl Occurred {
    /// STUB
    pub fn earliest(&self, _zone: &Zone) -> Timestamp {
        format!("{}T00:00:00.000000Z", self.0).parse().unwrap_or_else(|_| chrono::DateTime::UNIX_EPOCH.into())
    }
    /// STUB
    pub fn latest(&self, _zone: &Zone) -> Timestamp {
        format!("{}T23:59:59.999999Z", self.0).parse().unwrap_or_else(|_| chrono::DateTime::UNIX_EPOCH.into())
    }
}
