//! Who is in the register of parties, and in how many entries they take part.

use crate::desk::Desk;
use crate::desk::answer::board::PartyRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::When;
use crate::desk::error::DeskError;
use crate::desk::timeline;
use crate::domain::timestamp::Timestamp;
use crate::projections::timeline::{By, Direction, Order, TimelineQuery};

/// Returns every party of the register, by code; its entries are those of the party and of its bodies, as
/// the timeline counts them.
pub(super) fn parties(desk: &Desk, when: &When) -> Result<Answer<Page<PartyRow>>, DeskError> {
    let known = desk.known(when)?;
    let mut items = Vec::new();
    for (id, party) in known.register.parties() {
        let page = known.view.timeline(&TimelineQuery {
            party: known.bodies_of(id).into(),
            occurred: Some((Timestamp::MIN, known.at)),
            order: Order { by: By::Occurred, direction: Direction::Descending },
            limit: 1,
            ..TimelineQuery::default()
        })?;
        let last = timeline::rows(&known, &page.rows)?.into_iter().next();
        items.push(PartyRow {
            id,
            code: party.entered.code.to_string(),
            names: party.entered.names.iter().map(|name| name.text.clone()).collect(),
            one_with: known.all_named(known.register.one_with(id).get(1..).unwrap_or_default())?,
            parts: known.all_named(known.register.parts_of(id))?,
            entries: page.total,
            last: last.and_then(|row| row.entry.date),
        });
    }
    items.sort_by(|one, other| (&one.code, one.id).cmp(&(&other.code, other.id)));
    let total = items.len() as u64;
    Ok(known.answer(Page { items, next: None, total }))
}
