//! Who may do what: the only place that decides.
//!
//! Whoever asks is told apart once (`Door::admits`), and gets at the desk through a handle alone: a
//! [`Reader`] can only ask, a [`Recorder`] can record, an [`Auditor`] can check, an [`Administrator`] keeps the
//! accounts and the keys. Only [`Door::handle`] makes one, so that a route with the wrong one does not compile.
//!
//! Where the log knows of no account, whoever can reach the desk owns its files, and may do everything: nothing
//! is decided that the system has not decided. Where it knows of one, that holds for whoever opens the directory
//! or its socket; whoever comes over a port must show who they are.

mod coming;
mod handles;

use std::sync::Arc;

pub(crate) use coming::{LoggedIn, LoginAsk, Shown, WhoRow};
pub use handles::{Administrator, Auditor, Oneself, Reader, Recorder, Visitor};

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::ask::{Caller, When};
use crate::desk::error::DeskError;
use crate::desk::format::parse::markings;
use crate::desk::reads::Read;
use crate::domain::fact::account::{Permitted, Role};
use crate::domain::id::EntityId;
use crate::store::leaf::HexHash;

/// Why someone may not do what they ask for; nothing was recorded, and nothing is told.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// They did not show who they are, or what they showed opens nothing.
    #[error("{0}")]
    Unknown(String),
    /// A password may not be tried yet.
    #[error("that may be tried again in {0} seconds")]
    Wait(u64),
    /// They may not do that.
    #[error("{rule}")]
    Forbidden {
        /// What they may not, as a sentence.
        rule: String,
        /// What would be right.
        hint: String,
    },
    /// It cannot be told.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// What someone may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grants(u8);

impl Grants {
    const NOTHING: Self = Self(0);
    const READ: Self = Self(1);
    const RECORD: Self = Self(2);
    const AUDIT: Self = Self(4);
    const ADMINISTER: Self = Self(8);
    const EVERYTHING: Self = Self(15);

    /// Returns what a role may do.
    ///
    /// Whoever keeps the accounts does not see who read what: that is for somebody who does not keep them. They
    /// can make themselves an auditor, and then the log says so.
    pub const fn of(role: Role) -> Self {
        match role {
            Role::Reader => Self::READ,
            Role::Recorder => Self(Self::READ.0 | Self::RECORD.0),
            Role::Auditor => Self(Self::READ.0 | Self::AUDIT.0),
            Role::Administrator => Self(Self::READ.0 | Self::RECORD.0 | Self::ADMINISTER.0),
        }
    }

    /// Tells whether these are among them.
    pub const fn have(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// Returns those that are among both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// What a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: whoever is at the door.
    Nobody,
    /// Any account, whatever it may do.
    Account,
    /// To ask.
    Read,
    /// To record.
    Record,
    /// To check the record and who read it.
    Audit,
    /// To keep the accounts and the keys.
    Administer,
}

impl Needs {
    const fn grants(self) -> Grants {
        match self {
            Self::Nobody | Self::Account => Grants::NOTHING,
            Self::Read => Grants::READ,
            Self::Record => Grants::RECORD,
            Self::Audit => Grants::AUDIT,
            Self::Administer => Grants::ADMINISTER,
        }
    }

    /// Tells whether what is answered may tell something of what is recorded, if only how much.
    pub(crate) const fn tells_of_the_record(self) -> bool {
        match self {
            Self::Nobody | Self::Account => false,
            Self::Read | Self::Record | Self::Audit | Self::Administer => true,
        }
    }

    /// Returns the roles that have it.
    pub(crate) fn roles(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |role| Grants::of(*role).have(self.grants()))
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Nobody | Self::Account => "come in",
            Self::Read => "ask",
            Self::Record => "record",
            Self::Audit => "check the record, or who read it",
            Self::Administer => "keep the accounts and the keys",
        }
    }

    const fn whose(self) -> &'static str {
        match self {
            Self::Nobody | Self::Account => "an account",
            Self::Read => "a reader, a recorder, an auditor or an administrator",
            Self::Record => "a recorder or an administrator",
            Self::Audit => "an auditor",
            Self::Administer => "an administrator",
        }
    }
}

/// By which way someone comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// In the process that opened the directory, or over the socket in it: only its owner can.
    Directory,
    /// Over a port.
    Port,
}

/// How someone showed who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desk) enum Means {
    /// With a session, known by the hash of its secret.
    Session(HexHash),
    /// With a token.
    Token(String),
}

/// Who asks, and what they may.
#[derive(Debug, Clone)]
pub struct Principal {
    who: Who,
    grants: Grants,
    caller: Caller,
}

#[derive(Debug, Clone)]
enum Who {
    /// Nobody knows.
    Stranger,
    /// Whoever owns the directory.
    Owner,
    /// An account.
    Account { id: EntityId, permitted: Permitted, must_change: bool, means: Means },
}

impl Principal {
    /// Returns under which name they ask and record: that of the account, or, for the owner of the directory, the
    /// name that they gave.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// What only [`Door::handle`] makes.
pub trait Handle: sealed::Made + Sized + Send + Sync + 'static {
    /// What whoever gets one needs.
    const NEEDS: Needs;
}

mod sealed {
    use std::sync::Arc;

    use crate::desk::Desk;
    use crate::desk::access::Principal;

    /// How a handle is made of what is decided already.
    pub trait Made {
        fn made(desk: Arc<Desk>, principal: &Principal) -> Self;
    }
}

/// The way to a desk, for whoever must show who they are.
#[derive(Clone)]
pub struct Door {
    // Nobody gets at it but with a handle.
    desk: Arc<Desk>,
}

impl Door {
    /// Returns the door of a desk.
    pub fn of(desk: Arc<Desk>) -> Self {
        Self { desk }
    }

    /// Tells whether whoever comes over a port must show who they are.
    pub fn is_guarded(&self) -> bool {
        self.desk.has_accounts()
    }

    /// Returns somebody of whom nothing is known, and who may do nothing but come in.
    pub fn stranger() -> Principal {
        Principal { who: Who::Stranger, grants: Grants::NOTHING, caller: Caller::default() }
    }

    /// Returns how many events the log has.
    pub fn size(&self) -> u64 {
        self.desk.size()
    }

    /// Tells whether what is read is noted.
    pub fn logs_reads(&self) -> bool {
        self.desk.logs_reads()
    }

    /// Notes durably what someone was given to read, before it leaves.
    ///
    /// # Errors
    ///
    /// Returns what the desk says where it cannot be noted: then it must not leave.
    pub(crate) fn note_read(
        &self,
        who: &Principal,
        purpose: Option<&str>,
        read: &Read,
    ) -> Result<(), DeskError> {
        self.desk.note_read(&who.caller, purpose, read)
    }

    /// Returns the handle with which someone gets at the desk.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::Forbidden`] for what they may not, saying who may.
    pub fn handle<H: Handle>(&self, who: &Principal) -> Result<H, AccessError> {
        self.decide(who, H::NEEDS)?;
        Ok(H::made(Arc::clone(&self.desk), who))
    }

    fn decide(&self, who: &Principal, needs: Needs) -> Result<(), AccessError> {
        let (permitted, must_change) = match &who.who {
            Who::Account { permitted, must_change, .. } => (permitted, must_change),
            Who::Owner => return self.is_nobody_elses_name(who, needs),
            Who::Stranger if needs == Needs::Nobody => return Ok(()),
            Who::Stranger => return Err(AccessError::Unknown("come in first".to_owned())),
        };
        if matches!(needs, Needs::Nobody | Needs::Account) {
            return Ok(());
        }
        if *must_change {
            return Err(AccessError::Forbidden {
                rule: "a one-time password opens nothing but the way to another one".to_owned(),
                hint: "choose a password of your own: `account password`, or POST /v1/password".to_owned(),
            });
        }
        if !who.grants.have(needs.grants()) {
            return Err(AccessError::Forbidden {
                rule: format!("{} may not {}", who.caller.actor, needs.words()),
                hint: format!("that is for {}", needs.whose()),
            });
        }
        if needs.tells_of_the_record() {
            self.sees_everything(permitted)?;
        }
        Ok(())
    }

    /// Refuses whoever may not see everything: an answer is not made of a part of the record yet, and what
    /// someone may not see does not exist for them anywhere. It is refused whatever there is to be seen, so that
    /// the refusal tells nothing of it.
    ///
    /// Where the log has entries above somebody's clearance or has none, the words are the same.
    fn sees_everything(&self, permitted: &Permitted) -> Result<(), AccessError> {
        let known = self.desk.known(&When::default())?;
        let (scheme, _) = markings(&known);
        if scheme.is_highest(&permitted.clearance) {
            return Ok(());
        }
        let highest = scheme.levels.last().map_or("", |level| level.0.as_str());
        Err(AccessError::Forbidden {
            rule: format!(
                "whoever is cleared for {} is shown nothing of this log yet: answers are not made for a part of it",
                permitted.clearance.0
            ),
            hint: format!("an administrator can clear an account for {highest}: `account clearance`"),
        })
    }

    /// Returns an answer without how far the log goes, for whoever may not see everything: how much there is, and
    /// when it came, is a word of what there is.
    fn told<T>(&self, who: &Principal, mut answer: Answer<T>) -> Answer<T> {
        let sees = match &who.who {
            Who::Owner => true,
            Who::Stranger => false,
            Who::Account { permitted, must_change, .. } => {
                !must_change && self.sees_everything(permitted).is_ok()
            }
        };
        if !sees {
            answer.as_of.position = None;
            answer.as_of.last_recorded_at = None;
            answer.notices.clear();
        }
        answer
    }

    /// Refuses to record, for whoever owns the directory, under the name of an account: only whoever shows that
    /// they are it does.
    fn is_nobody_elses_name(&self, who: &Principal, needs: Needs) -> Result<(), AccessError> {
        if !matches!(needs, Needs::Record | Needs::Administer) || !self.is_guarded() {
            return Ok(());
        }
        match self.desk.accounts()?.named(&who.caller.actor) {
            None => Ok(()),
            Some(account) => Err(AccessError::Forbidden {
                rule: format!(
                    "{} has an account, and nothing is recorded under that name without it",
                    account.name
                ),
                hint: "come in with a token (`--credential FILE`), or name yourself otherwise with `--actor`"
                    .to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
