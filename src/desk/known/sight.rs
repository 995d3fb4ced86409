//! The record as whoever may see entries up to a level would have it: what is marked above is not there, and
//! what it would have changed is not changed.

use crate::desk::error::{DeskError, Fault};
use crate::desk::format::parse::markings;
use crate::desk::known::Known;
use crate::domain::event::{Event, SCHEMA};
use crate::domain::fact::Fact;
use crate::domain::id::EntityId;
use crate::domain::marking::{Marking, Scheme};
use crate::domain::policy::Policies;
use crate::domain::reading::RawEvent;
use crate::domain::zone::Zone;
use crate::projections::register::Register;

/// How many corrections of corrections are followed to the entry that they are about.
const DEPTH_MAX: u32 = 16;

/// Up to which level entries are seen.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    scheme: Scheme,
    default: Option<Marking>,
    level: usize,
}

impl Sight {
    fn highest(&self) -> usize {
        self.scheme.levels.len().saturating_sub(1)
    }

    /// Returns how restricted a marking is; what nobody marked, or in words of another scheme, is as restricted
    /// as can be.
    fn rank_of(&self, marking: Option<&Marking>) -> usize {
        let marking = marking.or(self.default.as_ref());
        let rank = marking.and_then(|marking| self.scheme.levels.iter().position(|level| level == marking));
        rank.unwrap_or_else(|| self.highest())
    }

    fn rank_of_reading(&self, reading: &str) -> usize {
        Event::decode(SCHEMA, reading).map_or_else(|_| self.highest(), |event| self.rank_of_event(&event))
    }

    /// Returns how restricted an event is by itself; what is in a compartment is for nobody outside, at any level.
    fn rank_of_event(&self, event: &Event) -> usize {
        let rank = self.rank_of(event.envelope.marking.as_ref());
        if event.envelope.compartments.is_empty() { rank } else { usize::MAX }
    }

    /// Tells whether a marking was written that is above the level: of what keeps the registers, which nobody
    /// marks, only what was marked on purpose is out of sight.
    fn hides(&self, marking: Option<&Marking>) -> bool {
        marking.is_some_and(|marking| self.rank_of(Some(marking)) > self.level)
    }
}

/// Returns the policies of a register, without those that are out of sight.
pub(super) fn policies_in_sight(register: &Register, zone: Zone, sight: Option<&Sight>) -> Policies {
    let mut policies = Policies::default();
    for policy in register.policies() {
        if !sight.is_some_and(|sight| sight.hides(policy.event.envelope.marking.as_ref())) {
            policies.take(policy.position, policy.id, policy.at, &policy.event, &zone);
        }
    }
    policies
}

impl Known {
    /// Returns the record without the entries that are marked above the level that `typed` names, or that
    /// nobody marked where no policy says how they count; texts that were removed are gone with them.
    ///
    /// Histories, entries and policies are what they would be in a log without those entries; registers, and
    /// what the projections themselves find and count, are not concerned.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] with the levels of the scheme when it names none.
    pub(crate) fn up_to(mut self, typed: &str) -> Result<Self, DeskError> {
        let (scheme, default) = markings(&self);
        let wrong = |detail: String| DeskError::from(Fault::in_field("release", detail));
        let marking = scheme.level(typed).map_err(|error| wrong(error.to_string()))?;
        let level = scheme.levels.iter().position(|level| *level == marking).unwrap_or(0);
        let sight = Sight { scheme, default, level };
        self.policies = policies_in_sight(&self.register, self.zone, Some(&sight));
        self.sight = Some(sight);
        Ok(self)
    }

    /// Tells whether a channel may be spoken of: whoever entered it did not mark it above the level.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(crate) fn sees_channel(&self, channel: EntityId) -> Result<bool, DeskError> {
        let Some(sight) = &self.sight else { return Ok(true) };
        let id = crate::domain::id::EventId::from_uuid(*channel.as_uuid());
        let entered = self.view.event(id)?.and_then(|raw| raw.event);
        Ok(!sight.hides(entered.as_ref().and_then(|event| event.envelope.marking.as_ref())))
    }

    /// Keeps the events that are in sight.
    pub(super) fn seen(&self, events: Vec<RawEvent>) -> Result<Vec<RawEvent>, DeskError> {
        let Some(sight) = &self.sight else { return Ok(events) };
        let mut seen = Vec::with_capacity(events.len());
        for raw in events {
            if self.rank(sight, &raw, DEPTH_MAX)? <= sight.level {
                seen.push(raw);
            }
        }
        Ok(seen)
    }

    /// Keeps an event that is in sight.
    pub(super) fn seen_one(&self, event: Option<RawEvent>) -> Result<Option<RawEvent>, DeskError> {
        Ok(self.seen(event.into_iter().collect())?.pop())
    }

    /// Returns how restricted an event is: its own marking, that of any reading that it gives or was given, and
    /// that of the entry that it is about.
    fn rank(&self, sight: &Sight, raw: &RawEvent, depth: u32) -> Result<usize, DeskError> {
        let (Some(event), Some(depth)) = (&raw.event, depth.checked_sub(1)) else {
            // How a text was marked that is gone, nobody can tell.
            return Ok(sight.highest());
        };
        let mut rank = sight.rank_of_event(event);
        if let Fact::RecordAmended(amended) = &event.fact {
            rank = rank.max(sight.rank_of_reading(amended.reading.get()));
        }
        for correction in self.view.corrections(raw.id)? {
            if let Some(Event { fact: Fact::RecordAmended(amended), .. }) = &correction.event {
                rank = rank.max(sight.rank_of_reading(amended.reading.get()));
            }
        }
        let Some(target) = event.entry() else { return Ok(rank) };
        match self.view.event(target)? {
            Some(about) => Ok(rank.max(self.rank(sight, &about, depth)?)),
            None => Ok(sight.highest()),
        }
    }
}
