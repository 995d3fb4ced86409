//! What a token opens, and for how long.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::domain::fact::account::Role;
use crate::http::router::tests::people::house::House;

#[test]
fn a_token_does_what_it_is_for_until_it_is_revoked_or_its_time_is_over() {
    let house = House::new();
    let lee = house.person("lee", Role::Administrator, "TLP:RED");
    let with = [("authorization", lee.as_str())];
    let issue = |ask: Value| house.post("/v1/tokens", &with, &ask);
    assert_eq!(issue(json!({"purpose": "x", "days": 367})).kind(), "wrong");
    assert_eq!(issue(json!({"purpose": " ", "days": 1})).kind(), "wrong");
    assert_eq!(issue(json!({"purpose": "x", "days": 1, "role": "auditor"})).kind(), "refused");
    let shown = issue(json!({"purpose": "the feed", "role": "reader", "days": 10})).body["data"].clone();
    let (name, secret) = (shown["token"].as_str().unwrap(), shown["secret"].as_str().unwrap());
    assert!(secret.starts_with(&format!("dem_{name}_")), "recognised wherever it is found");
    let bearer = format!("Bearer {secret}");
    let token = [("authorization", bearer.as_str())];
    assert_eq!(house.get("/v1/log", &token).status, StatusCode::OK);
    let who = house.get("/v1/whoami", &token).body["data"].clone();
    assert_eq!((&who["by"], &who["role"]), (&json!("token"), &json!("reader")), "and not as its owner");
    for (path, body) in
        [("/v1/moments", json!({"name": "x"})), ("/v1/tokens", json!({"purpose": "x", "days": 1}))]
    {
        assert_eq!(house.post(path, &token, &body).kind(), "forbidden", "{path}");
    }
    assert_eq!(house.get("/v1/accounts", &token).kind(), "forbidden");
    let listed = house.get("/v1/tokens", &with).body;
    assert_eq!(listed["data"]["items"][0]["token"], name);
    assert!(!listed.to_string().contains(secret), "shown once");
    // One letter of it is not it.
    let other = if secret.ends_with('0') { "1" } else { "0" };
    let forged = format!("Bearer {}{other}", &secret[..secret.len() - 1]);
    assert_eq!(house.get("/v1/log", &[("authorization", &forged)]).kind(), "unauthenticated");
    let second = issue(json!({"purpose": "another", "days": 10})).body["data"]["secret"].clone();
    let revoked = house.post("/v1/tokens/revoke", &with, &json!({"token": secret}));
    assert_eq!(revoked.body["data"]["revoked"], true);
    assert_eq!(house.get("/v1/log", &token).kind(), "unauthenticated");
    let bearer = format!("Bearer {}", second.as_str().unwrap());
    let token = [("authorization", bearer.as_str())];
    assert_eq!(house.get("/v1/accounts", &token).status, StatusCode::OK);
    assert_eq!(house.get("/v1/whoami", &token).body["data"]["role"], "administrator");
    house.pass(10 * 86_400);
    assert_eq!(house.get("/v1/accounts", &token).kind(), "unauthenticated");
}

#[test]
fn a_token_that_may_do_less_than_its_account_decides_nothing_of_what_may_do_more() {
    let house = House::new();
    let lee = house.person("lee", Role::Administrator, "TLP:RED");
    let with = [("authorization", lee.as_str())];
    let issue = |role: Value| {
        let ask = json!({"purpose": "a program", "role": role, "days": 10});
        let shown = house.post("/v1/tokens", &with, &ask).body["data"].clone();
        let of = |key: &str| shown[key].as_str().unwrap().to_owned();
        (of("token"), of("secret"), format!("Bearer {}", of("secret")))
    };
    let ((wide, wide_secret, wide_sent), (narrow, _, sent)) = (issue(Value::Null), issue(json!("reader")));
    let narrow_shown = [("authorization", sent.as_str())];
    let revoke = |shown: &[(&str, &str)], token: &str| {
        house.post("/v1/tokens/revoke", shown, &json!({ "token": token }))
    };
    for other in [&wide, &wide_secret, "0123456789ab"] {
        let refused = revoke(&narrow_shown, other);
        assert_eq!(refused.kind(), "forbidden", "{other}");
    }
    let listed = house.get("/v1/tokens", &narrow_shown).body;
    assert_eq!((&listed["data"]["total"], &listed["data"]["items"][0]["token"]), (&json!(1), &json!(narrow)));
    assert_eq!(revoke(&narrow_shown, &narrow).body["data"]["revoked"], true);
    assert_eq!(house.get("/v1/log", &narrow_shown).kind(), "unauthenticated", "it ended itself");
    // One that may do all that its account may is as good as its owner.
    let (other, ..) = issue(json!("recorder"));
    let wide_shown = [("authorization", wide_sent.as_str())];
    assert_eq!(house.get("/v1/tokens", &wide_shown).body["data"]["total"], 3);
    assert_eq!(revoke(&wide_shown, &other).status, StatusCode::OK);
}
