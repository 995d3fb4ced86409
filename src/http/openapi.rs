//! `GET /v1/openapi.json`: what the API takes and answers, made of the table of its routes and of the types of
//! their functions (`OpenAPI` 3.1).

#[cfg(test)]
pub(super) mod checked;
pub(super) mod kinds;
mod problems;
pub(super) mod told;

use std::sync::OnceLock;

use axum::http::{HeaderValue, Method, header};
use axum::response::IntoResponse;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::desk::access::{Needs, Visitor};
use crate::desk::error::DeskError;
use crate::desk::outgoing::Format;
use crate::http::api::{ACTOR, AnsweredAs, As};
use crate::http::coming::{OWN, SESSION};
use crate::http::guard::REQUEST_ID;
use crate::http::openapi::kinds::Document;
use crate::http::openapi::told::{Told, parameter};
use crate::http::problem::Problem;
use crate::http::query::{AskedNow, Nothing, TZ};
use crate::http::reading::PURPOSE;
use crate::http::router;
use crate::http::routes::Decided;
use crate::http::waiting::{AT_LEAST, PREFER, WAIT_SECONDS_MAX};

/// The version of the paths: what a program that was written for it can rely on.
const VERSION: &str = "1.0.0";

/// Answers with the document; it tells nothing of any log.
pub(super) async fn openapi(_: As<Visitor>, _: AskedNow<Nothing>) -> AnsweredAs<Document> {
    static WRITTEN: OnceLock<Result<String, String>> = OnceLock::new();
    match WRITTEN.get_or_init(|| document().map_err(|error| error.to_string())) {
        Ok(text) => {
            let media = HeaderValue::from_static("application/json");
            Ok(([(header::CONTENT_TYPE, media)], text.clone()).into_response().into())
        }
        Err(error) => Err(DeskError::Unavailable(error.clone()).into()),
    }
}

/// Returns the document, ending in a line feed; `schemas/openapi.json` is this text.
///
/// # Errors
///
/// Returns an error when the document cannot be written as JSON; nothing gives cause.
pub fn document() -> serde_json::Result<String> {
    serde_json::to_string_pretty(&value()).map(|text| text + "\n")
}

fn value() -> Value {
    let mut generator = generator();
    let mut paths: Map<String, Value> = Map::new();
    let table = router::routes();
    for route in table.decided() {
        let path = route.path.replace("{*", "{");
        let operation = operation(route, &mut generator);
        if let Some(methods) = paths.entry(path).or_insert_with(|| json!({})).as_object_mut() {
            methods.insert(route.method.as_str().to_lowercase(), operation);
        }
    }
    paths.sort_keys();
    let _ = generator.subschema_for::<Problem>();
    let mut schemas = generator.take_definitions(true);
    schemas.sort_keys();
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "demarche",
            "version": VERSION,
            "summary": "An event-sourced log of diplomatic communication",
            "description": "Every answer says at which position of the log it is true. Parameters are read \
                strictly: one that is unknown, or stands twice, is an error that names it. `if-match`, \
                `if-none-match` and `idempotency-key` are refused with 400 where a path does not name them, so that \
                nobody takes for guarded what is not; the last two are passed over by GET, which records nothing. Programs must pass over \
                fields of answers that they do not know. Beside what is told of each path: a path that is not there \
                is answered with 404, a method that it does not take with 405 and `allow`, a head that is too large \
                with 431, each as a problem; what is no HTTP with 400 and nothing more. HEAD is answered as GET, \
                without the body.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "parameters": common_parameters(),
            "responses": problems::responses(),
            "schemas": schemas,
            "securitySchemes": security_schemes(),
        },
    })
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .into_generator()
}

fn operation(route: &Decided, generator: &mut SchemaGenerator) -> Value {
    let mut told = Told::new(generator);
    (route.describe)(&mut told);
    let Told { parameters: own, in_path, body, answers, may_wait, .. } = told;
    let mut parameters = path_parameters(route.path);
    debug_assert_eq!(parameters.len(), in_path, "what the path has, its function takes: {}", route.path);
    let of_the_log = !own.is_empty() || body.is_some() || in_path > 0;
    parameters.extend(own);
    let common = common(route.needs).iter().filter(|name| **name != "Purpose" || is_noted(route));
    parameters.extend(common.map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })));
    let mut responses: Map<String, Value> =
        answers.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect();
    let given = problems::Given {
        needs: route.needs,
        names_something: of_the_log,
        takes_a_body: body.is_some(),
        may_wait,
    };
    for status in given.statuses() {
        problems::add(&mut responses, status);
    }
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "tags": [tag(route.path)],
        "parameters": parameters,
        "responses": responses,
        "security": security(route.needs),
    });
    if let (Some(operation), Some(body)) = (operation.as_object_mut(), body) {
        operation.insert("requestBody".to_owned(), body);
    }
    operation
}

/// Returns a name of the route for programs that are generated: `getEntriesHandleHistory`.
fn operation_id(route: &Decided) -> String {
    let mut id = route.method.as_str().to_lowercase();
    let words =
        route.path.split(['/', '-', '.', '{', '}', '*']).filter(|word| !word.is_empty() && *word != "v1");
    for word in words {
        let mut letters = word.chars();
        id.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        id.extend(letters);
    }
    id
}

fn tag(path: &str) -> &str {
    path.trim_start_matches("/v1").split('/').nth(1).unwrap_or("log")
}

/// Returns the parameters that a path names.
fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names
        .map(|name| {
            let (description, schema) = match name.trim_start_matches('*') {
                "format" => {
                    ("The format", json!({ "type": "string", "enum": Format::names().collect::<Vec<_>>() }))
                }
                "path" => ("The path below `tile/`, as C2SP tlog-tiles has it", json!({ "type": "string" })),
                "name" => (
                    "The name: 1 to 64 letters and digits of ASCII, and -_.",
                    json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" }),
                ),
                _ if path.starts_with("/v1/accounts/") => {
                    ("The name of an account", json!({ "type": "string", "minLength": 1 }))
                }
                _ => {
                    let words = "What names an entry: its id, its position, the id of its row, or a name";
                    (words, json!({ "type": "string", "minLength": 1 }))
                }
            };
            let mut parameter = parameter("path", name.trim_start_matches('*'), true, schema);
            if let Some(parameter) = parameter.as_object_mut() {
                parameter.insert("description".to_owned(), description.into());
            }
            parameter
        })
        .collect()
}

/// Returns the headers that a route takes as others do, as the components are called.
const fn common(needs: Needs) -> &'static [&'static str] {
    match needs {
        // Who asks is nothing to it.
        Needs::Nobody => &["RequestId", "Zone"],
        Needs::Account => &["Actor", "Own", "RequestId", "Zone"],
        Needs::Read | Needs::Oversee | Needs::Record | Needs::Keep | Needs::Audit | Needs::Administer => {
            &["Actor", "AtLeast", "Own", "Prefer", "Purpose", "RequestId", "Zone"]
        }
    }
}

/// Tells whether the access log has what is answered, where there is one.
fn is_noted(route: &Decided) -> bool {
    route.path.starts_with("/v1/") && matches!(route.method, Method::GET | Method::POST)
}

fn common_parameters() -> Value {
    let header = |name: &str, description: &str, schema: Value| {
        let mut header = parameter("header", name, false, schema);
        if let Some(header) = header.as_object_mut() {
            header.insert("description".to_owned(), description.into());
        }
        header
    };
    json!({
        "Actor": header(
            ACTOR,
            "Under which name is recorded, for whoever owns the data directory; an account records under its own",
            json!({ "type": "string" }),
        ),
        "AtLeast": header(
            AT_LEAST,
            "The position that the log must have: the answer is not given from a shorter one",
            json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX }),
        ),
        "Prefer": header(
            PREFER,
            &format!(
                "`wait=SECONDS`, {WAIT_SECONDS_MAX} at most: for how long is waited for the position that is demanded"
            ),
            json!({ "type": "string" }),
        ),
        "Purpose": header(
            PURPOSE,
            "What for something is read, for the access log",
            json!({
                "type": "string",
                "maxLength": crate::http::reading::PURPOSE_CHARS_MAX,
                "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]*$",
            }),
        ),
        "RequestId": header(
            REQUEST_ID,
            "The id of the request, which comes back and stands in the log of the server: 1 to 128 letters and \
             digits of ASCII, and -._:+/=; drawn where none is sent, or another",
            json!({ "type": "string" }),
        ),
        "Zone": header(
            TZ,
            "The zone in which dates without one are read and shown",
            json!({ "type": "string" }),
        ),
        "Own": header(
            OWN,
            "Sent with a session in a cookie by what is no browser: no page of another site can send it",
            json!({ "type": "string" }),
        ),
    })
}

fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token, or the secret of a session. Where the log knows of no account, and for whoever \
                asks over the socket in the data directory, nothing need be shown.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": SESSION,
            "description": "A session, as a login gives it to a browser.",
        },
    })
}

/// Returns what must be shown: by which role, and in which ways.
fn security(needs: Needs) -> Value {
    let roles: Vec<String> = match needs {
        Needs::Nobody => return json!([]),
        Needs::Account
        | Needs::Read
        | Needs::Oversee
        | Needs::Record
        | Needs::Keep
        | Needs::Audit
        | Needs::Administer => needs.roles().map(|role| role.as_str().to_owned()).collect(),
    };
    let ways = |role: &String| [json!({ "bearer": [role] }), json!({ "session": [role] })];
    roles.iter().flat_map(ways).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str).map(ToOwned::to_owned));
                object.values().for_each(|value| all(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| all(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        let document = value();
        let mut references = Vec::new();
        all(&document, &mut references);
        for reference in references {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }

    #[test]
    fn whoever_sends_a_body_may_be_told_that_it_came_too_slowly() {
        let document = value();
        let operations = document["paths"].as_object().unwrap().values();
        for operation in operations.flat_map(|path| path.as_object().unwrap().values()) {
            let takes_a_body = operation.get("requestBody").is_some();
            assert_eq!(operation["responses"].get("408").is_some(), takes_a_body, "{operation}");
        }
    }

    #[test]
    fn every_route_has_a_name_of_its_own_and_says_everything_of_its_parameters() {
        let document = value();
        let mut names = std::collections::BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let place = format!("{method} {path}");
                assert!(names.insert(operation["operationId"].to_string()), "{place}");
                assert!(operation["summary"].as_str().is_some_and(|summary| summary.len() > 5), "{place}");
                assert_eq!(method == "get", operation["requestBody"].is_null(), "{place}");
                let own = operation["parameters"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|one| one.get("$ref").is_none());
                for parameter in own.clone() {
                    let said = parameter["description"].as_str().is_some_and(|said| !said.is_empty());
                    assert!(said, "{place} says nothing of {parameter}");
                }
                let in_path = own.filter(|one| one["in"] == "path").count();
                assert_eq!(in_path, path.matches('{').count(), "{place}");
            }
        }
        assert_eq!(names.len(), router::routes().decided().len());
    }

    #[test]
    fn a_route_names_the_headers_that_it_reads() {
        let document = value();
        let named = |path: &str, method: &str| -> Vec<String> {
            let parameters = document["paths"][path][method]["parameters"].as_array().unwrap();
            let common = parameters.iter().filter_map(|one| one["$ref"].as_str());
            common.map(|one| one.trim_start_matches("#/components/parameters/").to_owned()).collect()
        };
        assert_eq!(named("/healthz", "get"), ["RequestId", "Zone"]);
        assert_eq!(named("/v1/login", "post"), ["RequestId", "Zone"]);
        assert_eq!(named("/v1/whoami", "get"), ["Actor", "Own", "RequestId", "Zone"]);
        let all = ["Actor", "AtLeast", "Own", "Prefer", "Purpose", "RequestId", "Zone"];
        assert_eq!(named("/v1/log", "get"), all);
        // Of neither anything is noted as read.
        assert!(!named("/metrics", "get").contains(&"Purpose".to_owned()));
        assert!(!named("/v1/cursors/{name}", "put").contains(&"Purpose".to_owned()));
    }

    #[test]
    fn a_parameter_says_what_its_value_may_be() {
        let document = value();
        let schema = |path: &str, method: &str, name: &str| {
            let parameters = document["paths"][path][method]["parameters"].as_array().unwrap();
            let parameter = parameters.iter().find(|one| one["name"] == name).unwrap();
            (parameter["required"].as_bool().unwrap(), parameter["schema"].clone())
        };
        let text = json!({ "type": "string", "minLength": 1 });
        assert_eq!(schema("/v1/timeline", "get", "channel"), (false, text.clone()));
        let order = json!({ "type": "string", "enum": ["occurred", "recorded"] });
        assert_eq!(schema("/v1/timeline", "get", "by"), (false, order));
        assert_eq!(schema("/v1/silence", "get", "party"), (true, text.clone()));
        assert!(schema("/v1/import", "post", "file").0);
        assert_eq!(schema("/v1/names", "get", "what"), (true, text));
        let may_be_empty = json!({ "type": "string", "minLength": 0 });
        assert_eq!(schema("/v1/names", "get", "prefix"), (false, may_be_empty));
    }

    #[test]
    fn a_route_names_the_roles_that_may_take_it() {
        let document = value();
        let roles = |path: &str, method: &str| document["paths"][path][method]["security"].to_string();
        assert_eq!(roles("/healthz", "get"), "[]");
        assert_eq!(roles("/v1/export", "get"), r#"[{"bearer":["auditor"]},{"session":["auditor"]}]"#);
        assert!(roles("/v1/log", "get").contains("reader"));
        assert!(!roles("/v1/entries", "post").contains("reader"));
    }
}
