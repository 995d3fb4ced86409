//! The routes of questions about silence, answers, intervals, late entries and policies.

use crate::desk::access::Reader;
use crate::desk::answer::Page;
use crate::desk::answer::interval::IntervalRow;
use crate::desk::answer::late::LateRow;
use crate::desk::answer::policy::PolicyRow;
use crate::desk::answer::silence::SilenceMatrix;
use crate::desk::answer::statistics::AnswerStatistics;
use crate::desk::ask::{AnswersAsk, IntervalsAsk, LateAsk, PoliciesAsk, SilenceAsk};
use crate::http::api::{Answered, As};
use crate::http::query::{Asked, Filtered};
use crate::http::routes::Routes;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/v1/silence", "Who last said what to whom, on which channel", silence)
        .get("/v1/statistics/answers", "How offers were answered, and how fast", answers)
        .get("/v1/intervals", "In which state each line was, from when until when", intervals)
        .get("/v1/policies", "The policies in force", policies)
        .get("/v1/late", "What was recorded long after it had happened", late)
}

async fn silence(api: As<Reader>, Asked { when, ask }: Asked<SilenceAsk>) -> Answered<SilenceMatrix> {
    api.answer(move |desk| desk.silence(&when, &ask)).await
}

async fn answers(api: As<Reader>, asked: Filtered<AnswersAsk>) -> Answered<AnswerStatistics> {
    let Filtered { when, filter, ask } = asked;
    let ask = AnswersAsk { filter, ..ask };
    api.answer(move |desk| desk.answer_statistics(&when, &ask)).await
}

async fn intervals(api: As<Reader>, Asked { when, ask }: Asked<IntervalsAsk>) -> Answered<Page<IntervalRow>> {
    api.answer(move |desk| desk.intervals(&when, &ask)).await
}

async fn policies(api: As<Reader>, Asked { when, ask }: Asked<PoliciesAsk>) -> Answered<Page<PolicyRow>> {
    api.answer(move |desk| desk.policies(&when, &ask)).await
}

async fn late(api: As<Reader>, Asked { when, ask }: Asked<LateAsk>) -> Answered<Page<LateRow>> {
    api.answer(move |desk| desk.late(&when, &ask)).await
}
