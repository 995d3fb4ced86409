//! What stands of a line that was found to go by two names.

use crate::desk::ask::{FilterAsk, IntervalsAsk, SilenceAsk, TimelineAsk, When};
use crate::desk::channels::channels;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::record::{Amended, Retracted};
use crate::domain::fact::register::Merged;
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{EntityId, EventId};

/// Returns the rows of the board in words: name, state, since, missed calls, what it is one with.
fn board(fixture: &Fixture, when: &When) -> Vec<String> {
    let rows = channels(&fixture.desk, when).unwrap().data.items;
    let words = |row: &crate::desk::answer::board::ChannelRow| {
        let since = row.since.as_ref().map_or_else(String::new, |since| format!(" {}", since.words));
        let one: Vec<&str> = row.one_with.iter().map(|named| named.name.as_str()).collect();
        format!("{} {}{since} {} [{}]", row.name, row.state, row.missed_in_a_row, one.join(","))
    };
    rows.iter().map(words).collect()
}

#[test]
fn two_lines_that_were_found_to_be_one_have_one_history() {
    let fixture = Fixture::new();
    let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
    let (red, hot) = (fixture.line("red-phone"), fixture.line("hotline"));
    let call = |kind: Kind, line: EntityId, date: &str| -> EventId {
        let sides = Envelope { from: vec![south], to: vec![north], ..on(date) };
        fixture.event(kind, Envelope { about: vec![line], ..sides })
    };
    call(Kind::CallAnswered, red, "2026-01-05");
    let missed = call(Kind::CallUnanswered, hot, "2026-02-05");
    let now = When::default();
    let two = ["hotline unknown 1 []", "red-phone active 5 January 2026 0 []"];
    assert_eq!(board(&fixture, &now), two);
    let before = When {
        known_as_of: Some((fixture.desk.store.head().size - 1).to_string()),
        at: Some("2026-11-24".to_owned()),
        tz: None,
    };
    let merge = Envelope { about: vec![red], ..Envelope::default() };
    let merge = fixture.add(merge, Fact::ChannelMerged(Merged { into: hot }));
    // The answered call of the one name and the missed call of the other are of one line.
    assert_eq!(board(&fixture, &now), ["hotline active 5 January 2026 1 [red-phone]"]);
    assert_eq!(board(&fixture, &before), two);
    call(Kind::CallAnswered, hot, "2026-05-05");
    assert_eq!(board(&fixture, &now), ["hotline active 5 January 2026 0 [red-phone]"]);
    fixture.event(Kind::ChannelSevered, Envelope { from: vec![north], about: vec![red], ..on("2026-06-05") });
    assert_eq!(board(&fixture, &now), ["hotline severed 5 June 2026 0 [red-phone]"]);
    // Either name asks for the same intervals, once.
    let intervals = |channel: &str| {
        let ask = IntervalsAsk { channel: Some(channel.to_owned()), ..IntervalsAsk::default() };
        let rows = fixture.desk.list_intervals(&now, &ask).unwrap().data.items;
        rows.into_iter().map(|row| (row.channel.name, row.state)).collect::<Vec<_>>()
    };
    let states = ["unknown", "active", "severed"].map(|state| ("hotline".to_owned(), state.to_owned()));
    assert_eq!(intervals("red-phone,hotline"), states);
    assert_eq!(intervals("red-phone"), intervals("hotline"));
    // Silence has one row, of what was heard under either name.
    let ask = SilenceAsk { party: "PRK".to_owned(), towards: Some("KOR".to_owned()) };
    let matrix = fixture.desk.silence(&now, &ask).unwrap().data;
    let told = |last: &crate::desk::answer::silence::Last| {
        last.act().map_or_else(String::new, |act| act.entry.date.as_ref().unwrap().words.clone())
    };
    let rows: Vec<_> = matrix.channels.iter().map(|row| (&*row.channel.name, row.one_with.len())).collect();
    assert_eq!(rows, [("hotline", 1)]);
    assert_eq!(told(matrix.channels[0].answered_call.as_ref().unwrap()), "5 May 2026");
    // What an amended reading says under one name is said of the line.
    let reading = Event {
        envelope: Envelope { from: vec![south], to: vec![north], about: vec![red], ..on("2026-07-01") },
        fact: Kind::ChannelRestored.decode("{}").unwrap(),
    };
    let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
    fixture.add(Envelope::default(), Fact::RecordAmended(Amended { target: missed, reading }));
    assert_eq!(board(&fixture, &now), ["hotline active 1 July 2026 0 [red-phone]"]);
    // The finding is taken back: they are two again.
    fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target: merge }));
    let names: Vec<String> =
        channels(&fixture.desk, &now).unwrap().data.items.into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["hotline", "red-phone"]);
}

#[test]
fn a_line_is_between_the_ends_that_either_of_its_names_has() {
    let fixture = Fixture::new();
    let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
    let detail = serde_json::json!({"name": "hotline", "sort": "line", "ends": [south, north]}).to_string();
    let hot = fixture.add(Envelope::default(), Kind::ChannelRegistered.decode(&detail).unwrap());
    let red = fixture.line("red-phone");
    let call = Envelope { from: vec![south], about: vec![red], ..on("2026-01-05") };
    let call = fixture.event(Kind::CallAnswered, call);
    let now = When::default();
    let ask = SilenceAsk { party: "PRK".to_owned(), towards: Some("KOR".to_owned()) };
    let heard = || fixture.desk.silence(&now, &ask).unwrap().data.last.act().map(|act| act.entry.id);
    let between = || {
        let filter = FilterAsk { between: Some("KOR,PRK".to_owned()), ..FilterAsk::default() };
        let ask = TimelineAsk { filter, ..TimelineAsk::default() };
        fixture.desk.timeline(&now, &ask).unwrap().data.total
    };
    // Nothing tells who was called.
    assert_eq!((heard(), between()), (None, 0));
    let merge = Envelope { about: vec![red], ..Envelope::default() };
    fixture.add(merge, Fact::ChannelMerged(Merged { into: hot.into() }));
    assert_eq!((heard(), between()), (Some(call), 1));
}
