//! A small provider of OpenID Connect that keeps to the rules, and breaks one when it is told to.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::sso::wire::{port, target, value};

/// How it knows the desk.
pub(crate) const CLIENT: &str = "desk";
/// By what.
pub(crate) const SECRET: &str = "the secret+of a client";
/// Where it sends browsers back.
pub(crate) const REDIRECT: &str = "http://localhost:7733/v1/sso/callback";
/// A key that was made for these tests, and opens nothing.
const RSA: &[u8] = include_bytes!("rsa-of-tests.pk8");

/// Who comes to be signed on next.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) subject: &'static str,
    pub(super) name: &'static str,
    pub(super) groups: Vec<&'static str>,
}

/// Which rule is broken next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaks {
    Nothing,
    /// A claim says something else.
    Claim(&'static str, &'static str),
    /// It was good until long ago.
    Expired,
    /// Nobody signed it.
    Unsigned,
    /// It is signed with what everybody knows of the key.
    WithPublicKey,
    /// Somebody else signed it.
    Forged,
    /// Groups are told to who asks for them alone.
    GroupsApart,
    /// As before, and about somebody else.
    GroupsOfAnother,
    /// Nothing is said of groups.
    NoGroups,
    /// A claim is a number.
    Number(&'static str),
    /// It says that somebody else sent the browser back.
    MixedUp,
    /// It gives nothing for a code, and says this word.
    Denies(&'static str),
}

struct State {
    issuer: String,
    person: Person,
    breaks: Breaks,
    key: Key,
    kid: u32,
    drawn: u32,
    codes: HashMap<String, (String, String)>,
}

enum Key {
    P256(Box<EcdsaKeyPair>),
    Rsa(Box<rsa::KeyPair>),
}

/// The provider, on a port of this machine.
pub(super) struct Provider {
    pub(super) issuer: String,
    /// Where browsers find it.
    port: u16,
    state: Arc<Mutex<State>>,
}

fn spelt(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Key {
    fn new() -> Self {
        let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let made = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Self::P256(Box::new(EcdsaKeyPair::from_pkcs8(kind, made.as_ref(), &random).unwrap()))
    }

    fn public(&self, kid: u32) -> Value {
        match self {
            Self::P256(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid.to_string(),
                    "x": spelt(&point[1..33]), "y": spelt(&point[33..])})
            }
            Self::Rsa(key) => {
                let public = rsa::PublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({"kty": "RSA", "kid": kid.to_string(), "n": spelt(&public.n), "e": spelt(&public.e)})
            }
        }
    }

    fn sign(&self, header: &mut Value, claims: &Value) -> String {
        header["alg"] = match self {
            Self::P256(_) => "ES256".into(),
            Self::Rsa(_) => "RS256".into(),
        };
        let message = message(header, claims);
        let random = SystemRandom::new();
        let signature = match self {
            Self::P256(key) => key.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{message}.{}", spelt(&signature))
    }
}

fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", spelt(header.to_string().as_bytes()), spelt(claims.to_string().as_bytes()))
}

impl Provider {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let issuer = format!("http://127.0.0.1:{port}/realms/desk");
        let person = Person { subject: "s-1", name: "lee", groups: vec!["recorders"] };
        let state = Arc::new(Mutex::new(State {
            issuer: issuer.clone(),
            person,
            breaks: Breaks::Nothing,
            key: Key::new(),
            kid: 1,
            drawn: 0,
            codes: HashMap::new(),
        }));
        let of_thread = Arc::clone(&state);
        // It ends with the process of the tests.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&of_thread);
                thread::spawn(move || answer(stream.unwrap(), &state));
            }
        });
        Self { issuer, port, state }
    }

    /// Starts one that servers find over TLS alone, under a certificate and its key.
    pub(super) fn over_tls(certificate: &Path, key: &Path) -> Self {
        let mut provider = Self::start();
        let chain = CertificateDer::pem_file_iter(certificate).unwrap().collect::<Result<_, _>>().unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
            .unwrap();
        let (listener, config) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(config));
        provider.issuer = format!("https://localhost:{}/realms/desk", listener.local_addr().unwrap().port());
        provider.state.lock().unwrap().issuer.clone_from(&provider.issuer);
        let state = Arc::clone(&provider.state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (state, config) = (Arc::clone(&state), Arc::clone(&config));
                thread::spawn(move || {
                    let mut stream =
                        StreamOwned::new(ServerConnection::new(config).unwrap(), stream.unwrap());
                    // Whoever does not trust it says no more.
                    if stream.conn.complete_io(&mut stream.sock).is_ok() {
                        answer(stream, &state);
                    }
                });
            }
        });
        provider
    }

    /// Returns it under an issuer that is not its own.
    pub(super) fn under(self, issuer: String) -> Self {
        Self { issuer, ..self }
    }

    pub(super) fn next(&self, subject: &'static str, name: &'static str, groups: &[&'static str]) {
        self.state.lock().unwrap().person = Person { subject, name, groups: groups.to_vec() };
    }

    pub(super) fn breaks(&self, what: Breaks) {
        self.state.lock().unwrap().breaks = what;
    }

    /// Signs with another key from now on.
    pub(super) fn rotate(&self) {
        let mut state = self.state.lock().unwrap();
        state.key = Key::new();
        state.kid += 1;
    }

    /// Signs with a key of RSA from now on.
    pub(super) fn rotate_to_rsa(&self) {
        let mut state = self.state.lock().unwrap();
        state.key = Key::Rsa(Box::new(rsa::KeyPair::from_pkcs8(RSA).unwrap()));
        state.kid += 1;
    }

    /// Signs somebody on who came with a browser, and returns where the browser is sent.
    #[track_caller]
    pub(super) fn authorize(&self, address: &str) -> String {
        assert_eq!(port(address), port(&self.issuer));
        crate::sso::wire::send(self.port, "GET", &target(address), &[], "").location()
    }
}

fn answer(stream: impl Read + Write, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length, mut authorization) = (String::new(), 0, String::new());
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, said)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = said.parse().unwrap(),
            "authorization" => said.clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form).unwrap();
    let form = String::from_utf8(form).unwrap();
    let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut state = state.lock().unwrap();
    let (status, location, body) = match path.strip_prefix("/realms/desk").unwrap_or_default() {
        "/.well-known/openid-configuration" => (200, None, state.metadata()),
        "/authorize" => match state.authorize(query) {
            Some(location) => (302, Some(location), Value::Null),
            None => (400, None, json!({"error": "invalid_request"})),
        },
        "/token" => match (state.token(&form, &authorization), state.breaks) {
            (Some(_), Breaks::Denies(word)) => (400, None, json!({"error": word})),
            (Some(given), _) => (200, None, given),
            (None, _) => (400, None, json!({"error": "invalid_grant"})),
        },
        "/keys" => (200, None, json!({ "keys": [{"kty": "oct", "k": "AAAA"}, state.key.public(state.kid)] })),
        "/userinfo" if authorization == "Bearer access" => (200, None, state.userinfo()),
        _ => (404, None, Value::Null),
    };
    let location = location.map(|location| format!("location: {location}\r\n")).unwrap_or_default();
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} .\r\n{location}content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    reader.get_mut().write_all(format!("{head}{body}").as_bytes()).unwrap();
}

impl State {
    fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}/{path}", self.issuer);
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "jwks_uri": at("keys"),
            "userinfo_endpoint": at("userinfo"),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    /// Takes a browser that was sent here; none where what is asked is not what this desk must ask.
    fn authorize(&mut self, query: &str) -> Option<String> {
        let said = |name: &str| value(query, name);
        let is_right = said("response_type") == "code"
            && said("client_id") == CLIENT
            && said("redirect_uri") == REDIRECT
            && said("scope").split(' ').any(|scope| scope == "openid")
            && said("code_challenge_method") == "S256"
            && said("code_challenge").len() == 43
            && said("state").len() >= 43
            && said("nonce").len() >= 43;
        if !is_right {
            return None;
        }
        self.drawn += 1;
        let code = format!("code-{}", self.drawn);
        self.codes.insert(code.clone(), (said("code_challenge"), said("nonce")));
        let issuer = if self.breaks == Breaks::MixedUp { "https://other.example" } else { &self.issuer };
        Some(format!("{REDIRECT}?code={code}&state={}&iss={issuer}&session_state=x", said("state")))
    }

    /// Gives a token for a code, once, to who began.
    fn token(&mut self, form: &str, authorization: &str) -> Option<Value> {
        let said = |name: &str| value(form, name);
        // Both spelt as in a form, before they are put together (RFC 6749, 2.3.1).
        let known = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:the%20secret%2Bof%20a%20client")));
        let (challenge, nonce) = self.codes.remove(&said("code"))?;
        let is_right = authorization == known
            && said("grant_type") == "authorization_code"
            && said("redirect_uri") == REDIRECT
            && spelt(&Sha256::digest(said("code_verifier").as_bytes())) == challenge;
        is_right.then(
            || json!({"id_token": self.id_token(&nonce), "access_token": "access", "token_type": "Bearer"}),
        )
    }

    #[expect(clippy::disallowed_methods, reason = "a provider goes by the clock of its machine")]
    fn id_token(&self, nonce: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut claims = json!({"iss": self.issuer, "aud": [CLIENT], "sub": self.person.subject, "nonce": nonce,
            "iat": now, "exp": now + 300, "preferred_username": self.person.name, "groups": self.person.groups});
        let mut header = json!({"typ": "JWT", "kid": self.kid.to_string()});
        match self.breaks {
            Breaks::Nothing | Breaks::MixedUp | Breaks::Denies(_) => {}
            Breaks::Claim(name, says) => claims[name] = says.into(),
            Breaks::Number(name) => claims[name] = 7.into(),
            Breaks::Expired => {
                claims["iat"] = (now - 500).into();
                claims["exp"] = (now - 200).into();
            }
            Breaks::GroupsApart | Breaks::GroupsOfAnother | Breaks::NoGroups => {
                claims.as_object_mut().unwrap().remove("groups");
            }
            Breaks::Unsigned => {
                header["alg"] = "none".into();
                return format!("{}.", message(&header, &claims));
            }
            Breaks::WithPublicKey => {
                header["alg"] = "HS256".into();
                let message = message(&header, &claims);
                let public = self.key.public(self.kid).to_string();
                let key = hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes());
                return format!("{message}.{}", spelt(hmac::sign(&key, message.as_bytes()).as_ref()));
            }
            Breaks::Forged => return Key::new().sign(&mut header, &claims),
        }
        self.key.sign(&mut header, &claims)
    }

    fn userinfo(&self) -> Value {
        let subject = if self.breaks == Breaks::GroupsOfAnother { "s-0" } else { self.person.subject };
        if matches!(self.breaks, Breaks::NoGroups | Breaks::Number(_)) {
            return json!({ "sub": subject });
        }
        json!({"sub": subject, "groups": self.person.groups})
    }
}
