//! Whether an offer still stands: the side of the proposer.

use crate::domain::words::words;

words! {
    /// Whether an offer still stands.
    Currency {
        /// It stands.
        Standing = "standing",
        /// Its time has passed; said again, it stands again.
        Lapsed = "lapsed",
        /// The proposer took it back; said again, it stands again.
        Withdrawn = "withdrawn",
        /// Another offer took its place.
        Superseded = "superseded",
        /// What it offered has come about.
        Realised = "realised",
        /// Its subject, or a party to it, is no more.
        Moot = "moot",
    }
}

/// What happens to an offer on the side of the proposer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Said again on the same terms.
    Reiterated,
    /// Made again on other terms.
    Revised,
    /// More time is given.
    Extended,
    /// It comes to this: lapsed, withdrawn, superseded, realised or moot.
    Ends(Currency),
}

impl Currency {
    /// Returns whether the offer stands after `turn`; the same end again confirms it.
    ///
    /// Saying it again, on the same or on other terms, revives what had lapsed or was withdrawn; more time
    /// revives what had lapsed.
    ///
    /// # Errors
    ///
    /// Returns the states from which the turn would have been right.
    pub fn after(self, turn: Turn) -> Result<Self, &'static str> {
        use Currency::{Lapsed, Standing, Withdrawn};
        match (self, turn) {
            (Standing | Lapsed | Withdrawn, Turn::Reiterated | Turn::Revised)
            | (Standing | Lapsed, Turn::Extended) => Ok(Standing),
            (_, Turn::Reiterated | Turn::Revised) => Err("standing, lapsed or withdrawn"),
            (Standing | Lapsed, Turn::Ends(end)) => Ok(end),
            (same, Turn::Ends(end)) if same == end => Ok(end),
            (_, Turn::Extended | Turn::Ends(_)) => Err("standing or lapsed"),
        }
    }
}
