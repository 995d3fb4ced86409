//! What a route takes and answers, as the types of its function tell it: what a function does not take, no
//! document of it can name, and what it takes is named.

use axum::extract::{Extension, Path, State};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::http::conditions::Condition;

/// What is told of one route.
pub(in crate::http) struct Told<'g> {
    generator: &'g mut SchemaGenerator,
    /// Parameters of the query and headers of this route alone.
    pub(super) parameters: Vec<Value>,
    /// How many parameters the path has.
    pub(super) in_path: usize,
    pub(super) body: Option<Value>,
    /// Statuses, each with its answer.
    pub(super) answers: Vec<(u16, Value)>,
    /// Whether the caller may be told to wait.
    pub(super) may_wait: bool,
}

/// What a function takes of a request.
pub(in crate::http) trait Taken {
    /// On what it has it rest that something is recorded: a function that takes none of that refuses it.
    const CONDITION: Option<Condition> = None;

    /// Tells of it.
    fn describe(route: &mut Told<'_>);
}

/// What a function answers.
pub(in crate::http) trait Tells {
    /// Tells of it.
    fn describe(route: &mut Told<'_>);
}

impl<'g> Told<'g> {
    pub(super) fn new(generator: &'g mut SchemaGenerator) -> Self {
        let (parameters, answers) = (Vec::new(), Vec::new());
        Self { generator, parameters, in_path: 0, body: None, answers, may_wait: false }
    }

    /// The fields of `T` are parameters of the query.
    pub(in crate::http) fn query<T: JsonSchema>(&mut self) {
        let mut schema = T::json_schema(self.generator).to_value();
        let required = schema.get("required").cloned().unwrap_or_default();
        let required: Vec<&str> =
            required.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let Some(Value::Object(fields)) = schema.get_mut("properties").map(Value::take) else { return };
        for (name, field) in fields {
            // What several have is one parameter: a query never says a name twice.
            if self.parameters.iter().all(|known| known.get("name") != Some(&json!(name))) {
                let field = said(field);
                self.parameters.push(parameter("query", &name, required.contains(&name.as_str()), field));
            }
        }
    }

    /// A header is taken.
    pub(in crate::http) fn header(&mut self, name: &str, description: &str, schema: &Value) {
        let mut schema = schema.clone();
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".to_owned(), description.into());
        }
        self.parameters.push(parameter("header", name, false, schema));
    }

    /// A cookie is taken.
    pub(in crate::http) fn cookie(&mut self, name: &str, description: &str) {
        let schema = json!({ "type": "string", "description": description });
        self.parameters.push(parameter("cookie", name, false, schema));
    }

    /// A part of the path is taken.
    pub(in crate::http) fn path(&mut self) {
        self.in_path += 1;
    }

    /// The caller may be told to wait.
    pub(in crate::http) fn may_wait(&mut self) {
        self.may_wait = true;
    }

    /// A body is taken, of one of the media types.
    pub(in crate::http) fn takes(&mut self, types: &[&str], schema: &Value) {
        let content: Map<String, Value> =
            types.iter().map(|media| ((*media).to_owned(), json!({ "schema": schema }))).collect();
        self.body = Some(json!({ "required": true, "content": content }));
    }

    /// A body of JSON is taken.
    pub(in crate::http) fn takes_json<T: JsonSchema>(&mut self) {
        let schema = self.generator.subschema_for::<T>().to_value();
        self.takes(&["application/json"], &schema);
    }

    /// This is answered, in one of the media types.
    pub(in crate::http) fn answers(&mut self, status: u16, description: &str, content: &[(&str, Value)]) {
        let content: Map<String, Value> = content
            .iter()
            .map(|(media, schema)| ((*media).to_owned(), json!({ "schema": schema })))
            .collect();
        self.answers.push((status, json!({ "description": description, "content": content })));
    }

    /// This is answered without a body.
    pub(in crate::http) fn answers_nothing(&mut self, status: u16, description: &str) {
        self.answers.push((status, json!({ "description": description })));
    }

    /// Returns the schema of what is answered as JSON.
    pub(in crate::http) fn schema_of<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// JSON is answered.
    pub(in crate::http) fn answers_json<T: JsonSchema>(&mut self) {
        let schema = self.schema_of::<T>();
        self.answers(
            200,
            "The answer, and at which position of the log it is true",
            &[("application/json", schema)],
        );
    }
}

impl<T> Taken for State<T> {
    fn describe(_: &mut Told<'_>) {}
}

impl<T> Taken for Extension<T> {
    fn describe(_: &mut Told<'_>) {}
}

impl Taken for Path<String> {
    fn describe(route: &mut Told<'_>) {
        route.path();
    }
}

/// Returns a parameter; what it says of itself stands beside its schema.
pub(super) fn parameter(place: &str, name: &str, required: bool, mut schema: Value) -> Value {
    let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
    let mut parameter = json!({
        "name": name,
        "in": place,
        "required": required,
        "schema": said_in_text(schema),
    });
    if let (Some(parameter), Some(description)) = (parameter.as_object_mut(), description) {
        parameter.insert("description".to_owned(), description);
    }
    parameter
}

/// Returns the schema of a parameter that is said, or left out: an empty text says nothing, where nothing else is told.
fn said(mut schema: Value) -> Value {
    let is_text = match schema.get("type") {
        Some(Value::Array(types)) => types.contains(&json!("string")),
        Some(one) => *one == json!("string"),
        None => false,
    };
    if let Some(object) = schema.as_object_mut()
        && is_text
        && !object.contains_key("enum")
    {
        object.entry("minLength").or_insert(json!(1));
    }
    schema
}

/// Returns the schema of what is said in a query, where nobody can say null, and numbers have an end.
fn said_in_text(mut schema: Value) -> Value {
    let Some(object) = schema.as_object_mut() else { return schema };
    object.remove("default");
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|one| one != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            object.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|one| one.get("type") != Some(&json!("null")));
        if let [one] = choices.as_slice() {
            let mut one = one.clone();
            std::mem::swap(&mut schema, &mut one);
            return schema;
        }
    }
    let most = match object.get("format").and_then(Value::as_str) {
        Some("uint32") => Some(u64::from(u32::MAX)),
        Some("uint64") => Some(u64::MAX),
        _ => None,
    };
    if let Some(most) = most
        && !object.contains_key("maximum")
    {
        object.insert("maximum".to_owned(), most.into());
    }
    schema
}
