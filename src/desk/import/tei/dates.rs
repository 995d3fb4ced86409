//! When a document of a volume is of: what its date says, else between which days its editors place it.

use serde_json::{Map, Value};

use crate::desk::import::drafted::Drafted;
use crate::desk::import::markup::Element;
use crate::desk::import::taking::Taking;
use crate::desk::import::tei::document::Document;
use crate::desk::import::tei::words::{dated, day, moment, spaced};
use crate::domain::occurred::Occurred;
use crate::domain::zone::Zone;

/// The attributes of a date.
#[derive(Debug, Clone, Default)]
pub(super) struct DateOf {
    when: Option<String>,
    from: Option<String>,
    to: Option<String>,
    not_before: Option<String>,
    not_after: Option<String>,
    calendar: Option<String>,
}

impl DateOf {
    /// Returns what is wrong with its attributes: what no calendar knows, and an end before its beginning.
    fn misread(&self) -> Vec<String> {
        let named = [
            ("when", &self.when),
            ("from", &self.from),
            ("to", &self.to),
            ("notBefore", &self.not_before),
            ("notAfter", &self.not_after),
        ];
        let given = named.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?)));
        let mut wrong: Vec<String> = given
            .filter(|(_, text)| moment(text).is_none())
            .map(|(name, text)| {
                format!("the date has `{name}=\"{text}\"`, which no calendar knows; it is passed over")
            })
            .collect();
        for (first, from, last, to) in [
            ("from", &self.from, "to", &self.to),
            ("notBefore", &self.not_before, "notAfter", &self.not_after),
        ] {
            if let (Some(from), Some(to)) = (from, to)
                && is_after(from, to)
            {
                wrong.push(format!(
                    "the date has `{first}=\"{from}\"` and `{last}=\"{to}\"`, which is earlier; both are passed over"
                ));
            }
        }
        wrong
    }
}

/// Tells whether one date of TEI is later than another in every reading.
fn is_after(from: &str, to: &str) -> bool {
    let bounds = |text: &str| moment(text).and_then(|text| day(&text).parse::<Occurred>().ok());
    match (bounds(from), bounds(to)) {
        (Some(from), Some(to)) => from.earliest(&Zone::default()) > to.latest(&Zone::default()),
        _ => false,
    }
}

impl Document {
    /// Tells whether its date was seen.
    pub(super) const fn has_date(&self) -> bool {
        self.date.is_some()
    }

    pub(super) fn date_of(&mut self, element: &Element) {
        let get = |name: &str| element.get(name).map(ToOwned::to_owned);
        let date = DateOf {
            when: get("when"),
            from: get("from"),
            to: get("to"),
            not_before: get("notBefore"),
            not_after: get("notAfter"),
            calendar: get("calendar"),
        };
        self.date.get_or_insert(date);
    }

    /// Adds when the document is of, and as what that is written.
    pub(super) fn dates(&self, entry: &mut Map<String, Value>, taking: &mut Taking, drafted: &mut Drafted) {
        let words = spaced(&self.date_words);
        let misread = self.date.as_ref().map(DateOf::misread).unwrap_or_default();
        for what in misread {
            drafted.doubt(what);
        }
        match self.dated(taking, drafted) {
            Some(date) => {
                entry.insert("date".to_owned(), date.into());
                if !words.is_empty() {
                    entry.insert("occurred_as_written".to_owned(), words.into());
                }
            }
            None if words.is_empty() => drafted.doubt("the document has no date"),
            None => drafted
                .doubt(format!("the document is dated `{words}`, and has no date that a calendar knows")),
        }
        let note = spaced(&self.source_note);
        let lower = note.to_ascii_lowercase();
        if let Some(place) = lower.find("received on").or_else(|| lower.find("received at")) {
            let said: String = note.get(place..).unwrap_or_default().chars().take(60).collect();
            drafted.doubt(format!(
                "the source note says `{said}…`: give `learned` where that is when it was learned"
            ));
        }
    }

    fn dated(&self, taking: &mut Taking, drafted: &mut Drafted) -> Option<String> {
        let date = self.date.clone().unwrap_or_default();
        let whole = |text: &Option<String>| text.as_deref().and_then(moment);
        if let Some(calendar) = date.calendar.as_deref().filter(|calendar| *calendar != "gregorian") {
            let what = format!(
                "the date is written in another calendar (`{calendar}`): what the editors give for it is taken as Gregorian"
            );
            taking.count(self.line, &what);
            if let (Some(when), Some((from, to))) = (whole(&date.when), self.of_editors())
                && day(&from) == day(&to)
                && day(&from) != day(&when)
            {
                return dated(day(&from));
            }
        }
        if let Some(when) = whole(&date.when) {
            let written = date.when.as_deref().unwrap_or_default();
            if when.contains('T') || !written.contains('T') {
                return Some(when);
            }
            if let Some(exact) = self.of_editors().and_then(|(min, max)| exact(written, &min, &max)) {
                return Some(exact);
            }
            taking.count(self.line, "the date has a time and no offset, and the day alone is taken");
            return Some(when);
        }
        let both = |from: Option<String>, to: Option<String>| Some((day(&from?), day(&to?)));
        // Where the one is after the other neither counts.
        let between =
            |from: &str, to: &str, range: String| dated(if from == to { from.to_owned() } else { range });
        if let Some((from, to)) = both(whole(&date.from), whole(&date.to))
            && let Some(lasting) = between(&from, &to, format!("{from}/{to}"))
        {
            return Some(lasting);
        }
        let (after, before) = (whole(&date.not_before), whole(&date.not_after));
        if let Some((from, to)) = both(after.clone(), before.clone())
            && let Some(within) = between(&from, &to, format!("[{from}..{to}]"))
        {
            return Some(within);
        }
        if let Some((from, to)) = self.of_editors() {
            if from != to {
                drafted
                    .doubt(format!("the document is undated; its editors place it between {from} and {to}"));
            }
            return dated(if from == to { from } else { format!("[{from}..{to}]") });
        }
        // Of one bound alone the other is open.
        match (after, before) {
            (Some(after), None) => dated(format!("[{}..]", day(&after))),
            (None, Some(before)) => dated(format!("[..{}]", day(&before))),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }

    /// Returns between which days the editors place the document, or the moment at which they do.
    fn of_editors(&self) -> Option<(String, String)> {
        let (min, max) = (moment(self.between.0.as_deref()?)?, moment(self.between.1.as_deref()?)?);
        Some(if min == max && min.contains('T') { (min.clone(), min) } else { (day(&min), day(&max)) })
    }
}

/// The offset that the editors of the series put wherever they know none: it tells nothing of where a document is from.
const EDITORS_OFFSET: &str = "-05:00";

/// Returns the moment of the editors, where the date of the document is the same without its offset.
fn exact(written: &str, min: &str, max: &str) -> Option<String> {
    let is_told =
        min == max && min.starts_with(written) && min.contains('T') && !min.ends_with(EDITORS_OFFSET);
    is_told.then(|| min.to_owned())
}
