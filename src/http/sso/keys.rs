//! The keys with which a provider signs, as it publishes them (JWKS, RFC 7517).

use serde::Deserialize;

use crate::http::sso::signature::PublicKey;
use crate::http::sso::token::bytes64;

/// Keys of a provider at most; one has a few.
const KEYS_MAX: usize = 64;
/// The bytes of a coordinate of P-256.
const COORDINATE: usize = 32;

/// A key, and what names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedKey {
    pub(super) id: Option<String>,
    pub(super) key: PublicKey,
}

/// The keys that a provider signs with now, as far as they are of a kind that is known here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Keys(pub(super) Vec<NamedKey>);

#[derive(Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

/// One key, as it is published.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    for_use: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Reads what a provider publishes. Keys of other kinds and for other uses are not taken: it may have them for
    /// others.
    ///
    /// # Errors
    ///
    /// Returns what is wrong, where it is no set of keys, or has none that could be used here.
    pub(super) fn read(published: &[u8]) -> Result<Self, String> {
        let Published { keys } = serde_json::from_slice(published)
            .map_err(|error| format!("its keys are no set of keys: {error}"))?;
        if keys.len() > KEYS_MAX {
            return Err(format!("it has more than {KEYS_MAX} keys"));
        }
        let read = |value: serde_json::Value| {
            let jwk: Jwk = serde_json::from_value(value).ok()?;
            Some(NamedKey { key: jwk.public()?, id: jwk.kid })
        };
        let keys: Vec<NamedKey> = keys.into_iter().filter_map(read).collect();
        if keys.is_empty() {
            return Err("it has no key for RS256 or ES256".to_owned());
        }
        Ok(Self(keys))
    }

    /// Returns the keys that may have signed what names this key, or none: then it is only taken for the one key of
    /// its kind.
    pub(super) fn named(&self, id: Option<&str>, algorithm: &str) -> Vec<&PublicKey> {
        let fits = |key: &&NamedKey| key.key.algorithm() == algorithm;
        let of_kind: Vec<&NamedKey> = self.0.iter().filter(fits).collect();
        match (id, of_kind.as_slice()) {
            (Some(id), _) => {
                of_kind.iter().filter(|key| key.id.as_deref() == Some(id)).map(|key| &key.key).collect()
            }
            (None, [only]) => vec![&only.key],
            (None, _) => Vec::new(),
        }
    }
}

impl Jwk {
    /// Returns the key, where it is one that signs in a way that is known here.
    fn public(&self) -> Option<PublicKey> {
        let is_for_signatures = self.for_use.as_deref().is_none_or(|used| used == "sig")
            && self.key_ops.as_ref().is_none_or(|uses| uses.iter().any(|used| used == "verify"));
        let key = match self.kty.as_str() {
            "RSA" => {
                PublicKey::Rsa { modulus: number(self.n.as_ref()?)?, exponent: number(self.e.as_ref()?)? }
            }
            "EC" if self.crv.as_deref() == Some("P-256") => {
                let (x, y) = (bytes64(self.x.as_ref()?)?, bytes64(self.y.as_ref()?)?);
                if x.len() != COORDINATE || y.len() != COORDINATE {
                    return None;
                }
                PublicKey::P256 { point: [&[4], x.as_slice(), y.as_slice()].concat() }
            }
            _ => return None,
        };
        let is_of_algorithm = self.alg.as_deref().is_none_or(|alg| alg == key.algorithm());
        (is_for_signatures && is_of_algorithm).then_some(key)
    }
}

/// Returns a number without the zeros before it.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = bytes64(text)?;
    let begins = bytes.iter().position(|byte| *byte != 0)?;
    bytes.get(begins..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_of_other_kinds_and_for_other_uses_are_not_taken() {
        let x = "A".repeat(43);
        let ec = json!({"kty": "EC", "crv": "P-256", "x": x, "y": x, "kid": "one"});
        let with = |name: &str, value: serde_json::Value| {
            let mut key = ec.clone();
            key[name] = value;
            key
        };
        let read = |key: serde_json::Value| Keys::read(json!({ "keys": [key] }).to_string().as_bytes());
        assert_eq!(read(ec.clone()).unwrap().0[0].id.as_deref(), Some("one"));
        assert!(read(with("use", json!("sig"))).is_ok() && read(with("alg", json!("ES256"))).is_ok());
        for (name, value) in [
            ("use", json!("enc")),
            ("alg", json!("HS256")),
            ("alg", json!("ES384")),
            ("key_ops", json!(["sign"])),
            ("crv", json!("P-384")),
            ("kty", json!("oct")),
            ("x", json!("AA")),
            ("x", json!("!")),
        ] {
            assert!(read(with(name, value.clone())).is_err(), "{name} {value}");
        }
        assert!(read(json!({"kty": "RSA", "n": "AAAA", "e": "AQAB"})).is_err());
        assert!(Keys::read(b"{}").is_err() && Keys::read(b"").is_err());
    }

    #[test]
    fn a_token_that_names_no_key_is_taken_for_the_only_one_of_its_kind() {
        let point = |byte: u8| PublicKey::P256 { point: vec![byte] };
        let key = |id: Option<&str>, byte| NamedKey { id: id.map(ToOwned::to_owned), key: point(byte) };
        let keys = Keys(vec![key(Some("a"), 1), key(Some("b"), 2)]);
        assert_eq!(keys.named(Some("b"), "ES256"), [&point(2)]);
        assert!(keys.named(Some("c"), "ES256").is_empty() && keys.named(Some("b"), "RS256").is_empty());
        assert!(keys.named(None, "ES256").is_empty());
        assert_eq!(Keys(vec![key(None, 1)]).named(None, "ES256"), [&point(1)]);
    }
}
