//! One document of a volume, and the entry that is made of it.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::desk::import::drafted::Drafted;
use crate::desk::import::fitting::cut;
use crate::desk::import::given::Given;
use crate::desk::import::markup::Element;
use crate::desk::import::taking::Taking;
use crate::desk::import::tei::dates::DateOf;
use crate::desk::import::tei::participants::{Participant, TookPart};
use crate::desk::import::tei::push;
use crate::desk::import::tei::said::Said;
use crate::desk::import::tei::words::{CONVERSATION, paragraphs, spaced, title};
use crate::domain::fact::Kind;

/// How many bytes of a text, as JSON has it, go into an entry: the rest of its 65,535 is for what else it says.
const TEXT_BYTES_MAX: usize = 40_000;
/// As what `tables.kinds` knows the record of a conversation by telephone.
const TELEPHONE_CONVERSATION: &str = "telephone_conversation";
/// How many bytes of footnotes and remarks do.
const NOTE_BYTES_MAX: usize = 12_000;

/// What is known of the volume.
#[derive(Debug, Clone, Default)]
pub(super) struct Volume {
    pub(super) id: Option<String>,
    pub(super) title: String,
}

/// A footnote.
#[derive(Debug, Clone, Default)]
struct Footnote {
    number: String,
    text: String,
    is_of_heading: bool,
}

/// A document while it is read.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    pub(super) line: u64,
    pub(super) span: (u64, u64),
    pub(super) id: Option<String>,
    pub(super) number: Option<String>,
    subtype: Option<String>,
    language: Option<String>,
    /// The earliest and the latest that the editors give.
    pub(super) between: (Option<String>, Option<String>),
    pub(super) head: String,
    pub(super) from: Vec<Correspondent>,
    pub(super) to: Vec<Correspondent>,
    /// From whom and to whom it is, as lists below the heading say.
    pub(super) listed: (Vec<Correspondent>, Vec<Correspondent>),
    pub(super) source_note: String,
    /// Whether the source note stands above the heading, as the number of a file.
    pub(super) is_above: bool,
    pub(super) dateline: String,
    pub(super) place: String,
    pub(super) date_words: String,
    pub(super) date: Option<DateOf>,
    pub(super) subject: String,
    pub(super) participants: Vec<Participant>,
    /// The table of those who took part, where one stands in the text.
    pub(super) took_part: TookPart,
    pub(super) signed: String,
    pub(super) body: String,
    notes: Vec<Footnote>,
    pub(super) references: Vec<String>,
    pub(super) left_out: u64,
    /// So many words, or more, the volume says that it leaves out.
    pub(super) gaps: u64,
}

/// Whoever the document is from, or goes to.
#[derive(Debug, Clone, Default)]
pub(super) struct Correspondent {
    pub(super) name: String,
    /// The volume marks the name as that of a person.
    pub(super) is_person: bool,
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

    pub(super) fn begin_note(&mut self, number: Option<&str>, is_of_heading: bool) {
        let number = number.map_or_else(|| (self.notes.len() + 1).to_string(), ToOwned::to_owned);
        self.notes.push(Footnote { number, text: String::new(), is_of_heading });
    }

    pub(super) fn note(&mut self, text: &str) {
        if let Some(note) = self.notes.last_mut() {
            push(&mut note.text, text, &mut self.left_out);
        }
    }

    /// Ends a footnote, and returns the mark that stands in the text for it.
    pub(super) fn end_note(&mut self) -> String {
        self.notes.last().map(|note| format!("[{}]", note.number)).unwrap_or_default()
    }

    /// Returns the footnotes of its heading.
    pub(super) fn notes_of_heading(&self) -> impl Iterator<Item = &str> {
        self.notes.iter().filter(|note| note.is_of_heading).map(|note| note.text.as_str())
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
        if let Some(because) = no_document(self.subtype.as_deref(), title) {
            return Err(because);
        }
        let mut drafted = Drafted::at(self.line, self.span);
        let Some(id) = &self.id else {
            drafted.wrong(Some("xml:id"), "the document has no id, by which it would be known again");
            return Ok(drafted);
        };
        drafted.key = Some(id.clone());
        let mut entry = given.constants();
        let said = self.said(title);
        let kind = self.kind(title, &said, given, taking, &mut drafted);
        entry.insert("kind".to_owned(), json!(kind));
        entry.insert("form".to_owned(), said.form.into());
        self.dates(&mut entry, taking, &mut drafted);
        self.parties(kind, said.form == CONVERSATION, &mut entry, given, taking, &mut drafted);
        let subject = spaced(&self.subject);
        let summary = match (title, subject.as_str()) {
            ("", "") => {
                drafted.doubt("the document has no heading");
                format!("Document {id}")
            }
            (title, "") => title.to_owned(),
            ("", subject) => subject.to_owned(),
            (title, subject) => format!("{title}: {subject}"),
        };
        entry.insert("summary".to_owned(), summary.into());
        let mut remarks = Vec::new();
        self.message(kind, &said, &mut entry, &mut remarks, given, taking);
        self.sources(id, volume, &said.noted.archive, &mut entry);
        self.linked(ids, volume, &mut entry, &mut remarks);
        remarks.extend(said.noted.rest);
        if self.gaps > 0 {
            taking.count(
                self.line,
                "the text has gaps, which stand in it as `[gap]`, with what the volume says of them",
            );
        }
        self.words(&mut entry, remarks, volume, id, &mut drafted);
        drafted.entry = Some(entry.into());
        Ok(drafted)
    }

    fn kind(
        &self,
        title: &str,
        said: &Said,
        given: &Given<'_>,
        taking: &mut Taking,
        drafted: &mut Drafted,
    ) -> Kind {
        let form = if said.by_telephone { TELEPHONE_CONVERSATION } else { said.form };
        let told = given.table("kinds", form).and_then(Value::as_str);
        match told.map(str::parse::<Kind>) {
            Some(Ok(kind)) => return kind,
            Some(Err(error)) => drafted.wrong(Some("kind"), format!("tables.kinds.{form}: {error}")),
            None => {}
        }
        match (form, given.default_kind) {
            (TELEPHONE_CONVERSATION, _) => {
                let what = "the record of a conversation by telephone is recorded as `message.sent`: nobody sat together, and a call \
                            (`call.answered`) is made over a line of the log; `tables.kinds.telephone_conversation` of a \
                            mapping says otherwise";
                taking.count(self.line, what);
                Kind::MessageSent
            }
            (CONVERSATION, _) => {
                if title.starts_with("Memorandum for the Record")
                    && self.participants.is_empty()
                    && !self.took_part.is_some()
                {
                    let what = "a memorandum for the record that lists no participants is recorded as \
                                `meeting.held`; `tables.kinds.memorandum_of_conversation` of a mapping says otherwise";
                    taking.count(self.line, what);
                }
                Kind::MeetingHeld
            }
            ("other", Some(kind)) => kind,
            // What goes from one to another is a message, whatever it is called.
            ("other", None) if self.from.is_empty() || self.to.is_empty() => {
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
        is_talk: bool,
        entry: &mut Map<String, Value>,
        given: &mut Given<'_>,
        taking: &mut Taking,
        drafted: &mut Drafted,
    ) {
        let (from, to) = &self.listed;
        for (field, names, listed) in [("from", &self.from, from), ("to", &self.to, to)] {
            let names = if names.is_empty() { listed } else { names };
            let names = names.iter().map(|one| (spaced(&one.name), one.is_person));
            let names: Vec<(String, bool)> = names.filter(|(name, _)| !name.is_empty()).collect();
            let date = entry.get("date").and_then(Value::as_str).unwrap_or_default();
            for (name, _) in names.iter().filter(|(_, is_person)| !is_person) {
                given.told_of_two(name, field, date, drafted);
            }
            let code = |(name, is_person): &(String, bool)| {
                if *is_person {
                    given.person(name, field, drafted)
                } else {
                    given.party(name, field, drafted)
                }
            };
            let codes: Vec<String> = names.iter().filter_map(code).collect();
            if codes.is_empty() && names.is_empty() && kind != Kind::MeetingHeld {
                taking.count(self.line, &format!("the heading marks nobody as `{field}`"));
            }
            if !codes.is_empty() {
                entry.insert(field.to_owned(), codes.into());
            }
        }
        if kind == Kind::MeetingHeld && !entry.contains_key("from") && !entry.contains_key("to") {
            let what = "a conversation is recorded without its parties, and is found by those who took part alone; \
                        `fields.from` and `fields.to` of a mapping name them, each with a `value`";
            taking.count(self.line, what);
        }
        let signed = spaced(&self.signed);
        let speaker = if signed.is_empty() {
            self.from.first().map(|one| spaced(&one.name)).unwrap_or_default()
        } else {
            signed
        };
        if !speaker.is_empty() && !is_talk && kind != Kind::MeetingHeld {
            entry.insert("speaker".to_owned(), speaker.into());
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
        note.extend(self.notes.iter().map(|note| format!("[{}] {}", note.number, spaced(&note.text))));
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

/// Returns why a division that is called a document is none, by its subtype and its title.
pub(super) fn no_document(subtype: Option<&str>, title: &str) -> Option<&'static str> {
    match subtype {
        Some("editorial-note") => Some("an editorial note is no document"),
        Some("index") => Some("an index is no document"),
        Some(subtype) if subtype.starts_with("errata") => Some("a number that was not used is no document"),
        _ => ["Editorial Note", "Editor’s Note", "Editor's Note"]
            .iter()
            .any(|words| title.starts_with(words))
            .then_some("an editorial note is no document"),
    }
}
