//! The words of other languages that stand in dates, in English.

/// A language in which the dates of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub(crate) enum Language {
    /// German.
    #[serde(rename = "de")]
    German,
    /// French.
    #[serde(rename = "fr")]
    French,
}

const GERMAN: &[(&str, &str)] = &[
    ("januar", "January"),
    ("jänner", "January"),
    ("februar", "February"),
    ("feber", "February"),
    ("märz", "March"),
    ("april", "April"),
    ("mai", "May"),
    ("juni", "June"),
    ("juli", "July"),
    ("august", "August"),
    ("september", "September"),
    ("oktober", "October"),
    ("november", "November"),
    ("dezember", "December"),
    ("um", "about"),
    ("etwa", "about"),
    ("ungefähr", "about"),
    ("zirka", "about"),
    ("vor", "before"),
    ("nach", "after"),
    ("seit", "since"),
    ("bis", "to"),
    ("zwischen", "between"),
    ("und", "and"),
    ("anfang", "early"),
    ("mitte", "mid"),
    ("ende", "late"),
    ("frühling", "spring"),
    ("frühjahr", "spring"),
    ("sommer", "summer"),
    ("herbst", "autumn"),
];
const FRENCH: &[(&str, &str)] = &[
    ("janvier", "January"),
    ("février", "February"),
    ("mars", "March"),
    ("avril", "April"),
    ("mai", "May"),
    ("juin", "June"),
    ("juillet", "July"),
    ("août", "August"),
    ("septembre", "September"),
    ("octobre", "October"),
    ("novembre", "November"),
    ("décembre", "December"),
    ("vers", "about"),
    ("environ", "about"),
    ("avant", "before"),
    ("après", "after"),
    ("depuis", "since"),
    ("au", "to"),
    ("entre", "between"),
    ("et", "and"),
    ("début", "early"),
    ("fin", "late"),
    ("printemps", "spring"),
    ("été", "summer"),
    ("automne", "autumn"),
    ("hiver", "winter"),
    ("1er", "1"),
];

impl Language {
    /// Returns a date with its words in English; none where it has no word of the language.
    pub(super) fn in_english(self, text: &str) -> Option<String> {
        let words = match self {
            Self::German => GERMAN,
            Self::French => FRENCH,
        };
        let mut english = String::with_capacity(text.len());
        let mut found = false;
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let lower = word.to_lowercase();
            let meant = words.iter().find(|(own, _)| *own == lower).map(|(_, meant)| *meant);
            found |= meant.is_some();
            english.push_str(meant.unwrap_or(word));
            let next = after.find(char::is_alphanumeric).unwrap_or(after.len());
            let (between, after) = after.split_at(next);
            english.push_str(between);
            rest = after;
        }
        found.then_some(english)
    }
}
