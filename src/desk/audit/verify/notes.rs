//! The signed notes of a bundle: which there are, whether the log signed them, and whether they agree with
//! the tree and with each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::desk::audit::verify::report::{Contradiction, Verdict, counted};
use crate::desk::audit::verify::tree::Growing;
use crate::desk::audit::verify::{Check, Seen, TrustError};
use crate::desk::audit::{CHECKPOINT, MANIFEST, VKEY, checkpoint_path, consistency_path};
use crate::desk::keys::table::{KeyError, KeyTable};
use crate::domain::fact::evidence::KeyRotated;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;
use crate::store::with_causes;
use crate::tlog::add_checkpoint::AddCheckpoint;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::{SignatureType, VerifierKey};
use crate::tlog::note::{NOTE_BYTES_MAX, Note};
use crate::tlog::proof::verify_consistency;

/// How many notes are looked at.
const NOTES_MAX: usize = 10_000;

impl Check<'_> {
    /// Reads the checkpoint and those that were kept, and settles on the one that the rest is checked by.
    pub(super) fn read_notes(&mut self) {
        let main = self.read_note(CHECKPOINT);
        let mut kept = BTreeMap::new();
        for size in self.sizes("checkpoints/", "") {
            let path = checkpoint_path(size);
            let Some(seen) = self.read_note(&path) else { continue };
            if seen.checkpoint.size != size {
                let what = format!("it is the checkpoint of size {}", seen.checkpoint.size);
                self.found.of_file(Verdict::Altered, &path, what);
            }
            kept.insert(size, seen);
        }
        let stated = self.manifest.as_ref().map(|manifest| manifest.size);
        let fits = main.as_ref().filter(|main| stated.is_none_or(|size| main.checkpoint.size == size));
        let reference =
            fits.or_else(|| kept.get(&stated?)).or(main.as_ref()).or_else(|| kept.values().next_back());
        if let Some(reference) = reference {
            self.reference = Some(reference.note.to_bytes());
            self.size = Some(reference.checkpoint.size);
            self.root = Some(reference.checkpoint.root);
            self.origin = Some(reference.checkpoint.origin.to_string());
        } else if let Some(manifest) = &self.manifest {
            self.size = Some(manifest.size);
            self.origin = Some(manifest.log.clone());
        }
        if let Some(manifest) = &self.manifest
            && self.origin.as_ref() != Some(&manifest.log)
        {
            let what = "it names another log than its checkpoint";
            self.found.of_file(Verdict::Altered, MANIFEST, what);
        }
        self.main.clone_from(&main);
        self.notes.extend(main);
        self.notes.extend(kept.into_values());
    }

    fn read_note(&mut self, path: &str) -> Option<Seen> {
        let bytes = self.must_read(path, NOTE_BYTES_MAX as u64)?;
        let note = Note::parse(&bytes).map_err(|error| error.to_string());
        let read = note.and_then(|note| {
            let checkpoint = Checkpoint::parse(note.text()).map_err(|error| error.to_string())?;
            Ok(Seen { at: path.to_owned(), note, checkpoint })
        });
        match read {
            Ok(seen) => Some(seen),
            Err(what) => {
                self.found.of_file(Verdict::Altered, path, what);
                None
            }
        }
    }

    /// Takes note of a checkpoint that stood where another belongs.
    pub(super) fn seen(&mut self, seen: Seen) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(seen);
        }
    }

    /// Returns which key may speak at which size, as the pinned keys and the recorded changes say.
    pub(super) fn table(&mut self, rotations: &[(u64, KeyRotated)]) -> Result<KeyTable, TrustError> {
        let pinned = &self.trust.keys;
        let rotated: BTreeSet<&String> =
            rotations.iter().flat_map(|(_, rotated)| rotated.old.iter().chain(&rotated.new)).collect();
        // An older bundle does not know the keys that came after it.
        let known: Vec<VerifierKey> =
            pinned.iter().filter(|key| rotated.contains(&key.to_string())).cloned().collect();
        let signs = known.iter().any(|key| key.kind() == SignatureType::Ed25519);
        let used = if signs { &known } else { pinned };
        match KeyTable::from_rotations(used, rotations.iter().cloned()) {
            Ok(table) => Ok(table),
            Err(error) => {
                // What follows a change that is not there cannot fit what was before it.
                if self.lost.is_none() {
                    self.found.add(Verdict::Altered, None, None, with_causes(&error));
                }
                KeyTable::from_rotations(pinned, std::iter::empty()).map_err(|_| TrustError::NoKey)
            }
        }
    }

    /// Judges every note: by whom it is signed, and whether it contradicts the tree or another.
    ///
    /// # Errors
    ///
    /// Returns [`TrustError`] when a checkpoint that the caller holds is not signed by the log.
    pub(super) fn judge(&mut self, table: &KeyTable, tree: Option<&Growing>) -> Result<(), TrustError> {
        let notes = std::mem::take(&mut self.notes);
        let mut valid: Vec<Signed> = Vec::new();
        let mut main_stands = false;
        for seen in notes {
            match table.check(&seen.note, &seen.checkpoint) {
                Ok(used) => {
                    if seen.at == CHECKPOINT {
                        main_stands = true;
                        self.signed(used.keys.len(), used.time);
                    }
                    self.signed_before_its_end(&seen, used.time);
                    if used.time.is_none() && table.dates(seen.checkpoint.size) {
                        let what = "the line is not there with which the log says when it signed: it has a key \
                                    for that (type 0x04), and signs every checkpoint with both";
                        self.found.of_file(Verdict::Altered, &seen.at, what);
                    }
                    valid.push(Signed { seen, time: used.time });
                }
                Err(KeyError::Unsigned { .. }) if self.is_beyond_known_keys(&seen.at, &seen.checkpoint) => {}
                Err(error) => self.found.of_file(Verdict::Altered, &seen.at, with_causes(&error)),
            }
        }
        let covering = valid.iter().map(|Signed { seen, .. }| (&seen.note, &seen.checkpoint));
        for handover in table.unproved(covering) {
            let size = handover.position.saturating_add(1);
            let what = format!(
                "the keys changed at position {}, and no checkpoint of size {size} is signed by both the keys \
                 until then and those from then on",
                handover.position
            );
            let path = checkpoint_path(size);
            // Where the bundle should hold it, it is gone, which is not to say that it was never made.
            let is_named = self.manifest.as_ref().is_some_and(|manifest| manifest.files.contains_key(&path));
            let is_gone = is_named && matches!(self.view.read(&path, NOTE_BYTES_MAX as u64), Ok(None));
            let verdict = if is_gone { Verdict::Missing } else { Verdict::Altered };
            self.found.add(verdict, Some(&path), Some(handover.position), what);
        }
        for held in &self.trust.olds {
            let used = table.check(&held.note, &held.checkpoint);
            if used.is_err() && !is_by(&held.note, &self.trust.keys) {
                if self.is_beyond_known_keys(&held.at, &held.checkpoint) {
                    continue;
                }
                return Err(TrustError::OldUnsigned(held.at.clone()));
            }
            valid.push(Signed { seen: held.clone(), time: used.ok().and_then(|used| used.time) });
        }
        self.backwards(&valid);
        let valid: Vec<Seen> = valid.into_iter().map(|signed| signed.seen).collect();
        self.contradictions(&valid, tree, main_stands);
        self.staleness(main_stands);
        self.stamps_are_unsigned();
        self.quorum();
        self.vkey(table);
        Ok(())
    }

    fn signed(&mut self, lines: usize, time: Option<u64>) {
        let micros = time.and_then(|time| i64::try_from(time).ok()?.checked_mul(1_000_000));
        self.signed_at = micros.and_then(|micros| Timestamp::from_micros(micros).ok());
        if time.is_none() {
            let what =
                "when the checkpoint was signed is not known: the keys that you gave say no time (type 0x04)";
            self.notices.push(what.to_owned());
        }
        let lines = counted(lines as u64, "signature", "signatures");
        self.checks.push(format!("{lines} of the log under its checkpoint"));
    }

    /// Finds a note that the log signed later than a larger one: a head never goes back, so the log did, or its
    /// clock. The roots may agree, so it is no fork.
    fn backwards(&mut self, valid: &[Signed]) {
        let mut rising: Vec<&Signed> = valid.iter().filter(|signed| signed.time.is_some()).collect();
        rising.sort_by_key(|signed| signed.seen.checkpoint.size);
        // Of the larger ones, the one that was signed first.
        let mut first: Option<&Signed> = None;
        let mut same: Option<&Signed> = None;
        for signed in rising.into_iter().rev() {
            let size = signed.seen.checkpoint.size;
            if same.is_some_and(|same| same.seen.checkpoint.size > size) {
                first = [first, same].into_iter().flatten().min_by_key(|signed| signed.time);
                same = None;
            }
            if let Some(larger) = first.filter(|larger| larger.time < signed.time) {
                let what = format!(
                    "it says it was signed at {}, after {}, which has {} and was signed at {}: the log went back, \
                     or its clock did",
                    said(signed.time),
                    larger.seen.at,
                    counted(larger.seen.checkpoint.size, "event", "events"),
                    said(larger.time)
                );
                self.found.of_file(Verdict::Rollback, &signed.seen.at, what);
                let bytes = |seen: &Seen| (seen.at.clone(), seen.note.to_bytes());
                self.forks.push(Contradiction { one: bytes(&signed.seen), other: bytes(&larger.seen) });
            }
            same = [same, Some(signed)].into_iter().flatten().min_by_key(|signed| signed.time);
        }
    }

    /// Finds notes that the log signed and that cannot all be true, and such as are newer than the bundle.
    fn contradictions(&mut self, valid: &[Seen], tree: Option<&Growing>, main_stands: bool) {
        let bytes = |seen: &Seen| (seen.at.clone(), seen.note.to_bytes());
        let main = self.main.clone().filter(|_| main_stands);
        let reference = valid.iter().find(|seen| Some(seen.note.to_bytes()) == self.reference);
        let mut first: BTreeMap<u64, &Seen> = BTreeMap::new();
        let mut told = BTreeSet::new();
        for seen in valid {
            let Checkpoint { size, root, .. } = seen.checkpoint;
            if let Some(main) = main.as_ref().filter(|main| main.checkpoint.size < size) {
                let what = format!(
                    "it has {}, and the log had {size} already: {}",
                    counted(main.checkpoint.size, "event", "events"),
                    seen.at
                );
                self.found.of_file(Verdict::Rollback, CHECKPOINT, what);
            }
            let same = *first.entry(size).or_insert(seen);
            let root_of_tree = tree.filter(|_| reference.is_some()).and_then(|tree| tree.root_at(size));
            let other = if same.checkpoint.root != root {
                Some(same)
            } else if root_of_tree.is_some_and(|known| known != root) {
                reference
            } else {
                None
            };
            if let Some(other) = other.filter(|_| told.insert(seen.note.to_bytes())) {
                let what = format!(
                    "the log signed the root {} of its first {size} events here, which contradicts {}",
                    HexHash(root),
                    other.at
                );
                self.found.of_file(Verdict::Fork, &seen.at, what);
                self.forks.push(Contradiction { one: bytes(seen), other: bytes(other) });
            }
        }
    }

    fn quorum(&mut self) {
        let (Some(policy), Some(main)) = (&self.trust.policy, &self.main) else { return };
        if policy.is_met(&main.note) {
            self.checks.push("the quorum of witnesses that you asked for".to_owned());
        } else {
            let what = "not enough of the witnesses of your policy cosigned it";
            self.found.of_file(Verdict::Missing, CHECKPOINT, what);
        }
    }

    /// The keys that the bundle names are no proof of anything, but must not name others than the log's.
    fn vkey(&mut self, table: &KeyTable) {
        let Ok(Some(bytes)) = self.view.read(VKEY, NOTE_BYTES_MAX as u64) else { return };
        let keys: Option<Vec<VerifierKey>> = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.lines().map(|line| line.parse().ok()).collect());
        let known = |key: &VerifierKey| table.ranges().iter().any(|range| range.key == *key);
        let Some(keys) = keys else {
            self.found.of_file(Verdict::Altered, VKEY, "it is no list of verifier keys");
            return;
        };
        // Whoever pinned the key of type 0x01 alone has no word on the other.
        let pinned_all =
            SIGNATURE_TYPES.iter().all(|kind| table.ranges().iter().any(|range| range.key.kind() == *kind));
        // Those after a change of keys that is not there are not known.
        let all_known = self.lost.is_none();
        for key in keys.iter().filter(|key| all_known && !known(key)) {
            if pinned_all || key.kind() == SignatureType::Ed25519 {
                self.found.of_file(
                    Verdict::Altered,
                    VKEY,
                    format!("it names {key}, which is no key of the log"),
                );
            }
        }
    }

    /// Checks that the log extends every older checkpoint of the bundle.
    pub(super) fn consistency(&mut self, tree: Option<&Growing>) {
        let (Some(size), Some(root)) = (self.size, self.root) else { return };
        for old in self.olds(size) {
            let path = consistency_path(old);
            let Some(bytes) = self.must_read(&path, 2 * NOTE_BYTES_MAX as u64) else { continue };
            let request = match AddCheckpoint::parse(&bytes) {
                Ok(request) => request,
                Err(error) => {
                    self.found.of_file(Verdict::Altered, &path, error.to_string());
                    continue;
                }
            };
            if self.reference != Some(request.checkpoint.to_bytes()) {
                self.found.of_file(Verdict::Altered, &path, "its checkpoint is not that of the bundle");
                if let Ok(checkpoint) = Checkpoint::parse(request.checkpoint.text()) {
                    self.seen(Seen { at: path, note: request.checkpoint, checkpoint });
                }
                continue;
            }
            let kept = self.kept_root(old);
            let old_root = tree.and_then(|tree| tree.root_at(old)).or(kept);
            let proved =
                old_root.map(|old_root| verify_consistency(old, size, &request.proof, &old_root, &root));
            if request.old != old || proved.is_some_and(|proved| proved.is_err()) {
                let what = format!("it does not prove that the log continues its first {old} events");
                self.found.of_file(Verdict::Altered, &path, what);
            }
        }
    }

    fn kept_root(&self, size: u64) -> Option<crate::tlog::Hash> {
        let path = checkpoint_path(size);
        self.notes.iter().find(|seen| seen.at == path).map(|seen| seen.checkpoint.root)
    }

    /// Returns the sizes from which the bundle must prove that the log continues them.
    pub(super) fn olds(&self, size: u64) -> BTreeSet<u64> {
        let mut olds: BTreeSet<u64> = self.sizes("checkpoints/", "").into_iter().collect();
        olds.insert(0);
        olds.retain(|old| *old < size);
        olds
    }

    /// Returns the numbers of the files of a directory that the manifest names; without a manifest those
    /// that are there.
    pub(super) fn sizes(&self, dir: &str, ending: &str) -> Vec<u64> {
        let number = |path: &str| -> Option<u64> {
            let number = path.strip_prefix(dir)?.strip_suffix(ending)?;
            let size: u64 = number.parse().ok()?;
            (size.to_string() == number).then_some(size)
        };
        let mut sizes: Vec<u64> = if let Some(manifest) = &self.manifest {
            manifest.files.keys().filter_map(|path| number(path)).collect()
        } else {
            let mut sizes = Vec::new();
            // What cannot be listed is told when everything is looked for.
            let _ = self.view.walk(&mut |path, _| {
                if sizes.len() < NOTES_MAX {
                    sizes.extend(number(path));
                }
            });
            sizes
        };
        sizes.sort_unstable();
        sizes
    }
}

const SIGNATURE_TYPES: [SignatureType; 2] = [SignatureType::Ed25519, SignatureType::CosignatureV1];

/// A checkpoint that the log signed, and when, as it says.
struct Signed {
    seen: Seen,
    time: Option<u64>,
}

fn said(time: Option<u64>) -> String {
    let micros = time.and_then(|time| i64::try_from(time).ok()?.checked_mul(1_000_000));
    let at = micros.and_then(|micros| Timestamp::from_micros(micros).ok());
    at.map_or_else(|| "a time that is none".to_owned(), |at| at.to_string())
}

fn is_by(note: &Note, keys: &[VerifierKey]) -> bool {
    let signs = |key: &&VerifierKey| key.kind() == SignatureType::Ed25519;
    keys.iter().filter(signs).any(|key| matches!(note.verify(key), Ok(Some(_))))
}
