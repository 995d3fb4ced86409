//! Requests, drawn from the document: some as it says, some nearly, some nothing like it.

use serde_json::{Map, Value, json};

/// Texts that somebody may send.
const TEXTS: &[&str] = &[
    "",
    " ",
    "0",
    "1",
    "-1",
    "18446744073709551616",
    "mil-west",
    "ik-147",
    "KOR",
    "PRK",
    "KOR,PRK",
    "2018",
    "2018-04-27",
    "2018..2019",
    "..",
    "9999-99-99",
    "true",
    "null",
    "overture.proposed",
    "!media",
    "TLP:AMBER",
    "B2",
    "all",
    "age",
    "issued",
    "occurred",
    "recorded",
    "7d",
    "-7d",
    "99999999999999d",
    "channel,kind",
    "한글 회담",
    "\"joint",
    "a AND (b",
    "talks OR negotiat*",
    "*",
    "\u{0}",
    "\u{202e}\u{feff}",
    "e\u{301}\u{301}\u{301}",
    "😀😀😀",
    "../../etc/passwd",
    "%",
    "' OR 1=1 --",
    "<script>",
    "Asia/Seoul",
    "Nowhere/None",
    "{}",
    "[]",
    "\r\nx: y",
    "٣",
    "0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d",
];

/// What may stand in a path, escaped already.
const PATHS: &[&str] = &[
    "0",
    "1",
    "5",
    "ik-147",
    "ik-1",
    "mil-west",
    "none",
    "jsonl",
    "csv",
    "reader",
    "..",
    "%2e%2e",
    "a%2Fb",
    "%00",
    "%ff",
    "%",
    "%ED%95%9C",
    "x/y",
    ".",
    "0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d",
    "-1",
    "99999999999999999999",
    "a;b",
    "%0d%0a",
    "a+b",
];

/// A request that was drawn.
pub(super) struct Drawn {
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Whether it may be no request to the route any more.
    pub(super) went_astray: bool,
}

/// What draws: the same from the same seed.
pub(super) struct Draws(u64);

impl Draws {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn of<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }

    fn text(&mut self) -> String {
        match self.below(30) {
            0 => "x".repeat(5_000),
            1 => "가".repeat(700),
            _ => (*self.of(TEXTS)).to_owned(),
        }
    }

    /// Draws a request to a route.
    pub(super) fn request(&mut self, document: &Value, path: &str, operation: &Value) -> Drawn {
        let mut went_astray = false;
        let parts: Vec<String> = path
            .split('/')
            .map(|part| if part.starts_with('{') { (*self.of(PATHS)).to_owned() } else { part.to_owned() })
            .collect();
        let mut target = parts.join("/");
        if path.contains('{') || self.one_in(40) {
            went_astray = true;
        }
        let mut headers = Vec::new();
        let mut pairs = Vec::new();
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = resolved(document, parameter);
            let (name, required) = (parameter["name"].as_str().unwrap(), parameter["required"] == true);
            match parameter["in"].as_str().unwrap() {
                "query" if required && !self.one_in(10) || self.one_in(8) => {
                    let value = self.said(document, &parameter["schema"]);
                    pairs.push(format!("{}={}", escaped(name), escaped(&value)));
                }
                "header" if self.one_in(15) => headers.push((name.to_owned(), self.header())),
                _ => {}
            }
        }
        match self.below(25) {
            0 => pairs.push("unknown=1".to_owned()),
            1 => pairs.extend(pairs.first().cloned()),
            2 => pairs.push("novalue".to_owned()),
            3 => pairs.push("%=%zz".to_owned()),
            4 => pairs.push("=".to_owned()),
            _ => {}
        }
        if !pairs.is_empty() {
            target = format!("{target}?{}", pairs.join("&"));
        }
        // A header line that is too long is refused before a route is found.
        went_astray |= target.len() > 8_000 || headers.iter().any(|(_, value)| value.len() > 4_000);
        let body = match operation.get("requestBody") {
            Some(body) => self.body(document, body, &mut headers),
            None => Vec::new(),
        };
        Drawn { target, headers, body, went_astray }
    }

    fn header(&mut self) -> String {
        let text = self.text();
        // Another line would be another header, and what is no byte of a header is for hyper to refuse.
        text.chars().filter(|letter| !letter.is_control()).collect()
    }

    /// Draws what is said of a parameter.
    fn said(&mut self, document: &Value, schema: &Value) -> String {
        if self.one_in(4) {
            return self.text();
        }
        match self.value(document, schema, 0) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    fn body(&mut self, document: &Value, body: &Value, headers: &mut Vec<(String, String)>) -> Vec<u8> {
        let content: Vec<(&String, &Value)> = body["content"].as_object().unwrap().iter().collect();
        let (media, content) = *self.of(&content);
        let media = if self.one_in(12) { "text/plain" } else { media };
        if !self.one_in(25) {
            headers.push(("content-type".to_owned(), media.to_owned()));
        }
        match self.below(14) {
            0 => Vec::new(),
            1 => b"{\"a\":".to_vec(),
            2 => vec![0xff, 0xfe, 0x00, b'{'],
            3 => "[".repeat(3_000).into_bytes(),
            4 => b"{\"a\":1,\"a\":2}".to_vec(),
            5 => b"1e999999".to_vec(),
            6 => self.junk(0).to_string().into_bytes(),
            _ => self.value(document, &content["schema"], 0).to_string().into_bytes(),
        }
    }

    /// Draws a value that is mostly as a schema says.
    fn value(&mut self, document: &Value, schema: &Value, depth: usize) -> Value {
        let schema = resolved(document, schema);
        if depth > 8 || self.one_in(25) {
            return self.junk(0);
        }
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(words) = schema["enum"].as_array() {
            return self.of(words).clone();
        }
        for choices in ["anyOf", "oneOf"] {
            if let Some(choices) = schema[choices].as_array() {
                let choice = self.of(choices).clone();
                return self.value(document, &choice, depth + 1);
            }
        }
        let types = match &schema["type"] {
            Value::Array(types) => self.of(types).clone(),
            one => one.clone(),
        };
        match types.as_str() {
            Some("object") => self.object(document, schema, depth),
            Some("array") => {
                let items: Vec<Value> =
                    (0..self.below(3)).map(|_| self.value(document, &schema["items"], depth + 1)).collect();
                items.into()
            }
            Some("integer" | "number") => match self.below(6) {
                0 => json!(-1),
                1 => json!(u64::MAX),
                2 => json!(1.5),
                _ => json!(self.below(30)),
            },
            Some("boolean") => json!(self.one_in(2)),
            Some("null") => Value::Null,
            _ => json!(self.text()),
        }
    }

    fn object(&mut self, document: &Value, schema: &Value, depth: usize) -> Value {
        let mut object = Map::new();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let wanted = required.contains(&json!(name));
            if (wanted && !self.one_in(12)) || self.one_in(6) {
                object.insert(name.clone(), self.value(document, field, depth + 1));
            }
        }
        if self.one_in(20) {
            object.insert(self.text(), self.junk(0));
        }
        object.into()
    }

    /// Draws anything.
    fn junk(&mut self, depth: usize) -> Value {
        match self.below(if depth > 3 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(-0.0),
            3 => json!(i64::MIN),
            4 | 5 => json!(self.text()),
            6 => (0..self.below(4)).map(|_| self.junk(depth + 1)).collect(),
            _ => {
                let fields = (0..self.below(4)).map(|_| (self.text(), self.junk(depth + 1)));
                Value::Object(fields.collect())
            }
        }
    }
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
