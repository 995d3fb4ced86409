//! Which parties a name means: a party, its bodies, and whatever else they were found to be.

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::names::Party;
use crate::domain::id::EntityId;

impl Known {
    /// Returns the party that is meant; where a person of the register is named, who that is and how to ask.
    ///
    /// # Errors
    ///
    /// As [`Names::party`](crate::desk::names::Names::party).
    pub(crate) fn party(&self, typed: &str) -> Result<Party, DeskError> {
        self.names.party(typed).map_err(|error| self.or_person(typed, error))
    }

    /// Returns the ids of a party that was named and of every body within it.
    ///
    /// # Errors
    ///
    /// As [`Names::party`](crate::desk::names::Names::party); a state of which the log has nothing gives an empty list.
    pub(crate) fn party_and_bodies(&self, typed: &str) -> Result<Vec<EntityId>, DeskError> {
        let Party::Registered(id) = self.party(typed)? else { return Ok(Vec::new()) };
        Ok(self.bodies_of(id))
    }

    /// Returns a party and every body within it, whatever else they were found to be.
    pub(crate) fn bodies_of(&self, party: EntityId) -> Vec<EntityId> {
        if self.register.is_without_aliases() {
            return self.own_bodies(party);
        }
        let mut found: Vec<EntityId> = Vec::new();
        let mut add = |id: EntityId| {
            if !found.contains(&id) {
                found.push(id);
            }
        };
        for one in self.register.found_with(party) {
            for body in self.own_bodies(one) {
                self.register.one_with(body).into_iter().for_each(&mut add);
            }
        }
        found
    }

    /// Returns a party and every body within it, by their codes.
    fn own_bodies(&self, party: EntityId) -> Vec<EntityId> {
        let Some(code) = self.register.party_code(party) else { return vec![party] };
        let within = self.register.parties().filter(|(_, body)| body.entered.code.is_within(code));
        within.map(|(id, _)| id).collect()
    }

    /// Tells whether a party is another, or a body of it.
    pub(crate) fn is_within(&self, party: EntityId, other: EntityId) -> bool {
        let by_code = |party: EntityId, other: EntityId| {
            party == other
                || match (self.register.party_code(party), self.register.party_code(other)) {
                    (Some(code), Some(whole)) => code.is_within(whole),
                    _ => false,
                }
        };
        if by_code(party, other) || self.register.is_without_aliases() {
            return by_code(party, other);
        }
        let (ones, others) = (self.register.one_with(party), self.register.one_with(other));
        ones.iter().any(|one| others.iter().any(|other| by_code(*one, *other)))
    }
}
