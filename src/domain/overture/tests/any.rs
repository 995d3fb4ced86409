//! What holds of any story, however little sense it makes.

use proptest::prelude::*;

use super::*;
use crate::domain::overture::answer::{AnswerState, Late};

const PARTIES: [&str; 7] = ["KOR", "KOR/mnd", "PRK", "PRK/mpaf", "PRK/cprk", "CHN", ""];
const DATES: [&str; 8] = [
    "2020-01-01",
    "2020-01-02",
    "2020-01-02T09:00:00+09:00",
    "2020-01",
    "2019-12-31",
    "2020-01-03/2020-01-05",
    "[2020-01-02..2020-02-01]",
    "2020-03-01?",
];

fn relation() -> impl Strategy<Value = Relation> {
    prop::sample::select(vec![
        Relation::Answers,
        Relation::Counters,
        Relation::Reiterates,
        Relation::Revises,
        Relation::Supersedes,
        Relation::Anticipates,
        Relation::Realises,
        Relation::Concerns,
        Relation::Before,
        Relation::After,
    ])
}

fn any_row(number: u64) -> impl Strategy<Value = Row> {
    let decodes = |kind: &Kind| *kind == Kind::SilenceRecorded || kind.decode("{}").is_ok();
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(decodes).collect();
    let of_talks =
        |kind: &Kind| matches!(kind.family(), "overture" | "response" | "condition" | "silence" | "meeting");
    let talk: Vec<Kind> = kinds.iter().copied().filter(of_talks).collect();
    (
        prop_oneof![1 => prop::sample::select(kinds), 6 => prop::sample::select(talk)],
        prop::sample::select(DATES.to_vec()),
        prop::sample::select(PARTIES.to_vec()),
        prop::sample::select(PARTIES.to_vec()),
        (relation(), 1..=number),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(move |(kind, date, from, to, (relation, target), opens, removed)| {
            let row = row(number, date, kind, from, to).link(relation, target);
            let row = if opens { row.opens() } else { row.about(id(1).into()) };
            let silent = json!({"subject": [entity("PRK")], "basis": "reported"});
            let row = if kind == Kind::SilenceRecorded { row.detail(&silent) } else { row };
            if removed && number.is_multiple_of(7) { row.removed() } else { row }
        })
}

fn any_story() -> impl Strategy<Value = Vec<Row>> {
    let offer = row(1, "2020-01-01", Kind::OvertureProposed, "KOR/mnd", "PRK/mpaf+CHN")
        .detail(&json!({"deadline": "2020-01-03", "restores": [entity("line")]}));
    (1_u64..14)
        .prop_flat_map(|length| (2..2 + length).map(any_row).collect::<Vec<_>>())
        .prop_map(move |rest| std::iter::once(offer.clone()).chain(rest).collect())
}

fn moments() -> impl Strategy<Value = Timestamp> {
    prop::sample::select(vec!["2019-12-31", "2020-01-01", "2020-01-02", "2020-01-04", "2020-02", "2021"])
        .prop_map(moment)
}

fn at_moment(rows: &[Row], at: Timestamp) -> OvertureStanding {
    standing_of(1, rows, at, &Elsewhere::default(), &Policies::default())
}

/// Policies that ask for an answer, set and ended as it comes.
fn any_policies() -> impl Strategy<Value = Policies> {
    let change = (
        prop::sample::select(vec!["2019-12-31", "2020-01-01", "2020-01-02", "2020-01-03", "2020-01-20"]),
        prop::sample::select(vec!["house", "rule"]),
        prop::sample::select(vec![None, Some("P1D"), Some("P3D"), Some("PT1H")]),
    );
    prop::collection::vec(change, 0..5).prop_map(|changes| {
        let mut policies = Policies::default();
        for (number, (date, name, span)) in (500..).zip(changes) {
            let agreed = name == "rule";
            let set = json!({"name": name, "agreed": agreed, "response_within": span});
            let kind = if span.is_some() { Kind::PolicySet } else { Kind::PolicyEnded };
            let detail = if span.is_some() { set } else { json!({"name": name}) };
            let event =
                Event { envelope: Envelope::default(), fact: kind.decode(&detail.to_string()).unwrap() };
            let from = date.parse::<Occurred>().unwrap().earliest(&seoul());
            policies.take(number, id(number), from, &event, &seoul());
        }
        policies
    })
}

/// Returns the story from the offer on: what may lie before it by its date, and after it, came after it.
fn from_offer_on(story: &[Entry]) -> Vec<Entry> {
    let Some(made) = story.iter().position(|entry| entry.id == id(1)) else { return Vec::new() };
    let begins = story[made].bounds(&seoul()).0;
    let before = story[..made].iter().filter(|entry| entry.bounds(&seoul()).1 >= begins);
    [&story[made]].into_iter().chain(before).chain(&story[made + 1..]).cloned().collect()
}

/// Returns since when somebody, or nobody at all, is no longer waited for, by ever more of a story; none while they are.
fn closed_by_definition(story: &[Entry], waits: impl Fn(&OvertureStanding) -> bool) -> Option<Timestamp> {
    let none = Policies::default();
    let zone = seoul();
    let setting = Setting { world: &Codes, policies: &none, zone: &zone, at: Timestamp::MAX };
    let waits =
        |count: &usize| waits(&stand(id(1).into(), &story[..*count], &Elsewhere::default(), &setting));
    let made = story.first()?.bounds(&zone).0;
    let last = (0..=story.len()).rev().find(waits)?;
    story.get(last).map(|entry| entry.bounds(&zone).0.max(made))
}

proptest! {
    #[test]
    fn the_time_for_an_answer_is_told_by_the_policies_until_nobody_was_waited_for(
        rows in any_story(), policies in any_policies(), at in moments(),
    ) {
        let mut rows = rows;
        // What belongs to the thread by an entry of a later date does so at a moment that no part of the story tells.
        for event in rows.iter_mut().filter_map(|row| row.0.event.as_mut()) {
            event.envelope.links.iter_mut().for_each(|link| link.target = id(1));
        }
        // Without a date of its own it is the policies that tell.
        rows[0] = rows[0].clone().detail(&json!({"restores": [entity("line")]}));
        let (story, zone) = (from_offer_on(&story_of(&rows, at)), seoul());
        let setting = Setting { world: &Codes, policies: &policies, zone: &zone, at };
        let standing = stand(id(1).into(), &story, &Elsewhere::default(), &setting);
        let until = |closed: Option<Timestamp>, now: Timestamp| {
            closed.map_or_else(|| policies.at(now), |closed| policies.until(closed))
        };
        let closed = closed_by_definition(&story, |standing| standing.open);
        prop_assert_eq!(standing.window, standing.terms.window(&setting, &until(closed, at)));
        for reply in &standing.replies {
            let Some(place) = story.iter().position(|entry| Some(entry.id) == reply.entry) else { continue };
            let (before, answered) = (&story[..place], story[place].bounds(&zone).0);
            let waited = |standing: &OvertureStanding| {
                let own = standing.replies.iter().find(|own| own.addressee == reply.addressee);
                standing.currency == Currency::Standing && own.is_none_or(|own| own.effective().leaves_open())
            };
            let closed = closed_by_definition(before, waited).unwrap_or(answered);
            let terms = stand(id(1).into(), before, &Elsewhere::default(), &setting).terms;
            let due = terms.window(&setting, &policies.until(closed));
            let late = due.filter(|window| window.is_over(answered)).map(Late::Due);
            let told = reply.late.filter(|late| matches!(late, Late::Due(_)));
            prop_assert_eq!(told, late);
        }
    }

    #[test]
    fn any_story_has_a_standing_and_every_entry_of_it_an_effect(rows in any_story(), at in moments()) {
        let standing = at_moment(&rows, at);
        let told = rows.iter().filter(|row| row.0.bounds(&seoul()).0 <= at).count();
        prop_assert_eq!(standing.effects.len(), told);
        prop_assert!(!standing.open || standing.currency == Currency::Standing);
        let unanswered = standing.status == OvertureStatus::Unanswered;
        prop_assert_eq!(standing.unanswered.is_some(), unanswered, "never unanswered without a basis");
        for reply in &standing.replies {
            prop_assert_eq!(reply.entry.is_some(), reply.state != AnswerState::None);
        }
    }

    #[test]
    fn what_takes_effect_later_changes_nothing_of_an_earlier_day(rows in any_story(), at in moments()) {
        let before: Vec<Row> =
            rows.iter().filter(|row| row.0.bounds(&seoul()).0 <= at).cloned().collect();
        prop_assert_eq!(at_moment(&rows, at), at_moment(&before, at));
    }

    #[test]
    fn ties_that_cannot_matter_are_left_out_and_no_other(
        rows in any_story(),
        calls in prop::collection::vec((prop::sample::select(DATES.to_vec()), any::<bool>()), 0..8),
        settled in prop::collection::vec((2_u64..16, 1_usize..30, any::<bool>()), 0..3),
        at in moments(),
    ) {
        let lines = calls.iter().zip(40..).map(|((date, ours), number)| {
            let line = entity(if *ours { "line" } else { "other line" });
            row(number, date, Kind::CallAnswered, "PRK", "").about(line)
        });
        let rows: Vec<Row> = rows.into_iter().chain(lines).collect();
        let settlements = settled.into_iter().map(|(counter, which, accepted)| {
            let how = if accepted { Settled::Accepted } else { Settled::Realised };
            settlement(counter, how, &rows[which % rows.len()])
        });
        let elsewhere = Elsewhere { settlements: settlements.collect(), ..Elsewhere::default() };
        let (story, zone, policies) = (story_of(&rows, at), seoul(), Policies::default());
        let setting = Setting { world: &Codes, policies: &policies, zone: &zone, at };
        let by_definition = stand_by_every_tie(id(1).into(), &story, &elsewhere, &setting);
        prop_assert_eq!(stand(id(1).into(), &story, &elsewhere, &setting), by_definition);
    }

    #[test]
    fn no_stranger_moves_an_answer(rows in any_story(), at in moments()) {
        let standing = at_moment(&rows, at);
        for reply in &standing.replies {
            let Some(entry) = reply.entry else { continue };
            let event = rows.iter().find(|row| row.0.id == entry).unwrap().0.event.clone().unwrap();
            let own = |party: &EntityId| {
                Codes.is_within(*party, reply.addressee) || Codes.is_within(reply.addressee, *party)
            };
            // The proposer takes a change, and meets or refuses a condition.
            let taken = matches!(
                event.kind(),
                Kind::ConditionMet | Kind::ConditionRefused | Kind::ResponseAccepted
            );
            prop_assert!(taken || event.envelope.from.iter().any(own), "{:?}", event);
        }
    }

    #[test]
    fn a_removed_text_moves_nothing(rows in any_story(), at in moments(), which in 1_usize..14) {
        let which = 1 + which % (rows.len() - 1);
        let mut removed = rows.clone();
        removed[which] = removed[which].clone().removed();
        // It counts as of its recording, which is after every moment that is asked about here.
        let others = rows.iter().enumerate().filter(|(place, _)| *place != which);
        let without: Vec<Row> = others.map(|(_, row)| row.clone()).collect();
        prop_assert_eq!(at_moment(&removed, at), at_moment(&without, at));
        let (removed, without) = (at_moment(&removed, Timestamp::MAX), at_moment(&without, Timestamp::MAX));
        prop_assert_eq!(line(&removed), line(&without));
    }

    #[test]
    fn a_withdrawn_offer_stays_withdrawn_unless_it_is_made_again(rows in any_story()) {
        let mut rows: Vec<Row> = rows;
        rows.push(row(99, "2022-01-01", Kind::OvertureWithdrawn, "KOR/mnd", "").about(id(1).into()));
        let withdrawn = at_moment(&rows, moment("2022-01-01")).currency == Currency::Withdrawn;
        for (number, kind) in (100_u64..).zip([
            Kind::ResponseAccepted,
            Kind::OvertureUrged,
            Kind::OvertureExtended,
            Kind::OvertureLapsed,
            Kind::MeetingHeld,
            Kind::OvertureMoot,
        ]) {
            let from = if kind.family() == "response" { "PRK" } else { "KOR/mnd" };
            rows.push(row(number, "2022-02-01", kind, from, "").about(id(1).into()));
        }
        if withdrawn {
            let after = at_moment(&rows, moment("2022-03-01")).currency;
            prop_assert_eq!(after, Currency::Withdrawn);
            rows.push(row(200, "2022-04-01", Kind::OvertureReiterated, "KOR/mnd", "").about(id(1).into()));
            prop_assert_eq!(at_moment(&rows, moment("2022-05-01")).currency, Currency::Standing);
        }
    }
}
