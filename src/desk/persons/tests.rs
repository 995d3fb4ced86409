//! What the registers promise of persons, and of parties and channels that are found to be one or several.

use serde_json::{Value, json};

use crate::desk::ask::{Caller, FilterAsk, RecordAsk, TimelineAsk, When};
use crate::desk::error::DeskError;
use crate::desk::testing::Fixture;
use crate::domain::id::EventId;

fn try_record(fixture: &Fixture, entry: Value) -> Result<EventId, DeskError> {
    let caller = Caller { actor: "kim".to_owned(), tz: None };
    let ask = RecordAsk { entries: vec![entry], ..RecordAsk::default() };
    Ok(fixture.desk.record(&caller, &ask)?.data.entries[0].entry.id)
}

#[track_caller]
fn record(fixture: &Fixture, entry: Value) -> EventId {
    try_record(fixture, entry).unwrap()
}

#[track_caller]
fn found(fixture: &Fixture, change: impl FnOnce(&mut FilterAsk)) -> Vec<String> {
    let mut ask = TimelineAsk::default();
    change(&mut ask.filter);
    let page = fixture.desk.timeline(&When::default(), &ask).unwrap().data;
    page.items.into_iter().map(|row| row.entry.handle).collect()
}

fn of_party(fixture: &Fixture, party: &str) -> Vec<String> {
    found(fixture, |filter| filter.party = Some(party.to_owned()))
}

fn incident(id: &str, date: &str, from: &str) -> Value {
    json!({"kind": "incident", "id": id, "date": date, "from": from, "summary": "x"})
}

#[test]
fn two_parties_that_are_one_are_found_under_either_name_until_that_is_taken_back() {
    let fixture = Fixture::new();
    for code in ["x-unc", "x-un-command", "x-un-command/jsa"] {
        record(&fixture, json!({"kind": "party.registered", "code": code}));
    }
    record(&fixture, incident("a", "2026-01-01", "x-unc"));
    record(&fixture, incident("b", "2026-01-02", "x-un-command"));
    record(&fixture, incident("c", "2026-01-03", "x-un-command/jsa"));
    assert_eq!(of_party(&fixture, "x-unc"), ["a"]);
    let merge = record(
        &fixture,
        json!({"kind": "party.merged", "about": "x-un-command", "into": "x-unc", "reason": Value::Null}),
    );
    for party in ["x-unc", "x-un-command"] {
        assert_eq!(of_party(&fixture, party), ["a", "b", "c"], "{party}");
    }
    // Entries keep the name that was used.
    let row = fixture.desk.entry(&When::default(), "b").unwrap().data.row;
    assert_eq!(row.from[0].name, "x-un-command");
    let rows = fixture.desk.parties(&When::default()).unwrap().data.items;
    let unc = rows.iter().find(|row| row.code == "x-unc").unwrap();
    assert_eq!((unc.one_with[0].name.as_str(), unc.entries), ("x-un-command", 3));
    let before = When { known_as_of: Some("2".to_owned()), ..When::default() };
    assert!(fixture.desk.parties(&before).unwrap().data.items.iter().all(|row| row.one_with.is_empty()));
    record(&fixture, json!({"kind": "record.retracted", "target": merge, "reason": "two after all"}));
    assert_eq!(of_party(&fixture, "x-unc"), ["a"]);
}

#[test]
fn a_party_that_was_several_is_found_with_each_and_they_are_not_found_with_each_other() {
    let fixture = Fixture::new();
    for code in ["x-staff", "x-north", "x-south"] {
        record(&fixture, json!({"kind": "party.registered", "code": code}));
    }
    record(&fixture, incident("a", "2026-01-01", "x-staff"));
    record(&fixture, incident("b", "2026-01-02", "x-north"));
    record(&fixture, incident("c", "2026-01-03", "x-south"));
    record(&fixture, json!({"kind": "party.split", "about": "x-staff", "into": ["x-north", "x-south"]}));
    assert_eq!(of_party(&fixture, "x-staff"), ["a", "b", "c"]);
    assert_eq!(of_party(&fixture, "x-north"), ["a", "b"]);
    assert_eq!(of_party(&fixture, "x-south"), ["a", "c"]);
}

#[test]
fn an_answer_of_a_party_that_is_one_with_the_addressee_answers() {
    let fixture = Fixture::new();
    for code in ["KOR", "PRK", "x-pyongyang"] {
        record(&fixture, json!({"kind": "party.registered", "code": code}));
    }
    record(
        &fixture,
        json!({"kind": "overture.proposed", "id": "offer", "date": "2026-01-01", "from": "KOR", "to": "PRK",
            "summary": "Talks"}),
    );
    record(
        &fixture,
        json!({"kind": "response.rejected", "in_reply_to": "offer", "date": "2026-01-02",
            "from": "x-pyongyang", "summary": "No"}),
    );
    let status = || fixture.desk.thread(&When::default(), "offer").unwrap().data.overture.status;
    assert_ne!(status(), "rejected");
    record(&fixture, json!({"kind": "party.merged", "about": "x-pyongyang", "into": "PRK"}));
    assert_eq!(status(), "rejected");
}

#[test]
fn two_channels_that_are_one_are_found_under_either_name() {
    let fixture = Fixture::new();
    fixture.line("hotline");
    fixture.line("red-phone");
    for (id, channel) in [("a", "hotline"), ("b", "red-phone")] {
        record(
            &fixture,
            json!({"kind": "call.answered", "id": id, "date": "2026-01-01", "channel": channel}),
        );
    }
    record(&fixture, json!({"kind": "channel.merged", "channel": "red-phone", "into": "hotline"}));
    for channel in ["hotline", "red-phone"] {
        assert_eq!(
            found(&fixture, |filter| filter.channel = Some(channel.to_owned())),
            ["a", "b"],
            "{channel}"
        );
    }
    // To be found to be another says nothing of how it works.
    let boards = fixture.desk.channels(&When::default()).unwrap().data.items;
    assert!(boards.iter().all(|row| row.last_evidence.as_ref().unwrap().handle.len() == 1));
}

#[test]
fn a_finding_that_says_nothing_is_refused() {
    let fixture = Fixture::new();
    for code in ["KOR", "PRK"] {
        record(&fixture, json!({"kind": "party.registered", "code": code}));
    }
    fixture.line("hotline");
    record(&fixture, json!({"kind": "person.registered", "names": ["Kim Yong-chol"]}));
    for (entry, says) in [
        (json!({"kind": "party.merged", "about": "KOR", "into": "KOR"}), "not itself"),
        (json!({"kind": "party.merged", "about": "hotline", "into": "KOR"}), "no party"),
        (json!({"kind": "party.split", "about": "KOR", "into": "PRK"}), "fewer than two"),
        (json!({"kind": "party.merged", "into": "KOR"}), "about"),
        (json!({"kind": "person.role", "about": "KOR", "party": "KOR", "office": "x"}), "no person"),
        (
            json!({"kind": "person.role", "about": "Kim Yong-chol", "party": "PRK", "office": "x",
                "since": "2019", "until": "2016"}),
            "exchange",
        ),
        (json!({"kind": "person.registered", "names": ["kim yong chol"]}), "already"),
    ] {
        let error = try_record(&fixture, entry.clone()).unwrap_err().to_string();
        assert!(error.contains(says), "{entry}: {error}");
    }
}

#[test]
fn a_person_who_speaks_stands_for_the_body_of_the_office_at_that_time() {
    let fixture = Fixture::new();
    for code in ["PRK", "PRK/ufd", "PRK/kpa"] {
        record(&fixture, json!({"kind": "party.registered", "code": code}));
    }
    record(&fixture, json!({"kind": "person.registered", "names": ["Kim Yong-chol", "김영철"]}));
    for (party, since, until) in [("PRK/kpa", "2009", "2015"), ("PRK/ufd", "2016", "2019-04")] {
        record(
            &fixture,
            json!({"kind": "person.role", "about": "Kim Yong-chol", "party": party, "office": "director",
                "since": since, "until": until}),
        );
    }
    let said = |id: &str, date: &str| json!({"kind": "statement.public", "id": id, "date": date, "from": "김영철", "summary": "No."});
    record(&fixture, said("a", "2012-03-01"));
    record(&fixture, said("b", "2018-03-01"));
    assert_eq!(of_party(&fixture, "PRK/kpa"), ["a"]);
    assert_eq!(of_party(&fixture, "PRK/ufd"), ["b"]);
    let reading = fixture.desk.entry(&When::default(), "b").unwrap().data.reading;
    assert_eq!((&reading["from"], &reading["speaker"]), (&json!("PRK/ufd"), &json!("김영철")));
    let error = try_record(&fixture, said("c", "2022-01-01")).unwrap_err().to_string();
    assert!(error.contains("holds no office on record (1 January 2022)"), "{error}");
    let error = try_record(&fixture, said("d", "2009~/2019")).map(|_| String::new());
    assert!(error.is_err());
    let rows = fixture.desk.persons(&When::default()).unwrap().data.items;
    assert_eq!(rows[0].name, "Kim Yong-chol");
    assert_eq!(rows[0].roles.iter().map(|role| role.holds).collect::<Vec<_>>(), [false, false]);
    let then = When { at: Some("2018-01-01".to_owned()), ..When::default() };
    let rows = fixture.desk.persons(&then).unwrap().data.items;
    assert_eq!(rows[0].roles.iter().map(|role| role.holds).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_person_is_found_by_every_name_and_whoever_asks_for_a_party_is_told_who_that_is() {
    use crate::desk::ask::SearchAsk;
    let fixture = Fixture::new();
    for code in ["PRK", "PRK/ufd", "KOR"] {
        record(&fixture, json!({"kind": "party.registered", "code": code}));
    }
    record(&fixture, json!({"kind": "person.registered", "names": ["Kim Yong-chol", "김영철"]}));
    record(
        &fixture,
        json!({"kind": "person.role", "about": "Kim Yong-chol", "party": "PRK/ufd", "office": "director",
            "since": "2016", "until": "2021"}),
    );
    let said = |id: &str, date: &str, from: &str| json!({"kind": "statement.public", "id": id, "date": date, "from": from, "summary": "No."});
    record(&fixture, said("a", "2018-05-01", "김영철"));
    record(&fixture, said("b", "2019-05-01", "Kim Yong-chol"));
    record(&fixture, said("c", "2020-05-01", "PRK/ufd"));
    record(
        &fixture,
        json!({"kind": "incident", "id": "d", "date": "2020-06-01", "from": "KOR", "summary": "Kim met 김영철"}),
    );
    for name in ["Kim Yong-chol", "김영철", "\"kim yong chol\""] {
        let text = Some(name.to_owned());
        assert_eq!(found(&fixture, |filter| filter.text.clone_from(&text)), ["a", "b", "d"], "{name}");
        let filter = FilterAsk { text, ..FilterAsk::default() };
        let answer = fixture.desk.search(&When::default(), &SearchAsk { filter, ..SearchAsk::default() });
        let answer = answer.unwrap();
        assert_eq!(answer.data.total, 3, "{name}");
        assert!(answer.notices[0].starts_with("Kim Yong-chol, 김영철 is one person"), "{:?}", answer.notices);
        assert!(answer.data.items.iter().all(|row| !row.snippets.is_empty()));
    }
    let by = |person: &str| found(&fixture, |filter| filter.person = Some(person.to_owned()));
    assert_eq!(by("김영철"), ["a", "b", "d"]);
    assert_eq!(by("kim yongchol"), ["a", "b", "d"]);
    assert_eq!(by("!김영철"), ["c"]);
    let with = |change: fn(&mut FilterAsk)| {
        found(&fixture, |filter| {
            filter.person = Some("Kim Yong-chol".to_owned());
            change(filter);
        })
    };
    assert_eq!(with(|filter| filter.party = Some("KOR".to_owned())), ["d"]);
    assert_eq!(with(|filter| filter.text = Some("no".to_owned())), ["a", "b"]);
    let text = Some("met".to_owned());
    let filter = FilterAsk { person: Some("김영철".to_owned()), text, ..FilterAsk::default() };
    let ask = SearchAsk { filter, ..SearchAsk::default() };
    assert_eq!(fixture.desk.search(&When::default(), &ask).unwrap().data.total, 1);
    // Before the register knew that the two names are one person's, no one could be asked about.
    let before = When { known_as_of: Some("2".to_owned()), ..When::default() };
    assert!(
        fixture
            .desk
            .timeline(
                &before,
                &TimelineAsk {
                    filter: FilterAsk { person: Some("김영철".to_owned()), ..FilterAsk::default() },
                    ..TimelineAsk::default()
                }
            )
            .is_err()
    );
    let fails = |change: &dyn Fn(&mut FilterAsk)| {
        let mut ask = TimelineAsk::default();
        change(&mut ask.filter);
        fixture.desk.timeline(&When::default(), &ask).unwrap_err()
    };
    let name = || Some("김영철".to_owned());
    let refused = [
        fails(&|filter| filter.from_party = name()),
        fails(&|filter| filter.party = name()),
        fails(&|filter| filter.about = name()),
        fails(&|filter| filter.between = Some("KOR,김영철".to_owned())),
        fixture.desk.entry(&When::default(), "김영철").map(|_| ()).unwrap_err(),
        try_record(&fixture, json!({"kind": "incident", "date": "2020", "to": "김영철", "summary": "x"}))
            .unwrap_err(),
    ];
    for error in refused {
        let error = format!("{error:?}");
        assert!(error.contains("director of PRK/ufd since 2016 until 2021"), "{error}");
        assert!(error.contains("--person '김영철'"), "{error}");
    }
}

#[test]
fn what_may_be_typed_begins_with_what_was() {
    use crate::desk::completion::NamesAsk;
    let fixture = Fixture::new();
    fixture.line("mil-west");
    fixture.line("mil-east");
    fixture.party("PRK");
    record(&fixture, incident("ik-1", "2026-01-01", "PRK"));
    let names = |what: &str, prefix: &str| -> Vec<String> {
        let ask = NamesAsk { what: what.to_owned(), prefix: prefix.to_owned() };
        let page = fixture.desk.names_like(&ask).unwrap().data;
        page.items.into_iter().map(|row| row.name).collect()
    };
    assert_eq!(names("channel", "mil"), ["mil-east", "mil-west"]);
    assert_eq!(names("channel,party", ""), ["PRK", "mil-east", "mil-west"]);
    assert_eq!(names("party", "prk"), ["PRK"]);
    assert_eq!(names("handle", "ik"), ["ik-1"]);
    assert!(fixture.desk.names_like(&NamesAsk { what: "colour".to_owned(), ..NamesAsk::default() }).is_err());
}
