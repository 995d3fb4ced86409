//! People at the door, as an attacker and as the fifty of a desk come there.

pub(super) mod house;
mod tokens;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::desk::access::Needs;
use crate::domain::fact::account::Role;
use crate::http::router::routes;
use crate::http::router::tests::people::house::{Came, House};

const PASSWORD: &str = "a long walk along the river";

#[test]
fn every_route_is_open_to_those_who_may_take_it_and_to_nobody_else() {
    let house = House::new();
    let people: Vec<(Option<Role>, &str, bool, String)> = Role::ALL
        .iter()
        .map(|role| (Some(*role), "TLP:RED", false, house.person(role.as_str(), *role, "TLP:RED")))
        .chain([
            (
                Some(Role::Administrator),
                "TLP:GREEN",
                false,
                house.person("low", Role::Administrator, "TLP:GREEN"),
            ),
            (Some(Role::Administrator), "TLP:RED", true, {
                let first = house.open("new", Role::Administrator, "TLP:RED");
                house.session("new", &first)
            }),
            (None, "", false, String::new()),
        ])
        .collect();
    let table = routes();
    assert!(table.decided().len() > 60, "{}", table.decided().len());
    for route in table.decided() {
        // A parameter that no route takes: what is decided is decided before that is said, and nothing is done.
        let path: String = route
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { "/none".to_owned() } else { format!("/{part}") })
            .collect();
        let path = format!("{}?nothing=", path.trim_start_matches('/').replacen("", "/", 1));
        for (role, clearance, must_change, session) in &people {
            let headers = [("authorization", session.as_str())];
            let headers = if role.is_some() { &headers[..] } else { &[] };
            let came = House::send(&house.port, &route.method, &path, headers, &Value::Null);
            let may = match (route.needs, role) {
                (Needs::Nobody, _) | (Needs::Account, Some(_)) => Ok(()),
                (_, None) => Err("unauthenticated"),
                (_, Some(_)) if *must_change => Err("forbidden"),
                (Needs::Read | Needs::Record, Some(_)) if *clearance != "TLP:RED" => Ok(()),
                (_, Some(_)) if *clearance != "TLP:RED" => Err("forbidden"),
                (Needs::Administer, Some(Role::Administrator))
                | (Needs::Read | Needs::Oversee, Some(_))
                | (Needs::Record | Needs::Keep, Some(Role::Recorder | Role::Administrator))
                | (Needs::Audit, Some(Role::Auditor)) => Ok(()),
                (_, Some(_)) => Err("forbidden"),
            };
            let told = format!("{} {path} {role:?} {clearance}: {}", route.method, came.body);
            match may {
                // A provider may say more than is known here; nobody is signed on at this house.
                Ok(()) if route.path == "/v1/sso/callback" => assert_eq!(came.kind(), "no-route", "{told}"),
                Ok(()) => assert_eq!((came.status.as_u16(), came.kind()), (400, "malformed"), "{told}"),
                Err(kind) => assert_eq!(came.kind(), kind, "{told}"),
            }
        }
    }
}

#[test]
fn what_a_route_needs_goes_by_what_it_does() {
    for route in routes().decided() {
        let (path, asks) = (route.path, route.method == Method::GET);
        let for_nobody = ["/v1/login", "/v1/openapi.json", "/healthz", "/readyz"].contains(&path);
        let expected: &[Needs] = if for_nobody || path.starts_with("/v1/sso") {
            &[Needs::Nobody]
        } else if path.starts_with("/v1/accounts") {
            &[Needs::Administer]
        } else if ["/v1/logout", "/v1/whoami", "/v1/password", "/v1/tokens", "/v1/tokens/revoke"]
            .contains(&path)
        {
            &[Needs::Account]
        } else if asks && ["/v1/audit/", "/checkpoint", "/tile/"].iter().any(|begin| path.starts_with(begin))
        {
            &[Needs::Audit]
        } else if route.method == Method::PUT {
            // How far they have read is nobody's but theirs.
            assert!(path.starts_with("/v1/cursors/"), "{route:?}");
            &[Needs::Read]
        } else if asks {
            // The whole log at once is no question.
            match path {
                "/v1/export" => &[Needs::Audit],
                "/v1/log" | "/v1/verify" | "/v1/keys" | "/v1/authors/keys" | "/metrics" => &[Needs::Oversee],
                _ => &[Needs::Read],
            }
        } else {
            &[Needs::Record, Needs::Keep, Needs::Audit, Needs::Administer]
        };
        assert!(expected.contains(&route.needs), "{route:?}");
    }
}

#[test]
fn the_first_password_opens_nothing_but_the_way_to_another_one() {
    let house = House::new();
    let first = house.open("lee", Role::Recorder, "TLP:RED");
    let session = house.session("lee", &first);
    let with = [("authorization", session.as_str())];
    assert_eq!(house.get("/v1/whoami", &with).body["data"]["must_change"], true);
    assert_eq!(house.get("/v1/channels", &with).kind(), "forbidden");
    assert_eq!(house.post("/v1/tokens", &with, &json!({"purpose": "x", "days": 1})).kind(), "forbidden");
    let wrong = house.post("/v1/password", &with, &json!({"old": "another", "new": PASSWORD}));
    assert_eq!(wrong.kind(), "forbidden");
    let other = house.session("lee", &first);
    let came = house.post("/v1/password", &with, &json!({"old": first, "new": PASSWORD}));
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    assert_eq!(house.get("/v1/channels", &with).status, StatusCode::OK);
    assert_eq!(house.get("/v1/whoami", &[("authorization", &other)]).kind(), "unauthenticated");
    assert_eq!(house.login("lee", &first).kind(), "unauthenticated");
    // One that was not used in three days opens nothing.
    let late = house.open("park", Role::Reader, "TLP:RED");
    house.pass(3 * 86_400);
    assert_eq!(house.login("park", &late).kind(), "unauthenticated");
}

#[test]
fn a_name_that_nobody_has_is_answered_as_a_wrong_password_is() {
    let house = House::new();
    house.person("lee", Role::Reader, "TLP:RED");
    house.person("off", Role::Administrator, "TLP:RED");
    house.person("boss", Role::Administrator, "TLP:RED");
    house.own("/v1/accounts/off/disable", &json!({}));
    let told = |name: &str, password: &str| {
        let came = house.login(name, password);
        let mut body = came.body;
        body.as_object_mut().unwrap().remove("request_id");
        (came.status, body)
    };
    let wrong = told("lee", "a wrong password");
    assert_eq!(wrong.0, StatusCode::UNAUTHORIZED);
    for (name, password) in [("nobody", PASSWORD), ("", ""), ("off", PASSWORD), ("owner", PASSWORD)] {
        assert_eq!(told(name, password), wrong, "{name}");
    }
}

#[test]
fn a_flood_of_wrong_passwords_slows_itself_down_and_locks_nobody_out() {
    let house = House::new();
    let first = house.login("lee", &house.open("lee", Role::Reader, "TLP:RED"));
    let device = first.body["data"]["device"].as_str().unwrap().to_owned();
    let flood = |tries: i64| {
        (0..tries).map(|_| house.login("lee", "a wrong password").status.as_u16()).collect::<Vec<_>>()
    };
    let answers = flood(50);
    assert_eq!(answers.iter().filter(|status| **status == 401).count(), 4);
    let waits = house.login("lee", "whatever");
    assert_eq!(waits.kind(), "too-often");
    let seconds: i64 = waits.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&seconds) && waits.body["retry_after"] == seconds);
    // Where lee came in before, the flood is not noticed: a wrong password is wrong there, not too early.
    let known = json!({"account": "lee", "password": "wrong", "bearer": true, "device": device});
    assert_eq!(house.post("/v1/login", &[], &known).kind(), "unauthenticated");
    // Another account is not slowed down, and lee waits for what was told, and no longer.
    house.person("park", Role::Reader, "TLP:RED");
    house.own("/v1/accounts/lee/password", &json!({}));
    house.pass(30);
    assert_eq!(house.login("lee", "still wrong").kind(), "unauthenticated");
    house.pass(30);
    let again = house.own("/v1/accounts/lee/password", &json!({}));
    let password = again.body["data"]["one_time_password"].as_str().unwrap();
    assert_eq!(house.login("lee", password).status, StatusCode::OK);
}

#[test]
fn whoever_waited_as_long_as_they_were_told_may_try_again_and_not_before() {
    let house = House::new();
    let password = house.open("lee", Role::Reader, "TLP:RED");
    for _ in 0..4 {
        assert_eq!(house.login("lee", "a wrong password").kind(), "unauthenticated");
    }
    let told = |came: &Came| came.headers["retry-after"].to_str().unwrap().parse::<i64>().unwrap();
    let early = house.login("lee", &password);
    assert_eq!((early.status, early.kind()), (StatusCode::TOO_MANY_REQUESTS, "too-often"));
    let seconds = told(&early);
    house.pass(seconds - 1);
    let still = house.login("lee", &password);
    assert_eq!(
        (still.kind(), told(&still)),
        ("too-often", 1),
        "what came too early makes nobody wait longer"
    );
    house.pass(1);
    assert_eq!(house.login("lee", &password).status, StatusCode::OK);
}

#[test]
fn a_name_or_a_password_of_any_length_costs_whoever_asks_nothing_here() {
    let house = House::new();
    house.open("lee", Role::Reader, "TLP:RED");
    let long = "x".repeat(17 << 10);
    for body in [json!({"account": long, "password": "x"}), json!({"account": "lee", "password": long})] {
        let came = house.post("/v1/login", &[], &body);
        assert_eq!((came.status, came.kind()), (StatusCode::PAYLOAD_TOO_LARGE, "too-large"));
        assert!(came.body["detail"].as_str().unwrap().contains("16 KiB"), "{}", came.body);
    }
}

#[test]
fn a_stolen_session_opens_nothing_after_its_owner_left() {
    let house = House::new();
    let session = house.person("lee", Role::Recorder, "TLP:RED");
    let with = [("authorization", session.as_str())];
    assert_eq!(house.get("/v1/timeline", &with).status, StatusCode::OK);
    assert_eq!(house.post("/v1/logout", &with, &Value::Null).status, StatusCode::OK);
    assert_eq!(house.get("/v1/timeline", &with).kind(), "unauthenticated");
    assert_eq!(house.post("/v1/logout", &with, &Value::Null).kind(), "unauthenticated");
}

#[test]
fn a_session_ends_by_itself_and_whatever_happens_to_the_account_happens_at_once() {
    let house = House::new();
    house.person("boss", Role::Administrator, "TLP:RED");
    let idle = house.person("idle", Role::Reader, "TLP:RED");
    house.pass(30 * 60);
    assert_eq!(house.get("/v1/log", &[("authorization", &idle)]).kind(), "unauthenticated");
    let lee = house.person("lee", Role::Recorder, "TLP:RED");
    let with = [("authorization", lee.as_str())];
    let name = json!({"name": "morning"});
    assert_eq!(house.post("/v1/moments", &with, &name).status, StatusCode::OK);
    house.own("/v1/accounts/lee/permissions", &json!({"role": "reader"}));
    assert_eq!(house.post("/v1/moments", &with, &json!({"name": "noon"})).kind(), "forbidden");
    house.own("/v1/accounts/lee/permissions", &json!({"clearance": "TLP:AMBER"}));
    assert_eq!(house.get("/v1/log", &with).kind(), "forbidden");
    house.own("/v1/accounts/lee/permissions", &json!({"clearance": "TLP:RED"}));
    assert_eq!(house.get("/v1/log", &with).status, StatusCode::OK);
    house.own("/v1/accounts/lee/disable", &json!({}));
    assert_eq!(house.get("/v1/log", &with).kind(), "unauthenticated");
    house.own("/v1/accounts/lee/enable", &json!({}));
    assert_eq!(house.get("/v1/log", &with).kind(), "unauthenticated", "it ended");
}

#[test]
fn whoever_may_not_see_everything_is_not_told_how_much_there_is() {
    let house = House::new();
    let low = house.person("low", Role::Recorder, "TLP:GREEN");
    let with = [("authorization", low.as_str())];
    let whole = house.person("whole", Role::Recorder, "TLP:RED");
    let position = |came: &Came| came.body["as_of"]["position"].clone();
    assert!(position(&house.get("/v1/whoami", &[("authorization", &whole)])).is_u64());
    for came in [
        house.get("/v1/whoami", &with),
        house.get("/v1/tokens", &with),
        house.login("low", PASSWORD),
        house.post("/v1/tokens", &with, &json!({"purpose": "x", "days": 1})),
        house.post("/v1/logout", &with, &Value::Null),
    ] {
        assert_eq!(came.status, StatusCode::OK, "{}", came.body);
        assert!(position(&came).is_null() && came.body.get("notices").is_none(), "{}", came.body);
    }
    // What is answered is the same, whatever was recorded meanwhile that they do not see.
    let low = house.session("low", PASSWORD);
    let answered = || {
        let mut body = house.get("/v1/timeline", &[("authorization", &low)]).body;
        body.as_object_mut().unwrap().remove("request_id");
        body
    };
    let before = answered();
    let red = json!({"kind": "incident", "summary": "x", "date": "2026-09-01", "marking": "TLP:RED"});
    assert_eq!(house.own("/v1/entries", &json!({ "entries": [red] })).status, StatusCode::OK);
    assert_eq!(answered(), before);
}

#[test]
fn a_cookie_does_nothing_for_a_page_of_another_site() {
    let house = House::new();
    house.person("lee", Role::Recorder, "TLP:RED");
    let came = house.post("/v1/login", &[], &json!({"account": "lee", "password": PASSWORD}));
    assert!(came.body["data"].get("session").is_none(), "a page cannot read it");
    let cookie = came.cookie("demarche-session");
    came.cookie("demarche-device");
    let name = json!({"name": "morning"});
    let post = |headers: &[(&str, &str)]| {
        let headers: Vec<_> =
            [("cookie", cookie.as_str())].into_iter().chain(headers.iter().copied()).collect();
        house.post("/v1/moments", &headers, &name)
    };
    assert_eq!(post(&[]).kind(), "foreign");
    assert_eq!(post(&[("origin", "http://evil.example")]).kind(), "foreign");
    assert_eq!(post(&[("origin", "null")]).kind(), "foreign");
    assert_eq!(post(&[("sec-fetch-site", "cross-site")]).kind(), "foreign");
    assert_eq!(house.get("/v1/moments", &[("cookie", &cookie)]).body["data"]["total"], 0);
    assert_eq!(post(&[("origin", "http://localhost")]).status, StatusCode::OK);
    let own = [("cookie", cookie.as_str()), ("demarche-request", "1")];
    assert_eq!(house.post("/v1/moments", &own, &json!({"name": "noon"})).status, StatusCode::OK);
    let left = house.post("/v1/logout", &own, &Value::Null);
    assert_eq!(left.cookie("demarche-session"), "demarche-session=");
    // A form of another site cannot send what a login takes.
    let form =
        House::send(&house.port, &Method::POST, "/v1/login", &[("content-type", "text/plain")], &Value::Null);
    assert!(form.status.is_client_error());
}

#[test]
fn what_is_recorded_is_recorded_by_the_account_whatever_a_header_says() {
    let house = House::new();
    let lee = house.person("lee", Role::Recorder, "TLP:RED");
    house.person("boss", Role::Administrator, "TLP:RED");
    let with = [("authorization", lee.as_str()), ("demarche-actor", "boss")];
    assert_eq!(house.post("/v1/moments", &with, &json!({"name": "morning"})).status, StatusCode::OK);
    let changes = house.get("/v1/changes?limit=1000", &with).body;
    let last = changes["data"]["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["recorder"], last["kind"].as_str()), (&json!("lee"), Some("moment.named")));
    // Whoever owns the directory is no account either.
    let forged = House::send(
        &house.directory,
        &Method::POST,
        "/v1/moments",
        &[("demarche-actor", "lee")],
        &json!({"name": "noon"}),
    );
    assert_eq!(forged.kind(), "forbidden");
    assert_eq!(house.own("/v1/moments", &json!({"name": "noon"})).status, StatusCode::OK);
}

#[test]
fn what_is_sent_as_a_secret_and_is_none_is_refused_and_never_ignored() {
    let house = House::new();
    house.person("lee", Role::Recorder, "TLP:RED");
    for wrong in ["Bearer x", "Bearer des_", "Bearer dem__", "Bearer dem_000000000000_", "Bearer ded_0"] {
        let headers = [("authorization", wrong)];
        assert_eq!(house.get("/v1/log", &headers).kind(), "unauthenticated", "{wrong}");
        let own = House::send(&house.directory, &Method::GET, "/v1/log", &headers, &Value::Null);
        assert_eq!(own.kind(), "unauthenticated", "{wrong}");
    }
    for came in [house.get("/v1/log", &[]), house.get("/v1/log", &[("authorization", "Basic bGVlOng=")])] {
        assert_eq!(
            (came.status, came.kind(), &came.headers["www-authenticate"]),
            (StatusCode::UNAUTHORIZED, "unauthenticated", &"Bearer".parse().unwrap())
        );
    }
}
