//! The event of every row of a file that the log does not have yet.

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::desk::error::DeskError;
use crate::desk::import::survey::Row;
use crate::desk::known::Known;
use crate::domain::id::EventId;

/// Gives every key an id.
///
/// The ids of one run follow from a secret that is drawn for it, so that a row may point at one that comes
/// a million rows later without any of them being remembered; they tell nothing of the key.
#[derive(Debug)]
pub(super) struct Ids {
    secret: [u8; 32],
    // The ids that rows which an interrupted run recorded gave to rows that it did not.
    promised: HashMap<String, EventId>,
}

impl Default for Ids {
    fn default() -> Self {
        let mut secret = [0; 32];
        let (one, other) = secret.split_at_mut(16);
        one.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        other.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        Self { secret, promised: HashMap::new() }
    }
}

impl Ids {
    /// Returns the event of the row with a key.
    pub(super) fn of(&self, key: &str) -> EventId {
        if let Some(promised) = self.promised.get(key) {
            return *promised;
        }
        let digest: [u8; 32] = Sha256::new().chain_update(self.secret).chain_update(key).finalize().into();
        let (bytes, _) = digest.split_first_chunk::<16>().expect("32 bytes begin with 16");
        EventId::from_uuid(uuid::Builder::from_random_bytes(*bytes).into_uuid())
    }

    /// Notes that the row with a key is this event.
    pub(super) fn stands_for(&mut self, key: &str, id: EventId) {
        self.promised.insert(key.to_owned(), id);
    }

    /// Notes what a row that was recorded points at and that is not there yet: it gets the id by which it is
    /// pointed at.
    pub(super) fn promised(
        &mut self,
        known: &Known,
        stem: &str,
        row: &Row,
        id: EventId,
    ) -> Result<(), DeskError> {
        let Some(entry) = &row.drafted.entry else { return Ok(()) };
        let each = |name: &str| match entry.get(name) {
            Some(Value::Array(all)) => all.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        // As the parser has them: what it replies to comes first.
        let links = each("links").into_iter().filter_map(|link| link.get("target"));
        // What did not come with the row was there, or the row was recorded without it.
        let beyond = each("not_exported");
        let keys = each("in_reply_to").into_iter().chain(links).filter(|key| !beyond.contains(key));
        let keys: Vec<&Value> = keys.collect();
        if keys.is_empty() {
            return Ok(());
        }
        let Some(event) = known.view.event(id)?.and_then(|raw| raw.event) else { return Ok(()) };
        let mut was_there = Vec::new();
        for name in beyond.into_iter().filter_map(Value::as_str) {
            was_there.extend(known.entry_called(name, stem).ok());
        }
        let links = event.envelope.links.iter().filter(|link| !was_there.contains(&link.target));
        for (key, link) in keys.iter().filter_map(|key| key.as_str()).zip(links) {
            if known.view.event(link.target)?.is_none() {
                self.promised.insert(key.to_owned(), link.target);
            }
        }
        Ok(())
    }
}
