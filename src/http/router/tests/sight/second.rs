//! What two people do together, and what others see of it before and after.

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::desk::access::tests::let_in;
use crate::desk::access::{Door, Entrance};
use crate::desk::accounts::OpenAsk;
use crate::domain::fact::account::Role;
use crate::http::api::Runs;
use crate::http::router::router_at;
use crate::http::router::tests::people::house::{Came, House};

/// A desk with accounts, and a door for whoever owns its directory.
pub(super) struct Desk {
    port: Router,
    directory: Router,
}

impl Desk {
    pub(super) fn with(people: &[(&str, &str, &[&str])]) -> Self {
        let fixture = crate::desk::testing::Fixture::new();
        for (name, clearance, compartments) in people {
            let ask = OpenAsk {
                name: (*name).to_owned(),
                role: Role::Recorder,
                clearance: (*clearance).to_owned(),
                compartments: compartments.iter().map(|name| (*name).to_owned()).collect(),
                reason: None,
            };
            let_in(&fixture.desk, &ask);
        }
        let door = Door::of(Arc::new(fixture.desk));
        let [port, directory] = [Entrance::Port, Entrance::Directory]
            .map(|entrance| router_at(door.clone(), Runs::Here, entrance, Arc::default()));
        Self { port, directory }
    }

    fn send(&self, who: &str, method: &Method, path: &str, body: &Value) -> Came {
        if who == "owner" {
            return House::send(&self.directory, method, path, &[("demarche-actor", "kim")], body);
        }
        let secret = format!("Bearer des_{who}");
        House::send(&self.port, method, path, &[("authorization", secret.as_str())], body)
    }

    pub(super) fn post(&self, who: &str, path: &str, body: &Value) -> Came {
        self.send(who, &Method::POST, path, body)
    }

    pub(super) fn get(&self, who: &str, path: &str) -> Came {
        self.send(who, &Method::GET, path, &Value::Null)
    }

    pub(super) fn total(&self, who: &str, path: &str) -> u64 {
        let came = self.get(who, path);
        assert_eq!(came.status, StatusCode::OK, "{path}: {}", came.body);
        came.body["data"]["total"].as_u64().unwrap()
    }

    /// Records an entry, and returns its id.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "it is written where it is given")]
    pub(super) fn record(&self, who: &str, entry: Value) -> String {
        let came = self.post(who, "/v1/entries", &json!({ "entries": [entry] }));
        assert_eq!(came.status, StatusCode::OK, "{}", came.body);
        came.body["data"]["entries"][0]["id"].as_str().unwrap().to_owned()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is written where it is given")]
pub(super) fn said(marking: &str, more: Value) -> Value {
    let mut entry = json!({"kind": "statement.public", "from": "VEN", "summary": "words", "date": "2025-11-20",
                           "marking": marking});
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

#[test]
fn an_entry_is_seen_by_more_people_once_two_accounts_wanted_it_and_not_before() {
    let desk = Desk::with(&[("lee", "TLP:GREEN", &[]), ("park", "TLP:RED", &[]), ("noh", "TLP:RED", &[])]);
    let entry = desk.record("park", said("TLP:RED", json!({})));
    let path = format!("/v1/entries/{entry}");
    let lower = json!({"kind": "record.amended", "target": entry, "reason": "published",
                       "changes": {"marking": "TLP:GREEN"}});
    let held = desk.record("park", lower.clone());
    let confirmation = format!("/v1/entries/{held}/confirmation");
    assert_eq!((desk.total("noh", "/v1/held"), desk.total("lee", "/v1/held")), (1, 0));
    for hidden in [&path, &format!("/v1/entries/{held}")] {
        assert_eq!(desk.get("lee", hidden).status, StatusCode::NOT_FOUND);
    }
    // Nobody else's word counts: not that of whoever proposed it, not that of whoever owns the directory.
    for (who, says) in [("park", "somebody else"), ("owner", "with an account"), ("lee", "entry")] {
        let came = desk.post(who, &confirmation, &json!({}));
        assert!(!came.status.is_success() && came.body.to_string().contains(says), "{who}: {}", came.body);
    }
    assert_eq!(desk.get("lee", &path).status, StatusCode::NOT_FOUND);
    let done = desk.post("noh", &confirmation, &json!({}));
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let seen = desk.get("lee", &path);
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.body);
    assert_eq!(seen.body["data"]["marking"], "TLP:GREEN");
    assert_eq!((desk.total("lee", "/v1/timeline"), desk.total("noh", "/v1/held")), (1, 0));
    // Raised by one, it is gone again, and so is what it was proposed with.
    let raise = json!({"kind": "record.amended", "target": entry, "reason": "not yet",
                       "changes": {"marking": "TLP:AMBER"}});
    desk.record("noh", raise);
    for hidden in [&path, &format!("/v1/entries/{held}")] {
        assert_eq!(desk.get("lee", hidden).status, StatusCode::NOT_FOUND);
    }
}

#[test]
fn nobody_opens_the_log_alone_by_a_policy() {
    let desk = Desk::with(&[("lee", "TLP:CLEAR", &[]), ("park", "TLP:RED", &[]), ("noh", "TLP:RED", &[])]);
    let mut unmarked = said("TLP:RED", json!({}));
    unmarked.as_object_mut().unwrap().remove("marking");
    desk.record("park", said("TLP:RED", json!({})));
    desk.record("park", unmarked);
    let policy = |more: Value| {
        let mut policy = json!({"kind": "policy.set", "name": "house", "date": "2020-01-01"});
        policy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        policy
    };
    let scheme = |levels: &[&str]| policy(json!({"marking_scheme": {"name": "x", "levels": levels}}));
    let reversed = scheme(&["TLP:RED", "TLP:CLEAR"]);
    let default = policy(json!({"marking_default": "TLP:CLEAR"}));
    for (who, entry) in [("lee", &reversed), ("park", &reversed), ("lee", &default), ("park", &default)] {
        let came = desk.post(who, "/v1/entries", &json!({ "entries": [entry] }));
        assert_eq!(came.body["data"]["entries"][0]["kind"], "entry.held", "{who}: {}", came.body);
        let imported = desk.post(who, &format!("/v1/import?file={who}.jsonl"), entry);
        assert!(imported.body.to_string().contains("no import waits"), "{who}: {}", imported.body);
    }
    assert_eq!((desk.total("lee", "/v1/timeline"), desk.total("park", "/v1/timeline")), (0, 2));
    let gone = scheme(&["A", "B"]);
    for (who, says) in
        [("lee", "accounts are cleared for TLP:CLEAR"), ("park", "noh, park are cleared for TLP:RED")]
    {
        let came = desk.post(who, "/v1/entries", &json!({ "entries": [gone] }));
        assert!(!came.status.is_success() && came.body.to_string().contains(says), "{who}: {}", came.body);
    }
    // A checkpoint tells of the whole log, which has keys or none.
    let waits = json!({ "entries": [said("TLP:CLEAR", json!({}))] });
    let came = desk.post("lee", "/v1/entries?wait=checkpoint", &waits);
    assert!(came.body.to_string().contains("of which you see a part"), "{}", came.body);
    // What two wanted holds.
    let held = desk.get("noh", "/v1/held").body["data"]["items"][3]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        desk.post("noh", &format!("/v1/entries/{held}/confirmation"), &json!({})).status,
        StatusCode::OK
    );
    assert_eq!(desk.total("lee", "/v1/timeline"), 1);
}

#[test]
fn an_account_approves_a_removal_for_nobody_but_itself() {
    let desk = Desk::with(&[("park", "TLP:RED", &[]), ("noh", "TLP:RED", &[])]);
    let entry = desk.record("park", said("TLP:RED", json!({})));
    let redact = |who: &str, approvals: &[&str], dry_run: bool| {
        let approvals: Vec<Value> = approvals.iter().map(|name| json!({ "by": name })).collect();
        let ask = json!({"basis": "Act 4", "approvals": approvals, "dry_run": dry_run});
        desk.post(who, &format!("/v1/entries/{entry}/redaction"), &ask)
    };
    for (approvals, other) in
        [(["park", "noh"], "noh"), (["ghost person", "park"], "ghost"), (["noh", "kim"], "noh")]
    {
        for dry_run in [true, false] {
            let came = redact("park", &approvals, dry_run);
            let words = came.body.to_string();
            assert!(!came.status.is_success() && words.contains("approves for nobody else"), "{words}");
            assert!(words.contains(other) && words.contains("KEYFILE"), "{words}");
        }
    }
    // Nor is a removal that is signed by whoever records it.
    let ask = json!({"basis": "Act 4", "approvals": [{"by": "park"}, {"by": "noh"}]});
    let laid_out = desk.post("park", &format!("/v1/entries/{entry}/redaction/submission"), &ask);
    assert!(laid_out.body.to_string().contains("approves for nobody else"), "{}", laid_out.body);
    assert!(!desk.get("noh", &format!("/v1/entries/{entry}")).body.to_string().contains("\"removal\":{"));
    let owner = redact("owner", &["park", "noh"], false);
    assert_eq!(
        owner.status,
        StatusCode::OK,
        "their word is that of whoever holds the directory: {}",
        owner.body
    );
}

#[test]
fn what_waits_is_as_hidden_as_what_it_would_be_and_as_what_it_became() {
    let desk = Desk::with(&[("lee", "TLP:GREEN", &[]), ("park", "TLP:RED", &[]), ("noh", "TLP:RED", &[])]);
    let policy = json!({"kind": "policy.set", "name": "four eyes", "date": "2025-01-01",
                        "two_people": ["statement"], "marking": "TLP:CLEAR"});
    desk.record("park", policy);
    let red = desk.record("park", said("TLP:RED", json!({})));
    let green = desk.record("park", said("TLP:GREEN", json!({})));
    assert_eq!((desk.total("noh", "/v1/held"), desk.total("lee", "/v1/held")), (2, 1));
    let missing = desk.post("lee", &format!("/v1/entries/{red}/confirmation"), &json!({}));
    assert_eq!(missing.status, StatusCode::NOT_FOUND, "{}", missing.body);
    let done = desk.post("lee", &format!("/v1/entries/{green}/confirmation"), &json!({}));
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert_eq!(desk.total("lee", "/v1/timeline"), 1);
    // What it became is marked up: what waited says the same words.
    let entry = done.body["data"]["entries"][0]["id"].as_str().unwrap();
    let raise = json!({"kind": "record.amended", "target": entry, "reason": "not yet",
                       "changes": {"marking": "TLP:RED"}});
    let held = desk.record("park", raise);
    let done = desk.post("noh", &format!("/v1/entries/{held}/confirmation"), &json!({}));
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    for hidden in [entry, green.as_str()] {
        assert_eq!(desk.get("lee", &format!("/v1/entries/{hidden}")).status, StatusCode::NOT_FOUND);
    }
}

#[test]
fn nobody_confirms_what_they_see_a_part_of() {
    let desk = Desk::with(&[("lee", "TLP:GREEN", &[]), ("park", "TLP:RED", &[]), ("noh", "TLP:RED", &[])]);
    let policy = json!({"kind": "policy.set", "name": "four eyes", "date": "2025-01-01",
                        "two_people": ["statement"], "marking": "TLP:CLEAR"});
    desk.record("park", policy);
    let texts = json!({"texts": [{"language": "en", "text": "hidden", "marking": "TLP:RED"}]});
    let held = desk.record("park", said("TLP:GREEN", texts));
    assert_eq!(desk.total("lee", "/v1/held"), 1);
    let confirmation = format!("/v1/entries/{held}/confirmation");
    let came = desk.post("lee", &confirmation, &json!({}));
    assert!(!came.status.is_success() && came.body.to_string().contains("ask another"), "{}", came.body);
    let came = desk.post("noh", &confirmation, &json!({}));
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    let entry = came.body["data"]["entries"][0]["id"].as_str().unwrap();
    let [theirs, whole] =
        ["lee", "noh"].map(|who| desk.get(who, &format!("/v1/entries/{entry}")).body.to_string());
    assert!(!theirs.contains("hidden") && whole.contains("hidden"), "{theirs} {whole}");
}

#[test]
fn who_does_not_read_a_text_of_an_entry_neither_uncovers_it_nor_leaves_it_out() {
    let people: [(&str, &str, &[&str]); 4] = [
        ("lee", "TLP:GREEN", &[]),
        ("mok", "TLP:GREEN", &[]),
        ("park", "TLP:RED", &[]),
        ("noh", "TLP:RED", &[]),
    ];
    let desk = Desk::with(&people);
    let text = |marking: &str| json!({"texts": [{"language": "en", "text": "hidden", "marking": marking}]});
    let bare = json!({"texts": [{"language": "en", "text": "hidden"}]});
    let entry = desk.record("park", said("TLP:GREEN", bare));
    let path = format!("/v1/entries/{entry}");
    let amend = |changes: Value| json!({"kind": "record.amended", "target": entry, "reason": "so", "changes": changes});
    desk.record("park", amend(text("TLP:RED")));
    assert!(!desk.get("lee", &path).body.to_string().contains("hidden"));
    for changes in [json!({"marking": "TLP:CLEAR"}), json!({"note": "a note"})] {
        let came = desk.post("lee", "/v1/entries", &json!({ "entries": [amend(changes)] }));
        assert!(!came.status.is_success() && came.body.to_string().contains("ask another"), "{}", came.body);
    }
    // What somebody proposed who reads it, only somebody confirms who does.
    let held = desk.record("park", amend(json!({"marking": "TLP:CLEAR", "texts": null})));
    let confirmation = format!("/v1/entries/{held}/confirmation");
    let came = desk.post("mok", &confirmation, &json!({}));
    assert!(!came.status.is_success() && came.body.to_string().contains("ask another"), "{}", came.body);
    assert_eq!(desk.post("noh", &confirmation, &json!({})).status, StatusCode::OK);
    // The new reading has no such text, and those before it have it.
    for asked in [path.clone(), format!("{path}/history"), format!("/v1/entries/{held}")] {
        let [theirs, whole] = ["lee", "noh"].map(|who| desk.get(who, &asked).body.to_string());
        assert!(!theirs.contains("hidden"), "{asked}: {theirs}");
        assert!(!asked.ends_with("history") || whole.contains("hidden"), "{asked}: {whole}");
    }
}

#[test]
fn what_was_rejected_is_confirmed_by_nobody_who_does_not_see_that_it_was() {
    let desk = Desk::with(&[("lee", "TLP:GREEN", &[]), ("park", "TLP:RED", &[])]);
    let policy = json!({"kind": "policy.set", "name": "four eyes", "date": "2025-01-01",
                        "two_people": ["statement"], "marking": "TLP:CLEAR"});
    desk.record("park", policy);
    let held = desk.record("park", said("TLP:GREEN", json!({})));
    let reject = json!({"kind": "record.retracted", "target": held, "reason": "false", "marking": "TLP:RED"});
    desk.record("park", reject);
    let came = desk.post("lee", &format!("/v1/entries/{held}/confirmation"), &json!({}));
    assert!(!came.status.is_success() && came.body.to_string().contains("ask another"), "{}", came.body);
    assert_eq!(desk.total("park", "/v1/timeline"), 0);
}

#[test]
fn what_lowers_an_entry_is_seen_by_those_it_is_for_whatever_counts_where_nothing_is_marked() {
    let desk = Desk::with(&[("lee", "TLP:GREEN", &[]), ("park", "TLP:RED", &[]), ("noh", "TLP:RED", &[])]);
    let policy = json!({"kind": "policy.set", "name": "closed", "date": "2025-01-01",
                        "marking_default": "TLP:RED", "marking": "TLP:CLEAR"});
    desk.record("park", policy);
    let entry = desk.record("park", said("TLP:AMBER", json!({})));
    let amend = |changes: Value| json!({"kind": "record.amended", "target": entry, "reason": "so", "changes": changes});
    let held = desk.record("park", amend(json!({"marking": "TLP:GREEN", "summary": "published"})));
    let done = desk.post("noh", &format!("/v1/entries/{held}/confirmation"), &json!({}));
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let seen = desk.get("lee", &format!("/v1/entries/{entry}"));
    assert_eq!((seen.status, &seen.body["data"]["marking"]), (StatusCode::OK, &json!("TLP:GREEN")));
    assert_eq!(seen.body["data"]["summary"], "published");
    // One that lowers nothing is as restricted as what nobody marked.
    desk.record("park", amend(json!({"summary": "a slip"})));
    assert!(!desk.get("lee", &format!("/v1/entries/{entry}/history")).body.to_string().contains("a slip"));
}

#[test]
fn a_policy_that_somebody_does_not_see_holds_for_them() {
    let desk = Desk::with(&[("lee", "TLP:GREEN", &[]), ("park", "TLP:RED", &[])]);
    let policy = json!({"kind": "policy.set", "name": "four eyes", "date": "2025-01-01",
                        "two_people": ["statement"], "marking": "TLP:RED"});
    desk.record("park", policy);
    assert_eq!((desk.total("park", "/v1/policies"), desk.total("lee", "/v1/policies")), (1, 0));
    let came = desk.post("lee", "/v1/entries", &json!({ "entries": [said("TLP:GREEN", json!({}))] }));
    assert!(!came.status.is_success() && came.body.to_string().contains("ask another"), "{}", came.body);
    assert_eq!(desk.total("park", "/v1/timeline"), 0);
}

#[test]
fn an_answer_to_a_hidden_offer_is_hidden_as_is_whatever_is_linked_to_it() {
    let desk = Desk::with(&[("lee", "TLP:GREEN", &[]), ("park", "TLP:RED", &[])]);
    let red = desk.record("park", said("TLP:RED", json!({})));
    let links = json!({"links": [{"relation": "contradicts", "target": red}]});
    let came = desk.post("park", "/v1/entries", &json!({ "entries": [said("TLP:GREEN", links)] }));
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    let doubtful = came.body["data"]["entries"][0]["doubtful"].to_string();
    assert!(doubtful.contains("which is TLP:RED"), "{doubtful}");
    assert_eq!((desk.total("park", "/v1/timeline"), desk.total("lee", "/v1/timeline")), (2, 0));
}

#[test]
fn a_moment_and_a_correction_are_seen_as_far_as_they_are_marked() {
    let desk = Desk::with(&[("lee", "TLP:GREEN", &[]), ("park", "TLP:RED", &[])]);
    let name = |who: &str, moment: Value| desk.post(who, "/v1/moments", &moment);
    let hidden = name("park", json!({"name": "the raid", "marking": "tlp:red"}));
    assert_eq!(hidden.status, StatusCode::OK, "{}", hidden.body);
    assert_eq!(name("park", json!({"name": "the visit"})).status, StatusCode::OK);
    assert_eq!((desk.total("park", "/v1/moments"), desk.total("lee", "/v1/moments")), (2, 1));
    let asked = desk.get("lee", "/v1/timeline?known_as_of=the%20raid");
    assert!(!asked.status.is_success() && !asked.body.to_string().contains("raid names"), "{}", asked.body);
    // A name that a hidden moment has is not free, and nobody is told why.
    let taken = name("lee", json!({"name": "The Raid"}));
    assert!(
        !taken.status.is_success() && !taken.body.to_string().contains("moment already"),
        "{}",
        taken.body
    );
    assert!(!name("lee", json!({"name": "mine", "marking": "TLP:RED"})).status.is_success());
    let wrong = name("park", json!({"name": "other", "marking": "SECRET"}));
    assert!(wrong.body.to_string().contains("TLP:AMBER"), "{}", wrong.body);
    let entry = desk.record("park", said("TLP:GREEN", json!({})));
    let remark = json!({"kind": "record.annotated", "target": entry, "remark": "from a source",
                        "marking": "TLP:RED"});
    desk.record("park", remark);
    let history = format!("/v1/entries/{entry}/history");
    let [theirs, own] = ["lee", "park"].map(|who| desk.get(who, &history).body.to_string());
    assert!(!theirs.contains("from a source") && own.contains("from a source"), "{theirs} {own}");
}

#[test]
fn a_name_that_two_gave_who_do_not_see_each_other_is_told_with_the_ids_of_both() {
    let desk = Desk::with(&[("lee", "TLP:RED", &["KITE"]), ("park", "TLP:RED", &["SPARROW"])]);
    let [one, other] = [("lee", "KITE"), ("park", "SPARROW")].map(|(who, within)| {
        desk.record(who, said("TLP:GREEN", json!({"id": "talks", "compartment": [within]})))
    });
    for (who, id) in [("lee", &one), ("park", &other)] {
        assert_eq!(desk.get(who, "/v1/entries/talks").body["data"]["id"], json!(id));
    }
    for name in ["talks", "desk:talks"] {
        let both = desk.get("owner", &format!("/v1/entries/{name}"));
        assert!(!both.status.is_success(), "{}", both.body);
        let told = both.body.to_string();
        assert!(told.contains(&one) && told.contains(&other), "{told}");
    }
    for id in [&one, &other] {
        assert_eq!(desk.get("owner", &format!("/v1/entries/{id}")).body["data"]["id"], json!(id));
    }
}
