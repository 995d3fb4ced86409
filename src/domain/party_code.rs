//! STUB.
/// STUB
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct PartyCode(String);
impl std::str::FromStr for PartyCode {
    type Err = String;
    fn from_str(t: &str) -> Result<Self, String> {
        Ok(Self(t.to_owned()))
    }
}
