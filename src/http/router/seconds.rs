//! The routes of what waits for a second person.

use crate::desk::access::{Archivist, Reader, Recorder};
use crate::desk::answer::Page;
use crate::desk::answer::held::HeldRow;
use crate::desk::answer::operation::Recorded;
use crate::desk::ask::{ConfirmAsk, HeldAsk};
use crate::desk::recording::LaidOut;
use crate::http::api::{Answered, As};
use crate::http::body::Sent;
use crate::http::idempotency::IdempotencyKey;
use crate::http::query::{Asked, AskedNow, Nothing};
use crate::http::router::Handle;
use crate::http::routes::Routes;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/v1/held", "What waits for a second person", held)
        .post("/v1/entries/{handle}/confirmation", "Confirm what somebody else recorded", confirm)
        .post(
            "/v1/entries/{handle}/confirmation/submission",
            "Lay out a confirmation, for whoever confirms to sign",
            lay_out,
        )
}

async fn held(api: As<Reader>, Asked { when, ask }: Asked<HeldAsk>) -> Answered<Page<HeldRow>> {
    api.answer(move |desk| desk.held(&when, &ask)).await
}

async fn confirm(
    api: As<Recorder>,
    Handle(handle): Handle,
    key: IdempotencyKey,
    _: AskedNow<Nothing>,
    Sent(mut ask): Sent<ConfirmAsk>,
) -> Answered<Recorded> {
    ask.request = key.request(api.caller(), ask.request)?;
    api.answer(move |desk| desk.confirm(&handle, &ask)).await
}

async fn lay_out(
    api: As<Archivist>,
    Handle(handle): Handle,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<ConfirmAsk>,
) -> Answered<LaidOut<Recorded>> {
    api.answer(move |desk| desk.lay_out_confirmation(&handle, &ask)).await
}
