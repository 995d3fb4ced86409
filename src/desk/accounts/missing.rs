//! What of the files beside the log is damaged or gone, so that those who have accounts cannot come in or go on.

use crate::desk::Desk;
use crate::desk::accounts::kept::Secrets;
use crate::desk::accounts::{Account, AccountState, Accounts};
use crate::desk::error::DeskError;
use crate::domain::timestamp::Timestamp;

/// So many accounts are named before the rest is counted.
const NAMED_MAX: usize = 3;

/// Something that keeps those who have accounts out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What is so.
    pub says: String,
    /// How to go on.
    pub todo: String,
}

impl Desk {
    /// Returns what of `accounts`, `sessions` and `cursors` keeps out those of whom the log says that they may come in;
    /// nothing where the log has no accounts and the files are whole. Nothing is written.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] where the log does not tell who has an account.
    pub fn missing_beside(&self) -> Result<Vec<Missing>, DeskError> {
        let (accounts, now) = (self.accounts()?, (self.clock)());
        let mut missing = Vec::new();
        match self.people.kept.look(|secrets| of_accounts(&accounts, secrets, now)) {
            Ok(found) => missing.extend(found),
            Err(error) => {
                let hint =
                    if let DeskError::Refused { hints, .. } = &error { hints.first().cloned() } else { None };
                let todo = hint.unwrap_or_else(|| {
                    "put `accounts` back from a backup; where there is none, move it away and give everybody another \
                     password: `account password NAME`, in the directory of the log"
                        .to_owned()
                });
                let says = format!("nobody comes in with a password or a token: {error}");
                missing.push(Missing { says, todo });
            }
        }
        if let Err(error) = self.people.sessions().whole() {
            missing.push(Missing {
                says: format!("who was in before must come in again: {error}"),
                todo: "move `sessions` away: another is written, and nothing but sessions is lost".to_owned(),
            });
        }
        if let Err(error) = self.people.cursors.whole() {
            missing.push(Missing {
                says: format!("no program can ask for its cursor, or move it: {error}"),
                todo: "put `cursors` back from a copy; where there is none, move it away: every program begins where it \
                       says itself"
                    .to_owned(),
            });
        }
        Ok(missing)
    }
}

/// Returns which accounts the log lets in with what is not kept any more.
fn of_accounts(accounts: &Accounts, secrets: &Secrets, now: Timestamp) -> Option<Missing> {
    let no_password = |account: &Account| {
        let named = account.password.as_ref()?;
        let kept = secrets.passwords.get(&account.id);
        Some(!kept.is_some_and(|kept| kept.iter().any(|kept| kept.name == named.name)))
    };
    let no_token = |account: &Account| {
        let mut counts = account
            .tokens
            .iter()
            .filter(|(_, token)| !token.revoked && token.expires > now)
            .map(|(name, _)| name);
        counts.any(|name| !secrets.tokens.contains_key(name))
    };
    let lost: Vec<&str> = accounts
        .all()
        .into_iter()
        .filter(|account| account.state == AccountState::Active)
        .filter(|account| no_password(account).unwrap_or(false) || no_token(account))
        .map(|account| account.name.as_str())
        .collect();
    if lost.is_empty() {
        return None;
    }
    let mut named = lost.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    if lost.len() > NAMED_MAX {
        named = format!("{named} and {} more", lost.len() - NAMED_MAX);
    }
    Some(Missing {
        says: format!("`accounts` is gone or older than the log, and does not have what lets in {named}"),
        todo: "put the newest `accounts` back from a backup; where there is none, give them another password or token: \
               `account password NAME`, `account token new`, in the directory of the log"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::accounts::OpenAsk;
    use crate::desk::ask::Caller;
    use crate::desk::testing::Fixture;
    use crate::domain::fact::account::Role;

    #[test]
    fn accounts_whose_password_is_not_kept_are_named() {
        let fixture = Fixture::new();
        for name in ["lee", "park", "choi", "oh"] {
            let ask = OpenAsk {
                name: name.to_owned(),
                role: Role::Administrator,
                clearance: "TLP:RED".to_owned(),
                compartments: Vec::new(),
                reason: None,
            };
            fixture.desk.open_account(&Caller { actor: "kim".to_owned(), tz: None }, &ask).unwrap();
        }
        assert_eq!(fixture.desk.missing_beside().unwrap(), []);
        let (accounts, now) = (fixture.desk.accounts().unwrap(), (fixture.desk.clock)());
        let lee = accounts.named("lee").unwrap().id;
        let without = |drop: &dyn Fn(&mut Secrets)| {
            let mut secrets = fixture.desk.people.kept.look(Clone::clone).unwrap();
            drop(&mut secrets);
            of_accounts(&accounts, &secrets, now).map(|missing| missing.says)
        };
        assert_eq!(without(&|_| {}), None);
        let says = without(&|secrets| drop(secrets.passwords.remove(&lee))).unwrap();
        assert!(says.ends_with("lets in lee"), "{says}");
        let says = without(&|secrets| *secrets = Secrets::default()).unwrap();
        assert!(says.ends_with("and 1 more"), "{says}");
    }
}
