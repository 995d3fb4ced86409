//! The master key over the keys to the texts: which one a log is under, and how it comes under another.
//!
//! The access log is under the same one. It goes first, so that the log itself tells of a change that was
//! cut off.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::desk::error::DeskError;
use crate::desk::keys::master::MasterKey;
use crate::desk::keys::place::KeyPlace;
use crate::desk::{clock, reads};
use crate::store::segment::{OpenError, SegmentStore};
use crate::store::{EventStore, ForgetError};

/// What the keys to the texts of a log are under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterRow {
    /// Which keys: those of the log, or those of its access log.
    pub of: String,
    /// What names the master key; none for keys that are under none.
    pub master: Option<String>,
    /// How many keys.
    pub keys: u64,
    /// Whether a change of the master key was cut off and is to be repeated.
    pub changing: bool,
}

/// Returns what names a master key without telling it.
pub fn id_of(master: &MasterKey) -> String {
    digits(master.id())
}

fn digits(id: [u8; 8]) -> String {
    format!("{:016x}", u64::from_be_bytes(id))
}

/// Returns what the keys of the log in `dir` are under, and those of its access log; no key is needed.
///
/// # Errors
///
/// Returns [`DeskError`] where there is no log.
pub fn shown(dir: &Path) -> Result<Vec<MasterRow>, DeskError> {
    let mut rows = Vec::new();
    for (of, dir) in places(dir) {
        let found = SegmentStore::wrapped(&dir)?;
        let (of, changing) = (of.to_owned(), found.changing);
        let row = |master, keys| MasterRow { of: of.clone(), master, keys, changing };
        rows.extend(Some(row(None, found.bare)).filter(|row| row.keys > 0));
        rows.extend(found.under.into_iter().map(|(id, keys)| row(Some(digits(id)), keys)));
    }
    Ok(rows)
}

/// Puts the log in `dir`, and its access log, under the master key `to`, or under none; the one that it is
/// under is in `place`. Waits at most `wait` for another writer. Repeated, it ends what was cut off.
///
/// # Errors
///
/// Returns [`DeskError::Refused`] when the log is under a master key that was not given, and
/// [`DeskError::Unavailable`] while another process holds the log or when the disk refuses. Every key is then
/// under the one or the other, and both are needed until this is repeated.
pub fn change(dir: &Path, wait: Duration, place: &KeyPlace, to: Option<&MasterKey>) -> Result<(), DeskError> {
    let masters: Vec<MasterKey> = to.cloned().into_iter().chain(place.master(dir)?).collect();
    let open = |dir: &Path| {
        let opened = SegmentStore::open_to_rewrap(dir, wait, clock::system(), masters.clone());
        if let Err(OpenError::Held { holder }) = &opened {
            return Err(DeskError::Unavailable(format!(
                "the log is being written by {holder}; a master key is sent to no server: stop it, then repeat this"
            )));
        }
        opened.map_err(DeskError::from)
    };
    // All of them are held, and open, before the first key is touched.
    let opened: Vec<SegmentStore> =
        places(dir).iter().map(|(_, dir)| open(dir)).collect::<Result<_, DeskError>>()?;
    for store in opened.into_iter().rev() {
        store.rewrap(to.cloned()).map_err(|error| {
            let words = format!("the keys of {} were not all wrapped anew: {error}", store.log_id());
            if matches!(error, ForgetError::Damaged) {
                DeskError::Damaged(words)
            } else {
                DeskError::Unavailable(words)
            }
        })?;
        store.close().map_err(|error| DeskError::Unavailable(error.to_string()))?;
    }
    Ok(())
}

/// Returns where the log is, and its access log, where there is one.
fn places(dir: &Path) -> Vec<(&'static str, std::path::PathBuf)> {
    let reads = reads::place(dir);
    let reads = reads.is_dir().then_some(("reads", reads));
    [("log", dir.to_owned())].into_iter().chain(reads).collect()
}
