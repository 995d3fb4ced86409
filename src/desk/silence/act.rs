//! One act: how directly it reached the other side, over what, and how long ago.

use crate::desk::answer::silence::LastAct;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::{Fact, KindClass};
use crate::domain::id::EntityId;
use crate::domain::overture::{World, days_between};
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::{Directness, Form};

/// The place of an act in time and in the log: a call that names slots of a day stands at the last of them that has come.
pub(super) type Key = (Timestamp, Timestamp, u64);

/// An act.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) key: Key,
    pub(super) entry: Entry,
}

impl Act {
    /// Returns how directly it reached the other side: as it says, else by its form, else by what carried
    /// it; a call and a meeting are direct.
    pub(super) fn directness(&self, known: &Known) -> Option<Directness> {
        let event = self.entry.event.as_ref()?;
        let stated = stated(event).or_else(|| event.envelope.form.and_then(Form::directness));
        let carried = || World::directness(known, &event.envelope.via);
        let kind = event.kind();
        let by_kind = || {
            let direct = KindClass::Held.has(kind) || KindClass::Attempt.has(kind);
            direct.then_some(Directness::Direct)
        };
        stated.or_else(carried).or_else(by_kind)
    }

    /// Tells whether it names nothing that it answers or is about, by its links as they are now.
    pub(super) fn bears_on_nothing(&self) -> bool {
        let linked = self.entry.links().iter().any(|link| link.relation.enters_history());
        self.entry.event.as_ref().is_some_and(|event| event.envelope.about.is_empty()) && !linked
    }

    /// Returns what carried it, and of a call the line.
    pub(super) fn channels(&self) -> Vec<EntityId> {
        let Some(event) = &self.entry.event else { return Vec::new() };
        let mut channels = event.envelope.via.clone();
        if KindClass::Attempt.has(event.kind()) {
            channels.extend(&event.envelope.about);
        }
        channels
    }

    /// Returns it as the matrix tells it.
    pub(super) fn told(&self, known: &Known) -> Result<LastAct, DeskError> {
        let envelope = self.entry.event.as_ref().map(|event| &event.envelope);
        let (from, to) = envelope.map_or((&[][..], &[][..]), |envelope| (&envelope.from, &envelope.to));
        let (days_ago, days_ago_max) = self.days_ago(known);
        Ok(LastAct {
            entry: known.recognised(&self.entry)?,
            position: self.entry.position,
            from: known.all_named(from)?,
            to: known.all_named(to)?,
            via: known.all_named(&self.channels())?,
            directness: self.directness(known).map(|way| way.to_string()),
            days_ago,
            days_ago_max,
            days_ago_open: !self.key.0.is_bounded(),
        })
    }

    /// Tells whether one of these carried it.
    pub(super) fn is_over(&self, lines: &[EntityId]) -> bool {
        let via = self.entry.event.as_ref().map_or(&[][..], |event| event.envelope.via.as_slice());
        via.iter().any(|channel| lines.contains(channel))
    }

    /// Returns how many days ago it was, and at most how many where it is known less closely than to the day.
    fn days_ago(&self, known: &Known) -> (i64, Option<i64>) {
        let (earliest, latest, _) = self.key;
        let days = |moment: Timestamp| days_between(&known.zone, moment.min(known.at), known.at);
        let (least, most) = (days(latest), days(earliest));
        (least, (most > least && earliest.is_bounded()).then_some(most))
    }
}

/// Returns how directly an entry says that it came.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts do not say how directly they came")]
fn stated(event: &Event) -> Option<Directness> {
    match &event.fact {
        Fact::ResponseConduct(answer) => answer.directness.or(Some(Directness::Conduct)),
        Fact::ResponseAccepted(answer)
        | Fact::ResponseAcceptedWithChanges(answer)
        | Fact::ResponseAcceptedConditionally(answer)
        | Fact::ResponseCounterProposed(answer)
        | Fact::ResponseRejected(answer)
        | Fact::ResponseRejectedPlan(answer)
        | Fact::ResponseDeflected(answer)
        | Fact::ResponseDeclinedComment(answer)
        | Fact::ResponseRescinded(answer)
        | Fact::ConditionMet(answer)
        | Fact::ConditionRefused(answer) => answer.directness,
        _ => None,
    }
}
