//! Which deadlines of policies are told, and against what an answer is late.

use super::*;
use crate::desk::answer::entry::Thread;

/// Sets a policy of two weeks from one day on, and ends it on another.
fn fortnight(talks: &Talks, from: &str, until: Option<&str>) {
    let name = json!({"name": "fortnight"});
    let set = json!({"name": "fortnight", "response_within": "P14D"});
    let of = |date: &str, kind: Kind, detail: &serde_json::Value| {
        talks.fixture.add(on(date), kind.decode(&detail.to_string()).unwrap());
    };
    of(from, Kind::PolicySet, &set);
    if let Some(until) = until {
        of(until, Kind::PolicyEnded, &name);
    }
}

fn thread(talks: &Talks) -> Thread {
    talks.fixture.desk.thread(&when("2024-12-31"), "p1").unwrap().data
}

#[test]
fn what_was_answered_before_a_policy_is_neither_due_by_it_nor_late() {
    let talks = Talks::new();
    let offer = talks.offer("p1", "2024-02-01", &json!({}));
    fortnight(&talks, "2024-05-01", None);
    talks.on(offer, "yes", "2024-02-28", Kind::ResponseAccepted, talks.prk);
    let row = thread(&talks).overture;
    assert_eq!((row.due, row.answers[0].late, &row.answers[0].late_against), (None, false, &None));
    talks.offer("p2", "2024-02-01", &json!({}));
    let due = talks.fixture.desk.due(&when("2024-05-01"), &DueAsk::default()).unwrap().data.items;
    let told: Vec<_> = due.iter().map(|row| (row.overture.handle.as_str(), row.words.as_str())).collect();
    assert_eq!(told, [("p2", "the end of 15 February 2024")], "what stands is due by the policy of the day");
}

#[test]
fn a_page_that_says_late_says_against_what_whatever_ended_since() {
    let talks = Talks::new();
    let offer = talks.offer("p1", "2024-02-01", &json!({}));
    fortnight(&talks, "2024-01-01", Some("2024-04-01"));
    talks.on(offer, "yes", "2024-02-28", Kind::ResponseAccepted, talks.prk);
    let told = thread(&talks);
    let against = "due by the end of 15 February 2024: policy default, fortnight";
    let row = &told.overture;
    assert_eq!(row.answers[0].late_against.as_deref(), Some(against));
    let due = row.due.as_ref().unwrap();
    assert_eq!(
        (due.words.as_str(), due.basis.as_str()),
        ("the end of 15 February 2024", "policy default, fortnight")
    );
    assert!(row.basis.contains(&format!("late ({against})")), "{}", row.basis);
    assert!(row.remarks.iter().any(|remark| remark.contains(&format!("late ({against})"))), "{row:?}");
    assert_eq!(told.entries[1].effect, format!("answers: accepted, late ({against})"));
}

#[test]
fn an_answer_after_the_offer_lapsed_is_late_against_that() {
    let talks = Talks::new();
    let offer = talks.offer("p1", "2024-02-01", &json!({}));
    talks.on(offer, "over", "2024-02-20", Kind::OvertureLapsed, talks.mnd);
    talks.on(offer, "yes", "2024-02-28", Kind::ResponseAccepted, talks.prk);
    let against = thread(&talks).overture.answers[0].late_against.clone();
    assert_eq!(against.as_deref(), Some("it had lapsed on 20 February 2024: over"));
}
