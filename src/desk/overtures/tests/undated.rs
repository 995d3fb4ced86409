//! What nobody knows the time of: it may have been at any moment until it was recorded, and is told so.

use super::*;
use crate::desk::answer::statistics::{AnswerStatistics, Median};
use crate::desk::ask::{AnswersAsk, FacetsAsk, FilterAsk, SilenceAsk, TimelineAsk};

impl Talks {
    fn undated(
        &self,
        name: &str,
        kind: Kind,
        from: EntityId,
        to: EntityId,
        answers: Option<EventId>,
    ) -> EventId {
        let links = answers.map(|target| Link::new(Relation::Answers, target)).into_iter().collect();
        let envelope = Envelope { from: vec![from], to: vec![to], links, ..called(name, "2025-01-01") };
        self.fixture.event(kind, Envelope { occurred: None, ..envelope })
    }

    fn only(&self, at: &str) -> OvertureRow {
        let mut rows = self.list(at, &OverturesAsk::default()).unwrap().items;
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    fn statistics(&self, by: Option<&str>) -> AnswerStatistics {
        let ask = AnswersAsk { by: by.map(ToOwned::to_owned), ..AnswersAsk::default() };
        self.fixture.desk.answer_statistics(&when("2025-12-31"), &ask).unwrap().data
    }
}

#[test]
fn an_offer_without_a_date_is_answered_by_whatever_answers_it() {
    let talks = Talks::new();
    let offer = talks.undated("offer", Kind::OvertureProposed, talks.mnd, talks.prk, None);
    talks.on(offer, "no", "1994-03", Kind::ResponseRejected, talks.prk);
    let row = talks.only("2025-12-31");
    assert_eq!((row.status.as_str(), row.open), ("rejected", false));
    assert_eq!((row.age_days, row.age_days_min), (None, None));
    assert!(row.anomalies.is_empty(), "{row:?}");
    let told = talks.statistics(Some("year"));
    assert_eq!((told.together.answered, told.together.undated), (1, 1));
    assert_eq!(told.together.median, Median::NoCases);
    assert_eq!(told.groups[0].values, ["not recorded"]);
}

#[test]
fn an_answer_without_a_date_is_neither_late_nor_of_any_length() {
    let talks = Talks::new();
    let offer = talks.offer("offer", "1999-01-05", &json!({"deadline": "1999-02-01"}));
    talks.undated("yes", Kind::ResponseAccepted, talks.prk, talks.mnd, Some(offer));
    let row = talks.only("2025-12-31");
    assert_eq!(row.status, "accepted");
    let answer = &row.answers[0];
    assert_eq!((answer.late, answer.latency_days), (false, None));
    let told = talks.statistics(None).together;
    assert_eq!((told.answered, told.late, told.undated), (1, 0, 1));
    // On any day it may have come already: nobody knows that it had not.
    let row = talks.only("2010-01-01");
    assert_eq!((row.status.as_str(), row.possibly), ("accepted", true));
}

#[test]
fn an_offer_from_before_a_year_is_at_least_so_old_and_in_no_median() {
    let talks = Talks::new();
    let offer = talks.offer("offer", "[..1964]", &json!({}));
    let row = talks.only("1965-01-11");
    assert_eq!((row.age_days, row.age_days_min), (None, Some(11)));
    assert_eq!(overture_words(&row), "standing, pending (no answer is recorded), at least 11 days old");
    let told = talks.statistics(Some("year"));
    assert_eq!((told.together.open, told.together.undated), (1, 1));
    assert_eq!((told.together.median, told.groups[0].values[0].as_str()), (Median::NoCases, "not recorded"));
    talks.on(offer, "yes", "1965-03-01", Kind::ResponseAccepted, talks.prk);
    assert_eq!(talks.only("2025-12-31").answers[0].latency_days, None);
}

#[test]
fn what_has_no_date_hides_nothing_that_has_one_and_is_never_of_today() {
    let talks = Talks::new();
    let matrix = || {
        let ask = SilenceAsk { party: "PRK".to_owned(), towards: Some("KOR".to_owned()) };
        talks.fixture.desk.silence(&when("2026-11-24"), &ask).unwrap().data
    };
    let undated = talks.undated("letter", Kind::MessageSent, talks.prk, talks.mnd, None);
    let alone = matrix().last.act().unwrap().clone();
    assert_eq!((alone.entry.id, alone.days_ago_max, alone.days_ago_open), (undated, None, true));
    let envelope = Envelope { from: vec![talks.prk], to: vec![talks.mnd], ..called("dated", "2019-06-01") };
    let dated = talks.fixture.event(Kind::MessageSent, envelope);
    let last = matrix().last.act().unwrap().clone();
    assert_eq!((last.entry.id, last.days_ago_open), (dated, false));
}

#[test]
fn what_has_no_date_may_lie_in_any_time_until_it_was_recorded_and_certainly_in_none() {
    let talks = Talks::new();
    let undated = talks.undated("letter", Kind::MessageSent, talks.prk, talks.mnd, None);
    let recorded =
        talks.fixture.desk.entry(&when("2026-11-24"), "letter").unwrap().data.row.recorded_at.to_string();
    let found = |occurred: &str, certainly: bool| {
        let filter = FilterAsk { occurred: Some(occurred.to_owned()), certainly, ..FilterAsk::default() };
        let ask = TimelineAsk { filter, ..TimelineAsk::default() };
        let page = talks.fixture.desk.timeline(&When::default(), &ask).unwrap().data;
        page.items.iter().map(|row| row.entry.id).collect::<Vec<_>>()
    };
    assert_eq!(found("1975", false), [undated]);
    assert_eq!(found(&recorded[..10], true), Vec::<EventId>::new());
    assert_eq!(found("2027..", false), Vec::<EventId>::new(), "it was recorded by then");
    let ask = FacetsAsk { by: Some("year".to_owned()), ..FacetsAsk::default() };
    let facets = talks.fixture.desk.facets(&When::default(), &ask).unwrap().data;
    assert_eq!((facets.fields[0].values.len(), facets.fields[0].not_recorded), (0, Some(1)));
}
