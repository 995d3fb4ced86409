//! What is for whoever is at the door, and for an account about itself.

use std::sync::Arc;

use crate::desk::access::coming::{LoggedIn, LoginAsk, WhoRow};
use crate::desk::access::handles::{Oneself, Told, Visitor};
use crate::desk::access::{AccessError, Arrived, Attested, Door, Grants, Groups, Means, Who};
use crate::desk::accounts::{Account, AccountRow, PasswordAsk, TokenAsk, TokenRow, TokenShown, named_by};
use crate::desk::answer::{Answer, Page};
use crate::desk::error::DeskError;
use crate::domain::timestamp::Timestamp;

impl Visitor {
    /// Returns why the log cannot be asked, where it cannot.
    pub(crate) fn why_not_ready(&self) -> Option<String> {
        self.door.desk.why_not_ready()
    }

    /// Returns what time it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.door.now()
    }

    /// As [`Door::draw`].
    pub(crate) fn draw() -> Result<String, DeskError> {
        Door::draw()
    }

    /// As [`Door::draw_code`].
    pub(crate) fn draw_code() -> Result<String, DeskError> {
        Door::draw_code()
    }

    /// Takes somebody in whom a provider signed on; they have no session yet.
    pub(crate) fn take_in(&self, attested: &Attested, groups: &Groups) -> Result<Arrived, AccessError> {
        self.door.take_in(attested, groups)
    }

    /// Begins the session of somebody who was taken in.
    pub(crate) fn let_in(&self, arrived: &Arrived) -> Result<LoggedIn, AccessError> {
        self.door.let_in(arrived)
    }

    /// Counts a sign-on that was refused.
    pub(crate) fn refused_sign_on(&self) {
        self.door.desk.people.attempts.refused_sign_on();
    }

    /// Lets someone in with a password; `from` tells where they come from.
    pub(crate) fn log_in(&self, ask: &LoginAsk, from: &str) -> Result<LoggedIn, AccessError> {
        self.door.log_in(ask, from)
    }
}

impl Oneself {
    fn door(&self) -> Door {
        Door::of(Arc::clone(&self.house))
    }

    /// Returns who has this, and what they may.
    pub(crate) fn who(&self) -> Told<WhoRow> {
        Ok(self.told(self.door().who(&self.who)?))
    }

    fn told<T>(&self, answer: Answer<T>) -> Answer<T> {
        self.door().told(&self.who, answer)
    }

    /// Ends the session, at once; a token goes on until it is revoked.
    pub(crate) fn leave(&self) -> Result<Answer<WhoRow>, AccessError> {
        let answer = self.who()?;
        match &self.who.who {
            Who::Account { means: Means::Session(secret), .. } => {
                self.desk().end_session(secret)?;
                Ok(answer)
            }
            Who::Account { means: Means::Token(_) | Means::Proxy(_), .. } | Who::Owner | Who::Stranger => {
                Err(AccessError::Forbidden {
                    rule: "only a session ends when its owner leaves".to_owned(),
                    hint: "`account token revoke` ends a token".to_owned(),
                })
            }
        }
    }

    /// Chooses another password; every other session of the account ends.
    pub(crate) fn choose_password(
        &self,
        ask: &PasswordAsk,
        from: &str,
    ) -> Result<Answer<AccountRow>, AccessError> {
        let secret = match &self.who.who {
            Who::Account { means: Means::Token(_), .. } => {
                return Err(AccessError::Forbidden {
                    rule: "a token changes no password".to_owned(),
                    hint: "come in with the password first".to_owned(),
                });
            }
            Who::Account { means: Means::Session(secret), .. } => Some(secret),
            Who::Account { means: Means::Proxy(_), .. } | Who::Owner | Who::Stranger => None,
        };
        let account = self.door().confirm(&self.who, from, &ask.old)?;
        Ok(self.told(self.desk().choose_password(&account, (&ask.old, &ask.new), secret)?))
    }

    /// Issues a token; with a token none is, so that a stolen one dies with its time.
    pub(crate) fn issue_token(&self, ask: &TokenAsk) -> Result<Answer<TokenShown>, AccessError> {
        let account = self.in_session("issues")?;
        Ok(self.told(self.desk().issue_token(&account, ask)?))
    }

    /// Returns the tokens of whoever has this: with one that may do less than its account, itself alone.
    pub(crate) fn tokens(&self) -> Result<Answer<Page<TokenRow>>, AccessError> {
        let account = self.door().account_of(&self.who)?;
        Ok(self.told(self.desk().tokens_of(&account, self.narrower_token())?))
    }

    /// Lets a token of one's own open nothing any more; one that may do less than its account ends itself alone.
    pub(crate) fn revoke_own(&self, token: &str) -> Result<Answer<TokenRow>, AccessError> {
        let account = self.door().account_of(&self.who)?;
        let own = self.narrower_token();
        if own.is_some_and(|own| own != named_by(token)) {
            return Err(AccessError::Forbidden {
                rule: "a token that may do less than its account revokes none but itself".to_owned(),
                hint: "come in with the password, or with a token that may do all that the account may"
                    .to_owned(),
            });
        }
        Ok(self.told(self.desk().revoke_own(&account, token)?))
    }

    /// Returns what names the token that was shown, where it may do less than its account: then it decides nothing of
    /// what may do more.
    fn narrower_token(&self) -> Option<&str> {
        match &self.who.who {
            Who::Account { permitted, means: Means::Token(name), .. }
                if !self.who.grants.have(Grants::of(permitted.role)) =>
            {
                Some(name)
            }
            Who::Account { .. } | Who::Owner | Who::Stranger => None,
        }
    }

    /// Returns the account of whoever came in with a password of their own.
    fn in_session(&self, does: &str) -> Result<Account, AccessError> {
        if let Who::Account { means: Means::Token(_), .. } = &self.who.who {
            return Err(AccessError::Forbidden {
                rule: format!("a token {does} no token"),
                hint: "come in with the password".to_owned(),
            });
        }
        if let Who::Account { must_change: true, .. } = &self.who.who {
            return Err(AccessError::Forbidden {
                rule: "a one-time password opens nothing but the way to another one".to_owned(),
                hint: "choose a password of your own first".to_owned(),
            });
        }
        self.door().account_of(&self.who)
    }
}
