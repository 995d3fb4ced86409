//! An export read back: a header, then one sealed record per line, each checked before any is taken.

use std::collections::HashSet;
use std::io::{Read, SeekFrom};

use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::desk::answer::operation::Imported;
use crate::desk::ask::ImportAsk;
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::csv::unread;
use crate::desk::import::lines;
use crate::desk::import::source::Source;
use crate::domain::event::{Event, SCHEMA};
use crate::domain::fact::Fact;
use crate::domain::id::EventId;
use crate::domain::zone::Zone;
use crate::store::leaf::{HexHash, Leaf};
use crate::store::{Class, Sealed};
use crate::tlog::leaf_hash;
use crate::tlog::tree::Edge;

/// What the first line of an export says that it is.
pub(crate) const FORMAT: &str = "demarche-export";
/// The version of the format of exports.
pub(crate) const VERSION: u32 = 1;

/// The first line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// `demarche-export`.
    pub(crate) format: String,
    /// The version of the format.
    pub(crate) version: u32,
    /// The name of the log.
    pub(crate) log: String,
    /// The zone of the log.
    pub(crate) zone: Zone,
    /// The first position.
    pub(crate) from: u64,
    /// The position after the last: the size of the log at which `root` is its root.
    pub(crate) size: u64,
    /// The RFC 6962 root over the first `size` leaf hashes, as 64 hexadecimal digits.
    pub(crate) root: String,
}

/// A record as a line of an export has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    /// The leaf, verbatim: the bytes that are hashed.
    pub(crate) leaf: String,
    /// The salt of the commitment, as 64 hexadecimal digits; none where the body was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) salt: Option<String>,
    /// The body; none where it was removed, as a later record of the export says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
}

/// An export that was read.
#[derive(Debug)]
pub(crate) struct Exported {
    /// Its first line.
    pub(crate) header: Header,
    /// Its records, in order.
    pub(crate) records: Vec<Sealed>,
}

/// How much of a file is looked at to tell whether it is an export.
const LOOKED_AT: u64 = 64 << 10;
/// The largest export that is read at once: it is taken over whole.
const EXPORT_BYTES_MAX: u64 = 256 << 20;

/// Tells whether a file is an export: its first line says so.
///
/// # Errors
///
/// Returns [`DeskError::Unavailable`] when the file cannot be read.
pub(crate) fn is_export(file: &mut dyn Source) -> Result<bool, DeskError> {
    #[derive(Deserialize)]
    struct Says {
        format: String,
    }
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    Read::take(&mut *file, LOOKED_AT).read_to_end(&mut start).map_err(unread)?;
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    let first = lines::lines(&start).next().and_then(|(_, line)| serde_json::from_slice::<Says>(line).ok());
    Ok(first.is_some_and(|says| says.format == FORMAT))
}

/// Reads an export whole.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for one that is too large.
pub(crate) fn whole(file: &mut dyn Source) -> Result<Vec<u8>, DeskError> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    Read::take(&mut *file, EXPORT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() as u64 > EXPORT_BYTES_MAX {
        let detail = format!(
            "the export is larger than {} MiB; export and import the log in parts, with `--from` and `--to`",
            EXPORT_BYTES_MAX >> 20
        );
        return Err(Fault::new(detail).into());
    }
    Ok(bytes)
}

/// Reads an export.
///
/// # Errors
///
/// Returns everything that is wrong with it, by line.
pub(crate) fn read(file: &[u8]) -> Result<Exported, Vec<Fault>> {
    let mut rest = lines::lines(file);
    let fault = |line: u64, detail: String| Fault { line: Some(line), field: None, detail };
    let Some((number, first)) = rest.next() else {
        return Err(vec![Fault::new("the file is empty")]);
    };
    let header = match serde_json::from_slice::<Header>(first) {
        Ok(header) if header.version == VERSION => header,
        Ok(header) => {
            let detail =
                format!("is an export of version {}; this program reads version {VERSION}", header.version);
            return Err(vec![fault(number, detail)]);
        }
        Err(error) => return Err(vec![fault(number, format!("is no header of an export: {error}"))]),
    };
    let mut wrong = Vec::new();
    let mut records = Vec::new();
    let mut expected = header.from;
    let mut explained = Explained::default();
    for (number, line) in rest {
        match sealed(number, line, &header, expected) {
            Ok((leaf, record)) => {
                explained.take(number, &leaf, &record);
                records.push(record);
            }
            Err(fault) => wrong.push(fault),
        }
        expected += 1;
    }
    wrong.extend(explained.faults());
    if expected != header.size {
        let detail = format!(
            "the header speaks of positions {} to {}, and the file has {} records; it may be cut off",
            header.from,
            header.size,
            expected - header.from
        );
        wrong.push(Fault::new(detail));
    }
    if wrong.is_empty()
        && let Err(what) = check_header(&header, &records)
    {
        wrong.push(fault(number, what));
    }
    if wrong.is_empty() { Ok(Exported { header, records }) } else { Err(wrong) }
}

fn sealed(number: u64, line: &[u8], header: &Header, expected: u64) -> Result<(Leaf, Sealed), Fault> {
    let wrong = |detail: String| Fault { line: Some(number), field: None, detail };
    let text = lines::text(number, line)?;
    let line: Line =
        serde_json::from_str(text).map_err(|error| wrong(format!("is no record of an export: {error}")))?;
    let salt = match (&line.salt, &line.body) {
        (Some(salt), Some(_)) => salt.parse::<HexHash>().map_err(|error| wrong(format!("salt: {error}")))?.0,
        (None, None) => [0; 32],
        (None, Some(_)) => return Err(wrong("has a text without its salt: it was altered".to_owned())),
        (Some(_), None) => return Err(wrong("has a salt without its text: it was altered".to_owned())),
    };
    let sealed = Sealed { position: expected, leaf: line.leaf, salt, body: line.body };
    let leaf = sealed.checked().map_err(wrong)?;
    if leaf.pos != expected {
        return Err(wrong(format!("has position {}, and {expected} is next", leaf.pos)));
    }
    if leaf.log != header.log {
        return Err(wrong(format!("is of the log {}, not of {}", leaf.log, header.log)));
    }
    Ok((leaf, sealed))
}

/// The records whose text is missing, and the events whose text later records say was removed.
#[derive(Default)]
struct Explained {
    missing: Vec<(u64, EventId)>,
    removed: HashSet<EventId>,
}

impl Explained {
    fn take(&mut self, number: u64, leaf: &Leaf, record: &Sealed) {
        let Some(body) = &record.body else { return self.missing.push((number, leaf.sub.id)) };
        if leaf.sub.class == Class::RecordRedacted
            && let Ok(Event { fact: Fact::RecordRedacted(redacted), .. }) =
                Event::decode(leaf.sub.schema, body)
        {
            self.removed.insert(redacted.target);
        }
    }

    /// Returns a fault for every text that is missing while no record says why.
    fn faults(self) -> Vec<Fault> {
        let unexplained = self.missing.into_iter().filter(|(_, id)| !self.removed.contains(id));
        let fault = |(number, _)| Fault {
            line: Some(number),
            field: None,
            detail:
                "has no text, and no record of the export says that it was removed: it was altered, or the \
                     export ends before that record; export the whole log"
                    .to_owned(),
        };
        unexplained.map(fault).collect()
    }
}

/// Checks what the first line says against the records: the root, where they are the whole log, and the
/// zone, where the first says it.
fn check_header(header: &Header, records: &[Sealed]) -> Result<(), String> {
    if header.from > 0 {
        return Ok(());
    }
    let edge: Edge = records.iter().map(|record| leaf_hash(record.leaf.as_bytes())).collect();
    let root = HexHash(edge.root()).to_string();
    if root != header.root {
        return Err(format!(
            "the records give the root {root}, and the header says {}: the file was altered",
            header.root
        ));
    }
    let first = records.first().and_then(|first| first.body.as_deref());
    let opened = first.and_then(|body| Event::decode(SCHEMA, body).ok());
    match opened.map(|event| event.fact) {
        Some(Fact::LogOpened(opened)) if opened.zone != header.zone => Err(format!(
            "the log was begun in the zone {}, and the header says {}: the file was altered",
            opened.zone, header.zone
        )),
        _ => Ok(()),
    }
}

/// Returns what an import of a file into an empty directory would do.
///
/// # Errors
///
/// Returns everything that is wrong with it, by line.
pub(crate) fn preview(file: &[u8]) -> Result<Imported, Vec<Fault>> {
    let Exported { header, records } = read(file)?;
    let rows = records.len() as u64;
    let mut imported = nothing(true);
    (imported.rows, imported.recorded, imported.size, imported.root) = (rows, rows, header.size, header.root);
    Ok(imported)
}

fn nothing(dry_run: bool) -> Imported {
    Imported { dry_run, format: "export".to_owned(), ..Imported::default() }
}

impl Desk {
    /// Checks an export and takes it over.
    #[expect(clippy::unnecessary_wraps, reason = "the engine that takes it over can fail")]
    pub(super) fn import_export(&self, ask: &ImportAsk, file: &[u8]) -> Result<Imported, DeskError> {
        let mut imported = nothing(ask.dry_run);
        match read(file) {
            Ok(exported) => {
                imported.rows = exported.records.len() as u64;
                match self.take_over(exported, ask.dry_run) {
                    Ok((recorded, already)) => {
                        (imported.recorded, imported.already) = (recorded, already);
                        if !ask.dry_run {
                            // Texts that are there and that a later record removes go here as well.
                            self.finish_or_tell();
                        }
                    }
                    Err(fault) => imported.wrong.push(fault),
                }
            }
            Err(wrong) => imported.wrong = wrong,
        }
        Ok(imported)
    }

    /// Takes records over with their positions, ids and times.
    ///
    /// Returns how many were, or would be, taken over, and how many the log had already.
    fn take_over(&self, exported: Exported, dry_run: bool) -> Result<(u64, u64), Fault> {
        let Exported { header, records } = exported;
        let own = self.store.log_id();
        if header.log != own {
            return Err(Fault::new(format!(
                "the file is an export of the log {}, and this is {own}: an export is imported into an empty \
                 directory, where it becomes a read-only copy",
                header.log
            )));
        }
        let size = self.store.head().size;
        if header.from > size {
            return Err(Fault::new(format!(
                "the file begins at position {}, and this copy ends after {size} events; import what lies \
                 between first",
                header.from
            )));
        }
        self.check_root(&header, &records)?;
        if header.size <= size {
            let ours = self.store.root_at(header.size).map_err(|error| Fault::new(error.to_string()))?;
            return if ours.is_some_and(|ours| HexHash(ours).to_string() == header.root) {
                Ok((0, records.len() as u64))
            } else {
                Err(Fault::new(format!(
                    "the log here reads otherwise before position {}: the two were written apart (a fork)",
                    header.size
                )))
            };
        }
        let Some(engine) = self.engine.as_ref().filter(|engine| engine.is_copy()) else {
            return Err(Fault::new(format!(
                "{own} is written here; an export continues only a read-only copy of the log"
            )));
        };
        if dry_run {
            let known = (size - header.from).min(records.len() as u64);
            return Ok((records.len() as u64 - known, known));
        }
        let taken = engine.take_over(records.into_iter());
        taken.map(|taken| (taken.taken, taken.known)).map_err(|error| Fault::new(error.to_string()))
    }

    /// Checks that the records give the root that the file says, after those that are here.
    fn check_root(&self, header: &Header, records: &[Sealed]) -> Result<(), Fault> {
        let mut edge = Edge::default();
        for position in 0..header.from {
            match self.store.leaf_hash(position) {
                Ok(Some(hash)) => edge.push(hash),
                Ok(None) => return Err(Fault::new(format!("position {position} is missing here"))),
                Err(error) => return Err(Fault::new(error.to_string())),
            }
        }
        for record in records {
            edge.push(leaf_hash(record.leaf.as_bytes()));
        }
        let root = HexHash(edge.root()).to_string();
        if root == header.root {
            Ok(())
        } else {
            Err(Fault::new(format!(
                "the records give the root {root}, and the file says {}: it was altered",
                header.root
            )))
        }
    }
}
