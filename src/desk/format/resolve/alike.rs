//! Codes of parties that are almost those of others.

use crate::desk::error::DeskError;
use crate::desk::format::resolve::Resolver;
use crate::domain::id::EntityId;
use crate::domain::name::{fold, slips};
use crate::domain::party_code::PartyCode;

impl Resolver<'_> {
    /// Returns the party that was found, unless a file writes the code of a party, and this one has another that differs
    /// by hyphens and slashes alone: at the prompt whoever types is answered with what was taken, a file is not.
    pub(super) fn not_merely_alike(&self, typed: &str, found: EntityId) -> Result<EntityId, DeskError> {
        if self.uses.is_none() || typed.parse::<PartyCode>().is_err() {
            return Ok(found);
        }
        let registered = self.known.register.party(found).map(|party| &party.entered);
        let code = registered.map(|party| party.code.as_str());
        let Some(code) = code.or_else(|| self.codes.get(&found).map(String::as_str)) else {
            return Ok(found);
        };
        let is_name = registered.is_some_and(|party| party.names.iter().any(|name| name.text == typed));
        if is_name || code == typed || fold(code) != fold(typed) {
            return Ok(found);
        }
        let rule = format!(
            "party `{typed}` differs from {code} by hyphens and slashes alone, and would be taken for it; write {code} where \
             that is meant, and give the other a code that differs by a letter"
        );
        Err(DeskError::Refused { rule, hints: Vec::new() })
    }

    /// Returns the codes of states in the register that are one slip away from a code that was typed.
    pub(super) fn codes_near(&self, typed: &str, code: &str) -> Vec<String> {
        if fold(typed) != fold(code) {
            return Vec::new();
        }
        let registered = self.known.register.parties().map(|(_, party)| party.entered.code.as_str());
        let near = registered.filter(|other| !other.contains('/') && slips(code, other, 1) == Some(1));
        near.map(ToOwned::to_owned).collect()
    }
}
