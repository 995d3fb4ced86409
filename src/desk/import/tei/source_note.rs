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
    pub(super) precedence: Option<Precedence>,
    /// `Nodis`, `Exdis`, `Cactus`.
    pub(super) captions: Vec<String>,
    /// Who got it for information: `Tokyo`.
    pub(super) repeated_to: Vec<String>,
    /// To whom it went as well.
    pub(super) also_sent_to: Vec<String>,
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
        let marking = marking_of(&sentence);
        if let (Some(marking), None) = (marking, &read.marking) {
            read.marked(marking, &sentence);
        } else if read.addressed(&sentence) {
            // Who got it is taken out of the sentence.
        } else if number == 0 || (read.marking.is_none() && read.rest.is_empty() && is_archive(&sentence)) {
            let apart = if read.archive.is_empty() { "" } else { ". " };
            read.archive = format!("{}{apart}{sentence}", read.archive);
        } else {
            read.rest.push(sentence);
        }
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
    &["Flash ", "Niact Immediate ", "Immediate ", "Priority ", "Routine ", "for action "];
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
            Some((names.strip_prefix("to ")?, urgency.and_then(|urgency| precedence(urgency.trim()))))
        };
        if let Some((names, _)) = after(REPEATED) {
            let names = TURNS.iter().fold(names.to_owned(), |names, turn| names.replace(turn, ", "));
            self.repeated_to.extend(listed(&names));
            return true;
        }
        let Some((names, urgency)) = after(SENT) else { return false };
        self.precedence = self.precedence.or(urgency);
        let turn = TURNS.iter().find_map(|turn| names.split_once(turn));
        let (sent, repeated) = turn.unwrap_or((names, ""));
        self.also_sent_to.extend(listed(sent));
        self.repeated_to.extend(listed(repeated));
        true
    }

    fn marked(&mut self, marking: &str, sentence: &str) {
        self.marking = Some(marking.to_owned());
        let rest = sentence.get(marking.len()..).unwrap_or_default();
        for word in
            rest.split(';').map(|word| word.trim().trim_matches(',').trim()).filter(|word| !word.is_empty())
        {
            let precedence = precedence(word);
            match precedence {
                Some(precedence) => self.precedence = Some(precedence),
                None => self.captions.push(word.to_owned()),
            }
        }
    }
}

/// Returns how urgent a word says that a telegram was.
pub(super) fn precedence(word: &str) -> Option<Precedence> {
    match word.to_lowercase().as_str() {
        "flash" => Some(Precedence::Flash),
        "immediate" | "niact" | "niact immediate" | "operational immediate" => Some(Precedence::Immediate),
        "priority" => Some(Precedence::Priority),
        "routine" => Some(Precedence::Routine),
        _ => None,
    }
}

/// Returns the names of a list: `Tokyo, London, and CINCPAC for POLAD`.
fn listed(names: &str) -> Vec<String> {
    let names = names.split(',').flat_map(|name| name.split(" and "));
    let names = names.map(|name| name.trim().trim_start_matches("and ").trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
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
        let is_marked = text.get(place + 2..).is_some_and(|rest| marking_of(rest).is_some());
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
mod tests {
    use super::*;

    #[test]
    fn a_source_note_is_read_sentence_by_sentence() {
        let note = read(
            "Source: National Archives, RG 59, Central Files 1967–69, POL 33–6. Secret; Immediate; Nodis; Cactus. Repeated to \
             Tokyo, London, and Bern. Drafted by Yager. That copy indicates that the President saw it.",
        );
        assert_eq!(note.archive, "National Archives, RG 59, Central Files 1967–69, POL 33–6");
        assert_eq!(note.marking.as_deref(), Some("Secret"));
        assert_eq!(note.precedence, Some(Precedence::Immediate));
        assert_eq!(note.captions, ["Nodis", "Cactus"]);
        assert_eq!(note.repeated_to, ["Tokyo", "London", "Bern"]);
        assert_eq!(note.rest.len(), 2);
    }

    #[test]
    fn who_was_to_act_and_who_got_it_for_information_are_told_apart() {
        let note = read(
            "Source: A. Secret. Also sent to Tokyo and repeated to CINCPAC for POLAD, USUN, and Moscow.",
        );
        assert_eq!(note.also_sent_to, ["Tokyo"]);
        assert_eq!(note.repeated_to, ["CINCPAC for POLAD", "USUN", "Moscow"]);
        let note = read("Source: A. Secret. Repeated for information to Seoul and pouched to Bern.");
        assert_eq!((note.repeated_to.join(","), note.rest.len()), ("Seoul,Bern".to_owned(), 0));
    }

    #[test]
    fn a_marking_ends_the_archive_whatever_stands_before_it() {
        for archive in
            ["Carter Library, Box 1", "National Archives, Country Files, Vol. I", "X, Box 7, Folder A"]
        {
            let note = read(&format!("Source: {archive}. Top Secret; Niact Immediate; Cherokee. Unsigned."));
            assert_eq!((note.archive.as_str(), note.marking.as_deref()), (archive, Some("Top Secret")));
            assert_eq!((note.precedence, note.captions.len()), (Some(Precedence::Immediate), 1));
        }
    }

    #[test]
    fn whoever_got_it_is_named_after_how_urgent_it_was() {
        let note = read(
            "Source: A. Secret. Sent Immediate to Seoul and Tokyo. Sent for information Priority to \
                         Paris, and USUN. Sent for action.",
        );
        assert_eq!(
            (note.also_sent_to.join(","), note.repeated_to.join(",")),
            ("Seoul,Tokyo".to_owned(), "Paris,USUN".to_owned())
        );
        assert_eq!(
            (note.precedence, note.rest.join(",")),
            (Some(Precedence::Immediate), "Sent for action".to_owned())
        );
        let mut note = SourceNote::default();
        note.footnote("Repeated for information to Bern.");
        assert_eq!(note.repeated_to, ["Bern"]);
    }

    #[test]
    fn what_stands_above_a_heading_is_the_number_of_a_file_or_a_remark() {
        let (note, form) = above("740.1 Control/4–2249: Circular telegram");
        assert_eq!((note.archive.as_str(), form), ("740.1 Control/4–2249: Circular telegram", Some("cable")));
        assert_eq!(above("Peace Conf. 184.1/36").0.archive, "Peace Conf. 184.1/36");
        assert_eq!(above("[Extract.]").0.rest, ["[Extract.]"]);
    }

    #[test]
    fn a_volume_number_ends_no_sentence() {
        let note = read(
            "Source: Johnson Library, Korea, Vol. Ib. Part A (beginning February). Top Secret. Unsigned.",
        );
        assert_eq!(note.archive, "Johnson Library, Korea, Vol. Ib. Part A (beginning February)");
        assert_eq!((note.marking.as_deref(), note.captions.len()), (Some("Top Secret"), 0));
    }
}
