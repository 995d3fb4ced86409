//! Whether what was signed stands: `checkpoint`, those that were handed out and their time stamps, `vkey` and the
//! mark beside the keys, each against the keys of the log and against the record.
//!
//! Where a key file is at hand, its keys are believed; without one, those that the record and `vkey` name are, and
//! whoever can write the whole directory can make these up: only a key from elsewhere tells then.

use std::fs;
use std::io;
use std::path::Path;

use crate::desk::Desk;
use crate::desk::ask::When;
use crate::desk::audit::stamp::{STAMP_BYTES_MAX, Stamp};
use crate::desk::checkpoint::mark::Mark;
use crate::desk::checkpoint::{SignError, Signed, file};
use crate::desk::error::DeskError;
use crate::desk::hand;
use crate::desk::keys::table::KeyTable;
use crate::desk::publication::{POLICY, PUBLISH, PUBLISHED};
use crate::store::segment::checkpoint::{FIRST_KEYS, kept_sizes};
use crate::store::{Damage, with_causes};
use crate::tlog::key::{SignatureType, VerifierKey};
use crate::tlog::policy::Policy;

/// What lies in the data directory that was signed, and the mark beside the keys, read before the log is: the log
/// goes at least as far.
pub(in crate::desk) struct Standing {
    // Each by the name of its file.
    notes: Vec<(String, Result<Signed, String>)>,
    // By the size of the checkpoint that they stamp.
    stamps: Vec<(u64, Vec<u8>)>,
    marked: Result<Option<Signed>, SignError>,
    first_keys: Option<String>,
}

impl Standing {
    /// Returns how many checkpoints there are.
    pub(in crate::desk) fn count(&self) -> usize {
        self.notes.len()
    }

    fn of_size(&self, size: u64) -> Option<&Signed> {
        let name = kept_name(size);
        self.notes.iter().find(|(file, _)| *file == name)?.1.as_ref().ok()
    }

    fn newest(&self) -> Option<&Signed> {
        self.notes.iter().find(|(file, _)| file == file::NEWEST)?.1.as_ref().ok()
    }
}

fn kept_name(size: u64) -> String {
    format!("{}/{size}", file::KEPT)
}

fn damage(file: impl Into<String>, position: Option<u64>, what: String) -> Damage {
    Damage { file: file.into(), offset: 0, position, what }
}

/// Reads the time stamps of a data directory.
fn stamps(dir: &Path) -> io::Result<Vec<(u64, Vec<u8>)>> {
    let entries = match fs::read_dir(dir.join(file::STAMPS)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut stamps = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let size = name.strip_suffix(".tsr").and_then(|size| size.parse::<u64>().ok());
        let Some(size) = size.filter(|size| name == format!("{size}.tsr")) else { continue };
        // What is too long is no stamp, and need not be read whole to tell.
        let is_long = entry.metadata()?.len() > STAMP_BYTES_MAX as u64;
        stamps.push((size, if is_long { Vec::new() } else { fs::read(entry.path())? }));
    }
    stamps.sort_unstable();
    Ok(stamps)
}

impl Desk {
    /// Reads what was signed.
    ///
    /// # Errors
    ///
    /// Returns what the system says where a file is there and cannot be read.
    pub(in crate::desk) fn standing(&self) -> Result<Standing, DeskError> {
        let origin = self.store.log_id();
        // A copy may lag behind the log whose keys are at hand.
        let is_copy = self.engine.as_ref().is_none_or(|engine| engine.is_copy());
        let marked = if is_copy { Ok(None) } else { Mark::at(self.place.mark_of(origin)).load(origin) };
        let mut standing = Standing { notes: Vec::new(), stamps: Vec::new(), marked, first_keys: None };
        let Some(dir) = self.signing.dir() else { return Ok(standing) };
        let failed = |error: io::Error| DeskError::from(SignError::Io(error));
        let mut names = vec![file::NEWEST.to_owned(), PUBLISHED.to_owned()];
        names.extend(kept_sizes(dir).map_err(failed)?.into_iter().map(kept_name));
        for name in names {
            match file::read(&dir.join(&name), &name, origin) {
                Ok(None) => {}
                Ok(Some(signed)) => standing.notes.push((name, Ok(signed))),
                Err(SignError::Garbled(what)) => standing.notes.push((name, Err(what))),
                Err(error) => return Err(error.into()),
            }
        }
        standing.stamps = stamps(dir).map_err(failed)?;
        standing.first_keys = match fs::read(dir.join(FIRST_KEYS)) {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        Ok(standing)
    }

    /// Returns what of that which was signed does not stand: whose signatures are not those of the keys of the
    /// log, what the record contradicts, what is missing that others prove to have been there.
    ///
    /// # Errors
    ///
    /// Returns what the log says where it cannot be read.
    pub(in crate::desk) fn fallen(&self, standing: &Standing) -> Result<Vec<Damage>, DeskError> {
        if let Some(engine) = &self.engine {
            engine.refresh()?;
        }
        let mut found = Vec::new();
        let mark = Mark::at(self.place.mark_of(self.store.log_id()));
        found.extend(mark.says(&standing.marked, self.store.as_ref())?);
        let table = match self.known(&When::default()).and_then(|known| self.key_table(&known)) {
            Ok(table) => table,
            Err(DeskError::Damaged(what)) => {
                found.push(damage(FIRST_KEYS, None, what));
                return Ok(found);
            }
            Err(error) => return Err(error),
        };
        found.extend(self.fallen_keys(standing, table.as_ref()));
        let policy = match self.policy_file() {
            Ok(policy) => policy,
            Err(error) => {
                found.push(damage(POLICY, None, error.to_string()));
                None
            }
        };
        if let Err(error) = self.publish() {
            found.push(damage(PUBLISH, None, error.to_string()));
        }
        for (name, note) in &standing.notes {
            let signed = match note {
                Ok(signed) => signed,
                // The store names the newest one itself.
                Err(_) if name == file::NEWEST => continue,
                Err(what) => {
                    found.push(damage(name, None, format!("it is no checkpoint of this log: {what}")));
                    continue;
                }
            };
            let position = signed.checkpoint.size.checked_sub(1);
            if let Some(what) = self.contradicted(name, signed)? {
                found.push(damage(name, position, what));
            } else if let Some(what) =
                table.as_ref().and_then(|table| unsigned(table, policy.as_ref(), signed))
            {
                found.push(damage(name, position, what));
            }
        }
        found.extend(self.missing(standing, table.as_ref()));
        for (size, stamp) in &standing.stamps {
            found.extend(fallen_stamp(standing, *size, stamp));
        }
        Ok(found)
    }

    /// Returns what does not stand, as [`Desk::fallen`] does.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`], which names it, where something does not.
    pub(in crate::desk) fn check_standing(&self) -> Result<(), DeskError> {
        let fallen = self.fallen(&self.standing()?)?;
        if fallen.is_empty() {
            return Ok(());
        }
        Err(DeskError::Damaged(crate::desk::lifecycle::damage_words(&fallen)))
    }

    /// Checks that the keys that the log is said to have are those that signed it.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] where they are not.
    pub(in crate::desk) fn check_keys(&self) -> Result<(), DeskError> {
        let standing = self.standing()?;
        let known = self.known(&When::default())?;
        let table = self.key_table(&known)?;
        let mut found: Vec<Damage> = self.fallen_keys(&standing, table.as_ref()).into_iter().collect();
        if let (Some(table), Some(newest)) = (&table, standing.newest())
            && let Some(what) = unsigned(table, None, newest)
        {
            found.push(damage(file::NEWEST, newest.checkpoint.size.checked_sub(1), what));
        }
        // The key file at hand says which keys are right, whatever someone put beside the log.
        if found.iter().all(|found| found.file == FIRST_KEYS) && self.is_vouched_for(table.as_ref()) {
            return Ok(());
        }
        if found.is_empty() {
            return Ok(());
        }
        let words = crate::desk::lifecycle::damage_words(&found);
        Err(DeskError::Damaged(format!("{words}; pin none of its keys until that is explained")))
    }

    /// Tells whether a key file is at hand that holds keys of the table.
    fn is_vouched_for(&self, table: Option<&KeyTable>) -> bool {
        let (Some(table), Some(keys)) = (table, keys_at_hand(self)) else { return false };
        keys.iter().all(|key| table.ranges().iter().any(|range| range.key == *key))
    }

    /// Tells whether the log opens for recording with the keys at hand, as far as its newest checkpoint goes: one
    /// that they did not sign is refused then.
    pub(in crate::desk) fn may_be_signed(&self, standing: &Standing) -> bool {
        let (Some(keys), Some(newest)) = (keys_at_hand(self), standing.newest()) else { return true };
        keys.iter().all(|key| matches!(newest.note.verify(key), Ok(Some(_))))
    }

    /// Says how `vkey` and the key file at hand fit what the record says of the keys.
    fn fallen_keys(&self, standing: &Standing, table: Option<&KeyTable>) -> Option<Damage> {
        let name = self.store.log_id();
        let Some(table) = table else {
            let is_signed = !standing.notes.is_empty();
            let state = if standing.first_keys.is_some() { "names no verifier keys" } else { "is missing" };
            let what =
                format!("it {state}, the log is signed, and no key file is at hand: nobody can tell by whom");
            return is_signed.then(|| damage(FIRST_KEYS, None, what));
        };
        if let Some(public) = self.place.public(name)
            && !public.keys.iter().all(|key| table.ranges().iter().any(|range| range.key == *key))
        {
            let what = "the record says that the log is signed with other keys than those at hand: one of the \
                        two was made up, or the key file is that of another log";
            return Some(damage(FIRST_KEYS, None, what.to_owned()));
        }
        let text = standing.first_keys.as_ref()?;
        let stranger = |what: &str| Some(damage(FIRST_KEYS, None, what.to_owned()));
        let keys: Option<Vec<VerifierKey>> = text.lines().map(|line| line.parse().ok()).collect();
        let Some(keys) = keys.filter(|keys| !keys.is_empty()) else {
            return stranger("a line of it is no verifier key");
        };
        if keys.iter().any(|key| *key.name() != *name) {
            return stranger("it names keys of another log; hand it to nobody");
        }
        let first =
            |key: &VerifierKey| table.ranges().iter().any(|range| range.from == 0 && range.key == *key);
        // Whoever adopted a copy may not have known the first keys.
        let are_known = table.ranges().iter().any(|range| range.from == 0);
        if are_known && !keys.iter().all(first) {
            return stranger("it names other keys than those with which the log began; hand it to nobody");
        }
        None
    }

    /// Says how the record contradicts a checkpoint. Of the newest, the store says so itself.
    fn contradicted(&self, name: &str, signed: &Signed) -> Result<Option<String>, DeskError> {
        let (size, has) = (signed.checkpoint.size, self.store.head().size);
        if name == file::NEWEST {
            return Ok(None);
        }
        if name != PUBLISHED && name != kept_name(size) {
            return Ok(Some(format!("it is a checkpoint of {size} events, which its name does not say")));
        }
        if size > has {
            return Ok(Some(format!("it was signed with {size} events, and the log has {has}")));
        }
        let is_same = self.store.root_at(size)? == Some(signed.checkpoint.root);
        Ok((!is_same).then(|| format!("the log has another root at size {size} than it says")))
    }

    /// Returns the checkpoints that are gone, and that a time stamp or a change of keys proves to have been kept.
    fn missing(&self, standing: &Standing, table: Option<&KeyTable>) -> Vec<Damage> {
        let is_there = |size: u64| standing.notes.iter().any(|(name, _)| *name == kept_name(size));
        let mut missing = Vec::new();
        for (size, _) in &standing.stamps {
            if !is_there(*size) {
                let what = format!("it is missing, and {}/{size}.tsr is a time stamp of it", file::STAMPS);
                missing.push(damage(kept_name(*size), size.checked_sub(1), what));
            }
        }
        let signed = standing.newest().map_or(0, |newest| newest.checkpoint.size);
        for one in table.into_iter().flat_map(KeyTable::handovers) {
            let size = one.position.saturating_add(1);
            let is_known = missing.iter().any(|known| known.file == kept_name(size));
            if signed >= size && !is_there(size) && !is_known && !self.was_set_aside(size) {
                let what = format!(
                    "it is missing, and proved to outsiders the change of keys at position {}",
                    one.position
                );
                missing.push(damage(kept_name(size), Some(one.position), what));
            }
        }
        missing
    }

    /// Tells whether a checkpoint of this size was set aside when a rollback was accepted.
    fn was_set_aside(&self, size: u64) -> bool {
        let Some(dir) = self.signing.dir() else { return false };
        let Ok(entries) = fs::read_dir(dir.join(file::KEPT)) else { return false };
        let lost = format!("lost-{size}-");
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(&lost))
    }

    /// Says with which keys the signatures were checked.
    pub(in crate::desk) fn checked_with(&self, standing: &Standing) -> Option<String> {
        if standing.notes.is_empty() {
            return None;
        }
        let checkpoints = match standing.count() {
            1 => "the signatures of `checkpoint`".to_owned(),
            count => format!("the signatures of {count} checkpoints"),
        };
        let with = if self.place.public(self.store.log_id()).is_some() {
            "with the key file at hand"
        } else {
            "with the keys that the directory itself names, for no key file is at hand (`--keys`)"
        };
        Some(format!("{checkpoints}, {with}"))
    }
}

/// Says what is wrong with a time stamp.
fn fallen_stamp(standing: &Standing, size: u64, bytes: &[u8]) -> Option<Damage> {
    let name = format!("{}/{size}.tsr", file::STAMPS);
    // What it stamps is missing, or named already.
    let signed = standing.of_size(size)?;
    let checked = Stamp::parse(bytes).and_then(|stamp| {
        stamp.check(&signed.note.to_bytes(), None)?;
        stamp.is_signed()
    });
    let what = checked.err()?.to_string();
    Some(damage(name, size.checked_sub(1), format!("it is no time stamp of {}: {what}", kept_name(size))))
}

/// Says how a checkpoint is not one that the keys of the log signed.
fn unsigned(table: &KeyTable, policy: Option<&Policy>, signed: &Signed) -> Option<String> {
    let size = signed.checkpoint.size;
    let signs = |range: &&crate::desk::keys::table::KeyRange| {
        range.key.kind() == SignatureType::Ed25519 && range.covers(size)
    };
    // Whoever adopted a copy may not have known the keys of that time.
    table.ranges().iter().find(signs)?;
    match table.check(&signed.note, &signed.checkpoint) {
        Err(error) => return Some(with_causes(&error)),
        Ok(used) if used.time.is_none() && table.dates(size) => {
            return Some("the log's own line that says when is missing or altered".to_owned());
        }
        Ok(_) => {}
    }
    let witnesses = policy.map(Policy::witnesses).unwrap_or_default();
    let forged = witnesses.iter().find_map(|witness| signed.note.verify(&witness.key).err());
    forged.map(|error| format!("a line of a witness is not to be believed: {error}"))
}

/// Returns the keys at hand of a log, as anyone may know them.
pub(in crate::desk) fn keys_at_hand(desk: &Desk) -> Option<Vec<VerifierKey>> {
    Some(desk.place.public(desk.store.log_id())?.keys)
}

/// Returns the keys that `vkey` names.
pub(in crate::desk) fn keys_of_directory(desk: &Desk) -> Option<Vec<VerifierKey>> {
    desk.signing.dir().and_then(hand::first_keys)
}

#[cfg(test)]
mod tests;
