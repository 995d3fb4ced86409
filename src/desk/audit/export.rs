//! What a log hands out to whoever checks it: bundles, proofs and tiles.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::desk::access::Rules;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::CheckpointRow;
use crate::desk::ask::When;
use crate::desk::audit::bundle::{Bundle, Kept, PROOFS_MAX, Source};
use crate::desk::audit::nodes::StoreNodes;
use crate::desk::audit::release::Release;
use crate::desk::audit::stamp::{STAMP_BYTES_MAX, Stamp, StampError};
use crate::desk::audit::state::State;
use crate::desk::checkpoint::{SignError, Signed};
use crate::desk::error::{DeskError, Fault};
use crate::desk::keys::table::KeyTable;
use crate::desk::publication::POLICY;
use crate::domain::timestamp::Timestamp;
use crate::store::segment;
use crate::tlog::add_checkpoint::AddCheckpoint;
use crate::tlog::proof;
use crate::tlog::proof_file::InclusionProof;
use crate::tlog::tile::{Tile, bundle_encode};

/// The time stamps of checkpoints, within the data directory.
const TIMESTAMPS: &str = "timestamps";
/// How far the clocks of the log and of a time-stamping authority may be apart, in microseconds.
const STAMP_SKEW_MICROS: i64 = 300_000_000;
/// How many sizes are listed where none of them was meant.
const SIZES_SHOWN_MAX: usize = 20;

/// Which bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BundleAsk {
    /// Up to which level texts are disclosed; all without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// At the kept checkpoint of this size; at the newest without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Of how many events, the newest, there is a proof file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proofs: Option<u64>,
}

impl Desk {
    /// Signs the log as it is, where a key is at hand, and keeps the checkpoint: one that is about to be
    /// handed out. Without a key the newest checkpoint is kept.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] when the log was never signed.
    pub fn hand_out_checkpoint(&self) -> Result<Answer<CheckpointRow>, DeskError> {
        let signed = if self.signs() {
            self.sign_and_keep()?
        } else {
            let newest = self.newest()?;
            self.keep_checkpoint(&newest)?;
            newest
        };
        let answer = self.known(&When::default())?.answer(signed.row());
        Ok(self.with_notice(answer))
    }

    /// Returns the files of a bundle, to be read one after another.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for a level that is none, [`DeskError::Refused`] when no checkpoint is
    /// kept at the size or a later record removed texts of it, and [`DeskError::Damaged`] when the log is not what its checkpoint says, or one that is
    /// kept does not stand.
    pub fn audit_bundle(&self, ask: &BundleAsk) -> Result<Bundle<'_>, DeskError> {
        // Nothing is handed out that whoever checks it would call altered.
        self.check_standing()?;
        let known = self.known(&When::default())?;
        let release = match &ask.release {
            Some(level) => {
                let outside = self.sights.outside(self.store.as_ref(), Rules::of(&known), level)?;
                Some(Release::of(outside))
            }
            None => None,
        };
        let table = self.key_table(&known)?;
        let mut kept = self.kept(table.as_ref())?;
        let signed = match ask.size {
            Some(size) => self.signed_at(Some(size))?,
            None => self.to_hand_out()?,
        };
        let size = signed.checkpoint.size;
        // A time stamp is one of the kept bytes, and so is the checkpoint of the bundle then.
        let stamped = kept.timestamps.contains_key(&size);
        let note = kept.notes.get(&size).filter(|_| stamped || ask.size.is_some());
        let note = note.cloned().unwrap_or(signed.note);
        kept.keys = table
            .iter()
            .flat_map(KeyTable::ranges)
            .filter(|range| range.from <= size)
            .map(|range| range.key.clone())
            .collect();
        let state = State::of(&self.projections, self.store.log_id(), self.zone, size)?;
        let state = Some(state.to_bytes().map_err(|error| DeskError::Unavailable(error.to_string()))?);
        let proofs_max = ask.proofs.unwrap_or(PROOFS_MAX);
        let source = Source { store: self.store.as_ref(), kept, note, state, release, proofs_max };
        match Bundle::new(source) {
            Err(DeskError::Refused { rule, mut hints }) => {
                hints.extend(self.later_bundle(ask, size)?);
                Err(DeskError::Refused { rule, hints })
            }
            made => made,
        }
    }

    /// Says how to get a bundle that holds what one of `size` events lacks.
    fn later_bundle(&self, ask: &BundleAsk, size: u64) -> Result<Option<String>, DeskError> {
        let newest = self.newest()?.checkpoint.size;
        let events = self.store.head().size;
        Ok(if newest < events {
            Some(format!(
                "the newest checkpoint has {newest} events, and the log {events}: the log must be signed first; \
                 name its keys with `--keys`"
            ))
        } else if ask.size.is_none() && size < newest {
            Some(format!(
                "without a size it is the checkpoint of {size} events, the newest that enough witnesses \
                 cosigned; `demarche audit witness` asks them for the one of {newest}, and `--size {newest}` \
                 makes a bundle of it without them"
            ))
        } else {
            Some(format!("`--size {newest}` makes one of the newest checkpoint"))
        })
    }

    /// Returns the proof that an event is in the log, as a `.tlog-proof` on the newest checkpoint, which is
    /// signed now where it does not cover the event yet.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::NotFound`] or [`DeskError::Ambiguous`] for the handle, and
    /// [`DeskError::Refused`] when no checkpoint covers the event.
    pub fn audit_proof(&self, handle: &str) -> Result<Vec<u8>, DeskError> {
        let known = self.known(&When::default())?;
        let event = known.event_named(handle)?;
        let index = self.store.position_of(event)?.ok_or_else(|| {
            DeskError::Damaged(format!("the place of the event {event} in the log is not known"))
        })?;
        let signed = self.checkpoint_over(index + 1).map_err(|error| {
            if !matches!(error, SignError::NoKey(_)) {
                return error.into();
            }
            DeskError::Refused {
                rule: format!("no checkpoint covers position {index} yet, so nothing proves it"),
                hints: vec![
                    "whoever records next signs the log, as does `demarche audit export DIR`, with the keys at \
                     hand (`--keys`); then ask again"
                        .to_owned(),
                ],
            }
        })?;
        let size = signed.checkpoint.size;
        let hashes = proof::inclusion(&StoreNodes(self.store.as_ref()), index, size)?;
        Ok(InclusionProof { index, extra: None, hashes, checkpoint: signed.note }.to_bytes())
    }

    /// Returns the proof that the log continues its first `old` events, on the newest checkpoint: the body of
    /// a request to a witness (C2SP tlog-witness).
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] when the newest checkpoint is smaller.
    pub fn audit_consistency(&self, old: u64) -> Result<Vec<u8>, DeskError> {
        let newest = self.newest()?;
        let size = newest.checkpoint.size;
        if old > size {
            let detail = format!("is {old}, and the newest checkpoint has {size} events");
            return Err(Fault::in_field("old", detail).into());
        }
        let proof = proof::consistency(&StoreNodes(self.store.as_ref()), old, size)?;
        Ok(AddCheckpoint { old, proof, checkpoint: newest.note }.to_bytes())
    }

    /// Returns what is published at a path that begins with `tile/` (C2SP tlog-tiles); none where nothing is.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] when it cannot be read.
    pub fn tile(&self, path: &str) -> Result<Option<Vec<u8>>, DeskError> {
        // What is not published yet is nobody else's business.
        let size = self.published()?.map_or(0, |published| published.signed.checkpoint.size);
        if let Ok(tile) = Tile::from_path(path) {
            if !tile.is_within(size) {
                return Ok(None);
            }
            return Ok(Some(tile.hashes(&StoreNodes(self.store.as_ref()))?.concat()));
        }
        let Some(tile) = Tile::from_entries_path(path).ok().filter(|tile| tile.is_within(size)) else {
            return Ok(None);
        };
        let from = tile.index * 256;
        let mut leaves = Vec::new();
        for sealed in self.store.sealed(from, from + u64::from(tile.width)) {
            leaves.push(sealed?.leaf);
        }
        let bundle = bundle_encode(&leaves).map_err(|error| DeskError::Damaged(error.to_string()))?;
        Ok(Some(bundle))
    }

    /// Returns the kept checkpoint that is to be stamped: the one of this size, else the newest, which is
    /// kept for it.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] when there is none.
    pub fn checkpoint_to_stamp(&self, size: Option<u64>) -> Result<Vec<u8>, DeskError> {
        Ok(self.signed_at(size)?.note.to_bytes())
    }

    /// Keeps what a time-stamping authority gave for a kept checkpoint, the one of this size or the one that
    /// it stamps.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] when it is no time stamp of that checkpoint, and [`DeskError::Refused`]
    /// when there is one already; then nothing was kept.
    pub fn keep_timestamp(&self, size: Option<u64>, answer: &[u8]) -> Result<Answer<StampRow>, DeskError> {
        let Some(dir) = self.signing.dir() else {
            return Err(DeskError::Unavailable("a log in memory keeps no time stamps".to_owned()));
        };
        let wrong = |error: StampError| DeskError::from(Fault::in_field("timestamp", error.to_string()));
        let stamp = Stamp::parse(answer).map_err(wrong)?;
        let kept = self.kept_checkpoints()?;
        let stamps = |signed: &Signed| stamp.check(&signed.note.to_bytes(), None);
        let size = if let Some(size) = size {
            let Some(kept) = kept.iter().find(|signed| signed.checkpoint.size == size) else {
                return Err(self.no_checkpoint(size)?);
            };
            stamps(kept).map_err(wrong)?;
            size
        } else {
            let stamped = kept.iter().find(|signed| stamps(signed).is_ok());
            stamped.ok_or_else(|| wrong(StampError::Imprint))?.checkpoint.size
        };
        let signed = kept.iter().find(|signed| signed.checkpoint.size == size);
        if let Some(signed) = signed {
            self.is_possible(&stamp, signed).map_err(wrong)?;
        }
        let within = dir.join(TIMESTAMPS);
        let path = within.join(format!("{size}.tsr"));
        // One that cannot be true, which an earlier version took, makes room for one that can.
        let is_sound = |bytes: &[u8]| {
            let stamp = Stamp::parse(bytes).ok()?;
            signed.is_none_or(|signed| self.is_possible(&stamp, signed).is_ok()).then_some(())
        };
        if read(&path)?.is_some_and(|bytes| is_sound(&bytes).is_some()) {
            return Err(DeskError::Refused {
                rule: format!("the checkpoint of size {size} has a time stamp already"),
                hints: vec!["sign a newer one first: `demarche audit timestamp` does".to_owned()],
            });
        }
        let failed = |error: io::Error| DeskError::Unavailable(format!("{}: {error}", path.display()));
        fs::create_dir_all(&within).map_err(failed)?;
        segment::replace(&path, answer).map_err(failed)?;
        let row = StampRow { size, at: stamp.at, file: format!("{TIMESTAMPS}/{size}.tsr") };
        Ok(self.known(&When::default())?.answer(row))
    }

    /// Checks that a time stamp can be true: it was made after what it stamps was signed, and not in a time to
    /// come. One that is not would speak against every event of the log, for ever.
    fn is_possible(&self, stamp: &Stamp, signed: &Signed) -> Result<(), StampError> {
        stamp.is_signed()?;
        let micros = i64::try_from(signed.time).ok().and_then(|time| time.checked_mul(1_000_000));
        let made = micros.and_then(|micros| Timestamp::from_micros(micros).ok());
        if let Some(made) =
            made.filter(|made| stamp.at.micros().saturating_add(STAMP_SKEW_MICROS) < made.micros())
        {
            return Err(StampError::Before { at: stamp.at, made });
        }
        let now = (self.clock)();
        if stamp.at.micros() > now.micros().saturating_add(STAMP_SKEW_MICROS) {
            return Err(StampError::Ahead { at: stamp.at, now });
        }
        Ok(())
    }

    /// Returns the checkpoint that outsiders are given.
    fn to_hand_out(&self) -> Result<Signed, DeskError> {
        let newest = self.newest()?;
        self.published()?.map(|published| published.signed).ok_or_else(|| DeskError::Refused {
            rule: format!(
                "not enough witnesses cosigned a checkpoint of {} yet, and its policy is to publish none without",
                newest.checkpoint.origin
            ),
            hints: vec![
                "`demarche audit witness` asks them; `audit policy FILE --publish marked` publishes without".to_owned(),
            ],
        })
    }

    fn newest(&self) -> Result<Signed, DeskError> {
        self.checkpoint()?.ok_or_else(|| DeskError::Refused {
            rule: format!("{} was never signed, so nothing can be proved of it", self.store.log_id()),
            hints: vec!["a log gets its keys when it is made, with `init`".to_owned()],
        })
    }

    /// Returns the checkpoint of a size that is kept, or the newest.
    fn signed_at(&self, size: Option<u64>) -> Result<Signed, DeskError> {
        let newest = self.newest()?;
        let Some(size) = size else { return Ok(newest) };
        let kept = self.kept_checkpoints()?.into_iter().find(|signed| signed.checkpoint.size == size);
        match kept {
            Some(kept) => Ok(kept),
            None if newest.checkpoint.size == size => Ok(newest),
            None => Err(self.no_checkpoint(size)?),
        }
    }

    fn no_checkpoint(&self, size: u64) -> Result<DeskError, DeskError> {
        let mut sizes: Vec<u64> =
            self.kept_checkpoints()?.iter().map(|signed| signed.checkpoint.size).collect();
        sizes.extend(self.checkpoint()?.map(|newest| newest.checkpoint.size));
        sizes.dedup();
        let shown: Vec<String> = sizes.iter().rev().take(SIZES_SHOWN_MAX).map(ToString::to_string).collect();
        let more = if sizes.len() > shown.len() { ", and older ones" } else { "" };
        Ok(DeskError::Refused {
            rule: format!("no checkpoint of {size} events is kept"),
            hints: vec![format!("there are checkpoints of {}{more} events", shown.join(", "))],
        })
    }

    /// Returns what the log keeps beside its records for whoever checks it.
    fn kept(&self, table: Option<&KeyTable>) -> Result<Kept, DeskError> {
        let Some(dir) = self.signing.dir() else { return Ok(Kept::default()) };
        let kept = self.kept_checkpoints()?;
        let notes: BTreeMap<_, _> =
            kept.into_iter().map(|signed| (signed.checkpoint.size, signed.note)).collect();
        let mut timestamps = BTreeMap::new();
        for size in notes.keys() {
            if let Some(token) = read(&dir.join(TIMESTAMPS).join(format!("{size}.tsr")))? {
                timestamps.insert(*size, token);
            }
        }
        let keys = table.iter().flat_map(|table| table.ranges()).map(|range| range.key.clone()).collect();
        Ok(Kept { keys, notes, timestamps, policy: read(&dir.join(POLICY))? })
    }
}

/// A time stamp that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StampRow {
    /// The size of the checkpoint that it stamps.
    pub size: u64,
    /// When, as the authority says.
    pub at: Timestamp,
    /// Where it is kept, within the data directory.
    pub file: String,
}

/// Reads a small file; none when there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, DeskError> {
    let failed = |error: io::Error| DeskError::Unavailable(format!("{}: {error}", path.display()));
    match fs::metadata(path) {
        Ok(metadata) if metadata.len() > STAMP_BYTES_MAX as u64 => {
            Err(DeskError::Damaged(format!("{} is too long", path.display())))
        }
        Ok(_) => fs::read(path).map(Some).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests;
