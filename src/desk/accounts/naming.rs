//! Whose account a name means, and which name nobody new is given.

use crate::desk::accounts::changing::{Whose, no_account};
use crate::desk::accounts::{Accounts, binding};
use crate::desk::ask::Caller;
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::resolve::Newcomer;
use crate::desk::known::Known;
use crate::desk::writing;
use crate::domain::id::EntityId;
use crate::domain::name::{alike, fold, unseen};

/// Returns whose account is meant; whoever is named for the first time is a newcomer to the register.
pub(super) fn meant(
    known: &Known,
    accounts: &Accounts,
    caller: &Caller,
    whose: Whose<'_>,
    newcomers: &mut Vec<Newcomer>,
) -> Result<EntityId, DeskError> {
    let name = match whose {
        Whose::Own(id) | Whose::Bound(id) => return Ok(id),
        Whose::Named(name) => {
            return accounts.named(name).map(|account| account.id).ok_or_else(|| no_account(name));
        }
        Whose::New(name) | Whose::Newcomer(name) => name,
    };
    let same = |one: &str| fold(one) == fold(name);
    if let (Whose::New(_), Some(own)) = (whose, newcomers.first().filter(|_| same(&caller.actor))) {
        return Ok(own.id.into());
    }
    let (recorder, entered) = writing::recorder_in_field(known, "name", name)?;
    if let (Whose::Newcomer(_), None) = (whose, &entered) {
        return Err(binding::taken(&known.recorder_named(recorder)));
    }
    let id = EntityId::from_uuid(*recorder.as_uuid());
    if entered.is_none() {
        // Who is in the register since before names were looked at so.
        is_told_apart(accounts, id, &known.recorder_named(recorder))?;
    }
    newcomers.extend(entered);
    Ok(id)
}

/// Refuses an account to somebody whose name is not told from that of another account.
fn is_told_apart(accounts: &Accounts, id: EntityId, name: &str) -> Result<(), DeskError> {
    let wrong = |detail: String| DeskError::from(Fault::in_field("name", detail));
    if let Some(hidden) = unseen(name) {
        let hidden = u32::from(hidden);
        return Err(wrong(format!("the name holds U+{hidden:04X}, which nobody sees; give another name")));
    }
    match accounts.open().find(|account| account.id != id && alike(&account.name, name)) {
        Some(other) => Err(wrong(format!(
            "`{name}` looks like `{}`, who has an account, and nobody could tell them apart; give another name",
            other.name
        ))),
        None => Ok(()),
    }
}
