//! What single formats promise.

mod certain;
mod ends;
mod sittings;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{filter, record, spring, talks, text};
use crate::desk::ask::{ExportAsk, FilterAsk};
use crate::desk::outgoing::Format;
use crate::desk::testing::Fixture;

/// Returns the properties of every component of a sort, unfolded.
fn components(calendar: &str, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut found = Vec::new();
    let mut open: Option<BTreeMap<String, String>> = None;
    for line in calendar.replace("\r\n ", "").split("\r\n") {
        let Some((property, value)) = line.split_once(':') else { continue };
        match (property, value) {
            ("BEGIN", value) if value == name => open = Some(BTreeMap::new()),
            ("END", value) if value == name => found.extend(open.take()),
            (property, value) => {
                if let Some(open) = &mut open {
                    assert!(open.insert(property.to_owned(), value.to_owned()).is_none(), "{line}");
                }
            }
        }
    }
    found
}

fn meeting(fixture: &Fixture) -> BTreeMap<String, String> {
    let calendar = text(fixture, &ExportAsk::default(), Format::Ics);
    components(&calendar, "VEVENT").into_iter().next().unwrap_or_default()
}

#[test]
fn the_sequence_of_a_meeting_rises_with_every_change_and_its_status_follows() {
    let fixture = spring();
    record(
        &fixture,
        json!({"kind": "meeting.scheduled", "id": "round", "date": "2026-03-01", "from": "KOR", "to": "PRK",
            "meeting_date": "2026-04-02"}),
    );
    let first = meeting(&fixture);
    assert_eq!(first["SEQUENCE"], "0");
    assert_eq!(first["STATUS"], "CONFIRMED");
    assert_eq!(
        (first["DTSTART;VALUE=DATE"].as_str(), first["DTEND;VALUE=DATE"].as_str()),
        ("20260402", "20260403")
    );
    let mut before = first.clone();
    for (entry, status, starts) in [
        (
            json!({"kind": "record.amended", "target": "round", "reason": "the hour",
                "changes": {"meeting_date": "2026-04-02T10:00:00+09:00"}}),
            "CONFIRMED",
            ("DTSTART", "20260402T010000Z"),
        ),
        (
            json!({"kind": "meeting.postponed", "meeting": "round", "date": "2026-03-05", "by": "PRK",
                "cause": "not stated", "until": "2026-05"}),
            "TENTATIVE",
            ("DTSTART;VALUE=DATE", "20260501"),
        ),
        (
            json!({"kind": "meeting.postponed", "meeting": "round", "date": "2026-03-06", "by": "PRK",
                "cause": "not stated", "id": "sine-die"}),
            "CANCELLED",
            ("DTSTART;VALUE=DATE", "20260501"),
        ),
        (
            json!({"kind": "record.retracted", "target": "sine-die", "reason": "a rumour"}),
            "TENTATIVE",
            ("DTSTART;VALUE=DATE", "20260501"),
        ),
        (
            json!({"kind": "meeting.cancelled", "meeting": "round", "date": "2026-03-09", "by": "PRK",
                "cause": "not stated"}),
            "CANCELLED",
            ("DTSTART;VALUE=DATE", "20260501"),
        ),
    ] {
        record(&fixture, entry);
        let now = meeting(&fixture);
        let number = |of: &BTreeMap<String, String>| of["SEQUENCE"].parse::<u32>().unwrap();
        assert!(number(&now) > number(&before), "{now:?}");
        assert!(now["DTSTAMP"] >= before["DTSTAMP"]);
        assert_eq!(now["UID"], first["UID"]);
        assert_eq!(now["STATUS"], status, "{now:?}");
        assert_eq!(now[starts.0], starts.1, "{now:?}");
        before = now;
    }
    assert_eq!(before["DTEND;VALUE=DATE"], "20260601");
    assert!(before["SUMMARY"].contains("date not certain: May 2026"), "{before:?}");
}

#[test]
fn a_date_that_no_calendar_can_show_is_counted_and_none_is_made_up() {
    let fixture = spring();
    for (id, date) in [("year", "2026"), ("open", "2026-04-01/.."), ("day", "2026-04-01?")] {
        record(
            &fixture,
            json!({"kind": "meeting.scheduled", "id": id, "date": "2026-03-01", "from": "KOR", "to": "PRK",
                "meeting_date": date}),
        );
    }
    record(
        &fixture,
        json!({"kind": "meeting.agreed", "id": "some", "date": "2026-03-01", "from": "KOR", "to": "PRK"}),
    );
    let calendar = text(&fixture, &ExportAsk::default(), Format::Ics);
    assert_eq!(components(&calendar, "VEVENT").len(), 1);
    assert!(calendar.contains("X-DEMARCHE-LEFT-OUT:3\r\n"), "{calendar}");
}

#[test]
fn the_day_by_which_an_answer_is_due_is_a_task_until_the_answer_comes() {
    let fixture = spring();
    record(
        &fixture,
        json!({"kind": "overture.proposed", "id": "offer", "date": "2026-02-01", "from": "KOR", "to": "PRK",
            "summary": "Talks", "deadline": "2026-02-20", "marking": "TLP:RED"}),
    );
    let task = || components(&text(&fixture, &ExportAsk::default(), Format::Ics), "VTODO").remove(0);
    let waiting = task();
    assert_eq!(
        (waiting["DUE;VALUE=DATE"].as_str(), waiting["STATUS"].as_str()),
        ("20260220", "NEEDS-ACTION")
    );
    assert_eq!(
        (waiting["CLASS"].as_str(), waiting["X-DEMARCHE-MARKING"].as_str()),
        ("CONFIDENTIAL", "TLP:RED")
    );
    record(
        &fixture,
        json!({"kind": "response.rejected", "in_reply_to": "offer", "date": "2026-02-05", "from": "PRK",
            "to": "KOR", "summary": "No"}),
    );
    assert_eq!(task()["STATUS"], "COMPLETED");
}

#[test]
fn a_meeting_that_was_struck_is_cancelled_in_calendars_that_have_it() {
    let fixture = spring();
    record(
        &fixture,
        json!({"kind": "meeting.scheduled", "id": "round", "date": "2026-03-01", "from": "KOR", "to": "PRK",
            "meeting_date": "2026-04-02", "place": "Quagga house", "marking": "TLP:GREEN"}),
    );
    let imported = meeting(&fixture);
    record(&fixture, json!({"kind": "record.retracted", "target": "round", "reason": "a rumour"}));
    let green = |filter: &mut FilterAsk| filter.marking = Some("TLP:GREEN".to_owned());
    let all = |filter: &mut FilterAsk| filter.status = Some("all".to_owned());
    let spring_only = |filter: &mut FilterAsk| filter.from = Some("2026-03-01".to_owned());
    for ask in [ExportAsk::default(), filter(green), filter(all), filter(spring_only)] {
        let calendar = text(&fixture, &ask, Format::Ics);
        let gone = components(&calendar, "VEVENT").remove(0);
        assert_eq!((gone["UID"].as_str(), gone["STATUS"].as_str()), (imported["UID"].as_str(), "CANCELLED"));
        assert_eq!((imported["SEQUENCE"].as_str(), gone["SEQUENCE"].as_str()), ("0", "1"));
        assert_eq!(gone["DTSTART;VALUE=DATE"], "20260402");
        assert!(!calendar.contains("Quagga"), "{calendar}");
    }
    // What the filter would not have met is not told of either.
    let red = filter(|filter| filter.marking = Some("TLP:RED".to_owned()));
    let later = filter(|filter| filter.from = Some("2026-03-02".to_owned()));
    for ask in [red, later] {
        assert_eq!(components(&text(&fixture, &ask, Format::Ics), "VEVENT"), []);
    }
}

#[test]
fn what_is_met_by_nothing_but_what_is_struck_is_told_only_where_it_is_struck_itself() {
    let fixture = spring();
    record(
        &fixture,
        json!({"kind": "meeting.scheduled", "id": "round", "date": "2026-03-01", "from": "KOR", "to": "PRK",
            "meeting_date": "2026-04-02"}),
    );
    let by_japan = filter(|filter| filter.party = Some("JPN".to_owned()));
    record(
        &fixture,
        json!({"kind": "meeting.details_changed", "meeting": "round", "id": "slip", "date": "2026-03-02",
            "from": "JPN", "meeting_date": "2026-04-03"}),
    );
    let shown = || text(&fixture, &by_japan, Format::Ics);
    assert!(shown().contains("20260403"), "{}", shown());
    record(&fixture, json!({"kind": "record.retracted", "target": "slip", "reason": "a slip"}));
    assert!(!shown().contains("2026040"), "{}", shown());
}

#[test]
fn an_offer_that_a_marking_keeps_out_is_reminded_of_nowhere() {
    let fixture = spring();
    record(
        &fixture,
        json!({"kind": "overture.proposed", "id": "offer", "date": "2026-02-01", "from": "KOR", "to": "PRK",
            "summary": "Quagga talks", "deadline": "2026-02-20", "marking": "TLP:RED"}),
    );
    record(
        &fixture,
        json!({"kind": "response.deflected", "in_reply_to": "offer", "id": "answer", "date": "2026-02-03",
            "from": "PRK", "marking": "TLP:GREEN"}),
    );
    let green = filter(|filter| filter.marking = Some("TLP:GREEN".to_owned()));
    let calendar = text(&fixture, &green, Format::Ics);
    assert_eq!((components(&calendar, "VTODO"), calendar.contains("Quagga")), (vec![], false));
    assert_eq!(components(&text(&fixture, &ExportAsk::default(), Format::Ics), "VTODO").len(), 1);
}

#[test]
fn a_meeting_that_has_no_day_any_more_is_cancelled_and_counted() {
    let fixture = spring();
    record(
        &fixture,
        json!({"kind": "meeting.scheduled", "id": "round", "date": "2026-03-01", "from": "KOR", "to": "PRK",
            "meeting_date": "2026-04-02"}),
    );
    record(
        &fixture,
        json!({"kind": "record.amended", "target": "round", "reason": "r", "changes": {"meeting_date": "2026"}}),
    );
    let gone = meeting(&fixture);
    assert_eq!((gone["STATUS"].as_str(), gone["DTSTART;VALUE=DATE"].as_str()), ("CANCELLED", "20260402"));
    assert!(text(&fixture, &ExportAsk::default(), Format::Ics).contains("X-DEMARCHE-LEFT-OUT:1\r\n"));
}

#[test]
fn a_reminder_of_an_answer_that_is_not_due_any_more_is_cancelled() {
    for correction in [
        json!({"kind": "record.amended", "target": "offer", "reason": "r", "changes": {"deadline": null}}),
        json!({"kind": "record.retracted", "target": "offer", "reason": "r"}),
        // A correction that is marked, and the offer is not.
        json!({"kind": "record.amended", "target": "offer", "reason": "r", "changes": {"deadline": null},
            "marking": "TLP:GREEN"}),
    ] {
        let fixture = spring();
        record(
            &fixture,
            json!({"kind": "overture.proposed", "id": "offer", "date": "2026-02-01", "from": "KOR",
                "to": "PRK", "summary": "Talks", "deadline": "2026-02-20"}),
        );
        let task = || components(&text(&fixture, &ExportAsk::default(), Format::Ics), "VTODO").remove(0);
        let imported = task();
        record(&fixture, correction.clone());
        let gone = task();
        assert_eq!(gone["UID"], imported["UID"]);
        assert_eq!((gone["STATUS"].as_str(), gone["SEQUENCE"].as_str()), ("CANCELLED", "1"), "{correction}");
        assert_eq!(gone["DUE;VALUE=DATE"], "20260220");
    }
    // One that never was in a calendar is not heard of now.
    let fixture = spring();
    record(
        &fixture,
        json!({"kind": "overture.proposed", "id": "offer", "date": "2026-02-01", "from": "KOR", "to": "PRK"}),
    );
    record(&fixture, json!({"kind": "record.retracted", "target": "offer", "reason": "r"}));
    assert_eq!(components(&text(&fixture, &ExportAsk::default(), Format::Ics), "VTODO"), []);
}

#[test]
fn a_filter_by_marking_keeps_out_of_a_calendar_what_it_keeps_out() {
    let fixture = spring();
    let scheduled = |marking: &str, id: &str| {
        json!({"kind": "meeting.scheduled", "id": id, "date": "2026-03-01", "from": "KOR", "to": "PRK",
            "meeting_date": "2026-04-02", "marking": marking})
    };
    record(&fixture, scheduled("TLP:GREEN", "round"));
    record(
        &fixture,
        json!({"kind": "meeting.details_changed", "meeting": "round", "date": "2026-03-02", "from": "KOR",
            "place": "Quagga house", "marking": "TLP:RED"}),
    );
    let green = filter(|filter| filter.marking = Some("TLP:GREEN".to_owned()));
    assert!(!text(&fixture, &green, Format::Ics).contains("Quagga"));
    assert!(text(&fixture, &ExportAsk::default(), Format::Ics).contains("Quagga"));
}

#[test]
fn every_cloud_event_keeps_the_rules_of_the_specification() {
    let fixture = spring();
    talks(&fixture);
    record(
        &fixture,
        json!({"kind": "record.amended", "target": "no", "reason": "r", "changes": {"summary": "No"}}),
    );
    let everything = filter(|filter| {
        filter.bookkeeping = true;
        filter.status = Some("all".to_owned());
    });
    let lines = text(&fixture, &everything, Format::Cloudevents);
    let mut ids = std::collections::BTreeSet::new();
    for line in lines.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let event = event.as_object().unwrap();
        // CloudEvents 1.0.2, JSON schema: what is required, of which type, and never empty.
        for required in ["id", "source", "specversion", "type"] {
            assert!(event[required].as_str().is_some_and(|text| !text.is_empty()), "{required} {line}");
        }
        assert_eq!(event["specversion"], "1.0");
        for (name, value) in event {
            // Names of attributes: lower-case letters and digits, at most twenty of them as advised.
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{name}");
            assert!(name.len() <= 20, "{name}");
            if name != "data" {
                assert!(value.as_str().is_some_and(|text| !text.is_empty()), "{name} {line}");
            }
        }
        let time = event["time"].as_str().unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{time}");
        assert!(event["source"].as_str().unwrap().starts_with("urn:demarche:log:"));
        let kind = event["type"].as_str().unwrap();
        assert!(kind.starts_with("demarche.") && kind.rsplit('.').next() == Some("v1"), "{kind}");
        if let Some(data) = event.get("data") {
            assert!(data.is_object() && event["datacontenttype"] == "application/json");
        }
        assert!(ids.insert(event["id"].as_str().unwrap().to_owned()), "{line}");
    }
    let offer = lines.lines().find(|line| line.contains("overture.proposed.v1")).unwrap();
    let offer: Value = serde_json::from_str(offer).unwrap();
    assert_eq!(offer["data"]["date"], "2026-02-01");
    assert_eq!(offer["marking"], "TLP:AMBER");
    assert_ne!(offer["time"].as_str().unwrap().get(..10), Some("2026-02-01"));
}

#[test]
fn event_data_never_makes_a_date_exact_and_leaves_no_entry_out() {
    let fixture = spring();
    talks(&fixture);
    record(
        &fixture,
        json!({"kind": "incident", "date": "2026-01~", "from": ["KOR", "PRK"], "to": "USA", "summary": "x"}),
    );
    let rows = text(&fixture, &ExportAsk::default(), Format::Cameo);
    let mut reader = ::csv::Reader::from_reader(rows.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 6);
    let of = |kind: &str| rows.iter().filter(|row| row["kind"] == kind).collect::<Vec<_>>();
    let offer = of("overture.proposed")[0];
    assert_eq!(
        ["date", "source", "target", "cameo", "plover_event", "goldstein"].map(|name| offer[name].as_str()),
        ["2026-02-01", "KOR", "PRK", "036", "AGREE", "4.0"]
    );
    let silence = of("silence.recorded")[0];
    assert_eq!(
        ["date", "date_precision", "earliest", "latest", "source", "cameo"]
            .map(|name| silence[name].as_str()),
        ["", "imprecise", "2026-03-01", "2026-03-31", "PRK", ""]
    );
    assert!(silence["note"].contains("silence is not an event"));
    assert_eq!(of("incident").len(), 2);
    assert!(of("incident").iter().all(|row| row["date"].is_empty() && row["target"] == "USA"));
}

#[test]
fn whoever_answered_is_joined_to_whoever_had_proposed() {
    let fixture = spring();
    talks(&fixture);
    record(
        &fixture,
        json!({"kind": "overture.acknowledged", "in_reply_to": "offer", "date": "2026-02", "from": "PRK"}),
    );
    let gexf = text(&fixture, &ExportAsk::default(), Format::Gexf);
    assert!(gexf.contains("source=\"PRK\" target=\"KOR\" weight=\"2\""), "{gexf}");
    assert!(
        gexf.contains("for=\"median_days\" value=\"4.0\"") && gexf.contains("for=\"timed\" value=\"1\""),
        "{gexf}"
    );
    // What its offer shows without effect is no answer either.
    fixture.party("CHN");
    record(
        &fixture,
        json!({"kind": "response.rejected", "in_reply_to": "offer", "date": "2026-02", "from": "CHN"}),
    );
    assert_eq!(text(&fixture, &ExportAsk::default(), Format::Gexf).matches("source=").count(), 1);
    // An answer that the filter leaves out is no answer of this graph.
    let rejected = filter(|filter| filter.kind = Some("response.rejected".to_owned()));
    let graphml = text(&fixture, &rejected, Format::Graphml);
    assert!(graphml.contains("<data key=\"answers\">1</data>"), "{graphml}");
    assert!(graphml.contains("response.rejected 1") && !graphml.contains("acknowledged 1"), "{graphml}");
}

#[test]
fn every_reading_has_its_recording_and_the_newer_is_a_revision_of_the_older() {
    let fixture = spring();
    talks(&fixture);
    record(
        &fixture,
        json!({"kind": "record.amended", "target": "no", "reason": "r", "changes": {
        "summary": "A plain no", "source": "https://example.org/kcna"}}),
    );
    let document: Value = serde_json::from_str(&text(&fixture, &ExportAsk::default(), Format::Prov)).unwrap();
    let section = |name: &str| document[name].as_object().unwrap_or_else(|| panic!("{name}")).clone();
    let (entities, activities, agents) = (section("entity"), section("activity"), section("agent"));
    let prefixes = section("prefix");
    let resolves = |name: &str| {
        let (prefix, local) = name.split_once(':').unwrap();
        assert!(!local.is_empty() && (prefix == "prov" || prefixes.contains_key(prefix)), "{name}");
    };
    entities.keys().chain(activities.keys()).chain(agents.keys()).for_each(|name| resolves(name));
    for generation in section("wasGeneratedBy").values() {
        assert!(entities.contains_key(generation["prov:entity"].as_str().unwrap()));
        assert!(activities.contains_key(generation["prov:activity"].as_str().unwrap()));
    }
    for attribution in section("wasAttributedTo").values() {
        assert!(entities.contains_key(attribution["prov:entity"].as_str().unwrap()));
        assert!(agents.contains_key(attribution["prov:agent"].as_str().unwrap()));
    }
    let derived = section("wasDerivedFrom");
    let of = |sort: &str| derived.values().filter(|one| one["prov:type"]["$"] == sort).count();
    assert_eq!((of("prov:Revision"), of("prov:PrimarySource")), (1, 1));
    for one in derived.values() {
        assert!(entities.contains_key(one["prov:generatedEntity"].as_str().unwrap()));
        assert!(entities.contains_key(one["prov:usedEntity"].as_str().unwrap()));
    }
    assert!(entities["demarche:export"]["demarche:knownAt"].is_string());
}
