//! A first look at a file: which rows it has, and how it uses the names that it mentions.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::desk::error::Fault;
use crate::desk::format::resolve::Use;
use crate::desk::import::drafted::Drafted;
use crate::desk::import::keys::{Gathering, Keys};
use crate::desk::import::source::{FromPlace, Scratch};
use crate::desk::import::usage::{Usage, mentions};
use crate::domain::fact::Kind;

/// In which turn rows are read: those that others name first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// It enters something in a register.
    Register,
    /// It says what happened.
    Entry,
    /// It corrects another.
    Correction,
}

/// A row of the file.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Where it stands among the spooled rows.
    pub(super) place: u64,
    pub(super) line: u64,
    pub(super) turn: Turn,
    /// Its own id; of a row without one, a digest of what it says.
    pub(super) key: String,
    /// The key is the `id` of the entry itself.
    pub(super) has_id: bool,
    /// What it says, and what is wrong or doubtful about how it was read.
    pub(super) drafted: Drafted,
}

/// Rows that are read together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// Where its first row stands among the spooled rows.
    pub(super) place: u64,
    pub(super) rows: u64,
    bytes: u64,
}

/// What a first look tells.
pub(super) struct Survey {
    spool: File,
    keys: Keys,
    /// The rows in parts that fit in memory.
    pub(super) windows: Vec<Window>,
    /// The places of the rows that enter something, where there are several windows: they are read first.
    pub(super) registers: Vec<u64>,
    /// How names are used.
    pub(super) uses: HashMap<String, Use>,
    /// What is wrong with the file as a whole.
    pub(super) wrong: Vec<Fault>,
    /// What is doubtful about the file as a whole.
    pub(super) doubtful: Vec<Fault>,
    /// The rows whose key stands in an earlier line.
    twice: HashMap<u64, u64>,
    /// How many rows there are.
    pub(super) count: u64,
}

/// Takes in rows as they are drafted, and spools them.
pub(super) struct Surveying {
    spool: Scratch,
    keys: Gathering,
    windows: Vec<Window>,
    registers: Vec<u64>,
    corrections: u64,
    usage: HashMap<String, Usage>,
    alike: HashMap<u64, u32>,
    /// What is wrong with the file as a whole: nothing of it is recorded.
    pub(super) wrong: Vec<Fault>,
    /// What is doubtful about the file as a whole.
    pub(super) doubtful: Vec<Fault>,
    count: u64,
    limits: Limits,
}

/// How much of a file is read together, and how much of it is remembered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    /// Names, and rows without a key of their own.
    pub(super) remembered: usize,
}

/// What fits in memory, with room for everything that is made of it.
pub(super) const LIMITS: Limits = Limits { rows: 20_000, bytes: 32 << 20, remembered: 1_000_000 };
/// How many rows with the key of an earlier one are told apart.
const TWICE_MAX: usize = 10_000;

impl Surveying {
    /// Returns one that has seen nothing.
    pub(super) fn new(limits: Limits) -> io::Result<Self> {
        Ok(Self {
            spool: Scratch::new()?,
            keys: Gathering::new(),
            windows: Vec::new(),
            registers: Vec::new(),
            corrections: 0,
            usage: HashMap::new(),
            alike: HashMap::new(),
            wrong: Vec::new(),
            doubtful: Vec::new(),
            count: 0,
            limits,
        })
    }

    /// Takes in the next row.
    pub(super) fn take(&mut self, mut drafted: Drafted) -> io::Result<()> {
        let place = self.spool.written();
        self.count += 1;
        if let Some(entry) = &drafted.entry {
            let (own, turn) = (own_id(entry), turn_of(entry));
            if let Some(kind) = kind_of(entry) {
                mentions(entry, kind, &mut self.usage);
            }
            if drafted.key.is_none() && own.is_none() {
                let digest = digest(entry);
                let count = self.alike.entry(digest).or_default();
                *count += 1;
                // Two rows that say the same are two rows.
                drafted.key =
                    Some(if *count == 1 { row_key(digest) } else { format!("{}-{count}", row_key(digest)) });
            }
            match turn {
                Turn::Register => self.registers.push(place),
                Turn::Correction => self.corrections += 1,
                Turn::Entry => {}
            }
            if let Some(key) = drafted.key.as_deref().or(own.as_deref()) {
                self.keys.push(key, place)?;
            }
        }
        let mut line = serde_json::to_vec(&drafted).map_err(io::Error::other)?;
        line.push(b'\n');
        self.spool.push(&line)?;
        self.note(place, line.len() as u64);
        if self.alike.len() > self.limits.remembered || self.usage.len() > self.limits.remembered {
            let what = "more than a million rows without a key, or names of channels";
            let detail = format!("the file has {what}; give every row an `id`");
            return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
        }
        Ok(())
    }

    fn note(&mut self, place: u64, bytes: u64) {
        let limits = self.limits;
        match self.windows.last_mut() {
            Some(window) if window.rows < limits.rows && window.bytes + bytes <= limits.bytes => {
                window.rows += 1;
                window.bytes += bytes;
            }
            Some(_) | None => self.windows.push(Window { place, rows: 1, bytes }),
        }
    }

    /// Returns what was seen.
    pub(super) fn finish(mut self) -> io::Result<Survey> {
        let spool = self.spool.finish()?;
        let mut twice = HashMap::new();
        let keys = self.keys.finish(|first, second| {
            let (one, other) = (row_at(&spool, first)?, row_at(&spool, second)?);
            // Two keys may have one fingerprint.
            if twice.len() < TWICE_MAX && one.key == other.key {
                twice.insert(second, one.line);
            }
            Ok(())
        })?;
        if self.windows.len() > 1 && self.corrections > 0 {
            self.wrong.push(Fault::new(format!(
                "{} rows correct entries; a file of more than {} rows or {} MiB takes no corrections: import them \
                 afterwards, as a file of their own",
                self.corrections,
                self.limits.rows,
                self.limits.bytes >> 20
            )));
        }
        if self.windows.len() > 1 && self.registers.len() as u64 > self.limits.rows {
            self.wrong.push(Fault::new(format!(
                "{} rows enter something in a register, more than {}; import them first, in files of their own",
                self.registers.len(),
                self.limits.rows
            )));
            self.registers.clear();
        }
        Ok(Survey {
            spool,
            keys,
            windows: self.windows,
            registers: self.registers,
            uses: self.usage.into_iter().map(|(name, usage)| (name, usage.entered_as())).collect(),
            wrong: self.wrong,
            doubtful: self.doubtful,
            twice,
            count: self.count,
        })
    }
}

impl Survey {
    /// Returns the rows of a window, in the order of the file.
    pub(super) fn rows(&self, window: Window) -> io::Result<Vec<Row>> {
        let mut reader = BufReader::with_capacity(1 << 16, FromPlace::at(&self.spool, window.place));
        let mut place = window.place;
        (0..window.rows).map(|_| next_row(&mut reader, &mut place)).collect()
    }

    /// Returns the rows at some places.
    pub(super) fn rows_at(&self, places: &[u64]) -> io::Result<Vec<Row>> {
        places.iter().map(|place| row_at(&self.spool, *place)).collect()
    }

    /// Returns where the row with a key stands, and whether it has that name in any file.
    pub(super) fn find(&self, key: &str) -> io::Result<Option<(u64, bool)>> {
        let mut places = self.keys.find(key)?;
        places.sort_unstable();
        for place in places {
            let row = row_at(&self.spool, place)?;
            if row.key == key {
                return Ok(Some((place, row.drafted.everywhere)));
            }
        }
        Ok(None)
    }

    /// Returns the line whose key a row has as well.
    pub(super) fn first_of(&self, row: &Row) -> Option<u64> {
        self.twice.get(&row.place).copied()
    }
}

fn row_at(spool: &File, mut place: u64) -> io::Result<Row> {
    next_row(&mut BufReader::new(FromPlace::at(spool, place)), &mut place)
}

fn next_row(reader: &mut impl BufRead, place: &mut u64) -> io::Result<Row> {
    let mut line = Vec::new();
    let read = reader.read_until(b'\n', &mut line)?;
    let drafted: Drafted = serde_json::from_slice(&line).map_err(io::Error::other)?;
    let own = drafted.entry.as_ref().and_then(own_id);
    let turn = drafted.entry.as_ref().map_or(Turn::Entry, turn_of);
    let has_id = own.is_some();
    let key = own.or_else(|| drafted.key.clone()).unwrap_or_default();
    let row = Row { place: *place, line: drafted.line, turn, key, has_id, drafted };
    *place += read as u64;
    Ok(row)
}

fn own_id(entry: &Value) -> Option<String> {
    let own = entry.get("id").and_then(Value::as_str).map(str::trim).filter(|id| !id.is_empty());
    own.map(ToOwned::to_owned)
}

fn kind_of(entry: &Value) -> Option<Kind> {
    entry.get("kind").and_then(Value::as_str).and_then(|kind| kind.parse::<Kind>().ok())
}

fn turn_of(entry: &Value) -> Turn {
    match kind_of(entry) {
        Some(
            Kind::ChannelRegistered | Kind::PartyRegistered | Kind::SeriesRegistered | Kind::PersonRegistered,
        ) => Turn::Register,
        Some(kind) if kind.family() == "record" => Turn::Correction,
        Some(_) | None => Turn::Entry,
    }
}

fn row_key(digest: u64) -> String {
    format!("row-{digest:016x}")
}

fn digest(row: &Value) -> u64 {
    let hash: [u8; 32] = Sha256::digest(row.to_string().as_bytes()).into();
    let (bytes, _) = hash.split_first_chunk::<8>().expect("32 bytes begin with 8");
    u64::from_be_bytes(*bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::import::lines;

    fn survey(file: &[u8], limits: Limits) -> Survey {
        let mut surveying = Surveying::new(limits).unwrap();
        lines::each(&mut &file[..], |drafted| surveying.take(drafted)).unwrap();
        surveying.finish().unwrap()
    }

    #[test]
    fn an_id_stands_once_and_rows_without_one_are_told_apart() {
        let file = b"{\"id\":\"a\",\"kind\":\"incident\"}\n{\"id\":\"a\",\"kind\":\"incident\"}\n{\"kind\":\"incident\"}\n{\"kind\":\"incident\"}";
        for rows in [20_000, 1] {
            let survey = survey(file, Limits { rows, ..LIMITS });
            let rows: Vec<Row> =
                survey.windows.iter().flat_map(|window| survey.rows(*window).unwrap()).collect();
            let firsts: Vec<_> = rows.iter().map(|row| survey.first_of(row)).collect();
            assert_eq!(firsts, [None, Some(1), None, None]);
            assert_ne!(rows[2].key, rows[3].key);
            assert_eq!(survey.find(&rows[3].key).unwrap(), Some((rows[3].place, false)));
            assert_eq!(survey.find("b").unwrap(), None);
        }
    }
}
