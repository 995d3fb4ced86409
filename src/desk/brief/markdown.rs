//! A brief in Markdown: `CommonMark` with footnotes.

use std::fmt::Write;

use crate::desk::answer::Answer;
use crate::desk::answer::brief::{Brief, Sentence};
use crate::desk::brief::{cited, taken_from};

/// Writes a brief.
pub(super) fn write(answer: &Answer<Brief>) -> String {
    let brief = &answer.data;
    let mut page = String::new();
    let mut line = |text: &str| {
        page.push_str(text);
        page.push('\n');
    };
    if !brief.markings.is_empty() {
        line(&format!("**{}**\n", escaped(&brief.markings.join(" · "))));
    }
    line(&format!("# {}\n\n{}\n", escaped(&brief.title), escaped(&brief.subtitle)));
    for (heading, sentences, nothing) in [
        ("Where it stands", &brief.standing, ""),
        ("What came before", &brief.before, ""),
        ("Since then", &brief.since, "Nothing since is recorded."),
        ("What is not recorded", &brief.open, ""),
    ] {
        if sentences.is_empty() && nothing.is_empty() {
            continue;
        }
        line(&format!("## {heading}\n"));
        if sentences.is_empty() {
            line(nothing);
        }
        for sentence in sentences {
            line(&told(sentence));
        }
        if heading == "Since then" && brief.left_out > 0 {
            line(&format!("\n{} more entries are in the thread.", brief.left_out));
        }
        line("");
    }
    line("---\n");
    for note in &brief.footnotes {
        line(&format!("[^{}]: {}", note.number, escaped(&cited(note, &answer.as_of.zone))));
    }
    if let Some(derived) = &brief.derived {
        line(&format!("[^{}]: {}", derived.number, escaped(&derived.words)));
    }
    line(&format!("\n{}", escaped(&taken_from(answer))));
    for notice in &answer.notices {
        line(&format!("\nNote: {}", escaped(notice)));
    }
    page
}

fn told(sentence: &Sentence) -> String {
    let mut line = "- ".to_owned();
    if let Some(date) = &sentence.date {
        // Writing to a string cannot fail.
        let _ = write!(line, "**{}**: ", escaped(&date.words));
    }
    line += &escaped(&sentence.text);
    for note in &sentence.notes {
        let _ = write!(line, "[^{note}]");
    }
    line
}

/// Returns a text as it reads, whatever it holds: what Markdown would take for its own is escaped, and a
/// text stays on its line.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '&' => escaped.push_str("&amp;"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
