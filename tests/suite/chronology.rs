//! A real chronology of 150 entries, from a file to answers.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::support::{Place, chronology};

fn imported(file: &Path) -> Place {
    let place = Place::new();
    place.run(&["import", file.to_str().unwrap()]).ok();
    place
}

/// Returns the state of every channel on a day, by name.
fn states(place: &Place, at: &str) -> BTreeMap<String, String> {
    let rows = place.items(&["channels", "--at", at]);
    rows.iter()
        .map(|row| (row["name"].as_str().unwrap().to_owned(), row["state"].as_str().unwrap().to_owned()))
        .collect()
}

#[track_caller]
fn check_states(place: &Place) {
    for (at, channel, state) in [
        ("2022-10-05", "liaison-line", "active"),
        ("2023-04-12", "liaison-line", "unresponsive"),
        ("2016-03-01", "mil-west", "severed"),
        ("2018-02-01", "mil-west", "active"),
        ("2020-06-10", "liaison-line", "severed"),
        ("2020-06-10", "mil-west", "severed"),
        ("2020-06-10", "mil-east", "severed"),
        ("2020-06-10", "leaders-hotline", "severed"),
    ] {
        assert_eq!(states(place, at)[channel], state, "{channel} on {at}");
    }
}

#[test]
fn every_entry_is_recorded_once_however_often_the_file_is_imported() {
    let Some(file) = chronology() else { return };
    let place = imported(&file);
    let rows = place.items(&["timeline", "--limit", "1000"]);
    assert_eq!(rows.len(), 150);
    let size = place.data(&["log"])["size"].clone();
    let again = place.data(&["import", file.to_str().unwrap()]);
    assert_eq!((&again["recorded"], &again["already"]), (&0.into(), &150.into()));
    assert_eq!(place.data(&["log"])["size"], size);
}

#[test]
fn no_entry_about_a_channel_or_a_call_is_an_anomaly() {
    let Some(file) = chronology() else { return };
    let place = imported(&file);
    for row in place.items(&["channels"]) {
        assert_eq!(row.get("anomalies"), None, "{row}");
    }
}

#[test]
fn channels_stand_where_the_record_says_with_a_reason_and_a_last_evidence() {
    let Some(file) = chronology() else { return };
    let place = imported(&file);
    check_states(&place);
    let rows = place.items(&["channels", "--at", "2023-04-12"]);
    let line = rows.iter().find(|row| row["name"] == "liaison-line").unwrap();
    assert_eq!(line["reason"]["handle"], "ik-139");
    assert_eq!(line["last_evidence"]["date"]["value"], "2023-04-10");
}

#[test]
fn the_order_of_the_lines_of_a_file_does_not_matter() {
    let Some(file) = chronology() else { return };
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    let straight = imported(&file);
    let all = |place: &Place, at: &str| -> Vec<Value> {
        let mut rows = place.items(&["channels", "--at", at]);
        for row in &mut rows {
            without_ids(row);
        }
        rows.sort_by_key(|row| row["name"].to_string());
        rows
    };
    let shuffled_lines = proptest::strategy::Strategy::prop_shuffle(proptest::strategy::Just(lines));
    let mut runner = TestRunner::new(Config { cases: 3, ..Config::default() });
    runner
        .run(&shuffled_lines, |lines| {
            let place = Place::new();
            let shuffled = place.file("inter-korean-chronology.jsonl");
            std::fs::write(&shuffled, lines.join("\n")).unwrap();
            place.run(&["import", shuffled.to_str().unwrap()]).ok();
            check_states(&place);
            for at in ["2016-03-01", "2020-06-10", "2023-04-12", "2025-12-31"] {
                assert_eq!(all(&place, at), all(&straight, at), "{at}");
            }
            Ok(())
        })
        .unwrap();
}

/// Takes out what differs between two logs of the same file: ids that were drawn.
fn without_ids(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("id");
            fields.values_mut().for_each(without_ids);
        }
        Value::Array(values) => values.iter_mut().for_each(without_ids),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_thread_of_the_last_offer_shows_that_it_stands_unanswered() {
    let Some(file) = chronology() else { return };
    let place = imported(&file);
    let thread = place.data(&["thread", "ik-147"]);
    let overture = &thread["overture"];
    assert_eq!(overture["currency"], "standing");
    assert!(overture["answers"].as_array().unwrap().iter().all(|row| row["answer"] == "none"));
    let effects: Vec<(&str, &str)> = thread["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["handle"].as_str().unwrap(), row["effect"].as_str().unwrap()))
        .collect();
    assert!(effects.iter().any(|(handle, effect)| *handle == "ik-148" && effect.contains("no effect")));
    let related = thread["related"].as_array().unwrap();
    assert!(related.iter().any(|row| row["handle"] == "ik-149"), "{related:?}");
}

#[test]
fn an_open_overture_is_listed_with_its_age() {
    let Some(file) = chronology() else { return };
    let place = imported(&file);
    let rows = place.items(&["overtures", "--open", "--at", "2025-12-31"]);
    let offer = rows.iter().find(|row| row["handle"] == "ik-147").expect("it is open");
    assert_eq!(offer["age_days"], 44);
}

#[test]
fn an_import_of_an_export_is_a_read_only_copy_until_it_is_adopted() {
    let Some(file) = chronology() else { return };
    let place = imported(&file);
    let exported = place.file("export.jsonl");
    place.run(&["export", exported.to_str().unwrap()]).ok();
    let copy = Place::empty();
    copy.run(&["import", exported.to_str().unwrap()]).ok();
    let (original, copied) = (place.data(&["log"]), copy.data(&["log"]));
    assert_eq!((&original["root"], &original["size"]), (&copied["root"], &copied["size"]));
    assert_eq!(copied["writable"], false);
    copy.run(&["call", "mil-west", "unanswered"]).fails(1);
    let name = copied["log"].as_str().unwrap();
    let refused = copy.run(&["adopt", name]).fails(1);
    assert!(refused.contains("keys") && refused.contains("--new-keys"), "{refused}");
    place.share_keys(&copy);
    copy.run(&["adopt", name]).ok();
    copy.run(&["call", "mil-west", "unanswered"]).ok();
    assert!(copy.data(&["verify"])["sound"].as_bool().unwrap());
}

#[test]
fn an_altered_export_makes_no_copy_and_leaves_an_empty_log_as_it_is() {
    let Some(file) = chronology() else { return };
    let place = imported(&file);
    let exported = place.file("export.jsonl");
    place.run(&["export", exported.to_str().unwrap()]).ok();
    let sound = std::fs::read_to_string(&exported).unwrap();
    let line = sound.lines().nth(60).unwrap();
    let mut record: Value = serde_json::from_str(line).unwrap();
    record["body"] = Value::Null;
    let without_text = sound.replacen(line, &record.to_string(), 1);
    let without_last = sound.lines().take(150).collect::<Vec<_>>().join("\n");
    for altered in [
        sound.replacen("Seoul", "Soeul", 1),
        sound.replacen("Asia/Seoul", "Asia/Tokyo", 1),
        without_text,
        without_last,
    ] {
        let name = place.file("altered.jsonl");
        std::fs::write(&name, &altered).unwrap();
        let copy = Place::empty();
        copy.run(&["import", name.to_str().unwrap()]).fails(1);
        assert!(!copy.dir().join("log").exists(), "no copy is made of it");
        let empty = Place::new();
        let before = empty.data(&["log"]);
        empty.run(&["import", name.to_str().unwrap()]).fails(1);
        assert_eq!(empty.data(&["log"]), before);
    }
    // The same again changes nothing, here and where it was written.
    assert_eq!(place.data(&["import", exported.to_str().unwrap()])["recorded"], 0);
}
