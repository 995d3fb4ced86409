//! Entries as scripts send them, no two alike, of which a body comes to about as much as those of the other figures.

use serde_json::{Value, json};

use crate::events::BODY_BYTES;

const WORDS: [&str; 24] = [
    "Seoul",
    "offers",
    "talks",
    "and",
    "hears",
    "nothing",
    "on",
    "the",
    "line",
    "at",
    "nine",
    "while",
    "Pyongyang",
    "protests",
    "against",
    "drills",
    "that",
    "were",
    "announced",
    "in",
    "spring",
    "회담",
    "제의",
    "통신선",
];
/// What a stored body has beside its summary.
const BESIDE: usize = 150;

/// Returns an entry, the `number`th.
pub(crate) fn entry(number: u64) -> Value {
    entry_with(number, "")
}

/// Returns an entry whose summary begins with a mark.
pub(crate) fn entry_with(number: u64, mark: &str) -> Value {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995;
    let mut summary = format!("{mark}{number}");
    while summary.len() < BODY_BYTES - BESIDE {
        mixed = mixed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        summary.push(' ');
        summary.push_str(WORDS[(mixed >> 33) as usize % WORDS.len()]);
    }
    let day = chrono::NaiveDate::from_ymd_opt(1985, 1, 1).unwrap() + chrono::Days::new(number % 14_600);
    json!({ "kind": "incident", "date": day.to_string(), "from": "PRK", "summary": summary })
}
