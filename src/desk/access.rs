//! Who may do what: the only place that decides.
//!
//! Whoever asks is told apart once (`Door::admits`), and gets at the desk through a handle alone: a
//! [`Reader`] can only ask, a [`Recorder`] can record, an [`Auditor`] can check, an [`Administrator`] keeps the
//! accounts and the keys. Only [`Door::handle`] makes one, so that a route with the wrong one does not compile.
//!
//! Whoever may not see all of the log gets at a desk over what they see of it, which is a log of its own; what
//! tells of the whole of it (how long it is, that it is whole, who reads it) is for whoever sees everything.
//!
//! Where the log knows of no account, whoever can reach the desk owns its files, and may do everything: nothing
//! is decided that the system has not decided. Where it knows of one, that holds for whoever opens the directory
//! or its socket; whoever comes over a port must show who they are.

mod coming;
mod groups;
mod handles;
mod needs;
mod sight;
mod signing_on;

use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) use coming::{LoggedIn, LoginAsk, Shown, WhoRow, is_session};
pub use groups::{GroupRule, Groups};
pub use handles::{Administrator, Archivist, Auditor, Oneself, Overseer, Reader, Recorder, Visitor};
pub use needs::{Grants, Needs};
pub(in crate::desk) use sight::{
    Beyond, Height, OtherRules, Outside, Rules, Sights, ToldOf, Wider, floors, ids_in, may_name_compartment,
    named, told_of,
};
pub(crate) use signing_on::{Arrived, Attested};

use crate::desk::Desk;
use crate::desk::access::sight::{Clearance, Seen};
use crate::desk::answer::Answer;
use crate::desk::ask::Caller;
use crate::desk::error::DeskError;
use crate::desk::reads::{Noted, Read};
use crate::domain::fact::account::Permitted;
use crate::domain::id::EntityId;
use crate::domain::marking::Compartment;
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

/// How much of the log one must see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Much {
    /// Nothing of it is told.
    Nothing,
    /// One is told what one sees.
    Own,
    /// Whatever level it is marked with.
    Highest,
    /// All of it.
    Everything,
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
    /// By the word of a proxy that is trusted to know whose account it is.
    Proxy(EntityId),
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
    use crate::desk::access::sight::Seen;

    /// How a handle is made of what is decided already.
    pub trait Made {
        /// `seen` is what they see, where that is not everything.
        fn made(house: Arc<Desk>, seen: Option<Seen>, principal: &Principal) -> Self;
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

    /// Returns how many events someone sees of the log, whatever else they may.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::Desk`] where it is not known what they see.
    pub(crate) fn size_for(&self, who: &Principal) -> Result<u64, AccessError> {
        let part = match &who.who {
            Who::Account { permitted, .. } => self.part(permitted)?,
            Who::Owner => None,
            Who::Stranger => return Ok(0),
        };
        Ok(part.map_or_else(|| self.size(), |seen| seen.desk.size()))
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

    /// Notes durably what several were given to read, before any of it leaves.
    ///
    /// # Errors
    ///
    /// As [`Door::note_read`].
    pub(crate) fn note_reads(&self, noted: &[Noted<'_>]) -> Result<(), DeskError> {
        self.desk.note_reads(noted)
    }

    /// Returns the handle with which someone gets at the desk.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::Forbidden`] for what they may not, saying who may.
    pub fn handle<H: Handle>(&self, who: &Principal) -> Result<H, AccessError> {
        self.decide(who, H::NEEDS)?;
        let seen = self.seen(who, H::NEEDS)?;
        Ok(H::made(Arc::clone(&self.desk), seen, who))
    }

    /// Refuses whoever may not have a handle by what they hold alone, without a look at the log, so that nobody waits
    /// for it. What it lets pass, [`Door::handle`] may refuse still: nothing of the desk is got at without that.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::Unknown`] for a stranger, and [`AccessError::Forbidden`] for what someone may not.
    pub(crate) fn holds<H: Handle>(who: &Principal) -> Result<(), AccessError> {
        Self::is_granted(who, H::NEEDS)
    }

    fn decide(&self, who: &Principal, needs: Needs) -> Result<(), AccessError> {
        Self::is_granted(who, needs)?;
        match &who.who {
            Who::Account { id, permitted, .. } => match self.sees_enough(permitted, needs) {
                Err(AccessError::Forbidden { .. }) if self.may_mend(*id, needs)? => Ok(()),
                decided => decided,
            },
            Who::Owner => self.is_nobody_elses_name(who, needs),
            Who::Stranger => Ok(()),
        }
    }

    /// Refuses whoever was not granted what is needed, however much of the log they see.
    fn is_granted(who: &Principal, needs: Needs) -> Result<(), AccessError> {
        let must_change = match &who.who {
            Who::Account { must_change, .. } => *must_change,
            Who::Owner => return Ok(()),
            Who::Stranger if needs == Needs::Nobody => return Ok(()),
            Who::Stranger => return Err(AccessError::Unknown("come in first".to_owned())),
        };
        if matches!(needs, Needs::Nobody | Needs::Account) {
            return Ok(());
        }
        if must_change {
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
        Ok(())
    }

    /// Refuses whoever sees too little of the log, whatever there is to be seen in it, so that the refusal tells
    /// nothing of that.
    fn sees_enough(&self, permitted: &Permitted, needs: Needs) -> Result<(), AccessError> {
        let much = needs.sight();
        if much == Much::Nothing {
            return Ok(());
        }
        let rules = self.rules()?;
        let scheme = rules.scheme();
        let too_little = |rule: String, hint: &str| AccessError::Forbidden { rule, hint: hint.to_owned() };
        let Some(level) = scheme.rank(&permitted.clearance) else {
            let rule = format!("{} is no level of {} any more", permitted.clearance.0, scheme.name);
            return Err(too_little(rule, "an administrator can clear the account: `account clearance`"));
        };
        let is_highest = scheme.is_highest(&permitted.clearance);
        let is_enough = match much {
            Much::Nothing | Much::Own => true,
            Much::Highest => is_highest,
            Much::Everything => {
                is_highest && Clearance::of(level, &permitted.compartments).has(&self.compartments()?)
            }
        };
        if is_enough {
            return Ok(());
        }
        let rule = "that is told to whoever sees the whole log: of it, a part cannot be told".to_owned();
        let hint = "an administrator can clear an account for the highest level and admit it to every compartment: \
                    `account clearance`";
        Err(too_little(rule, hint))
    }

    /// Tells whether an account may keep the accounts though it is cleared for the highest level no more: it was when it
    /// was cleared, and the scheme is another since. Somebody must clear the accounts for the levels of that one.
    fn may_mend(&self, id: EntityId, needs: Needs) -> Result<bool, AccessError> {
        if needs.sight() != Much::Highest {
            return Ok(false);
        }
        let accounts = self.desk.accounts()?;
        let Some(account) = accounts.get(id) else { return Ok(false) };
        Ok(self.desk.was_cleared_highest(account)?)
    }

    /// Returns the desk over what someone sees, where that is not everything.
    fn seen(&self, who: &Principal, needs: Needs) -> Result<Option<Seen>, DeskError> {
        match (&who.who, needs.sight()) {
            (Who::Account { permitted, .. }, Much::Own) => self.part(permitted),
            // Whoever was let this far sees enough of the whole.
            (Who::Account { .. }, Much::Nothing | Much::Highest | Much::Everything)
            | (Who::Owner | Who::Stranger, _) => Ok(None),
        }
    }

    fn part(&self, permitted: &Permitted) -> Result<Option<Seen>, DeskError> {
        let rules = self.rules()?;
        let scheme = rules.scheme();
        // A level that the scheme has not sees nothing that is restricted; `sees_enough` refuses it before.
        let clearance =
            Clearance::of(scheme.rank(&permitted.clearance).unwrap_or(0), &permitted.compartments);
        if scheme.is_highest(&permitted.clearance) && clearance.has(&self.compartments()?) {
            return Ok(None);
        }
        self.desk.sights.of(&self.desk, &rules, clearance).map(Some)
    }

    /// Tells whether a part of the log, by what tells it from others, is kept for whoever sees it.
    pub(crate) fn keeps(&self, part: u64) -> bool {
        self.desk.sights.has(part)
    }

    fn rules(&self) -> Result<Arc<Rules>, DeskError> {
        self.desk.rules_in_force()
    }

    /// Returns the compartments of the log: those that entries name, and those to which accounts were admitted.
    ///
    /// That there are some is no secret; which they are, and what is in them, is.
    fn compartments(&self) -> Result<BTreeSet<Compartment>, DeskError> {
        let mut named = self.desk.sights.compartments(self.desk.store.as_ref())?;
        let accounts = self.desk.accounts()?;
        let admitted = accounts.open().flat_map(|account| &account.permitted.compartments);
        named.extend(admitted.filter_map(|name| name.parse::<Compartment>().ok()));
        Ok(named)
    }

    /// Returns an answer without how far the log goes, for whoever may not see everything: how much there is, and
    /// when it came, is a word of what there is.
    fn told<T>(&self, who: &Principal, mut answer: Answer<T>) -> Answer<T> {
        let sees = match &who.who {
            Who::Owner => true,
            Who::Stranger => false,
            Who::Account { permitted, must_change, .. } => {
                !must_change && self.sees_enough(permitted, Needs::Oversee).is_ok()
            }
        };
        if !sees {
            answer.as_of.position = None;
            answer.as_of.last_recorded_at = None;
            answer.notices.clear();
        }
        answer
    }

    /// Tells whether someone sees the whole log, as it and their account stand now.
    fn sees_whole(&self, who: &Principal) -> Result<bool, DeskError> {
        let Who::Account { id, must_change, .. } = &who.who else {
            return Ok(matches!(who.who, Who::Owner));
        };
        let accounts = self.desk.accounts()?;
        let permitted = accounts.get(*id).map(|account| &account.permitted);
        Ok(!must_change
            && permitted.is_some_and(|permitted| self.sees_enough(permitted, Needs::Oversee).is_ok()))
    }

    /// Refuses to record, for whoever owns the directory, under the name of an account: only whoever shows that
    /// they are it does.
    fn is_nobody_elses_name(&self, who: &Principal, needs: Needs) -> Result<(), AccessError> {
        if !matches!(needs, Needs::Record | Needs::Keep | Needs::Administer) || !self.is_guarded() {
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
pub(crate) mod tests;
