//! Promises of how entries read and in which order.

use super::*;
use crate::domain::event::{Envelope, ExternalRef};
use crate::domain::fact::Kind;
use crate::domain::fact::record::{Amended, Linked, Retracted};
use crate::domain::link::Relation;

fn id(number: u128) -> EventId {
    EventId::from_uuid(uuid::Uuid::from_u128(number))
}

fn raw(number: u64, kind: Kind, envelope: Envelope) -> RawEvent {
    with_fact(number, kind.decode("{}").unwrap(), envelope)
}

fn with_fact(number: u64, fact: Fact, envelope: Envelope) -> RawEvent {
    RawEvent {
        position: number,
        at: Timestamp::from_micros(i64::try_from(number).unwrap()).unwrap(),
        id: id(number.into()),
        actor: ActorId::from_uuid(uuid::Uuid::from_u128(1)),
        event: Some(Event { envelope, fact }),
        removed: None,
    }
}

fn on(date: &str) -> Envelope {
    Envelope { occurred: Some(date.parse().unwrap()), ..Envelope::default() }
}

fn called(date: &str, name: &str) -> Envelope {
    let external_refs = vec![ExternalRef { namespace: "file".to_owned(), id: name.to_owned() }];
    Envelope { external_refs, ..on(date) }
}

#[track_caller]
fn check_order(history: &[RawEvent], expected: &[u64]) {
    let zone: Zone = "Asia/Seoul".parse().unwrap();
    let story = story(history, &zone, Timestamp::MAX, |_| true);
    assert_eq!(story.iter().map(|entry| entry.position).collect::<Vec<_>>(), expected);
}

#[test]
fn a_retraction_that_is_retracted_restores_what_it_struck() {
    let strike =
        |number: u64, target| with_fact(number, Fact::RecordRetracted(Retracted { target }), on("2025"));
    let mut history = vec![raw(1, Kind::Incident, on("2025-01-01")), strike(2, id(1))];
    assert!(read(&history)[0].struck);
    history.push(strike(3, id(2)));
    assert!(!read(&history)[0].struck);
    history.push(strike(4, id(3)));
    assert!(read(&history)[0].struck);
    assert_eq!(read(&history).len(), 1);
}

#[test]
fn the_newest_amendment_that_stands_is_what_an_entry_says() {
    let amend = |number: u64, date: &str| {
        let reading = Event { envelope: on(date), fact: Kind::Incident.decode("{}").unwrap() };
        let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
        with_fact(number, Fact::RecordAmended(Amended { target: id(1), reading }), Envelope::default())
    };
    let mut history =
        vec![raw(1, Kind::Incident, on("2025-01-01")), amend(2, "2025-01-02"), amend(3, "2025-01-03")];
    let shown = |history: &[RawEvent]| {
        let entry = read(history).remove(0);
        (entry.effect().unwrap().to_string(), entry.amended)
    };
    assert_eq!(shown(&history), ("2025-01-03".to_owned(), 2));
    history.push(with_fact(4, Fact::RecordRetracted(Retracted { target: id(3) }), Envelope::default()));
    assert_eq!(shown(&history), ("2025-01-02".to_owned(), 1));
}

#[test]
fn a_link_that_is_taken_back_no_longer_makes_an_entry_belong() {
    let link = Link::new(Relation::Answers, id(1));
    let answer = Envelope { links: vec![link.clone()], ..on("2025-01-02") };
    let mut history = vec![raw(2, Kind::ResponseRejected, answer)];
    assert!(read(&history)[0].concerns(id(1).into()));
    let withdrawn = Linked { source: id(2), link: link.clone(), withdrawn: true };
    history.push(with_fact(3, Fact::RecordLinked(withdrawn), Envelope::default()));
    assert!(!read(&history)[0].concerns(id(1).into()));
    let again = Linked { source: id(2), link, withdrawn: false };
    history.push(with_fact(4, Fact::RecordLinked(again), Envelope::default()));
    assert!(read(&history)[0].concerns(id(1).into()));
}

#[test]
fn within_a_day_come_what_creates_then_instants_then_days() {
    check_order(
        &[
            raw(1, Kind::CallAnswered, on("2025-01-02")),
            raw(2, Kind::CallAnswered, on("2025-01-02T17:00:00+09:00")),
            raw(3, Kind::CallAnswered, on("2025-01-02T09:00:00+09:00")),
            raw(4, Kind::OvertureProposed, on("2025-01-02")),
            raw(5, Kind::CallAnswered, on("2025-01-01")),
        ],
        &[5, 4, 3, 2, 1],
    );
}

#[test]
fn external_ids_settle_ties_by_their_numbers_before_positions_do() {
    check_order(
        &[
            raw(1, Kind::Incident, called("2025-01-02", "ik-10")),
            raw(2, Kind::Incident, called("2025-01-02", "ik-9")),
        ],
        &[2, 1],
    );
}

#[test]
fn links_override_the_order_of_dates() {
    let before = Envelope { links: vec![Link::new(Relation::Before, id(1))], ..on("2025-03-01") };
    let history = [raw(1, Kind::Incident, on("2025-01-01")), raw(2, Kind::Incident, before)];
    check_order(&history, &[2, 1]);
    let answer = Envelope { links: vec![Link::new(Relation::Answers, id(1))], ..called("2025-01-01", "a") };
    let history =
        [raw(1, Kind::Incident, called("2025-01-01", "b")), raw(2, Kind::ResponseRejected, answer.clone())];
    check_order(&history, &[1, 2]);
    // Each waits for the other: the dates and the external ids decide.
    let circle = Envelope { links: vec![Link::new(Relation::After, id(2))], ..called("2025-01-01", "b") };
    check_order(&[raw(1, Kind::Incident, circle), raw(2, Kind::ResponseRejected, answer)], &[2, 1]);
}
