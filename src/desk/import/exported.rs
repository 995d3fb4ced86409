//! An export read back: a header, then one sealed record per line, each checked before any is taken.

use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::desk::answer::operation::Imported;
use crate::desk::ask::ImportAsk;
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::lines;
use crate::domain::zone::Zone;
use crate::store::Sealed;
use crate::store::leaf::{HexHash, Leaf};
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
    /// The salt of the commitment, as 64 hexadecimal digits.
    pub(crate) salt: String,
    /// The body; null where it was removed.
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

/// Tells whether a file is an export: its first line says so.
pub(crate) fn is_export(file: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Says {
        format: String,
    }
    let first = lines::lines(file).next().and_then(|(_, line)| serde_json::from_slice::<Says>(line).ok());
    first.is_some_and(|says| says.format == FORMAT)
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
    for (number, line) in rest {
        match sealed(number, line, &header, expected) {
            Ok(record) => records.push(record),
            Err(fault) => wrong.push(fault),
        }
        expected += 1;
    }
    if expected != header.size {
        let detail = format!(
            "the header speaks of positions {} to {}, and the file has {} records; it may be cut off",
            header.from,
            header.size,
            expected - header.from
        );
        wrong.push(Fault::new(detail));
    }
    if wrong.is_empty() { Ok(Exported { header, records }) } else { Err(wrong) }
}

fn sealed(number: u64, line: &[u8], header: &Header, expected: u64) -> Result<Sealed, Fault> {
    let wrong = |detail: String| Fault { line: Some(number), field: None, detail };
    let text = lines::text(number, line)?;
    let line: Line =
        serde_json::from_str(text).map_err(|error| wrong(format!("is no record of an export: {error}")))?;
    let leaf = Leaf::decode_strictly(&line.leaf).map_err(|error| wrong(error.to_string()))?;
    if leaf.pos != expected {
        return Err(wrong(format!("has position {}, and {expected} is next", leaf.pos)));
    }
    if leaf.log != header.log {
        return Err(wrong(format!("is of the log {}, not of {}", leaf.log, header.log)));
    }
    let salt: HexHash = line.salt.parse().map_err(|error| wrong(format!("salt: {error}")))?;
    if let Some(body) = &line.body
        && body.len() != leaf.sub.length as usize
    {
        return Err(wrong(format!(
            "has a body of {} bytes, and its leaf speaks of {}",
            body.len(),
            leaf.sub.length
        )));
    }
    Ok(Sealed { position: expected, leaf: line.leaf, salt: salt.0, body: line.body })
}

impl Desk {
    /// Checks an export and takes it over.
    #[expect(clippy::unnecessary_wraps, reason = "the engine that takes it over can fail")]
    pub(super) fn import_export(&self, ask: &ImportAsk, file: &[u8]) -> Result<Imported, DeskError> {
        let mut imported = Imported {
            dry_run: ask.dry_run,
            format: "export".to_owned(),
            rows: 0,
            recorded: 0,
            already: 0,
            registered: Vec::new(),
            doubtful: Vec::new(),
            wrong: Vec::new(),
            size: 0,
            root: String::new(),
        };
        match read(file) {
            Ok(exported) => {
                imported.rows = exported.records.len() as u64;
                match self.take_over(exported, ask.dry_run) {
                    Ok((recorded, already)) => (imported.recorded, imported.already) = (recorded, already),
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
        let Some(engine) = self.engine.as_ref().filter(|engine| engine.is_copy()) else {
            return Err(Fault::new(format!(
                "{own} is written here; an export continues only a read-only copy of the log"
            )));
        };
        let size = self.store.head().size;
        if header.from > size {
            return Err(Fault::new(format!(
                "the file begins at position {}, and this copy ends after {size} events; import what lies \
                 between first",
                header.from
            )));
        }
        self.check_root(&header, &records)?;
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
