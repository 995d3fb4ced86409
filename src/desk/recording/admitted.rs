//! What an account does not put out of its own sight.

use crate::desk::Desk;
use crate::desk::ask::Caller;
use crate::desk::error::DeskError;
use crate::domain::event::Event;
use crate::domain::marking::Compartment;
use crate::domain::reading::within;
use crate::store::{AppendError, Refusal};

impl Desk {
    /// Refuses what puts an entry in a compartment to which the account of `caller` is not admitted.
    ///
    /// As long as nothing names a compartment, whoever sees the whole log needs to be admitted to none. Once
    /// something does, they see a part of it: nobody makes that so but whoever owns the directory, or is admitted.
    ///
    /// # Errors
    ///
    /// Returns [`Refusal::Above`] as [`DeskError`], with the place that `events` counts.
    pub(in crate::desk) fn admitted<'a>(
        &self,
        caller: &Caller,
        events: impl IntoIterator<Item = (usize, &'a Event)>,
    ) -> Result<(), DeskError> {
        let mut within = events
            .into_iter()
            .map(|(index, event)| (index, compartments(event)))
            .filter(|(_, compartments)| !compartments.is_empty())
            .peekable();
        if within.peek().is_none() || !self.has_accounts() {
            return Ok(());
        }
        let accounts = self.accounts()?;
        // Whoever owns the directory records under the name of no account.
        let Some(account) = accounts.named(&caller.actor) else { return Ok(()) };
        let admitted: Vec<Compartment> =
            account.permitted.compartments.iter().filter_map(|name| name.parse().ok()).collect();
        let is_theirs = |compartment: &Compartment| admitted.contains(compartment);
        match within.find(|(_, compartments)| !compartments.iter().all(is_theirs)) {
            Some((index, _)) => Err(AppendError::from(Refusal::Above { index, unmarked: None }).into()),
            None => Ok(()),
        }
    }
}

/// Returns the compartments in which an event is, and those of what stands within it.
fn compartments(event: &Event) -> Vec<Compartment> {
    let mut named = event.envelope.compartments.clone();
    named.extend(within(event).unwrap_or_default().into_iter().flat_map(|event| event.envelope.compartments));
    named
}
