//! What is set of a single sign-on, checked before anybody is asked.

use std::fmt;
use std::path::PathBuf;

use axum::http::Uri;

use crate::desk::access::Groups;
use crate::http::site::{host_of, is_loopback};
use crate::http::tls::TlsError;

/// The path at which a provider sends browsers back.
const CALLBACK: &str = "/v1/sso/callback";

/// What is set of a single sign-on.
#[derive(Clone)]
pub struct Settings {
    /// The provider, exactly as it names itself.
    pub issuer: String,
    /// How it knows this server.
    pub client: String,
    /// By what it knows it; none for one that it asks nothing of but PKCE.
    pub secret: Option<String>,
    /// Where it sends browsers back: an address of this server.
    pub redirect: String,
    /// What is asked for beside `openid` and `profile`.
    pub scopes: Vec<String>,
    /// The claim that says how somebody is called.
    pub name_claim: String,
    /// The claim that says in which groups they are.
    pub groups_claim: String,
    /// What the groups may.
    pub groups: Groups,
    /// The authority that signed the provider's certificate; those whom browsers trust without it.
    pub authority: Option<PathBuf>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not by what the provider knows this server.
        formatter.debug_struct("Settings").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Why a single sign-on is not set up.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// An address is none, or one at which others could listen in.
    #[error("`{address}` is no address {what}: {right}")]
    Address {
        /// What was set.
        address: String,
        /// For what.
        what: &'static str,
        /// What would be right.
        right: String,
    },
    /// What must be a word is none.
    #[error("`{said}` is no {what}")]
    Word {
        /// What was set.
        said: String,
        /// What it should be.
        what: &'static str,
        /// By which flag.
        flag: &'static str,
    },
    /// A group is named twice.
    #[error("the group `{0}` is named twice, and what it may is said once")]
    Twice(String),
    /// Nobody would be let in.
    #[error("no group is named that lets anybody in")]
    NoGroups,
    /// The file of the authority is none.
    #[error("the authority of the provider cannot be read")]
    Authority(#[source] TlsError),
}

impl Settings {
    /// Checks what can be checked without asking anybody.
    ///
    /// # Errors
    ///
    /// Returns [`SettingsError`] with what is not right.
    pub fn check(&self) -> Result<(), SettingsError> {
        is_safe(&self.issuer, "of a provider")?;
        is_safe(&self.redirect, "to come back to")?;
        if !self.redirect.ends_with(CALLBACK) {
            return Err(SettingsError::Address {
                address: self.redirect.clone(),
                what: "to come back to",
                right: format!("it ends in {CALLBACK}"),
            });
        }
        is_word(&self.client, "name of this server at a provider", "--sso-client")?;
        is_word(&self.name_claim, "claim", "--sso-name-claim")?;
        is_word(&self.groups_claim, "claim", "--sso-groups-claim")?;
        self.scopes.iter().try_for_each(|scope| is_word(scope, "scope", "--sso-scope"))?;
        if let Some(group) = self.groups.named_twice() {
            return Err(SettingsError::Twice(group.to_owned()));
        }
        if self.groups.0.is_empty() { Err(SettingsError::NoGroups) } else { Ok(()) }
    }

    /// Returns where somebody begins who comes with a browser.
    pub(super) fn begins_at(&self) -> &str {
        self.redirect.strip_suffix("/callback").unwrap_or(&self.redirect)
    }

    /// Returns what the provider is asked to tell.
    pub(super) fn scope(&self) -> String {
        let more = self.scopes.iter().map(String::as_str);
        ["openid", "profile"].into_iter().chain(more).collect::<Vec<_>>().join(" ")
    }
}

/// Checks that something is written, without anything that parts words.
fn is_word(said: &str, what: &'static str, flag: &'static str) -> Result<(), SettingsError> {
    if said.is_empty() || said.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        return Err(SettingsError::Word { said: said.escape_debug().to_string(), what, flag });
    }
    Ok(())
}

/// Checks that nobody on the way to an address can listen in: it is one of TLS, or of this machine.
pub(super) fn is_safe(address: &str, what: &'static str) -> Result<(), SettingsError> {
    let refuse = |right: &str| {
        Err(SettingsError::Address { address: address.to_owned(), what, right: right.to_owned() })
    };
    let Ok(uri) = address.parse::<Uri>() else { return refuse("write https://HOST/PATH") };
    let authority = uri.authority().map(axum::http::uri::Authority::as_str).unwrap_or_default();
    let Some(host) = host_of(authority).filter(|_| !authority.contains('@')) else {
        return refuse("write https://HOST/PATH, without a name or a password");
    };
    match uri.scheme_str() {
        _ if address.contains('#') => refuse("an address that is asked has nothing behind `#`"),
        Some("https") => Ok(()),
        Some("http") if is_loopback(host) => Ok(()),
        Some(_) | None => refuse("write https; http is for this machine"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(issuer: &str, redirect: &str) -> Settings {
        Settings {
            issuer: issuer.to_owned(),
            client: "desk".to_owned(),
            secret: Some("the secret".to_owned()),
            redirect: redirect.to_owned(),
            scopes: vec!["groups".to_owned()],
            name_claim: "preferred_username".to_owned(),
            groups_claim: "groups".to_owned(),
            groups: Groups(vec!["desk=reader,TLP:RED".parse().unwrap()]),
            authority: None,
        }
    }

    #[test]
    fn nobody_listens_in_on_the_way_and_browsers_come_back_to_the_desk() {
        let check = |issuer: &str, redirect: &str| settings(issuer, redirect).check();
        let back = "https://desk.example/v1/sso/callback";
        check("https://login.example/realms/desk", back).unwrap();
        check("http://127.0.0.1:8080", "http://localhost:7733/v1/sso/callback").unwrap();
        for issuer in [
            "",
            "login.example",
            "http://login.example",
            "https://a:b@login.example",
            "https://login.example#x",
            "ftp://localhost",
        ] {
            assert!(matches!(check(issuer, back), Err(SettingsError::Address { .. })), "{issuer}");
        }
        for redirect in ["https://desk.example/", "http://desk.example/v1/sso/callback", "/v1/sso/callback"] {
            assert!(check("https://login.example", redirect).is_err(), "{redirect}");
        }
        let good = || settings("https://login.example", back);
        for wrong in ["", " ", "a b", "a\n"] {
            let said = || wrong.to_owned();
            for of in [
                Settings { client: said(), ..good() },
                Settings { name_claim: said(), ..good() },
                Settings { groups_claim: said(), ..good() },
                Settings { scopes: vec![said()], ..good() },
            ] {
                assert!(matches!(of.check(), Err(SettingsError::Word { .. })), "{wrong:?}");
            }
        }
        let rules = ["desk=reader,TLP:RED", "cn=x=reader,TLP:RED", "desk=auditor,TLP:RED"];
        let twice = Groups(rules.iter().map(|rule| rule.parse().unwrap()).collect());
        let twice = Settings { groups: twice, ..good() }.check();
        assert!(matches!(&twice, Err(SettingsError::Twice(group)) if group == "desk"), "{twice:?}");
        let nobody = Settings { groups: Groups::default(), ..settings("https://login.example", back) };
        assert!(matches!(nobody.check(), Err(SettingsError::NoGroups)));
        assert_eq!(nobody.begins_at(), "https://desk.example/v1/sso");
        assert_eq!(nobody.scope(), "openid profile groups");
        assert!(!format!("{nobody:?}").contains("the secret"));
    }
}
