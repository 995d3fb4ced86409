//! Who is silent towards whom, and which entries are acts of the one towards the other.

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::names::Party;
use crate::domain::fact::register::Sort;
use crate::domain::id::EntityId;
use crate::domain::overture::World;
use crate::domain::words::Directness;
use crate::projections::newest::Test;

/// A side: a party and every body within it.
pub(in crate::desk) struct Side {
    pub(in crate::desk) name: String,
    pub(in crate::desk) ids: Vec<EntityId>,
    // The party itself.
    party: Option<EntityId>,
}

impl Side {
    /// Returns the side that is meant; one that everyone knows and of which the log has nothing has no ids.
    pub(in crate::desk) fn named(known: &Known, typed: &str) -> Result<Self, DeskError> {
        Ok(match known.party(typed)? {
            Party::Registered(id) => {
                Self { name: known.named(id)?.name, ids: known.bodies_of(id), party: Some(id) }
            }
            Party::Known(country) => Self { name: country.code.to_owned(), ids: Vec::new(), party: None },
        })
    }

    /// Tells whether one of these is the side, a body of it, or what it is a body of.
    pub(in crate::desk) fn is_end(&self, known: &Known, ends: &[EntityId]) -> bool {
        let related = |end: &EntityId| {
            self.ids.contains(end)
                || if known.register.is_without_aliases() {
                    self.party.is_some_and(|party| known.is_within(party, *end))
                } else {
                    self.ids.iter().any(|id| known.is_within(*end, *id) || known.is_within(*id, *end))
                }
        };
        ends.iter().any(related)
    }

    /// Tells whether one of these is the side or a body of it.
    pub(in crate::desk) fn has(&self, ids: &[EntityId]) -> bool {
        ids.iter().any(|id| self.ids.contains(id))
    }
}

/// Returns the lines of which a side is an end, and the other another end where one is named; then those of which no end
/// is registered.
pub(in crate::desk) fn lines_by_ends(
    known: &Known,
    one: &Side,
    other: Option<&Side>,
) -> (Vec<EntityId>, Vec<EntityId>) {
    let (mut lines, mut without_ends) = (Vec::new(), Vec::new());
    for (id, _) in known.register.channels().filter(|(_, line)| line.entered.sort == Sort::Line) {
        let ends = known.register.ends_of(id);
        // One end does not stand for both sides, though one of the two is a body of the other.
        let is_across = |other: &Side| {
            ends.iter()
                .filter(|end| one.is_end(known, &[**end]))
                .any(|end| ends.iter().any(|across| across != end && other.is_end(known, &[*across])))
        };
        if ends.is_empty() {
            without_ends.push(id);
        } else if one.is_end(known, &ends) && other.is_none_or(is_across) {
            lines.push(id);
        }
    }
    (lines, without_ends)
}

/// The channels of the log, as far as silence is concerned.
pub(super) struct Channels {
    /// Every channel, with its sort.
    pub(super) all: Vec<(EntityId, Sort)>,
    direct: Vec<EntityId>,
    conveyed: Vec<EntityId>,
    public: Vec<EntityId>,
}

impl Channels {
    pub(super) fn of(known: &Known) -> Self {
        let mut channels =
            Self { all: Vec::new(), direct: Vec::new(), conveyed: Vec::new(), public: Vec::new() };
        for (id, channel) in known.register.channels() {
            channels.all.push((id, channel.entered.sort));
            match World::directness(known, &[id]) {
                Some(Directness::Direct) => channels.direct.push(id),
                Some(Directness::ViaIntermediary) => channels.conveyed.push(id),
                Some(Directness::Public) => channels.public.push(id),
                Some(Directness::Conduct) | None => {}
            }
        }
        channels
    }

    /// Returns the test of what reaches the other side in a way: as the entry says, else as what carried it
    /// tells, of which the most direct counts.
    pub(super) fn reaching(&self, directness: Directness) -> Test {
        let (own, before): (&[EntityId], Vec<EntityId>) = match directness {
            Directness::Direct => (&self.direct, Vec::new()),
            Directness::ViaIntermediary => (&self.conveyed, self.direct.clone()),
            Directness::Public => (&self.public, [&self.direct[..], &self.conveyed].concat()),
            Directness::Conduct => (&[], Vec::new()),
        };
        let mut carried = vec![Test::Via(own.to_vec()), Test::Not(Box::new(told()))];
        if !before.is_empty() {
            carried.push(Test::Not(Box::new(Test::Via(before))));
        }
        Test::Any(vec![Test::Reaches(directness), Test::All(carried)])
    }

    /// Returns the test of what tells in no way how it reached the other side.
    pub(super) fn untold(&self) -> Test {
        let carriers = [&self.direct[..], &self.conveyed, &self.public].concat();
        Test::Not(Box::new(Test::Any(vec![told(), Test::Via(carriers)])))
    }
}

/// Returns the test of what says itself how it reaches the other side.
fn told() -> Test {
    Test::Any(Directness::ALL.iter().map(|directness| Test::Reaches(*directness)).collect())
}
