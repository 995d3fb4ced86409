//! Which of the events that bear on something made it read otherwise.

use std::collections::BTreeSet;

use crate::desk::answer::operation::Doer;
use crate::desk::diff::Comparison;
use crate::desk::entries;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::replay::knowing;

/// Returns how something reads by what is known.
type Read<'a, T> = &'a dyn Fn(&Known) -> Result<T, DeskError>;

impl Comparison<'_> {
    /// Returns those of the events that `bear` on something with which it came to read otherwise.
    ///
    /// Where it reads the same before and after several of them, none of these is named: what was changed
    /// and changed back is no difference.
    pub(super) fn those_that_did_it<T: PartialEq>(
        &self,
        bear: &BTreeSet<u64>,
        before: &T,
        after: &T,
        read: Read<'_, T>,
    ) -> Result<Vec<Doer>, DeskError> {
        let bear: Vec<u64> = bear.iter().copied().collect();
        let mut found = Vec::new();
        self.narrow(&bear, (before, after), read, &mut found)?;
        let mut doers = Vec::with_capacity(found.len());
        for position in found {
            if let Some(recorded) = self.later.view.recorded(position)? {
                let entry = entries::one(&self.later, recorded.id)?;
                let entry = Known::entry_ref(&entry);
                doers.push(Doer { position, recorded_at: recorded.at, entry });
            }
        }
        Ok(doers)
    }

    /// Halves the events until each half that changed something is one event.
    fn narrow<T: PartialEq>(
        &self,
        bear: &[u64],
        (before, after): (&T, &T),
        read: Read<'_, T>,
        found: &mut Vec<u64>,
    ) -> Result<(), DeskError> {
        if before == after {
            return Ok(());
        }
        let (first, second) = bear.split_at_checked(bear.len() / 2).unwrap_or((bear, &[]));
        let Some(last) = first.last() else {
            found.extend(second);
            return Ok(());
        };
        let when = knowing(&self.when, "to", &last.to_string())?;
        let between = read(&self.desk.known(&when)?)?;
        self.narrow(first, (before, &between), read, found)?;
        self.narrow(second, (&between, after), read, found)
    }
}
