//! The rules of the domain, one by one.

mod deadlines;

use super::*;
use crate::domain::overture::answer::{AnswerState, Late, Said};
use crate::domain::overture::currency::Turn;
use crate::domain::words::Basis;

fn offer() -> Row {
    row(1, "2020-01-01", Kind::OvertureProposed, "KOR/mnd", "PRK/mpaf")
}

fn answer(number: u64, date: &str, kind: Kind, from: &str) -> Row {
    row(number, date, kind, from, "KOR").link(Relation::Answers, 1)
}

fn step(number: u64, date: &str, kind: Kind, from: &str) -> Row {
    row(number, date, kind, from, "PRK").link(Relation::Concerns, 1)
}

#[test]
fn only_the_addressee_its_root_or_a_body_of_it_answers() {
    let refused = |from| {
        let rows = [offer(), answer(2, "2020-01-02", Kind::ResponseRejected, from)];
        at(&rows, "2020-02-01").replies[0].state
    };
    assert_eq!(refused("PRK/mpaf"), AnswerState::Rejected);
    assert_eq!(refused("PRK"), AnswerState::Rejected);
    assert_eq!(refused("PRK/mpaf/x"), AnswerState::Rejected);
    for stranger in ["PRK/cprk", "CHN", "KOR", "KOR/mnd", "PRK/mpa", ""] {
        assert_eq!(refused(stranger), AnswerState::None, "{stranger}");
    }
    let rows = [offer(), answer(2, "2020-01-02", Kind::ResponseRejected, "CHN")];
    check(&rows, "2020-02-01", "pending, standing, issued, open: PRK/mpaf none");
    let remark = Remark::NotAddressee { entry: id(2), by: vec![entity("CHN")] };
    assert_eq!(at(&rows, "2020-02-01").remarks, [remark]);
}

#[test]
fn conduct_of_the_proposer_fulfils_and_conduct_of_the_addressee_stands_beside_its_words() {
    let rows = [
        offer(),
        answer(2, "2020-01-02", Kind::ResponseAccepted, "PRK"),
        answer(3, "2020-01-03", Kind::ResponseConduct, "KOR/mnd"),
        answer(4, "2020-01-04", Kind::ResponseConduct, "PRK"),
    ];
    check(&rows, "2020-02-01", "accepted, standing, receipt_confirmed~: PRK/mpaf accepted 1d");
    let standing = at(&rows, "2020-02-01");
    assert_eq!(standing.remarks, [Remark::Fulfilment(id(3)), Remark::Conduct(id(4))]);
    assert_eq!(standing.replies[0].conduct, [id(4)]);
}

#[test]
fn conduct_tells_of_no_receipt() {
    let mut rows = vec![offer(), answer(2, "2020-01-03", Kind::ResponseConduct, "PRK")];
    check(&rows, "2020-01-03", "pending, standing, issued, open: PRK/mpaf none");
    rows.push(answer(3, "2020-01-05", Kind::ResponseDeflected, "PRK"));
    check(&rows, "2020-01-05", "deflected, standing, receipt_confirmed~, open: PRK/mpaf deflected 4d");
}

#[test]
fn an_offer_said_again_revives_what_lapsed_and_never_wipes_an_answer() {
    let mut rows = vec![
        offer(),
        answer(2, "2020-01-02", Kind::ResponseRejected, "PRK"),
        step(3, "2020-01-03", Kind::OvertureWithdrawn, "KOR/mnd"),
    ];
    check(&rows, "2020-01-03", "withdrawn, withdrawn, receipt_confirmed~: PRK/mpaf rejected 1d");
    rows.push(step(4, "2020-01-04", Kind::OvertureReiterated, "KOR"));
    check(&rows, "2020-01-04", "rejected, standing, receipt_confirmed~: PRK/mpaf rejected 1d");
    let since = Remark::ReiteratedSince { addressee: entity("PRK/mpaf"), answer: AnswerState::Rejected };
    assert!(at(&rows, "2020-01-04").remarks.contains(&since));
    rows.push(step(5, "2020-01-05", Kind::OvertureReiterated, "USA"));
    let standing = at(&rows, "2020-01-05");
    assert_eq!((standing.reiterations.count, &standing.effects[4].1), (1, &Effect::Urged));
}

#[test]
fn an_answer_to_a_withdrawn_offer_is_kept_and_revives_nothing() {
    let rows = [
        offer(),
        step(2, "2020-01-02", Kind::OvertureWithdrawn, "KOR/mnd"),
        answer(3, "2020-01-03", Kind::ResponseAccepted, "PRK"),
    ];
    check(&rows, "2020-02-01", "withdrawn, withdrawn, receipt_confirmed~: PRK/mpaf accepted 2d");
    let remarks = at(&rows, "2020-02-01").remarks;
    assert_eq!(remarks, [Remark::AnsweredAfter { entry: id(3), currency: Currency::Withdrawn }]);
    fits(&rows);
}

#[test]
fn only_the_proposer_takes_an_offer_back_or_changes_it() {
    for kind in [Kind::OvertureWithdrawn, Kind::OvertureRevised, Kind::OvertureExtended] {
        let rows = [offer(), step(2, "2020-01-02", kind, "PRK")];
        check(&rows, "2020-02-01", "pending, standing, issued, open: PRK/mpaf none");
        assert_eq!(at(&rows, "2020-02-01").effects[1].1, Effect::NotProposer);
    }
    let rows = [offer(), step(2, "2020-01-02", Kind::OvertureRevised, "KOR")];
    assert_eq!(at(&rows, "2020-02-01").version, 2);
}

#[test]
fn several_addressees_have_an_answer_each() {
    let rows = [
        row(1, "1996-04-16", Kind::OvertureProposed, "KOR+USA", "PRK+CHN"),
        answer(2, "1996-05-01", Kind::ResponseAccepted, "CHN"),
        answer(3, "1997-12-01", Kind::ResponseAccepted, "PRK"),
        row(4, "1997-12-09/1997-12-10", Kind::MeetingHeld, "KOR+PRK+USA+CHN", "")
            .opens()
            .link(Relation::Realises, 1),
    ];
    check(&rows, "1996-04-30", "pending, standing, issued, open: PRK none; CHN none");
    check(
        &rows,
        "1996-06-01",
        "partly_answered, standing, receipt_confirmed~, open: PRK none; CHN accepted 15d",
    );
    check(&rows, "1997-12-01", "accepted, standing, receipt_confirmed~: PRK accepted 594d; CHN accepted 15d");
    assert_eq!(at(&rows, "1997-12-09").currency, Currency::Realised);
    fits(&rows);
}

#[test]
fn each_addressee_has_a_status_with_a_basis_of_its_own() {
    let offer = row(1, "2020-01-01", Kind::OvertureProposed, "KOR", "PRK+CHN+USA")
        .detail(&json!({"deadline": "2020-01-10"}));
    let found = json!({"subject": [entity("USA")], "basis": "reported", "searched": ["Yonhap"]});
    let rows = [
        offer,
        answer(2, "2020-01-02", Kind::ResponseAccepted, "CHN"),
        step(3, "2020-01-05", Kind::SilenceRecorded, "").detail(&found),
    ];
    let told = |date| {
        let standing = at(&rows, date);
        let bases = standing.replies.iter().map(|reply| {
            (reply.status, reply.unanswered.as_ref().map(crate::domain::overture::status::Unanswered::basis))
        });
        (standing.status, bases.collect::<Vec<_>>())
    };
    let (accepted, silent) = ((OvertureStatus::Accepted, None), OvertureStatus::Unanswered);
    let usa = (silent, Some(Basis::Reported));
    let partly = OvertureStatus::PartlyAnswered;
    assert_eq!(told("2020-01-09"), (partly, vec![(OvertureStatus::Pending, None), accepted, usa]));
    assert_eq!(told("2020-01-11"), (partly, vec![(silent, Some(Basis::ExplicitDeadline)), accepted, usa]));
    let Some(Unanswered::WindowOver { addressees, .. }) = &at(&rows, "2020-01-11").replies[0].unanswered
    else {
        panic!("the time is over")
    };
    assert_eq!(*addressees, [entity("PRK")]);
}

#[test]
fn a_condition_is_met_or_refused_by_the_proposer() {
    let asked = answer(2, "2020-01-02", Kind::ResponseAcceptedConditionally, "PRK");
    let then = |kind, from| {
        let rows = [offer(), asked.clone(), step(3, "2020-01-03", kind, from)];
        at(&rows, "2020-02-01").replies[0].state
    };
    assert_eq!(then(Kind::ConditionMet, "KOR"), AnswerState::Accepted);
    assert_eq!(then(Kind::ConditionRefused, "KOR/mnd"), AnswerState::Countered);
    assert_eq!(then(Kind::ConditionMet, "USA"), AnswerState::Conditional);
    let rows = [offer(), step(2, "2020-01-03", Kind::ConditionMet, "KOR")];
    assert_eq!(at(&rows, "2020-02-01").anomalies.len(), 1);
}

#[test]
fn a_yes_with_changes_becomes_a_yes_when_the_proposer_takes_them() {
    let mut rows = vec![offer(), answer(2, "2020-01-02", Kind::ResponseAcceptedWithChanges, "PRK")];
    check(&rows, "2020-02-01", "negotiating, standing, receipt_confirmed~: PRK/mpaf countered 1d");
    rows.push(row(3, "2020-01-03", Kind::ResponseAccepted, "KOR/mnd", "PRK").link(Relation::Answers, 2));
    check(&rows, "2020-02-01", "accepted, standing, receipt_confirmed~: PRK/mpaf accepted 2d");
}

#[test]
fn a_fact_that_no_rule_allows_moves_nothing_and_says_what_would_have_fitted() {
    let rows = [
        offer(),
        answer(2, "2020-01-02", Kind::ResponseAccepted, "PRK"),
        answer(3, "2020-01-03", Kind::ResponseRejected, "PRK"),
    ];
    check(&rows, "2020-02-01", "accepted, standing, receipt_confirmed~: PRK/mpaf accepted 1d");
    let standing = at(&rows, "2020-02-01");
    let [anomaly] = standing.anomalies.as_slice() else { panic!("one anomaly") };
    assert_eq!((anomaly.entry, anomaly.found.as_str()), (id(3), "accepted"));
    assert!(anomaly.expected.contains("response.rescinded"));
    let early = [offer(), answer(2, "2019-12-31", Kind::ResponseRejected, "PRK")];
    check(&early, "2020-02-01", "pending, standing, issued, open: PRK/mpaf none");
    assert_eq!(at(&early, "2020-02-01").anomalies[0].found, "a date before it");
    let perhaps = [offer(), answer(2, "2019/2020", Kind::ResponseRejected, "PRK")];
    check(&perhaps, "2020-02-01", "rejected, standing, receipt_confirmed~: PRK/mpaf rejected 0d");
}

#[test]
fn what_was_said_before_the_offer_and_what_only_bears_on_it_moves_nothing() {
    let rows = [
        offer(),
        row(2, "2019-07-28", Kind::ResponseRejected, "PRK", "KOR").link(Relation::Anticipates, 1),
        row(3, "2020-01-02", Kind::AssessmentRecorded, "KOR", "").link(Relation::Concerns, 1),
        row(4, "2020-01-03T17:00:00+09:00", Kind::CallAnswered, "KOR", "PRK").link(Relation::Concerns, 1),
    ];
    check(&rows, "2020-02-01", "pending, standing, issued, open: PRK/mpaf none");
    fits(&rows);
}

#[test]
fn a_channel_that_works_again_realises_the_offer_to_restore_it() {
    let line = entity("mil-west");
    let proposed = offer().detail(&json!({"restores": [line]}));
    let on = |kind: Kind, detail: serde_json::Value| {
        let rows = [proposed.clone(), row(2, "2020-01-05", kind, "PRK", "").about(line).detail(&detail)];
        at(&rows, "2020-02-01").currency
    };
    assert_eq!(on(Kind::ChannelRestored, json!({})), Currency::Realised);
    assert_eq!(on(Kind::CallAnswered, json!({})), Currency::Realised);
    assert_eq!(on(Kind::ChannelRestored, json!({"evidence": "announced"})), Currency::Standing);
    assert_eq!(on(Kind::CallUnanswered, json!({})), Currency::Standing);
    let linked = [
        offer(),
        row(2, "2020-01-05", Kind::ChannelRestored, "PRK", "").about(line).link(Relation::Concerns, 1),
    ];
    assert_eq!(at(&linked, "2020-02-01").currency, Currency::Realised);
}

#[test]
fn a_draft_is_not_open_until_it_is_issued() {
    let rows = [
        row(1, "2020-01-01", Kind::OvertureDrafted, "KOR/mnd", "PRK"),
        step(2, "2020-01-05", Kind::OvertureIssued, "KOR/mnd"),
        step(3, "2020-01-06", Kind::OvertureConveyed, "UNC"),
        step(4, "2020-01-07", Kind::OvertureReceiptUnclear, "KOR"),
        step(5, "2020-01-08", Kind::OvertureDelivered, "KOR"),
        step(6, "2020-01-08", Kind::OvertureReceiptConfirmed, "PRK").link(Relation::After, 5),
    ];
    check(&rows, "2020-01-02", "drafted, standing, drafted: PRK none");
    assert_eq!(at(&rows, "2020-01-02").issued, None);
    check(&rows, "2020-01-05", "pending, standing, issued, open: PRK none");
    assert_eq!(at(&rows, "2020-01-05").age_days(&seoul(), moment("2020-01-07")), Some((2, Some(2))));
    check(&rows, "2020-01-07", "pending, standing, receipt_unclear, open: PRK none");
    check(&rows, "2020-01-08", "pending, standing, receipt_confirmed, open: PRK none");
    fits(&rows);
}

#[test]
fn whoever_answers_an_offer_to_nobody_is_one_to_whom_it_was_made() {
    let to_nobody = row(1, "2020-01-01", Kind::OvertureProposed, "KOR", "");
    check(std::slice::from_ref(&to_nobody), "2020-02-01", "pending, standing, issued, open: ");
    let rows = [to_nobody, answer(2, "2020-01-02", Kind::ResponseAccepted, "PRK")];
    check(&rows, "2020-02-01", "accepted, standing, receipt_confirmed~: PRK accepted 1d");
}

#[test]
fn where_another_order_of_one_day_gives_another_state_it_is_said() {
    let rows = [
        offer(),
        step(2, "2020-01-05", Kind::OvertureLapsed, "KOR"),
        step(3, "2020-01-05", Kind::OvertureReiterated, "KOR"),
    ];
    assert!(at(&rows, "2020-02-01").remarks.contains(&Remark::Tie(id(2), id(3))));
}

#[test]
fn what_an_addressee_says_after_its_counter_was_accepted_prevails() {
    let counter = row(2, "2020-01-02", Kind::ResponseCounterProposed, "PRK", "KOR/mnd")
        .opens()
        .link(Relation::Counters, 1);
    let yes = row(3, "2020-01-03", Kind::ResponseAccepted, "KOR", "PRK").link(Relation::Answers, 2);
    let settled = [settlement(2, Settled::Accepted, &yes)];
    let after = |kind, date| {
        let rows = [offer(), counter.clone(), answer(4, date, kind, "PRK")];
        let standing = settled_by(&rows, &settled, "2020-02-01");
        (line(&standing), standing.anomalies.len())
    };
    let told = |status: &str, days: u8| {
        let answer = match status {
            "negotiating" => format!("countered {days}d"),
            "accepted" => format!("countered 1d, settled {days}d"),
            _ => format!("{status} {days}d"),
        };
        format!("{status}, standing, receipt_confirmed~: PRK/mpaf {answer}")
    };
    assert_eq!(after(Kind::ResponseRescinded, "2020-01-05"), (told("rejected", 4), 0));
    assert_eq!(after(Kind::ResponseRejected, "2020-01-10"), (told("rejected", 9), 0));
    assert_eq!(after(Kind::ResponseAcceptedWithChanges, "2020-01-10"), (told("negotiating", 9), 0));
    assert_eq!(after(Kind::ResponseDeflected, "2020-01-10"), (told("accepted", 2), 1));
    // What it said before does not.
    assert_eq!(after(Kind::ResponseDeflected, "2020-01-01"), (told("accepted", 2), 0));
    assert_eq!(after(Kind::ResponseRescinded, "2020-01-02"), (told("accepted", 2), 1));
    // A counter-proposal that came about later settles it again.
    let held = row(5, "2020-01-09", Kind::MeetingHeld, "KOR", "PRK").opens().link(Relation::Realises, 2);
    let settled = [settled[0].clone(), settlement(2, Settled::Realised, &held)];
    let rows = [offer(), counter, answer(4, "2020-01-05", Kind::ResponseRescinded, "PRK")];
    let standing = settled_by(&rows, &settled, "2020-02-01");
    assert_eq!(line(&standing), "realised, realised, receipt_confirmed~: PRK/mpaf rejected 4d, settled 8d");
    assert_eq!(standing.settlements(), [(Settled::Accepted, id(5)), (Settled::Realised, id(5))]);
}

#[test]
fn a_counter_that_reads_as_settled_before_it_was_made_settles_with_it() {
    let counter = row(2, "2020-01-05", Kind::ResponseCounterProposed, "PRK", "KOR/mnd")
        .opens()
        .link(Relation::Counters, 1);
    for date in ["2020-01-03", "2019-12-01"] {
        let yes = row(3, date, Kind::ResponseAccepted, "KOR", "PRK");
        let settled = [settlement(2, Settled::Accepted, &yes)];
        let standing = settled_by(&[offer(), counter.clone()], &settled, "2020-02-01");
        assert_eq!(standing.status, OvertureStatus::Accepted, "{date}");
        assert_eq!(standing.accepted_by, Some(id(2)));
    }
}

#[test]
fn what_came_about_by_a_counter_was_ended_by_no_lapse() {
    let lapse = step(2, "2020-01-05", Kind::OvertureLapsed, "KOR");
    let counter = row(3, "2020-01-10", Kind::ResponseCounterProposed, "PRK", "KOR/mnd")
        .opens()
        .link(Relation::Counters, 1);
    let held = row(4, "2020-01-20", Kind::MeetingHeld, "KOR", "PRK").opens().link(Relation::Realises, 3);
    let rows = [offer(), lapse, counter];
    let ended = |settled: &[Settlement]| {
        let standing = settled_by(&rows, settled, "2020-02-01");
        (standing.currency, standing.currency_by)
    };
    assert_eq!(ended(&[]), (Currency::Lapsed, Some(id(2))));
    assert_eq!(ended(&[settlement(3, Settled::Realised, &held)]), (Currency::Realised, None));
}

#[test]
fn a_removed_offer_is_of_unknown_standing() {
    let rows = [offer().removed(), answer(2, "2020-01-02", Kind::ResponseAccepted, "PRK")];
    check(&rows, "2030-01-01", "unknown, standing, issued: ");
}

#[test]
fn every_move_of_the_tables_is_allowed_and_no_other() {
    use AnswerState::{Accepted, Acknowledged, Conditional, Countered, Deflected, None, Rejected};
    let no_yes = [None, Acknowledged, Deflected, Conditional, Countered, Rejected];
    for (said, from, to) in [
        (Said::Acknowledged, &[None, Acknowledged][..], Acknowledged),
        (Said::Deflected, &[None, Acknowledged, Deflected, Rejected], Deflected),
        (Said::Conditional, &no_yes, Conditional),
        (Said::Countered, &no_yes, Countered),
        (Said::AcceptedWithChanges, &no_yes, Countered),
        (Said::Accepted, AnswerState::ALL, Accepted),
        (Said::Rejected, &no_yes, Rejected),
        (Said::Rescinded, &[Accepted], Rejected),
        (Said::ConditionMet, &[Conditional], Accepted),
        (Said::ConditionRefused, &[Conditional], Countered),
    ] {
        for state in AnswerState::ALL {
            let expected = from.contains(state).then_some(to);
            assert_eq!(state.after(Option::None, said).ok(), expected, "{state} {said:?}");
            assert_eq!(state.after(Some(said), said), Ok(*state), "the same again confirms");
        }
    }
    for currency in Currency::ALL {
        let stands = matches!(currency, Currency::Standing | Currency::Lapsed);
        for end in Currency::ALL.iter().filter(|end| **end != Currency::Standing) {
            assert_eq!(currency.after(Turn::Ends(*end)).is_ok(), stands || currency == end);
        }
        assert_eq!(currency.after(Turn::Extended).is_ok(), stands);
        let again = stands || *currency == Currency::Withdrawn;
        assert_eq!(currency.after(Turn::Reiterated).is_ok(), again);
    }
}
