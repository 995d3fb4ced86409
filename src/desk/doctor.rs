//! What is the matter with the files, the keys and the machine of a log, and what to do about it: also where the log
//! does not open, and while a server writes it. Nothing is written.

mod machine;
mod record;

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::desk::accounts::Missing;
use crate::desk::checkpoint::mark::Mark;
use crate::desk::checkpoint::{SignError, file};
use crate::desk::clock;
use crate::desk::error::DeskError;
use crate::desk::keys::Role;
use crate::desk::keys::place::KeyPlace;
use crate::desk::{Desk, Opening};
use crate::projections::probe::{Probed, probe};
use crate::store::segment::{self, SegmentStore};
use crate::store::{EventStore, Health};

/// How old the newest checkpoint may be, where something was recorded since, in seconds.
const CHECKPOINT_SECONDS_MAX: i64 = 24 * 3_600;
/// How far the clock may be behind what was recorded, in seconds.
const AHEAD_SECONDS_MAX: i64 = 60;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gravity {
    /// It is as it should be.
    Fine,
    /// It should be seen to.
    Warning,
    /// The record, or what it is kept by, is in danger or damaged.
    Grave,
}

impl fmt::Display for Gravity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Fine => "fine",
            Self::Warning => "warning",
            Self::Grave => "GRAVE",
        })
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at: `disk`, `permissions`, `lock`, `log`, `clock`, `checkpoint`, `keys`, `mark`, `policy`,
    /// `reads`, `removals`, `projections`, `accounts`.
    pub of: String,
    /// How grave it is.
    pub gravity: Gravity,
    /// How it is.
    pub says: String,
    /// What to do; none where nothing is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub todo: Option<String>,
}

impl Finding {
    fn fine(of: &str, says: impl Into<String>) -> Self {
        Self { of: of.to_owned(), gravity: Gravity::Fine, says: says.into(), todo: None }
    }

    fn warning(of: &str, says: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { of: of.to_owned(), gravity: Gravity::Warning, says: says.into(), todo: Some(todo.into()) }
    }

    fn grave(of: &str, says: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { gravity: Gravity::Grave, ..Self::warning(of, says, todo) }
    }
}

/// Looks at the data directory `dir` and the keys in `place`, and returns what was found, in the order in which it was
/// looked at. Nothing is written, and no server is asked.
pub fn examine(dir: &Path, place: &KeyPlace) -> Vec<Finding> {
    let mut found = Vec::new();
    if !dir.is_dir() {
        let says = format!("there is no directory {}", dir.display());
        return vec![Finding::grave("log", says, "name it with `--dir`, or begin a log there: `init`")];
    }
    found.push(machine::disk(dir));
    found.extend(machine::unwritable(dir));
    found.extend(machine::permissions(dir, place));
    found.push(lock(dir));
    let master = match place.master(dir) {
        Ok(master) => master,
        Err(error) => {
            found.push(Finding::warning("log", format!("the master key: {error}"), "see `key master show`"));
            None
        }
    };
    match SegmentStore::open_with_master(dir, segment::Opening::Read, clock::system(), master) {
        Ok(store) => {
            found.extend(health(&store));
            found.extend(times(&store));
            let signed = checkpoint(&store, dir);
            let (keys, mark) = (keys(&store, place, dir), mark(&store, place));
            let damages = if let Health::Damaged(damages) = store.health() { damages } else { Vec::new() };
            drop(store);
            let desk = Desk::open_with(dir, Opening::Read, place);
            let beyond = desk.as_ref().map(|desk| record::beyond(desk, &damages)).unwrap_or_default();
            let is_fallen = damages.iter().any(|damage| record::is_of_checkpoints(&damage.file))
                || beyond.iter().any(|found| found.of == "checkpoint");
            // How old it is tells nothing of one that does not stand.
            found.extend(signed.into_iter().filter(|found| !is_fallen || found.gravity != Gravity::Fine));
            found.extend(keys);
            found.push(mark);
            found.extend(beyond);
            found.push(projections(dir, desk.as_ref(), !damages.is_empty()));
            found.extend(desk.iter().flat_map(accounts));
        }
        Err(error) => found.push(closed(&DeskError::from(error))),
    }
    found
}

/// Says why the log does not open.
fn closed(error: &DeskError) -> Finding {
    let says = format!("the log does not open: {error}");
    if let DeskError::Refused { hints, .. } = error {
        // What was not handed over, or is no log, is no damage.
        let todo = hints.first().cloned().unwrap_or_else(|| "see `key master show`".to_owned());
        return Finding::warning("log", says, todo);
    }
    let todo = "keep the directory as it is; `backup verify` and `restore` say what a backup gives";
    Finding::grave("log", says, todo)
}

/// Says who writes.
fn lock(dir: &Path) -> Finding {
    let socket = dir.join("socket").exists();
    match segment::holder(dir) {
        Ok(Some(holder)) => Finding::fine("lock", format!("the log is being written by {holder}")),
        Ok(None) if socket => Finding::warning(
            "lock",
            "nobody writes the log, and the socket of a server is left",
            "a server ended without a farewell; the next one takes its place",
        ),
        Ok(None) => Finding::fine("lock", "nobody writes the log"),
        Err(error) => Finding::warning(
            "lock",
            format!("who writes the log cannot be told: {error}"),
            "run this as the user that owns the directory",
        ),
    }
}

/// Says what of the files is damaged, as far as opening shows.
fn health(store: &SegmentStore) -> Vec<Finding> {
    let head = store.head();
    match store.health() {
        Health::Damaged(damages) => damages
            .iter()
            .map(|damage| {
                let todo =
                    "keep the directory as it is, run `verify`, and compare with a backup or an export";
                Finding::grave("log", damage.to_string(), todo)
            })
            .collect(),
        Health::Copy => vec![Finding::fine("log", format!("a read-only copy with {} events", head.size))],
        Health::Full => {
            vec![Finding::grave("log", "the disk is full", "make room; what is recorded is safe")]
        }
        Health::Unwritable(why) => vec![Finding::grave(
            "log",
            format!("the system does not let it be written: {why}"),
            "see to what the system says; what is recorded is safe",
        )],
        Health::InDoubt => {
            vec![Finding::grave("log", "the disk did not confirm a write", "open the log again")]
        }
        Health::Sound | Health::Reader => {
            let says =
                format!("{} with {} events opens; `verify` reads all of it", store.log_id(), head.size);
            vec![Finding::fine("log", says)]
        }
    }
}

/// Compares the clock with what was recorded.
fn times(store: &SegmentStore) -> Vec<Finding> {
    let Some(last) = store.head().size.checked_sub(1) else { return Vec::new() };
    let now = clock::system()();
    match store.at(last) {
        Ok(Some(recorded)) => {
            let ahead = (recorded.at.micros() - now.micros()) / 1_000_000;
            vec![if ahead > AHEAD_SECONDS_MAX {
                Finding::warning(
                    "clock",
                    format!("the last event was recorded at {}, {ahead} seconds from now", recorded.at),
                    "set the clock right: until then every entry is recorded a moment after that one",
                )
            } else {
                Finding::fine("clock", format!("it is {now}; the last event was recorded at {}", recorded.at))
            }]
        }
        Ok(None) => Vec::new(),
        Err(error) => vec![Finding::grave("clock", error.to_string(), "run `verify`")],
    }
}

/// Says how old the newest checkpoint is, and what it covers.
fn checkpoint(store: &SegmentStore, dir: &Path) -> Vec<Finding> {
    let size = store.head().size;
    let signed = match file::load(dir, store.log_id()) {
        Ok(Some(signed)) => signed,
        Ok(None) => {
            let todo = "outsiders can check nothing: `serve` with the keys at hand signs, `adopt --new-keys` makes some";
            return vec![Finding::warning("checkpoint", "the log is not signed", todo)];
        }
        Err(error) => {
            return vec![Finding::grave(
                "checkpoint",
                error.to_string(),
                "keep it, and see `audit accept-rollback`",
            )];
        }
    };
    let now = clock::system()().micros() / 1_000_000;
    let age = now - i64::try_from(signed.time).unwrap_or(i64::MAX);
    let behind = size.saturating_sub(signed.checkpoint.size);
    let says = format!(
        "the newest covers {} of {size} events and is {} seconds old",
        signed.checkpoint.size,
        age.max(0)
    );
    let mut found = vec![if behind > 0 && age > CHECKPOINT_SECONDS_MAX {
        Finding::warning("checkpoint", says, "whoever records next, with the keys at hand, signs; see `log`")
    } else {
        Finding::fine("checkpoint", says)
    }];
    if age < -AHEAD_SECONDS_MAX {
        found.push(signed_ahead(-age, last_recorded_ahead(store)));
    }
    found
}

/// Says why the newest checkpoint is some seconds ahead of the clock: each bears a later second than the one before, so
/// that the last of many that were signed within a few seconds is ahead of a clock that is right.
fn signed_ahead(seconds: i64, recorded_ahead: Option<i64>) -> Finding {
    let says = format!("the newest checkpoint bears a time that is {seconds} seconds from now");
    if recorded_ahead.is_some_and(|ahead| ahead <= AHEAD_SECONDS_MAX) {
        let says =
            format!("{says}: more were signed than seconds passed, each a second after the one before");
        return Finding::fine("clock", says);
    }
    Finding::warning("clock", says, "set the clock right: nothing is signed at an earlier time")
}

/// Returns by how many seconds the last event was recorded after now; none where that cannot be read.
fn last_recorded_ahead(store: &SegmentStore) -> Option<i64> {
    let recorded = store.at(store.head().size.checked_sub(1)?).ok()??;
    Some((recorded.at.micros() - clock::system()().micros()) / 1_000_000)
}

/// Says whether the keys of the log are at hand.
fn keys(store: &SegmentStore, place: &KeyPlace, dir: &Path) -> Option<Finding> {
    if store.is_copy() {
        return None;
    }
    Some(match place.load(Role::Log, store.log_id(), dir) {
        Ok(found) => {
            let keys: Vec<String> = found.file.keys().iter().map(ToString::to_string).collect();
            Finding::fine("keys", format!("at hand: {}", keys.join(", ")))
        }
        Err(error) if error.is_absence() => {
            Finding::warning("keys", format!("what is recorded here is not signed: {error}"), error.hint())
        }
        Err(error) => Finding::grave("keys", error.to_string(), error.hint()),
    })
}

/// Compares the log with the mark beside the keys.
fn mark(store: &SegmentStore, place: &KeyPlace) -> Finding {
    let Some(path) = place.mark_of(store.log_id()) else {
        return Finding::warning(
            "mark",
            "no directory of keys is known, so no mark is kept",
            "name one with `--keys`",
        );
    };
    let mark = Mark::at(Some(path.clone()));
    match mark.contradiction(store) {
        Ok(Some(damage)) => Finding::grave(
            "mark",
            damage.to_string(),
            format!(
                "find what is missing in a newer backup or export; where it is lost, `audit accept-rollback {}`",
                store.log_id()
            ),
        ),
        Ok(None) if path.exists() => Finding::fine("mark", format!("{} agrees with the log", path.display())),
        Ok(None) => Finding::warning(
            "mark",
            format!("there is no {}", path.display()),
            "it is kept from the next signature on; until then a data directory that is put back is not told",
        ),
        Err(SignError::Io(error)) => Finding::warning(
            "mark",
            format!("{} cannot be read: {error}", path.display()),
            "run this as the user that signs",
        ),
        Err(error) => Finding::grave("mark", error.to_string(), "run `verify`"),
    }
}

/// Says what keeps out those who have accounts.
fn accounts(desk: &Desk) -> Vec<Finding> {
    match desk.missing_beside() {
        Ok(missing) if missing.is_empty() && desk.has_accounts() => {
            vec![Finding::fine("accounts", "everybody who may can come in")]
        }
        Ok(missing) => missing
            .into_iter()
            .map(|Missing { says, todo }| Finding::warning("accounts", says, todo))
            .collect(),
        Err(error) => vec![Finding::grave("accounts", error.to_string(), "run `verify`")],
    }
}

/// Says whether the projections can be used, and how far they are.
fn projections(dir: &Path, desk: Result<&Desk, &DeskError>, is_damaged: bool) -> Finding {
    let todo = if is_damaged {
        "leave them as they are until the log is whole: they are made from it"
    } else {
        "`rebuild` makes them anew from the log; nothing is lost with them"
    };
    if let Some(aside) = machine::set_aside(dir) {
        return Finding::warning("projections", format!("{aside} was set aside as damaged"), todo);
    }
    let database = match probe(&dir.join("projections")) {
        Ok(Probed::Damaged(what)) => {
            return Finding::warning(
                "projections",
                format!("their database (sled) is damaged: {what}"),
                todo,
            );
        }
        Ok(Probed::Whole) => "their database (sled) is whole".to_owned(),
        Ok(Probed::Nothing) => "nothing was saved of them yet".to_owned(),
        Ok(Probed::Held) => "a server has their database (sled) open, which is not looked at".to_owned(),
        Err(error) => {
            let what = format!("their database (sled) could not be looked at: {error}");
            return Finding::warning("projections", what, todo);
        }
    };
    let desk = match desk {
        Ok(desk) => desk,
        Err(error) => return Finding::warning("projections", error.to_string(), todo),
    };
    match desk.log() {
        Ok(_) => {
            let events = desk.vitals().taken_in;
            Finding::fine("projections", format!("they answer for {events} events; {database}"))
        }
        Err(error) => Finding::warning("projections", error.to_string(), todo),
    }
}
