//! Whatever is sent to a server, by whomever: no mistake of ours, no status and no body of which the document of
//! the API says nothing.

mod draws;
mod wire;

use std::collections::HashMap;
use std::sync::Arc;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::hostile::draws::Draws;
use crate::hostile::wire::{Came, Served};
use crate::support::Place;

/// So often each route is asked by each of them.
const ROUNDS: usize = 5;

/// The document, and what was made of it.
struct Document {
    whole: Value,
    validators: HashMap<String, Arc<Validator>>,
}

impl Document {
    /// Returns what of a body is not as a schema says.
    fn faults(&mut self, schema: &Value, body: &Value) -> Vec<String> {
        let components = &self.whole["components"];
        let made = || {
            let whole = json!({ "allOf": [schema], "components": components });
            Arc::new(jsonschema::draft202012::new(&whole).unwrap())
        };
        let validator = Arc::clone(self.validators.entry(schema.to_string()).or_insert_with(made));
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// Returns what is wrong with an answer.
    fn complaint(&mut self, operation: &Value, came: &Came, went_astray: bool) -> Option<String> {
        if came.status >= 500 {
            return Some("the server made a mistake".to_owned());
        }
        // What is no path of the API any more, or no HTTP, is told before any route.
        let problem = self.whole["components"]["responses"]["Problem404"].clone();
        let mut answer = operation["responses"][came.status.to_string()].clone();
        if let Some(reference) = answer["$ref"].as_str() {
            answer = self.whole.pointer(reference.trim_start_matches('#')).unwrap().clone();
        }
        if answer.is_null() && went_astray {
            match came.status {
                404 => answer = problem,
                400 | 405 | 414 | 431 => return None,
                _ => {}
            }
        }
        if answer.is_null() {
            return Some(format!("the document says nothing of {}", came.status));
        }
        let media = came.media();
        if media.is_empty() && went_astray && came.body.is_empty() {
            return None;
        }
        if answer.get("content").is_none() && came.body.is_empty() {
            return None;
        }
        let content = answer["content"][&media].clone();
        if content.is_null() {
            return Some(format!("the document says nothing of {media}"));
        }
        if media != "application/json" && media != "application/problem+json" {
            return None;
        }
        let Ok(body) = serde_json::from_slice(&came.body) else {
            return Some("the body is no JSON".to_owned());
        };
        let faults = self.faults(&content["schema"], &body);
        (!faults.is_empty()).then(|| format!("the body is not as its schema says: {faults:#?}"))
    }
}

#[test]
fn whatever_is_asked_by_whomever_is_answered_as_the_document_says() {
    let place = Place::new();
    let rows = concat!(env!("CARGO_MANIFEST_DIR"), "/src/desk/demo/chronology.jsonl");
    place.run(&["import", rows]).ok();
    let server = Served::start(&place);
    let whole: Value =
        serde_json::from_slice(&server.ask("", "GET", "/v1/openapi.json", &[], b"").unwrap().body).unwrap();
    assert_eq!(whole, serde_json::from_str::<Value>(&demarche::http::openapi::document().unwrap()).unwrap());
    let people: Vec<String> = ["reader", "recorder", "auditor", "administrator"]
        .iter()
        .map(|role| server.token(role))
        .chain([String::new(), "Bearer dem_none_none".to_owned()])
        .collect();
    let seed = std::env::var("HOSTILE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_126);
    let mut draws = Draws::new(seed);
    let mut document = Document { whole: whole.clone(), validators: HashMap::new() };
    let (mut complaints, mut asked, mut taken) = (Vec::new(), 0, 0);
    for (path, methods) in whole["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for who in people.iter().flat_map(|who| std::iter::repeat_n(who, ROUNDS)) {
                let request = draws.request(&whole, path, operation);
                let method = method.to_uppercase();
                let Some(came) = server.ask(who, &method, &request.target, &request.headers, &request.body)
                else {
                    complaints.push(format!("{method} {}: no answer", request.target));
                    continue;
                };
                asked += 1;
                taken += usize::from(came.status < 300);
                if let Some(complaint) = document.complaint(operation, &came, request.went_astray) {
                    let (sent, got) =
                        (String::from_utf8_lossy(&request.body), String::from_utf8_lossy(&came.body));
                    let [sent, got] = [sent, got].map(|text| text.chars().take(600).collect::<String>());
                    let target: String = request.target.chars().take(600).collect();
                    complaints.push(format!(
                        "{method} {target} {:?}\n{sent}\n→ {} {got}\n{complaint}",
                        request.headers, came.status
                    ));
                }
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "seed {seed}: {} of {asked}:\n{}",
        complaints.len(),
        complaints.join("\n\n")
    );
    assert!(taken * 20 > asked, "too little of what is drawn is taken to show anything: {taken} of {asked}");
    // It is there, sound, and asked as before.
    assert_eq!(server.ask("", "GET", "/healthz", &[], b"").unwrap().status, 200);
    drop(server);
    place.run(&["verify"]).ok();
}

#[test]
fn paths_that_try_to_lead_elsewhere_lead_nowhere() {
    let place = Place::new();
    let server = Served::start(&place);
    for target in [
        "/v1/../v1/log",
        "/v1/%2e%2e/%2e%2e/etc/passwd",
        "/tile/../../../../etc/passwd",
        "/tile/..%2f..%2f..%2fetc%2fpasswd",
        "/v1/entries/..%2f..%2fhead",
        "/v1//log",
        "//v1/log",
        "/v1/log;a=b",
        "/v1/log%00",
        "/v1/entries/%ff%fe",
        "/v1/exports/..%2fjsonl",
        "http://elsewhere.example/v1/log",
        "*",
        "v1/log",
    ] {
        let came = server.ask("", "GET", target, &[], b"").unwrap();
        assert!((400..500).contains(&came.status), "{target}: {}", came.status);
    }
}
