//! Who is in the register of persons, and which offices they hold.

use crate::desk::Desk;
use crate::desk::answer::alias::{PersonRow, RoleRow};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::When;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::timestamp::Timestamp;
use crate::projections::register::Role;

/// Returns every person of the register, by name.
pub(super) fn persons(desk: &Desk, when: &When) -> Result<Answer<Page<PersonRow>>, DeskError> {
    let known = desk.known(when)?;
    let mut items = Vec::new();
    for (id, person) in known.register.persons() {
        let names: Vec<String> = person.entered.names.iter().map(|name| name.text.clone()).collect();
        let mut roles: Vec<&Role> = known.register.roles_of(id).collect();
        let begins = |role: &Role| role.held.since.as_ref().map(|since| since.earliest(&known.zone));
        roles.sort_by_key(|role| (begins(role).unwrap_or(Timestamp::MIN), role.position));
        items.push(PersonRow {
            id,
            name: names.first().cloned().unwrap_or_default(),
            roles: roles.into_iter().map(|role| row(&known, role)).collect::<Result<_, _>>()?,
            names,
        });
    }
    items.sort_by(|one: &PersonRow, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    let total = items.len() as u64;
    Ok(known.answer(Page { items, next: None, total }))
}

fn row(known: &Known, role: &Role) -> Result<RoleRow, DeskError> {
    let held = &role.held;
    let begun = held.since.as_ref().is_none_or(|since| since.earliest(&known.zone) <= known.at);
    let over = held.until.as_ref().is_some_and(|until| until.latest(&known.zone) < known.at);
    Ok(RoleRow {
        office: held.office.clone(),
        party: known.named(held.party)?,
        since: held.since.as_ref().map(Known::date),
        until: held.until.as_ref().map(Known::date),
        holds: begun && !over,
    })
}

#[cfg(test)]
mod tests;
