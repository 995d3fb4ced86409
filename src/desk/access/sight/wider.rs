//! Whether other rules would let somebody see what they do not see now.

use std::collections::BTreeSet;

use crate::desk::access::sight::rules::{Rules, is_evidence, level};
use crate::domain::event::Event;
use crate::domain::marking::Marking;
use crate::domain::reading::within;

/// The rules in force, and others that would be in their place.
pub(in crate::desk) struct OtherRules<'r> {
    before: &'r Rules,
    after: &'r Rules,
    // For what somebody may be cleared.
    cleared: Vec<&'r Marking>,
}

/// Something that somebody would see: who, by their clearance, and what, by how it counts now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desk) struct Wider {
    cleared: String,
    counts: String,
}

impl Wider {
    /// Returns it in words.
    pub(in crate::desk) fn words(&self) -> String {
        format!("whoever is cleared for {} would see what counts as {} now", self.cleared, self.counts)
    }
}

impl<'r> OtherRules<'r> {
    /// Returns rules beside others. Somebody may be cleared for any level of the scheme in force, and for those that
    /// accounts hold, `held`, also where the scheme in force has them no more.
    pub(in crate::desk) fn of(
        before: &'r Rules,
        after: &'r Rules,
        held: impl IntoIterator<Item = &'r Marking>,
    ) -> Self {
        let levels = before.scheme().levels.iter();
        let mut cleared: Vec<&Marking> = Vec::new();
        for marking in levels.chain(held) {
            if !cleared.contains(&marking) {
                cleared.push(marking);
            }
        }
        Self { before, after, cleared }
    }

    /// Returns what somebody might see whom the rules in force keep from it, whatever is recorded.
    pub(in crate::desk) fn may_let_see(&self) -> Option<Wider> {
        if self.before == self.after {
            return None;
        }
        self.everything().or_else(|| self.marked()).or_else(|| self.unmarked())
    }

    /// Returns what of an event somebody would see, also of what stands within it, whom the rules in force keep from
    /// it.
    pub(in crate::desk) fn lets_see(&self, event: &Event) -> Option<Wider> {
        // What is told of accounts and keys is for whoever sees everything.
        if is_evidence(event.kind()) {
            return None;
        }
        let own = self.wider(self.before.level(event), self.after.level(event));
        let texts = || {
            let marked = event.envelope.texts.iter().filter_map(|text| text.marking.as_ref());
            marked.into_iter().find_map(|marking| self.of_marking(marking))
        };
        let inner = || within(event)?.iter().find_map(|event| self.lets_see(event));
        own.or_else(texts).or_else(inner)
    }

    /// Tells whether rules make whoever is cleared for one level see everything whom the others do not.
    pub(in crate::desk) fn everything(&self) -> Option<Wider> {
        let scheme = |rules: &'r Rules| rules.scheme();
        let comes = |marking: &Marking| {
            scheme(self.after).is_highest(marking) && !scheme(self.before).is_highest(marking)
        };
        let first = self.cleared.iter().find(|marking| comes(marking))?;
        Some(Wider { cleared: first.0.clone(), counts: self.before.name(self.before.highest()) })
    }

    fn marked(&self) -> Option<Wider> {
        let levels = self.before.scheme().levels.iter().chain(&self.after.scheme().levels);
        // What is marked in words of neither is as restricted as can be.
        let of_neither = || self.wider(self.before.highest(), self.after.highest());
        levels.into_iter().find_map(|marking| self.of_marking(marking)).or_else(of_neither)
    }

    /// What nobody marked, on no channel that asks for a marking, on one, and on two: on more, what is asked for most
    /// is asked for by two of them already.
    fn unmarked(&self) -> Option<Wider> {
        let (before, after) = (self.before.floors(), self.after.floors());
        let channels: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let mut asked: Vec<[Option<&Marking>; 2]> = vec![[None, None]];
        for floors in channels.into_iter().map(|channel| [before.get(channel), after.get(channel)]) {
            if !asked.contains(&floors) {
                asked.push(floors);
            }
        }
        asked.iter().enumerate().find_map(|(place, [one, then])| {
            asked.iter().skip(place).find_map(|[other, other_then]| {
                let now = self.before.unmarked_on(one.iter().chain(other).copied());
                self.wider(now, self.after.unmarked_on(then.iter().chain(other_then).copied()))
            })
        })
    }

    fn of_marking(&self, marking: &Marking) -> Option<Wider> {
        self.wider(self.before.rank(marking), self.after.rank(marking))
    }

    /// Returns who sees what is at one level after, and did not at the other before.
    fn wider(&self, before: u8, after: u8) -> Option<Wider> {
        let comes =
            |marking: &Marking| !sees(self.before, marking, before) && sees(self.after, marking, after);
        let first = self.cleared.iter().find(|marking| comes(marking))?;
        Some(Wider { cleared: first.0.clone(), counts: self.before.name(before) })
    }
}

/// Tells whether rules let whoever is cleared for `clearance` see what is at a level.
fn sees(rules: &Rules, clearance: &Marking, at: u8) -> bool {
    let scheme = rules.scheme();
    scheme.is_highest(clearance) || scheme.rank(clearance).is_some_and(|rank| level(rank) >= at)
}
