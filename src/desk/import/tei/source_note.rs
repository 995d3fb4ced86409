//! What the source note of a FRUS document says of it: the archive, the marking, the precedence, the captions, who
//! got it for information, who drafted it.

use crate::desk::import::tei::words::form;
use crate::domain::fact::communication::Precedence;

/// Markings as they stand at the beginning of a sentence of a source note, the longest first.
pub(super) const MARKINGS: &[&str] = &[
    "Cosmic Top Secret",
    "Top Secret",
    "Secret",
    "Confidential",
    "Administratively Confidential",
    "Limited Official Use",
    "Official Use Only",
    "Unclassified",
    "Restricted",
    "No classification marking",
];

/// What a source note says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SourceNote {
    /// Where the document is kept.
    pub(super) archive: String,
    /// How it is marked: `Top Secret`.
    pub(super) marking: Option<String>,
    /// The highest that it names.
    pub(super) precedence: Option<Precedence>,
    /// How urgent it was, in the words that stand there: `Priority`, `Niact`.
    pub(super) urgency: Vec<String>,
    /// `Nodis`, `Exdis`, `Cactus`.
    pub(super) captions: Vec<String>,
    /// Who got it for information: `Tokyo`.
    pub(super) repeated_to: Vec<String>,
    /// To whom it went as well.
    pub(super) also_sent_to: Vec<String>,
    /// It says that somebody got it for information, and not in a way that is read.
    pub(super) unread_info: Option<String>,
    /// What is to be told of how it was read.
    pub(super) told: Vec<&'static str>,
    /// Everything else, as it stands.
    pub(super) rest: Vec<String>,
}

/// Reads what stands above the heading of a document of an older volume: the number of its file, with its form
/// perhaps (`740.1/4–2249: Telegram`), or a remark of the editors in brackets.
pub(super) fn above(note: &str) -> (SourceNote, Option<&'static str>) {
    let note = note.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut read = SourceNote::default();
    let named = note.rsplit_once(": ").map(|(_, words)| form(words)).filter(|named| *named != "other");
    if note.starts_with('[') {
        read.rest.push(note);
    } else {
        read.archive = note;
    }
    (read, named)
}

/// Reads a source note.
pub(super) fn read(note: &str) -> SourceNote {
    let note = note.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut read = SourceNote::default();
    let body = note.trim_start_matches("Source:").trim();
    for (number, sentence) in sentences(body).into_iter().enumerate() {
        let (marking, told) = (marking_of(&sentence), read.told.len());
        if let (Some(marking), None) = (marking, &read.marking) {
            read.marked(marking, &sentence);
        } else if read.addressed(&sentence) {
            // Who got it is taken out of the sentence, which stays where that is not all that it says.
            read.rest.extend((read.told.len() > told).then_some(sentence));
            continue;
        } else if number == 0 || (read.marking.is_none() && read.rest.is_empty() && is_archive(&sentence)) {
            let apart = if read.archive.is_empty() { "" } else { ". " };
            read.archive = format!("{}{apart}{sentence}", read.archive);
        } else {
            read.rest.push(sentence.clone());
        }
        read.repeated_within(&sentence);
    }
    read
}

/// Returns the marking with which a sentence begins: `Secret; Immediate`.
fn marking_of(sentence: &str) -> Option<&'static str> {
    MARKINGS.iter().copied().find(|marking| {
        sentence
            .strip_prefix(marking)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([';', ',', '.']))
    })
}

/// Tells whether a sentence goes on with where a document is kept: `Part A (beginning February)`.
fn is_archive(sentence: &str) -> bool {
    ["Part ", "Box ", "Vol", "Central ", "RG ", "POL ", "Folder"]
        .iter()
        .any(|word| sentence.starts_with(word))
}

/// How a sentence begins that says who got a telegram for information: then the precedence, perhaps, and `to`.
const REPEATED: &[&str] = &[
    "Repeated for information ",
    "Repeated info ",
    "Repeated ",
    "Pouched ",
    "Sent for information ",
    "Also sent for information ",
];
/// How one begins that says who else was to act on it.
const SENT: &[&str] = &["Also sent ", "Sent also ", "Sent "];
/// How urgent it was for them.
const URGENCIES: &[&str] =
    &["Flash ", "Niact Immediate ", "Immediate ", "Priority ", "Routine ", "Niact ", "for action "];
/// How those begin, within a sentence that begins otherwise, who got it for information.
const WITHIN: &[&str] = &[
    "; repeated to ",
    ", repeated to ",
    "(repeated to ",
    " and repeated to ",
    " was repeated to ",
    " also repeated to ",
    " repeated for information to ",
    "; pouched to ",
    " and pouched to ",
];
/// Where within such a sentence those begin who got it for information.
const TURNS: &[&str] = &[
    " and repeated to ",
    " and repeated for information to ",
    " and for information to ",
    ", repeated to ",
    "; repeated to ",
    " and pouched to ",
];

impl SourceNote {
    /// Takes in who got the document, where a footnote of its heading says that.
    pub(super) fn footnote(&mut self, note: &str) {
        for sentence in sentences(note) {
            self.addressed(&sentence);
        }
    }

    /// Takes in who got it, where a sentence says that.
    fn addressed(&mut self, sentence: &str) -> bool {
        let after = |words: &[&str]| {
            let names = words.iter().find_map(|word| sentence.strip_prefix(word))?;
            let urgency = URGENCIES.iter().find(|urgency| names.starts_with(**urgency)).copied();
            let names = names.get(urgency.unwrap_or_default().len()..)?;
            Some((names.strip_prefix("to ")?, urgency.map(str::trim).filter(|word| *word != "for action")))
        };
        if let Some((names, _)) = after(REPEATED) {
            let names = TURNS.iter().fold(names.to_owned(), |names, turn| names.replace(turn, ", "));
            let listed = self.up_to_semicolon(&names);
            self.repeated_to.extend(listed.names.into_iter().map(|(name, _)| name));
            return true;
        }
        let Some((names, words)) = after(SENT) else { return false };
        self.urgent(words.unwrap_or_default());
        let turn = TURNS.iter().find_map(|turn| names.split_once(turn));
        let (sent, repeated) = turn.unwrap_or((names, ""));
        let (sent, repeated) = (self.up_to_semicolon(sent), self.up_to_semicolon(repeated));
        if sent.may_be_of_all {
            self.told.push(OF_THE_LAST);
        }
        for (name, is_for_information) in sent.names {
            if is_for_information { &mut self.repeated_to } else { &mut self.also_sent_to }.push(name);
        }
        self.repeated_to.extend(repeated.names.into_iter().map(|(name, _)| name));
        true
    }

    /// Returns the names of a list; what stands behind a semicolon is of no list, and stays.
    fn up_to_semicolon(&mut self, names: &str) -> Listed {
        let (names, rest) = names.split_once("; ").unwrap_or((names, ""));
        self.rest.extend((!rest.is_empty()).then(|| rest.to_owned()));
        let listed = listed(names);
        if listed.has_others {
            self.told.push(OTHERS);
        }
        listed
    }

    /// Takes in who got it for information, where a sentence that says something else says that too: `Sent via air
    /// pouch; repeated to Tokyo.`
    fn repeated_within(&mut self, sentence: &str) {
        let lower = sentence.to_ascii_lowercase();
        let found = WITHIN.iter().find_map(|words| Some(lower.find(words)? + words.len()));
        // One that begins so and is not read says it in another way: `Repeated by pouch to Tokyo`.
        let begins = REPEATED.iter().any(|words| sentence.starts_with(words)) && sentence.contains(" to ");
        let Some(start) = found else {
            if begins {
                self.unread_info.get_or_insert_with(|| sentence.to_owned());
            }
            return;
        };
        let names = sentence.get(start..).unwrap_or_default();
        let names = names.split([';', ')', ':', '“', '”']).next().unwrap_or_default();
        let listed = listed(names);
        if !listed.names.is_empty() && listed.names.iter().all(|(name, _)| is_office(name)) {
            self.repeated_to.extend(listed.names.into_iter().map(|(name, _)| name));
            if listed.has_others {
                self.told.push(OTHERS);
            }
        } else {
            self.unread_info.get_or_insert_with(|| sentence.to_owned());
        }
    }

    fn marked(&mut self, marking: &str, sentence: &str) {
        self.marking = Some(marking.to_owned());
        let rest = sentence.get(marking.len()..).unwrap_or_default();
        for words in rest.split(';') {
            let words = words.trim().trim_matches(',').trim();
            let each = || words.split(',').map(str::trim);
            if each().any(|words| urgency(words).is_some()) {
                for words in each().filter(|words| !words.is_empty()) {
                    if !self.urgent(words) {
                        self.captions.push(words.to_owned());
                    }
                }
            } else if !words.is_empty() {
                self.captions.push(words.to_owned());
            }
        }
    }

    /// Takes in how urgent it was, where words say that and nothing else; tells whether they do.
    fn urgent(&mut self, words: &str) -> bool {
        let Some(urgency) = urgency(words) else { return false };
        self.precedence = highest(self.precedence, urgency.precedence);
        self.urgency.push(words.to_owned());
        true
    }

    /// Returns how urgent it was in the words that stand there, where they say more than its precedence: several, or
    /// `Niact`, which tells when to act.
    pub(super) fn urgency_as_written(&self) -> Option<String> {
        let words = self.urgency.join("; ");
        let is_said =
            self.precedence.is_some_and(|precedence| precedence.as_str().eq_ignore_ascii_case(&words));
        (!words.is_empty() && !is_said).then_some(words)
    }
}

/// What words of urgency say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Urgency {
    /// The highest that they name; `Niact`, to be acted on by night as well, is none.
    pub(super) precedence: Option<Precedence>,
}

/// Returns what words say that are of urgency alone: `Niact Immediate`.
pub(super) fn urgency(words: &str) -> Option<Urgency> {
    let mut found = None;
    for word in words.split_whitespace() {
        let lower = word.to_lowercase();
        let precedence = lower.parse::<Precedence>().ok();
        if precedence.is_none() && !matches!(lower.as_str(), "niact" | "operational") {
            return None;
        }
        found =
            Some(Urgency { precedence: highest(found.and_then(|it: Urgency| it.precedence), precedence) });
    }
    found
}

/// Returns the higher of two: the words are listed with the most urgent first.
pub(super) fn highest(one: Option<Precedence>, other: Option<Precedence>) -> Option<Precedence> {
    one.into_iter().chain(other).min()
}

/// What stands behind whoever got it for information.
const FOR_INFORMATION: &[&str] =
    &[" for information only", " for info only", " for information", " for info"];
/// How words begin that name nobody: `other posts`.
const NOBODY: &[&str] = &["other", "others", "all", "certain", "various", "several", "many", "elsewhere"];
const OTHERS: &str = "the source note says that others got the document and does not name them: its words stay in the note, and \
                      no field has them";
const OF_THE_LAST: &str = "the source note says `for information` behind the last of several to whom the document was sent: it is \
                           taken of that one alone, and the words stay in the note";

/// Those whom a list names.
#[derive(Debug, Default)]
struct Listed {
    /// Each, and whether it says that they got it for information.
    names: Vec<(String, bool)>,
    /// It goes on with others whom it does not name.
    has_others: bool,
    /// That it was for information stands behind the last of several, of whom nothing else is said.
    may_be_of_all: bool,
}

/// Returns the names of a list: `Tokyo, London, and CINCPAC for POLAD`.
fn listed(names: &str) -> Listed {
    let mut listed = Listed::default();
    let parts = names.split(',').flat_map(|name| name.split(" and "));
    for part in parts {
        let part = part.trim();
        let part = part.strip_prefix("and ").unwrap_or(part).trim();
        let name = part.strip_prefix("to ").unwrap_or(part).trim();
        let cut = FOR_INFORMATION.iter().find_map(|words| name.strip_suffix(words));
        let name = cut.unwrap_or(name);
        if NOBODY.contains(&name.split(' ').next().unwrap_or_default()) {
            listed.has_others = true;
            continue;
        }
        if name.is_empty() {
            continue;
        }
        // `to` before it, or a purpose of whoever stands before it, parts it from those.
        let is_apart = part.starts_with("to ");
        let is_like = listed.names.last().is_some_and(|(before, of)| !of && !before.contains(" for "));
        listed.may_be_of_all = cut.is_some() && !is_apart && is_like;
        listed.names.push((name.to_owned(), cut.is_some()));
    }
    listed
}

/// Tells whether a text goes on with who got a telegram, so that a sentence has ended: `Received at 4 p.m. Repeated to`.
fn is_addressing(rest: &str) -> bool {
    REPEATED.iter().chain(SENT).any(|words| rest.starts_with(words))
}

/// Tells whether words are the name of a place or an office, and no sentence that goes on: `CINCPAC for POLAD`.
fn is_office(name: &str) -> bool {
    let small = ["for", "of", "the", "in", "at", "to", "de", "al"];
    name.starts_with(char::is_uppercase)
        && name.split_whitespace().all(|word| !word.starts_with(char::is_lowercase) || small.contains(&word))
}

/// Returns the sentences of a text: a point and a space end one, unless a short word with a capital stands before
/// it (`Vol. I`, `U.S. Navy`) or a small letter after it.
fn sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (place, _) in text.match_indices(". ") {
        let before = text.get(start..place).unwrap_or_default();
        let word = before.rsplit([' ', '(', '—']).next().unwrap_or_default();
        let after = text.get(place + 2..).and_then(|rest| rest.chars().next());
        let is_marked =
            text.get(place + 2..).is_some_and(|rest| marking_of(rest).is_some() || is_addressing(rest));
        let is_short = matches!(
            word,
            "Vol" | "No" | "Nos" | "pp" | "p" | "Mr" | "Mrs" | "Dr" | "Gen" | "Adm" | "RAdm" | "Jr" | "St"
        ) || (word.chars().count() == 1 && word.chars().all(char::is_alphabetic))
            || word.contains('.');
        if !is_marked && (is_short || after.is_some_and(char::is_lowercase)) {
            continue;
        }
        sentences.push(before.trim().to_owned());
        start = place + 2;
    }
    sentences.push(text.get(start..).unwrap_or_default().trim().trim_end_matches('.').to_owned());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

#[cfg(test)]
mod tests;
