//! How restricted an event is by what it says itself, under the scheme and the defaults in force.

use std::collections::BTreeMap;

use crate::desk::access::sight::restriction::{Restriction, Sets};
use crate::desk::format::parse::markings_at;
use crate::desk::known::Known;
use crate::desk::writing::names_something;
use crate::domain::event::Event;
use crate::domain::fact::register::ChannelRegistered;
use crate::domain::fact::{Kind, Subject};
use crate::domain::id::EntityId;
use crate::domain::marking::{Marking, Scheme};
use crate::domain::policy::Policies;
use crate::domain::reading::within;
use crate::domain::timestamp::Timestamp;
use crate::projections::register::{Entry, Register};

/// The marking scheme in force, and how an entry counts that nobody marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desk) struct Rules {
    scheme: Scheme,
    default: Option<Marking>,
    // What an entry on a channel is marked at least.
    floors: BTreeMap<EntityId, Marking>,
}

impl Rules {
    /// Returns those in force, whoever may see them.
    pub(in crate::desk) fn of(known: &Known) -> Self {
        Self::at(&known.policies, known.at, floors(&known.register))
    }

    /// Returns those that policies make, and what channels ask for, at a moment.
    pub(in crate::desk) fn at(
        policies: &Policies,
        moment: Timestamp,
        floors: BTreeMap<EntityId, Marking>,
    ) -> Self {
        let (scheme, default) = markings_at(policies, moment);
        Self { scheme, default, floors }
    }

    /// Returns rules without a channel that asks for a marking.
    #[cfg(test)]
    pub(in crate::desk) fn plain(scheme: Scheme, default: Option<Marking>) -> Self {
        Self { scheme, default, floors: BTreeMap::new() }
    }

    /// Returns what an entry on a channel is marked at least, by channel.
    pub(super) const fn floors(&self) -> &BTreeMap<EntityId, Marking> {
        &self.floors
    }

    /// Returns the scheme.
    pub(in crate::desk) fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    pub(super) fn highest(&self) -> u8 {
        level(self.scheme.levels.len().saturating_sub(1))
    }

    /// Returns how restricted a marking is; one in words of another scheme is so as can be.
    pub(super) fn rank(&self, marking: &Marking) -> u8 {
        self.scheme.rank(marking).map_or_else(|| self.highest(), level)
    }

    /// Returns how restricted an event is by itself.
    ///
    /// What keeps the registers, and a correction, which is no less restricted than what it corrects, count as
    /// unrestricted unless they are marked. Any other entry that nobody marked counts by the default in force and
    /// by the least that its channels allow; where nothing says how, as what is most restricted.
    pub(super) fn of_event(&self, sets: &mut Sets, event: &Event) -> Restriction {
        let kind = event.kind();
        if is_evidence(kind) {
            return Restriction::NOBODY;
        }
        let level = self.level(event);
        match sets.place(event.envelope.compartments.iter().cloned().collect()) {
            Some(within) => Restriction { level, within },
            None => Restriction::NOBODY,
        }
    }

    /// Returns the level at which an event is by itself.
    pub(super) fn level(&self, event: &Event) -> u8 {
        match &event.envelope.marking {
            Some(marking) => self.rank(marking),
            None if is_open(event.kind()) => 0,
            None => self.unmarked(event),
        }
    }

    /// Returns the name of a level.
    pub(super) fn name(&self, level: u8) -> String {
        self.scheme.levels.get(usize::from(level)).map(|level| level.0.clone()).unwrap_or_default()
    }

    /// Returns how restricted an event is that leaves the house as a whole: as it, or one of its texts, or of those of
    /// what stands within it, is marked highest; what nobody marked counts by the default in force, and where there
    /// is none as what is most restricted, whatever it is.
    pub(super) fn whole(&self, event: &Event) -> u8 {
        let level = self.whole_alone(event);
        let Some(within) = within(event) else { return self.highest() };
        within.iter().map(|event| self.whole(event)).fold(level, u8::max)
    }

    /// Returns the same of what it says beside what stands within it.
    pub(super) fn whole_alone(&self, event: &Event) -> u8 {
        let envelope = &event.envelope;
        let own = envelope.marking.as_ref().or(self.default.as_ref());
        let own = own.map_or_else(|| self.highest(), |marking| self.rank(marking));
        let texts = envelope.texts.iter().filter_map(|text| text.marking.as_ref());
        texts.map(|marking| self.rank(marking)).fold(own, u8::max)
    }

    /// Tells whether a channel of an event asks for a marking above a level.
    pub(super) fn asks_above(&self, event: &Event, level: u8) -> bool {
        let channels = event.envelope.about.iter().chain(&event.envelope.via);
        channels.filter_map(|id| self.floors.get(id)).any(|floor| self.rank(floor) > level)
    }

    fn unmarked(&self, event: &Event) -> u8 {
        let channels = event.envelope.about.iter().chain(&event.envelope.via);
        self.unmarked_on(channels.filter_map(|id| self.floors.get(id)))
    }

    /// Returns the level of what nobody marked, on channels that ask for these.
    pub(super) fn unmarked_on<'f>(&self, floors: impl Iterator<Item = &'f Marking>) -> u8 {
        let floor = floors.map(|floor| self.rank(floor)).max();
        let default = self.default.as_ref().map(|default| self.rank(default));
        floor.max(default).unwrap_or_else(|| self.highest())
    }
}

/// Returns what an entry on a channel is marked at least, by channel, as a register has it.
pub(in crate::desk) fn floors(register: &Register) -> BTreeMap<EntityId, Marking> {
    let floor = |(id, channel): (EntityId, &Entry<ChannelRegistered>)| {
        channel.entered.marking_min.clone().map(|floor| (id, floor))
    };
    register.channels().filter_map(floor).collect()
}

pub(super) fn level(place: usize) -> u8 {
    u8::try_from(place).unwrap_or(u8::MAX).min(u8::MAX - 1)
}

/// Tells whether an event says something of the accounts, the keys or the record itself, which is for whoever sees
/// everything: it tells how much there is, or who may read it.
pub(super) fn is_evidence(kind: Kind) -> bool {
    kind.is_of_account()
        || matches!(
            kind,
            Kind::LogAdopted
                | Kind::LogIncident
                | Kind::LogAnchored
                | Kind::KeyRotated
                | Kind::AuthorKeyAdded
                | Kind::AuthorKeyRevoked
                | Kind::RecordRedacted
        )
}

/// Tells whether an event is unrestricted unless somebody marked it.
fn is_open(kind: Kind) -> bool {
    names_something(kind)
        || matches!(kind, Kind::LogOpened | Kind::MomentNamed | Kind::EntryHeld)
        || kind.subject() == Subject::Entry
}

/// Tells whether an event enters something in a register that an entry may bring along.
pub(super) const fn enters(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ChannelRegistered
            | Kind::PartyRegistered
            | Kind::SeriesRegistered
            | Kind::PersonRegistered
            | Kind::RecorderRegistered
    )
}
