//! Single sign-on: a provider of OpenID Connect tells who someone is and in which groups, and the desk what they may.
//!
//! The code flow with PKCE. What a login half way is about stays in memory, for the browser in which it began and for
//! ten minutes; a server that was started again knows none, and it begins anew.

mod attempts;
mod keys;
mod page;
mod places;
mod provider;
mod settings;
mod signature;
mod terminals;
mod token;

use std::fmt;

pub(super) use page::{Shows, SignOnPage, page};
pub use settings::{Settings, SettingsError};
pub(crate) use terminals::{WRONG_MAX, called, challenge_of};

use crate::desk::access::{AccessError, Arrived, Attested, LoggedIn, Visitor};
use crate::http::escape::escape;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::sso::attempts::{Attempt, Attempts};
use crate::http::sso::provider::{Provider, SignOnError};
use crate::http::sso::terminals::Terminals;

/// How long a browser keeps what tells that a login began in it, in seconds; the desk keeps no login longer.
pub(super) const ATTEMPT_SECONDS: i64 = 10 * 60;

/// The single sign-on of a server.
pub struct SignOn {
    settings: Settings,
    provider: Provider,
    attempts: Attempts,
    terminals: Terminals,
}

impl fmt::Debug for SignOn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SignOn").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A login that began: where the browser goes, and what it keeps.
pub(super) struct Begun {
    pub(super) location: String,
    pub(super) browser: String,
}

/// What a provider sent a browser back with.
#[derive(Debug, Clone, Default, PartialEq, Eq, schemars::JsonSchema)]
pub(super) struct Returned {
    /// Which login it is.
    pub(super) state: Option<String>,
    /// What the server gives the provider for a token.
    pub(super) code: Option<String>,
    /// Why nobody was signed on.
    pub(super) error: Option<String>,
    /// Who sends the browser back.
    #[schemars(rename = "iss")]
    pub(super) issuer: Option<String>,
}

/// What a login came to.
pub(super) enum Finished {
    /// The browser has a session.
    Browser(Box<LoggedIn>),
    /// A terminal gets one, with the code that the browser shows.
    Terminal { arrived: Arrived, terminal: String, code: String },
}

impl SignOn {
    /// Returns the single sign-on of these settings; nobody is asked yet.
    ///
    /// # Errors
    ///
    /// Returns [`SettingsError`] where the file of the authority is none.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let provider = Provider::new(&settings)?;
        Ok(Self { settings, provider, attempts: Attempts::default(), terminals: Terminals::default() })
    }

    /// Returns what was set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Begins a login, for the terminal that is named or for the browser itself.
    pub(super) fn begin(
        &self,
        visitor: &Visitor,
        terminal: Option<String>,
        from: &str,
    ) -> Result<Begun, Problem> {
        if terminal.as_deref().is_some_and(|terminal| !terminals::is_challenge(terminal)) {
            let detail = "names no terminal; `demarche login --sso` says the whole address";
            return Err(Problem::malformed(vec![crate::desk::error::Fault::in_field("terminal", detail)]));
        }
        let endpoint =
            self.provider.authorization_endpoint(from).map_err(|error| refused(visitor, from, error))?;
        let draw = || Visitor::draw().map_err(Problem::from);
        let (state, nonce, verifier, browser) = (draw()?, draw()?, draw()?, draw()?);
        let challenge = token::url64(&signature::sha256(verifier.as_bytes()));
        let (settings, scope) = (&self.settings, self.settings.scope());
        let parameters = [
            ("response_type", "code"),
            ("client_id", settings.client.as_str()),
            ("redirect_uri", settings.redirect.as_str()),
            ("scope", scope.as_str()),
            ("state", state.as_str()),
            ("nonce", nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let query = form(&parameters);
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        let attempt = Attempt::new(nonce, verifier, terminal, &browser, from, visitor.now());
        self.attempts.begin(state, attempt);
        Ok(Begun { location: format!("{endpoint}{joint}{query}"), browser })
    }

    /// Takes somebody in whom the provider sent back.
    pub(super) fn finish(
        &self,
        visitor: &Visitor,
        returned: &Returned,
        browser: Option<&str>,
        from: &str,
    ) -> Result<Finished, Problem> {
        if let Some(error) = &returned.error {
            self.end(visitor, returned, browser, from)?;
            let word: String = error
                .chars()
                .filter(|letter| letter.is_ascii_lowercase() || *letter == '_')
                .take(40)
                .collect();
            return Err(self.again(visitor, from, &format!("the provider signs nobody on: {word}")));
        }
        // Before the login is used up: where nobody can be asked now, it goes on.
        let provider = self.provider.ready(from).map_err(|error| refused(visitor, from, error))?;
        let attempt = self.end(visitor, returned, browser, from)?;
        let Some(code) = returned.code.as_deref().filter(|code| !code.is_empty()) else {
            return Err(self.again(visitor, from, "the provider sent no code"));
        };
        let attested = provider
            .attest(code, returned.issuer.as_deref(), &attempt, visitor.now())
            .map_err(|error| refused(visitor, from, error))?;
        drop(provider);
        self.take_in(visitor, &attested, attempt, from)
    }

    /// Ends the login that began in a browser, and returns it.
    fn end(
        &self,
        visitor: &Visitor,
        returned: &Returned,
        browser: Option<&str>,
        from: &str,
    ) -> Result<Attempt, Problem> {
        let begun = returned.state.as_deref().zip(browser);
        let attempt = begun.and_then(|(state, browser)| self.attempts.take(state, browser, visitor.now()));
        let words =
            "this login did not begin in this browser, or more than ten minutes ago, or is over already";
        attempt.ok_or_else(|| self.again(visitor, from, words))
    }

    fn take_in(
        &self,
        visitor: &Visitor,
        attested: &Attested,
        attempt: Attempt,
        from: &str,
    ) -> Result<Finished, Problem> {
        let arrived = visitor.take_in(attested, &self.settings.groups).map_err(|error| {
            if matches!(error, AccessError::Forbidden { .. }) {
                // Nor does a terminal that waits let them in.
                self.terminals.forget(|arrived| arrived.is(attested));
            }
            visitor.refused_sign_on();
            let claim = &self.settings.groups_claim;
            let untold =
                attested.groups.is_none().then(|| format!(": nothing is said of groups (`{claim}`)"));
            let untold = untold.unwrap_or_default();
            tracing::warn!(from, "somebody whom the provider signed on was not let in{untold}");
            let mut problem = Problem::from(error);
            problem.detail.push_str(&untold);
            problem
        })?;
        let Some(terminal) = attempt.terminal else {
            return Ok(Finished::Browser(Box::new(visitor.let_in(&arrived)?)));
        };
        let code = Visitor::draw_code()?;
        self.terminals.wait(&terminal, &code, arrived.clone(), visitor.now());
        Ok(Finished::Terminal { arrived, terminal, code })
    }

    /// Lets the terminal in that has a secret, and the code that the browser showed.
    pub(super) fn let_in(
        &self,
        visitor: &Visitor,
        secret: &str,
        code: &str,
        from: &str,
    ) -> Result<LoggedIn, Problem> {
        if let Some(arrived) = self.terminals.redeem(&challenge_of(secret), code, visitor.now()) {
            return Ok(visitor.let_in(&arrived)?);
        }
        visitor.refused_sign_on();
        tracing::warn!(from, "a code for a terminal was refused");
        let detail =
            "the code is wrong, or more than five minutes old, or nobody was signed on for this terminal";
        Err(Problem::new(ProblemKind::Unauthenticated, detail))
    }

    /// Returns why somebody must begin again, and where.
    fn again(&self, visitor: &Visitor, from: &str, detail: &str) -> Problem {
        visitor.refused_sign_on();
        tracing::warn!(from, "a sign-on was refused: {detail}");
        let hint = format!("begin again at {}", self.settings.begins_at());
        Problem::new(ProblemKind::Unauthenticated, detail).hinting([hint])
    }
}

/// Returns why somebody was not signed on, and tells the log of the server.
fn refused(visitor: &Visitor, from: &str, error: SignOnError) -> Problem {
    let passwords = "whoever has a password or a token comes in as always";
    match error {
        SignOnError::Busy => Problem {
            retry_after: Some(2),
            ..Problem::new(ProblemKind::TooOften, "as many are signed on as can be at once")
        },
        SignOnError::Down(why) => {
            tracing::error!("the provider of the single sign-on does not do its part: {why}");
            Problem::new(ProblemKind::NoProvider, format!("nobody can be signed on now: {why}"))
                .hinting([passwords.to_owned()])
        }
        SignOnError::Refused(why) => {
            visitor.refused_sign_on();
            tracing::warn!(from, "a sign-on was refused: {why}");
            Problem::new(ProblemKind::Unauthenticated, format!("the provider's word does not stand: {why}"))
        }
    }
}

/// Writes parameters as a form does.
fn form(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}
