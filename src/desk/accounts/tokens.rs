//! Tokens, with which programs come in: `dem_`, what names it, and 256 bits that are shown once.

use crate::desk::Desk;
use crate::desk::access::Grants;
use crate::desk::accounts::changing::{Whose, no_account};
use crate::desk::accounts::passwords::{drawn_name, no_random};
use crate::desk::accounts::{Account, KeptToken, TokenAsk, TokenRow, TokenShown};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{Caller, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::keys::password::{drawn_secret, fingerprint};
use crate::domain::fact::Fact;
use crate::domain::fact::account::{TokenIssued, TokenRevoked};
use crate::domain::timestamp::Timestamp;

/// With what a token begins, so that it is recognised wherever it was left.
const PREFIX: &str = "dem_";
/// How long a token counts at most.
const DAYS_MAX: u32 = 366;
/// Tokens of one account that count at a time.
const OF_ONE_MAX: usize = 32;
const PURPOSE_CHARS_MAX: usize = 100;
const SECOND: i64 = 1_000_000;

/// Returns what names a token that was sent; none for what is no token.
pub(in crate::desk) fn name_of_token(sent: &str) -> Option<&str> {
    let (name, secret) = sent.strip_prefix(PREFIX)?.split_once('_')?;
    (name.len() == 12 && secret.len() == 64).then_some(name)
}

/// Returns what names a token, of its name or of the whole of it: whoever found one somewhere names it as it is.
pub(in crate::desk) fn named_by(typed: &str) -> &str {
    name_of_token(typed).unwrap_or(typed).trim()
}

impl Desk {
    /// Issues a token for an account; its secret is shown this once.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for a purpose or a time that is none, and [`DeskError::Refused`] for a role
    /// that the account has not, and for one token too many; then there is no token.
    pub(in crate::desk) fn issue_token(
        &self,
        account: &Account,
        ask: &TokenAsk,
    ) -> Result<Answer<TokenShown>, DeskError> {
        let purpose = purpose(&ask.purpose)?;
        if !(1..=DAYS_MAX).contains(&ask.days) {
            let detail = format!("is {}; a token counts for 1 to {DAYS_MAX} days", ask.days);
            return Err(Fault::in_field("days", detail).into());
        }
        let role = ask.role.unwrap_or(account.permitted.role);
        // To the second, as the log spells it.
        let now = (self.clock)().micros().div_euclid(SECOND);
        let ends = Timestamp::from_micros((now + i64::from(ask.days) * 86_400) * SECOND)
            .map_err(|error| Fault::in_field("days", error.to_string()))?;
        let spelt = ends.to_utc().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let expires = spelt.parse().map_err(|error| Fault::in_field("days", format!("{error}")))?;
        let name = drawn_name()?;
        let secret = drawn_secret(&format!("{PREFIX}{name}_")).map_err(|error| no_random(&error))?;
        let (kept, hash) = (&self.people.kept, fingerprint(&secret));
        kept.change(|secrets| {
            secrets.tokens.insert(name.clone(), KeptToken { account: account.id, hash });
        })?;
        let issued = TokenIssued { token: name.clone(), purpose, role, expires };
        let caller = Caller { actor: account.name.clone(), tz: None };
        let changed = self.change_account(&caller, Whose::Own(account.id), None, |of| {
            let account = of.found()?;
            if !Grants::of(account.permitted.role).have(Grants::of(role)) {
                return Err(DeskError::Refused {
                    rule: format!(
                        "a token does no more than its account, which is {}",
                        account.permitted.role
                    ),
                    hints: Vec::new(),
                });
            }
            let now = (self.clock)();
            let counts = |token: &&crate::desk::accounts::Token| !token.revoked && token.expires > now;
            if account.tokens.values().filter(counts).count() >= OF_ONE_MAX {
                return Err(DeskError::Refused {
                    rule: format!("an account has at most {OF_ONE_MAX} tokens that count"),
                    hints: vec!["`account token revoke` ends one that is used no more".to_owned()],
                });
            }
            Ok(vec![Fact::AccountTokenIssued(issued.clone())])
        });
        let changed = match changed {
            Ok(changed) => changed,
            Err(error) => {
                if !matches!(error, DeskError::InDoubt) {
                    kept.change(|secrets| secrets.tokens.remove(&name))?;
                }
                return Err(error);
            }
        };
        let token = changed.tokens.get(&name).ok_or_else(|| no_token(&name))?;
        let row = TokenRow::of(&changed, &name, token);
        let known = self.known(&When::default())?;
        Ok(self.with_notice(known.answer(TokenShown { row, secret })))
    }

    /// Returns the tokens of an account, the newest first; where one is named, that one alone.
    ///
    /// # Errors
    ///
    /// As every question.
    pub(in crate::desk) fn tokens_of(
        &self,
        account: &Account,
        only: Option<&str>,
    ) -> Result<Answer<Page<TokenRow>>, DeskError> {
        let known = self.known(&When::default())?;
        Ok(known.answer(page(account, only)))
    }

    /// Returns the tokens of the account of a name.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::NotFound`] where nobody has such an account.
    pub(crate) fn tokens_named(&self, name: &str) -> Result<Answer<Page<TokenRow>>, DeskError> {
        let accounts = self.accounts()?;
        self.tokens_of(accounts.named(name).ok_or_else(|| no_account(name))?, None)
    }

    /// Lets a token of one's own open nothing any more.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::NotFound`] for a token that the account has not; then nothing changed.
    pub(in crate::desk) fn revoke_own(
        &self,
        account: &Account,
        token: &str,
    ) -> Result<Answer<TokenRow>, DeskError> {
        let caller = Caller { actor: account.name.clone(), tz: None };
        self.revoke(&caller, Whose::Own(account.id), token)
    }

    /// Lets a token of an account open nothing any more.
    ///
    /// # Errors
    ///
    /// As [`Desk::revoke_own`].
    pub(crate) fn revoke_token(
        &self,
        caller: &Caller,
        name: &str,
        token: &str,
    ) -> Result<Answer<TokenRow>, DeskError> {
        self.revoke(caller, Whose::Named(name), token)
    }

    fn revoke(&self, caller: &Caller, whose: Whose<'_>, typed: &str) -> Result<Answer<TokenRow>, DeskError> {
        let name = named_by(typed);
        let changed = self.change_account(caller, whose, None, |of| match of.found()?.tokens.get(name) {
            Some(token) if token.revoked => Err(DeskError::Refused {
                rule: format!("the token {name} was revoked already"),
                hints: Vec::new(),
            }),
            Some(_) => Ok(vec![Fact::AccountTokenRevoked(TokenRevoked { token: name.to_owned() })]),
            None => Err(no_token(name)),
        })?;
        self.people.kept.change(|secrets| secrets.tokens.remove(name))?;
        let token = changed.tokens.get(name).ok_or_else(|| no_token(name))?;
        let known = self.known(&When::default())?;
        Ok(self.with_notice(known.answer(TokenRow::of(&changed, name, token))))
    }
}

fn page(account: &Account, only: Option<&str>) -> Page<TokenRow> {
    let told = account.tokens.iter().filter(|(name, _)| only.is_none_or(|only| only == name.as_str()));
    let mut items: Vec<TokenRow> = told.map(|(name, token)| TokenRow::of(account, name, token)).collect();
    items.sort_by_key(|row| std::cmp::Reverse(row.issued));
    let total = items.len() as u64;
    Page { items, next: None, total }
}

fn no_token(name: &str) -> DeskError {
    DeskError::NotFound {
        what: format!("the token {name}"),
        hints: vec!["`account token list` shows them".to_owned()],
    }
}

fn purpose(typed: &str) -> Result<String, DeskError> {
    let purpose = typed.trim();
    if purpose.is_empty()
        || purpose.chars().count() > PURPOSE_CHARS_MAX
        || purpose.chars().any(char::is_control)
    {
        let detail = "says what the token is for, in 1 to 100 characters";
        return Err(Fault::in_field("purpose", detail).into());
    }
    Ok(purpose.to_owned())
}
