//! What is answered that is not JSON.

use serde_json::{Value, json};

use crate::desk::answer::Answer;
use crate::desk::answer::brief::Brief;
use crate::desk::brief::PageFormat;
use crate::desk::outgoing::Format;
use crate::http::openapi::told::{Tells, Told};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident: $media:expr, $schema:expr;)+) => {$(
        $(#[$doc])*
        pub(in crate::http) struct $kind;

        impl Tells for $kind {
            fn describe(route: &mut Told<'_>) {
                route.answers(200, "The answer", &[($media, $schema)]);
            }
        }
    )+};
}

kinds! {
    /// A text.
    Text: "text/plain", text();
    /// Bytes.
    Octets: "application/octet-stream", json!({});
    /// A line of JSON for each record.
    JsonLines: "application/jsonl", text();
    /// An archive.
    Archive: "application/x-tar", json!({});
    /// What comes, as it comes.
    EventStream: "text/event-stream", text();
    /// This document.
    Document: "application/json", json!({ "type": "object", "required": ["openapi", "info", "paths"] });
    /// Numbers, as Prometheus reads them.
    Metrics: "text/plain", text();
}

/// A word that says whether all is well.
pub(in crate::http) struct Health;

impl Tells for Health {
    fn describe(route: &mut Told<'_>) {
        route.answers(200, "All is well", &[("text/plain", text())]);
        route.answers(503, "It is not, and why", &[("text/plain", text())]);
    }
}

/// Entries, in the format that the path names.
pub(in crate::http) struct Exported;

impl Tells for Exported {
    fn describe(route: &mut Told<'_>) {
        let mut content: Vec<(&str, Value)> = Vec::new();
        for format in Format::all() {
            let media = essence(format.media());
            if content.iter().all(|(known, _)| *known != media) {
                content.push((media, json!({})));
            }
        }
        let what = "The entries, in the format that the path names; the header `demarche-notice` says what the format has no \
                    room for";
        route.answers(200, what, &content);
    }
}

/// A page for people, or JSON.
pub(in crate::http) struct BriefPage;

impl Tells for BriefPage {
    fn describe(route: &mut Told<'_>) {
        let brief = route.schema_of::<Answer<Brief>>();
        let markdown = (essence(PageFormat::Markdown.media_type()), text());
        let html = (essence(PageFormat::Html.media_type()), text());
        route.answers(200, "The page, as `as` asks for it", &[("application/json", brief), markdown, html]);
    }
}

fn text() -> Value {
    json!({ "type": "string" })
}

/// Returns a media type without what it says of its letters.
fn essence(media: &'static str) -> &'static str {
    media.split(';').next().unwrap_or(media)
}
