//! Which acts are answers to an offer, and which are remarks.

use std::sync::Arc;

use crate::desk::error::DeskError;
use crate::desk::silence::Cell;
use crate::desk::silence::act::Act;
use crate::desk::silence::acts::{Acts, Search};
use crate::domain::fact::{EntityKind, Kind, KindClass};
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::Entry;
use crate::domain::words::Directness;
use crate::projections::newest::Test;

/// Returns the test of what answers in words; that something was received is no answer.
pub(super) fn answer() -> Test {
    let received = Test::Kind(vec![Kind::OvertureAcknowledged]);
    Test::All(vec![Test::Class(KindClass::Answer), Test::Not(Box::new(received))])
}

impl Search<'_> {
    /// The answers that name what they answer; those that do not are remarks.
    pub(super) fn answered(&self, acts: &mut Acts) -> Result<(), DeskError> {
        let said = |linked: Test| Test::All(vec![self.ours(), answer(), linked]);
        let sorts = vec![
            (Cell::Answer, Test::All(Vec::new())),
            (Cell::DirectAnswer, self.channels.reaching(Directness::Direct)),
        ];
        let base = said(Test::PerhapsLinked);
        self.fill_wanted(acts, &base, sorts, |_, act| self.is_answer(act))?;
        let sorts = vec![(Cell::PublicRemark, Test::All(Vec::new()))];
        let loose = said(Test::PerhapsUnlinked);
        self.fill_wanted(acts, &loose, sorts, |_, act| Ok(act.bears_on_nothing()))
    }

    /// Tells whether an act answers an offer of the other side that was made by then, and has an effect on it; of an offer
    /// whose text was removed nobody knows what answers it.
    pub(super) fn is_answer(&self, act: &Act) -> Result<bool, DeskError> {
        let mut standings = self.standings.borrow_mut();
        for overture in self.answers_what(act)?.iter() {
            if standings.gathered(*overture)?.creation.is_none() {
                return Ok(true);
            }
            let standing = standings.of(*overture)?;
            let is_theirs = self.towards.is_none_or(|side| side.has(&standing.proposer));
            let mut effects = standing.effects.iter().filter(|(entry, _)| *entry == act.entry.id);
            if is_theirs && effects.any(|(_, effect)| effect.moves()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the overtures that an entry answers, by its links as they are now.
    pub(super) fn answers_what(&self, act: &Act) -> Result<Arc<Vec<EntityId>>, DeskError> {
        if let Some(known) = self.answered.borrow().get(&act.entry.id) {
            return Ok(Arc::clone(known));
        }
        let overtures = Arc::new(self.look_up_what_is_answered(&act.entry)?);
        self.answered.borrow_mut().insert(act.entry.id, Arc::clone(&overtures));
        Ok(overtures)
    }

    fn look_up_what_is_answered(&self, entry: &Entry) -> Result<Vec<EntityId>, DeskError> {
        let Some(event) = &entry.event else { return Ok(Vec::new()) };
        let linked = entry.links().iter().filter(|link| link.relation.enters_history());
        let mut named: Vec<EntityId> = event.envelope.about.clone();
        named.extend(linked.map(|link| EntityId::from(link.target)));
        let own = event.created(entry.id);
        named.retain(|id| Some(*id) != own);
        let mut overtures = Vec::new();
        for id in named {
            if self.known.view.kind_of(id)? == Some(EntityKind::Overture) {
                overtures.push(id);
                continue;
            }
            // An answer to an entry of a thread answers the overture of the thread.
            let Some(other) = self.known.entry(EventId::from_uuid(*id.as_uuid()))? else { continue };
            let Some(event) = &other.event else { continue };
            let links = other.links().iter().filter(|link| link.relation.enters_history());
            let links = links.map(|link| EntityId::from(link.target));
            for about in event.envelope.about.iter().copied().chain(links) {
                if self.known.view.kind_of(about)? == Some(EntityKind::Overture) {
                    overtures.push(about);
                }
            }
        }
        Ok(overtures)
    }
}
