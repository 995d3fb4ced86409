//! What cannot be known because files are not there: a key that is recorded in them is not missed twice.

use crate::desk::audit::verify::report::Verdict;
use crate::desk::audit::verify::{Check, leaves};
use crate::tlog::checkpoint::Checkpoint;

/// From where on it is not known which keys the log had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lost {
    /// The first position that may have changed them.
    position: u64,
    verdict: Verdict,
    what: String,
}

impl Lost {
    /// Returns from where on keys are not known, after all leaves and texts were read; none when all are.
    pub(super) fn of(scan: &leaves::Scan) -> Option<Self> {
        let leaf = scan.lost_leaf.map(|position| {
            let what = format!("the leaves from position {position} on are not all there");
            Self { position, verdict: Verdict::Missing, what }
        });
        let text = scan.texts.lost_rotation.map(|position| {
            let what = format!("the change of keys at position {position} is not there");
            Self { position, verdict: Verdict::MissingBody, what }
        });
        let newer = scan.newer.first.map(|position| {
            let what = format!("the leaves from position {position} on are of a later version");
            Self { position, verdict: Verdict::Missing, what }
        });
        [text, leaf, newer].into_iter().flatten().min_by_key(|lost| lost.position)
    }

    /// Tells whether the keys that may sign at this size are among those that are not known.
    pub(super) const fn hides(&self, size: u64) -> bool {
        size > self.position
    }
}

impl Check<'_> {
    /// Says that a note was not judged, if it is one that only lost keys can have signed.
    pub(super) fn is_beyond_known_keys(&mut self, at: &str, checkpoint: &Checkpoint) -> bool {
        let Some(lost) = self.lost.clone().filter(|lost| lost.hides(checkpoint.size)) else { return false };
        let what =
            format!("{}: the keys after it, one of which signed this, cannot be known without it", lost.what);
        self.found.of_file(lost.verdict, at, what);
        true
    }
}
