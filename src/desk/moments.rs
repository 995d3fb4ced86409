//! Which positions of the log have a name.

use crate::desk::Desk;
use crate::desk::answer::operation::MomentRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::When;
use crate::desk::error::DeskError;

/// Returns the named moments, in the order in which they were named.
pub(super) fn moments(desk: &Desk) -> Result<Answer<Page<MomentRow>>, DeskError> {
    let known = desk.known(&When::default())?;
    let mut items = Vec::new();
    for moment in known.register.moments() {
        if let Some(recorded) = known.view.recorded(moment.position)? {
            items.push(MomentRow {
                name: moment.name.clone(),
                position: moment.size.checked_sub(1),
                named_at: recorded.at,
                receipt: None,
            });
        }
    }
    let total = items.len() as u64;
    Ok(known.answer(Page { items, next: None, total }))
}
