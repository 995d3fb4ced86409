//! What stands before the text of a document of an older volume, where a newer one has a source note: `[Telegram]`,
//! `restricted`, `No. 11.]`, `1315.`

use crate::desk::import::tei::source_note::{MARKINGS, highest, urgency};
use crate::desk::import::tei::words::form;
use crate::domain::fact::communication::Precedence;

/// What stands before the number of a telegram that is of a series: to and from those who are at a conference.
const SERIES: [&str; 18] = [
    "Secto", "Tosec", "Dulte", "Tedul", "Cahto", "Tocah", "Polto", "Topol", "Cedto", "Toced", "Actel",
    "Telac", "Delga", "Gadel", "Hakto", "Tohak", "Musto", "Circular",
];
/// How many lines are looked at.
const LINES_MAX: usize = 6;
/// How many words a line of markings has at most.
const WORDS_MAX: usize = 6;

/// What the first lines of a document say of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lead {
    /// Its form, where they name one that is known.
    pub(super) form: Option<&'static str>,
    /// How it is marked: `Top Secret`.
    pub(super) marking: Option<&'static str>,
    /// The highest that they name.
    pub(super) precedence: Option<Precedence>,
    /// How urgent it was, in the words that stand there: `NIACT`.
    pub(super) urgency: Vec<String>,
    /// `Nodis`.
    pub(super) captions: Vec<String>,
    /// Its number: `1315`, `No. 11`.
    pub(super) reference: Option<String>,
}

/// Reads the first lines of a text, up to the first that is of the text itself.
pub(super) fn read(body: &str) -> Lead {
    let mut lead = Lead::default();
    for line in body.lines().take(LINES_MAX) {
        let line = line.trim();
        if let Some(words) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let named = form(words);
            if named != "other" {
                lead.form = Some(named);
            }
            continue;
        }
        if let Some(number) = numbered(line) {
            lead.reference.get_or_insert(number);
            continue;
        }
        if lead.marked(line) || (line.ends_with(']') && !line.contains('[')) {
            continue;
        }
        // The number of a telegram begins its first paragraph; that of a paragraph is shorter.
        let digits: String = line.chars().take_while(char::is_ascii_digit).collect();
        if digits.len() >= 2 && line.get(digits.len()..).is_some_and(|rest| rest.starts_with('.')) {
            lead.reference = Some(digits);
        } else if let Some(number) = of_series(line) {
            lead.reference.get_or_insert(number);
        }
        break;
    }
    lead
}

/// Returns the number of a despatch, where a line is nothing else: `No. 11.]`.
fn numbered(line: &str) -> Option<String> {
    let number = line.trim_end_matches([']', '.']).strip_prefix("No. ")?;
    let is_number = !number.is_empty()
        && number.len() <= 12
        && number.chars().all(|letter| letter.is_ascii_alphanumeric())
        && number.starts_with(|letter: char| letter.is_ascii_digit());
    is_number.then(|| format!("No. {number}"))
}

/// Returns the number of a telegram that is of a series, where a line begins with it: `Secto 38.`.
fn of_series(line: &str) -> Option<String> {
    let (series, rest) = line.split_once(' ')?;
    let (number, _) = rest.split_once('.')?;
    let is_number = (1..=6).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let known = SERIES.iter().find(|known| known.eq_ignore_ascii_case(series))?;
    is_number.then(|| format!("{known} {number}"))
}

impl Lead {
    /// Takes in a line, where it is a marking, with a precedence and captions perhaps, and nothing else.
    fn marked(&mut self, line: &str) -> bool {
        let lower = line.to_lowercase();
        let lower = lower.trim_end_matches('.');
        let marking = MARKINGS.iter().copied().find(|marking| {
            lower
                .strip_prefix(marking.to_lowercase().as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ';', ',']))
        });
        let rest = marking.map_or(lower, |marking| lower.get(marking.len()..).unwrap_or_default());
        let words: Vec<&str> =
            rest.split([' ', ';', ',']).map(str::trim).filter(|word| !word.is_empty()).collect();
        let urgent: Vec<&str> = words.iter().copied().filter(|word| urgency(word).is_some()).collect();
        // A line that is no marking is one of urgency alone: `PRIORITY`.
        let is_urgency = !urgent.is_empty() && urgent.len() == words.len();
        if words.len() > WORDS_MAX || (marking.is_none() && !is_urgency) {
            return false;
        }
        if let Some(marking) = marking {
            self.marking.get_or_insert(marking);
        }
        for word in urgent {
            self.precedence = highest(self.precedence, urgency(word).and_then(|urgency| urgency.precedence));
            self.urgency.push(word.to_uppercase());
        }
        let is_caption = |word: &&&str| urgency(word).is_none() && **word != "urgent" && **word != "us";
        self.captions.extend(words.iter().filter(is_caption).map(|word| word.to_uppercase()));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_before_the_text_tell_its_form_its_marking_and_its_number() {
        let lead = read("[Telegram]\nSecret NIACT\n1315. In the meeting it was said.\n99. More.");
        assert_eq!((lead.form, lead.marking), (Some("cable"), Some("Secret")));
        assert_eq!((lead.precedence, lead.reference.as_deref()), (None, Some("1315")));
        assert_eq!((lead.urgency.join(" ").as_str(), lead.captions.len()), ("NIACT", 0));
        let lead = read("secret\nPRIORITY\nOPERATIONAL IMMEDIATE\n1315. It was said.");
        assert_eq!((lead.precedence, lead.urgency.len()), (Some(Precedence::Immediate), 3));
        let lead = read("restricted\nPls approach the ministry.");
        assert_eq!((lead.marking, lead.reference), (Some("Restricted"), None));
        let lead = read("Northern Series]\nNo. 28]\nSir: I have the honor.");
        assert_eq!((lead.marking, lead.reference.as_deref()), (None, Some("No. 28")));
        assert_eq!(read("SECTO 38. The envoy said so.").reference.as_deref(), Some("Secto 38"));
    }

    #[test]
    fn what_is_of_the_text_tells_nothing() {
        for text in [
            "Secret talks were held with the envoy of the king for weeks.",
            "Priority was given to the question of the border.",
            "Immediate action",
            "1. They talked.",
            "Article 38. Nobody may cross.",
            "Circular notes were sent. 12.",
            "[Here follows a list of those who were present.]\nThe Minister began. 120. Not a number.",
            "",
        ] {
            assert_eq!(read(text), Lead::default(), "{text}");
        }
    }
}
