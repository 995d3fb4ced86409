//! How restricted an entry is from when on it counts as less so: when somebody else confirmed what one proposed.

use std::collections::HashMap;

use crate::desk::access::sight::marks::Marks;
use crate::desk::access::sight::restriction::Restriction;
use crate::domain::event::{Event, SCHEMA};
use crate::domain::fact::Fact;
use crate::domain::fact::record::Amended;
use crate::domain::id::ActorId;

/// What is known of what waits for a second person, and of what came of it.
#[derive(Debug, Default)]
pub(super) struct Lowering {
    // By position, of what waits and is an amendment: whose it is, and what it says.
    held: HashMap<u32, (ActorId, Amended)>,
    // By the position of what was confirmed, where it waited, and the other way round.
    drafts: HashMap<usize, u32>,
    entries: HashMap<u32, usize>,
    // By the position of an entry: its amendments, and how restricted each is by what it says beside its reading.
    amendments: HashMap<usize, Vec<(usize, Restriction)>>,
    // By the position of what repeats the texts of an entry, where that entry stands.
    repeats: HashMap<u32, u32>,
    // By the position of what lowered an entry: how it was before.
    before: HashMap<usize, Before>,
}

/// How an entry was before it counted as less restricted.
#[derive(Debug, Clone)]
struct Before {
    entry: usize,
    own: Restriction,
    texts: HashMap<String, u8>,
}

impl Lowering {
    /// Takes in that something waits.
    pub(super) fn hold(&mut self, row: u32, actor: ActorId, event: &Event) {
        let Fact::EntryHeld(held) = &event.fact else { return };
        if let Ok(Event { fact: Fact::RecordAmended(amended), .. }) = Event::decode(SCHEMA, held.entry.get())
        {
            self.held.insert(row, (actor, amended));
        }
    }

    /// Takes in that an event gives a reading of the entry at a position, or waits to give one.
    pub(super) fn repeat(&mut self, position: usize, entry: usize, event: &Event) {
        if matches!(event.fact, Fact::RecordAmended(_) | Fact::EntryHeld(_))
            && let (Ok(row), Ok(entry)) = (u32::try_from(position), u32::try_from(entry))
        {
            self.repeats.insert(row, entry);
        }
    }

    /// Takes in what was confirmed, and where it waited.
    pub(super) fn confirm(&mut self, position: usize, draft: u32) {
        self.drafts.insert(position, draft);
        self.entries.insert(draft, position);
    }

    /// Takes in an amendment of an entry.
    pub(super) fn amend(&mut self, entry: usize, position: usize, own: Restriction) {
        self.amendments.entry(entry).or_default().push((position, own));
    }

    /// Returns where what was confirmed waited.
    pub(super) fn draft_of(&self, position: usize) -> Option<usize> {
        self.drafts.get(&position).and_then(|draft| usize::try_from(*draft).ok())
    }

    /// Returns the entry that the draft at a position became, where it was confirmed.
    pub(super) fn confirmed(&self, draft: u32) -> Option<usize> {
        self.entries.get(&draft).copied()
    }

    /// Tells whether an amendment is what another proposed, word for word.
    fn is_of_two(&self, position: usize, actor: ActorId, amended: &Amended) -> bool {
        let draft = self.drafts.get(&position).and_then(|draft| self.held.get(draft));
        draft.is_some_and(|(by, proposed)| *by != actor && proposed == amended)
    }
}

impl Marks {
    /// Returns how restricted the most restricted text is of the entry at a position, or of that of which the event
    /// there gives a reading, or waits to.
    pub(in crate::desk::access::sight) fn texts_level(&self, position: u32) -> u8 {
        let repeated = self.lowering.repeats.get(&position).copied();
        let of = [Some(position), Some(self.entry_of(position)), repeated];
        of.into_iter().flatten().map(|entry| self.texts.highest(entry)).max().unwrap_or(0)
    }

    /// Lets an entry count as its new reading is marked, in every reading that it had before, where two wanted it so.
    pub(super) fn lower(
        &mut self,
        position: usize,
        entry: usize,
        actor: ActorId,
        (amended, reading): (&Amended, &Event),
    ) -> bool {
        if !self.lowering.is_of_two(position, actor, amended) {
            return false;
        }
        let to = self.rules.of_event(&mut self.sets, reading);
        let Some(own) = self.own.get(entry).copied() else { return false };
        let row = u32::try_from(entry).unwrap_or(u32::MAX);
        let texts = self.texts.replace(row, reading, &self.rules);
        if self.texts.knows(row) {
            self.stripped.insert(row);
        }
        self.lowering.before.insert(position, Before { entry, own, texts });
        let amendments = self.lowering.amendments.get(&entry).cloned().unwrap_or_default();
        let earlier = amendments.into_iter().filter(|(amendment, _)| *amendment != position);
        let mut again: Vec<(usize, Restriction)> = earlier.collect();
        again.push((entry, Restriction::NONE));
        // What waited to be the entry says what it says.
        again.extend(self.lowering.draft_of(entry).map(|draft| (draft, Restriction::NONE)));
        for (one, alone) in again {
            let joined = self.sets.join(alone, to);
            if let Some(own) = self.own.get_mut(one) {
                *own = joined;
                self.unsettled = self.unsettled.min(one);
            }
        }
        if let Some(own) = self.own.get_mut(position) {
            *own = self.sets.join(*own, to);
        }
        true
    }

    /// Lets an entry be as restricted as it was before something lowered it that is struck.
    pub(super) fn raise_again(&mut self, lowered_by: usize) {
        let Some(before) = self.lowering.before.get(&lowered_by).cloned() else { return };
        self.restrict(before.entry, before.own);
        let row = u32::try_from(before.entry).unwrap_or(u32::MAX);
        self.texts.restore(row, before.texts);
    }

    /// Makes an entry, and what waited to be it, at least so restricted.
    pub(super) fn restrict(&mut self, entry: usize, by: Restriction) {
        for one in [Some(entry), self.lowering.draft_of(entry)].into_iter().flatten() {
            if let Some(own) = self.own.get_mut(one) {
                *own = self.sets.join(*own, by);
                self.unsettled = self.unsettled.min(one);
            }
        }
    }
}
