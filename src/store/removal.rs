//! Which text a record says was removed: only such a record may explain that a body is gone.

use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::EventId;
use crate::store::Class;

/// Returns the event whose text a record removes; none when it is another record, or cannot be read.
pub(super) fn removed_by(class: Class, schema: u16, body: &[u8]) -> Option<EventId> {
    if class != Class::RecordRedacted {
        return None;
    }
    let body = std::str::from_utf8(body).ok()?;
    let Fact::RecordRedacted(redacted) = Event::decode(schema, body).ok()?.fact else { return None };
    Some(redacted.target)
}
