//! One document of a volume, and the entry that is made of it.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::desk::import::drafted::Drafted;
use crate::desk::import::fitting::cut;
use crate::desk::import::given::Given;
use crate::desk::import::markup::Element;
use crate::desk::import::taking::Taking;
use crate::desk::import::tei::dates::DateOf;
use crate::desk::import::tei::words::{form, paragraphs, spaced, title};
use crate::desk::import::tei::{push, source_note};
use crate::domain::fact::Kind;

/// How many bytes of a text, as JSON has it, go into an entry: the rest of its 65,535 is for what else it says.
const TEXT_BYTES_MAX: usize = 40_000;
/// How many bytes of footnotes and remarks do.
const NOTE_BYTES_MAX: usize = 12_000;

/// What is known of the volume.
#[derive(Debug, Clone, Default)]
pub(super) struct Volume {
    pub(super) id: Option<String>,
    pub(super) title: String,
}

/// A document while it is read.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    pub(super) line: u64,
    pub(super) span: (u64, u64),
    id: Option<String>,
    number: Option<String>,
    subtype: Option<String>,
    language: Option<String>,
    /// The earliest and the latest that the editors give.
    pub(super) between: (Option<String>, Option<String>),
    pub(super) head: String,
    pub(super) from: Vec<String>,
    pub(super) to: Vec<String>,
    pub(super) source_note: String,
    pub(super) dateline: String,
    pub(super) place: String,
    pub(super) date_words: String,
    pub(super) date: Option<DateOf>,
    pub(super) subject: String,
    pub(super) participants: Vec<String>,
    pub(super) signed: String,
    pub(super) body: String,
    notes: Vec<(String, String)>,
    pub(super) references: Vec<String>,
    pub(super) left_out: u64,
}

impl Document {
    pub(super) fn begin(element: &Element, line: u64, place: u64) -> Self {
        let get = |name: &str| element.get(name).map(ToOwned::to_owned);
        Self {
            line,
            span: (place, place),
            id: get("xml:id"),
            number: get("n"),
            subtype: get("subtype"),
            language: get("xml:lang"),
            between: (get("frus:doc-dateTime-min"), get("frus:doc-dateTime-max")),
            ..Self::default()
        }
    }

    pub(super) fn begin_note(&mut self, number: Option<&str>) {
        let number = number.map_or_else(|| (self.notes.len() + 1).to_string(), ToOwned::to_owned);
        self.notes.push((number, String::new()));
    }

    pub(super) fn note(&mut self, text: &str) {
        if let Some((_, note)) = self.notes.last_mut() {
            push(note, text, &mut self.left_out);
        }
    }

    /// Ends a footnote, and returns the mark that stands in the text for it.
    pub(super) fn end_note(&mut self) -> String {
        self.notes.last().map(|(number, _)| format!("[{number}]")).unwrap_or_default()
    }

    /// Returns the entry, or why the document is none.
    pub(super) fn drafted(
        &self,
        volume: &Volume,
        ids: &HashSet<String>,
        given: &mut Given<'_>,
        taking: &mut Taking,
    ) -> Result<Drafted, &'static str> {
        let head = spaced(&self.head);
        let title = title(&head);
        if is_editorial(self.subtype.as_deref(), title) {
            return Err("an editorial note is no document");
        }
        let mut drafted = Drafted::at(self.line, self.span);
        let Some(id) = &self.id else {
            drafted.wrong(Some("xml:id"), "the document has no id, by which it would be known again");
            return Ok(drafted);
        };
        drafted.key = Some(id.clone());
        let mut entry = given.constants();
        let kind = self.kind(title, given, taking, &mut drafted);
        let noted = source_note::read(&self.source_note);
        entry.insert("kind".to_owned(), json!(kind));
        entry.insert("form".to_owned(), form(title).into());
        self.dates(&mut entry, taking, &mut drafted);
        self.parties(kind, &mut entry, given, taking, &mut drafted);
        let subject = spaced(&self.subject);
        let summary = if subject.is_empty() { title.to_owned() } else { format!("{title}: {subject}") };
        entry.insert("summary".to_owned(), summary.into());
        let mut remarks = Vec::new();
        self.message(kind, &noted, &mut entry, &mut remarks, given);
        self.sources(id, volume, &noted.archive, &mut entry);
        self.linked(ids, volume, &mut entry, &mut remarks);
        remarks.extend(noted.rest.iter().cloned());
        self.words(&mut entry, remarks, volume, id, &mut drafted);
        drafted.entry = Some(entry.into());
        Ok(drafted)
    }

    fn kind(&self, title: &str, given: &Given<'_>, taking: &mut Taking, drafted: &mut Drafted) -> Kind {
        let form = form(title);
        let told = given.table("kinds", form).and_then(Value::as_str);
        match told.map(str::parse::<Kind>) {
            Some(Ok(kind)) => return kind,
            Some(Err(error)) => drafted.wrong(Some("kind"), format!("tables.kinds.{form}: {error}")),
            None => {}
        }
        match (form, given.default_kind) {
            ("memorandum_of_conversation", _) => Kind::MeetingHeld,
            ("other", Some(kind)) => kind,
            ("other", None) => {
                let what = "the heading names no form that is known, and the document is recorded as `message.sent`; \
                            `--default-kind`, or `tables.kinds.other` of a mapping, says otherwise";
                taking.count(self.line, what);
                Kind::MessageSent
            }
            _ => Kind::MessageSent,
        }
    }

    fn parties(
        &self,
        kind: Kind,
        entry: &mut Map<String, Value>,
        given: &mut Given<'_>,
        taking: &mut Taking,
        drafted: &mut Drafted,
    ) {
        for (field, names) in [("from", &self.from), ("to", &self.to)] {
            let names: Vec<String> =
                names.iter().map(|name| spaced(name)).filter(|name| !name.is_empty()).collect();
            let codes: Vec<String> =
                names.iter().filter_map(|name| given.party(name, field, drafted)).collect();
            if codes.is_empty() && names.is_empty() && kind != Kind::MeetingHeld {
                taking.count(self.line, &format!("the heading marks nobody as `{field}`"));
            }
            if !codes.is_empty() {
                entry.insert(field.to_owned(), codes.into());
            }
        }
        let signed = spaced(&self.signed);
        let speaker = if signed.is_empty() {
            self.from.first().map(|name| spaced(name)).unwrap_or_default()
        } else {
            signed
        };
        if !speaker.is_empty() && kind != Kind::MeetingHeld {
            entry.insert("speaker".to_owned(), speaker.into());
        }
    }

    /// Adds what only messages say, and meetings; of the others it is remarked.
    fn message(
        &self,
        kind: Kind,
        noted: &source_note::SourceNote,
        entry: &mut Map<String, Value>,
        remarks: &mut Vec<String>,
        given: &Given<'_>,
    ) {
        let is_message = kind.family() == "message";
        let dateline = spaced(&self.dateline);
        let place = spaced(&self.place);
        if kind.family() == "meeting" {
            if !place.is_empty() {
                entry.insert("place".to_owned(), place.into());
            }
            let heads: Vec<String> =
                self.participants.iter().map(|name| spaced(name)).filter(|name| !name.is_empty()).collect();
            if !heads.is_empty() {
                entry.insert("heads".to_owned(), heads.into());
            }
        }
        if !dateline.is_empty() {
            remarks.push(format!("Dated {}", dateline.trim_end_matches('.')));
        }
        if let Some(marking) = &noted.marking {
            if let Some(level) = given.marking(marking) {
                entry.insert("marking".to_owned(), level.into());
            }
            remarks.push(format!("Marked {marking}"));
        }
        if let Some(precedence) = noted.precedence {
            if is_message {
                entry.insert("precedence".to_owned(), json!(precedence));
            } else {
                remarks.push(format!("Precedence {}", precedence.as_str()));
            }
        }
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
        if !noted.also_sent_to.is_empty() {
            remarks.push(format!("Also sent to {}", noted.also_sent_to.join(", ")));
        }
        let reference = self.reference();
        if let Some(reference) = reference.filter(|_| is_message) {
            entry.insert("reference".to_owned(), reference.into());
        }
    }

    /// Returns the number of a telegram, with which its first paragraph begins.
    fn reference(&self) -> Option<String> {
        let start = self.body.trim_start();
        let digits: String = start.chars().take_while(char::is_ascii_digit).collect();
        let rest = start.get(digits.len()..)?;
        (digits.len() >= 2 && rest.starts_with('.')).then_some(digits)
    }

    fn sources(&self, id: &str, volume: &Volume, archive: &str, entry: &mut Map<String, Value>) {
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
    fn linked(
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

    fn words(
        &self,
        entry: &mut Map<String, Value>,
        remarks: Vec<String>,
        volume: &Volume,
        id: &str,
        drafted: &mut Drafted,
    ) {
        let place = format!("{}#{id}", volume.id.as_deref().unwrap_or("the volume"));
        let body = paragraphs(&self.body);
        let (text, left_out) = cut(&body, TEXT_BYTES_MAX);
        let left_out = left_out as u64 + self.left_out;
        if left_out > 0 {
            drafted.doubt(format!("the text is longer than an entry holds: the last {left_out} bytes are left out, and stand in {place}"));
        }
        if text.is_empty() {
            drafted.doubt("the document has no text");
        } else {
            let language = self.language.clone().unwrap_or_else(|| "en".to_owned());
            entry.insert("texts".to_owned(), json!([{ "language": language, "text": text }]));
        }
        let mut note: Vec<String> = remarks.into_iter().map(|remark| remark + ".").collect();
        note.extend(self.notes.iter().map(|(number, text)| format!("[{number}] {}", spaced(text))));
        let note = note.join("\n");
        let (note, left_out) = cut(&note, NOTE_BYTES_MAX);
        if left_out > 0 {
            drafted.doubt(format!("the footnotes are longer than an entry holds: {left_out} bytes of them are left out, and stand in {place}"));
        }
        if !note.is_empty() {
            entry.insert("note".to_owned(), note.into());
        }
    }
}

/// Tells whether a document is a note of the editors.
pub(super) fn is_editorial(subtype: Option<&str>, title: &str) -> bool {
    subtype == Some("editorial-note")
        || ["Editorial Note", "Editor’s Note", "Editor's Note"].iter().any(|words| title.starts_with(words))
}
