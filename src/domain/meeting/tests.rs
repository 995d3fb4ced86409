//! What the transitions of a meeting promise.

use super::*;
use crate::domain::event::Event;
use crate::domain::id::ActorId;
use crate::domain::link::Link;
use proptest::prelude::*;

const MEETING: u128 = 1;

fn id(number: u128) -> EventId {
    EventId::from_uuid(uuid::Uuid::from_u128(number))
}

fn meeting() -> EntityId {
    id(MEETING).into()
}

fn entry(number: u128, date: &str, kind: Kind, detail: &str) -> Entry {
    let opens = number == MEETING;
    let about = if opens { Vec::new() } else { vec![meeting()] };
    let from = vec![EntityId::from_uuid(uuid::Uuid::from_u128(77))];
    let occurred = Some(date.parse().unwrap());
    Entry {
        position: u64::try_from(number).unwrap(),
        at: Timestamp::MAX,
        id: id(number),
        actor: ActorId::from_uuid(uuid::Uuid::from_u128(9)),
        event: Some(Event {
            envelope: Envelope { occurred, opens, about, from, ..Envelope::default() },
            fact: kind.decode(detail).unwrap(),
        }),
        removed: None,
        struck: false,
        amended: 0,
        amendment: None,
    }
}

fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}

fn of(story: &[Entry], moment: &str) -> Standing {
    standing(meeting(), story, at(moment), &"Asia/Seoul".parse().unwrap())
}

/// Folds kinds given one after another, and tells the last state and how many misfits there were.
fn run(kinds: &[Kind]) -> (MeetingState, usize) {
    let story: Vec<Entry> = (MEETING..)
        .zip(kinds)
        .map(|(number, kind)| {
            let scheduled = *kind == Kind::MeetingScheduled;
            let detail = if scheduled { r#"{"date":"2999-01-01"}"# } else { "{}" };
            entry(number, "2020-01-01", *kind, detail)
        })
        .collect();
    let standing = of(&story, "2020-02-01T00:00:00.000000Z");
    (standing.state.unwrap(), standing.misfits.len())
}

#[test]
fn every_listed_transition_fits() {
    use Kind::*;
    use MeetingState as S;
    for (kinds, state) in [
        (&[MeetingAgreed, MeetingScheduled][..], S::Scheduled),
        (&[MeetingAgreed, MeetingCancelled], S::Cancelled),
        (&[MeetingScheduled, MeetingDetailsChanged], S::Scheduled),
        (&[MeetingScheduled, MeetingPostponed, MeetingScheduled], S::Scheduled),
        (&[MeetingScheduled, MeetingPostponed, MeetingCancelled], S::Cancelled),
        (&[MeetingScheduled, MeetingCancelled, MeetingCancelled], S::Cancelled),
        (&[MeetingScheduled, MeetingOpened, MeetingRecessed, MeetingResumed], S::InSession),
        (&[MeetingScheduled, MeetingNotHeld, MeetingOpened], S::InSession),
        (&[MeetingOpened, MeetingAdjourned, MeetingResumed, MeetingConcluded], S::Concluded),
        (&[MeetingOpened, MeetingBrokenOff, MeetingResumed, MeetingRecessed, MeetingBrokenOff], S::BrokenOff),
        (&[MeetingOpened, MeetingBrokenOff, MeetingConcluded], S::Concluded),
        (&[MeetingScheduled, MeetingHeld, MeetingAgreement], S::Concluded),
        (&[MeetingBrokenOff], S::BrokenOff),
        (&[MeetingPostponed], S::Postponed),
    ] {
        assert_eq!(run(kinds), (state, 0), "{kinds:?}");
    }
}

#[test]
fn a_final_state_stays_and_what_comes_after_is_told_as_a_misfit() {
    use Kind::*;
    for kinds in [[MeetingCancelled, MeetingScheduled], [MeetingCancelled, MeetingHeld]] {
        assert_eq!(run(&kinds), (MeetingState::Cancelled, 1));
    }
    assert_eq!(run(&[MeetingHeld, MeetingPostponed]), (MeetingState::Concluded, 1));
    // What does not fit an open state is taken at its word.
    assert_eq!(run(&[MeetingScheduled, MeetingConcluded]), (MeetingState::Concluded, 1));
    assert_eq!(run(&[MeetingOpened, MeetingOpened]), (MeetingState::InSession, 1));
}

#[test]
fn a_date_that_passed_without_an_opening_is_derived_until_somebody_says_more() {
    let mut story = vec![entry(1, "1992-10-01", Kind::MeetingScheduled, r#"{"date":"1992-12-21"}"#)];
    // The day ends at midnight in Seoul.
    let on_the_day = of(&story, "1992-12-21T14:59:59.000000Z");
    assert_eq!((on_the_day.state, on_the_day.derived), (Some(MeetingState::Scheduled), false));
    let after = of(&story, "1992-12-21T15:00:00.000000Z");
    assert_eq!((after.state, after.derived), (Some(MeetingState::NotHeld), true));
    // A late report is no misfit.
    story.push(entry(2, "1992-12-21", Kind::MeetingHeld, "{}"));
    let told = of(&story, "1993-01-01T00:00:00.000000Z");
    assert_eq!((told.state, told.derived, told.misfits.len()), (Some(MeetingState::Concluded), false, 0));
}

#[test]
fn a_meeting_put_off_sine_die_has_no_date_and_names_who_did_it_and_why() {
    let by = uuid::Uuid::from_u128(5);
    let story = [
        entry(1, "1991-01-01", Kind::MeetingScheduled, r#"{"date":"1991-02-25","place":"Pyongyang"}"#),
        entry(
            2,
            "1991-02-18",
            Kind::MeetingPostponed,
            &format!(r#"{{"by":["{by}"],"cause":"Team Spirit"}}"#),
        ),
    ];
    let standing = of(&story, "1999-01-01T00:00:00.000000Z");
    assert_eq!((standing.state, standing.derived), (Some(MeetingState::Postponed), false));
    assert_eq!((standing.date, standing.place.as_deref()), (None, Some("Pyongyang")));
    let act = standing.act.unwrap();
    assert_eq!((act.by, act.cause.as_deref()), (vec![EntityId::from_uuid(by)], Some("Team Spirit")));
    let dated = [
        story[0].clone(),
        entry(2, "1991-02-18", Kind::MeetingPostponed, r#"{"until":"1991-03-04"}"#),
        entry(3, "1991-03-04", Kind::MeetingOpened, "{}"),
    ];
    let postponed = of(&dated[..2], "1991-03-01T00:00:00.000000Z");
    assert_eq!(postponed.date.unwrap().as_str(), "1991-03-04");
    // Nobody is named: whoever speaks did it.
    assert_eq!(postponed.act.unwrap().by, [EntityId::from_uuid(uuid::Uuid::from_u128(77))]);
    assert!(of(&dated[..2], "1991-03-10T00:00:00.000000Z").derived);
    assert_eq!(of(&dated, "1991-03-10T00:00:00.000000Z").misfits, []);
}

#[test]
fn the_date_that_a_postponement_gives_is_the_new_one_unless_the_meeting_had_it_or_it_is_over() {
    let plan = entry(1, "1991-01-01", Kind::MeetingScheduled, r#"{"date":"1991-02-25"}"#);
    for (detail, day, date) in [
        (r#"{"date":"1991-03-04"}"#, "1991-02-18", Some("1991-03-04")),
        (r#"{"until":"1991-03-04"}"#, "1991-02-18", Some("1991-03-04")),
        // Some time in February, to a day that may lie after it.
        (r#"{"date":"1991-02-20"}"#, "1991-02", Some("1991-02-20")),
        // Put off on the day itself: the date says which meeting it was.
        (r#"{"date":"1991-02-25"}"#, "1991-02-25", None),
        (r#"{"date":"1991-02-25T10:00:00+09:00"}"#, "1991-02-25", None),
        (r#"{"date":"1991-02-25"}"#, "1991-02-18", None),
    ] {
        let story = [plan.clone(), entry(2, day, Kind::MeetingPostponed, detail)];
        let standing = of(&story, "1991-02-28T00:00:00.000000Z");
        let shown = |date: &Option<Occurred>| date.as_ref().map(|date| date.as_str().to_owned());
        assert_eq!(shown(&standing.date).as_deref(), date, "{detail} on {day}");
        assert_eq!(shown(&standing.act.unwrap().until).as_deref(), date, "{detail} on {day}");
    }
    // Said again, the new date is still the new date.
    let put_off = |number| entry(number, "1991-02-18", Kind::MeetingPostponed, r#"{"date":"1991-03-04"}"#);
    let standing = of(&[plan, put_off(2), put_off(3)], "1991-02-28T00:00:00.000000Z");
    assert_eq!(standing.date.unwrap().as_str(), "1991-03-04");
}

#[test]
fn the_reason_of_an_act_is_why_it_was_done_where_no_cause_is_given() {
    for (kind, detail, why) in [
        (Kind::MeetingCancelled, "{}", Some("envoy met others")),
        (Kind::MeetingPostponed, "{}", Some("envoy met others")),
        (Kind::MeetingCancelled, r#"{"cause":"rank"}"#, Some("rank")),
    ] {
        let mut act = entry(2, "1991-02-18", kind, detail);
        act.event.as_mut().unwrap().envelope.reason = Some("envoy met others".to_owned());
        let story = [entry(1, "1991-01-01", Kind::MeetingScheduled, r#"{"date":"1991-02-25"}"#), act];
        let standing = of(&story, "1991-02-20T00:00:00.000000Z");
        assert_eq!(standing.act.unwrap().cause.as_deref(), why, "{kind} {detail}");
    }
}

#[test]
fn an_entry_with_a_meeting_of_its_own_is_never_merged_by_a_link() {
    let own = entry(1, "2020-01-01", Kind::MeetingScheduled, r#"{"date":"2999-01-01"}"#);
    let mut other = entry(2, "2020-01-02", Kind::MeetingCancelled, "{}");
    let event = other.event.as_mut().unwrap();
    event.envelope.opens = true;
    event.envelope.about.clear();
    event.envelope.links = vec![Link::new(Relation::Concerns, id(MEETING))];
    let story = [own, other];
    assert_eq!(of(&story, "2020-02-01T00:00:00.000000Z").state, Some(MeetingState::Scheduled));
    let mut attached = story.clone();
    attached[1].event.as_mut().unwrap().envelope.opens = false;
    assert_eq!(of(&attached, "2020-02-01T00:00:00.000000Z").state, Some(MeetingState::Cancelled));
}

#[test]
fn another_order_of_one_day_is_told_where_it_would_give_another_state() {
    let at = "2021-01-01T00:00:00.000000Z";
    let plan = entry(1, "2020-01-01", Kind::MeetingScheduled, r#"{"date":"2999-01-01"}"#);
    let postponed = entry(2, "2020-01-05", Kind::MeetingPostponed, "{}");
    let scheduled = entry(3, "2020-01-05", Kind::MeetingScheduled, r#"{"date":"2999-01-01"}"#);
    let tie = Tie { first: id(2), second: id(3), otherwise: MeetingState::Postponed };
    assert_eq!(of(&[plan.clone(), postponed.clone(), scheduled.clone()], at).ties, [tie]);
    // A link settles it, and so does another day.
    let mut linked = scheduled.clone();
    linked.event.as_mut().unwrap().envelope.links = vec![Link::new(Relation::After, id(2))];
    assert_eq!(of(&[plan.clone(), postponed.clone(), linked], at).ties, []);
    let later = entry(3, "2020-01-06", Kind::MeetingScheduled, "{}");
    assert_eq!(of(&[plan.clone(), postponed.clone(), later], at).ties, []);
    // What follows settles it too, unless a final state is among them.
    let held = entry(4, "2020-01-07", Kind::MeetingHeld, "{}");
    assert_eq!(of(&[plan, postponed, scheduled, held], at).ties, []);
}

#[test]
fn a_state_that_rests_on_a_date_with_doubt_is_only_possible_until_that_date_is_over() {
    let story = [entry(1, "2020-03", Kind::MeetingHeld, "{}")];
    assert!(of(&story, "2020-03-15T00:00:00.000000Z").possibly);
    assert!(!of(&story, "2020-04-01T00:00:00.000000Z").possibly);
}

proptest! {
    #[test]
    fn any_history_has_a_state_and_final_ones_are_left_by_nothing(
        chosen in proptest::collection::vec(0_usize..14, 1..12)
    ) {
        let kinds: Vec<Kind> =
            Kind::ALL.iter().copied().filter(|kind| kind.family() == "meeting").collect();
        prop_assert_eq!(kinds.len(), 14);
        let kinds: Vec<Kind> = chosen.into_iter().map(|place| kinds[place]).collect();
        let mut last = None;
        for end in 1..=kinds.len() {
            let (state, misfits) = run(&kinds[..end]);
            prop_assert!(misfits < end);
            if let Some(final_state @ (MeetingState::Cancelled | MeetingState::Concluded)) = last {
                prop_assert_eq!(state, final_state);
            }
            last = Some(state);
        }
    }
}

#[test]
fn what_comes_after_the_end_changes_nothing_and_is_told() {
    let plan =
        entry(MEETING, "2020-01-01", Kind::MeetingScheduled, r#"{"date":"2020-02-01","place":"Seoul"}"#);
    let cancelled = entry(2, "2020-01-10", Kind::MeetingCancelled, r#"{"cause":"an exercise"}"#);
    let late = r#"{"date":"2020-03-01","place":"Kaesong","round":7,"outcome":"joint_text"}"#;
    let before = of(&[plan.clone(), cancelled.clone()], "2020-04-01T00:00:00.000000Z");
    for kind in [Kind::MeetingOpened, Kind::MeetingDetailsChanged, Kind::MeetingScheduled, Kind::MeetingHeld]
    {
        let mut later = entry(3, "2020-02-20", kind, late);
        later.event.as_mut().unwrap().envelope.to = vec![EntityId::from_uuid(uuid::Uuid::from_u128(78))];
        let after = of(&[plan.clone(), cancelled.clone(), later], "2020-04-01T00:00:00.000000Z");
        assert_eq!(after.misfits.iter().map(|misfit| misfit.entry).collect::<Vec<_>>(), [id(3)], "{kind}");
        let is_no_session = if is_session(kind) { vec![id(3)] } else { Vec::new() };
        assert_eq!(after.after_end, is_no_session, "{kind}");
        let (misfits, after_end) = (Vec::new(), Vec::new());
        assert_eq!(Standing { misfits, after_end, ..after }, before, "{kind}");
    }
    assert_eq!((before.date.unwrap().as_str(), before.reason), ("2020-02-01", Some(id(2))));
}

#[test]
fn what_confirms_on_a_later_day_that_a_meeting_took_place_is_no_session_of_it() {
    let held = |date: &str| entry(MEETING, date, Kind::MeetingHeld, "{}");
    let again = |number: u128, date: &str, kind: Kind| entry(number, date, kind, "{}");
    let after_end = |story: &[Entry]| of(story, "2020-04-01T00:00:00.000000Z").after_end;
    let same_day = again(2, "2020-02-01", Kind::MeetingAgreement);
    assert_eq!(after_end(&[held("2020-02-01"), same_day]), []);
    let later = again(3, "2020-02-20", Kind::MeetingHeld);
    assert_eq!(after_end(&[held("2020-02-01"), later.clone()]), [id(3)]);
    // While it lasted it was not over; nor was one that is agreed, or that a side walked out of.
    assert_eq!(after_end(&[held("2020-02-01/2020-02-25"), later.clone()]), []);
    assert_eq!(after_end(&[held("2020-02-01/2020-02-10"), later.clone()]), [id(3)]);
    for kind in [Kind::MeetingAgreed, Kind::MeetingScheduled, Kind::MeetingBrokenOff, Kind::MeetingNotHeld] {
        assert_eq!(after_end(&[entry(MEETING, "2020-02-01", kind, "{}"), later.clone()]), [], "{kind}");
    }
}

#[test]
fn a_meeting_put_off_sine_die_keeps_telling_the_date_that_it_had() {
    let plan = entry(MEETING, "2020-01-01", Kind::MeetingScheduled, r#"{"date":"2020-02-01"}"#);
    let put_off = |number: u128, day: &str, detail: &str| {
        entry(number, day, Kind::MeetingPostponed, &format!(r#"{{"cause":"rain"{detail}}}"#))
    };
    let instead_of = |story: &[Entry]| {
        let standing = of(story, "2020-01-20T00:00:00.000000Z");
        let act = standing.act.unwrap();
        (standing.date.is_some(), act.instead_of.map(|date| date.as_str().to_owned()))
    };
    let had = Some("2020-02-01".to_owned());
    let first = put_off(2, "2020-01-10", "");
    assert_eq!(instead_of(&[plan.clone(), first.clone()]), (false, had.clone()));
    assert_eq!(instead_of(&[plan.clone(), first.clone(), put_off(3, "2020-01-11", "")]), (false, had));
    let to_a_date = put_off(3, "2020-01-11", r#","until":"2020-03-01""#);
    assert_eq!(instead_of(&[plan, first, to_a_date]), (true, None));
}

#[test]
fn a_further_act_replaces_the_one_before_and_a_reason_stays_with_whoever_gave_it() {
    let [kor, prk] = [5, 6].map(uuid::Uuid::from_u128);
    for (first, kind) in
        [(Kind::MeetingScheduled, Kind::MeetingPostponed), (Kind::MeetingOpened, Kind::MeetingAdjourned)]
    {
        let act = |further: &str| {
            let snow = format!(r#"{{"by":["{kor}"],"cause":"snow","until":"2020-03-15"}}"#);
            let story = [
                entry(MEETING, "2020-03-01", first, r#"{"date":"2020-03-01"}"#),
                entry(2, "2020-03-01", kind, &snow),
                entry(3, "2020-03-10", kind, further),
            ];
            let act = of(&story, "2020-03-11T00:00:00.000000Z").act.unwrap();
            assert_eq!(act.entry, id(3), "{kind} {further}");
            (act.by, act.until.map(|date| date.as_str().to_owned()), act.cause)
        };
        let (by_kor, by_prk) = (vec![EntityId::from_uuid(kor)], vec![EntityId::from_uuid(prk)]);
        let (later, snow) = (Some("2020-03-25".to_owned()), Some("snow".to_owned()));
        let of_prk = format!(r#"{{"by":["{prk}"],"until":"2020-03-25"}}"#);
        assert_eq!(act(&of_prk), (by_prk, later.clone(), None), "{kind}");
        let of_kor = format!(r#"{{"by":["{kor}"],"until":"2020-03-25"}}"#);
        assert_eq!(act(&of_kor), (by_kor.clone(), later, snow.clone()), "{kind}");
        // To no day any more.
        assert_eq!(act(&format!(r#"{{"by":["{kor}"]}}"#)), (by_kor.clone(), None, snow), "{kind}");
        let anew = format!(r#"{{"by":["{kor}"],"cause":"ice"}}"#);
        assert_eq!(act(&anew), (by_kor, None, Some("ice".to_owned())), "{kind}");
    }
}
