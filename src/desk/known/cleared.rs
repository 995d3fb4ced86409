//! For which levels there are accounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::desk::accounts::Accounts;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::marking::Marking;

/// A level for which accounts are cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desk) struct Cleared {
    /// The level.
    pub(in crate::desk) level: Marking,
    /// Whose accounts they are; nobody where whoever asks sees a part of the log.
    pub(in crate::desk) names: Vec<String>,
}

impl Known {
    /// Tells whether whoever asks sees a part of the log, and this is that part.
    pub(in crate::desk) const fn is_part(&self) -> bool {
        self.beyond.is_some()
    }

    /// Returns the levels for which accounts are cleared that are not closed, by name.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(in crate::desk) fn cleared(&self) -> Result<Vec<Cleared>, DeskError> {
        let accounts = match &self.beyond {
            Some(beyond) => beyond.accounts()?,
            None => Arc::new(Accounts::in_view(&self.view, &self.register, self.zone)?),
        };
        let mut levels: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for account in accounts.open() {
            let names = levels.entry(account.permitted.clearance.0.clone()).or_default();
            if self.beyond.is_none() {
                names.push(account.name.clone());
            }
        }
        let cleared = |(level, mut names): (String, Vec<String>)| {
            names.sort();
            Cleared { level: Marking(level), names }
        };
        Ok(levels.into_iter().map(cleared).collect())
    }
}
