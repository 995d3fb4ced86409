//! The routes of questions about silence, answers, intervals, late entries and policies.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use crate::desk::ask::{AnswersAsk, IntervalsAsk, LateAsk, PoliciesAsk, SilenceAsk};
use crate::http::api::{Answered, Api};
use crate::http::query::{Asked, Filtered};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/silence", get(silence))
        .route("/v1/statistics/answers", get(answers))
        .route("/v1/intervals", get(intervals))
        .route("/v1/policies", get(policies))
        .route("/v1/late", get(late))
}

async fn silence(State(api): State<Api>, Asked { when, ask }: Asked<SilenceAsk>) -> Answered {
    api.answer(move |desk| desk.silence(&when, &ask)).await
}

async fn answers(State(api): State<Api>, asked: Filtered<AnswersAsk>) -> Answered {
    let Filtered { when, filter, ask } = asked;
    let ask = AnswersAsk { filter, ..ask };
    api.answer(move |desk| desk.answer_statistics(&when, &ask)).await
}

async fn intervals(State(api): State<Api>, Asked { when, ask }: Asked<IntervalsAsk>) -> Answered {
    api.answer(move |desk| desk.intervals(&when, &ask)).await
}

async fn policies(State(api): State<Api>, Asked { when, ask }: Asked<PoliciesAsk>) -> Answered {
    api.answer(move |desk| desk.policies(&when, &ask)).await
}

async fn late(State(api): State<Api>, Asked { when, ask }: Asked<LateAsk>) -> Answered {
    api.answer(move |desk| desk.late(&when, &ask)).await
}
