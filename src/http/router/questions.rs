//! The routes of questions about silence, answers, intervals, late entries and policies.

use crate::desk::access::Reader;
use crate::desk::ask::{AnswersAsk, IntervalsAsk, LateAsk, PoliciesAsk, SilenceAsk};
use crate::http::api::{Answered, As};
use crate::http::query::{Asked, Filtered};
use crate::http::routes::Routes;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/v1/silence", silence)
        .get("/v1/statistics/answers", answers)
        .get("/v1/intervals", intervals)
        .get("/v1/policies", policies)
        .get("/v1/late", late)
}

async fn silence(api: As<Reader>, Asked { when, ask }: Asked<SilenceAsk>) -> Answered {
    api.answer(move |desk| desk.silence(&when, &ask)).await
}

async fn answers(api: As<Reader>, asked: Filtered<AnswersAsk>) -> Answered {
    let Filtered { when, filter, ask } = asked;
    let ask = AnswersAsk { filter, ..ask };
    api.answer(move |desk| desk.answer_statistics(&when, &ask)).await
}

async fn intervals(api: As<Reader>, Asked { when, ask }: Asked<IntervalsAsk>) -> Answered {
    api.answer(move |desk| desk.intervals(&when, &ask)).await
}

async fn policies(api: As<Reader>, Asked { when, ask }: Asked<PoliciesAsk>) -> Answered {
    api.answer(move |desk| desk.policies(&when, &ask)).await
}

async fn late(api: As<Reader>, Asked { when, ask }: Asked<LateAsk>) -> Answered {
    api.answer(move |desk| desk.late(&when, &ask)).await
}
