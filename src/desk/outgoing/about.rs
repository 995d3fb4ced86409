//! What an export says of itself: of which log, at which position, by which query.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::desk::Desk;
use crate::desk::ask::{ExportAsk, When};
use crate::desk::error::DeskError;
use crate::desk::outgoing::taking::Taking;
use crate::domain::timestamp::Timestamp;
use crate::tlog::checkpoint::Checkpoint;

/// What an export says of itself.
pub(super) struct About {
    /// The name of the log.
    pub(super) log: String,
    /// The last position that was known; none before anything was recorded.
    pub(super) position: Option<u64>,
    /// When that was recorded; the first moment of 1970 before anything was.
    pub(super) recorded_at: Timestamp,
    /// The zone of the log.
    pub(super) zone: String,
    /// The parameters of the question, in one order: `channel=mil-west from=2018`.
    pub(super) query: String,
    /// How many entries are in it.
    pub(super) total: u64,
    /// How many the filter meets.
    pub(super) met: u64,
    /// The head of the tree at this size, as the log's checkpoints say it: origin, size, root.
    pub(super) head: String,
    /// Where it stands, where somebody can ask for it there again.
    pub(super) address: Option<String>,
}

impl About {
    /// Says what there is to say of an export.
    ///
    /// # Errors
    ///
    /// Returns what the desk says where the log cannot be read.
    pub(super) fn of(
        desk: &Desk,
        when: &When,
        ask: &ExportAsk,
        taking: &Taking<'_>,
    ) -> Result<Self, DeskError> {
        let known = taking.known();
        let size = known.view.size();
        let position = size.checked_sub(1);
        let last = position.and_then(|last| known.view.recorded(last).ok().flatten());
        let epoch = Timestamp::from_micros(0).unwrap_or(Timestamp::MIN);
        let log = desk.store.log_id().to_owned();
        // The body of a checkpoint, not a signed one: that depends on when the log was signed, and the same
        // query at the same position gives the same bytes.
        let root = desk.store.root_at(size)?;
        let head = match (root, log.parse()) {
            (Some(root), Ok(origin)) => Checkpoint { origin, size, root, extensions: Vec::new() }.text(),
            (Some(_) | None, _) => String::new(),
        };
        Ok(Self {
            position,
            recorded_at: last.map_or(epoch, |recorded| recorded.at),
            zone: known.zone.to_string(),
            query: query(when, ask),
            total: taking.total(),
            met: taking.met(),
            head,
            log,
            address: ask.address.clone(),
        })
    }

    /// Returns the position in words.
    pub(super) fn known_at(&self) -> String {
        match self.position {
            Some(position) => format!("position {position}, recorded {}", self.recorded_at),
            None => "before anything was recorded".to_owned(),
        }
    }

    /// Returns everything in a sentence.
    pub(super) fn words(&self) -> String {
        let query = if self.query.is_empty() { "all entries" } else { &self.query };
        format!("{}, as known at {}; query: {query}", self.log, self.known_at())
    }

    /// Returns an id of the question to this log, as a UUID that depends on nothing else.
    pub(super) fn uuid(&self) -> uuid::Uuid {
        let digest: [u8; 32] = Sha256::new()
            .chain_update(b"demarche/export/v1\n")
            .chain_update(&self.log)
            .chain_update([0])
            .chain_update(&self.query)
            .finalize()
            .into();
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest).for_each(|(byte, drawn)| *byte = drawn);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// Returns the parameters of a question, by name.
fn query(when: &When, ask: &ExportAsk) -> String {
    let mut pairs: Vec<(String, String)> = Vec::new();
    gather(&mut pairs, when);
    gather(&mut pairs, ask);
    pairs.sort();
    let quoted = |value: &str| {
        if value.contains(|letter: char| letter.is_whitespace() || letter == '"') {
            format!("\"{}\"", value.replace('"', "\\\""))
        } else {
            value.to_owned()
        }
    };
    pairs.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect::<Vec<_>>().join(" ")
}

fn gather(pairs: &mut Vec<(String, String)>, ask: &impl Serialize) {
    fn add(pairs: &mut Vec<(String, String)>, fields: serde_json::Map<String, Value>) {
        for (name, value) in fields {
            match value {
                Value::Null => {}
                Value::Object(inner) => add(pairs, inner),
                Value::String(text) => pairs.push((name, text)),
                Value::Bool(_) | Value::Number(_) | Value::Array(_) => pairs.push((name, value.to_string())),
            }
        }
    }
    if let Ok(Value::Object(fields)) = serde_json::to_value(ask) {
        add(pairs, fields);
    }
}
