//! A brief as one HTML file, set for paper: no script, nothing fetched.

use std::fmt::Write;

use crate::desk::answer::Answer;
use crate::desk::answer::brief::{Brief, Sentence};
use crate::desk::brief::{cited, taken_from};
use crate::desk::outgoing::escaped;

const STYLE: &str = "\
@page { size: A4; margin: 20mm }
body { font: 11pt/1.4 'Noto Serif', 'Noto Serif KR', Georgia, serif; max-width: 42em; margin: 2em auto; \
padding: 0 1em; color: #111; background: #fff }
h1 { font-size: 1.5em; line-height: 1.25; margin: 0 0 .2em }
h2 { font-size: 1.1em; margin: 1.2em 0 .3em; break-after: avoid }
.subtitle, footer { color: #444 }
.marking { font-weight: bold; text-align: center; letter-spacing: .05em }
ul, ol { padding-left: 1.3em; margin: .3em 0 }
li { margin: .2em 0; break-inside: avoid }
sup { line-height: 0 }
footer, .notes { font-size: .85em }
footer { border-top: 1px solid #888; margin-top: 1.5em; padding-top: .5em }
@media print { body { margin: 0; max-width: none; padding: 0 } a { color: inherit; text-decoration: none } }
";

/// Writes a brief.
pub(super) fn write(answer: &Answer<Brief>) -> String {
    let brief = &answer.data;
    let marking = match brief.markings.as_slice() {
        [] => String::new(),
        markings => format!("<p class=\"marking\">{}</p>\n", escaped(&markings.join(" · "))),
    };
    let title = escaped(&brief.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{marking}\
         <h1>{title}</h1>\n<p class=\"subtitle\">{}</p>\n",
        escaped(&brief.subtitle)
    );
    page += &section("Where it stands", &brief.standing, "");
    page += &section("What came before", &brief.before, "");
    page += &section("Since then", &brief.since, "<p>Nothing since is recorded.</p>\n");
    if brief.left_out > 0 {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "<p>{} more entries are in the thread.</p>", brief.left_out);
    }
    page += &section("What is not recorded", &brief.open, "");
    page.push_str("<footer>\n<ol class=\"notes\">\n");
    for note in &brief.footnotes {
        let _ = writeln!(
            page,
            "<li id=\"note-{}\">{}</li>",
            note.number,
            escaped(&cited(note, &answer.as_of.zone))
        );
    }
    if let Some(derived) = &brief.derived {
        let _ = writeln!(page, "<li id=\"note-{}\">{}</li>", derived.number, escaped(&derived.words));
    }
    let _ = writeln!(page, "</ol>\n<p>{}</p>", escaped(&taken_from(answer)));
    for notice in &answer.notices {
        let _ = writeln!(page, "<p>Note: {}</p>", escaped(notice));
    }
    let _ = write!(page, "</footer>\n{marking}</body>\n</html>\n");
    page
}

fn section(heading: &str, sentences: &[Sentence], nothing: &str) -> String {
    if sentences.is_empty() && nothing.is_empty() {
        return String::new();
    }
    let mut section = format!("<h2>{heading}</h2>\n");
    if sentences.is_empty() {
        return section + nothing;
    }
    section.push_str("<ul>\n");
    for sentence in sentences {
        section.push_str("<li>");
        if let Some(date) = &sentence.date {
            let _ = write!(section, "<strong>{}</strong>: ", escaped(&date.words));
        }
        section += &escaped(&sentence.text);
        for note in &sentence.notes {
            let _ = write!(section, "<sup><a href=\"#note-{note}\">{note}</a></sup>");
        }
        section.push_str("</li>\n");
    }
    section + "</ul>\n"
}
