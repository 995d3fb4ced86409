//! How an event that is taken in changes the rows.

use crate::domain::fact::{EntityKind, Kind};
use crate::domain::id::EntityId;
use crate::domain::link::Relation;
use crate::projections::offers::bearing::{Bearing, Role};
use crate::projections::offers::{NEVER, NOBODY, Offer, Offers, On, Pending};
use crate::projections::taken::{Asked, Said, Taken};
use crate::projections::term::{self, Field};

/// So much earlier, in microseconds, is an earlier day whatever the clocks do.
const SURELY_DAY_BEFORE: i64 = 26 * 3_600 * 1_000_000;

impl Offers {
    /// Notes that an event bears on these histories: what was found of overtures for which they were read holds before it
    /// only.
    pub(in crate::projections) fn touched(&mut self, position: u32, histories: &[EntityId]) {
        let verdicts = self.verdicts.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        verdicts.touched(position, histories);
    }

    /// Takes in an event; `is_unnamed` tells of an entry that it links to another whether no other event names
    /// that entry yet, `moves_registers` whether who is a body of whom may follow from it.
    pub(in crate::projections) fn take(&mut self, taken: &Taken, is_unnamed: bool, moves_registers: bool) {
        let position = taken.place.position;
        let own = EntityId::from(taken.place.id);
        if !self.dangling.is_empty() && self.dangling.contains(&term::entity(Field::Stream, own)) {
            self.pend(position, On::Position(position));
        }
        let verdicts = self.verdicts.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        verdicts.touched(position, &taken.streams);
        if moves_registers {
            verdicts.forget();
        }
        match &taken.said {
            Said::Event(face) if face.bearing.is_entry() => {
                if face.bearing.creates == Some(EntityKind::Overture) {
                    self.made(own, position, taken.is_first, &face.bearing);
                }
                self.bear(own, position, &face.bearing);
            }
            Said::Removed(Some(EntityKind::Overture), _) => {
                let at = taken.place.at;
                let row = Offer { removed: true, ..Offer::new(position, at, 0) };
                self.add(own, row);
            }
            Said::Unreadable => self.blind = true,
            Said::Event(_) | Said::Removed(..) | Said::Evidence => {}
        }
        if let Some(asked) = &taken.asked {
            self.correct(position, asked, is_unnamed);
        } else {
            let met_later = taken.dangling.map(|target| term::entity(Field::Stream, target.into()));
            self.dangling.extend(met_later);
        }
    }

    pub(super) fn pend(&mut self, at: u32, on: On) {
        self.pending.push(Pending { at, on });
    }

    fn made(&mut self, own: EntityId, position: u32, is_first: bool, bearing: &Bearing) {
        let mut row = Offer::new(position, bearing.effect.earliest, bearing.effect.day);
        row.to = self.number(&bearing.to);
        if !bearing.for_others {
            row.from = self.number(&bearing.from);
        }
        if bearing.restores {
            (row.doubt, row.doubt_at) = (position, row.made);
        }
        // What is drafted goes out with another entry; what was named before it was made has entries of which
        // nothing is known here.
        if bearing.kind == Kind::OvertureDrafted || !is_first {
            row.tangle(position);
        }
        self.add(own, row);
    }

    /// Changes the rows of the overtures on which an entry bears.
    fn bear(&mut self, own: EntityId, position: u32, bearing: &Bearing) {
        for (place, about) in bearing.about.iter().enumerate() {
            if bearing.about.iter().take(place).any(|known| known == about) || *about == own {
                continue;
            }
            if let Some(row) = self.place_of(*about) {
                let relations: Vec<Relation> = bearing
                    .links
                    .iter()
                    .filter(|(_, id)| id == about)
                    .map(|(relation, _)| *relation)
                    .collect();
                self.bear_on(row, position, bearing, &relations, true);
            }
        }
        for (place, (_, target)) in bearing.links.iter().enumerate() {
            let again = bearing.links.iter().take(place).any(|(_, known)| known == target);
            if again || bearing.about.contains(target) || *target == own {
                continue;
            }
            match self.place_of(*target) {
                Some(row) => {
                    let relations: Vec<Relation> = bearing
                        .links
                        .iter()
                        .filter(|(_, id)| id == target)
                        .map(|(relation, _)| *relation)
                        .collect();
                    self.bear_on(row, position, bearing, &relations, false);
                }
                // An entry of a thread, perhaps.
                None => self.pend(position, On::Entry(*target)),
            }
        }
    }

    /// Changes a row by an entry that is about it, or is linked to it.
    fn bear_on(&mut self, place: usize, position: u32, bearing: &Bearing, links: &[Relation], about: bool) {
        let Some(row) = self.rows.get(place) else { return };
        let speaks = |party: u16, parties: &[EntityId]| {
            let named = |id: &EntityId| self.numbers.get(&term::entity(Field::From, *id)) == Some(&party);
            party != NOBODY && parties.iter().any(named)
        };
        let by_addressee = speaks(row.to, &bearing.from);
        let by_proposer = speaks(row.from, &bearing.from) || (bearing.from.is_empty() && !bearing.for_others);
        let spoken = Spoken { by_addressee, by_proposer };
        self.change(place, |row| row.bear(position, bearing, links, about, spoken));
    }

    fn correct(&mut self, position: u32, asked: &Asked, is_unnamed: bool) {
        match asked {
            Asked::Amended { same: true, .. } | Asked::AmendedInVain { .. } | Asked::Redacted { .. } => {}
            Asked::Amended { target, face, same: false } => {
                self.pend(position, On::Position(*target));
                let bearing = &face.bearing;
                let named = bearing.about.iter().chain(bearing.links.iter().map(|(_, id)| id));
                for id in named {
                    self.pend(position, On::Entry(*id));
                }
            }
            Asked::Retracted { target } => self.pend(position, On::Position(*target)),
            Asked::Linked { source, link, .. } => match (self.place_of(link.target), &link.plain) {
                (Some(place), Some(bearing)) if is_unnamed => {
                    self.bear_on(place, position, bearing, &[link.relation], false);
                }
                _ => {
                    self.pend(position, On::Position(*source));
                    self.pend(position, On::Entry(link.target));
                }
            },
        }
    }
}

/// Who speaks, as far as rows know the parties.
#[derive(Clone, Copy)]
struct Spoken {
    by_addressee: bool,
    by_proposer: bool,
}

impl Offer {
    fn new(position: u32, made: i64, day: i32) -> Self {
        Self {
            made,
            doubt_at: i64::MAX,
            closed_at: i64::MAX,
            position,
            doubt: NEVER,
            closed: NEVER,
            tangled: NEVER,
            day,
            deflected: i32::MIN,
            rejected: i32::MAX,
            revived: i32::MIN,
            from: NOBODY,
            to: NOBODY,
            answered: false,
            removed: false,
        }
    }

    /// Takes in an entry that is about the overture, or is linked to it by these links.
    fn bear(&mut self, position: u32, bearing: &Bearing, links: &[Relation], about: bool, spoken: Spoken) {
        // Links that put entries in another order than their dates, and several at once, are left to the fold.
        let orders = |relation: &Relation| matches!(relation, Relation::Before | Relation::After);
        if links.len() > 1 || links.iter().any(orders) {
            return self.tangle(position);
        }
        let relation = links.first().copied().filter(|relation| relation.enters_history());
        let effect = bearing.effect;
        // A meeting leads to entries of its own, whatever the link.
        if bearing.kind.family() == "meeting" {
            return self.may_end(position, effect.earliest);
        }
        if !about && relation.is_none() {
            return;
        }
        // What certainly was before the offer answers nothing of it.
        if effect.latest < self.made {
            if effect.day < self.day {
                return;
            }
            if bearing.creates.is_some() {
                return self.may_end(position, effect.earliest);
            }
        }
        match bearing.role(relation) {
            Role::Harmless => {}
            Role::Tangles => self.tangle(position),
            Role::EndedByProposer if spoken.by_proposer => {
                self.ended(position, effect.earliest, effect.day);
            }
            Role::Perhaps | Role::EndedByProposer => self.may_end(position, effect.earliest),
            Role::Deflects => {
                self.deflected = self.deflected.max(effect.day);
                self.check_answers(position);
            }
            Role::Rescinds => {
                self.rejected = self.rejected.min(effect.day);
                self.check_answers(position);
            }
            Role::Rejects => {
                self.rejected = self.rejected.min(effect.day);
                self.check_answers(position);
                self.answered(position, effect.earliest, spoken);
            }
            Role::Answers => self.answered(position, effect.earliest, spoken),
            Role::Revives => {
                self.revived = self.revived.max(effect.day);
                let surely_before = effect.earliest.saturating_add(SURELY_DAY_BEFORE) < self.closed_at;
                if self.closed != NEVER && !self.answered && !surely_before {
                    self.tangle(position);
                }
            }
            Role::Ends => self.ended(position, effect.earliest, effect.day),
        }
    }

    fn may_end(&mut self, position: u32, earliest: i64) {
        self.doubt = self.doubt.min(position);
        self.doubt_at = self.doubt_at.min(earliest);
    }

    /// Tells whether an answer that is neither yes nor no may have come after a rejection, and have opened the
    /// offer again.
    fn may_reopen(&self) -> bool {
        self.deflected >= self.rejected
    }

    fn check_answers(&mut self, position: u32) {
        if self.closed != NEVER && self.answered && self.may_reopen() {
            self.tangle(position);
        }
    }

    fn answered(&mut self, position: u32, earliest: i64, spoken: Spoken) {
        self.may_end(position, earliest);
        if spoken.by_addressee && self.closed == NEVER && !self.may_reopen() {
            (self.closed, self.closed_at, self.answered) = (position, earliest.max(self.made), true);
        }
    }

    fn ended(&mut self, position: u32, earliest: i64, day: i32) {
        self.may_end(position, earliest);
        if self.closed == NEVER && self.revived < day && earliest >= self.made {
            (self.closed, self.closed_at, self.answered) = (position, earliest, false);
        }
    }
}
