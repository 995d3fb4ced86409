//! The routes of cursors: how far somebody's programs have read a feed.

use crate::desk::access::Reader;
use crate::desk::answer::Page;
use crate::desk::cursors::{CursorAsk, CursorRow};
use crate::http::api::{Answered, As};
use crate::http::body::Sent;
use crate::http::query::{AskedNow, Nothing};
use crate::http::router::Handle;
use crate::http::routes::Routes;

/// Returns the routes.
pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/v1/cursors", "The cursors of whoever asks", cursors)
        .get("/v1/cursors/{name}", "How far a program of whoever asks has read", cursor)
        .put("/v1/cursors/{name}", "Move a cursor from where the caller saw it", move_cursor)
}

async fn cursors(api: As<Reader>, _: AskedNow<Nothing>) -> Answered<Page<CursorRow>> {
    api.answer(Reader::cursors).await
}

async fn cursor(api: As<Reader>, Handle(name): Handle, _: AskedNow<Nothing>) -> Answered<CursorRow> {
    api.answer(move |desk| desk.cursor(&name)).await
}

async fn move_cursor(
    api: As<Reader>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<CursorAsk>,
) -> Answered<CursorRow> {
    api.answer(move |desk| desk.move_cursor(&name, &ask)).await
}
