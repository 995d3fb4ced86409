//! Where a text could have left a trace: in any spelling that a file or an answer may have it in.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use unicode_normalization::UnicodeNormalization as _;

use crate::support::Place;

/// Letters of a word that is looked for by itself, at least: shorter ones stand anywhere.
const WORD_LETTERS_MIN: usize = 6;

/// The byte strings that must not be found, each with what it is.
pub(crate) struct Traces(Vec<(String, Vec<u8>)>);

impl Traces {
    /// Returns the traces of texts, of each of their longer words and of each pair of Hangul letters.
    pub(crate) fn of(texts: &[&str]) -> Self {
        let mut pieces: BTreeSet<String> = BTreeSet::new();
        for text in texts {
            pieces.insert((*text).to_owned());
            let words = text.split(|letter: char| !letter.is_alphanumeric());
            for word in words.filter(|word| word.chars().count() >= WORD_LETTERS_MIN) {
                pieces.insert(word.to_owned());
            }
            let hangul: Vec<char> = text.chars().filter(|letter| ('가'..='힣').contains(letter)).collect();
            pieces.extend(hangul.windows(2).map(|pair| pair.iter().collect::<String>()));
        }
        let mut traces = Vec::new();
        for piece in &pieces {
            for (form, text) in forms(piece) {
                for (encoding, bytes) in encodings(&text) {
                    traces.push((format!("{piece} ({form}, {encoding})"), bytes));
                }
            }
        }
        Self(traces)
    }

    /// Returns the traces of bytes that are given in hexadecimal digits.
    pub(crate) fn of_bytes(hex: &[String]) -> Self {
        let mut traces = Vec::new();
        for digits in hex {
            let pairs = (0..digits.len()).step_by(2).map(|place| &digits[place..place + 2]);
            let bytes: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
            traces.push((format!("{digits} (hex)"), digits.clone().into_bytes()));
            traces.push((format!("{digits} (base64)"), STANDARD.encode(&bytes).into_bytes()));
            traces.push((format!("{digits} (raw)"), bytes));
        }
        Self(traces)
    }

    /// Returns what is found in these bytes.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> Vec<String> {
        let found = |trace: &&(String, Vec<u8>)| contains(bytes, &trace.1);
        self.0.iter().filter(found).map(|(name, _)| name.clone()).collect()
    }
}

fn contains(bytes: &[u8], piece: &[u8]) -> bool {
    let Some(first) = piece.first() else { return false };
    let mut from = 0;
    while let Some(place) = bytes[from..].iter().position(|byte| byte == first) {
        if bytes[from + place..].starts_with(piece) {
            return true;
        }
        from += place + 1;
    }
    false
}

/// Returns a text as it may be kept to be found: folded, composed, decomposed.
fn forms(text: &str) -> BTreeSet<(&'static str, String)> {
    let lower = text.to_lowercase();
    let bare: String = lower.nfd().filter(|letter| !('\u{300}'..='\u{36f}').contains(letter)).collect();
    BTreeSet::from([
        ("as written", text.to_owned()),
        ("lower case", lower.clone()),
        ("upper case", text.to_uppercase()),
        ("NFC", text.nfc().collect()),
        ("NFD", text.nfd().collect()),
        ("NFKC, folded", demarche::domain::name::fold(text)),
        ("lower case, NFD", lower.nfd().collect()),
        ("without accents", bare),
    ])
}

/// Returns a text as bytes, in every encoding that is used anywhere near a log.
fn encodings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let json = serde_json::to_string(text).unwrap();
    let json = json[1..json.len() - 1].to_owned();
    let twice = serde_json::to_string(&json).unwrap();
    let ascii: String = text
        .encode_utf16()
        .map(|unit| {
            char::from_u32(unit.into())
                .filter(char::is_ascii)
                .map_or_else(|| format!("\\u{unit:04x}"), |letter| letter.to_string())
        })
        .collect();
    let hex = |upper: bool| {
        let digits =
            text.bytes().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") });
        digits.collect::<String>().into_bytes()
    };
    let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let mut encodings = vec![
        ("UTF-8", text.as_bytes().to_vec()),
        ("JSON", json.clone().into_bytes()),
        ("JSON within JSON", twice.as_bytes()[1..twice.len() - 1].to_vec()),
        ("JSON in ASCII", ascii.into_bytes()),
        ("hex", hex(false)),
        ("HEX", hex(true)),
        ("UTF-16LE", utf16(u16::to_le_bytes)),
        ("UTF-16BE", utf16(u16::to_be_bytes)),
    ];
    // Within a longer text base64 begins at any of three places; the ends depend on what stands beside.
    for shift in 0..3 {
        let padded = [&vec![0; shift][..], text.as_bytes()].concat();
        let whole = STANDARD_NO_PAD.encode(&padded);
        let inner = whole.get(4.min(whole.len())..whole.len().saturating_sub(4)).unwrap_or_default();
        if inner.len() >= 8 {
            encodings.push(("base64", inner.as_bytes().to_vec()));
            let url = URL_SAFE_NO_PAD.encode(&padded);
            encodings.push(("base64url", url.as_bytes()[4..url.len() - 4].to_vec()));
        }
    }
    encodings
}

/// Returns every file below a directory, with its name.
pub(crate) fn files_below(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.is_file() {
            let mut bytes = std::fs::read(&path).unwrap();
            // Space that is zeroed ahead holds nothing.
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            bytes.truncate(end);
            files.push((path.display().to_string(), bytes));
        }
    }
    files
}

/// Returns what every command that asks answers, at every knowing and now, on both streams.
pub(crate) fn everything_said(place: &Place) -> String {
    // A removal that is not finished is damage, and told.
    let log: serde_json::Value = serde_json::from_str(&place.run(&["log", "--format", "json"]).out).unwrap();
    let size = log["data"]["size"].as_u64().unwrap();
    let mut said = String::new();
    let mut ask = |args: &[&str]| {
        let ran = place.run(args);
        said.push_str(&ran.out);
        said.push_str(&ran.err);
    };
    for plain in [&["log"][..], &["moments"], &["verify"], &["export", "-"]] {
        ask(plain);
    }
    let knowings: Vec<String> = (0..size).map(|position| position.to_string()).collect();
    for known in &knowings {
        ask(&["replay", "--to", known, "--format", "json"]);
        let moment = ["--known-as-of", known.as_str(), "--format", "json"];
        for command in [
            &["timeline", "--status", "all", "--bookkeeping", "--limit", "1000"][..],
            &["timeline", "--about", "talks-1"],
            &["changes"],
            &["channels"],
            &["overtures"],
            &["meetings"],
            &["parties"],
            &["due"],
            &["show", "talks-1"],
            &["history", "talks-1"],
            &["thread", "talks-1"],
        ] {
            ask(&[command, &moment].concat());
        }
    }
    let last = (size - 1).to_string();
    for position in &knowings {
        let handle = format!("#{position}");
        for command in ["show", "history", "thread"] {
            ask(&[command, &handle]);
            ask(&[command, &handle, "--format", "csv"]);
        }
        ask(&["diff", "--from", position, "--to", &last, "--format", "json"]);
    }
    said
}
