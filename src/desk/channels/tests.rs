//! Promises of the board of channels, over a log in memory.

mod calls;
mod kept;
mod one;
mod saved;

use super::*;
use crate::desk::ask::{Caller, RecordAsk};
use crate::desk::testing::{Fixture, on};
use crate::domain::event::{Envelope, ExternalRef};
use crate::domain::fact::Kind;
use crate::domain::fact::channel::Call;
use crate::domain::fact::record::Retracted;
use crate::domain::fact::register::{ChannelRegistered, PolicySet};

fn about(channel: EntityId, date: &str, handle: &str) -> Envelope {
    let external_refs = vec![ExternalRef { namespace: "file".to_owned(), id: handle.to_owned() }];
    Envelope { about: vec![channel], external_refs, ..on(date) }
}

fn at(when: &str) -> When {
    When { at: Some(when.to_owned()), ..When::default() }
}

fn rows(fixture: &Fixture, when: &When) -> Vec<ChannelRow> {
    fixture.desk.channels(when).unwrap().data.items
}

#[track_caller]
fn check(fixture: &Fixture, when: &When, words: &str) {
    assert_eq!(channel_words(&rows(fixture, when)[0]), words);
}

#[test]
fn a_line_stands_as_it_was_known_and_as_it_was_then() {
    let fixture = Fixture::new();
    let line = fixture.line("mil-west");
    fixture.event(Kind::ChannelOpened, about(line, "2002-09-24", "ik-057"));
    let before = fixture.event(Kind::ChannelSevered, about(line, "2016-02-11", "ik-094"));
    fixture.event(Kind::ChannelRestored, about(line, "2018-01-09T14:00:00+09:00", "ik-108"));
    check(&fixture, &at("2002-09-23"), "unknown, nothing recorded gives it a state");
    check(&fixture, &at("2016-03-01"), "severed since 11 February 2016 (ik-094)");
    check(&fixture, &at("2018-02-01"), "active since 9 January 2018, 14:00 (+09:00) (ik-108)");
    let known = fixture.desk.known(&When::default()).unwrap();
    let position = known.view.event(before).unwrap().unwrap().position;
    let then = When { known_as_of: Some(position.to_string()), at: Some("2018-02-01".to_owned()), tz: None };
    check(&fixture, &then, "severed since 11 February 2016 (ik-094)");
    let unborn = When { known_as_of: Some("1".to_owned()), ..When::default() };
    assert_eq!(rows(&fixture, &unborn), []);
    assert_eq!(channel_row(&known, line).unwrap().state, "active");
}

#[test]
fn a_struck_cut_moves_nothing_at_any_time() {
    let fixture = Fixture::new();
    let line = fixture.line("mil-west");
    fixture.event(Kind::ChannelOpened, about(line, "2002-09-24", "opened"));
    let cut = fixture.event(Kind::ChannelSevered, about(line, "2016-02-11", "cut"));
    let strike = Envelope { about: vec![line], ..Envelope::default() };
    fixture.add(strike, Fact::RecordRetracted(Retracted { target: cut }));
    check(&fixture, &at("2016-03-01"), "active since 24 September 2002 (opened)");
}

#[test]
fn the_policy_in_force_at_the_moment_asked_for_decides_what_is_derived() {
    let fixture = Fixture::new();
    let line = fixture.line("liaison-line");
    fixture.event(Kind::ChannelOpened, about(line, "2025-01-01", "opened"));
    for (day, handle) in [("2025-02-03", "first"), ("2025-02-04", "second")] {
        fixture.event(Kind::CallUnanswered, about(line, day, handle));
    }
    let silence = PolicySet {
        name: "silence".to_owned(),
        missed_attempts_max: Some(2),
        dormant_after: Some("30d".parse().unwrap()),
        ..PolicySet::default()
    };
    fixture.add(on("2025-03-01"), Fact::PolicySet(silence));
    check(&fixture, &at("2025-02-28"), "active since 1 January 2025 (opened), 2 calls missed in a row");
    check(
        &fixture,
        &at("2025-03-02"),
        "unresponsive since 4 February 2025 (second), by policy `silence`: unresponsive after 2 attempts \
         missed in a row, 2 calls missed in a row",
    );
    fixture.event(Kind::CallAnswered, about(line, "2025-03-03T09:00:00+09:00", "taken"));
    check(&fixture, &at("2025-03-03"), "active since 3 March 2025, 09:00 (+09:00) (taken)");
    check(&fixture, &at("2025-04-01"), "active since 3 March 2025, 09:00 (+09:00) (taken)");
    check(
        &fixture,
        &at("2025-04-10"),
        "dormant since 2 April 2025 (taken), by policy `silence`: dormant after 30 days without an attempt",
    );
    fixture.event(Kind::CallUnanswered, about(line, "2025-04-11", "after the rest"));
    let row = &rows(&fixture, &at("2025-04-11"))[0];
    assert_eq!((row.state.as_str(), row.missed_in_a_row), ("unresponsive", 1));
    let own = PolicySet {
        name: "patience".to_owned(),
        channels: vec![line],
        dormant_after: Some("1 year".parse().unwrap()),
        ..PolicySet::default()
    };
    fixture.add(on("2025-02-01"), Fact::PolicySet(own));
    check(
        &fixture,
        &at("2025-04-11"),
        "active since 3 March 2025, 09:00 (+09:00) (taken), 1 call missed in a row",
    );
}

#[test]
fn an_entry_without_a_summary_is_told_by_its_kind_and_who_acts() {
    let fixture = Fixture::new();
    let (line, north) = (fixture.line("mil-west"), fixture.party("PRK"));
    fixture.event(Kind::ChannelSevered, Envelope { from: vec![north], ..about(line, "2016-02-11", "cut") });
    let row = rows(&fixture, &at("2016-03-01")).remove(0);
    assert_eq!(row.reason.unwrap().summary.as_deref(), Some("channel severed by PRK"));
    let said = Some("Pyongyang cuts the western line.".to_owned());
    let told = Envelope { summary: said.clone(), ..about(line, "2016-03-02", "told") };
    fixture.event(Kind::ChannelClosed, told);
    let row = rows(&fixture, &at("2016-03-03")).remove(0);
    assert_eq!(row.reason.unwrap().summary, said);
}

#[test]
fn what_came_over_a_cut_line_and_what_each_side_says_is_shown() {
    let fixture = Fixture::new();
    let (line, north, army) = (fixture.line("mil-west"), fixture.party("PRK"), fixture.party("PRK/kpa"));
    let cut = Envelope { from: vec![north], ..about(line, "2016-02-11", "cut") };
    fixture.event(Kind::ChannelSevered, cut);
    let offer = Envelope { via: vec![line], from: vec![army], ..on("2016-05-21") };
    let offer = fixture.event(Kind::OvertureProposed, offer);
    let row = rows(&fixture, &at("2016-06-01")).remove(0);
    assert_eq!(row.used_while_cut.iter().map(|entry| entry.id).collect::<Vec<_>>(), [offer]);
    assert_eq!(row.last_evidence.unwrap().id, offer);
    assert_eq!(row.declared, ["PRK: cut (11 February 2016)"]);
    let open = Envelope { from: vec![army], ..about(line, "2016-07-01", "says") };
    fixture.add(open, Kind::ChannelDeclared.decode(r#"{"status":"open"}"#).unwrap());
    let row = rows(&fixture, &at("2016-07-02")).remove(0);
    assert_eq!((row.state.as_str(), row.anomalies.len()), ("severed", 0));
    assert_eq!(row.declared, ["PRK: open (1 July 2016, by PRK/kpa)"]);
    // Who has it work again says so by that, though it is only seen to work; who mends damage does not.
    let again = Envelope { from: vec![north], ..about(line, "2016-08-01", "cut again") };
    fixture.event(Kind::ChannelSevered, again);
    let seen = r#"{"evidence":"observed"}"#;
    let mends = Envelope { from: vec![north], ..about(line, "2016-08-02", "mends") };
    fixture.add(mends, Kind::ChannelRepaired.decode(seen).unwrap());
    let row = rows(&fixture, &at("2016-08-03")).remove(0);
    assert_eq!(row.declared, ["PRK: cut (1 August 2016)"]);
    let restores = Envelope { from: vec![north], ..about(line, "2016-09-01", "restores") };
    fixture.add(restores, Kind::ChannelRestored.decode(seen).unwrap());
    let row = rows(&fixture, &at("2016-09-02")).remove(0);
    assert_eq!(row.declared, ["PRK: open (1 September 2016)"]);
}

#[test]
fn of_what_came_over_a_cut_line_and_of_anomalies_the_latest_are_told_and_how_many_there_are() {
    let fixture = Fixture::new();
    let (line, north) = (fixture.line("mil-west"), fixture.party("PRK"));
    fixture.event(Kind::ChannelClosed, Envelope { from: vec![north], ..about(line, "2016-02-11", "cut") });
    let day = |day: u64| format!("2016-{:02}-{:02}", 3 + day / 28, 1 + day % 28);
    let offers: Vec<EventId> = (0..20)
        .map(|nth| {
            let offer = Envelope { via: vec![line], from: vec![north], ..on(&day(nth)) };
            fixture.event(Kind::OvertureProposed, offer)
        })
        .collect();
    let taken: Vec<EventId> = (0..20)
        .map(|nth| {
            let on_day = |day: &str, what: &str| Envelope { from: vec![north], ..about(line, day, what) };
            let call = on_day(&day(20 + 2 * nth), &format!("taken-{nth}"));
            let call = fixture.event(Kind::CallAnswered, call);
            fixture.event(Kind::ChannelClosed, on_day(&day(21 + 2 * nth), &format!("closed-{nth}")));
            call
        })
        .collect();
    let row = rows(&fixture, &at("2017-01-01")).remove(0);
    assert_eq!((row.used_while_cut_total, row.anomalies_total), (20, 20));
    assert_eq!(row.used_while_cut.iter().map(|entry| entry.id).collect::<Vec<_>>(), offers[12..]);
    assert_eq!(row.anomalies.iter().map(|anomaly| anomaly.entry.id).collect::<Vec<_>>(), taken[12..]);
    // Whoever looks at an early one is told all the same.
    for call in [taken[0], taken[19]] {
        let shown = fixture.desk.entry(&When::default(), &call.to_string()).unwrap();
        assert_eq!(shown.data.anomalies.iter().map(|anomaly| anomaly.entry.id).collect::<Vec<_>>(), [call]);
    }
}

#[test]
fn a_cut_that_was_announced_holds_from_its_effect_on() {
    let fixture = Fixture::new();
    let line = fixture.line("liaison-line");
    fixture.event(Kind::ChannelOpened, about(line, "2018-09-14", "opened"));
    let cut = about(line, "2020-06-09T06:30:00+09:00", "cut");
    let cut = Envelope { effective: Some("2020-06-09T12:00:00+09:00".parse().unwrap()), ..cut };
    fixture.event(Kind::ChannelSevered, cut);
    let row = rows(&fixture, &at("2020-06-09T08:00:00+09:00")).remove(0);
    assert_eq!((row.state.as_str(), row.remarks.len()), ("active", 1));
    assert!(row.remarks[0].contains("in effect from 9 June 2020, 12:00"), "{:?}", row.remarks);
    let row = rows(&fixture, &at("2020-06-09T12:00:00+09:00")).remove(0);
    assert_eq!((row.state.as_str(), row.remarks.len()), ("severed", 0));
}

#[test]
fn a_carrier_is_not_said_to_be_cut_by_the_news_that_came_over_it() {
    let fixture = Fixture::new();
    let (hot, radio) = (fixture.line("hot"), fixture.line("radio"));
    let effective = Some("2025-09-20".parse().unwrap());
    fixture.event(
        Kind::ChannelSuspended,
        Envelope { via: vec![radio], effective, ..about(hot, "2025-09-15", "cut") },
    );
    let remarks = |name: &str| {
        let rows = rows(&fixture, &at("2025-09-17"));
        rows.into_iter().find(|row| row.name == name).unwrap().remarks.len()
    };
    assert_eq!((remarks("hot"), remarks("radio")), (1, 0));
}

#[test]
fn a_tie_within_a_day_is_told_with_the_other_state() {
    let fixture = Fixture::new();
    let line = fixture.line("liaison-line");
    fixture.event(Kind::ChannelRestored, about(line, "2013-07-03", "b-works"));
    let cut = fixture.event(Kind::ChannelSevered, about(line, "2013-07-03", "a-cut"));
    let row = rows(&fixture, &at("2013-07-04")).remove(0);
    assert_eq!(row.state, "active");
    let words =
        "a-cut, b-works are of one day and their order is not recorded: in another order it would be severed";
    assert_eq!(row.ties, [words]);
    let after = crate::domain::link::Link::new(crate::domain::link::Relation::After, cut);
    let later = Envelope { links: vec![after], ..about(line, "2013-07-03", "c-works") };
    fixture.event(Kind::CallAnswered, later);
    fixture.event(Kind::ChannelSuspended, about(line, "2013-07-05", "d-rests"));
    assert_eq!(rows(&fixture, &at("2013-07-06"))[0].ties, [""; 0]);
}

#[test]
fn lines_come_first_and_a_call_gives_a_carrier_no_state() {
    let fixture = Fixture::new();
    let add = |name: &str, sort: &str| -> EntityId {
        let detail = format!(r#"{{"name":"{name}","sort":"{sort}"}}"#);
        fixture.add(Envelope::default(), Kind::ChannelRegistered.decode(&detail).unwrap()).into()
    };
    add("media", "carrier");
    let letter = add("letter", "carrier");
    add("summit", "forum");
    let gone = add("a-line", "line");
    add("mil-west", "line");
    fixture.event(Kind::ChannelClosed, about(gone, "2000-01-01", "gone"));
    let names = |rows: Vec<ChannelRow>| {
        rows.into_iter().map(|row| format!("{} {}", row.name, row.state)).collect::<Vec<_>>()
    };
    assert_eq!(
        names(rows(&fixture, &When::default())),
        ["mil-west unknown", "a-line closed", "letter none", "media none", "summit none"]
    );
    fixture.event(Kind::CallAnswered, about(letter, "2000-01-01", "called"));
    fixture.event(Kind::ChannelSevered, about(letter, "2000-01-02", "cut"));
    let rows = rows(&fixture, &When::default());
    assert_eq!(channel_words(&rows[2]), "carrier, which has no state");
    let misfits: Vec<String> = rows[2]
        .anomalies
        .iter()
        .map(|anomaly| format!("{}: {}, not {}", anomaly.entry.handle, anomaly.expected, anomaly.found))
        .collect();
    assert_eq!(
        misfits,
        [
            "called: a line, not call.answered of a carrier, which has no state",
            "cut: a line, not channel.severed of a carrier, which has no state"
        ]
    );
    assert_eq!(intervals(&fixture.desk.known(&When::default()).unwrap(), letter).unwrap().1, []);
}

#[test]
fn a_circuit_ends_where_another_is_said_to_replace_it() {
    let fixture = Fixture::new();
    let old = fixture.line("rc-panmunjom");
    fixture.event(Kind::ChannelOpened, about(old, "1971-09-22", "opened"));
    let new = fixture.line("panmunjom-liaison");
    let replaces = crate::domain::link::Relation::Replaces;
    let link = crate::domain::link::Link::new(replaces, EventId::from_uuid(*old.as_uuid()));
    let opened = Envelope { links: vec![link], ..about(new, "1992-05-18", "offices") };
    fixture.event(Kind::ChannelOpened, opened);
    let all = rows(&fixture, &at("1992-06-01"));
    let words: Vec<_> = all.iter().map(|row| format!("{} {}", row.name, channel_words(row))).collect();
    assert_eq!(
        words,
        [
            "panmunjom-liaison active since 18 May 1992 (offices)",
            "rc-panmunjom closed since 18 May 1992 (offices)"
        ]
    );
    assert_eq!(all[1].remarks, ["panmunjom-liaison stands where it was"]);
    assert_eq!(all[1].anomalies, []);
    assert_eq!(rows(&fixture, &at("1992-05-01"))[1].remarks, [""; 0]);
}

#[test]
fn what_no_rule_allows_is_shown_and_never_refused() {
    let fixture = Fixture::new();
    let line = fixture.line("mil-west");
    fixture.event(Kind::ChannelClosed, about(line, "2020-06-16", "gone"));
    fixture.event(Kind::CallAnswered, about(line, "2020-07-01", "taken"));
    let row = rows(&fixture, &at("2020-07-02")).remove(0);
    assert_eq!(row.state, "active");
    assert_eq!(row.anomalies.len(), 1);
    assert_eq!(row.anomalies[0].entry.handle, "taken");
    assert_eq!(row.anomalies[0].expected, "channel.reopened before it");
    assert_eq!(row.anomalies[0].found, "call.answered while closed");
}

#[test]
fn a_vague_date_is_marked_until_it_must_have_come_true() {
    let fixture = Fixture::new();
    let line = fixture.line("mil-east");
    fixture.event(Kind::ChannelDegraded, about(line, "2010-11", "fire"));
    check(&fixture, &at("2010-11-15"), "possibly degraded since November 2010 (fire)");
    check(&fixture, &at("2010-11-30"), "degraded since November 2010 (fire)");
    // Recorded on 1 January 2026: by then it had happened, whatever the day.
    fixture.event(Kind::ChannelSevered, about(line, "2026-01", "cut"));
    check(&fixture, &at("2026-01-02"), "severed since January 2026 (cut)");
}

#[test]
fn other_times_of_calls_keep_the_days_and_the_zone_that_are_not_given() {
    let fixture = Fixture::new();
    let record = |entry: serde_json::Value| {
        let caller = Caller { actor: "kim".to_owned(), tz: None };
        fixture.desk.record(&caller, &RecordAsk { entries: vec![entry], ..RecordAsk::default() })
    };
    let register = |name: &str, schedule: &str| {
        let detail = format!(r#"{{"name":"{name}","sort":"line","schedule":{schedule}}}"#);
        fixture.add(Envelope::default(), Kind::ChannelRegistered.decode(&detail).unwrap())
    };
    register("liaison-line", r#"{"slots":["09:00"],"days":["mon","tue","wed"],"zone":"Asia/Pyongyang"}"#);
    register("mil-west", r#"{"slots":["09:00"]}"#);
    let change = |channel: serde_json::Value, schedule: serde_json::Value| {
        let kind = "channel.schedule_changed";
        record(serde_json::json!({"kind": kind, "date": "today", "channel": channel, "schedule": schedule}))
    };
    let words = || rows(&fixture, &When::default()).remove(0).schedule.unwrap();
    change("liaison-line".into(), serde_json::json!({"slots": ["10:00"]})).unwrap();
    assert_eq!(words(), "10:00, Monday to Wednesday (Asia/Pyongyang)");
    change("liaison-line".into(), serde_json::json!({"slots": ["11:00"], "days": ["fri"]})).unwrap();
    assert_eq!(words(), "11:00, Friday (Asia/Pyongyang)");
    let both = serde_json::json!(["liaison-line", "mil-west"]);
    let error = change(both.clone(), serde_json::json!({"slots": ["12:00"]})).unwrap_err();
    assert!(format!("{error:?}").contains("liaison-line and mil-west"), "{error:?}");
    let whole = serde_json::json!({"slots": ["12:00"], "days": [], "zone": "Asia/Seoul"});
    change(both, whole).unwrap();
    assert_eq!(words(), "12:00, every day (Asia/Seoul)");
}
