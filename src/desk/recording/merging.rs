//! What a finding that two parties are one would change, where they are not likely to be.

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::EntityId;
use crate::projections::timeline::{Struck, TimelineQuery};

/// Returns what a merger of states would change: two states are seldom one, and what is merged is found under both
/// names from then on.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(super) fn of_states(known: &Known, event: &Event) -> Result<Vec<String>, DeskError> {
    let Fact::PartyMerged(merged) = &event.fact else { return Ok(Vec::new()) };
    let mut said = Vec::new();
    let Some(into) = state(known, merged.into) else { return Ok(said) };
    for party in event.envelope.about.iter().copied().filter(|party| *party != merged.into) {
        let Some(one) = state(known, party) else { continue };
        let entries = known.view.spots(&TimelineQuery {
            party: known.bodies_of(party).into(),
            struck: Struck::Show,
            limit: 1,
            ..TimelineQuery::default()
        })?;
        let entries = match entries.total {
            1 => "1 entry that names it or a body of it".to_owned(),
            total => format!("{total} entries that name it or a body of it"),
        };
        said.push(format!(
            "{one} and {into} are two states: {entries} would be found as {into}'s, and every name of {one} would mean \
             {into}; where it was a slip, strike it with `retract`"
        ));
    }
    Ok(said)
}

/// Returns the code of a party that is a state, and no body of one.
fn state(known: &Known, party: EntityId) -> Option<&str> {
    let code = known.register.party_code(party)?.as_str();
    (!code.contains('/') && !code.starts_with("x-")).then_some(code)
}
