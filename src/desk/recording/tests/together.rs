//! What whoever records several entries as one unit is told of each.

use super::*;

fn told(fixture: &Fixture, entries: Vec<Value>, dry_run: bool) -> Recorded {
    let ask = RecordAsk { dry_run, ..ask(entries) };
    fixture.desk.record(&caller(), &ask).unwrap().data
}

#[test]
fn a_doubt_names_the_entry_and_the_other_by_their_places_in_the_submission() {
    let fixture = lines();
    let call = |slot: &str| json!({ "kind": "call.unanswered", "channel": "mil-west", "date": "2026-11-20", "slots": slot });
    let entries = vec![call("09:00"), call("17:00"), call("09:00")];
    let doubts: Vec<Vec<String>> =
        told(&fixture, entries, true).entries.into_iter().map(|entry| entry.doubtful).collect();
    assert_eq!((doubts[0].as_slice(), doubts[1].as_slice()), (&[][..], &[][..]));
    let duplicate = "entry 3: possibly a duplicate of entry 1 of this submission: ";
    assert!(doubts[2].iter().any(|doubt| doubt.starts_with(duplicate)), "{doubts:?}");
}

#[test]
fn where_something_stands_is_told_once_after_the_last_entry_that_bears_on_it() {
    let call = |line: &str, day: u32| json!({ "kind": "call.unanswered", "channel": line, "date": format!("2026-11-{day:02}"), "slots": "09:00" });
    let entries =
        vec![call("mil-west", 18), call("mil-east", 18), call("mil-west", 19), call("mil-east", 20)];
    for dry_run in [true, false] {
        let fixture = lines();
        let now: Vec<Vec<String>> =
            told(&fixture, entries.clone(), dry_run).entries.into_iter().map(|entry| entry.now).collect();
        let about: Vec<Vec<&str>> = now
            .iter()
            .map(|lines| lines.iter().filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect())
            .collect();
        assert_eq!(about, [&[][..], &[], &["mil-west"], &["mil-east"]], "{now:?}");
    }
}
