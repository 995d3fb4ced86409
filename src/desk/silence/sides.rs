//! Who is silent towards whom, and which entries are acts of the one towards the other.

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::names::Party;
use crate::domain::fact::Kind;
use crate::domain::fact::register::Sort;
use crate::domain::id::EntityId;
use crate::domain::overture::World;
use crate::domain::words::Directness;
use crate::projections::newest::Test;

/// A side: a party and every body within it.
pub(super) struct Side {
    pub(super) name: String,
    pub(super) ids: Vec<EntityId>,
}

impl Side {
    /// Returns the side that is meant; one that everyone knows and of which the log has nothing has no ids.
    pub(super) fn named(known: &Known, typed: &str) -> Result<Self, DeskError> {
        Ok(match known.names.party(typed)? {
            Party::Registered(id) => Self { name: known.named(id)?.name, ids: known.bodies_of(id) },
            Party::Known(country) => Self { name: country.code.to_owned(), ids: Vec::new() },
        })
    }

    /// Tells whether one of these is the side, a body of it, or what it is a body of.
    pub(super) fn is_end(&self, known: &Known, ends: &[EntityId]) -> bool {
        let related = |end: &EntityId| {
            self.ids.iter().any(|id| known.is_within(*end, *id) || known.is_within(*id, *end))
        };
        ends.iter().any(related)
    }

    /// Tells whether one of these is the side or a body of it.
    pub(super) fn has(&self, ids: &[EntityId]) -> bool {
        ids.iter().any(|id| self.ids.contains(id))
    }
}

/// Tells whether a kind is an answer to an overture in words.
pub(super) fn answers(kind: Kind) -> bool {
    (kind.is_answer() && kind != Kind::ResponseConduct) || kind == Kind::OvertureAcknowledged
}

/// Tells whether a kind shows that both sides sat together.
pub(super) const fn held(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::MeetingOpened
            | Kind::MeetingRecessed
            | Kind::MeetingResumed
            | Kind::MeetingAdjourned
            | Kind::MeetingBrokenOff
            | Kind::MeetingConcluded
            | Kind::MeetingHeld
            | Kind::MeetingAgreement
    )
}

/// Tells whether a kind is an act of all its parties, whoever is named first.
pub(super) const fn mutual(kind: Kind) -> bool {
    held(kind) || matches!(kind, Kind::MeetingAgreed | Kind::MeetingScheduled | Kind::AgreementAnnounced)
}

/// Tells whether a kind is something said or done towards another.
///
/// What is said of a line is told by the states of the line; an incident is no word.
pub(super) fn speaks(kind: Kind) -> bool {
    let family = kind.family();
    let excluded = matches!(
        kind,
        Kind::OvertureDrafted | Kind::MeetingNotHeld | Kind::SilenceRecorded | Kind::AssessmentRecorded
    );
    !excluded
        && matches!(
            family,
            "overture"
                | "response"
                | "condition"
                | "message"
                | "statement"
                | "protest"
                | "agreement"
                | "backchannel"
                | "meeting"
                | "talks"
        )
}

/// Tells whether a kind is an attempt to call.
pub(super) const fn attempts(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::CallAnswered
            | Kind::CallUnanswered
            | Kind::CallDeclined
            | Kind::CallFault
            | Kind::CallAbandoned
            | Kind::CallUnknown
    )
}

/// Tells whether a kind is said in public by its nature.
pub(super) const fn public(kind: Kind) -> bool {
    matches!(kind, Kind::StatementPublic | Kind::ProtestLodged)
}

/// Returns the kinds of which something is true.
pub(super) fn kinds(of: impl Fn(Kind) -> bool) -> Test {
    Test::Kind(Kind::ALL.iter().copied().filter(|kind| of(*kind)).collect())
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
