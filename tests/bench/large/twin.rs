//! The same rows in `SQLite`: WAL, indexes that fit the questions, FTS5 over the same bigrams.

use std::path::Path;
use std::time::{Duration, Instant};

use demarche::domain::event::Event;
use demarche::domain::id::EntityId;
use demarche::domain::zone::Zone;
use rusqlite::{Connection, params, params_from_iter};

use super::building::SEED;
use super::generator::{Drawn, Generator};

/// In what role something is named.
pub(crate) const ABOUT: i64 = 1;
pub(crate) const VIA: i64 = 2;
pub(crate) const FROM: i64 = 3;
pub(crate) const TO: i64 = 4;
pub(crate) const KIND: i64 = 5;
pub(crate) const TOPIC: i64 = 6;

/// The rows of a log.
pub(crate) struct Twin {
    connection: Connection,
}

/// Any of some things in any of some roles.
pub(crate) type Named = Vec<(i64, i64)>;

impl Twin {
    /// Opens the rows of `count` events in a directory, and returns how many were inserted in a second, without and
    /// with full text; they are inserted where they are not there.
    pub(crate) fn of(dir: &Path, count: u64) -> (Self, f64, f64) {
        let (path, marker) = (dir.join("twin.sqlite"), dir.join("twin"));
        if !marker.exists() {
            for rest in ["twin.sqlite", "twin.sqlite-wal", "twin.sqlite-shm"] {
                let _ = std::fs::remove_file(dir.join(rest));
            }
        }
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-400000;
                 CREATE TABLE IF NOT EXISTS events (position INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,
                   recorded INTEGER NOT NULL, earliest INTEGER NOT NULL, latest INTEGER NOT NULL,
                   body TEXT NOT NULL);
                 CREATE INDEX IF NOT EXISTS by_earliest ON events (earliest, position);
                 CREATE TABLE IF NOT EXISTS named (role INTEGER, what INTEGER, earliest INTEGER, position INTEGER,
                   PRIMARY KEY (role, what, earliest, position)) WITHOUT ROWID;
                 CREATE INDEX IF NOT EXISTS named_by_position ON named (position, role);
                 CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5(words, content='', detail=full);",
            )
            .unwrap();
        let mut twin = Self { connection };
        if let Ok(rates) = std::fs::read_to_string(&marker) {
            let (rows, texts) = rates.split_once(' ').expect("two rates");
            return (twin, rows.parse().unwrap(), texts.parse().unwrap());
        }
        let (rows, texts) = twin.fill(count);
        let rates = [rows, rows + texts].map(|took| count as f64 / took.as_secs_f64());
        std::fs::write(marker, format!("{} {}", rates[0], rates[1])).unwrap();
        (twin, rates[0], rates[1])
    }

    fn fill(&mut self, count: u64) -> (Duration, Duration) {
        let zone: Zone = "Asia/Seoul".parse().unwrap();
        let (mut rows, mut texts) = (Duration::ZERO, Duration::ZERO);
        let mut generator = Generator::new(SEED, count);
        let mut position = 0;
        loop {
            let unit: Vec<Drawn> = generator.by_ref().take(1_000).collect();
            if unit.is_empty() {
                return (rows, texts);
            }
            let prepared: Vec<Row> = unit.iter().map(|drawn| Row::of(drawn, zone)).collect();
            let begun = Instant::now();
            let transaction = self.connection.transaction().unwrap();
            {
                let mut event =
                    transaction.prepare_cached("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6)").unwrap();
                let mut named = transaction
                    .prepare_cached("INSERT OR IGNORE INTO named VALUES (?1, ?2, ?3, ?4)")
                    .unwrap();
                for (row, position) in prepared.iter().zip(position..) {
                    let (earliest, latest) = row.times;
                    event
                        .execute(params![position, row.id, row.recorded, earliest, latest, row.body])
                        .unwrap();
                    for (role, what) in &row.named {
                        named.execute(params![role, what, earliest, position]).unwrap();
                    }
                }
            }
            transaction.commit().unwrap();
            rows += begun.elapsed();
            let begun = Instant::now();
            let transaction = self.connection.transaction().unwrap();
            {
                let mut text =
                    transaction.prepare_cached("INSERT INTO texts (rowid, words) VALUES (?1, ?2)").unwrap();
                let texts = prepared.iter().zip(position..).filter(|(row, _)| !row.words.is_empty());
                for (row, position) in texts {
                    text.execute(params![position, row.words]).unwrap();
                }
            }
            transaction.commit().unwrap();
            texts += begun.elapsed();
            position += prepared.len() as i64;
        }
    }

    /// Returns a page of 50 of what has one thing of each of two sorts, and how many there are.
    pub(crate) fn page(&self, one: &Named, other: &Named, reverse: bool) -> (usize, i64) {
        let order = if reverse { "DESC" } else { "ASC" };
        let both = both(one, other);
        let mut page = self
            .connection
            .prepare_cached(&format!(
                "SELECT position, body FROM events WHERE position IN ({both}) \
                 ORDER BY earliest {order}, position {order} LIMIT 50"
            ))
            .unwrap();
        let values: Vec<i64> = one.iter().chain(other).flat_map(|(role, what)| [*role, *what]).collect();
        let mut rows = page.query(params_from_iter(&values)).unwrap();
        let mut bytes = 0;
        while let Some(row) = rows.next().unwrap() {
            bytes += row.get_ref(1).unwrap().as_str().unwrap().len();
        }
        let mut count = self.connection.prepare_cached(&format!("SELECT count(*) FROM ({both})")).unwrap();
        (bytes, count.query_row(params_from_iter(&values), |row| row.get(0)).unwrap())
    }

    /// Counts what has one thing of each of two sorts by what it names, and by month.
    pub(crate) fn facets(&self, one: &Named, other: &Named) -> usize {
        let both = both(one, other);
        let values: Vec<i64> = one.iter().chain(other).flat_map(|(role, what)| [*role, *what]).collect();
        let mut rows = 0;
        for counting in [
            format!("SELECT role, what, count(*) FROM named WHERE position IN ({both}) GROUP BY role, what"),
            format!(
                "SELECT strftime('%Y-%m', earliest / 1000000, 'unixepoch'), count(*) FROM events \
                 WHERE position IN ({both}) GROUP BY 1"
            ),
        ] {
            let mut counting = self.connection.prepare_cached(&counting).unwrap();
            let mut found = counting.query(params_from_iter(&values)).unwrap();
            while found.next().unwrap().is_some() {
                rows += 1;
            }
        }
        rows
    }

    /// Returns the bytes of the bodies of everything that names an entity, in the order of time.
    pub(crate) fn thread(&self, what: EntityId) -> usize {
        let mut select = self
            .connection
            .prepare_cached(
                "SELECT body FROM events WHERE position IN (SELECT position FROM named WHERE role = 1 AND what = ?1) \
                 ORDER BY earliest, position",
            )
            .unwrap();
        let mut rows = select.query([number(what)]).unwrap();
        let mut bytes = 0;
        while let Some(row) = rows.next().unwrap() {
            bytes += row.get_ref(0).unwrap().as_str().unwrap().len();
        }
        bytes
    }

    /// Returns the best 50 that say a phrase, given as bigrams.
    pub(crate) fn phrase(&self, bigrams: &str) -> (usize, i64) {
        let asked = format!("\"{bigrams}\"");
        let mut select = self
            .connection
            .prepare_cached(
                "SELECT body FROM events WHERE position IN \
                 (SELECT rowid FROM texts WHERE texts MATCH ?1 ORDER BY rank LIMIT 50)",
            )
            .unwrap();
        let mut rows = select.query([&asked]).unwrap();
        let mut bytes = 0;
        while let Some(row) = rows.next().unwrap() {
            bytes += row.get_ref(0).unwrap().as_str().unwrap().len();
        }
        let mut count =
            self.connection.prepare_cached("SELECT count(*) FROM texts WHERE texts MATCH ?1").unwrap();
        (bytes, count.query_row([&asked], |row| row.get(0)).unwrap())
    }
}

/// Returns the question for the positions that have one thing of each of two sorts.
fn both(one: &Named, other: &Named) -> String {
    let any = |named: &Named| {
        let each = vec!["SELECT position FROM named WHERE role = ? AND what = ?"; named.len()];
        each.join(" UNION ")
    };
    format!("SELECT position FROM ({}) INTERSECT SELECT position FROM ({})", any(one), any(other))
}

/// A row before it is inserted.
struct Row {
    id: [u8; 16],
    recorded: i64,
    times: (i64, i64),
    named: Named,
    body: String,
    words: String,
}

impl Row {
    fn of(drawn: &Drawn, zone: Zone) -> Self {
        let Event { envelope, fact } = &drawn.event;
        let times = envelope.occurred.as_ref().map_or((drawn.at, drawn.at), |occurred| {
            let (earliest, latest) = occurred.bounds(&zone);
            (earliest.micros(), latest.micros())
        });
        let roles =
            [(ABOUT, &envelope.about), (VIA, &envelope.via), (FROM, &envelope.from), (TO, &envelope.to)];
        let mut named: Named =
            roles.iter().flat_map(|(role, ids)| ids.iter().map(|id| (*role, number(*id)))).collect();
        named.extend(drawn.event.created(drawn.id).map(|id| (ABOUT, number(id))));
        named.push((KIND, word(fact.kind().as_str())));
        named.extend(envelope.topics.iter().map(|topic| (TOPIC, word(topic))));
        let texts = envelope.summary.iter().chain(&envelope.note).map(String::as_str);
        let texts = texts.chain(envelope.texts.iter().map(|text| text.text.as_str()));
        Self {
            id: drawn.id.as_uuid().into_bytes(),
            recorded: drawn.at,
            times,
            named,
            body: drawn.event.encode().unwrap(),
            words: texts.map(bigrams).collect::<Vec<_>>().join(" . "),
        }
    }
}

/// Returns an entity as a number.
pub(crate) fn number(id: EntityId) -> i64 {
    (id.as_uuid().as_u128() as i64) & i64::MAX
}

/// Returns a word as a number.
pub(crate) fn word(text: &str) -> i64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash as i64) & i64::MAX
}

/// Returns a text with its Hangul as pairs of syllables, the spaces between them dropped, as is usual for FTS5.
pub(crate) fn bigrams(text: &str) -> String {
    let is_hangul = |letter: char| ('가'..='힣').contains(&letter);
    let mut out = String::with_capacity(text.len() * 2);
    let mut before = None;
    for letter in text.chars() {
        if is_hangul(letter) {
            if let Some(before) = before {
                out.extend([' ', before, letter]);
            } else {
                out.push(' ');
            }
            before = Some(letter);
        } else if letter != ' ' || before.is_none() {
            before = None;
            out.push(letter);
        }
    }
    out
}
