//! The provider: found by its issuer, asked for a token, and its keys, as they change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::desk::access::Attested;
use crate::domain::timestamp::Timestamp;
use crate::http::escape::escape;
use crate::http::outside::{Asking, OutsideError};
use crate::http::sso::attempts::Attempt;
use crate::http::sso::form;
use crate::http::sso::keys::Keys;
use crate::http::sso::places::{Place, Places};
use crate::http::sso::settings::{Settings, SettingsError, is_safe};
use crate::http::sso::token::{self, Claims, Expected, TokenFault};
use crate::http::tls::certificates;

/// How long an answer of the provider may take.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// The longest answer of it that is read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// How long what it says of itself, and its keys, are taken for true.
const KNOWN_FOR: Duration = Duration::from_mins(10);
/// How often its keys are asked for because a token names one that is not known.
const UNKNOWN_EVERY: Duration = Duration::from_mins(1);
/// How long it is not asked again after it did not answer.
const DOWN_FOR: Duration = Duration::from_secs(5);
/// Why nobody was signed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SignOnError {
    /// As many are signed on as can be.
    Busy,
    /// The provider does not answer, or not as a provider does.
    Down(String),
    /// What it says does not let this one in.
    Refused(String),
}

/// What a provider says of itself (OpenID Connect Discovery, section 3).
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What it gives for a code.
#[derive(Deserialize)]
struct Given {
    id_token: String,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Denied {
    error: String,
}

/// What is known of it.
#[derive(Default)]
struct Known {
    metadata: Option<(Instant, Arc<Metadata>)>,
    keys: Option<(Instant, Arc<Keys>)>,
    /// When its keys were asked for because of one that was not known.
    unknown: Option<Instant>,
    /// When it did not answer, and what was said then.
    down: Option<(Instant, String)>,
}

/// The provider.
pub(super) struct Provider {
    settings: Settings,
    asking: Asking,
    known: Mutex<Known>,
    places: Places,
}

/// The provider, as it is asked for one who has a place.
pub(super) struct Ready<'a> {
    provider: &'a Provider,
    metadata: Arc<Metadata>,
    _place: Place<'a>,
}

impl Ready<'_> {
    /// Returns what the provider says of whom it sent back with a code.
    pub(super) fn attest(
        &self,
        code: &str,
        issuer: Option<&str>,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<Attested, SignOnError> {
        let Self { provider, metadata, .. } = self;
        // Whoever mixes two providers up is told by this (RFC 9207).
        let is_other = issuer.is_some_and(|issuer| issuer != provider.settings.issuer);
        if is_other || (issuer.is_none() && metadata.authorization_response_iss_parameter_supported) {
            return Err(SignOnError::Refused("another provider sent the browser back".to_owned()));
        }
        let given = provider.exchange(metadata, code, &attempt.verifier)?;
        let claims = provider.checked(metadata, &given.id_token, &attempt.nonce, now)?;
        provider.attested(metadata, &claims, given.access_token.as_deref())
    }
}

impl Provider {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let authority = settings.authority.as_deref().map(certificates).transpose();
        let authority = authority.map_err(SettingsError::Authority)?;
        let trusted: Option<Vec<Vec<u8>>> =
            authority.map(|all| all.iter().map(|certificate| certificate.to_vec()).collect());
        Ok(Self {
            settings: settings.clone(),
            asking: Asking::new(trusted.as_deref(), ANSWER_WAIT),
            known: Mutex::default(),
            places: Places::default(),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns where somebody goes to be signed on.
    pub(super) fn authorization_endpoint(&self, from: &str) -> Result<String, SignOnError> {
        let fresh = self.fresh_metadata();
        if let Some(metadata) = fresh {
            return Ok(metadata.authorization_endpoint.clone());
        }
        Ok(self.ready(from)?.metadata.authorization_endpoint.clone())
    }

    /// Takes a place for one who comes from there, and has the provider at hand.
    pub(super) fn ready(&self, from: &str) -> Result<Ready<'_>, SignOnError> {
        let place = self.places.take(from).ok_or(SignOnError::Busy)?;
        Ok(Ready { provider: self, metadata: self.metadata()?, _place: place })
    }

    fn fresh_metadata(&self) -> Option<Arc<Metadata>> {
        let known = self.known();
        let (since, metadata) = known.metadata.as_ref()?;
        (since.elapsed() < KNOWN_FOR).then(|| Arc::clone(metadata))
    }

    fn metadata(&self) -> Result<Arc<Metadata>, SignOnError> {
        if let Some(metadata) = self.fresh_metadata() {
            return Ok(metadata);
        }
        if let Some((since, why)) = &self.known().down
            && since.elapsed() < DOWN_FOR
        {
            return Err(SignOnError::Down(why.clone()));
        }
        match self.discover() {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                let mut known = self.known();
                known.metadata = Some((Instant::now(), Arc::clone(&metadata)));
                known.down = None;
                Ok(metadata)
            }
            Err(why) => {
                self.known().down = Some((Instant::now(), why.clone()));
                Err(SignOnError::Down(why))
            }
        }
    }

    /// Asks the provider what it is.
    fn discover(&self) -> Result<Metadata, String> {
        let issuer = &self.settings.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = self.get(&url, None)?;
        if metadata.issuer != *issuer {
            return Err(format!(
                "the provider at {issuer} calls itself {}; `--sso-issuer` is what it calls itself",
                metadata.issuer.escape_debug()
            ));
        }
        let endpoints = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        for address in endpoints.into_iter().chain(&metadata.userinfo_endpoint) {
            is_safe(address, "of a provider").map_err(|error| error.to_string())?;
        }
        let methods = &metadata.code_challenge_methods_supported;
        if methods.as_ref().is_some_and(|methods| methods.iter().all(|method| method != "S256")) {
            return Err(format!("{issuer} has no PKCE with S256"));
        }
        Ok(metadata)
    }

    fn get<T: DeserializeOwned>(&self, url: &str, bearer: Option<&str>) -> Result<T, String> {
        let (status, body) = self.asking.get(url, bearer, ANSWER_BYTES_MAX).map_err(|error| said(&error))?;
        if status != 200 {
            return Err(format!("{url} answers {status}"));
        }
        serde_json::from_slice(&body)
            .map_err(|error| format!("the answer of {url} is not understood: {error}"))
    }

    /// Gives a code for what it stands for.
    fn exchange(&self, metadata: &Metadata, code: &str, verifier: &str) -> Result<Given, SignOnError> {
        let settings = &self.settings;
        let mut parameters = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", settings.redirect.as_str()),
            ("code_verifier", verifier),
        ];
        let mut authorization = None;
        let ways = metadata.token_endpoint_auth_methods_supported.as_deref();
        let takes = |way: &str| ways.is_some_and(|ways| ways.iter().any(|known| known == way));
        match &settings.secret {
            None => parameters.push(("client_id", settings.client.as_str())),
            // What it takes where it says nothing of it.
            Some(secret) if ways.is_none() || takes("client_secret_basic") => {
                let pair = format!("{}:{}", escape(&settings.client), escape(secret));
                authorization = Some(format!("Basic {}", STANDARD.encode(pair)));
            }
            Some(secret) if takes("client_secret_post") => {
                parameters.extend([("client_id", settings.client.as_str()), ("client_secret", secret)]);
            }
            Some(_) => {
                let words = "it knows servers neither by client_secret_basic nor by client_secret_post";
                return Err(SignOnError::Down(words.to_owned()));
            }
        }
        let url = &metadata.token_endpoint;
        let answer =
            self.asking.post_form(url, authorization.as_deref(), &form(&parameters), ANSWER_BYTES_MAX);
        let (status, body) = answer.map_err(|error| SignOnError::Down(said(&error)))?;
        if status == 200 {
            return serde_json::from_slice(&body).map_err(|error| {
                SignOnError::Down(format!("the answer of {url} is not understood: {error}"))
            });
        }
        let Ok(Denied { error }) = serde_json::from_slice(&body) else {
            return Err(SignOnError::Down(format!("{url} answers {status}")));
        };
        if error == "invalid_grant" {
            return Err(SignOnError::Refused("it does not know the code, or not any more".to_owned()));
        }
        let word: String = error.chars().filter(char::is_ascii_graphic).take(40).collect();
        let means = denied(&error).map(|means| format!(": {means}")).unwrap_or_default();
        Err(SignOnError::Down(format!("{url} answers {status}, {word}{means}")))
    }

    /// Checks a token, under the keys of today.
    fn checked(
        &self,
        metadata: &Metadata,
        token: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Claims, SignOnError> {
        let Settings { issuer, client, .. } = &self.settings;
        let expected = Expected { issuer, client, nonce, now };
        let fault = match token::check(token, self.keys(metadata)?.as_ref(), &expected) {
            Ok(claims) => return Ok(claims),
            Err(fault) => fault,
        };
        let unknown = SignOnError::Refused("it is signed with a key that is not known to be its".to_owned());
        let fault = match fault {
            TokenFault::UnknownKey if self.may_look_again() => {
                let keys = self.fetch_keys(metadata)?;
                // Where they were not given, they are asked for again.
                self.known().unknown = Some(Instant::now());
                match token::check(token, keys.as_ref(), &expected) {
                    Ok(claims) => return Ok(claims),
                    Err(fault) => fault,
                }
            }
            fault @ (TokenFault::UnknownKey | TokenFault::Wrong(_)) => fault,
        };
        match fault {
            TokenFault::UnknownKey => Err(unknown),
            TokenFault::Wrong(why) => Err(SignOnError::Refused(why)),
        }
    }

    /// Tells whether the keys may be asked for once more because of one that is not known.
    fn may_look_again(&self) -> bool {
        self.known().unknown.is_none_or(|last| last.elapsed() >= UNKNOWN_EVERY)
    }

    fn keys(&self, metadata: &Metadata) -> Result<Arc<Keys>, SignOnError> {
        if let Some((since, keys)) = &self.known().keys
            && since.elapsed() < KNOWN_FOR
        {
            return Ok(Arc::clone(keys));
        }
        self.fetch_keys(metadata)
    }

    fn fetch_keys(&self, metadata: &Metadata) -> Result<Arc<Keys>, SignOnError> {
        let url = &metadata.jwks_uri;
        let (status, body) =
            self.asking.get(url, None, ANSWER_BYTES_MAX).map_err(|error| SignOnError::Down(said(&error)))?;
        if status != 200 {
            return Err(SignOnError::Down(format!("{url} answers {status}")));
        }
        let keys = Arc::new(Keys::read(&body).map_err(SignOnError::Down)?);
        self.known().keys = Some((Instant::now(), Arc::clone(&keys)));
        Ok(keys)
    }

    /// Reads who it is, and in which groups; where the token says nothing of groups, the provider is asked.
    fn attested(
        &self,
        metadata: &Metadata,
        claims: &Claims,
        access: Option<&str>,
    ) -> Result<Attested, SignOnError> {
        let Settings { issuer, name_claim, groups_claim, .. } = &self.settings;
        let subject = claims.subject().unwrap_or_default();
        let mut more = None;
        let lacks = claims.texts(groups_claim).is_none() || claims.text(name_claim).is_none();
        if let (true, Some(url), Some(access)) = (lacks, &metadata.userinfo_endpoint, access) {
            let told: Claims = self.get(url, Some(access)).map(Claims).map_err(SignOnError::Down)?;
            // Else it may be about anybody (OpenID Connect Core, 5.3.2).
            if told.subject() != Some(subject) {
                return Err(SignOnError::Refused("what it tells is about somebody else".to_owned()));
            }
            more = Some(told);
        }
        let sources = || [Some(claims), more.as_ref()].into_iter().flatten();
        let name = sources().find_map(|claims| claims.text(name_claim));
        let name = name.map(str::trim).filter(|name| !name.is_empty()).ok_or_else(|| {
            SignOnError::Refused(format!("it does not say how they are called (`{name_claim}`)"))
        })?;
        let groups = sources().find_map(|claims| claims.texts(groups_claim));
        if groups.is_none() && sources().any(|claims| claims.says(groups_claim)) {
            let why = format!("in which groups they are is not understood (`{groups_claim}`)");
            return Err(SignOnError::Refused(why));
        }
        Ok(Attested { issuer: issuer.clone(), subject: subject.to_owned(), name: name.to_owned(), groups })
    }
}

/// Returns what a provider means that gives nothing for a code (RFC 6749, 5.2), where it is for whoever keeps this server
/// to mend.
fn denied(error: &str) -> Option<&'static str> {
    match error {
        "invalid_client" => Some("it does not know this server; look at --sso-client and --sso-secret-file"),
        "unauthorized_client" => {
            Some("it does not let this server sign people on; allow it the code flow there")
        }
        "unsupported_grant_type" => Some("it gives nothing for a code; allow the code flow there"),
        "invalid_request" => {
            Some("it does not understand this server; look at --sso-redirect, and at what the provider logs")
        }
        "invalid_scope" => Some("it does not give what is asked for; look at --sso-scope"),
        _ => None,
    }
}

/// Says why somebody does not answer, with what is behind it.
fn said(error: &OutsideError) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}
