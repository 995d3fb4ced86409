//! Who keeps the accounts. Somebody always does: an administrator whose account opens something, and who is cleared as
//! high as anybody, for whoever is not is told nothing of the accounts.

use crate::desk::Desk;
use crate::desk::accounts::changing::Of;
use crate::desk::accounts::{Account, AccountState};
use crate::desk::ask::When;
use crate::desk::error::DeskError;
use crate::desk::format::parse::markings;
use crate::domain::fact::account::{Permitted, Role};

/// What would be right.
const MAKE_ANOTHER: &str = "make somebody else an administrator first, cleared for the highest level: `account add`, \
                            `account role`, `account clearance`";

impl Desk {
    /// Tells whether somebody was cleared for the highest level when they were cleared, whatever the scheme is since.
    ///
    /// # Errors
    ///
    /// As every question.
    pub(in crate::desk) fn was_cleared_highest(&self, account: &Account) -> Result<bool, DeskError> {
        let when = When { known_as_of: Some(account.permitted_at.to_string()), ..When::default() };
        let (scheme, _) = markings(&self.known(&when)?);
        Ok(scheme.is_highest(&account.permitted.clearance))
    }
}

impl Of<'_> {
    fn keeps(&self, account: &Account) -> Result<bool, DeskError> {
        if account.permitted.role != Role::Administrator || account.state != AccountState::Active {
            return Ok(false);
        }
        let (scheme, _) = markings(self.known);
        Ok(scheme.is_highest(&account.permitted.clearance) || self.desk.was_cleared_highest(account)?)
    }

    /// Tells whether somebody else, of whom `is_one` holds, keeps the accounts.
    fn are_kept_by_another(&self, is_one: impl Fn(&Account) -> bool) -> Result<bool, DeskError> {
        for other in self.accounts.open().filter(|other| other.id != self.id && is_one(other)) {
            if self.keeps(other)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Refuses to take the last administrator away.
    pub(super) fn is_not_the_last(&self) -> Result<(), DeskError> {
        let account = self.found()?;
        if !self.keeps(account)? || self.are_kept_by_another(|_| true)? {
            return Ok(());
        }
        Err(DeskError::Refused {
            rule: format!("{} is the last administrator, and somebody must keep the accounts", account.name),
            hints: vec![MAKE_ANOTHER.to_owned()],
        })
    }

    /// Refuses to let the last administrator do or see so little that nobody keeps the accounts.
    pub(super) fn goes_on_keeping(&self, permitted: &Permitted) -> Result<(), DeskError> {
        let before = &self.found()?.permitted;
        let (scheme, _) = markings(self.known);
        let is_as_before = permitted.clearance == before.clearance;
        if permitted.role == Role::Administrator && (is_as_before || scheme.is_highest(&permitted.clearance))
        {
            return Ok(());
        }
        self.is_not_the_last()
    }

    /// Refuses to leave nobody with a password who keeps the accounts: whether a provider lets anybody in is its word.
    pub(super) fn has_another_with_a_password(&self) -> Result<(), DeskError> {
        let account = self.found()?;
        if !self.keeps(account)? || self.are_kept_by_another(|other| other.password.is_some())? {
            return Ok(());
        }
        Err(DeskError::Refused {
            rule: format!(
                "nobody but {} keeps the accounts with a password, and somebody must where no provider lets them in",
                account.name
            ),
            hints: vec![MAKE_ANOTHER.to_owned()],
        })
    }
}
