//! What a history promises.

use super::*;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::Envelope;
use crate::domain::fact::Kind;
use crate::domain::fact::record::{Amended, Annotated, Linked, Retracted};
use crate::domain::link::{Link, Relation};

fn because(reason: &str) -> Envelope {
    Envelope { reason: Some(reason.to_owned()), ..Envelope::default() }
}

fn amended(fixture: &Fixture, target: EventId, date: &str) -> EventId {
    let reading = Event { envelope: on(date), fact: Kind::Incident.decode("{}").unwrap() };
    let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
    fixture.add(because("typing error"), Fact::RecordAmended(Amended { target, reading }))
}

fn struck(fixture: &Fixture, target: EventId) -> EventId {
    fixture.add(because("not so"), Fact::RecordRetracted(Retracted { target }))
}

fn shown(fixture: &Fixture, id: EventId) -> Vec<(String, Vec<String>)> {
    let rows = fixture.desk.history(&When::default(), &id.to_string()).unwrap().data.items;
    let fields = |row: &HistoryRow| row.changes.iter().map(|change| change.field.clone()).collect();
    rows.iter().map(|row| (row.step.clone(), fields(row))).collect()
}

fn step(word: &str, fields: &[&str]) -> (String, Vec<String>) {
    (word.to_owned(), fields.iter().map(|field| (*field).to_owned()).collect())
}

#[test]
fn a_history_tells_every_step_with_its_reason_and_the_fields_that_changed() {
    let fixture = Fixture::new();
    let id = fixture.event(Kind::Incident, on("2020-01-01"));
    let other = fixture.event(Kind::Incident, on("2020-01-05"));
    amended(&fixture, id, "2020-01-02");
    let strike = struck(&fixture, id);
    struck(&fixture, strike);
    let link = Link::new(Relation::Corroborates, other);
    for withdrawn in [false, true] {
        let linked = Linked { source: id, link: link.clone(), withdrawn };
        fixture.add(because("compared"), Fact::RecordLinked(linked));
    }
    let remark = "seen twice".to_owned();
    fixture.add(Envelope::default(), Fact::RecordAnnotated(Annotated { target: id, remark }));
    assert_eq!(
        shown(&fixture, id),
        [
            step("recorded", &["date", "kind"]),
            step("amended", &["date"]),
            step("struck", &[]),
            step("restored", &[]),
            step("linked", &["links"]),
            step("unlinked", &["links"]),
            step("remarked", &["remark"]),
        ]
    );
    let rows = fixture.desk.history(&When::default(), &id.to_string()).unwrap().data.items;
    let change = &rows[1].changes[0];
    assert_eq!(
        (change.before.clone(), change.after.clone()),
        (Some("2020-01-01".into()), Some("2020-01-02".into()))
    );
    assert_eq!((rows[1].reason.as_deref(), rows[1].recorder.as_str()), (Some("typing error"), "kim"));
    assert_eq!(rows[2].id, strike);
}

#[test]
fn an_amendment_that_is_struck_gives_the_earlier_reading_back() {
    let fixture = Fixture::new();
    let id = fixture.event(Kind::Incident, on("2020-01-01"));
    let amendment = amended(&fixture, id, "2020-01-02");
    let strike = struck(&fixture, amendment);
    struck(&fixture, strike);
    assert_eq!(
        shown(&fixture, id),
        [
            step("recorded", &["date", "kind"]),
            step("amended", &["date"]),
            step("restored", &["date"]),
            step("amended", &["date"]),
        ]
    );
    // The correction has a history of its own.
    let own: Vec<String> = shown(&fixture, amendment).into_iter().map(|(word, _)| word).collect();
    assert_eq!(own, ["recorded", "struck", "restored"]);
}

#[test]
fn what_was_not_known_yet_is_no_step() {
    let fixture = Fixture::new();
    let id = fixture.event(Kind::Incident, on("2020-01-01"));
    amended(&fixture, id, "2020-01-02");
    let then = When { known_as_of: Some("2".to_owned()), ..When::default() };
    assert_eq!(fixture.desk.history(&then, "#2").unwrap().data.total, 1);
    let entry = fixture.desk.entry(&then, "#2").unwrap().data;
    assert_eq!((entry.row.amended, entry.readings, &entry.reading["date"]), (0, 0, &"2020-01-01".into()));
    let now = fixture.desk.entry(&When::default(), "#2").unwrap().data;
    assert_eq!((now.row.amended, now.readings, &now.reading["date"]), (1, 1, &"2020-01-02".into()));
}

#[test]
fn an_entry_shows_its_links_both_ways_whoever_asserted_them_and_when() {
    let fixture = Fixture::new();
    let offer = fixture.event(Kind::OvertureProposed, on("2020-01-01"));
    let links = vec![Link::new(Relation::Answers, offer)];
    let answer = fixture.event(Kind::ResponseRejected, Envelope { links, ..on("2020-01-02") });
    let later = fixture.event(Kind::StatementPublic, on("2020-01-03"));
    let linked = Linked { source: later, link: Link::new(Relation::Concerns, offer), withdrawn: false };
    fixture.add(Envelope::default(), Fact::RecordLinked(linked));
    let gone = fixture.event(Kind::StatementPublic, on("2020-01-04"));
    for withdrawn in [false, true] {
        let linked = Linked { source: gone, link: Link::new(Relation::Concerns, offer), withdrawn };
        fixture.add(Envelope::default(), Fact::RecordLinked(linked));
    }
    let entry = |id: EventId| fixture.desk.entry(&When::default(), &id.to_string()).unwrap().data;
    let from: Vec<_> = entry(offer)
        .linked_from
        .into_iter()
        .map(|row| (row.relation, row.entry.id, row.asserted_by))
        .collect();
    assert_eq!(
        from,
        [("answers".to_owned(), answer, "kim".to_owned()), ("concerns".to_owned(), later, "kim".to_owned())]
    );
    let to: Vec<_> = entry(later).linked_to.into_iter().map(|row| (row.relation, row.entry.id)).collect();
    assert_eq!(to, [("concerns".to_owned(), offer)]);
    assert_eq!(entry(gone).linked_to, []);
    assert_eq!(entry(offer).leaf_hash.len(), 64);
}

#[test]
fn what_was_recorded_since_comes_page_by_page_with_corrections_last() {
    use crate::desk::ask::{Caller, ChangesAsk, MomentAsk};
    let fixture = Fixture::new();
    let id = fixture.event(Kind::Incident, on("2020-01-01"));
    let amendment = amended(&fixture, id, "2020-01-02");
    let strike = struck(&fixture, id);
    let changes = |ask: &ChangesAsk| fixture.desk.changes(&When::default(), ask);
    let all = changes(&ChangesAsk { since: Some("1".to_owned()), ..ChangesAsk::default() }).unwrap().data;
    let ids: Vec<EventId> = all.items.iter().map(|row| row.entry.id).collect();
    assert_eq!((ids, all.total, all.next), (vec![id, amendment, strike], 3, None));
    assert!(all.items[0].struck && all.items[0].amended == 1);
    let mut walked = Vec::new();
    let mut ask = ChangesAsk { limit: Some(2), ..ChangesAsk::default() };
    loop {
        let page = changes(&ask).unwrap().data;
        assert_eq!(page.total, 5);
        walked.extend(page.items.into_iter().map(|row| row.position));
        match page.next {
            Some(next) => ask.after = Some(next),
            None => break,
        }
    }
    assert_eq!(walked, [0, 1, 2, 3, 4]);
    let since = |since: &str| ChangesAsk { since: Some(since.to_owned()), ..ChangesAsk::default() };
    let left = |typed: &str| changes(&since(typed)).map(|answer| answer.data.total);
    assert!(left("5").is_err());
    assert_eq!(left("4").unwrap(), 0);
    // As `known_as_of` takes it: by the name of a moment, or by a time.
    let named = MomentAsk { name: "the visit".to_owned(), ..MomentAsk::default() };
    fixture.desk.name_moment(&Caller { actor: "park".to_owned(), tz: None }, &named).unwrap();
    let later = fixture.event(Kind::Incident, on("2020-02-01"));
    let told = changes(&since("the visit")).unwrap().data;
    assert_eq!(told.items.last().unwrap().entry.id, later);
    assert_eq!(told.total, fixture.desk.store.head().size - 5);
    assert_eq!(left("2019-12-31").unwrap(), fixture.desk.store.head().size, "the log knew nothing then");
    let error = left("the visitt").unwrap_err();
    assert!(
        matches!(&error, DeskError::NotFound { hints, .. } if hints[0].contains("the visit")),
        "{error:?}"
    );
    let error = left("2020-02-30").unwrap_err().to_string();
    assert!(error.starts_with("since: "), "{error}");
}
