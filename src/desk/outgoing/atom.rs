//! A feed (Atom, RFC 4287): the entries recorded last, each with the moment of its newest reading.

use std::fmt::Write as _;
use std::io::Write;

use crate::desk::error::DeskError;
use crate::desk::filter::Selected;
use crate::desk::known::Known;
use crate::desk::outgoing::about::About;
use crate::desk::outgoing::taking::{Broke, Taking};
use crate::desk::outgoing::xml::{Tag, element};
use crate::desk::outgoing::{readings, table};

/// Under which scheme a category is a kind of event.
const KINDS: &str = "urn:demarche:kind";
/// Under which scheme a category is a marking.
const MARKINGS: &str = "urn:demarche:marking";
/// Under which scheme a category tells what became of an entry.
const STATUS: &str = "urn:demarche:status";

/// Writes the feed.
pub(super) fn write(taking: &mut Taking<'_>, about: &About, out: &mut dyn Write) -> Result<(), Broke> {
    let feed = Tag::new("feed").with("xmlns", "http://www.w3.org/2005/Atom").open();
    let shown = if about.total < about.met {
        format!("; {} of {} entries", about.total, about.met)
    } else {
        String::new()
    };
    let lines = [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned(),
        feed,
        element("id", &format!("urn:uuid:{}", about.uuid())),
        element("title", &format!("Entries of {}", about.log)),
        element("subtitle", &format!("{}{shown}", about.words())),
        element("updated", &about.recorded_at.to_string()),
        "<generator uri=\"urn:demarche\">demarche</generator>".to_owned(),
    ];
    let own = about.address.as_ref();
    let own = own.map(|address| Tag::new("link").with("rel", "self").with("href", address).empty());
    for line in lines.into_iter().chain(own) {
        writeln!(out, "{line}")?;
    }
    loop {
        let batch = taking.next()?;
        if batch.is_empty() {
            break;
        }
        for selected in &batch {
            out.write_all(entry(taking.known(), selected)?.as_bytes())?;
        }
    }
    out.write_all(b"</feed>\n")?;
    Ok(())
}

fn entry(known: &Known, selected: &Selected) -> Result<String, DeskError> {
    let row = &selected.row;
    let (kind, handle) = (row.entry.kind.map_or("text removed", |kind| kind.as_str()), &row.entry.handle);
    let title = row.entry.summary.clone().unwrap_or_else(|| "(the text was removed)".to_owned());
    let mut lines = vec![
        "<entry>".to_owned(),
        element("id", &format!("urn:uuid:{}", row.entry.id)),
        element("title", &title),
        element("updated", &readings::updated(known, &selected.entry)?.to_string()),
        element("published", &row.recorded_at.to_string()),
        format!("<author>{}</author>", element("name", &row.recorder)),
    ];
    if let Some(kind) = row.entry.kind {
        lines.push(Tag::new("category").with("scheme", KINDS).with("term", kind.as_str()).empty());
    }
    if let Some(marking) = &row.marking {
        lines.push(Tag::new("category").with("scheme", MARKINGS).with("term", marking).empty());
    }
    let status = table::status(selected);
    if !status.is_empty() {
        lines.push(Tag::new("category").with("scheme", STATUS).with("term", &status).empty());
    }
    let date = row.entry.date.as_ref().map_or("no date", |date| date.words.as_str());
    let mut content = format!("{handle} {kind}, {date}");
    let sides = [("from", &row.from), ("to", &row.to), ("about", &row.about), ("via", &row.via)];
    for (word, names) in sides.into_iter().filter(|(_, names)| !names.is_empty()) {
        let _ = write!(content, "; {word} {}", table::names(names));
    }
    if let Some(marking) = &row.marking {
        let _ = write!(content, "; {marking}");
    }
    lines.push(format!("<content type=\"text\">{}</content>", super::xml::escaped(&content)));
    lines.push("</entry>\n".to_owned());
    Ok(lines.join("\n"))
}
