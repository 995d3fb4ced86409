//! What a document says of itself beside its text: its form, its marking, who got it, where it is kept, to what it
//! refers.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::desk::import::given::Given;
use crate::desk::import::taking::Taking;
use crate::desk::import::tei::document::{Document, Volume};
use crate::desk::import::tei::lead;
use crate::desk::import::tei::source_note::{self, SourceNote};
use crate::desk::import::tei::words::{CONVERSATION, form, form_of, is_by_telephone, paragraphs, spaced};
use crate::domain::fact::Kind;

/// What the heading, the source note and the first lines of a document say of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) form: &'static str,
    /// What is to be told of the form.
    pub(super) form_doubt: Option<&'static str>,
    /// It is the record of a conversation by telephone: nobody sat together.
    pub(super) by_telephone: bool,
    pub(super) noted: SourceNote,
    reference: Option<String>,
}

impl Document {
    /// Returns what the document says of itself: the heading goes first, then the note, then the first lines.
    pub(super) fn said(&self, title: &str) -> Said {
        let (mut noted, named) = if self.is_above && !self.source_note.trim_start().starts_with("Source:") {
            source_note::above(&self.source_note)
        } else {
            (source_note::read(&self.source_note), None)
        };
        self.notes_of_heading().for_each(|note| noted.footnote(&spaced(note)));
        let body = paragraphs(&self.body);
        let lead = lead::read(&body);
        if noted.marking.is_none() {
            noted.marking = lead.marking.map(ToOwned::to_owned);
            noted.captions.extend(lead.captions);
        }
        if noted.urgency.is_empty() {
            noted.precedence = lead.precedence;
            noted.urgency = lead.urgency;
        }
        let form = match form(title) {
            "other" => named.or(lead.form).unwrap_or("other"),
            named => named,
        };
        let (form, form_doubt) = form_of(title, form, &body);
        let by_telephone = form == CONVERSATION && is_by_telephone(title);
        Said { form, form_doubt, by_telephone, noted, reference: lead.reference }
    }

    /// Adds what only messages say, and meetings; of the others it is remarked.
    pub(super) fn message(
        &self,
        kind: Kind,
        said: &Said,
        entry: &mut Map<String, Value>,
        remarks: &mut Vec<String>,
        given: &Given<'_>,
        taking: &mut Taking,
    ) {
        let noted = &said.noted;
        let is_message = kind.family() == "message";
        let dateline = spaced(&self.dateline);
        let place = spaced(&self.place);
        if kind.family() == "meeting" && !place.is_empty() {
            entry.insert("place".to_owned(), place.trim_end_matches([',', '.']).into());
        }
        let heads = self.heads(remarks, given, taking);
        if kind.family() == "meeting" && !heads.is_empty() {
            entry.insert("heads".to_owned(), heads.into());
        } else if !heads.is_empty() {
            remarks.push(format!("Took part: {}", heads.join("; ")));
        }
        if !dateline.is_empty() {
            if dateline.to_lowercase().contains("received") {
                let what = "the dateline says when the document was received, which is remarked: give `learned` where that is \
                            when it was learned";
                taking.count(self.line, what);
            }
            remarks.push(format!("Dated {}", dateline.trim_end_matches('.')));
        }
        self.marking(noted, entry, remarks, given, taking);
        if let Some(precedence) = noted.precedence {
            if is_message {
                entry.insert("precedence".to_owned(), json!(precedence));
            } else {
                remarks.push(format!("Precedence {}", precedence.as_str()));
            }
        }
        remarks.extend(noted.urgency_as_written().map(|words| format!("Urgency as written: {words}")));
        if !noted.captions.is_empty() {
            if is_message {
                entry.insert("captions".to_owned(), json!(noted.captions));
            } else {
                remarks.push(format!("Captions {}", noted.captions.join(", ")));
            }
        }
        if !noted.repeated_to.is_empty() {
            if is_message {
                entry.insert("info".to_owned(), json!(noted.repeated_to));
            } else {
                remarks.push(format!("Repeated to {}", noted.repeated_to.join(", ")));
            }
        }
        if let Some(sentence) = &noted.unread_info {
            let what = "the source note says that somebody got the document for information, and not in a way that is read: \
                        it stays in the note, and `info` has nobody of it";
            taking.count(self.line, what);
            // It is in the note already, unless it goes on about where the document is kept.
            let is_kept = noted.rest.contains(sentence);
            remarks.extend((!is_kept).then(|| sentence.clone()));
        }
        for what in said.form_doubt.iter().chain(&noted.told) {
            taking.count(self.line, what);
        }
        if !noted.also_sent_to.is_empty() {
            remarks.push(format!("Also sent to {}", noted.also_sent_to.join(", ")));
        }
        if let Some(reference) = said.reference.clone().filter(|_| is_message) {
            entry.insert("reference".to_owned(), reference.into());
        }
    }

    /// Marks the entry as the document is, where the log has that level; it is remarked in any case.
    fn marking(
        &self,
        noted: &SourceNote,
        entry: &mut Map<String, Value>,
        remarks: &mut Vec<String>,
        given: &Given<'_>,
        taking: &mut Taking,
    ) {
        let Some(marking) = &noted.marking else { return };
        let is_none = marking.starts_with("No ");
        if let Some(level) = given.marking(marking) {
            entry.insert("marking".to_owned(), level.into());
        } else if !is_none && !given.has_constant("marking") {
            let what = format!(
                "the document is marked `{marking}`, which is no level of the log's scheme, and that is remarked alone; \
                 `tables.markings` of a mapping says which level it is"
            );
            taking.count(self.line, &what);
        }
        remarks.push(if is_none { marking.clone() } else { format!("Marked {marking}") });
    }

    pub(super) fn sources(&self, id: &str, volume: &Volume, archive: &str, entry: &mut Map<String, Value>) {
        let title = spaced(&volume.title);
        let volume_id = volume.id.as_deref().unwrap_or("FRUS");
        let number = self.number.as_deref().map(|number| format!(", Document {number}")).unwrap_or_default();
        let title = if title.is_empty() { "Foreign Relations of the United States" } else { title.as_str() };
        let mut sources = vec![json!({ "locator": format!("{title}{number} ({volume_id}#{id})") })];
        if !archive.is_empty() {
            sources.push(json!({ "locator": archive }));
        }
        entry.insert("source".to_owned(), sources.into());
    }

    /// Links the document to others of the volume that it refers to; references to elsewhere are remarked.
    pub(super) fn linked(
        &self,
        ids: &HashSet<String>,
        volume: &Volume,
        entry: &mut Map<String, Value>,
        remarks: &mut Vec<String>,
    ) {
        let mut links: Vec<String> = Vec::new();
        let mut elsewhere: Vec<&str> = Vec::new();
        for target in &self.references {
            // A volume may name itself; and a footnote of a document stands for the document: d265fn3.
            let within = target.strip_prefix(volume.id.as_deref().unwrap_or_default()).unwrap_or(target);
            let document = within.strip_prefix('#').map(|id| id.split("fn").next().unwrap_or(id));
            match document {
                Some(id) if Some(id) == self.id.as_deref() => {}
                Some(id) if ids.contains(id) => {
                    if !links.iter().any(|known| known == id) {
                        links.push(id.to_owned());
                    }
                }
                Some(_) | None => {
                    if !elsewhere.contains(&target.as_str()) {
                        elsewhere.push(target);
                    }
                }
            }
        }
        // An entry bears on so many things at most; beyond, they are named.
        let named = links.split_off(links.len().min(8));
        elsewhere.extend(named.iter().map(String::as_str));
        if !links.is_empty() {
            let links: Vec<Value> =
                links.iter().map(|id| json!({ "relation": "concerns", "target": id })).collect();
            entry.insert("links".to_owned(), links.into());
        }
        if !elsewhere.is_empty() {
            remarks.push(format!("Refers to {}", elsewhere.join(", ")));
        }
    }
}
