//! Events as ICEWS codes them (tab-separated, CAMEO), and as PLOVER does (JSON lines or comma-separated).

mod actors;
mod lacking;

use std::io::{Read, Seek};

use serde_json::{Map, Value, json};

use crate::desk::error::{DeskError, Fault};
use crate::desk::import::coded::{Meant, Pairs, of_cameo, of_plover};
use crate::desk::import::csv::{CsvTable, Dialect, unread};
use crate::desk::import::drafted::Drafted;
use crate::desk::import::given::Given;
use crate::desk::import::icews::actors::{Actor, table_of};
use crate::desk::import::lines;
use crate::desk::import::mapping::{Columns, TableRow};
use crate::desk::import::mappings::{LOOKED_AT, delimiter};
use crate::desk::import::source::beginning;
use crate::desk::import::table::{Table, header};
use crate::desk::import::taking::Taking;
use crate::domain::fact::Kind;
use crate::domain::occurred::Occurred;

/// By which names the columns go, in the words of those who publish such files.
const ID: &[&str] = &["event id", "eventid", "id"];
const DATE: &[&str] = &["event date", "date"];
const SOURCE_NAME: &[&str] = &["source name", "actor name", "source", "actor"];
const SOURCE_COUNTRY: &[&str] = &["source country", "actor country"];
const SOURCE_SECTORS: &[&str] = &["source sectors", "actor name sectors", "actor sectors", "source sector"];
const TARGET_NAME: &[&str] = &["target name", "recip name", "recipient name", "target", "recipient"];
const TARGET_COUNTRY: &[&str] = &["target country", "recip country", "recipient country"];
const TARGET_SECTORS: &[&str] =
    &["target sectors", "recipient name sectors", "recipient sectors", "target sector"];
const CAMEO: &[&str] = &["cameo code", "cameo"];
const TEXT: &[&str] = &["event text", "headline", "text", "summary", "event description"];
const INTENSITY: &[&str] = &["intensity"];
const EVENT: &[&str] = &["event type", "plover event", "event"];
const MODE: &[&str] = &["event mode", "mode"];
const CONTEXTS: &[&str] = &["contexts", "context"];
const STORY: &[&str] = &["story id", "storyid", "story"];
const SENTENCE: &[&str] = &["sentence number", "sentence"];
const PUBLISHER: &[&str] = &["publisher", "source publisher", "feed"];
/// Who published it, beside an actor: without one, `source` is the actor.
const PUBLISHER_BESIDE: &[&str] = &["source"];
const AT: [&[&str]; 2] = [&["latitude"], &["longitude"]];
const PLACE: &[&[&str]] = &[&["city", "placename"], &["district"], &["province"], &["country"]];

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coded {
    /// CAMEO codes.
    Icews,
    /// Events, modes and contexts.
    Plover,
}

/// Drafts an entry of every event.
pub(super) fn draft(
    coded: Coded,
    mut file: impl Read + Seek,
    given: Given<'_>,
    taking: &mut Taking,
) -> Result<(), DeskError> {
    let mut coding = Coding { coded, given, pairs: Pairs::default() };
    let start = beginning(&mut file, LOOKED_AT).map_err(unread)?;
    if coded == Coded::Plover && begins_with_a_brace(&start) {
        return coding.lines(file, taking);
    }
    let mapping = coding.given.checked.map(|checked| &checked.mapping);
    // Both are published with tabs, and passed on with commas; the header tells. Between tabs a quote is a letter.
    let delimiter = mapping.and_then(|mapping| mapping.delimiter.clone()).or_else(|| delimiter(&start));
    let tabs = delimiter.as_deref() == Some("tab");
    let dialect = Dialect {
        encoding: mapping.and_then(|mapping| mapping.encoding.clone()),
        delimiter,
        quote: mapping.and_then(|mapping| mapping.quote.clone()).or_else(|| tabs.then(|| "none".to_owned())),
    };
    let mut table = CsvTable::new(file, &dialect)?;
    let Some((columns, _)) = header(&mut table, None, taking)? else {
        taking.wrong(Fault::new("the file has no rows"));
        return Ok(());
    };
    let names: Vec<String> = columns.names.iter().map(|name| name.replace('_', " ").to_lowercase()).collect();
    let columns = Columns::of(names);
    let needed: [(&str, &[&str]); 2] = match coded {
        Coded::Icews => [("CAMEO Code", CAMEO), ("Event Date", DATE)],
        Coded::Plover => [("event", EVENT), ("date", DATE)],
    };
    for (name, names) in needed {
        if !names.iter().any(|name| columns.names.iter().any(|column| column == name)) {
            let detail = format!("the file has no column `{name}`; it has {}", columns.names.join(", "));
            taking.wrong(Fault::new(detail));
            return Ok(());
        }
    }
    lacking::of_table(&columns, taking);
    while let Some(row) = table.next()? {
        if row.cells.iter().all(|cell| cell.text().trim().is_empty()) && row.wrong.is_empty() {
            continue;
        }
        let (line, span, wrong) = (row.line, row.span, row.wrong.clone());
        let said = Said { row: &row, columns: &columns };
        let mut drafted = Drafted::at(line, span);
        for (_, detail) in wrong {
            drafted.wrong(None, detail);
        }
        coding.event(&said, drafted, taking)?;
    }
    table.misnamed().into_iter().for_each(|fault| taking.doubt(fault));
    Ok(())
}

/// Returns by which name a table is read as coded events, where its header has the columns of such files.
pub(super) fn of_header(start: &[u8]) -> Option<&'static str> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let first = start.split(|byte| matches!(byte, b'\n' | b'\r')).find(|line| !line.is_empty())?;
    let first = String::from_utf8_lossy(first).replace('_', " ").to_lowercase();
    let names: Vec<&str> = first.split(['\t', ',', ';']).map(|name| name.trim().trim_matches('"')).collect();
    let has = |columns: &[&str]| columns.iter().any(|column| names.contains(column));
    let has_side = [SOURCE_NAME, SOURCE_COUNTRY, TARGET_NAME, TARGET_COUNTRY].into_iter().any(has);
    match (has(DATE) && has_side, has(CAMEO), has(EVENT) && has(MODE)) {
        (true, true, _) => Some("icews"),
        (true, false, true) => Some("plover"),
        (false, _, _) | (true, false, false) => None,
    }
}

fn begins_with_a_brace(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    start.trim_ascii_start().starts_with(b"{")
}

/// What a row says, by the names of its columns.
struct Said<'a> {
    row: &'a TableRow,
    columns: &'a Columns,
}

impl Said<'_> {
    /// Returns what the first of these columns says that the file has: of another, by a name that is less sure, nothing
    /// is taken where that one is empty.
    fn get(&self, names: &[&str]) -> &str {
        let place = names.iter().find_map(|name| self.columns.place(name));
        place.map(|place| self.at(place)).unwrap_or_default()
    }

    /// Returns what the first of these columns says that is not empty.
    fn any(&self, names: &[&str]) -> &str {
        let said = names.iter().filter_map(|name| self.columns.place(name)).map(|place| self.at(place));
        said.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
    }

    fn at(&self, place: usize) -> &str {
        let text = self.row.cells.get(place).map(|cell| cell.text().trim()).unwrap_or_default();
        if matches!(text, "NULL" | "None" | "NA" | "---") { "" } else { text }
    }
}

struct Coding<'a> {
    coded: Coded,
    given: Given<'a>,
    pairs: Pairs,
}

impl Coding<'_> {
    fn lines(&mut self, mut file: impl Read, taking: &mut Taking) -> Result<(), DeskError> {
        let mut failed = Ok(());
        lines::each(&mut file, |mut drafted| {
            if failed.is_err() {
                return Ok(());
            }
            let done = match drafted.entry.take() {
                Some(Value::Object(object)) => {
                    let (columns, row) = table_of(object, &mut drafted, taking);
                    if let Some(detail) = lacking::of_line(&columns, drafted.line, taking) {
                        drafted.wrong(None, detail);
                    }
                    self.event(&Said { row: &row, columns: &columns }, drafted, taking)
                }
                Some(_) | None => taking.take(drafted),
            };
            failed = done;
            Ok(())
        })
        .map_err(unread)?;
        failed
    }

    fn event(&mut self, said: &Said<'_>, mut drafted: Drafted, taking: &mut Taking) -> Result<(), DeskError> {
        let line = drafted.line;
        let day = said.get(DATE).split(['T', ' ']).next().unwrap_or_default().to_owned();
        let story = [said.get(STORY), said.get(SENTENCE)].join("/");
        let (code, meant) = self.meant(said, &mut drafted);
        let (from, to) = (who(said, SOURCE_NAME, SOURCE_COUNTRY), who(said, TARGET_NAME, TARGET_COUNTRY));
        // Where a name has no column, a side goes by its country alone.
        let has = |names: &[&str]| names.iter().any(|name| said.columns.place(name).is_some());
        let named = if has(SOURCE_NAME) && has(TARGET_NAME) { usize::MAX } else { 1 };
        let side = |who: &[&str]| who.iter().take(named).copied().collect::<Vec<_>>().join("/");
        let pair = if self.coded == Coded::Icews { code.as_str() } else { as_cameo(said) };
        if self.pairs.is_second(&day, &story, pair, &side(&from), &side(&to)) {
            taking.skip(line, "the second row of a reciprocal pair: the same event with the roles exchanged");
            return Ok(());
        }
        if !day.is_empty() && day.parse::<Occurred>().is_err() {
            drafted.wrong(
                Some("date"),
                format!("`{day}` is no day; a day of a coded event is written 2014-02-25"),
            );
        }
        let id = said.get(ID);
        drafted.key = (!id.is_empty()).then(|| format!("{day}/{id}"));
        let kind = match meant {
            Some(meant) if !meant.needs_channel || self.given.has_constant("channel") => {
                if let Some(doubt) = meant.doubt {
                    taking.count(line, &format!("recorded as `{}`: {doubt}", meant.kind));
                }
                meant.kind
            }
            other => {
                let why = match other {
                    Some(meant) => {
                        format!("{code} is `{}`, which is about a channel, and none is given", meant.kind)
                    }
                    None => format!("{code} has no kind"),
                };
                let Some(kind) = self.given.default_kind else {
                    let advice = "give `--default-kind KIND`, or say what the code is in `tables.kinds` of the mapping";
                    drafted.wrong(Some("kind"), format!("{why}; {advice}"));
                    // Whatever else is wrong with the row is told with it.
                    self.wrong_parties(&from, "from", &mut drafted);
                    self.wrong_parties(&to, "to", &mut drafted);
                    return taking.take(drafted);
                };
                taking.count(line, &format!("{why}; recorded as `{kind}`, as was stated"));
                kind
            }
        };
        let entry = self.entry(kind, &day, &code, said, &from, &to, &mut drafted);
        drafted.entry = Some(entry.into());
        taking.take(drafted)
    }

    /// Returns the code as it is written, and the kind that it is.
    fn meant(&self, said: &Said<'_>, drafted: &mut Drafted) -> (String, Option<Meant>) {
        let code = match self.coded {
            Coded::Icews => {
                let written = said.get(CAMEO);
                // A spreadsheet takes the zero from 036; no code has one or two digits.
                let is_cut = written.len() == 2 && written.bytes().all(|byte| byte.is_ascii_digit());
                if is_cut {
                    drafted.doubt(format!("the CAMEO code `{written}` is read as 0{written}: a spreadsheet may have taken the zero"));
                }
                if is_cut { format!("0{written}") } else { written.to_owned() }
            }
            Coded::Plover => {
                let mode = said.get(MODE);
                let event = said.get(EVENT);
                if mode.is_empty() { event.to_owned() } else { format!("{event}/{mode}") }
            }
        };
        let told = self.given.table("kinds", &code).and_then(Value::as_str);
        if let Some(kind) = told {
            return match kind.parse::<Kind>() {
                Ok(kind) => (code, Some(Meant { kind, doubt: None, needs_channel: false })),
                Err(error) => {
                    drafted.wrong(Some("kind"), format!("tables.kinds.{code}: {error}"));
                    (code, None)
                }
            };
        }
        let meant = match self.coded {
            Coded::Icews => of_cameo(&code),
            Coded::Plover => of_plover(said.get(EVENT), said.get(MODE), said.get(CONTEXTS)),
        };
        (code, meant)
    }

    /// Returns the codes of a side, and the sectors that stand in them: of a country and a name in it, the country is the
    /// party, and the name is said in the summary. Several act together where they stand beside each other: `KOR;USA`.
    fn parties(
        &mut self,
        who: &[&str],
        field: &str,
        day: &str,
        drafted: &mut Drafted,
    ) -> (Vec<String>, Vec<String>) {
        let (mut codes, mut sectors): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for actor in actors::of_side(who.first().copied().unwrap_or_default(), &self.given) {
            match actor {
                Actor::Named(name) => {
                    self.given.told_of_two(name, field, day, drafted);
                    codes.extend(self.given.party(name, field, drafted).filter(|code| !codes.contains(code)));
                }
                Actor::Coded { state, sector } => {
                    let code = self.given.party(state, field, drafted);
                    codes.extend(code.filter(|code| !codes.contains(code)));
                    sectors.push(format!("{state} {sector}"));
                }
                Actor::Unclear(why) => drafted.wrong(Some(field), why),
            }
        }
        (codes, sectors)
    }

    /// Notes why a side is none, as [`Coding::parties`] does.
    fn wrong_parties(&self, who: &[&str], field: &str, drafted: &mut Drafted) {
        for actor in actors::of_side(who.first().copied().unwrap_or_default(), &self.given) {
            match actor {
                Actor::Named(name) | Actor::Coded { state: name, .. } => {
                    self.given.wrong_party(name, field, drafted);
                }
                Actor::Unclear(why) => drafted.wrong(Some(field), why),
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what was found out of a row, once")]
    fn entry(
        &mut self,
        kind: Kind,
        day: &str,
        code: &str,
        said: &Said<'_>,
        from: &[&str],
        to: &[&str],
        drafted: &mut Drafted,
    ) -> Map<String, Value> {
        let mut entry = self.given.constants();
        entry.insert("kind".to_owned(), json!(kind));
        entry.insert("date".to_owned(), json!(day));
        let mut in_codes = Vec::new();
        for (field, who) in [("from", from), ("to", to)] {
            let (codes, sectors) = self.parties(who, field, day, drafted);
            if !codes.is_empty() {
                entry.insert(field.to_owned(), codes.into());
            }
            in_codes.push(sectors.join(", "));
        }
        lacking::of_sides(said.columns, kind, &entry, drafted);
        let (source, target) = (said.get(SOURCE_NAME), said.get(TARGET_NAME));
        let text = said.any(TEXT);
        let event = if text.is_empty() { code } else { text };
        let summary = match (source, target) {
            ("", "") => event.to_owned(),
            (source, "") => format!("{source}: {event}"),
            ("", target) => format!("{event} ({target})"),
            (source, target) => format!("{source} → {target}: {event}"),
        };
        entry.insert("summary".to_owned(), summary.into());
        let mut notes = Vec::new();
        let mut note = |what: &str, text: &str| {
            if !text.is_empty() {
                notes.push(format!("{what} {text}"));
            }
        };
        note(if self.coded == Coded::Icews { "CAMEO" } else { "PLOVER" }, code);
        note("contexts", said.get(CONTEXTS));
        note("intensity", said.get(INTENSITY));
        let columns = [("source sectors", SOURCE_SECTORS), ("target sectors", TARGET_SECTORS)];
        for ((what, columns), in_codes) in columns.into_iter().zip(in_codes) {
            note(what, said.get(columns));
            note(what, &in_codes);
        }
        let place: Vec<&str> =
            PLACE.iter().map(|names| said.any(names)).filter(|name| !name.is_empty()).collect();
        note("place", &place.join(", "));
        let at = AT.map(|names| said.get(names));
        if at.iter().all(|part| !part.is_empty()) {
            note("at", &at.join(", "));
        }
        entry.insert("note".to_owned(), notes.join("; ").into());
        let locator = self.locator(said);
        entry.entry("source".to_owned()).or_insert_with(|| json!([{ "locator": locator }]));
        entry
    }

    /// Returns where an event is found: its number, the story and the sentence that tell of it, who published that.
    fn locator(&self, said: &Said<'_>) -> String {
        let mut locator = if self.coded == Coded::Icews { "ICEWS" } else { "PLOVER" }.to_owned();
        for (what, names) in
            [("event", ID), ("story", STORY), ("sentence", SENTENCE), ("publisher", PUBLISHER)]
        {
            let part = said.get(names);
            if !part.is_empty() {
                locator = format!("{locator}, {what} {part}");
            }
        }
        let is_actor = SOURCE_NAME.iter().find(|name| said.columns.place(name).is_some()) == Some(&"source");
        let publisher = said.get(PUBLISHER_BESIDE);
        if said.get(PUBLISHER).is_empty() && !is_actor && !publisher.is_empty() {
            locator = format!("{locator}, publisher {publisher}");
        }
        locator
    }
}

/// Returns the names of a side, the one that is its party first.
fn who<'s>(said: &'s Said<'_>, name: &[&str], country: &[&str]) -> Vec<&'s str> {
    [said.get(country), said.get(name)].into_iter().filter(|name| !name.is_empty()).collect()
}

/// Returns the CAMEO code of which a PLOVER event has two rows.
fn as_cameo(said: &Said<'_>) -> &'static str {
    let consults = said.get(EVENT).eq_ignore_ascii_case("consult");
    match said.get(MODE).to_lowercase().as_str() {
        "visit" | "phone" | "third-party" | "meet" | "" if consults => "046",
        _ => "",
    }
}
