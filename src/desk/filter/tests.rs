//! What a filter promises of entries by what became of them, and by whether they keep the record.

use crate::desk::ask::{FilterAsk, TimelineAsk, When};
use crate::desk::testing::{Fixture, on};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::record::{Amended, Retracted};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::EventId;

fn amend(fixture: &Fixture, target: EventId, reading: &Event) -> EventId {
    let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
    fixture.add(Envelope::default(), Fact::RecordAmended(Amended { target, reading }))
}

fn strike(fixture: &Fixture, target: EventId) -> EventId {
    fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target }))
}

/// Returns the ids of what a filter finds, in the order of the world.
#[track_caller]
fn ids(fixture: &Fixture, filter: FilterAsk) -> Vec<EventId> {
    let ask = TimelineAsk { filter, ..TimelineAsk::default() };
    let page = fixture.desk.timeline(&When::default(), &ask).unwrap().data;
    page.items.into_iter().map(|row| row.entry.id).collect()
}

#[test]
fn a_list_of_statuses_finds_what_each_finds_and_what_is_left_out_is_left_out() {
    let fixture = Fixture::new();
    let [stays, goes, changes] = ["2018", "2019", "2020"].map(|year| fixture.event(Kind::Incident, on(year)));
    strike(&fixture, goes);
    amend(&fixture, changes, &Event { envelope: on("2021"), fact: Kind::Incident.decode("{}").unwrap() });
    for (status, found) in [
        ("struck", &[goes][..]),
        ("Amended", &[changes]),
        ("struck,amended", &[goes, changes]),
        ("!amended", &[stays]),
        ("!struck", &[stays, changes]),
        ("all,!amended", &[stays, goes]),
        ("all,!struck,!amended", &[stays]),
        ("struck,!struck", &[]),
    ] {
        let asked = FilterAsk { status: Some(status.to_owned()), ..FilterAsk::default() };
        assert_eq!(ids(&fixture, asked), found, "{status}");
    }
}

#[test]
fn what_keeps_the_record_is_shown_where_a_kind_of_it_is_named() {
    let fixture = Fixture::new();
    let line = fixture.line("mil-west");
    let cut = fixture.event(Kind::ChannelSevered, Envelope { about: vec![line], ..on("2018") });
    let struck = fixture.event(Kind::Incident, on("2019"));
    let strike = strike(&fixture, struck);
    let shown = |kind: &str| ids(&fixture, FilterAsk { kind: Some(kind.to_owned()), ..FilterAsk::default() });
    assert_eq!(shown("record"), [strike]);
    assert_eq!(shown("record.retracted,channel"), [cut, strike]);
    assert_eq!(shown("channel"), [cut]);
    assert_eq!(shown("channel.registered").len(), 1);
    assert_eq!(shown("!record"), [cut]);
}
