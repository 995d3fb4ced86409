//! Corrections: what they may not do, and that they say what they do.

use serde_json::json;

use super::{caller, lines, record, refused};
use crate::desk::ask::When;
use crate::desk::testing::Fixture;
use crate::domain::event::Envelope;
use crate::domain::fact::Fact;
use crate::domain::fact::record::Retracted;

fn retract(target: &str) -> serde_json::Value {
    json!({ "kind": "record.retracted", "target": target, "reason": "a slip" })
}

#[expect(clippy::needless_pass_by_value, reason = "it is written where it is given")]
fn amend(target: &str, changes: serde_json::Value) -> serde_json::Value {
    json!({ "kind": "record.amended", "target": target, "reason": "a slip", "changes": changes })
}

fn incident(fixture: &Fixture, id: &str) {
    let entry = json!({ "kind": "incident", "id": id, "date": "2026-11-20", "summary": "Shots." });
    record(fixture, entry).unwrap();
}

#[test]
fn who_recorded_and_what_a_moment_knew_is_never_rewritten() {
    let fixture = lines();
    fixture
        .desk
        .name_moment(
            &caller(),
            &crate::desk::ask::MomentAsk { name: "before".to_owned(), ..Default::default() },
        )
        .unwrap();
    let moment = format!("#{}", super::size(&fixture) - 1);
    for target in ["#0", "#1", &moment] {
        refused(&fixture, amend(target, json!({ "note": "x" })), &["neither amended nor struck"]);
        refused(&fixture, retract(target), &["neither amended nor struck", "annotate"]);
    }
    refused(&fixture, amend("#1", json!({ "name": "lib" })), &["all that they recorded"]);
    incident(&fixture, "a");
    let other = json!({ "kind": "recorder.registered", "summary": null, "date": null, "name": "lib" });
    refused(&fixture, amend("a", other), &["recorder"]);
    record(&fixture, json!({ "kind": "record.annotated", "target": "#1", "remark": "on leave" })).unwrap();
}

#[test]
fn a_registration_is_struck_only_while_nothing_names_it() {
    let fixture = lines();
    let position = |code: &str| {
        let known = fixture.desk.known(&When::default()).unwrap();
        let id = known.register.parties().find(|(_, party)| party.entered.code.as_str() == code).unwrap().0;
        id.to_string()
    };
    // Of a body of it, in a detail, and as the one about which something is said.
    refused(&fixture, retract(&position("KOR")), &["1 other entry names it"]);
    record(&fixture, json!({ "kind": "call.unanswered", "channel": "mil-west", "date": "2026-11-20" }))
        .unwrap();
    let west = fixture.desk.known(&When::default()).unwrap().names.channel("mil-west").unwrap().to_string();
    refused(&fixture, retract(&west), &["mil-west", "1 other entry names it", "amend"]);
    refused(&fixture, amend(&west, json!({ "kind": "incident", "name": null, "sort": null })), &["names it"]);
    let meeting = json!({ "kind": "meeting.cancelled", "id": "m", "date": "2026-11-20", "by": "PRK", "cause": "not stated" });
    record(&fixture, meeting).unwrap();
    refused(&fixture, retract(&position("PRK")), &["1 other entry names it"]);
    // What is struck names nothing any more, and what nothing names may go.
    record(&fixture, retract("m")).unwrap();
    record(&fixture, retract(&position("PRK"))).unwrap();
    record(&fixture, amend(&west, json!({ "names": ["서해지구"] }))).unwrap();
}

#[test]
fn what_is_struck_is_not_struck_again_and_what_still_strikes_it_is_named() {
    let fixture = lines();
    incident(&fixture, "s1");
    let first = record(&fixture, retract("s1")).unwrap().entries[0].entry.clone();
    refused(&fixture, retract("s1"), &["s1 is struck already by", &first.handle]);
    // Two that were recorded at once elsewhere.
    let target = fixture.desk.known(&When::default()).unwrap().event_named("s1").unwrap();
    let second = fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target }));
    let undone = record(&fixture, retract(&first.id.to_string())).unwrap();
    let now = &undone.entries[0].now;
    let digits: String = second.to_string().chars().take(8).collect();
    assert!(
        now.iter().any(|line| line.contains("struck all the same, by") && line.contains(&digits)),
        "{now:?}"
    );
    let undone = record(&fixture, retract(&second.to_string())).unwrap();
    assert!(undone.entries[0].now.contains(&"s1: holds again".to_owned()), "{:?}", undone.entries[0].now);
}

#[test]
fn of_several_who_strike_one_entry_at_once_one_succeeds() {
    let fixture = lines();
    incident(&fixture, "s1");
    let desk = &fixture.desk;
    let struck = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| scope.spawn(move || desk.record(&caller(), &super::ask(vec![retract("s1")])).is_ok()))
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).filter(|done| *done).count()
    });
    assert_eq!(struck, 1);
}

#[test]
fn a_link_says_something_new_or_takes_back_what_was_said() {
    let fixture = lines();
    incident(&fixture, "a");
    incident(&fixture, "b");
    let link = |target: &str, confidence: &str, withdrawn: bool| {
        json!({ "kind": "record.linked", "entry": "a", "withdrawn": withdrawn,
                "link": { "relation": "contradicts", "target": target, "confidence": confidence } })
    };
    refused(&fixture, link("a", "low", false), &["cannot bear on itself"]);
    refused(&fixture, link("b", "low", true), &["a has no link `contradicts` to b", "it bears on nothing"]);
    let said = record(&fixture, link("b", "low", false)).unwrap();
    assert!(said.entries[0].echo.contains(&"link: a contradicts b".to_owned()), "{:?}", said.entries[0].echo);
    refused(&fixture, link("b", "low", false), &["says already that a contradicts b"]);
    record(&fixture, link("b", "high", false)).unwrap();
    record(&fixture, link("b", "low", true)).unwrap();
    refused(&fixture, link("b", "low", true), &["has no link"]);
}

#[test]
fn a_correction_tells_what_it_does_to_which_entry_and_where_that_stands() {
    let fixture = lines();
    let cut = json!({ "kind": "channel.severed", "id": "s1", "channel": "mil-west", "date": "2026-11-20",
                      "summary": "Cut." });
    record(&fixture, cut).unwrap();
    let amended = record(&fixture, amend("s1", json!({ "summary": "Cut off.", "note": "x" }))).unwrap();
    let echo = &amended.entries[0].echo;
    for line in [
        "entry: s1, channel.severed, 20 November 2026: Cut.",
        "summary: \"Cut.\" becomes \"Cut off.\"",
        "note: nothing becomes \"x\"",
        "reason: a slip",
    ] {
        assert!(echo.iter().any(|said| said == line), "{line}: {echo:?}");
    }
    assert!(amended.entries[0].now[0].starts_with("mil-west: severed"), "{:?}", amended.entries[0].now);
    let struck = record(&fixture, retract("s1")).unwrap();
    assert!(struck.entries[0].echo[0].contains("Cut off."), "{:?}", struck.entries[0].echo);
    assert!(struck.entries[0].now[0].starts_with("mil-west: unknown"), "{:?}", struck.entries[0].now);
}

#[test]
fn what_carried_an_entry_is_replaced_under_the_name_that_everybody_reads() {
    let fixture = lines();
    let said = json!({ "kind": "message.sent", "id": "m1", "via": "mil-west", "from": "KOR", "to": "PRK",
                       "date": "2026-11-20", "summary": "A letter." });
    record(&fixture, said).unwrap();
    let via = || {
        let id = fixture.desk.known(&When::default()).unwrap().entry_called("m1", "desk").unwrap();
        let known = fixture.desk.known(&When::default()).unwrap();
        let event = known.entry(id).unwrap().unwrap().event.unwrap();
        event.envelope.via.iter().map(|id| known.named(*id).unwrap().name).collect::<Vec<_>>()
    };
    for (changes, carried) in [
        (json!({ "via": "mil-east" }), vec!["mil-east"]),
        (json!({ "via": ["mil-west", "mil-east"] }), vec!["mil-west", "mil-east"]),
        (json!({ "channel": "mil-west" }), vec!["mil-west"]),
        (json!({ "via": null }), vec![]),
    ] {
        record(&fixture, amend("m1", changes.clone())).unwrap();
        assert_eq!(via(), carried, "{changes}");
    }
}
