//! The formats: their names, media types, endings, and how much each holds.

use std::str::FromStr;

use crate::desk::error::{DeskError, Fault};

/// In which format entries leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A line per entry in the entry format: what an import elsewhere reads.
    Jsonl,
    /// A table for spreadsheets, as text.
    Csv,
    /// A table for spreadsheets, with a sheet that says what it is.
    Xlsx,
    /// Meetings, and the dates by which answers are due.
    Ics,
    /// A feed, the newest entries first.
    Atom,
    /// A line per entry, each a CloudEvent.
    Cloudevents,
    /// Who recorded and corrected what, on whose word.
    Prov,
    /// Event data: who did what to whom, in the codes of CAMEO and PLOVER.
    Cameo,
    /// Who answered whom, as a graph.
    Gexf,
    /// The same in another format of graphs.
    Graphml,
}

/// What a format is called, and what else is typed for it.
const NAMES: [(Format, &str, &[&str]); 10] = [
    (Format::Jsonl, "jsonl", &["jsonlines", "ndjson", "json-lines"]),
    (Format::Csv, "csv", &[]),
    (Format::Xlsx, "xlsx", &["excel"]),
    (Format::Ics, "ics", &["icalendar", "ical"]),
    (Format::Atom, "atom", &[]),
    (Format::Cloudevents, "cloudevents", &["cloud-events"]),
    (Format::Prov, "prov", &["prov-json"]),
    (Format::Cameo, "cameo", &["plover"]),
    (Format::Gexf, "gexf", &[]),
    (Format::Graphml, "graphml", &[]),
];

impl Format {
    /// Returns every format.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(format, ..)| *format)
    }

    /// Returns every name that a format is asked for by.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().flat_map(|(_, name, others)| std::iter::once(*name).chain(others.iter().copied()))
    }

    /// The words for the formats, as they are listed to users.
    pub(crate) const LISTED: &'static str =
        "jsonl, csv, xlsx, ics, atom, cloudevents, prov, cameo, gexf or graphml";

    /// Returns the media type.
    pub(crate) const fn media(self) -> &'static str {
        match self {
            Self::Jsonl | Self::Cloudevents => "application/jsonl",
            Self::Csv | Self::Cameo => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Ics => "text/calendar; charset=utf-8",
            Self::Atom => "application/atom+xml",
            // A submission to the W3C without a registered type of its own.
            Self::Prov => "application/provenance+json",
            Self::Gexf => "application/gexf+xml",
            Self::Graphml => "application/graphml+xml",
        }
    }

    /// Returns what a file name ends with.
    pub(super) const fn ending(self) -> &'static str {
        match self {
            Self::Jsonl => ".jsonl",
            Self::Csv => ".csv",
            Self::Xlsx => ".xlsx",
            Self::Ics => ".ics",
            Self::Atom => ".atom",
            Self::Cloudevents => ".cloudevents.jsonl",
            Self::Prov => ".prov.json",
            Self::Cameo => ".cameo.csv",
            Self::Gexf => ".gexf",
            Self::Graphml => ".graphml",
        }
    }

    /// Returns how many entries an export has where nobody says, and how many it holds at most.
    ///
    /// A format that is put together before it leaves has a bound, so that no question fills the memory.
    pub(super) const fn entries(self) -> (u64, u64) {
        match self {
            Self::Jsonl
            | Self::Csv
            | Self::Ics
            | Self::Cloudevents
            | Self::Cameo
            | Self::Gexf
            | Self::Graphml => (u64::MAX, u64::MAX),
            // A sheet has 1,048,576 rows, of which one is the header.
            Self::Xlsx => (u64::MAX, 1_048_575),
            // Readers of feeds fetch them again and again: the newest alone unless more are asked for.
            Self::Atom => (100, 100_000),
            Self::Prov => (u64::MAX, 100_000),
        }
    }
}

impl FromStr for Format {
    type Err = DeskError;

    fn from_str(typed: &str) -> Result<Self, DeskError> {
        let folded = typed.trim().to_lowercase();
        let known = NAMES.iter().find(|(_, name, also)| *name == folded || also.contains(&folded.as_str()));
        known.map(|(format, _, _)| *format).ok_or_else(|| {
            Fault::in_field("as", format!("`{typed}` is no format of an export; write {}", Self::LISTED))
                .into()
        })
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = NAMES.iter().find(|(format, _, _)| format == self).map_or("", |(_, name, _)| *name);
        formatter.pad(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_read_back_from_its_names_and_no_other_word_is_one() {
        for (format, name, also) in NAMES {
            assert_eq!(format.to_string(), name);
            for typed in also.iter().copied().chain([name, &name.to_uppercase()]) {
                assert_eq!(typed.parse::<Format>().unwrap(), format, "{typed}");
            }
            assert!(Format::LISTED.contains(name));
        }
        let error = "pdf".parse::<Format>().unwrap_err().to_string();
        assert!(error.contains("`pdf`") && error.contains("graphml"), "{error}");
    }
}
