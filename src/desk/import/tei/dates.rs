//! When a document of a volume is of: what its date says, else between which days its editors place it.

use serde_json::{Map, Value};

use crate::desk::import::drafted::Drafted;
use crate::desk::import::markup::Element;
use crate::desk::import::taking::Taking;
use crate::desk::import::tei::document::Document;
use crate::desk::import::tei::words::{dated, day, has_impossible_time, moment, name_another_day, spaced};
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
        let impossible = named.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?)));
        wrong.extend(impossible.filter(|(_, text)| moment(text).is_some() && has_impossible_time(text)).map(
            |(name, text)| {
                format!(
                    "the date has `{name}=\"{text}\"`, a time that no clock shows; the day alone is taken"
                )
            },
        ));
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
        if let (Some(min), Some(max)) = &self.between
            && is_after(min, max)
        {
            drafted.doubt(format!(
                "the document has `frus:doc-dateTime-min=\"{min}\"` and `frus:doc-dateTime-max=\"{max}\"`, which is \
                 earlier; both are passed over"
            ));
        }
        self.doubt_when(&words, drafted);
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
        if let Some(said) = received(&note) {
            drafted.doubt(format!(
                "the source note says `{said}…`: give `learned` where that is when it was learned"
            ));
        }
    }

    /// Tells of a date that is not that of its words.
    fn doubt_when(&self, words: &str, drafted: &mut Drafted) {
        let date = self.date.as_ref();
        let is_gregorian =
            date.is_none_or(|date| date.calendar.as_deref().is_none_or(|it| it == "gregorian"));
        let Some(when) = date.and_then(|date| date.when.as_deref()) else { return };
        if is_gregorian && !when.contains('T') && name_another_day(words, when) {
            drafted.doubt(format!("the date is `{when}`, and its words say `{words}`; the former is taken"));
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
                return Some(self.usable(when, taking));
            }
            if let Some(exact) = self.of_editors().and_then(|(min, max)| self.exact(written, &min, &max)) {
                return Some(exact);
            }
            if !has_impossible_time(written) {
                taking.count(self.line, "the date has a time and no offset, and the day alone is taken");
            }
            return Some(when);
        }
        if let (Some(from), Some(to)) = (whole(&date.from), whole(&date.to))
            && let Some(lasting) = self.lasting(from, &to, taking)
        {
            return Some(lasting);
        }
        let both = |from: Option<String>, to: Option<String>| Some((day(&from?), day(&to?)));
        // Where the one is after the other neither counts.
        let between =
            |from: &str, to: &str, range: String| dated(if from == to { from.to_owned() } else { range });
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
            return dated(if from == to { self.usable(from, taking) } else { format!("[{from}..{to}]") });
        }
        // Of one bound alone the other is open.
        match (after, before) {
            (Some(after), None) => dated(format!("[{}..]", day(&after))),
            (None, Some(before)) => dated(format!("[..{}]", day(&before))),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }

    /// Returns when a document is of that lasted from one time to another; none where the one is after the other.
    fn lasting(&self, from: String, to: &str, taking: &mut Taking) -> Option<String> {
        let (first, last) = (day(&from), day(to));
        let has_times = from.contains('T') || to.contains('T');
        if first != last {
            let lasting = dated(format!("{first}/{last}"))?;
            if has_times {
                let what = "the date has times at which it begins and ends, which are left out: the days alone are taken";
                taking.count(self.line, what);
            }
            return Some(lasting);
        }
        if has_times && from != to {
            let what = "the date has times from which and to which it lasted: when it began is taken, and the end is left out";
            taking.count(self.line, what);
        }
        dated(self.usable(from, taking))
    }

    /// Returns a moment, or its day where its offset is what the editors put wherever they know none, and no place is
    /// named that had it on that day; that is told.
    fn usable(&self, moment: String, taking: &mut Taking) -> String {
        if self.has_offset_of(&moment) {
            return moment;
        }
        let what = "the date has the offset -05:00 or -04:00, which the editors put wherever they know none, and the document names \
                    no place where the clocks had it on that day: the day alone is taken, as it stands";
        taking.count(self.line, what);
        day(&moment)
    }

    /// Tells whether the offset of a moment may be that which the place had on that day that the document names.
    fn has_offset_of(&self, moment: &str) -> bool {
        let Some(offset) =
            EDITORS_OFFSETS.iter().find(|offset| moment.contains('T') && moment.ends_with(**offset))
        else {
            return true;
        };
        // Where the document was received says nothing of where it was written.
        let dateline =
            spaced(if self.place.trim().is_empty() { &self.dateline } else { &self.place }).to_lowercase();
        let written = dateline.split("received").next().unwrap_or_default();
        let words: Vec<&str> =
            written.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let words = format!(" {} ", words.join(" "));
        let is_at = |places: &[&str]| places.iter().any(|place| words.contains(&format!(" {place} ")));
        let in_new_york = || {
            let (date, zone) = (moment.parse::<Occurred>().ok()?, NEW_YORK.parse::<Zone>().ok()?);
            Some(zone.local(date.earliest(&zone)).offset().to_string())
        };
        is_at(if *offset == "-05:00" { &AT_FIVE } else { &AT_FOUR })
            || is_at(&AT_NEW_YORK) && in_new_york().as_deref() == Some(*offset)
    }

    /// Returns the moment of the editors, where the date of the document is the same without its offset.
    fn exact(&self, written: &str, min: &str, max: &str) -> Option<String> {
        let is_told = min == max && min.starts_with(written) && min.contains('T') && self.has_offset_of(min);
        is_told.then(|| min.to_owned())
    }

    /// Returns between which days the editors place the document, or the moment at which they do.
    fn of_editors(&self) -> Option<(String, String)> {
        let (min, max) = (self.between.0.as_deref()?, self.between.1.as_deref()?);
        if is_after(min, max) {
            return None;
        }
        let (min, max) = (moment(min)?, moment(max)?);
        Some(if min == max && min.contains('T') { (min.clone(), min) } else { (day(&min), day(&max)) })
    }
}

/// The offsets that the editors of the series put wherever they know none: they tell nothing of where a document is from.
const EDITORS_OFFSETS: [&str; 2] = ["-05:00", "-04:00"];
/// The zone that had the one in winter and the other in summer; from when to when it was summer changed with the years.
const NEW_YORK: &str = "America/New_York";
/// Where the clocks are those of that zone.
const AT_NEW_YORK: [&str; 13] = [
    "washington",
    "new york",
    "usun",
    "lake success",
    "flushing meadows",
    "camp david",
    "gettysburg",
    "philadelphia",
    "boston",
    "baltimore",
    "key west",
    "ottawa",
    "montreal",
];
/// Where they have the first all year.
const AT_FIVE: [&str; 8] =
    ["bogotá", "bogota", "lima", "quito", "guayaquil", "panamá", "panama", "port au prince"];
/// Where they have the second all year.
const AT_FOUR: [&str; 4] = ["la paz", "asunción", "asuncion", "san juan"];

/// Returns what a source note says of when a document was received: `received in Washington on October 2`.
fn received(note: &str) -> Option<String> {
    let lower = note.to_ascii_lowercase();
    let said = lower.match_indices("received").find_map(|(place, _)| {
        let said: String = note.get(place..)?.chars().take(60).collect();
        let sentence = said.split([';', '(']).next()?;
        [" on ", " at "].iter().any(|word| sentence.contains(word)).then_some(said)
    })?;
    Some(said)
}
