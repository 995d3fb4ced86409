//! What the lists of meetings, series and parties promise.

use super::*;
use crate::desk::ask::SeriesAsk;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::Envelope;
use crate::domain::fact::meeting::SeriesRegistered;
use crate::domain::fact::register::{ChannelRegistered, MomentNamed};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::EventId;
use crate::domain::link::{Link, Relation};

fn registered(fixture: &Fixture, name: &str) -> EntityId {
    let entered = SeriesRegistered { names: vec![name.into()], ends: Vec::new() };
    fixture.add(Envelope::default(), Fact::SeriesRegistered(entered)).into()
}

fn forum(fixture: &Fixture, name: &str) -> EntityId {
    let entered = ChannelRegistered {
        name: name.parse().unwrap(),
        sort: Sort::Forum,
        names: Vec::new(),
        ends: Vec::new(),
        capabilities: Vec::new(),
        schedule: None,
        marking_min: None,
    };
    fixture.add(Envelope::default(), Fact::ChannelRegistered(entered)).into()
}

fn meeting(fixture: &Fixture, kind: Kind, date: &str, about: &[EntityId], detail: &str) -> EventId {
    let envelope = Envelope { opens: true, about: about.to_vec(), ..on(date) };
    fixture.add(envelope, kind.decode(detail).unwrap())
}

fn after(fixture: &Fixture, kind: Kind, date: &str, meeting: EventId, detail: &str) -> EventId {
    fixture.add(Envelope { about: vec![meeting.into()], ..on(date) }, kind.decode(detail).unwrap())
}

fn meeting_row(known: &Known, meeting: EntityId) -> Result<MeetingRow, DeskError> {
    told(known, meeting)?.expect("something of it had happened").row(known)
}

fn shown(fixture: &Fixture, status: Option<&str>) -> Vec<(EventId, String)> {
    let ask = MeetingsAsk { status: status.map(ToOwned::to_owned) };
    let page = fixture.desk.meetings(&When::default(), &ask).unwrap().data;
    page.items.into_iter().map(|row| (EventId::from_uuid(*row.id.as_uuid()), row.state)).collect()
}

#[test]
fn meetings_are_listed_by_date_and_by_state_with_who_did_it_and_why() {
    let fixture = Fixture::new();
    let north = fixture.party("PRK");
    let talks = registered(&fixture, "ministerial");
    let by = format!(r#"{{"by":["{north}"],"cause":"an exercise","until":"2026-12-24"}}"#);
    let plan = r#"{"date":"2026-12-20","place":"Seoul","level":"ministers","round":5}"#;
    let postponed = meeting(&fixture, Kind::MeetingScheduled, "2026-11-01", &[talks], plan);
    after(&fixture, Kind::MeetingPostponed, "2026-11-20", postponed, &by);
    let held = meeting(&fixture, Kind::MeetingHeld, "2026-03-01", &[talks], "{}");
    let missed = meeting(&fixture, Kind::MeetingScheduled, "2026-04-01", &[], r#"{"date":"2026-05-01"}"#);
    assert_eq!(
        shown(&fixture, None),
        [
            (held, "concluded".to_owned()),
            (missed, "not_held".to_owned()),
            (postponed, "postponed".to_owned())
        ]
    );
    assert_eq!(shown(&fixture, Some("postponed, cancelled")), [(postponed, "postponed".to_owned())]);
    let known = fixture.desk.known(&When::default()).unwrap();
    let row = meeting_row(&known, postponed.into()).unwrap();
    assert_eq!(row.cause.as_deref(), Some("PRK, to 24 December 2026: an exercise"));
    assert_eq!(row.date.unwrap().value, "2026-12-24");
    assert_eq!(
        (row.place.as_deref(), row.level.as_deref(), row.round),
        (Some("Seoul"), Some("ministers"), Some(5))
    );
    assert_eq!(row.forum.iter().map(|forum| forum.name.as_str()).collect::<Vec<_>>(), ["ministerial"]);
    assert!(meeting_row(&known, missed.into()).unwrap().derived);
    let wrong = fixture.desk.meetings(&When::default(), &MeetingsAsk { status: Some("over".to_owned()) });
    assert!(wrong.unwrap_err().to_string().contains("concluded"));
}

#[test]
fn a_meeting_is_seen_from_the_moment_and_with_the_knowledge_asked_for() {
    let fixture = Fixture::new();
    let plan = meeting(&fixture, Kind::MeetingScheduled, "2013-06-09", &[], r#"{"date":"2013-06-12"}"#);
    after(&fixture, Kind::MeetingCancelled, "2013-06-11", plan, "{}");
    let state = |known_as_of: Option<&str>, at: &str| {
        let when = When {
            known_as_of: known_as_of.map(ToOwned::to_owned),
            at: Some(at.to_owned()),
            ..When::default()
        };
        let page = fixture.desk.meetings(&when, &MeetingsAsk::default()).unwrap().data;
        page.items.first().map(|row| row.state.clone())
    };
    assert_eq!(state(None, "2013-06-08"), None);
    assert_eq!(state(None, "2013-06-10").as_deref(), Some("scheduled"));
    assert_eq!(state(None, "2013-06-12").as_deref(), Some("cancelled"));
    assert_eq!(state(Some("2"), "2013-06-12").as_deref(), Some("scheduled"));
    assert_eq!(state(Some("2"), "2013-06-13").as_deref(), Some("not_held"));
    assert_eq!(state(Some("1"), "2013-06-13"), None);
}

#[test]
fn entries_without_a_meeting_are_meetings_of_their_own() {
    let fixture = Fixture::new();
    let talks = registered(&fixture, "ministerial");
    meeting(&fixture, Kind::MeetingScheduled, "2026-03-01", &[talks], r#"{"date":"2026-04-01"}"#);
    meeting(&fixture, Kind::MeetingHeld, "2026-04-01", &[talks], "{}");
    let states: Vec<String> = shown(&fixture, None).into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["not_held", "concluded"]);
}

#[test]
fn a_series_has_its_sessions_in_the_order_of_the_world() {
    let fixture = Fixture::new();
    let talks = registered(&fixture, "general-level");
    let other = registered(&fixture, "ministerial");
    // Recorded late, and the second of them known to belong by a link alone.
    let tenth = meeting(&fixture, Kind::MeetingHeld, "2018-10-26", &[talks], r#"{"round":10}"#);
    let part = vec![Link::new(Relation::PartOf, EventId::from_uuid(*talks.as_uuid()))];
    let first = fixture.add(
        Envelope { opens: true, links: part, ..on("2004-05-26") },
        Kind::MeetingHeld.decode("{}").unwrap(),
    );
    let plan = meeting(&fixture, Kind::MeetingScheduled, "2004-05-01", &[talks], r#"{"date":"2004-06-03"}"#);
    after(&fixture, Kind::MeetingOpened, "2004-06-03", plan, "{}");
    let off = Envelope { about: vec![talks, other], ..on("2026-01-20") };
    fixture.event(Kind::TalksSuspended, off);
    let page = fixture.desk.series(&When::default(), &SeriesAsk::default()).unwrap().data;
    let states: Vec<(&str, &str)> =
        page.items.iter().map(|row| (row.name.as_str(), row.state.as_str())).collect();
    // One declaration suspends several series.
    assert_eq!(states, [("general-level", "suspended"), ("ministerial", "suspended")]);
    let rounds: Vec<_> = page.items[0]
        .rounds
        .iter()
        .map(|row| (EventId::from_uuid(*row.id.as_uuid()), row.nth, row.round))
        .collect();
    assert_eq!(rounds, [(first, Some(1), None), (plan, Some(2), None), (tenth, Some(3), Some(10))]);
    let then = When { at: Some("2003".to_owned()), ..When::default() };
    assert_eq!(fixture.desk.series(&then, &SeriesAsk::default()).unwrap().data.items[0].state, "unknown");
    let then = When { at: Some("2004-05-02".to_owned()), ..When::default() };
    assert_eq!(fixture.desk.series(&then, &SeriesAsk::default()).unwrap().data.items[0].state, "proposed");
}

#[test]
fn a_forum_carries_the_series_of_its_name_and_is_one_without_it() {
    let fixture = Fixture::new();
    let talks = registered(&fixture, "general level");
    let carrier = forum(&fixture, "general-level");
    let alone = forum(&fixture, "summit");
    forum(&fixture, "never-met");
    meeting(&fixture, Kind::MeetingHeld, "2004-05-26", &[talks], "{}");
    meeting(&fixture, Kind::MeetingHeld, "2004-06-03", &[carrier], "{}");
    meeting(&fixture, Kind::MeetingAgreement, "2018-04-27", &[alone], "{}");
    let page = fixture.desk.series(&When::default(), &SeriesAsk::default()).unwrap().data;
    let shown: Vec<(&str, &str, usize)> =
        page.items.iter().map(|row| (row.name.as_str(), row.state.as_str(), row.rounds.len())).collect();
    assert_eq!(shown, [("general level", "running", 2), ("summit", "running", 1)]);
    let named = |name: &str| {
        let ask = SeriesAsk { series: Some(name.to_owned()) };
        let page = fixture.desk.series(&When::default(), &ask)?.data;
        Ok::<_, DeskError>(page.items.into_iter().map(|row| row.name).collect::<Vec<_>>())
    };
    assert_eq!(named("General-Level").unwrap(), ["general level"]);
    assert_eq!(named("summit").unwrap(), ["summit"]);
    assert!(matches!(named("sumit"), Err(DeskError::NotFound { .. })));
    fixture.line("mil-west");
    assert!(matches!(named("mil-west"), Err(DeskError::NotFound { .. })));
}

#[test]
fn a_party_has_the_entries_of_its_bodies_too() {
    let fixture = Fixture::new();
    let (south, ministry) = (fixture.party("KOR"), fixture.party("KOR/mnd"));
    fixture.event(Kind::Incident, Envelope { from: vec![south], ..on("2020-01-01") });
    fixture.event(Kind::Incident, Envelope { to: vec![ministry], ..on("2021-01-01") });
    let page = fixture.desk.parties(&When::default()).unwrap().data;
    let rows: Vec<_> = page
        .items
        .into_iter()
        .map(|row| (row.code, row.entries, row.last.map(|date| date.value).unwrap_or_default()))
        .collect();
    assert_eq!(
        rows,
        [("KOR".to_owned(), 2, "2021-01-01".to_owned()), ("KOR/mnd".to_owned(), 1, "2021-01-01".to_owned())]
    );
}

#[test]
fn moments_are_listed_as_they_were_named() {
    let fixture = Fixture::new();
    let name = "before the talks".to_owned();
    fixture.add(Envelope::default(), Fact::MomentNamed(MomentNamed { name: name.clone(), size: 2 }));
    let page = fixture.desk.moments().unwrap().data;
    assert_eq!((page.items[0].name.clone(), page.items[0].position, page.total), (name, Some(1), 1));
}

#[test]
fn an_entry_shows_the_misfit_that_it_made() {
    let fixture = Fixture::new();
    let plan = meeting(&fixture, Kind::MeetingCancelled, "2020-01-01", &[], "{}");
    let held = after(&fixture, Kind::MeetingHeld, "2020-02-01", plan, "{}");
    let entry = |id: EventId| fixture.desk.entry(&When::default(), &id.to_string()).unwrap().data;
    assert_eq!(entry(plan).anomalies, []);
    let anomalies = entry(held).anomalies;
    assert_eq!(anomalies.len(), 1);
    assert_eq!(anomalies[0].found, "meeting.held while cancelled");
}

#[test]
fn a_meeting_is_told_by_the_entry_that_set_its_state() {
    let fixture = Fixture::new();
    let north = fixture.party("PRK");
    let plan = meeting(&fixture, Kind::MeetingScheduled, "2026-01-01", &[], r#"{"date":"2026-02-01"}"#);
    let summary = |words: Option<&str>| {
        let known = fixture.desk.known(&When::default()).unwrap();
        assert_eq!(Some(meeting_row(&known, plan.into()).unwrap().summary.as_str()), words);
    };
    summary(Some("meeting scheduled for 1 February 2026"));
    let off = Envelope { about: vec![plan.into()], from: vec![north], ..on("2026-01-10") };
    fixture.event(Kind::MeetingCancelled, off);
    // It comes after the end, so that it changes nothing.
    let late = Some("The sides sat down.".to_owned());
    let opened = Envelope { about: vec![plan.into()], summary: late, ..on("2026-01-20") };
    fixture.event(Kind::MeetingOpened, opened);
    summary(Some("meeting cancelled by PRK"));
}

#[test]
fn a_meeting_that_lasted_some_days_is_over_at_the_end_of_the_last() {
    let fixture = Fixture::new();
    let held = meeting(&fixture, Kind::MeetingHeld, "2024-01-06/2024-01-11", &[], "{}");
    let on = |at: &str| {
        let when = When { at: Some(at.to_owned()), ..When::default() };
        let page = fixture.desk.meetings(&when, &MeetingsAsk::default()).unwrap().data;
        page.items.into_iter().map(|row| row.state).collect::<Vec<_>>()
    };
    assert!(on("2024-01-05").is_empty(), "{held}");
    assert_eq!(on("2024-01-06"), ["in_session"]);
    assert_eq!(on("2024-01-10"), ["in_session"]);
    assert_eq!(on("2024-01-11"), ["concluded"]);
}

#[test]
fn what_comes_while_a_meeting_lasts_finds_the_sides_together() {
    let fixture = Fixture::new();
    let held = meeting(&fixture, Kind::MeetingHeld, "2024-01-06/2024-01-11", &[], "{}");
    after(&fixture, Kind::MeetingAgreement, "2024-01-08", held, "{}");
    let on = |at: &str| {
        let when = When { at: Some(at.to_owned()), ..When::default() };
        let row = fixture.desk.meetings(&when, &MeetingsAsk::default()).unwrap().data.items.remove(0);
        (row.state, row.anomalies.len())
    };
    assert_eq!(on("2024-01-09"), ("in_session".to_owned(), 0));
    assert_eq!(on("2024-01-12"), ("concluded".to_owned(), 0));
    after(&fixture, Kind::MeetingBrokenOff, "2024-01-10", held, "{}");
    assert_eq!(on("2024-01-10"), ("broken_off".to_owned(), 0));
    assert_eq!(on("2024-01-12"), ("broken_off".to_owned(), 0));
}

#[test]
fn a_meeting_of_which_the_first_entry_was_struck_says_so() {
    let fixture = Fixture::new();
    let plan = r#"{"date":"2026-12-20"}"#;
    let scheduled = meeting(&fixture, Kind::MeetingScheduled, "2026-11-01", &[], plan);
    after(&fixture, Kind::MeetingDetailsChanged, "2026-11-02", scheduled, r#"{"date":"2026-12-21"}"#);
    let row = || {
        let known = fixture.desk.known(&When::default()).unwrap();
        meeting_row(&known, scheduled.into()).unwrap()
    };
    assert_eq!(row().anomalies, []);
    fixture.add(
        Envelope::default(),
        Fact::RecordRetracted(crate::domain::fact::record::Retracted { target: scheduled }),
    );
    let row = row();
    assert_eq!((row.state.as_str(), row.anomalies.len()), ("scheduled", 1));
    assert_eq!(row.anomalies[0].found, "that entry struck from the record");
}
