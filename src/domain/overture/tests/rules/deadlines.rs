//! By when an answer is due, and what is late.

use super::*;

fn policy(number: u64, from: &str, detail: &serde_json::Value) -> (u64, Event, Timestamp) {
    let fact = Kind::PolicySet.decode(&detail.to_string()).unwrap();
    (number, Event { envelope: Envelope::default(), fact }, moment(from))
}

fn with_policies(rows: &[Row], set: &[(u64, Event, Timestamp)], date: &str) -> OvertureStanding {
    let mut policies = Policies::default();
    for (number, event, from) in set {
        policies.take(*number, id(*number), *from, event, &seoul());
    }
    standing_of(1, rows, moment(date), &Elsewhere::default(), &policies)
}

#[test]
fn the_time_for_an_answer_rests_on_the_first_basis_that_is_given() {
    let house = json!({"name": "house", "response_within": "P14D", "to": [entity("PRK")]});
    let rule =
        json!({"name": "48 hours", "response_within": "PT48H", "agreed": true, "channels": [entity("line")]});
    let both = [policy(91, "2019-01-01", &rule), policy(90, "2019-01-01", &house)];
    let due = |row: Row, set: &[_]| {
        let standing = with_policies(&[row], set, "2020-01-01");
        standing.window.map(|window| (window.basis, window.due))
    };
    let made = || row(1, "2020-01-01", Kind::OvertureProposed, "KOR/mnd", "PRK/mpaf");
    assert_eq!(due(made(), &[]), None);
    assert_eq!(due(made(), &both), Some((Basis::PolicyDefault, moment("2020-01-15"))));
    assert_eq!(due(made().via("line"), &both), Some((Basis::AgreedChannelRule, moment("2020-01-03"))));
    let dated = |detail: &serde_json::Value| due(made().via("line").detail(detail), &both);
    let implied = Some((Basis::ImpliedByProposedDate, moment("2020-01-09")));
    assert_eq!(dated(&json!({"proposed_date": "2020-01-09"})), implied);
    assert_eq!(dated(&json!({"proposed_date": "2020-01-09/2020-01-12"})), implied);
    assert_eq!(dated(&json!({"proposed_date": "2020-01-11", "lead_time": "P2D"})), implied);
    let explicit = dated(&json!({"proposed_date": "2020-01-09", "deadline": "2020-01-05"}));
    assert_eq!(explicit, Some((Basis::ExplicitDeadline, moment("2020-01-05"))));
    let stranger = row(1, "2020-01-01", Kind::OvertureProposed, "KOR", "CHN");
    assert_eq!(due(stranger, &both), None);
}

#[test]
fn the_policy_of_the_day_counts() {
    let rows = [offer(), answer(2, "2020-03-01", Kind::ResponseRejected, "PRK")];
    let set = [
        policy(90, "2020-02-01", &json!({"name": "reply", "response_within": "P14D"})),
        policy(91, "2020-06-01", &json!({"name": "reply", "response_within": "P12M"})),
    ];
    let on = |date| line(&with_policies(&rows, &set, date));
    assert_eq!(on("2020-01-31"), "pending, standing, issued, open: PRK/mpaf none");
    assert_eq!(on("2020-02-02"), "unanswered, standing, issued, open: PRK/mpaf none");
    assert_eq!(on("2020-07-01"), "rejected, standing, receipt_confirmed~: PRK/mpaf rejected 60d late");
}

/// By a policy of two weeks from one day until another.
fn fortnight(from: &str, until: Option<&str>) -> Vec<(u64, Event, Timestamp)> {
    let name = json!({"name": "fortnight"});
    let end = |date: &str| {
        let fact = Kind::PolicyEnded.decode(&name.to_string()).unwrap();
        (91, Event { envelope: Envelope::default(), fact }, moment(date))
    };
    let set = policy(90, from, &json!({"name": "fortnight", "response_within": "P14D"}));
    std::iter::once(set).chain(until.map(end)).collect()
}

#[test]
fn an_offer_that_was_over_before_a_policy_began_never_had_a_deadline_by_it() {
    let due = |end: Option<Row>, from: &str| {
        let rows: Vec<Row> = std::iter::once(offer()).chain(end).collect();
        let standing = with_policies(&rows, &fortnight(from, None), "2020-06-01");
        assert!(standing.replies.iter().all(|reply| reply.late.is_none()), "{}", line(&standing));
        standing.window.map(|window| window.due)
    };
    assert_eq!(due(None, "2020-05-01"), Some(moment("2020-01-15")), "it stands, and counts from its issue");
    for kind in [
        Kind::OvertureWithdrawn,
        Kind::OvertureLapsed,
        Kind::OvertureSuperseded,
        Kind::OvertureMoot,
        Kind::ResponseAccepted,
    ] {
        let from = if kind == Kind::ResponseAccepted { "PRK" } else { "KOR/mnd" };
        let end = || Some(row(2, "2020-02-28T12:00:00+09:00", kind, from, "").link(Relation::Answers, 1));
        assert_eq!(due(end(), "2020-05-01"), None, "{kind}");
        let as_it_began = |date: &str| due(end(), date);
        assert_eq!(as_it_began("2020-02-28T12:00:00+09:00"), None, "{kind}");
    }
    let acknowledged = answer(2, "2020-02-28", Kind::OvertureAcknowledged, "PRK");
    assert_eq!(due(Some(acknowledged), "2020-05-01"), Some(moment("2020-01-15")), "that is no answer");
}

#[test]
fn a_policy_that_ended_since_still_tells_that_an_answer_was_late_and_against_what() {
    let rows = [offer(), answer(2, "2020-02-28", Kind::ResponseAccepted, "PRK")];
    let against =
        Some(Late::Due(Window { due: moment("2020-01-15"), basis: Basis::PolicyDefault, by: id(90) }));
    for until in [None, Some("2020-04-01")] {
        let standing = with_policies(&rows, &fortnight("2019-12-01", until), "2020-06-01");
        assert_eq!(standing.replies[0].late, against);
        assert_eq!(standing.window.map(Late::Due), against);
    }
    let ended = fortnight("2019-12-01", Some("2020-02-01"));
    let standing = with_policies(&rows, &ended, "2020-06-01");
    assert_eq!((standing.replies[0].late, standing.window), (None, None), "it had ended before the answer");
}

#[test]
fn each_addressee_is_late_by_the_policy_of_its_own_answer() {
    let rows = [
        row(1, "2020-01-01", Kind::OvertureProposed, "KOR/mnd", "PRK+CHN"),
        answer(2, "2020-02-01", Kind::ResponseAccepted, "CHN"),
        answer(3, "2020-03-01", Kind::ResponseAccepted, "PRK"),
        answer(4, "2020-03-02", Kind::ResponseRescinded, "CHN"),
    ];
    let standing = with_policies(&rows, &fortnight("2020-02-15", None), "2020-06-01");
    let late: Vec<_> = standing.replies.iter().map(|reply| reply.late.is_some()).collect();
    assert_eq!(late, [true, false], "whoever has answered is no longer late by what is set then");
    assert_eq!(standing.window.map(|window| window.due), Some(moment("2020-01-15")));
}

#[test]
fn more_time_moves_the_deadline_and_revives_what_had_lapsed() {
    let rows = [
        offer().detail(&json!({"deadline": "2020-01-10"})),
        step(2, "2020-01-11", Kind::OvertureLapsed, "KOR"),
        step(3, "2020-01-12", Kind::OvertureExtended, "KOR").detail(&json!({"deadline": "2020-01-20"})),
    ];
    check(&rows, "2020-01-10", "pending, standing, issued, open: PRK/mpaf none");
    check(&rows, "2020-01-11", "unanswered, lapsed, issued: PRK/mpaf none");
    check(&rows, "2020-01-12", "pending, standing, issued, open: PRK/mpaf none");
    check(&rows, "2020-01-21", "unanswered, standing, issued, open: PRK/mpaf none");
    let lapsed = [offer(), step(2, "2020-01-11", Kind::OvertureLapsed, "KOR")];
    check(&lapsed, "2020-01-12", "lapsed_unanswered, lapsed, issued: PRK/mpaf none");
    fits(&rows);
}

#[test]
fn an_answer_after_a_finding_is_late_and_the_finding_stays_true_of_its_day() {
    let found = |detail: serde_json::Value| step(2, "2020-02-01", Kind::SilenceRecorded, "").detail(&detail);
    let prk = entity("PRK");
    let rows = [
        offer(),
        found(json!({"subject": [prk], "basis": "officer_finding", "scope": "any", "searched": ["KCNA"]})),
        answer(3, "2020-03-01", Kind::ResponseAccepted, "PRK"),
    ];
    check(&rows, "2020-02-28", "unanswered, standing, issued, open: PRK/mpaf none");
    check(&rows, "2020-03-01", "accepted, standing, receipt_confirmed~: PRK/mpaf accepted 60d late");
    assert_eq!(at(&rows, "2020-03-01").findings[0].searched, ["KCNA"]);
    let elsewhere = [offer(), found(json!({"subject": [entity("CHN")], "basis": "reported"}))];
    check(&elsewhere, "2020-02-28", "pending, standing, issued, open: PRK/mpaf none");
    let baseless = [offer(), found(json!({"subject": [prk], "basis": "none"}))];
    check(&baseless, "2020-02-28", "pending, standing, issued, open: PRK/mpaf none");
}
