//! Leaves of a later version: what every version says in the same words is checked, and how much is not is
//! told. What nobody could read is never called sound.

use serde::Deserialize;

use crate::desk::audit::verify::Check;
use crate::desk::audit::verify::leaves::Scan;
use crate::desk::audit::verify::report::{Verdict, counted};
use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::{HexHash, LeafError};
use crate::tlog::leaf_hash;

/// The leaves of a later version that were met.
#[derive(Debug, Default)]
pub(super) struct Newer {
    /// How many.
    pub(super) count: u64,
    /// The first of them.
    pub(super) first: Option<u64>,
}

/// The version alone, of whatever a leaf may be.
#[derive(Deserialize)]
struct Version {
    v: u64,
}

/// What a leaf of any version says.
#[derive(Deserialize)]
struct Envelope {
    log: String,
    pos: u64,
    at: Timestamp,
    streams: Vec<(EntityId, u64, Option<HexHash>)>,
}

impl Check<'_> {
    /// Checks what can be of a leaf that this version cannot read; `error` is why.
    pub(super) fn unread(
        &mut self,
        scan: &mut Scan,
        path: &str,
        position: u64,
        text: &str,
        error: &LeafError,
    ) {
        let version = serde_json::from_str::<Version>(text).ok().filter(|version| version.v > 1);
        if version.is_none() {
            scan.lose(position);
            self.found.of_event(Verdict::Altered, path, position, error.to_string());
            return;
        }
        scan.newer.count += 1;
        scan.newer.first.get_or_insert(position);
        // It may have been a change of keys, of the log or of an author.
        scan.texts.authors.lose();
        let envelope: Envelope = match serde_json::from_str(text) {
            Ok(envelope) => envelope,
            Err(error) => {
                scan.lose(position);
                let what = format!(
                    "the leaf says that it is of a later version, and lacks what a leaf of every version has \
                     (`v`, `log`, `pos`, `at` and `streams`): {error}"
                );
                self.found.of_event(Verdict::Altered, path, position, what);
                return;
            }
        };
        self.of_this_log(path, position, &envelope.log);
        if envelope.pos == position {
            self.time(scan, path, position, envelope.at);
            let hash = leaf_hash(text.as_bytes());
            for what in scan.chains.follow(position, &envelope.streams, hash) {
                self.found.of_event(Verdict::Altered, path, position, what);
            }
        } else {
            self.misplaced(path, position, envelope.pos);
        }
    }

    /// Finds a leaf of version 1 after one of a later version: a log does not go back.
    pub(super) fn goes_back(&mut self, scan: &Scan, path: &str, position: u64) {
        if let Some(first) = scan.newer.first {
            let what =
                format!("the leaf is of version 1, and the one at position {first} of a later version");
            self.found.of_event(Verdict::Altered, path, position, what);
        }
    }

    /// Says how many leaves were not checked whole: they stand in the tree, but nobody can tell here what
    /// they say.
    pub(super) fn unread_leaves(&mut self, newer: &Newer) {
        let Some(first) = newer.first else { return };
        let leaves = counted(newer.count, "leaf is", "leaves are");
        let what = format!(
            "{leaves} of a later version, the first at position {first}: place, time and streams were checked; \
             texts, signatures of authors, keys and removals were not; check with a newer version of the \
             program"
        );
        self.found.add(Verdict::Missing, None, Some(first), what);
    }
}
