//! Who may come in: the accounts as the log tells them, and what is kept beside it of their secrets.
//!
//! Every account and every permission is what the events about it say, in the order of the log; nothing else
//! can give one. An account is how someone in the register of recorders comes in: what they record is theirs,
//! under the pseudonym that they had before.

mod attempts;
mod binding;
mod changing;
mod keeping;
mod kept;
mod missing;
mod naming;
mod passwords;
mod rows;
mod sessions;
mod tokens;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(in crate::desk) use attempts::{Attempts, Tries, Whence, Working};

pub(crate) use attempts::network;
pub(in crate::desk) use binding::Proven;
pub(crate) use binding::{BindAsk, Binding};
pub(in crate::desk) use kept::{Kept, KeptPassword, KeptToken, write_private};
pub use missing::Missing;
pub(in crate::desk) use passwords::check_password;
pub use rows::{AccountRow, AccountState, OpenedRow, TokenRow, TokenShown};
pub(crate) use rows::{ChangeAsk, OpenAsk, PasswordAsk, PermitAsk, TokenAsk};
pub(in crate::desk) use sessions::{Sessions, Writes};
pub(in crate::desk) use tokens::{name_of_token, named_by};

use crate::desk::Desk;
use crate::desk::cursors::Cursors;
use crate::desk::error::DeskError;
use crate::domain::event::{ACCOUNTS, Event};
use crate::domain::fact::Fact;
use crate::domain::fact::account::{Permitted, Role};
use crate::domain::id::{ActorId, EntityId};
use crate::domain::name::fold;
use crate::domain::occurred::Occurred;
use crate::domain::reading::RawEvent;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;
use crate::projections::register::Register;
use crate::projections::view::View;

/// An account, as the log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// The recorder who comes in.
    pub(crate) id: EntityId,
    /// The name under which they record.
    pub(crate) name: String,
    /// As what they come in, and how far they see.
    pub(crate) permitted: Permitted,
    /// Where the event stands that gives the role and the level of it.
    pub(crate) permitted_at: u64,
    /// Whether it opens anything.
    pub(crate) state: AccountState,
    /// How far the log had told of accounts when every session of it ended: with the event of that number, from 0.
    pub(crate) sessions_from: u64,
    /// When it was opened.
    pub(crate) opened: Timestamp,
    /// The password that counts; none where they come in by single sign-on.
    pub(crate) password: Option<Password>,
    /// As whom of which provider they come in; none where they have a password.
    pub(crate) bound: Option<Binding>,
    /// The tokens, by their names, those that were revoked included.
    pub(crate) tokens: BTreeMap<String, Token>,
}

/// The password of an account, as the log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Password {
    /// What names it.
    pub(crate) name: String,
    /// It opens nothing but the way to another one.
    pub(crate) one_time: bool,
}

/// A token of an account, as the log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// What for.
    pub(crate) purpose: String,
    /// As what, at most.
    pub(crate) role: Role,
    /// When it was issued.
    pub(crate) issued: Timestamp,
    /// Until when it counts.
    pub(crate) expires: Timestamp,
    /// Whether it was revoked.
    pub(crate) revoked: bool,
}

/// Every account of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Accounts {
    by_id: BTreeMap<EntityId, Account>,
    // How far the log told of accounts: the number of the last event, from 0.
    told: u64,
}

impl Accounts {
    /// Returns those of which a view of the whole log knows.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(in crate::desk) fn in_view(view: &View, register: &Register, zone: Zone) -> Result<Self, DeskError> {
        Ok(Self::of(&view.history(ACCOUNTS)?, register, zone))
    }

    /// Folds what the log says of accounts, in its order.
    fn of(events: &[RawEvent], register: &Register, zone: Zone) -> Self {
        let mut accounts = Self::default();
        for (number, raw) in (0..).zip(events) {
            accounts.told = number;
            let Some(event) = &raw.event else { continue };
            for id in &event.envelope.about {
                let name = register.recorder_name(ActorId::from_uuid(*id.as_uuid()));
                let name = name.map_or_else(|| id.to_string(), ToOwned::to_owned);
                accounts.take(*id, name, raw, event, zone);
            }
        }
        accounts
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts say nothing of accounts")]
    fn take(&mut self, id: EntityId, name: String, raw: &RawEvent, event: &Event, zone: Zone) {
        if let Fact::AccountOpened(permitted) = &event.fact {
            // One that was closed begins anew: with no password and no token of before.
            let account = Account {
                id,
                name,
                permitted: permitted.clone(),
                permitted_at: raw.position,
                state: AccountState::Active,
                sessions_from: self.told,
                opened: raw.at,
                password: None,
                bound: None,
                tokens: BTreeMap::new(),
            };
            self.by_id.insert(id, account);
            return;
        }
        let Some(account) = self.by_id.get_mut(&id) else { return };
        match &event.fact {
            Fact::AccountPermitted(permitted) => {
                let before = std::mem::replace(&mut account.permitted, permitted.clone());
                if (before.role, &before.clearance) != (permitted.role, &permitted.clearance) {
                    account.permitted_at = raw.position;
                }
            }
            Fact::AccountDisabled(_) => {
                account.state = AccountState::Disabled;
                account.sessions_from = self.told;
            }
            Fact::AccountEnabled(_) => account.state = AccountState::Active,
            Fact::AccountClosed(_) => {
                account.state = AccountState::Closed;
                account.password = None;
                account.tokens.values_mut().for_each(|token| token.revoked = true);
            }
            // There is one way in: whoever has a password is not signed on, and the other way round.
            Fact::AccountPasswordSet(set) => {
                account.password = Some(Password { name: set.password.clone(), one_time: set.one_time });
                account.bound = None;
            }
            Fact::AccountBound(bound) => {
                account.bound = Some(Binding::of(bound));
                account.password = None;
                // What began when they came in as the same before does not go on.
                account.sessions_from = self.told;
            }
            Fact::AccountTokenIssued(issued) => {
                let token = Token {
                    purpose: issued.purpose.clone(),
                    role: issued.role,
                    issued: raw.at,
                    expires: instant(&issued.expires, zone),
                    revoked: false,
                };
                account.tokens.insert(issued.token.clone(), token);
            }
            Fact::AccountTokenRevoked(revoked) => {
                if let Some(token) = account.tokens.get_mut(&revoked.token) {
                    token.revoked = true;
                }
            }
            _ => {}
        }
    }

    /// Returns how far the log told of accounts: the number of the last event, from 0.
    pub(crate) const fn told(&self) -> u64 {
        self.told
    }

    /// Returns the account of a recorder; a closed one is none.
    pub(crate) fn get(&self, id: EntityId) -> Option<&Account> {
        self.by_id.get(&id).filter(|account| account.state != AccountState::Closed)
    }

    /// Returns the account of a name, in any spelling; a closed one is none. A name without a letter or a digit, which
    /// no account is given any more, is that of none but the one that is called so.
    pub(crate) fn named(&self, name: &str) -> Option<&Account> {
        let folded = fold(name);
        let same = |account: &&Account| !folded.is_empty() && fold(&account.name) == folded;
        self.open().find(|account| account.name == name).or_else(|| self.open().find(same))
    }

    /// Returns the account of whom a provider knows; where there is no other, one that was closed.
    pub(in crate::desk) fn bound_to(&self, issuer: &str, subject: &str) -> Option<&Account> {
        let is_theirs =
            |account: &&Account| account.bound.as_ref().is_some_and(|bound| bound.is(issuer, subject));
        self.open().find(is_theirs).or_else(|| self.by_id.values().find(is_theirs))
    }

    /// Returns every account that was not closed, by name.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Account> {
        self.by_id.values().filter(|account| account.state != AccountState::Closed)
    }

    /// Returns every account that there is or was, by name.
    pub(crate) fn all(&self) -> Vec<&Account> {
        let mut all: Vec<&Account> = self.by_id.values().collect();
        all.sort_by_key(|account| (account.state == AccountState::Closed, fold(&account.name)));
        all
    }
}

impl Account {
    /// Tells whether a session that began with a password or a sign-on goes on: that it counts still.
    pub(in crate::desk) fn counts(&self, began_with: &str) -> bool {
        self.password.as_ref().is_some_and(|password| password.name == began_with)
            || self.bound.as_ref().is_some_and(|bound| bound.name() == began_with)
    }
}

/// Returns the moment that a date of a token names.
fn instant(date: &Occurred, zone: Zone) -> Timestamp {
    date.bounds(&zone).0
}

/// What a desk has at hand of those who come in.
#[derive(Default)]
pub(in crate::desk) struct People {
    // The accounts as the log told them when it had said so much of them.
    known: Mutex<Option<(u64, Arc<Accounts>)>>,
    /// What is kept of their secrets.
    pub(in crate::desk) kept: Kept,
    /// How far their programs have read.
    pub(in crate::desk) cursors: Cursors,
    // Who is in; asked for by `Desk::sessions`.
    sessions: Sessions,
    /// Who tries to come in.
    pub(in crate::desk) attempts: Attempts,
    // Held while a way in is taken, changed or given up: who comes for the first time twice at once has one account,
    // and of two passwords the one that the log names is kept.
    ways_in: Mutex<()>,
}

impl People {
    /// Returns those of a data directory.
    pub(in crate::desk) fn of(dir: &Path, writes: Writes) -> Self {
        Self {
            kept: Kept::of(dir),
            cursors: Cursors::of(dir),
            sessions: Sessions::of(dir, writes),
            ..Self::default()
        }
    }

    /// Returns who is in, whom no earlier process had.
    const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Waits until nobody else takes, changes or gives up a way in.
    fn ways_in(&self) -> MutexGuard<'_, ()> {
        self.ways_in.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has what is known of those who are in outlive the process.
    pub(in crate::desk) fn close(&self) {
        self.sessions.close();
    }
}

impl Desk {
    /// Tells whether the log knows of any account, closed ones included: then nobody comes in over a port
    /// without one.
    pub fn has_accounts(&self) -> bool {
        self.store.stream(ACCOUNTS).is_some()
    }

    /// Tells whether the accounts are in memory as the log tells them now, and nobody works them out anew.
    pub(in crate::desk) fn accounts_are_at_hand(&self) -> bool {
        let Some((revision, _)) = self.store.stream(ACCOUNTS) else { return true };
        let known = self.people.known.try_lock();
        known.is_ok_and(|known| known.as_ref().is_some_and(|(at, _)| *at == revision))
    }

    /// Returns every account as the log tells it now.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] where something that the log says of accounts cannot be read: then nobody
    /// can be told from anybody else.
    pub(crate) fn accounts(&self) -> Result<Arc<Accounts>, DeskError> {
        let Some((revision, _)) = self.store.stream(ACCOUNTS) else { return Ok(Arc::default()) };
        let mut known = self.people.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, accounts)) = &*known
            && *at == revision
        {
            return Ok(Arc::clone(accounts));
        }
        self.projections.catch_up()?;
        let view = self.projections.view(u64::MAX);
        let history = view.history(ACCOUNTS)?;
        let whole = history.len() as u64 > revision && history.iter().all(|raw| raw.event.is_some());
        if !whole {
            return Err(DeskError::Damaged(
                "something that the log says of accounts cannot be read, so nobody comes in; run `verify`"
                    .to_owned(),
            ));
        }
        let accounts = Arc::new(Accounts::of(&history, view.register()?.as_ref(), self.zone));
        // What was recorded meanwhile is taken in with it.
        let at = (history.len() as u64).saturating_sub(1);
        *known = Some((at, Arc::clone(&accounts)));
        Ok(accounts)
    }
}

#[cfg(test)]
mod tests;
