//! That nobody answered is said of what can be read: a text that was removed may have been the answer.

use crate::desk::known::removed::removed_words;
use crate::desk::overtures::words::Words;

/// Of what the entries are that are counted.
const OF: &str = "of this thread";

impl Words<'_> {
    /// Returns that no answer is recorded, or why none can be read.
    pub(super) fn none_recorded(&self) -> String {
        match self.gathered.removed {
            0 => "no answer is recorded".to_owned(),
            1 => format!("no answer can be read, and 1 entry {OF} had its text removed"),
            several => format!("no answer can be read, and {several} entries {OF} had their texts removed"),
        }
    }

    /// Returns `, as far as can be read: 1 entry of this thread had its text removed`, or nothing.
    pub(super) fn as_far_as_read(&self) -> String {
        match self.gathered.removed {
            0 => String::new(),
            1 => format!(", as far as can be read: 1 entry {OF} had its text removed"),
            several => format!(", as far as can be read: {several} entries {OF} had their texts removed"),
        }
    }

    /// Returns in what an answer was looked for.
    pub(super) fn searched(&self) -> String {
        match self.gathered.removed {
            0 => "the entries of this thread".to_owned(),
            removed => format!("the entries of this thread, without {removed} whose text was removed"),
        }
    }

    /// Returns what must be said of the thread where texts of it were removed.
    pub(super) fn removed(&self) -> Option<String> {
        removed_words(self.gathered.removed, OF)
    }
}
