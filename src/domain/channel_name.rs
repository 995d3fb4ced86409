//! STUB.
/// STUB
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct ChannelName(String);
impl std::str::FromStr for ChannelName {
    type Err = String;
    fn from_str(t: &str) -> Result<Self, String> {
        Ok(Self(t.to_owned()))
    }
}
