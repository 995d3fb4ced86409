//! What `silence` asks, records and shows.

use super::*;
use crate::cli::testing::{date, entries, entry_ref, named, shown, usage};

fn act(handle: &str, kind: &str, day: &str, days_ago: i64) -> Last {
    let entry = entry_ref(handle, kind, day);
    let entry = crate::desk::answer::entry::EntryRef { date: Some(date(day)), ..entry };
    Last::Recorded(Box::new(LastAct {
        entry,
        position: 7,
        from: vec![named("PRK")],
        to: vec![named("KOR")],
        via: vec![named("media")],
        directness: Some("public".to_owned()),
        days_ago,
        days_ago_max: None,
        days_ago_open: false,
    }))
}

#[test]
fn what_is_not_recorded_is_never_shown_as_none() {
    let row = |what: &str, last: Last| SilenceRow { what: what.to_owned(), last };
    let matrix = SilenceMatrix {
        party: "PRK".to_owned(),
        towards: Some("KOR".to_owned()),
        last: act("ik-144", "response.rejected", "2025-07-28", 156),
        acts: vec![
            row("direct_answer", Last::NotRecorded),
            row("public_remark", act("ik-144", "response.rejected", "2025-07-28", 156)),
        ],
        directness: vec![row("via_intermediary", Last::NotRecorded)],
        channels: vec![ChannelSilence {
            channel: named("leaders-hotline"),
            one_with: Vec::new(),
            sort: "line".to_owned(),
            last: Last::NotRecorded,
            answered_call: Some(Last::NotRecorded),
            attempt: Some(Last::NotRecorded),
        }],
        topics: Vec::new(),
        topics_of_latest: None,
        removed: 0,
        findings: Vec::new(),
    };
    let text = shown(&matrix);
    for line in [
        "PRK was last heard by KOR on 28 July 2025, 156 days ago: ",
        "No direct answer of PRK to an offer of KOR is recorded.",
        "PRK last spoke to KOR in public on 28 July 2025, 156 days ago (ik-144).",
        "no attempt recorded",
        "No act names a topic.",
        "No finding of silence that still holds is recorded.",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("none"), "{text}");
}

#[test]
fn a_finding_is_one_line_and_never_mistaken_for_a_question() {
    assert_eq!(
        entries(&["silence", "record", "ik-147", "--subject", "PRK", "--basis", "officer_finding"]),
        [json!({
            "kind": "silence.recorded", "date": "today", "in_reply_to": ["ik-147"], "subject": ["PRK"],
            "basis": "officer_finding",
        })]
    );
    assert_eq!(usage(&["silence", "PRK", "--basis", "reported"]), 2);
    assert_eq!(usage(&["silence", "PRK", "ik-147"]), 2);
    assert_eq!(usage(&["silence", "PRK", "--towards", "KOR", "--towards", "USA"]), 2);
    assert_eq!(usage(&["silence", "record", "--subject", "PRK", "--at", "2020"]), 2);
}
