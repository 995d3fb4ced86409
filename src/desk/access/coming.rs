//! How someone shows who they are: with a password once, then with a session; with a token; or by owning the
//! directory.

use serde::{Deserialize, Serialize};

use crate::desk::access::{AccessError, Door, Entrance, Grants, Means, Principal, Who};
use crate::desk::accounts::{Account, AccountState, Tries, Whence, Working, check_password, name_of_token};
use crate::desk::answer::Answer;
use crate::desk::ask::{Caller, When};
use crate::desk::error::DeskError;
use crate::desk::keys::password::{drawn_secret, fingerprint};
use crate::domain::fact::account::Role;
use crate::domain::name::fold;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;

/// With what the secret of a session begins.
const SESSION: &str = "des_";
/// With what begins what tells from where someone came in before.
const DEVICE: &str = "ded_";

/// Tells whether a secret is, or was, that of a session and not a token.
pub(crate) fn is_session(secret: &str) -> bool {
    secret.starts_with(SESSION)
}

/// Who comes in, with which password.
#[derive(Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginAsk {
    /// The name of the account.
    pub(crate) account: String,
    /// The password.
    pub(crate) password: String,
    /// Give the session in the answer, for a program; else in a cookie that no page can read.
    #[serde(default)]
    pub(crate) bearer: bool,
    /// What an earlier answer gave, so that a flood of wrong passwords keeps nobody waiting who came in before.
    #[serde(default)]
    pub(crate) device: Option<String>,
}

/// What someone shows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown<'s> {
    /// Nothing.
    Nothing,
    /// A token, or the secret of a session.
    Secret(&'s str),
    /// The word of a proxy that is trusted to know them: the name of an account.
    Named(&'s str),
}

/// Someone who came in just now.
pub(crate) struct LoggedIn {
    /// Who they are, and until when.
    pub(crate) answer: Answer<WhoRow>,
    /// The secret of the session.
    pub(crate) session: String,
    /// What tells from where they came in, for the next time; none where it was told already.
    pub(crate) device: Option<String>,
}

/// Who asks, and what they may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub(crate) struct WhoRow {
    /// The account; none for whoever owns the directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// As what they come in: with a token that may do less than the account, what both may; none for whoever owns the
    /// directory, who may do everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
    /// The most restricted marking that they may read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) clearance: Option<String>,
    /// The compartments of which they may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) compartments: Vec<String>,
    /// How they showed who they are: `directory`, `session`, `token` or `proxy`.
    pub(crate) by: String,
    /// Until when at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Timestamp>,
    /// Whether the password must be changed before anything else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) must_change: bool,
    /// The secret of the session, where a program asked for it: shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<String>,
    /// What to send with the next login from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<String>,
}

impl Door {
    /// Tells who asks: whom what they show says, or, of the owner of the directory who shows nothing, the name
    /// that they gave.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::Unknown`] for whoever shows nothing where something must be shown, and for what
    /// opens nothing: it is never said why not.
    pub(crate) fn admits(
        &self,
        entrance: Entrance,
        shown: Shown<'_>,
        named: Caller,
    ) -> Result<Principal, AccessError> {
        match (shown, entrance) {
            (Shown::Secret(secret), _) => self.known_by(secret, named),
            (Shown::Named(name), _) => self.named_by_proxy(name, named.tz),
            (Shown::Nothing, Entrance::Port) if self.is_guarded() => {
                Err(AccessError::Unknown("come in first: this desk has accounts".to_owned()))
            }
            (Shown::Nothing, Entrance::Port | Entrance::Directory) => {
                Ok(Principal { who: Who::Owner, grants: Grants::EVERYTHING, caller: named })
            }
        }
    }

    /// Tells whether the accounts and their tokens are in memory as they are now, so that nobody waits to be told who
    /// shows a token.
    pub(crate) fn is_at_hand(&self) -> bool {
        self.desk.people.kept.is_at_hand() && self.desk.accounts_are_at_hand()
    }

    /// Returns whom a secret makes known.
    fn known_by(&self, secret: &str, named: Caller) -> Result<Principal, AccessError> {
        let desk = &self.desk;
        let nobody = || AccessError::Unknown("what was shown opens nothing; come in again".to_owned());
        let (now, hash) = ((desk.clock)(), fingerprint(secret));
        let means = if is_session(secret) {
            desk.sessions().used(&hash, now).ok_or_else(nobody)?;
            Means::Session(hash)
        } else {
            let name = name_of_token(secret).ok_or_else(nobody)?;
            let kept = desk.people.kept.look(|secrets| secrets.tokens.get(name).cloned())?;
            kept.filter(|kept| kept.hash == hash).ok_or_else(nobody)?;
            Means::Token(name.to_owned())
        };
        self.known_with(means, named.tz)
    }

    /// Tells of somebody who was admitted before, and goes on with what they asked then, who they are now.
    ///
    /// That they go on is no use of their session: one in which nothing else is asked ends.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::Unknown`] when what they showed opens nothing any more.
    pub(crate) fn once_more(&self, entrance: Entrance, who: &Principal) -> Result<Principal, AccessError> {
        match &who.who {
            Who::Account { means, .. } => self.known_with(means.clone(), who.caller.tz.clone()),
            // Accounts may have been opened meanwhile.
            Who::Owner => self.admits(entrance, Shown::Nothing, who.caller.clone()),
            Who::Stranger => Ok(who.clone()),
        }
    }

    /// Returns whom a session or a token makes known, as long as it lasts and their account is open.
    pub(super) fn known_with(&self, means: Means, tz: Option<String>) -> Result<Principal, AccessError> {
        let desk = &self.desk;
        let nobody = || AccessError::Unknown("what was shown opens nothing; come in again".to_owned());
        let (now, accounts) = ((desk.clock)(), desk.accounts()?);
        let (id, limit) = match &means {
            Means::Session(hash) => {
                let session = desk.sessions().living(hash, now).ok_or_else(nobody)?;
                let account = accounts.get(session.account).ok_or_else(nobody)?;
                if !account.counts(&session.password) || session.told < account.sessions_from {
                    return Err(nobody());
                }
                (session.account, Grants::EVERYTHING)
            }
            Means::Token(name) => {
                let kept = desk.people.kept.look(|secrets| secrets.tokens.get(name).cloned())?;
                let kept = kept.ok_or_else(nobody)?;
                let account = accounts.get(kept.account).ok_or_else(nobody)?;
                let token = account.tokens.get(name).filter(|token| !token.revoked && now < token.expires);
                (kept.account, Grants::of(token.ok_or_else(nobody)?.role))
            }
            Means::Proxy(id) => (*id, Grants::EVERYTHING),
        };
        let account = accounts.get(id).filter(|account| account.state == AccountState::Active);
        Ok(principal(account.ok_or_else(nobody)?, means, limit, tz))
    }

    /// Lets someone in with a password.
    ///
    /// A name that nobody has costs as much as a wrong password, and is answered the same.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::Unknown`] for a wrong password, and [`AccessError::Wait`] while none may be tried;
    /// then it was not.
    pub(in crate::desk) fn log_in(&self, ask: &LoginAsk, from: &str) -> Result<LoggedIn, AccessError> {
        let desk = &self.desk;
        let (now, accounts) = ((desk.clock)(), desk.accounts()?);
        let account = accounts.named(&ask.account);
        let device = self.known_device(account, ask.device.as_deref())?;
        let (tries, working) = self.begin(&ask.account, from, device.as_deref(), now)?;
        let is_right = check_password(&desk.people.kept, account, &ask.password, now)?;
        let account = account.filter(|account| is_right && account.state == AccountState::Active);
        drop(working);
        let Some((account, password)) = account.and_then(|known| Some((known, known.password.as_ref()?)))
        else {
            desk.people.attempts.refused();
            tracing::warn!(from, "a login was refused");
            return Err(AccessError::Unknown("the name or the password is wrong".to_owned()));
        };
        desk.people.attempts.right(&tries);
        let begun = self.begin_session(account, &password.name, accounts.told())?;
        let device = match device {
            Some(_) => None,
            None => Some(self.new_device(account)?),
        };
        Ok(LoggedIn { device, ..begun })
    }

    /// Takes a place among those whose password is worked on.
    fn begin(
        &self,
        name: &str,
        from: &str,
        device: Option<&str>,
        now: Timestamp,
    ) -> Result<(Tries, Working<'_>), AccessError> {
        let from = match device {
            Some(device) => Whence::Known(fingerprint(device).to_string()),
            None => Whence::address(from),
        };
        // Of a name that is longer than any account's, the beginning.
        let tries = Tries { name: fold(name).chars().take(100).collect(), from };
        match self.desk.people.attempts.begin(&tries, now) {
            Ok(working) => Ok((tries, working)),
            Err(seconds) => Err(AccessError::Wait(seconds)),
        }
    }

    /// Returns what was shown, where it tells from where the account came in before.
    fn known_device(
        &self,
        account: Option<&Account>,
        shown: Option<&str>,
    ) -> Result<Option<String>, DeskError> {
        let (Some(account), Some(shown)) = (account, shown.filter(|shown| shown.starts_with(DEVICE))) else {
            return Ok(None);
        };
        let hash = fingerprint(shown);
        let known = self.desk.people.kept.look(|secrets| {
            secrets.devices.get(&account.id).is_some_and(|devices| devices.contains(&hash))
        })?;
        Ok(known.then(|| shown.to_owned()))
    }

    fn new_device(&self, account: &Account) -> Result<String, DeskError> {
        let device = drawn_secret(DEVICE).map_err(|error| unavailable(&error))?;
        let hash = fingerprint(&device);
        self.desk.people.kept.change(|secrets| secrets.remember(account.id, hash))?;
        Ok(device)
    }

    /// Tries the password of an account again, for what needs it twice.
    pub(in crate::desk) fn confirm(
        &self,
        who: &Principal,
        from: &str,
        password: &str,
    ) -> Result<Account, AccessError> {
        let desk = &self.desk;
        let now = (desk.clock)();
        let account = self.account_of(who)?;
        if account.bound.is_some() {
            return Err(AccessError::Forbidden {
                rule: format!("{} comes in by single sign-on, and has no password", account.name),
                hint: "change the password at the provider".to_owned(),
            });
        }
        let (tries, working) = self.begin(&account.name, from, None, now)?;
        let is_right = check_password(&desk.people.kept, Some(&account), password, now)?;
        drop(working);
        if !is_right {
            desk.people.attempts.refused();
            tracing::warn!(from, "a change of a password was refused");
            return Err(AccessError::Forbidden {
                rule: "the old password is wrong".to_owned(),
                hint: "an administrator can give you another one-time password".to_owned(),
            });
        }
        desk.people.attempts.right(&tries);
        Ok(account)
    }

    /// Returns the account of whoever asks, as it stands now.
    pub(in crate::desk) fn account_of(&self, who: &Principal) -> Result<Account, AccessError> {
        let Who::Account { id, .. } = &who.who else {
            return Err(AccessError::Forbidden {
                rule: "whoever owns the directory has no account, and so no password and no token".to_owned(),
                hint: "come in with the password or a token of an account".to_owned(),
            });
        };
        let accounts = self.desk.accounts()?;
        let account = accounts.get(*id).cloned();
        account.ok_or_else(|| AccessError::Unknown("the account is closed".to_owned()))
    }

    /// Returns who someone is, and what they may.
    pub(in crate::desk) fn who(&self, who: &Principal) -> Result<Answer<WhoRow>, DeskError> {
        let known = self.desk.known(&When::default())?;
        let row = match &who.who {
            Who::Stranger => WhoRow { by: "nothing".to_owned(), ..WhoRow::nobody() },
            Who::Owner => WhoRow { by: "directory".to_owned(), ..WhoRow::nobody() },
            Who::Account { permitted, must_change, means, .. } => {
                let (by, until) = match means {
                    Means::Session(hash) => {
                        let session = self.desk.sessions().used(hash, (self.desk.clock)());
                        ("session", session.map(|session| session.ends()))
                    }
                    Means::Token(name) => {
                        let accounts = self.desk.accounts()?;
                        let account = accounts.named(&who.caller.actor);
                        ("token", account.and_then(|account| Some(account.tokens.get(name)?.expires)))
                    }
                    Means::Proxy(_) => ("proxy", None),
                };
                WhoRow {
                    account: Some(who.caller.actor.clone()),
                    // Not that of the account, where a token does less.
                    role: who.grants.role(),
                    clearance: Some(permitted.clearance.0.clone()),
                    compartments: permitted.compartments.clone(),
                    by: by.to_owned(),
                    until,
                    must_change: *must_change,
                    ..WhoRow::nobody()
                }
            }
        };
        Ok(known.answer(row))
    }
}

impl WhoRow {
    fn nobody() -> Self {
        Self {
            account: None,
            role: None,
            clearance: None,
            compartments: Vec::new(),
            by: String::new(),
            until: None,
            must_change: false,
            session: None,
            device: None,
        }
    }
}

pub(super) fn principal(account: &Account, means: Means, limit: Grants, tz: Option<String>) -> Principal {
    let must_change = account.password.as_ref().is_some_and(|password| password.one_time)
        && matches!(means, Means::Session(_));
    Principal {
        grants: Grants::of(account.permitted.role).and(limit),
        who: Who::Account { id: account.id, permitted: account.permitted.clone(), must_change, means },
        caller: Caller { actor: account.name.clone(), tz },
    }
}

/// Draws the secret of a session, and returns it with what it is known by.
pub(super) fn new_session() -> Result<(String, HexHash), DeskError> {
    let session = drawn_secret(SESSION).map_err(|error| unavailable(&error))?;
    let hash = fingerprint(&session);
    Ok((session, hash))
}

pub(super) fn unavailable(error: &std::io::Error) -> DeskError {
    DeskError::Unavailable(format!("the system gives nothing to draw a secret from: {error}"))
}
