//! The token that tells who was signed on (OpenID Connect Core, 3.1.3.7): who said it, to whom, when, and about which
//! login, under a signature of the provider. What is not understood of it is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::timestamp::Timestamp;
use crate::http::sso::keys::Keys;

/// The longest token that is read.
const TOKEN_BYTES_MAX: usize = 64 << 10;
/// By how much clocks may differ.
const LEEWAY_SECONDS: i64 = 60;
/// How old a token may be: it comes straight from the provider.
const AGE_SECONDS_MAX: i64 = 10 * 60;
const SECOND: i64 = 1_000_000;
/// The algorithms that are taken: those under a key that others may know. Not `none`, and nothing where whoever
/// verifies could sign as well.
const ALGORITHMS: [&str; 2] = ["RS256", "ES256"];

/// What a token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

/// What a token says, which was checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claims(pub(super) Map<String, Value>);

/// Why a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenFault {
    /// It names a key that is not known; the provider may have another since.
    UnknownKey,
    /// It does not stand.
    Wrong(String),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// Returns bytes as a token spells them.
pub(super) fn url64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads bytes that a token spells; none of what is spelt in another way.
pub(super) fn bytes64(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Checks a token, and returns what it says.
pub(super) fn check(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Claims, TokenFault> {
    let wrong = |why: &str| TokenFault::Wrong(why.to_owned());
    if token.len() > TOKEN_BYTES_MAX {
        return Err(wrong("it is too long"));
    }
    let mut parts = token.split('.');
    let (Some(head), Some(said), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong("it has not three parts"));
    };
    let header: Option<Header> = bytes64(head).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let header = header.ok_or_else(|| wrong("its header is not understood"))?;
    if !ALGORITHMS.contains(&header.alg.as_str()) {
        return Err(wrong("it is signed in a way that is not taken here: RS256 and ES256 are"));
    }
    if header.crit.is_some() {
        return Err(wrong("it demands something that is not understood here"));
    }
    // Before anything is read of what it says.
    let candidates = keys.named(header.kid.as_deref(), &header.alg);
    if candidates.is_empty() {
        return Err(TokenFault::UnknownKey);
    }
    let signature = bytes64(signature).ok_or_else(|| wrong("its signature is not understood"))?;
    let message = token.get(..head.len() + 1 + said.len()).unwrap_or_default().as_bytes();
    if !candidates.iter().any(|key| key.verifies(message, &signature)) {
        return Err(wrong("its signature is not the provider's"));
    }
    let claims: Option<Map<String, Value>> =
        bytes64(said).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let claims = Claims(claims.ok_or_else(|| wrong("what it says is not understood"))?);
    claims.stand(expected).map_err(wrong)?;
    Ok(claims)
}

impl Claims {
    fn stand(&self, expected: &Expected<'_>) -> Result<(), &'static str> {
        if self.text("iss") != Some(expected.issuer) {
            return Err("another provider says it");
        }
        self.is_for(expected.client)?;
        if self.text("nonce") != Some(expected.nonce) {
            return Err("it is about another login");
        }
        self.is_timely(expected.now)?;
        if self.subject().is_none() { Err("it names nobody") } else { Ok(()) }
    }

    fn is_for(&self, client: &str) -> Result<(), &'static str> {
        let other = Err("it is for another than this server");
        let others = match self.0.get("aud") {
            Some(Value::String(one)) if one == client => false,
            Some(Value::Array(all)) if all.iter().any(|one| one == client) => all.len() > 1,
            Some(_) | None => return other,
        };
        match self.0.get("azp") {
            Some(Value::String(party)) if party == client => Ok(()),
            // Where it is for others too, it says to whom it was given.
            None if !others => Ok(()),
            Some(_) | None => other,
        }
    }

    fn is_timely(&self, now: Timestamp) -> Result<(), &'static str> {
        let now = now.micros().div_euclid(SECOND);
        let (Some(until), Some(since)) = (self.seconds("exp"), self.seconds("iat")) else {
            return Err("it does not say from when to when it is good");
        };
        let begins = if self.0.contains_key("nbf") {
            self.seconds("nbf").ok_or("it does not say from when it is good")?
        } else {
            since
        };
        if now >= until.saturating_add(LEEWAY_SECONDS) {
            return Err("it is good no longer; is the clock of this server right?");
        }
        if now < since.max(begins).saturating_sub(LEEWAY_SECONDS) {
            return Err("it is not good yet; is the clock of this server right?");
        }
        if now > since.saturating_add(AGE_SECONDS_MAX + LEEWAY_SECONDS) {
            return Err("it was given long ago");
        }
        Ok(())
    }

    /// Returns the second that a claim names, without what is less than one.
    fn seconds(&self, name: &str) -> Option<i64> {
        let Value::Number(number) = self.0.get(name)? else { return None };
        number.to_string().split('.').next()?.parse().ok()
    }

    /// Returns a claim that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Returns what names whom it is about.
    pub(super) fn subject(&self) -> Option<&str> {
        self.text("sub").filter(|subject| !subject.is_empty())
    }

    /// Tells whether anything is said by a claim.
    pub(super) fn says(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|said| !said.is_null())
    }

    /// Returns a claim that is texts; none where it is not there or is something else.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        match self.0.get(name)? {
            Value::String(one) => Some(vec![one.clone()]),
            Value::Array(all) => all.iter().map(|one| one.as_str().map(ToOwned::to_owned)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::sso::keys::NamedKey;
    use crate::http::sso::signature::PublicKey;
    use crate::http::sso::signature::signing::Signer;

    const NOW: i64 = 1_790_000_000;

    fn good() -> Value {
        json!({"iss": "https://login.example", "aud": "desk", "sub": "s-1", "nonce": "n-1",
            "iat": NOW, "exp": NOW + 300, "groups": ["desk"]})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = good();
        claims[name] = value;
        claims
    }

    fn without(name: &str) -> Value {
        let mut claims = good();
        claims.as_object_mut().unwrap().remove(name);
        claims
    }

    fn checked(token: &str, keys: &Keys) -> Result<Claims, TokenFault> {
        let now = Timestamp::from_micros(NOW * SECOND).unwrap();
        check(token, keys, &Expected { issuer: "https://login.example", client: "desk", nonce: "n-1", now })
    }

    struct Provider {
        signer: Signer,
        keys: Keys,
    }

    impl Provider {
        fn new() -> Self {
            let signer = Signer::new();
            let keys = Keys(vec![NamedKey { id: Some("one".to_owned()), key: signer.public() }]);
            Self { signer, keys }
        }

        fn token(&self, header: &Value, claims: &Value) -> String {
            let message =
                format!("{}.{}", url64(header.to_string().as_bytes()), url64(claims.to_string().as_bytes()));
            let signature = url64(&self.signer.sign(message.as_bytes()));
            format!("{message}.{signature}")
        }

        #[track_caller]
        fn says(&self, claims: &Value) -> Result<Claims, String> {
            let token = self.token(&json!({"alg": "ES256", "kid": "one", "typ": "JWT"}), claims);
            checked(&token, &self.keys).map_err(|fault| match fault {
                TokenFault::Wrong(why) => why,
                TokenFault::UnknownKey => panic!("the key is known"),
            })
        }
    }

    #[test]
    fn a_token_is_taken_from_its_issuer_for_this_server_and_this_login_in_time() {
        let provider = Provider::new();
        let claims = provider.says(&good()).unwrap();
        assert_eq!((claims.subject(), claims.texts("groups")), (Some("s-1"), Some(vec!["desk".to_owned()])));
        for fine in [
            with("aud", json!(["desk"])),
            with("azp", json!("desk")),
            with("exp", json!(NOW - 59)),
            with("iat", json!(NOW + 60)),
            with("nbf", json!(NOW - 5)),
            with("exp", json!(1_790_000_300.5)),
        ] {
            provider.says(&fine).unwrap();
        }
        let mut both = with("aud", json!(["other", "desk"]));
        both["azp"] = json!("desk");
        provider.says(&both).unwrap();
        for (claims, why) in [
            (with("iss", json!("https://login.example/")), "another provider"),
            (with("iss", json!(["https://login.example"])), "another provider"),
            (without("iss"), "another provider"),
            (with("aud", json!("other")), "for another"),
            (with("aud", json!(["other"])), "for another"),
            (with("aud", json!([])), "for another"),
            (without("aud"), "for another"),
            (with("aud", json!(["other", "desk"])), "for another"),
            (with("azp", json!("other")), "for another"),
            (with("azp", json!(["desk"])), "for another"),
            (with("nonce", json!("n-2")), "another login"),
            (without("nonce"), "another login"),
            (with("exp", json!(NOW - 60)), "good no longer"),
            (with("exp", json!("later")), "from when to when"),
            (without("exp"), "from when to when"),
            (with("iat", json!(NOW + 61)), "not good yet"),
            (with("iat", json!(NOW - 1_000)), "long ago"),
            (without("iat"), "from when to when"),
            (with("nbf", json!(NOW + 61)), "not good yet"),
            (with("nbf", json!("soon")), "from when"),
            (with("sub", json!("")), "nobody"),
            (with("sub", json!(7)), "nobody"),
            (without("sub"), "nobody"),
        ] {
            let said = provider.says(&claims).unwrap_err();
            assert!(said.contains(why), "{claims}: {said}");
        }
    }

    #[test]
    fn what_the_provider_did_not_sign_is_not_taken() {
        let provider = Provider::new();
        let wrong = |token: &str| {
            let fault = checked(token, &provider.keys).unwrap_err();
            assert!(matches!(fault, TokenFault::Wrong(_)), "{token}: {fault:?}");
        };
        let header = json!({"alg": "ES256", "kid": "one"});
        let token = provider.token(&header, &good());
        assert!(checked(&token, &provider.keys).is_ok());
        for algorithm in ["none", "None", "NONE", "HS256", "HS512", "RS512", "ES384", "EdDSA", "es256", ""] {
            wrong(&provider.token(&json!({"alg": algorithm, "kid": "one"}), &good()));
        }
        wrong(&provider.token(&json!({"alg": "ES256", "kid": "one", "crit": ["exp"]}), &good()));
        wrong(&provider.token(&json!({"kid": "one"}), &good()));
        // A signature without a token, a token without a signature, and one under another.
        let (message, signature) = token.rsplit_once('.').unwrap();
        wrong(message);
        wrong(&format!("{message}."));
        wrong(&format!("{token}."));
        wrong(&format!("{message}.{signature}="));
        let other = with("groups", json!(["keep"]));
        let forged = provider.token(&header, &other);
        wrong(&format!("{}.{signature}", forged.rsplit_once('.').unwrap().0));
        let stranger = Provider::new();
        wrong(&stranger.token(&header, &good()));
        // The secret of HMAC is what everybody can read.
        let point = provider.signer.public();
        let PublicKey::P256 { point } = point else { panic!("a key of P-256") };
        wrong(&format!("{}.{}", url64(br#"{"alg":"HS256","kid":"one"}"#), url64(&point)));
        for broken in ["", "..", "a.b.c", "é.é.é", &"x".repeat(100_000)] {
            wrong(broken);
        }
    }

    #[test]
    fn a_key_that_is_not_known_is_told_from_a_signature_that_is_wrong() {
        let provider = Provider::new();
        for header in [json!({"alg": "ES256", "kid": "two"}), json!({"alg": "RS256", "kid": "one"})] {
            let token = provider.token(&header, &good());
            assert_eq!(checked(&token, &provider.keys), Err(TokenFault::UnknownKey));
        }
        assert!(checked(&provider.token(&json!({"alg": "ES256"}), &good()), &provider.keys).is_ok());
    }

    #[test]
    fn groups_are_texts_and_nothing_else() {
        let claims = |value: Value| Claims(json!({ "groups": value }).as_object().unwrap().clone());
        assert_eq!(claims(json!("desk")).texts("groups"), Some(vec!["desk".to_owned()]));
        assert_eq!(claims(json!([])).texts("groups"), Some(Vec::new()));
        for other in [json!(["desk", 1]), json!(null), json!({"desk": true}), json!(1)] {
            assert_eq!(claims(other).texts("groups"), None);
        }
    }
}
