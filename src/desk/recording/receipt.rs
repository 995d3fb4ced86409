//! What was recorded, as answers and folds take it.

use crate::desk::answer::operation::ReceiptRow;
use crate::domain::event::Event;
use crate::domain::id::{ActorId, EventId};
use crate::domain::reading::{Entry, RawEvent};
use crate::domain::timestamp::Timestamp;
use crate::store::Receipt;
use crate::store::leaf::HexHash;

/// Tells whether what was recorded is what `event` says; where the same words were typed for its date, they
/// count.
pub(in crate::desk) fn same(raw: &RawEvent, event: &Event) -> bool {
    let Some(recorded) = raw.event.as_ref().filter(|_| raw.removed.is_none()) else { return true };
    if recorded == event {
        return true;
    }
    let mut again = event.clone();
    let typed = &recorded.envelope.occurred_as_written;
    if typed.is_some() && *typed == again.envelope.occurred_as_written {
        again.envelope.occurred.clone_from(&recorded.envelope.occurred);
    }
    *recorded == again
}

/// Returns an event as an entry that nothing was said of yet.
pub(in crate::desk) fn entry(id: EventId, event: &Event, actor: ActorId, at: Timestamp) -> Entry {
    Entry {
        position: 0,
        at,
        id,
        actor,
        event: Some(event.clone()),
        removed: None,
        struck: false,
        amended: 0,
        amendment: None,
    }
}

/// Returns a receipt as answers show it.
pub(in crate::desk) fn row(receipt: &Receipt) -> ReceiptRow {
    ReceiptRow {
        request: receipt.request,
        first: receipt.first,
        ids: receipt.ids.clone(),
        recorded_at: receipt.recorded_at,
        size: receipt.head.size,
        root: HexHash(receipt.head.root).to_string(),
        repeated: receipt.repeated,
        proofs: Vec::new(),
    }
}
