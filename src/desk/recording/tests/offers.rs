//! What is told of an act about an offer when it is recorded: at that moment a slip is still one.

use serde_json::{Value, json};

use super::record;
use crate::desk::testing::Fixture;

/// Records an entry, and returns what was doubtful of it.
#[track_caller]
fn doubts(fixture: &Fixture, entry: Value) -> Vec<String> {
    record(fixture, entry).unwrap().entries.remove(0).doubtful
}

fn offered(to: &str) -> Fixture {
    let fixture = Fixture::new();
    for code in ["KOR", "KOR/mnd", "PRK", "PRK/ufd", "x-unc"] {
        fixture.party(code);
    }
    let offer = json!({ "kind": "overture.proposed", "id": "o", "date": "2026-11-10", "from": "KOR/mnd",
        "to": to, "deadline": "2026-11-30", "summary": "Talks." });
    let said = doubts(&fixture, offer);
    assert!(said.iter().all(|doubt| !doubt.contains("asked")), "{said:?}");
    fixture
}

fn answer(kind: &str, from: &str) -> Value {
    json!({ "kind": kind, "in_reply_to": "o", "date": "2026-11-12", "from": from, "summary": "Words." })
}

#[test]
fn an_answer_by_whoever_was_not_asked_is_told_with_who_was() {
    let fixture = offered("PRK/ufd");
    let told = |from: &str| {
        let said = doubts(&fixture, answer("response.rejected", from));
        said.into_iter().find(|doubt| doubt.contains("was not asked"))
    };
    let said = told("KOR").unwrap();
    assert!(said.starts_with("from: KOR, which made the offer, was not asked by o"), "{said}");
    assert!(said.contains("its addressee is PRK/ufd"), "{said}");
    assert!(told("x-unc").unwrap().starts_with("from: x-unc was not asked by o"));
    // Whole and body speak for each other, and whoever is spoken for was asked.
    assert_eq!(told("PRK/ufd"), None);
    assert_eq!(told("PRK"), None);
    let mut brought = answer("response.rejected", "x-unc");
    brought["on_behalf_of"] = json!("PRK");
    assert!(doubts(&fixture, brought).iter().all(|doubt| !doubt.contains("was not asked")));
}

#[test]
fn a_proposed_date_before_the_offer_and_an_extension_that_shortens_are_told() {
    let fixture = offered("PRK");
    let offer = |date: &str, proposed: &str| {
        json!({ "kind": "overture.proposed", "date": date, "from": "KOR", "to": "PRK", "summary": "x",
            "proposed_date": proposed })
    };
    let early = |date: &str, proposed: &str| {
        let said = doubts(&fixture, offer(date, proposed));
        said.iter().any(|doubt| doubt.starts_with("proposed_date: ") && doubt.contains("before the date"))
    };
    assert!(early("2026-11-10", "2026-10-10"));
    assert!(early("2026-11-10T15:00:00+09:00", "2026-11-09"));
    assert!(!early("2026-11-10T15:00:00+09:00", "2026-11-10"));
    assert!(!early("2026-11-10", "2026-11"));
    assert!(!early("2026-11-10", "2026-12-01"));
    let extend = |until: &str| {
        let entry = json!({ "kind": "overture.extended", "in_reply_to": "o", "date": "2026-11-11",
            "from": "KOR/mnd", "deadline": until, "summary": "x" });
        let said = doubts(&fixture, entry);
        said.into_iter().find(|doubt| doubt.starts_with("deadline: "))
    };
    let said = extend("2026-11-20").unwrap();
    assert!(said.contains("20 November 2026 is earlier") && said.contains("due, 30 November 2026"), "{said}");
    assert_eq!(extend("2026-12-24"), None);
}
