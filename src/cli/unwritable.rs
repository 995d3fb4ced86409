//! What is asked of a log whose disk lets nobody write, and needs nothing to be written there: a copy of it.

use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::desk::Opening;
use crate::store::segment::is_read_only;

/// Opens the log for reading where its disk lets nobody write, so that what comes next is asked of a reader; tells
/// whether that is so.
pub(super) fn read_instead(session: &mut Session) -> Result<bool, Failure> {
    let dir = session.globals.dir();
    if session.globals.server.is_some() || !is_read_only(&dir) {
        return Ok(false);
    }
    let api = (session.open)(&dir, Opening::Read, &session.globals.place)?;
    session.api = Some((api, true));
    Ok(true)
}
