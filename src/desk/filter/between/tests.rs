//! What stands between two parties, though some of it names nobody to whom it is.

use crate::desk::ask::{FilterAsk, TimelineAsk, When};
use crate::desk::testing::{Fixture, on};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::record::{Amended, Linked, Retracted};
use crate::domain::fact::register::{ChannelRegistered, Sort};
use crate::domain::fact::{Fact, Kind, KindClass, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::{Link, Relation};

/// Returns the ids of what is found between two parties, in the order of the world.
#[track_caller]
fn found_when(fixture: &Fixture, when: &When, between: &str) -> Vec<EventId> {
    let filter = FilterAsk { between: Some(between.to_owned()), ..FilterAsk::default() };
    let ask = TimelineAsk { filter, ..TimelineAsk::default() };
    let page = fixture.desk.timeline(when, &ask).unwrap().data;
    page.items.into_iter().map(|row| row.entry.id).collect()
}

#[track_caller]
fn found(fixture: &Fixture, between: &str) -> Vec<EventId> {
    found_when(fixture, &When::default(), between)
}

fn line_between(fixture: &Fixture, name: &str, ends: &[EntityId]) -> EntityId {
    let channel = ChannelRegistered {
        name: name.parse().unwrap(),
        sort: Sort::Line,
        names: Vec::new(),
        ends: ends.to_vec(),
        capabilities: Vec::new(),
        schedule: None,
        marking_min: None,
    };
    fixture.add(Envelope::default(), Fact::ChannelRegistered(channel)).into()
}

fn link(fixture: &Fixture, source: EventId, target: EventId, withdrawn: bool) {
    let linked = Linked { source, link: Link::new(Relation::Answers, target), withdrawn };
    fixture.add(Envelope::default(), Fact::RecordLinked(linked));
}

fn amend(fixture: &Fixture, target: EventId, kind: Kind, envelope: Envelope) -> EventId {
    let reading = Event { envelope, fact: kind.decode("{}").unwrap() };
    let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
    fixture.add(Envelope::default(), Fact::RecordAmended(Amended { target, reading }))
}

#[test]
fn a_call_that_names_nobody_is_between_the_ends_of_its_line() {
    let fixture = Fixture::new();
    let [south, north, japan, ministry] = ["KOR", "PRK", "JPN", "KOR/mnd"].map(|code| fixture.party(code));
    let west = line_between(&fixture, "mil-west", &[ministry, north]);
    let other = line_between(&fixture, "tokyo", &[south, japan]);
    let call = |kind: Kind, line: EntityId, from: &[EntityId], date: &str| {
        fixture.event(kind, Envelope { about: vec![line], from: from.to_vec(), ..on(date) })
    };
    let by_nobody = call(Kind::CallAnswered, west, &[], "2025-01-01");
    let by_body = call(Kind::CallUnanswered, west, &[ministry], "2025-01-02");
    let by_japan = call(Kind::CallAnswered, west, &[japan], "2025-01-03");
    let elsewhere = call(Kind::CallAnswered, other, &[south], "2025-01-04");
    let cut = call(Kind::ChannelSevered, west, &[north], "2025-01-05");
    let remark = call(Kind::StatementPublic, west, &[north], "2025-01-06");
    let between = [by_nobody, by_body, cut];
    assert_eq!(found(&fixture, "KOR,PRK"), between);
    assert_eq!(found(&fixture, "PRK,KOR/mnd"), between);
    assert_eq!(found(&fixture, "KOR,JPN"), [elsewhere]);
    assert_eq!(found(&fixture, "PRK,JPN"), []);
    assert_eq!(found(&fixture, "!KOR,PRK"), [by_japan, elsewhere, remark]);
    // As it reads now: the call went over the other line; and as it was known before.
    let then =
        When { known_as_of: Some((fixture.desk.store.head().size - 1).to_string()), ..When::default() };
    let other_line = Envelope { about: vec![other], from: vec![ministry], ..on("2025-01-02") };
    amend(&fixture, by_body, Kind::CallUnanswered, other_line);
    assert_eq!(found(&fixture, "KOR,PRK"), [by_nobody, cut]);
    assert_eq!(found(&fixture, "JPN,KOR"), [by_body, elsewhere]);
    assert_eq!(found_when(&fixture, &then, "KOR,PRK"), between);
}

#[test]
fn two_names_of_one_party_are_not_two_parties() {
    let fixture = Fixture::new();
    fixture.party("KOR");
    let filter = FilterAsk { between: Some("KOR,South Korea".to_owned()), ..FilterAsk::default() };
    let ask = TimelineAsk { filter, ..TimelineAsk::default() };
    let error = fixture.desk.timeline(&When::default(), &ask).unwrap_err().to_string();
    assert!(error.contains("names KOR twice; write two parties"), "{error}");
}

#[test]
fn what_answers_an_offer_between_two_and_names_nobody_is_between_them() {
    let fixture = Fixture::new();
    let [south, north, japan] = ["KOR", "PRK", "JPN"].map(|code| fixture.party(code));
    let offer = |from, to, date: &str| {
        fixture.event(Kind::OvertureProposed, Envelope { from: vec![from], to: vec![to], ..on(date) })
    };
    let (ours, theirs) = (offer(south, north, "2025-01-01"), offer(south, japan, "2025-01-02"));
    let about = |kind: Kind, from, offer: EventId, date: &str| {
        fixture.event(kind, Envelope { from: vec![from], about: vec![offer.into()], ..on(date) })
    };
    let answer = about(Kind::ResponseRejected, north, ours, "2025-02-01");
    let urged = about(Kind::OvertureUrged, south, ours, "2025-02-02");
    let conduct = about(Kind::ResponseConduct, north, ours, "2025-02-03");
    let of_japan = about(Kind::ResponseAccepted, japan, theirs, "2025-02-04");
    let by_japan = about(Kind::ResponseAccepted, japan, ours, "2025-02-05");
    let remark = about(Kind::StatementPublic, north, ours, "2025-02-06");
    let all = [ours, answer, urged, conduct];
    assert_eq!(found(&fixture, "KOR,PRK"), all);
    assert_eq!(found(&fixture, "!PRK,KOR"), [theirs, of_japan, by_japan, remark]);
    assert_eq!(found(&fixture, "KOR,JPN"), [theirs, of_japan]);
    // A counter-proposal that names nobody is an offer between the two, and what answers that is between them.
    let counter = Envelope { from: vec![north], about: vec![ours.into()], opens: true, ..on("2025-03-01") };
    let counter = fixture.event(Kind::ResponseCounterProposed, counter);
    let accepted = about(Kind::ResponseAccepted, south, counter, "2025-03-02");
    assert_eq!(found(&fixture, "KOR,PRK"), [&all[..], &[counter, accepted]].concat());
    // A loose answer answers nothing, until someone says what; and no longer when that is taken back.
    let loose = fixture.event(Kind::ResponseRejected, Envelope { from: vec![north], ..on("2025-04-01") });
    let with = [&all[..], &[counter, accepted, loose]].concat();
    let without = with[..6].to_vec();
    assert_eq!(found(&fixture, "KOR,PRK"), without);
    link(&fixture, loose, ours, false);
    let then =
        When { known_as_of: Some((fixture.desk.store.head().size - 1).to_string()), ..When::default() };
    assert_eq!(found(&fixture, "KOR,PRK"), with);
    link(&fixture, loose, ours, true);
    assert_eq!(found(&fixture, "KOR,PRK"), without);
    assert_eq!(found_when(&fixture, &then, "KOR,PRK"), with);
    // An offer that was struck was one between the two all the same; one that reads otherwise now is none.
    let struck = fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target: ours }));
    assert_eq!(found(&fixture, "KOR,PRK"), without[1..]);
    fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target: struck }));
    let to_japan = Envelope { from: vec![south], to: vec![japan], ..on("2025-01-01") };
    amend(&fixture, ours, Kind::OvertureProposed, to_japan);
    assert_eq!(found(&fixture, "KOR,PRK"), []);
    assert_eq!(found(&fixture, "KOR,JPN"), [ours, theirs, urged, of_japan, by_japan]);
}

#[test]
fn whatever_one_of_the_two_does_about_an_offer_between_them_is_between_them() {
    let fixture = Fixture::new();
    let [south, north, japan] = ["KOR", "PRK", "JPN"].map(|code| fixture.party(code));
    let offer = Envelope { from: vec![south], to: vec![north], ..on("2025-01-01") };
    let offer = fixture.event(Kind::OvertureProposed, offer);
    let about = |kind: Kind, from| {
        fixture.event(kind, Envelope { from: vec![from], about: vec![offer.into()], ..on("2025-02-01") })
    };
    let is_step = |kind: &Kind| {
        let made = matches!(kind.subject(), Subject::Creates(_));
        kind.family() == "overture" && !made || KindClass::Answer.has(*kind)
    };
    let mut between = vec![offer];
    for kind in Kind::ALL.iter().copied().filter(is_step).filter(|kind| kind.decode("{}").is_ok()) {
        between.push(about(kind, if kind.family() == "overture" { south } else { north }));
        about(kind, japan);
    }
    assert!(between.len() > 20, "{}", between.len());
    let mut told = found(&fixture, "KOR,PRK");
    told.sort_unstable();
    between.sort_unstable();
    assert_eq!(told, between);
}

#[test]
fn one_end_of_a_line_does_not_stand_for_a_body_and_its_whole() {
    let fixture = Fixture::new();
    let [south, north, ministry] = ["KOR", "PRK", "KOR/mnd"].map(|code| fixture.party(code));
    let across = line_between(&fixture, "hotline", &[south, north]);
    let within = line_between(&fixture, "blue-house", &[south, ministry]);
    let call = |line: EntityId| {
        let envelope = Envelope { about: vec![line], from: vec![south], ..on("2025-01-01") };
        fixture.event(Kind::CallAnswered, envelope)
    };
    let (abroad, home) = (call(across), call(within));
    assert_eq!(found(&fixture, "KOR,KOR/mnd"), [home]);
    assert_eq!(found(&fixture, "KOR/mnd,PRK"), [abroad]);
}

#[test]
fn what_two_do_together_is_between_them() {
    let fixture = Fixture::new();
    let [south, north, states, ministry] = ["KOR", "PRK", "USA", "KOR/mnd"].map(|code| fixture.party(code));
    let event = |kind: Kind, from: &[EntityId], to: &[EntityId]| {
        let opens = kind.family() == "meeting";
        fixture.event(kind, Envelope { from: from.to_vec(), to: to.to_vec(), opens, ..on("2025-01-01") })
    };
    let talks = event(Kind::MeetingHeld, &[ministry, north, states], &[]);
    let statement = event(Kind::StatementPublic, &[south, north], &[]);
    let met = event(Kind::MeetingHeld, &[south, north], &[states]);
    let hosted = event(Kind::MeetingHeld, &[states], &[south, north]);
    let not_held = event(Kind::MeetingNotHeld, &[south, north], &[]);
    // What both say to a third is said to that one; what one says alone is of neither.
    let to_third = event(Kind::StatementPublic, &[south, north], &[states]);
    let alone = event(Kind::StatementPublic, &[south], &[]);
    let two_bodies = event(Kind::StatementPublic, &[south, ministry], &[]);
    let together = [talks, statement, met, hosted, not_held];
    assert_eq!(found(&fixture, "KOR,PRK"), together);
    assert_eq!(found(&fixture, "PRK,KOR"), together);
    assert_eq!(found(&fixture, "PRK,KOR/mnd"), [talks]);
    assert_eq!(found(&fixture, "PRK,USA"), [talks, met, hosted, to_third]);
    assert_eq!(found(&fixture, "!KOR,PRK"), [to_third, alone, two_bodies]);
    // A body that acts alone does nothing together with what it is a body of.
    assert_eq!(found(&fixture, "KOR,KOR/mnd"), [two_bodies]);
}
