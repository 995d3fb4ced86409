//! Volumes of *Foreign Relations of the United States* in TEI: every document is an entry.

mod dates;
mod document;
mod ids;
mod lead;
mod participants;
mod root;
mod said;
mod source_note;
mod words;

use std::io::{Read, Seek, SeekFrom};

use crate::desk::error::{DeskError, Fault};
use crate::desk::import::csv::unread;
use crate::desk::import::given::Given;
use crate::desk::import::markup::{Element, Markup, Piece};
use crate::desk::import::taking::Taking;
use crate::desk::import::tei::document::{Correspondent, Document, Volume};
use crate::desk::import::tei::participants::Participant;
use crate::desk::import::tei::root::{TEI, letters, of_another};

/// How many bytes of one part of a document are kept; what is beyond is counted.
const PART_BYTES_MAX: usize = 4 << 20;

/// Drafts an entry of every document of a volume.
pub(super) fn draft(
    mut file: impl Read + Seek,
    mut given: Given<'_>,
    taking: &mut Taking,
) -> Result<(), DeskError> {
    letters(&mut file)?;
    let ids = ids::of(&mut file)?;
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    let mut reading =
        Reading { volume: Volume::default(), frames: Vec::new(), documents: Vec::new(), count: 0 };
    let mut markup = Markup::new(file);
    let mut is_root = true;
    loop {
        let (line, place) = (markup.line(), markup.place());
        match markup.next()? {
            Piece::Open(element) => {
                if std::mem::take(&mut is_root)
                    && let Some(fault) = of_another(&element, line)
                {
                    taking.doubt(fault);
                }
                reading.open(&element, line, place);
            }
            // Where a file breaks its lines says nothing; where a paragraph ends is put in below.
            Piece::Text(text) => reading.text(&text.replace(['\n', '\r', '\t'], " ")),
            Piece::Close => {
                let Some(mut document) = reading.close() else { continue };
                document.span.1 = markup.place();
                reading.count += 1;
                match document.drafted(&reading.volume, &ids, &mut given, taking) {
                    Ok(drafted) => taking.take(drafted)?,
                    Err(because) => taking.skip(document.line, because),
                }
            }
            Piece::End => break,
        }
    }
    if reading.count == 0 {
        taking
            .wrong(Fault::new("the file has no document: no `div` of the type `document`, as FRUS has them"));
    }
    let id = reading.volume.id.as_deref().unwrap_or("rejects");
    taking.frame.before = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<TEI xmlns=\"{TEI}\" xmlns:frus=\"http://history.state.gov/frus/ns/1.0\" xmlns:xi=\"http://www.w3.org/2001/XInclude\" xml:id=\"{}\"><text><body>\n",
        escaped(id)
    );
    "\n</body></text></TEI>\n".clone_into(&mut taking.frame.after);
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn is_document(element: &Element) -> bool {
    element.name == "div" && element.get("type") == Some("document")
}

/// What stands between two cells of a table.
const CELL_END: &str = " | ";

/// What an element is to the document in which it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Document,
    Head,
    From,
    To,
    SourceNote,
    Note,
    Dateline,
    Place,
    Date,
    Subject,
    Participant,
    /// The label of a list of those who took part.
    Side,
    /// What is emphasised of an item of such a list.
    Emphasis,
    /// A list of those from whom the document is, and one of them.
    Senders,
    ListedFrom,
    /// A list of those to whom it goes, and one of them.
    Addressees,
    ListedTo,
    Signed,
    /// What goes with the document: its text is of it, its date and its hand are its own.
    Attachment,
    /// What stands in one place in two spellings.
    Choice,
    /// A cell of a table; the first of a row, or another.
    Cell,
    /// What stands before an item: `1.`.
    Label,
    /// A paragraph, an item: a line of its own.
    Block,
    /// Nothing by itself: what is in it belongs to what it is in.
    Inline,
    /// As [`Role::Inline`], and not plainly what was written: with what follows it to say so.
    Marked(&'static str),
    VolumeTitle,
    /// Its text is not the document's: a heading of a list, an index.
    Aside,
}

struct Reading {
    volume: Volume,
    frames: Vec<Role>,
    documents: Vec<Document>,
    count: u64,
}

impl Reading {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other elements begin nothing of their own")]
    fn open(&mut self, element: &Element, line: u64, place: u64) {
        if element.name == "TEI" && self.volume.id.is_none() {
            self.volume.id = element.get("xml:id").map(ToOwned::to_owned);
        }
        let mut role = self.role(element);
        if role == Role::Document {
            self.documents.push(Document::begin(element, line, place));
        }
        if let (Role::Inline, Some((before, after))) = (role, marks(&element.name)) {
            self.text(before);
            role = Role::Marked(after);
        }
        if element.name == "gap" && role == Role::Inline {
            self.text(&gap(element));
            self.documents.last_mut().into_iter().for_each(|document| document.gaps += 1);
        }
        let in_note = self.frames.iter().any(|frame| matches!(frame, Role::Note | Role::SourceNote));
        if let Some(document) = self.documents.last_mut() {
            match role {
                // A list that stands within a paragraph begins a line.
                // What follows a label is on its line.
                Role::Block if element.name == "item" => {}
                Role::Block | Role::Attachment | Role::Label | Role::Senders | Role::Addressees
                    if !in_note =>
                {
                    self.text("\n");
                }
                Role::Note => document.begin_note(element.get("n"), self.frames.contains(&Role::Head)),
                Role::SourceNote if element.get("rend") == Some("inline") => document.is_above = true,
                Role::Date => document.date_of(element),
                Role::From => document.from.push(Correspondent::default()),
                Role::To => document.to.push(Correspondent::default()),
                Role::Participant | Role::Side => {
                    document.participants.push(Participant::begin());
                }
                // Whoever is listed within an item is of the side that it names.
                Role::Aside if element.name == "list" && self.frames.last() == Some(&Role::Participant) => {
                    document
                        .participants
                        .last_mut()
                        .into_iter()
                        .for_each(|side| side.is_side = side.may_be_side());
                }
                Role::ListedFrom => document.listed.0.push(Correspondent::default()),
                Role::ListedTo => document.listed.1.push(Correspondent::default()),
                // Two hands under one paper.
                Role::Signed if !document.signed.is_empty() => document.signed.push_str("; "),
                _ => {}
            }
        }
        if let Some(document) = self.documents.last_mut() {
            if !in_note {
                document.took_part.open(element);
            }
            if element.name == "ref" {
                document.references.extend(element.get("target").map(ToOwned::to_owned));
            }
            if element.name == "lb" && !in_note {
                self.text("\n");
            }
        }
        self.frames.push(role);
        if element.name == "persName" {
            self.person();
        }
    }

    /// Notes that whoever is being named is a person.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other elements name no correspondent")]
    fn person(&mut self) {
        let Some(document) = self.documents.last_mut() else { return };
        for role in self.frames.iter().rev() {
            let named = match role {
                Role::From => document.from.last_mut(),
                Role::To => document.to.last_mut(),
                Role::ListedFrom => document.listed.0.last_mut(),
                Role::ListedTo => document.listed.1.last_mut(),
                // Whoever a note names is nobody whom it is from or goes to.
                Role::Note | Role::SourceNote => return,
                _ => continue,
            };
            return named.into_iter().for_each(|one| one.is_person = true);
        }
    }

    fn role(&self, element: &Element) -> Role {
        let within = |role: Role| self.frames.contains(&role);
        let kind = element.get("type").unwrap_or_default();
        if is_document(element) {
            return Role::Document;
        }
        if self.documents.is_empty() {
            let is_title = element.name == "title" && matches!(kind, "complete" | "");
            return if is_title && self.volume.title.is_empty() { Role::VolumeTitle } else { Role::Aside };
        }
        let in_note = within(Role::Note) || within(Role::SourceNote);
        let last = self.frames.last().copied().unwrap_or(Role::Aside);
        let attached = within(Role::Attachment);
        let document = self.documents.last();
        match element.name.as_str() {
            "choice" => Role::Choice,
            "sic" | "orig" | "abbr" if last == Role::Choice => Role::Aside,
            // Remarks of the editors within the text.
            "note" if element.get("rend") == Some("inline") && kind != "source" => Role::Inline,
            "note" if kind == "source" && !attached => Role::SourceNote,
            "note" if !in_note => Role::Note,
            _ if in_note => {
                if element.name == "p" {
                    Role::Block
                } else {
                    Role::Inline
                }
            }
            "attachment" => Role::Attachment,
            "cell" => Role::Cell,
            "label" if !within(Role::Subject) && last != Role::Aside => Role::Label,
            _ if attached => block_or_inline(&element.name),
            "head" if last == Role::Document => Role::Head,
            // The heading of a list within an item is the side of those in it.
            "head" if last == Role::Aside && within(Role::Participant) => Role::Side,
            "head" if within(Role::Subject) || within(Role::Participant) => Role::Aside,
            "label" if within(Role::Subject) => Role::Aside,
            "persName" | "gloss" | "orgName" if within(Role::Head) && kind == "from" => Role::From,
            "persName" | "gloss" | "orgName" if within(Role::Head) && kind == "to" => Role::To,
            "dateline" => Role::Dateline,
            // Of two the first is of the document: the other tells when it was received, or copied.
            "placeName" if within(Role::Dateline) && document.is_some_and(|it| it.place.is_empty()) => {
                Role::Place
            }
            // When it came in says nothing of when it was written.
            "date" if kind == "received-date" => Role::Inline,
            "date" if within(Role::Dateline) && document.is_some_and(|it| !it.has_date()) => Role::Date,
            "list" if kind == "subject" => Role::Subject,
            "list" if kind == "from" => Role::Senders,
            "list" if kind == "to" => Role::Addressees,
            "item" if last == Role::Senders => Role::ListedFrom,
            "item" if last == Role::Addressees => Role::ListedTo,
            "item" if within(Role::Subject) => Role::Block,
            "list" if kind == "participants" || within(Role::Participant) => Role::Aside,
            "item" if last == Role::Aside => Role::Participant,
            "label" if last == Role::Aside => Role::Side,
            "hi" if last == Role::Participant => Role::Emphasis,
            "signed" => Role::Signed,
            other => block_or_inline(other),
        }
    }

    fn text(&mut self, text: &str) {
        let Some(document) = self.documents.last_mut() else {
            if self.frames.last() == Some(&Role::VolumeTitle) && self.volume.title.len() < 1_000 {
                self.volume.title.push_str(text);
            }
            return;
        };
        let mut is_emphasised = false;
        for role in self.frames.iter().rev() {
            match role {
                Role::Emphasis => is_emphasised = true,
                Role::Cell => document.took_part.text(text),
                Role::Inline
                | Role::Marked(_)
                | Role::Block
                | Role::Attachment
                | Role::Choice
                | Role::Label
                | Role::Senders
                | Role::Addressees => {}
                Role::ListedFrom => {
                    document.listed.0.last_mut().into_iter().for_each(|one| one.name.push_str(text));
                }
                Role::ListedTo => {
                    document.listed.1.last_mut().into_iter().for_each(|one| one.name.push_str(text));
                }
                Role::From => document.from.last_mut().into_iter().for_each(|one| one.name.push_str(text)),
                Role::To => document.to.last_mut().into_iter().for_each(|one| one.name.push_str(text)),
                Role::Place => document.place.push_str(text),
                Role::Date => document.date_words.push_str(text),
                Role::Signed => document.signed.push_str(text),
                Role::Head => return document.head.push_str(text),
                Role::SourceNote => return push(&mut document.source_note, text, &mut document.left_out),
                Role::Note => return document.note(text),
                Role::Dateline => return document.dateline.push_str(text),
                Role::Subject => return document.subject.push_str(text),
                Role::Participant | Role::Side => {
                    let Some(participant) = document.participants.last_mut() else { return };
                    participant.name.push_str(text);
                    let is_word = text.contains(char::is_alphanumeric);
                    participant.is_side &= *role == Role::Side || is_emphasised || !is_word;
                    return;
                }
                Role::Aside | Role::VolumeTitle => return,
                Role::Document => return push(&mut document.body, text, &mut document.left_out),
            }
        }
    }

    /// Ends an element; returns the document that ends with it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other elements end nothing of their own")]
    fn close(&mut self) -> Option<Document> {
        let role = self.frames.pop()?;
        match role {
            Role::Block | Role::Participant | Role::Attachment | Role::ListedFrom | Role::ListedTo => {
                self.text("\n");
            }
            Role::Label => self.text(" "),
            Role::Cell => self.text(CELL_END),
            Role::Marked(after) => self.text(after),
            // Whoever stands behind a list within an item is of no side of that.
            Role::Aside if self.frames.last() == Some(&Role::Participant) => {
                self.documents.last_mut()?.participants.push(Participant::of_none());
            }
            Role::Note => {
                let document = self.documents.last_mut()?;
                let mark = document.end_note();
                let is_text = !self.frames.iter().any(|role| {
                    matches!(
                        role,
                        Role::Head
                            | Role::Dateline
                            | Role::Subject
                            | Role::Participant
                            | Role::Side
                            | Role::Signed
                    )
                });
                if is_text {
                    self.text(&mark);
                }
            }
            Role::Document => return self.documents.pop(),
            _ => {}
        }
        None
    }
}

/// Returns what stands before and after words that are not plainly those of the document, so that nobody takes them
/// for such.
fn marks(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "supplied" => Some(("[", "]")),
        "unclear" => Some(("", "[?]")),
        "del" => Some(("[deleted: ", "]")),
        _ => None,
    }
}

/// Returns what stands for words that the volume leaves out: `[gap: 3 lines, declassify]`.
fn gap(element: &Element) -> String {
    let counted =
        element.get("quantity").map(|count| [count, element.get("unit").unwrap_or_default()].join(" "));
    let extent = element.get("extent").map(ToOwned::to_owned).or(counted);
    let told = [extent.as_deref(), element.get("reason")].into_iter().flatten().map(str::trim);
    let told: Vec<&str> = told.filter(|word| !word.is_empty()).collect();
    if told.is_empty() { "[gap]".to_owned() } else { format!("[gap: {}]", told.join(", ")) }
}

/// Tells whether an element that is nothing by itself takes a line of its own.
fn block_or_inline(name: &str) -> Role {
    match name {
        "p" | "item" | "label" | "head" | "row" | "ab" | "list" | "table" | "closer" | "div"
        | "postscript" | "dateline" | "signed" | "quote" | "salute" | "opener" | "seg" => Role::Block,
        _ => Role::Inline,
    }
}

fn push(into: &mut String, text: &str, left_out: &mut u64) {
    if into.len() + text.len() <= PART_BYTES_MAX {
        into.push_str(text);
    } else {
        *left_out += text.len() as u64;
    }
}

#[cfg(test)]
mod tests;
