//! Whose word makes a checkpoint valid (C2SP tlog-policy): logs, witnesses, groups of them and the quorum.

mod parse;

use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::VerifierKey;
use crate::tlog::note::Note;

pub use parse::{PolicyError, PolicyFault};

/// Which logs are known, and which witnesses must have cosigned a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    // Invariant: a group refers to witnesses, and to groups before it.
    groups: Vec<Group>,
    quorum: Quorum,
}

/// A log whose checkpoints are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its key, named as its origin.
    pub key: VerifierKey,
    /// Where it is published.
    pub url: Option<String>,
}

/// A witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// What the policy calls it: bytes, mostly UTF-8.
    pub name: Vec<u8>,
    /// The key of its cosignatures.
    pub key: VerifierKey,
    /// Where it takes checkpoints: the prefix before `/add-checkpoint`.
    pub url: Option<String>,
}

/// Several witnesses or groups, of which some must have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What the policy calls it: bytes, mostly UTF-8.
    pub name: Vec<u8>,
    /// How many of its members must have cosigned.
    pub threshold: usize,
    /// Its members.
    pub members: Vec<Member>,
}

/// A witness or a group, by its place in the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// A witness.
    Witness(usize),
    /// A group.
    Group(usize),
}

/// Who must have cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quorum {
    /// Nobody.
    None,
    /// This witness, or enough of this group.
    Of(Member),
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    ///
    /// Returns the first line that is wrong, and why.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        parse::parse(bytes)
    }

    /// Returns the known logs.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// Returns the known witnesses.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Returns the groups; one refers only to those before it.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Returns who must have cosigned.
    pub const fn quorum(&self) -> Quorum {
        self.quorum
    }

    /// Tells whether enough witnesses cosigned the note.
    ///
    /// A line that says it is by a known witness but is not makes the note one to be refused: then the
    /// quorum is not met, whoever else cosigned.
    pub fn is_met(&self, note: &Note) -> bool {
        let cosigned: Result<Vec<bool>, _> = self
            .witnesses
            .iter()
            .map(|witness| note.verify(&witness.key).map(|verified| verified.is_some()))
            .collect();
        cosigned.is_ok_and(|cosigned| self.is_met_by(&cosigned))
    }

    /// Tells whether the quorum is met when these witnesses cosigned, in the order of [`Self::witnesses`].
    pub fn is_met_by(&self, cosigned: &[bool]) -> bool {
        let mut met: Vec<bool> = Vec::with_capacity(self.groups.len());
        let has = |member: &Member, met: &[bool]| match member {
            Member::Witness(place) => cosigned.get(*place).copied().unwrap_or(false),
            Member::Group(place) => met.get(*place).copied().unwrap_or(false),
        };
        for group in &self.groups {
            let count = group.members.iter().filter(|member| has(member, &met)).count();
            met.push(count >= group.threshold);
        }
        match self.quorum {
            Quorum::None => true,
            Quorum::Of(member) => has(&member, &met),
        }
    }

    /// Returns a witness that is one of these keys of a log, or of the known logs, or bears the name of one: a
    /// log that cosigns itself is no witness.
    pub fn witness_of_itself(&self, keys: &[VerifierKey]) -> Option<&Witness> {
        let logs = || keys.iter().chain(self.logs.iter().map(|log| &log.key));
        let is_own = |witness: &&Witness| {
            logs().any(|key| key.public() == witness.key.public() || key.name() == witness.key.name())
        };
        self.witnesses.iter().find(is_own)
    }

    /// Tells whether the note is a checkpoint that one of the known logs signed for its own origin.
    pub fn is_signed_by_log(&self, note: &Note) -> bool {
        let Ok(checkpoint) = Checkpoint::parse(note.text()) else { return false };
        let own: Result<Vec<bool>, _> = self
            .logs
            .iter()
            .filter(|log| *log.key.name() == checkpoint.origin)
            .map(|log| note.verify(&log.key).map(|verified| verified.is_some()))
            .collect();
        own.is_ok_and(|own| own.contains(&true))
    }
}

#[cfg(test)]
mod tests;
