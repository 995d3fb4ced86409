//! Accounts that come in by single sign-on: bound to whom a provider knows by what it never gives to anybody else,
//! opened when they come for the first time, and changed when their groups there are.

use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::desk::accounts::changing::{Of, Whose};
use crate::desk::accounts::{Account, AccountRow, AccountState};
use crate::desk::answer::Answer;
use crate::desk::ask::Caller;
use crate::desk::error::{DeskError, Fault};
use crate::desk::keys::password::fingerprint;
use crate::domain::fact::Fact;
use crate::domain::fact::account::{Bound, Permitted};

/// The longest that a provider may be called, and what names somebody there (OpenID Connect Core, section 2).
const ISSUER_BYTES_MAX: usize = 512;
const SUBJECT_BYTES_MAX: usize = 255;

/// As whom of which provider an account comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    bound: Bound,
    /// What names it among what sessions began with; no password is called so.
    name: String,
}

/// Someone whom a provider signed on, and what their groups let them do and see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desk) struct Proven {
    /// As whom of which provider.
    pub(in crate::desk) bound: Bound,
    /// How the provider calls them.
    pub(in crate::desk) name: String,
    /// What they may.
    pub(in crate::desk) permitted: Permitted,
    /// Why: the groups that say so.
    pub(in crate::desk) groups: Vec<String>,
}

/// As whom of which provider an account comes in from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BindAsk {
    /// Who signs them on: the issuer, exactly as the provider names itself.
    pub(crate) issuer: String,
    /// What names them there: the claim `sub`, no name and no address.
    pub(crate) subject: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl Binding {
    pub(in crate::desk) fn of(bound: &Bound) -> Self {
        let name = format!("sso_{}", fingerprint(&format!("{}\0{}", bound.issuer, bound.subject)));
        Self { bound: bound.clone(), name }
    }

    /// Returns what names it among what sessions began with.
    pub(in crate::desk) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn issuer(&self) -> &str {
        &self.bound.issuer
    }

    pub(super) fn subject(&self) -> &str {
        &self.bound.subject
    }

    pub(super) fn is(&self, issuer: &str, subject: &str) -> bool {
        self.bound.issuer == issuer && self.bound.subject == subject
    }
}

impl Desk {
    /// Returns the account of someone whom a provider signed on: opened where they come for the first time, and
    /// changed where their groups let them do or see something else.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] where their account opens nothing, where somebody else has their name, and
    /// where nobody could keep the accounts any more; then nothing changed.
    pub(in crate::desk) fn sign_on(&self, proven: &Proven) -> Result<Account, DeskError> {
        check(&proven.bound)?;
        let _one = self.people.ways_in();
        let Bound { issuer, subject } = &proven.bound;
        let nobody = Caller { actor: String::new(), tz: None };
        let reason = why(proven);
        let accounts = self.accounts()?;
        let Some(account) = accounts.bound_to(issuer, subject) else {
            let whose = Whose::Newcomer(&proven.name);
            return self.change_account(&nobody, whose, Some(&reason), |of| of.comes_first(proven));
        };
        is_open(account)?;
        if account.permitted == proven.permitted {
            return Ok(account.clone());
        }
        self.change_account(&nobody, Whose::Bound(account.id), Some(&reason), |of| of.comes_again(proven))
    }

    /// Lets an account come in by single sign-on from now on; its password opens nothing any more, and its sessions
    /// end. With another password it has that way again, and no other.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::NotFound`] where nobody has such an account, [`DeskError::Wrong`] for what names nobody,
    /// and [`DeskError::Refused`] where another account is theirs, and where nobody with a password could keep the
    /// accounts any more; then nothing changed.
    pub(crate) fn bind_account(
        &self,
        caller: &Caller,
        name: &str,
        ask: &BindAsk,
    ) -> Result<Answer<AccountRow>, DeskError> {
        let bound = Bound { issuer: ask.issuer.trim().to_owned(), subject: ask.subject.clone() };
        check(&bound)?;
        let _one = self.people.ways_in();
        let changed = self.change_account(caller, Whose::Named(name), ask.reason.as_deref(), |of| {
            let account = of.found()?;
            let theirs = of.accounts.bound_to(&bound.issuer, &bound.subject);
            if let Some(theirs) = theirs.filter(|theirs| theirs.state != AccountState::Closed) {
                return Err(DeskError::Refused {
                    rule: format!("{} comes in as that already", theirs.name),
                    hints: Vec::new(),
                });
            }
            is_open(account)?;
            // Whoever is bound already has no password to lose.
            if account.password.is_some() {
                of.has_another_with_a_password()?;
            }
            Ok(vec![Fact::AccountBound(bound.clone())])
        })?;
        self.sessions().go_on(None, changed.id, "");
        // What is kept of the password opens nothing any more, and need not be kept.
        self.people.kept.change(|secrets| secrets.passwords.remove(&changed.id))?;
        self.answer_account(&changed)
    }
}

impl Of<'_> {
    /// Decides of somebody who comes for the first time: an account of their own, unless one became theirs meanwhile.
    fn comes_first(&self, proven: &Proven) -> Result<Vec<Fact>, DeskError> {
        if self.accounts.bound_to(&proven.bound.issuer, &proven.bound.subject).is_some() {
            return Err(moved());
        }
        Ok(vec![Fact::AccountOpened(proven.permitted.clone()), Fact::AccountBound(proven.bound.clone())])
    }

    /// Decides of somebody whose groups let them do or see something else, as long as the account is theirs.
    fn comes_again(&self, proven: &Proven) -> Result<Vec<Fact>, DeskError> {
        let account = self.found()?;
        let Bound { issuer, subject } = &proven.bound;
        if !account.bound.as_ref().is_some_and(|bound| bound.is(issuer, subject)) {
            return Err(moved());
        }
        is_open(account)?;
        self.goes_on_keeping(&proven.permitted)?;
        Ok(vec![Fact::AccountPermitted(proven.permitted.clone())])
    }
}

fn moved() -> DeskError {
    DeskError::Refused {
        rule: "how they come in was changed just now".to_owned(),
        hints: vec!["begin the sign-on again".to_owned()],
    }
}

/// Refuses an account that opens nothing.
fn is_open(account: &Account) -> Result<(), DeskError> {
    let hint = match account.state {
        AccountState::Active => return Ok(()),
        AccountState::Disabled => {
            format!("an administrator can let it be used again: `account enable {}`", account.name)
        }
        AccountState::Closed => "an administrator can open another and bind it: `account bind`".to_owned(),
    };
    Err(DeskError::Refused {
        rule: format!("the account of {} is {}", account.name, account.state),
        hints: vec![hint],
    })
}

/// Says that a name is somebody's: a provider may let people choose their names, and an earlier entry is not theirs
/// for that.
pub(super) fn taken(name: &str) -> DeskError {
    DeskError::Refused {
        rule: format!(
            "somebody records under the name {name} already, and a name alone does not make you them"
        ),
        hints: vec![format!(
            "an administrator who knows that you are {name} can say so: `account bind {name}` (after `account add` \
             where {name} has no account)"
        )],
    }
}

fn why(proven: &Proven) -> String {
    let groups = proven.groups.join(", ");
    let shown: String = groups.chars().take(300).collect();
    let more = if shown.len() < groups.len() { "…" } else { "" };
    format!("by single sign-on, for the groups {shown}{more}")
}

fn check(bound: &Bound) -> Result<(), DeskError> {
    let wrong = |field: &str, detail: &str| Err(Fault::in_field(field, detail).into());
    let plain =
        |text: &str, max: usize| !text.is_empty() && text.len() <= max && !text.chars().any(char::is_control);
    let is_address = bound.issuer.starts_with("https://") || bound.issuer.starts_with("http://");
    if !plain(&bound.issuer, ISSUER_BYTES_MAX) || !is_address {
        return wrong("issuer", "is no address of a provider, as https://login.example");
    }
    if !plain(&bound.subject, SUBJECT_BYTES_MAX) {
        return wrong("subject", "names nobody: it has 1 to 255 bytes, and no control characters");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::accounts::{ChangeAsk, OpenAsk};
    use crate::desk::ask::When;
    use crate::desk::testing::Fixture;
    use crate::domain::fact::account::Role;
    use crate::domain::marking::Marking;

    #[test]
    fn whoever_is_signed_on_while_their_way_in_changes_gets_neither_two_accounts_nor_that_of_another() {
        let (fixture, owner) = (Fixture::new(), Caller { actor: "kim".to_owned(), tz: None });
        let desk = &fixture.desk;
        for name in ["lee", "park"] {
            let (clearance, compartments) = ("TLP:RED".to_owned(), Vec::new());
            let ask =
                OpenAsk { name: name.to_owned(), role: Role::Reader, clearance, compartments, reason: None };
            desk.open_account(&owner, &ask).unwrap();
        }
        let bound = Bound { issuer: "https://login.example".to_owned(), subject: "s-1".to_owned() };
        let permitted = Permitted {
            role: Role::Recorder,
            clearance: Marking("TLP:RED".to_owned()),
            compartments: vec![],
        };
        let proven = Proven { bound: bound.clone(), name: "choi".to_owned(), permitted, groups: Vec::new() };
        let decided = |first: bool| {
            let accounts = desk.accounts().unwrap();
            let account = accounts.named("lee").unwrap();
            let known = desk.known(&When::default()).unwrap();
            let (id, account) = (account.id, Some(account));
            let of = Of { id, account, accounts: &accounts, desk, known: &known };
            if first { of.comes_first(&proven) } else { of.comes_again(&proven) }.is_ok()
        };
        assert_eq!((decided(true), decided(false)), (true, false), "bound to nobody");
        let ask = BindAsk { issuer: bound.issuer.clone(), subject: bound.subject.clone(), reason: None };
        let before = desk.accounts().unwrap().told();
        desk.bind_account(&owner, "lee", &ask).unwrap();
        assert_eq!((decided(true), decided(false)), (false, true), "bound by an administrator");
        let from = desk.accounts().unwrap().named("lee").unwrap().sessions_from;
        assert!(from > before, "what began before as the same does not go on");
        desk.reset_password(&owner, "lee", &ChangeAsk::default()).unwrap();
        assert_eq!((decided(true), decided(false)), (true, false), "with a password again");
    }
}
