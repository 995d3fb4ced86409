//! A hidden correction stays hidden, and holds: nobody publishes it by another, and nobody undoes it unseen.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::second::{Desk, said};

const NEUTRAL: &str = "ask another";

fn desk() -> Desk {
    Desk::with(&[
        ("lee", "TLP:GREEN", &[]),
        ("mok", "TLP:GREEN", &["KITE"]),
        ("park", "TLP:RED", &["KITE"]),
        ("noh", "TLP:RED", &["KITE"]),
    ])
}

#[expect(clippy::needless_pass_by_value, reason = "it is written where it is given")]
fn amend(target: &str, changes: Value, more: Value) -> Value {
    let mut entry = json!({"kind": "record.amended", "target": target, "reason": "so", "changes": changes});
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

#[track_caller]
fn refused(desk: &Desk, who: &str, entry: &Value, says: &[&str]) {
    for dry_run in [true, false] {
        let came = desk.post(who, "/v1/entries", &json!({ "entries": [entry], "dry_run": dry_run }));
        let words = came.body.to_string();
        assert!(!came.status.is_success() && says.iter().all(|one| words.contains(one)), "{who}: {words}");
    }
}

/// Returns what is doubtful about an entry that is recorded, and its id.
#[track_caller]
fn told(desk: &Desk, who: &str, entry: &Value) -> (String, String) {
    let came = desk.post(who, "/v1/entries", &json!({ "entries": [entry] }));
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    let recorded = &came.body["data"]["entries"][0];
    (recorded["doubtful"].to_string(), recorded["id"].as_str().unwrap().to_owned())
}

/// Returns everything that somebody is told of an entry.
fn read(desk: &Desk, who: &str, entry: &str) -> String {
    let paths = ["", "/history", "/links", "/claims"].map(|more| format!("/v1/entries/{entry}{more}"));
    let more =
        ["/v1/changes", "/v1/timeline", "/v1/export/jsonl", "/v1/search?text=agent"].map(str::to_owned);
    paths.iter().chain(&more).map(|path| desk.get(who, path).body.to_string()).collect()
}

#[test]
fn a_hidden_correction_is_not_published_by_one_that_is_made_on_top_of_it() {
    for (hides, level, who) in [
        (json!({"marking": "TLP:RED"}), "TLP:RED", "mok"),
        (json!({"compartment": ["KITE"]}), "in KITE", "lee"),
    ] {
        let desk = desk();
        let entry = desk.record("park", said("TLP:GREEN", json!({})));
        let hidden = amend(&entry, json!({"summary": "the agent says", "date": "2025-02-07"}), hides);
        let hidden = desk.record("park", hidden);
        let topics = amend(&entry, json!({"topics": ["border"]}), json!({}));
        let (doubtful, on_top) = told(&desk, "park", &topics);
        for says in [&hidden[..8], "`summary`", level, "take"] {
            assert!(doubtful.contains(says), "{says}: {doubtful}");
        }
        assert!(!read(&desk, who, &entry).contains("agent"), "{}", read(&desk, who, &entry));
        assert!(!read(&desk, who, &entry).contains("border"));
        assert_eq!(desk.get(who, &format!("/v1/entries/{on_top}")).status, StatusCode::NOT_FOUND);
        let seen = desk.get("noh", &format!("/v1/entries/{entry}")).body;
        let reading = &seen["data"]["reading"];
        assert_eq!((&reading["summary"], &reading["topics"]), (&json!("the agent says"), &json!(["border"])));
        // Taken back, it holds no more, and what was built on it is as hidden as it was.
        let back = json!({"kind": "record.retracted", "target": hidden, "reason": "wrong"});
        desk.record("park", back);
        assert!(!read(&desk, who, &entry).contains("agent"));
        let (doubtful, _) = told(&desk, "park", &amend(&entry, json!({"note": "a note"}), json!({})));
        assert!(doubtful.contains(&on_top[..8]), "{doubtful}");
        assert!(!read(&desk, who, &entry).contains("agent"));
        // What says something else is for everybody.
        let other = json!({"summary": "other words", "date": "2025-11-20", "topics": null, "note": "mine"});
        let (doubtful, _) = told(&desk, "park", &amend(&entry, other, json!({"marking": "TLP:GREEN"})));
        assert!(!doubtful.contains("carries"), "{doubtful}");
        let seen = read(&desk, who, &entry);
        assert!(
            seen.contains("other words") && !seen.contains("agent") && !seen.contains("border"),
            "{seen}"
        );
    }
}

#[test]
fn an_amendment_is_not_marked_below_what_it_carries() {
    let desk = desk();
    let entry = desk.record("park", said("TLP:GREEN", json!({})));
    let secret = json!({"marking": "TLP:RED"});
    let hidden = desk.record("park", amend(&entry, json!({"summary": "the agent says"}), secret));
    let green = |changes| amend(&entry, changes, json!({"marking": "TLP:GREEN"}));
    let says = ["carries the correction", &hidden[..8], "`summary`", "TLP:GREEN is below", "another value"];
    refused(&desk, "park", &green(json!({"topics": ["border"]})), &says);
    // Also where the whole reading is given, and only a member of a list comes from what is hidden.
    let words = amend(
        &entry,
        json!({"topics": ["agent", "border"], "summary": "words"}),
        json!({"marking": "TLP:RED"}),
    );
    desk.record("park", words);
    refused(&desk, "park", &green(json!({"topics": ["agent", "sea"]})), &["`topics`"]);
    desk.record("park", green(json!({"topics": ["sea"]})));
    assert!(!read(&desk, "lee", &entry).contains("agent"));
}

#[test]
fn a_hidden_link_is_not_published_by_an_amendment_of_the_entry_that_has_it() {
    let desk = desk();
    let [one, other] = ["one", "two"].map(|id| {
        desk.record("park", said("TLP:GREEN", json!({"id": id, "summary": format!("words {id}")})))
    });
    let link = json!({"relation": "corroborates", "target": other});
    let hidden = json!({"kind": "record.linked", "entry": one, "link": link, "marking": "TLP:RED"});
    desk.record("park", hidden);
    let (doubtful, _) = told(&desk, "park", &amend(&one, json!({"topics": ["border"]}), json!({})));
    assert!(!doubtful.contains("carries"), "the link holds beside what the entry itself says: {doubtful}");
    let [theirs, whole] = ["lee", "noh"].map(|who| desk.get(who, &format!("/v1/entries/{one}/links")).body);
    assert_eq!((&theirs["data"]["total"], &whole["data"]["total"]), (&json!(0), &json!(1)));
    assert!(desk.get("lee", &format!("/v1/entries/{one}")).body.to_string().contains("border"));
    let says = amend(&one, json!({"links": [link]}), json!({"marking": "TLP:GREEN"}));
    refused(&desk, "park", &says, &["carries the correction", "`links`"]);
}

#[test]
fn no_two_lower_an_entry_with_what_a_hidden_correction_made_of_it() {
    let desk = desk();
    let entry = desk.record("park", said("TLP:AMBER", json!({})));
    let hidden = amend(&entry, json!({"summary": "the agent says"}), json!({"marking": "TLP:RED"}));
    let hidden = desk.record("park", hidden);
    for more in [json!({}), json!({"marking": "TLP:RED"}), json!({"marking": "TLP:GREEN"})] {
        let lower = amend(&entry, json!({"marking": "TLP:GREEN"}), more);
        refused(&desk, "park", &lower, &["carries the correction", &hidden[..8], "TLP:RED", "take"]);
    }
    desk.record("park", json!({"kind": "record.retracted", "target": hidden, "reason": "later"}));
    // Whoever confirms is told what else is seen then.
    desk.record("park", amend(&entry, json!({"note": "a slip"}), json!({})));
    let held = desk.record("park", amend(&entry, json!({"marking": "TLP:GREEN", "note": null}), json!({})));
    let dry = desk.post("noh", &format!("/v1/entries/{held}/confirmation"), &json!({"dry_run": true}));
    for told in
        [&dry.body["data"]["entries"][0]["echo"], &desk.get("noh", "/v1/held").body["data"]["items"][0]]
    {
        assert!(told.to_string().contains("seen with it: note was \\\"a slip\\\""), "{told}");
        assert!(!told.to_string().contains("agent"), "{told}");
    }
    let done = desk.post("noh", &format!("/v1/entries/{held}/confirmation"), &json!({}));
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert_eq!(desk.get("lee", &format!("/v1/entries/{entry}")).body["data"]["summary"], "words");
    assert!(!read(&desk, "lee", &entry).contains("agent"));
}

#[test]
fn nobody_undoes_a_correction_that_they_do_not_see() {
    let desk = desk();
    let offer = json!({"kind": "overture.proposed", "from": "VEN", "to": "GUY", "summary": "talks", "date": "2025-01-01",
                       "deadline": "2025-03-20", "marking": "TLP:GREEN"});
    let offer = desk.record("park", offer);
    let later = amend(&offer, json!({"deadline": "2025-06-30"}), json!({"marking": "TLP:RED"}));
    let later = desk.record("park", later);
    let topics = amend(&offer, json!({"topics": ["talks"]}), json!({}));
    refused(&desk, "lee", &topics, &[NEUTRAL]);
    let deadline =
        |who| desk.get(who, &format!("/v1/entries/{offer}")).body["data"]["reading"]["deadline"].clone();
    assert_eq!((deadline("noh"), deadline("lee")), (json!("2025-06-30"), json!("2025-03-20")));
    // What undoes nothing is recorded.
    let remark =
        json!({"kind": "record.annotated", "target": offer, "remark": "seen", "marking": "TLP:GREEN"});
    desk.record("lee", remark);
    desk.record("park", json!({"kind": "record.retracted", "target": later, "reason": "wrong"}));
    desk.record("lee", topics);
    assert_eq!(deadline("noh"), json!("2025-03-20"));
    // Nor do they make a correction hold again that was struck and of which they do not see that.
    let open = desk
        .record("park", amend(&offer, json!({"deadline": "2025-05-01"}), json!({"marking": "TLP:GREEN"})));
    let strike =
        json!({"kind": "record.retracted", "target": open, "reason": "a ruse", "marking": "TLP:RED"});
    desk.record("park", strike);
    refused(&desk, "lee", &amend(&offer, json!({"note": "so"}), json!({})), &[NEUTRAL]);
    assert_eq!((deadline("noh"), deadline("lee")), (json!("2025-03-20"), json!("2025-05-01")));
}

/// Records two statements, and returns what asserts that one corroborates the other.
#[expect(clippy::needless_pass_by_value, reason = "it is written where it is given")]
fn linked(desk: &Desk, withdrawn: bool, more: Value) -> Value {
    let [one, other] = ["one", "two"].map(|id| {
        let path = format!("/v1/entries/{id}");
        let found = desk.get("park", &path).body["data"]["id"].as_str().map(str::to_owned);
        found.unwrap_or_else(|| {
            desk.record("park", said("TLP:GREEN", json!({"id": id, "summary": format!("words {id}")})))
        })
    });
    let link = json!({"relation": "corroborates", "target": other});
    let mut entry = json!({"kind": "record.linked", "entry": one, "link": link, "reason": "so"});
    if withdrawn {
        entry["withdrawn"] = json!(true);
    }
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

fn links(desk: &Desk, who: &str) -> Vec<(String, bool)> {
    let items = desk.get(who, "/v1/entries/one/links").body["data"]["items"].clone();
    let items = items.as_array().unwrap().iter();
    items.map(|row| (row["asserted_by"].as_str().unwrap().to_owned(), row["withdrawn"].is_object())).collect()
}

#[test]
fn taking_back_a_hidden_link_shows_it_to_nobody() {
    for (hides, level, who) in [
        (json!({"marking": "TLP:RED"}), "TLP:RED", "mok"),
        (json!({"compartment": ["KITE"]}), "in KITE", "lee"),
    ] {
        let desk = desk();
        desk.record("park", linked(&desk, false, hides));
        let low = linked(&desk, true, json!({"marking": "TLP:CLEAR"}));
        if level == "TLP:RED" {
            refused(
                &desk,
                "park",
                &low,
                &["takes back the link of", "TLP:CLEAR is below", "leave `marking` out"],
            );
        }
        let (doubtful, back) = told(&desk, "park", &linked(&desk, true, json!({})));
        assert!(doubtful.contains("takes back the link of") && doubtful.contains(level), "{doubtful}");
        assert_eq!(links(&desk, "noh"), [("park".to_owned(), true)]);
        assert_eq!(links(&desk, who), []);
        assert_eq!(desk.get(who, &format!("/v1/entries/{back}")).status, StatusCode::NOT_FOUND);
    }
    // Where somebody else asserted it in the open as well, the others see that it is taken back.
    let desk = desk();
    desk.record("park", linked(&desk, false, json!({"marking": "TLP:RED"})));
    desk.record("lee", linked(&desk, false, json!({})));
    let (doubtful, _) = told(&desk, "park", &linked(&desk, true, json!({})));
    assert!(!doubtful.contains("takes back"), "{doubtful}");
    assert_eq!(links(&desk, "lee"), [("lee".to_owned(), true)]);
}

#[test]
fn nobody_takes_back_a_link_that_they_do_not_see() {
    let desk = desk();
    let hidden = desk.record("park", linked(&desk, false, json!({"marking": "TLP:RED"})));
    desk.record("lee", linked(&desk, false, json!({})));
    refused(&desk, "lee", &linked(&desk, true, json!({})), &[NEUTRAL]);
    assert_eq!(links(&desk, "noh"), [("lee".to_owned(), false)]);
    // Their own word they strike, and what was asserted in hiding holds.
    let own = desk.get("lee", "/v1/entries/one/history").body["data"]["items"][1]["id"].clone();
    desk.record("lee", json!({"kind": "record.retracted", "target": own, "reason": "mistook"}));
    assert_eq!(links(&desk, "noh"), [("park".to_owned(), false)]);
    desk.record("lee", linked(&desk, false, json!({})));
    desk.record("park", json!({"kind": "record.retracted", "target": hidden, "reason": "wrong"}));
    desk.record("lee", linked(&desk, true, json!({})));
    assert_eq!(links(&desk, "noh"), [("lee".to_owned(), true)]);
    // What was asserted in hiding, and taken back in the open by somebody who saw both, stands in nobody's way.
    desk.record("park", linked(&desk, false, json!({"marking": "TLP:RED"})));
    desk.record("lee", linked(&desk, false, json!({})));
    desk.record("park", linked(&desk, true, json!({})));
    desk.record("lee", linked(&desk, false, json!({})));
    desk.record("lee", linked(&desk, true, json!({})));
    assert_eq!(links(&desk, "lee").last(), Some(&("lee".to_owned(), true)));
}
