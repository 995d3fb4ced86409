//! What a check of a bundle found: one verdict, and everything that it rests on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;
use crate::domain::words::words;

/// How many findings of one verdict are listed before the rest is counted.
const LISTED_MAX: u64 = 100;

words! {
    /// What a check of a bundle comes to; of several the first in this order is said.
    Verdict {
        /// Two notes that the log signed contradict each other.
        Fork = "FORK",
        /// The log is shorter than it was.
        Rollback = "ROLLBACK",
        /// Something is not what was signed or committed to.
        Altered = "ALTERED",
        /// Leaves that the log has stand at other places.
        Reordered = "REORDERED",
        /// Something that must be there is not.
        Missing = "MISSING",
        /// Something is there that must not be.
        Extra = "EXTRA",
        /// An event says it was recorded when it cannot have been.
        Backdated = "BACKDATED",
        /// A signature of an author does not verify, or is by a key that was not theirs then.
        UnsignedAuthor = "UNSIGNED-AUTHOR",
        /// A text is neither there, nor withheld by the level that the bundle states, nor removed.
        MissingBody = "MISSING-BODY",
        /// The checkpoint is older than it may be, or says no time.
        Stale = "STALE",
        /// Texts were removed, and the log says so.
        Shredded = "SHREDDED",
        /// Everything is as it should be.
        Ok = "OK",
    }
}

impl Verdict {
    /// Tells whether the bundle stands.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Ok | Self::Shredded)
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it comes to.
    pub verdict: Verdict,
    /// The file of the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The position of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// What is the matter.
    pub what: String,
}

/// How many texts there are, and what became of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// In the bundle, and what their leaves commit to.
    pub disclosed: u64,
    /// Withheld, by the release level that the bundle states.
    pub withheld: u64,
    /// Removed, as later records say.
    pub removed: u64,
    /// Neither.
    pub missing: u64,
}

/// What a check of a bundle found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What it comes to.
    pub verdict: Verdict,
    /// The origin of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// How many events it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The root over them, as 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// When the log signed that, as its own cosignature says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Timestamp>,
    /// The release level that the bundle states; none when it claims to hold every text that is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The texts.
    pub texts: Texts,
    /// How many leaves are of a later version, and were not checked whole.
    #[serde(default, skip_serializing_if = "is_none")]
    pub newer: u64,
    /// Whether the texts were replayed and the result compared; none where nobody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed: Option<bool>,
    /// Everything that was found, gravest first.
    pub findings: Vec<Finding>,
    /// How many more were found than are listed, by verdict.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unlisted: BTreeMap<Verdict, u64>,
    /// What was checked, in words.
    pub checks: Vec<String>,
    /// What the reader must know to read it rightly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// The pairs of notes that contradict each other, whole.
    #[serde(skip)]
    pub forks: Vec<Contradiction>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Two notes that the log signed and that cannot both be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The one, and where it stood.
    pub one: (String, Vec<u8>),
    /// The other.
    pub other: (String, Vec<u8>),
}

/// Returns a number and what it counts: `1 leaf`, `40 leaves`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Findings as they come in.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    counts: BTreeMap<Verdict, u64>,
}

impl Findings {
    /// Adds a finding.
    pub(super) fn add(
        &mut self,
        verdict: Verdict,
        file: Option<&str>,
        position: Option<u64>,
        what: impl Into<String>,
    ) {
        let finding = Finding { verdict, file: file.map(ToOwned::to_owned), position, what: what.into() };
        // What is met on two ways is one thing.
        if self.list.contains(&finding) {
            return;
        }
        let count = self.counts.entry(verdict).or_default();
        *count += 1;
        if *count <= LISTED_MAX {
            self.list.push(finding);
        }
    }

    /// Adds a finding about a file.
    pub(super) fn of_file(&mut self, verdict: Verdict, file: &str, what: impl Into<String>) {
        self.add(verdict, Some(file), None, what);
    }

    /// Adds a finding about an event, where a file stands for it.
    pub(super) fn of_event(&mut self, verdict: Verdict, file: &str, position: u64, what: impl Into<String>) {
        self.add(verdict, Some(file), Some(position), what);
    }

    /// Returns the verdict, what is listed with the gravest first, and how many more there are.
    pub(super) fn finish(mut self) -> (Verdict, Vec<Finding>, BTreeMap<Verdict, u64>) {
        // Of one verdict in the order in which they were found.
        self.list.sort_by_key(|finding| finding.verdict);
        let verdict = self.counts.keys().next().copied().unwrap_or(Verdict::Ok);
        let more =
            self.counts.into_iter().map(|(verdict, count)| (verdict, count.saturating_sub(LISTED_MAX)));
        (verdict, self.list, more.filter(|(_, count)| *count > 0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_twice_is_listed_and_counted_once() {
        let mut found = Findings::default();
        for what in ["gone", "gone", "changed"] {
            found.of_file(Verdict::Missing, "vkey", what);
        }
        found.of_event(Verdict::Missing, "vkey", 3, "gone");
        let (verdict, listed, more) = found.finish();
        assert_eq!((verdict, listed.len(), more.len()), (Verdict::Missing, 3, 0));
    }

    #[test]
    fn one_thing_is_told_in_the_singular() {
        assert_eq!(counted(1, "leaf", "leaves"), "1 leaf");
        assert_eq!(counted(0, "leaf", "leaves"), "0 leaves");
    }
}
