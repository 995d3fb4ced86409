//! The routes that tell who goes by which name.

use crate::desk::access::Reader;
use crate::desk::answer::Page;
use crate::desk::answer::alias::{NameRow, PersonRow};
use crate::desk::completion::NamesAsk;
use crate::http::api::{Answered, As};
use crate::http::query::{Asked, AskedNow, Nothing};
use crate::http::routes::Routes;

/// Returns the routes.
pub(super) fn routes() -> Routes {
    Routes::new().get("/v1/persons", "Who goes by which name", persons).get(
        "/v1/names",
        "The names that begin with what was typed",
        names,
    )
}

async fn persons(
    api: As<Reader>,
    Asked { when, ask: Nothing {} }: Asked<Nothing>,
) -> Answered<Page<PersonRow>> {
    api.answer(move |desk| desk.persons(&when)).await
}

/// The names that begin with what was typed.
async fn names(api: As<Reader>, AskedNow { ask }: AskedNow<NamesAsk>) -> Answered<Page<NameRow>> {
    api.answer(move |desk| desk.names_like(&ask)).await
}
