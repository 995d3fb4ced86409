//! Whether a bundle stands: a function of its bytes, the keys and checkpoints that its reader holds, and the
//! time. It needs no log, and reads bytes, not rules of the desk.
//!
//! Every file is read within bounds; whatever a bundle holds, the answer is one verdict with everything that
//! was found.

mod authors;
mod chains;
mod dates;
mod expected;
mod leaves;
mod lost;
mod newer;
mod notes;
mod removals;
mod replay;
pub mod report;
#[cfg(test)]
mod tests;
mod texts;
mod time;
mod tree;
pub mod view;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::desk::audit::manifest::{MANIFEST_BYTES_MAX, Manifest, Positions, WITHHELD_BYTES_MAX};
use crate::desk::audit::verify::report::{Contradiction, Findings, Report, Verdict, counted};
use crate::desk::audit::verify::time::Bracket;
use crate::desk::audit::verify::view::{Unreadable, View};
use crate::desk::audit::{CHECKPOINT, GUIDE, MANIFEST, VKEY, WITHHELD, checkpoint_path, state_path};
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;
use crate::tlog::Hash;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::{SignatureType, VerifierKey};
use crate::tlog::note::{NOTE_BYTES_MAX, Note};
use crate::tlog::policy::Policy;
use crate::tlog::tile::Tile;

/// What the reader of a bundle holds, and got in another way than the bundle.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The keys of the log: those that it begun with, or those in use now.
    keys: Vec<VerifierKey>,
    /// Checkpoints that were got earlier.
    olds: Vec<Seen>,
    /// How old the checkpoint may be, in seconds.
    pub max_age_secs: Option<u64>,
    /// Which witnesses must have cosigned.
    pub policy: Option<Policy>,
    /// Whether the disclosed texts are replayed and the result compared.
    pub replay: bool,
    /// What time it is.
    pub now: Timestamp,
}

/// What the reader of a bundle holds cannot be used to check it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// There is no key.
    #[error(
        "no Ed25519 verifier key was given; ask whoever runs the log for it, and not for one in the bundle"
    )]
    NoKey,
    /// A line is no key.
    #[error("line {line} is no verifier key: {what}")]
    Key {
        /// Which, counted from 1.
        line: usize,
        /// Why.
        what: String,
    },
    /// The keys are those of several logs.
    #[error("the keys are those of several logs: {one} and {other}; give those of one")]
    Names {
        /// The one.
        one: String,
        /// The other.
        other: String,
    },
    /// A held checkpoint cannot be read.
    #[error("{name} is no checkpoint: {what}")]
    Old {
        /// What the caller calls it.
        name: String,
        /// Why.
        what: String,
    },
    /// A held checkpoint is of another log.
    #[error("{name} is a checkpoint of the log {found}, and the key is that of {expected}")]
    OldOrigin {
        /// What the caller calls it.
        name: String,
        /// Its log.
        found: String,
        /// The log of the key.
        expected: String,
    },
    /// A held checkpoint proves nothing.
    #[error("{0} is not signed by the log; a checkpoint that is held against it must be")]
    OldUnsigned(String),
}

impl Trust {
    /// Returns what follows from a file of verifier keys, one per line.
    ///
    /// # Errors
    ///
    /// Returns which line is none, or that there is no key of type 0x01.
    pub fn new(vkeys: &[u8], now: Timestamp) -> Result<Self, TrustError> {
        let mut keys: Vec<VerifierKey> = Vec::new();
        for (line, text) in (1..).zip(String::from_utf8_lossy(vkeys).lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let key: VerifierKey =
                text.parse().map_err(|error| TrustError::Key { line, what: format!("{error}") })?;
            if let Some(first) = keys.first().filter(|first| first.name() != key.name()) {
                let (one, other) = (first.name().to_string(), key.name().to_string());
                return Err(TrustError::Names { one, other });
            }
            keys.push(key);
        }
        if !keys.iter().any(|key| key.kind() == SignatureType::Ed25519) {
            return Err(TrustError::NoKey);
        }
        Ok(Self { keys, olds: Vec::new(), max_age_secs: None, policy: None, replay: false, now })
    }

    /// Adds a checkpoint that was got earlier: a signed note.
    ///
    /// # Errors
    ///
    /// Returns that it is none, or one of another log.
    pub fn hold(&mut self, name: &str, note: &[u8]) -> Result<(), TrustError> {
        let old = |what: String| TrustError::Old { name: name.to_owned(), what };
        let note = Note::parse(note).map_err(|error| old(error.to_string()))?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|error| old(error.to_string()))?;
        let expected = self.keys.first().map(|key| key.name().clone());
        if let Some(expected) = expected.filter(|expected| *expected != checkpoint.origin) {
            let (found, expected) = (checkpoint.origin.to_string(), expected.to_string());
            return Err(TrustError::OldOrigin { name: name.to_owned(), found, expected });
        }
        self.olds.push(Seen { at: name.to_owned(), note, checkpoint });
        Ok(())
    }
}

/// A checkpoint and where it stood.
#[derive(Debug, Clone)]
struct Seen {
    at: String,
    note: Note,
    checkpoint: Checkpoint,
}

/// A check under way.
struct Check<'a> {
    view: &'a dyn View,
    trust: &'a Trust,
    found: Findings,
    checks: Vec<String>,
    notices: Vec<String>,
    forks: Vec<Contradiction>,
    manifest: Option<Manifest>,
    withheld: Positions,
    /// The checkpoint of the bundle, and all that were met.
    main: Option<Seen>,
    notes: Vec<Seen>,
    /// What the rest is checked by: the bytes of a checkpoint, and what it says.
    reference: Option<Vec<u8>>,
    size: Option<u64>,
    root: Option<Hash>,
    origin: Option<String>,
    signed_at: Option<Timestamp>,
    bracket: Bracket,
    /// When the last event of each checkpoint was recorded, as it says.
    ends: BTreeMap<u64, Option<Timestamp>>,
    /// From where on the keys of the log are not known.
    lost: Option<lost::Lost>,
    /// Whether the texts were replayed; none where nobody asked for it.
    replayed: Option<bool>,
    /// Upper tiles that are not what the lower ones come to.
    upper: Vec<(Tile, Vec<Hash>, Vec<Hash>)>,
}

/// Checks a bundle.
///
/// # Errors
///
/// Returns [`TrustError`] when what the caller holds cannot be used; whatever is wrong with the bundle is a
/// finding of the report.
pub fn verify(view: &dyn View, trust: &Trust) -> Result<Report, TrustError> {
    let check = Check {
        view,
        trust,
        found: Findings::default(),
        checks: Vec::new(),
        notices: Vec::new(),
        forks: Vec::new(),
        manifest: None,
        withheld: Positions::default(),
        main: None,
        notes: Vec::new(),
        reference: None,
        size: None,
        root: None,
        origin: None,
        signed_at: None,
        bracket: Bracket::default(),
        ends: BTreeMap::new(),
        lost: None,
        replayed: None,
        upper: Vec::new(),
    };
    check.run()
}

impl Check<'_> {
    fn run(mut self) -> Result<Report, TrustError> {
        self.read_manifest();
        self.read_notes();
        self.read_withheld();
        self.read_anchors();
        let size = self.size.unwrap_or(0);
        let held = self.notes.iter().chain(&self.trust.olds).map(|seen| seen.checkpoint.size);
        let wanted: BTreeSet<u64> = held.filter(|wanted| *wanted <= size).collect();
        let mut scan = self.scan(size, &wanted);
        let tree = self.settle(&mut scan, self.root);
        self.consistency(tree.as_ref());
        self.lost = lost::Lost::of(&scan);
        let table = self.table(&scan.texts.rotations)?;
        self.judge(&table, tree.as_ref())?;
        let texts = self.settle_texts(&mut scan.texts);
        self.unread_leaves(&scan.newer);
        self.told(&scan, tree.is_some(), texts.disclosed);
        self.unexpected(&scan);
        self.replay(&texts, tree.is_some());
        let (verdict, findings, unlisted) = self.found.finish();
        Ok(Report {
            verdict,
            log: self.origin,
            size: self.size,
            root: self.root.map(|root| HexHash(root).to_string()),
            signed_at: self.signed_at,
            release: self.manifest.and_then(|manifest| manifest.release),
            texts,
            newer: scan.newer.count,
            replayed: self.replayed,
            findings,
            unlisted,
            checks: self.checks,
            notices: self.notices,
            forks: self.forks,
        })
    }

    /// Says in words what was checked, and what could not be.
    fn told(&mut self, scan: &leaves::Scan, is_rooted: bool, disclosed: u64) {
        let size = self.size.unwrap_or(0);
        if is_rooted {
            self.checks.push(format!(
                "{}, and the tree over them, against the signed root",
                counted(size, "leaf", "leaves")
            ));
        }
        self.checks.push(format!(
            "{}, each against the commitment of its leaf",
            counted(disclosed, "text", "texts")
        ));
        scan.texts.authors.told(&mut self.checks, &mut self.notices);
        let (from, to) = self.proofs();
        self.checks.push(counted(to - from, "proof file", "proof files"));
        let anchors = self.bracket.len();
        let dates = counted(anchors as u64, "date from outside", "dates from outside");
        self.checks.push(format!("the times of recording, against {dates}"));
        if anchors == 0 {
            let what =
                "nobody outside dated any checkpoint: when events were recorded is the log's word alone";
            self.notices.push(what.to_owned());
        }
        if self.trust.olds.is_empty() {
            let what = "no older checkpoint was held against it (`--old`): a history that was rewritten before \
                        you first looked cannot be told";
            self.notices.push(what.to_owned());
        }
    }

    fn read_manifest(&mut self) {
        let Some(bytes) = self.must_read(MANIFEST, MANIFEST_BYTES_MAX) else { return };
        let manifest = match Manifest::parse(&bytes) {
            Ok(manifest) => manifest,
            Err(error) => {
                self.found.of_file(Verdict::Altered, MANIFEST, error.to_string());
                return;
            }
        };
        let size = manifest.size;
        let state = state_path(size);
        let needed = [GUIDE, VKEY, CHECKPOINT, &checkpoint_path(size)];
        let of_level = manifest.release.is_some();
        let mut wrong: Vec<String> = needed
            .iter()
            .filter(|path| !manifest.files.contains_key(**path))
            .map(|path| format!("it does not name {path}, which every bundle has"))
            .collect();
        if of_level != manifest.files.contains_key(WITHHELD) {
            let what = "a bundle for a release level lists which texts it withholds, and no other does";
            wrong.push(what.to_owned());
        }
        if !of_level && !manifest.files.contains_key(&state) {
            wrong.push(format!("it does not name {state}, which every bundle has that withholds nothing"));
        }
        let strange = manifest.files.keys().filter(|path| !expected::is_noted(path, size));
        wrong.extend(strange.map(|path| format!("it names {}, which no bundle has", path.escape_debug())));
        for what in wrong {
            self.found.of_file(Verdict::Altered, MANIFEST, what);
        }
        let noted: Vec<(String, HexHash)> = manifest
            .files
            .iter()
            .filter(|(path, _)| expected::is_noted(path, size))
            .map(|(path, hash)| (path.clone(), *hash))
            .collect();
        self.manifest = Some(manifest);
        for (path, hash) in noted {
            let max = if path == WITHHELD { WITHHELD_BYTES_MAX } else { NOTE_BYTES_MAX as u64 * 2 };
            // What is missing is told where it is needed, if it is; here it is told in any case.
            let Some(bytes) = self.must_read(&path, max) else { continue };
            if Hash::from(Sha256::digest(&bytes)) != hash.0 {
                self.found.of_file(
                    Verdict::Altered,
                    &path,
                    "it is not the file that the bundle was made with",
                );
            }
        }
    }

    fn read_withheld(&mut self) {
        if self.manifest.as_ref().is_none_or(|manifest| manifest.release.is_none()) {
            return;
        }
        let Ok(Some(bytes)) = self.view.read(WITHHELD, WITHHELD_BYTES_MAX) else { return };
        if let Some(positions) = Positions::parse(&bytes, self.size.unwrap_or(0)) {
            self.withheld = positions;
        } else {
            self.found.of_file(Verdict::Altered, WITHHELD, "it is no list of positions of this log");
            return;
        }
        // Whoever calls a bundle one for a level could else spare it the replay.
        let Some(manifest) = &self.manifest else { return };
        let state = state_path(manifest.size);
        match (self.withheld.len(), manifest.files.contains_key(&state)) {
            (0, false) => {
                let what = "it withholds nothing, so the state of its replay belongs to it, and is not here";
                self.found.of_file(Verdict::Missing, &state, what);
            }
            (1.., true) => {
                let what = "it names the state of a replay, which nobody can repeat where texts are withheld";
                self.found.of_file(Verdict::Altered, MANIFEST, what);
            }
            (0, true) | (1.., false) => {}
        }
    }

    /// Returns of which events there must be proof files.
    fn proofs(&self) -> (u64, u64) {
        self.manifest.as_ref().map_or((0, 0), |manifest| manifest.proofs)
    }

    /// Reads a file that must be there, of at most `max` bytes.
    fn must_read(&mut self, path: &str, max: u64) -> Option<Vec<u8>> {
        let (verdict, what) = match self.view.read(path, max) {
            Ok(Some(bytes)) => return Some(bytes),
            Ok(None) => (Verdict::Missing, "it is not there".to_owned()),
            Err(error @ Unreadable::Large(_)) => (Verdict::Altered, error.to_string()),
            Err(error @ (Unreadable::Odd | Unreadable::Io(_))) => (Verdict::Missing, error.to_string()),
        };
        self.found.of_file(verdict, path, what);
        None
    }
}
