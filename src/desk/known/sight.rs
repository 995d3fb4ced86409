//! The record as whoever outside the house may be told up to a level would have it: what is marked above is not there,
//! and what it would have changed is not changed.

use std::borrow::Cow;
use std::sync::Arc;

use crate::desk::access::Outside;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::{EntityId, EventId};
use crate::domain::policy::Policies;
use crate::domain::reading::RawEvent;
use crate::domain::zone::Zone;
use crate::projections::register::Register;

/// Returns the policies of a register, without those that are out of sight: of what keeps the registers, which
/// nobody marks, only what was marked on purpose is.
pub(in crate::desk) fn policies_in_sight(
    register: &Register,
    zone: Zone,
    sight: Option<&Outside>,
) -> Policies {
    let mut policies = Policies::default();
    for policy in register.policies() {
        if sight.is_none_or(|sight| sight.lets_name(policy.position)) {
            let event = of_every_name(register, &policy.event);
            policies.take(policy.position, policy.id, policy.at, &event, &zone);
        }
    }
    policies
}

/// Returns a policy as it holds: for a channel under every name that it was found to have.
fn of_every_name<'event>(register: &Register, event: &'event Event) -> Cow<'event, Event> {
    let mut event = Cow::Borrowed(event);
    if register.is_without_aliases() {
        return event;
    }
    if let Fact::PolicySet(set) = &mut event.to_mut().fact {
        let named = set.channels.iter().flat_map(|channel| register.one_with(*channel));
        set.channels = named.collect();
    }
    event
}

impl Known {
    /// Returns the record without the entries that may not leave the house, or that nobody marked where no policy
    /// says how they count; texts that were removed are gone with them.
    ///
    /// Histories, entries and policies are what they would be in a log without those entries, and so is what was found to
    /// be one or several; the rest of the registers, and what the projections themselves find and count, are not
    /// concerned.
    #[must_use]
    pub(in crate::desk) fn up_to(mut self, outside: Outside) -> Self {
        if !self.register.is_without_aliases() {
            self.register = Arc::new(self.register.as_found_by(|position| outside.lets_name(position)));
        }
        self.policies = Arc::new(policies_in_sight(&self.register, self.zone, Some(&outside)));
        self.sight = Some(outside);
        self
    }

    /// Tells whether a channel may be spoken of: whoever entered it did not mark it above the level.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(crate) fn sees_channel(&self, channel: EntityId) -> Result<bool, DeskError> {
        let Some(sight) = &self.sight else { return Ok(true) };
        let entered = self.view.event(EventId::from_uuid(*channel.as_uuid()))?;
        Ok(entered.is_some_and(|entered| sight.lets_name(entered.position)))
    }

    /// Keeps the events that are in sight; how a text was marked that is gone, nobody can tell.
    pub(super) fn seen(&self, mut events: Vec<RawEvent>) -> Vec<RawEvent> {
        self.untold(&mut events);
        let Some(sight) = &self.sight else { return events };
        events.retain(|raw| raw.event.is_some() && sight.lets_see(raw.position));
        events
    }

    /// Keeps an event that is in sight.
    pub(super) fn seen_one(&self, event: Option<RawEvent>) -> Option<RawEvent> {
        self.seen(event.into_iter().collect()).pop()
    }
}
