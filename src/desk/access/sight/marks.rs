//! How restricted every event of a log is: by its own marking, by the readings that it was given later, and by what
//! it names.
//!
//! Seventeen bytes an event, whoever asks. What an event names is remembered, so that marking one entry up is one
//! pass over memory, and the log is read once; other rules read it again.

mod asked;
mod brought;
mod carrying;
mod leaving;
mod lowering;

use std::collections::HashMap;

use roaring::RoaringBitmap;

use crate::desk::access::sight::ids::{may_be_stripped, named, reading_of};
use crate::desk::access::sight::marks::brought::{Parties, brought};
use crate::desk::access::sight::marks::carrying::{Corrections, Earlier};
use crate::desk::access::sight::marks::lowering::Lowering;
use crate::desk::access::sight::restriction::{Clearance, Restriction, Sets};
use crate::desk::access::sight::rules::Rules;
use crate::desk::access::sight::texts::TextLevels;
use crate::desk::error::DeskError;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::{ActorId, EventId};
use crate::domain::reading::{concerned, within};
use crate::domain::text::Text;
use crate::store::{Body, Class, EventStore, Recorded};

/// So many places of ids are remembered, most of them those of parties and channels.
const PLACES_MAX: usize = 65_536;

/// How restricted every event is.
pub(super) struct Marks {
    rules: Rules,
    sets: Sets,
    // By position: what the event and its readings say.
    own: Vec<Restriction>,
    // By position: that, and whatever it names.
    joined: Vec<Restriction>,
    // By position: at which level it leaves the house as a whole.
    whole: Vec<u8>,
    // By position: where what it names ends in `names`.
    ends: Vec<usize>,
    names: Vec<u32>,
    // Some event names a later one of its own append.
    looks_ahead: bool,
    // The first events of their appends.
    begins: RoaringBitmap,
    // What came into a register because an entry named it.
    brought: RoaringBitmap,
    // What may have to be stripped before somebody sees it.
    stripped: RoaringBitmap,
    // Earlier events whose restriction changed, in the order in which it did.
    changed: Vec<u32>,
    // The first event whose restriction is to be told anew; it stays where a look at the log fails.
    unsettled: usize,
    places: HashMap<EventId, Option<u32>>,
    texts: TextLevels,
    lowering: Lowering,
    corrections: Corrections,
    parties: Parties,
}

/// What an event that is taken in bears on.
struct Bearing {
    row: u32,
    // Where what it names stands.
    names: Vec<u32>,
    // It came into a register because an entry named it.
    was_brought: bool,
    // Where the entry stands that it corrects, or would once somebody else confirmed it.
    corrects: Option<usize>,
    // Where what it is waited for a second person.
    confirms: Option<u32>,
    actor: ActorId,
}

impl Marks {
    /// Returns those of no event.
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            sets: Sets::default(),
            own: Vec::new(),
            joined: Vec::new(),
            whole: Vec::new(),
            ends: Vec::new(),
            names: Vec::new(),
            looks_ahead: false,
            begins: RoaringBitmap::new(),
            brought: RoaringBitmap::new(),
            stripped: RoaringBitmap::new(),
            changed: Vec::new(),
            unsettled: 0,
            places: HashMap::new(),
            texts: TextLevels::default(),
            lowering: Lowering::default(),
            corrections: Corrections::default(),
            parties: Parties::default(),
        }
    }

    /// Returns of how many events they are told.
    pub(super) fn size(&self) -> u32 {
        u32::try_from(self.joined.len()).unwrap_or(u32::MAX)
    }

    /// Takes in what was recorded since.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] where an event cannot be read: then it is not known who may see what.
    pub(super) fn catch_up(&mut self, store: &dyn EventStore) -> Result<(), DeskError> {
        let (taken, head) = (self.own.len() as u64, store.head().size);
        if taken >= head && self.joined.len() == self.own.len() {
            return Ok(());
        }
        let mut append: Vec<Recorded> = Vec::new();
        for recorded in store.read(taken, head) {
            let recorded = recorded.map_err(|error| DeskError::Damaged(error.to_string()))?;
            if append.first().is_some_and(|first| first.request != recorded.request) {
                self.take(store, &append)?;
                append.clear();
            }
            append.push(recorded);
        }
        self.take(store, &append)?;
        if self.own.len() as u64 != head {
            return Err(DeskError::Damaged("the log ends before its end".to_owned()));
        }
        self.settle();
        Ok(())
    }

    /// Takes in an append: the whole of it, or, where the log cannot be read, nothing.
    fn take(&mut self, store: &dyn EventStore, append: &[Recorded]) -> Result<(), DeskError> {
        let events: Vec<Option<Event>> = append.iter().map(event_of).collect();
        self.parties.take(self.own.len(), &events);
        let brought = brought(append, &events);
        let earlier = self.earlier(store, append, &events)?;
        let mut bearings = Vec::with_capacity(append.len());
        for (index, ((recorded, event), was_brought)) in append.iter().zip(&events).zip(brought).enumerate() {
            let position = self.own.len() + index;
            bearings.push(self.bearing(store, position, recorded, event.as_ref(), was_brought)?);
        }
        for (index, (event, bearing)) in events.iter().zip(bearings).enumerate() {
            let (position, row) = (self.own.len(), bearing.row);
            if index == 0 {
                self.begins.insert(row);
            }
            let restriction = event
                .as_ref()
                .map_or(Restriction::NOBODY, |event| self.rules.of_event(&mut self.sets, event));
            let restriction = event.as_ref().map_or(restriction, |event| self.with_held(restriction, event));
            self.own.push(restriction);
            self.whole.push(event.as_ref().map_or(u8::MAX, |event| self.rules.whole(event)));
            self.unsettled = self.unsettled.min(position);
            if bearing.was_brought {
                self.brought.insert(row);
            }
            if let Some(draft) = bearing.confirms {
                self.lowering.confirm(position, draft);
            }
            if let Some(event) = event {
                self.lowering.hold(row, bearing.actor, event);
                self.texts.take(row, event, &self.rules);
                if may_be_stripped(event) {
                    self.stripped.insert(row);
                }
            }
            self.looks_ahead |= bearing.names.iter().any(|place| *place > row);
            self.names.extend(bearing.names);
            self.ends.push(self.names.len());
            if let (Some(event), Some(target)) = (event, bearing.corrects) {
                self.correct(position, target, (bearing.actor, event), &earlier);
            }
        }
        Ok(())
    }

    /// Returns where an event stands that would be taken in at a position, and where what it names does.
    fn bearing(
        &mut self,
        store: &dyn EventStore,
        position: usize,
        recorded: &Recorded,
        event: Option<&Event>,
        was_brought: bool,
    ) -> Result<Bearing, DeskError> {
        let row = u32::try_from(position)
            .map_err(|_| DeskError::Unavailable("the log is longer than can be told".to_owned()))?;
        let actor = recorded.actor;
        let mut bearing =
            Bearing { row, names: Vec::new(), was_brought, corrects: None, confirms: None, actor };
        let (Some(event), Body::Plain(body)) = (event, &recorded.body) else { return Ok(bearing) };
        if let Some(draft) = event.envelope.confirms {
            bearing.confirms = self.place(store, draft)?;
        }
        // Who entered what was brought along is who brings it along first, of those who are seen.
        let actor = (!bearing.was_brought).then(|| EventId::from_uuid(*recorded.actor.as_uuid()));
        for id in named(event, body).into_iter().chain(actor) {
            bearing.names.extend(self.place(store, id)?.filter(|place| *place != row));
        }
        bearing.names.extend(self.parties.whole_of(event));
        if let Some(target) = concerned(event) {
            bearing.corrects = self.place(store, target)?.and_then(|place| usize::try_from(place).ok());
        }
        Ok(bearing)
    }

    /// Returns how restricted an event is together with what it holds for a second person.
    fn with_held(&mut self, mut restriction: Restriction, event: &Event) -> Restriction {
        if !matches!(event.fact, Fact::EntryHeld(_)) {
            return restriction;
        }
        let Some(held) = within(event) else { return Restriction::NOBODY };
        for event in held {
            let of = self.rules.of_event(&mut self.sets, &event);
            restriction = self.sets.join(restriction, of);
        }
        restriction
    }

    /// Lets an event bear on how restricted what it corrects is.
    fn correct(
        &mut self,
        position: usize,
        target: usize,
        (actor, event): (ActorId, &Event),
        earlier: &Earlier<'_>,
    ) {
        self.lowering.repeat(position, target, event);
        let (by, outside) = self.carried(target, event, earlier);
        if let Some(own) = self.own.get_mut(position) {
            *own = self.sets.join(*own, by);
        }
        self.take_correction(position, target, event, outside);
        #[expect(clippy::wildcard_enum_match_arm, reason = "no other correction gives a reading")]
        let by = match &event.fact {
            Fact::RecordRedacted(_) => Restriction::NOBODY,
            Fact::RecordAmended(amended) => {
                let alone = self.own.get(position).copied().unwrap_or(Restriction::NOBODY);
                self.lowering.amend(target, position, alone);
                match reading_of(amended.reading.get()) {
                    Some(reading) if self.lower(position, target, actor, (amended, &reading)) => return,
                    Some(reading) => {
                        self.mark_texts(target, &reading);
                        self.rules.of_event(&mut self.sets, &reading)
                    }
                    None => Restriction::NOBODY,
                }
            }
            Fact::RecordRetracted(_) => return self.raise_again(target),
            _ => return,
        };
        if let Some(own) = self.own.get_mut(position) {
            *own = self.sets.join(*own, by);
        }
        self.restrict(target, by);
    }

    /// Lets a later reading bear on how restricted the texts of an entry are.
    fn mark_texts(&mut self, target: usize, reading: &Event) {
        let Ok(row) = u32::try_from(target) else { return };
        self.texts.take(row, reading, &self.rules);
        if self.texts.knows(row) {
            self.stripped.insert(row);
        }
    }

    /// Tells anew how restricted events are, from the first on of which it is to be told.
    fn settle(&mut self) {
        let told = self.joined.len();
        let first = std::mem::replace(&mut self.unsettled, self.own.len()).min(told);
        // Until it is told of one, nobody sees it.
        self.joined.resize(self.own.len(), Restriction::NOBODY);
        let mut is_first_look = true;
        loop {
            let mut moved = false;
            for position in first..self.own.len() {
                let Some(mut restriction) = self.own.get(position).copied() else { continue };
                for name in names_of(&self.ends, &self.names, position) {
                    let name = usize::try_from(*name).unwrap_or(usize::MAX);
                    // What is not told yet is what is named ahead: it is looked at once more.
                    if is_first_look && name > position && name >= told {
                        continue;
                    }
                    let of = self.joined.get(name).copied().unwrap_or(Restriction::NOBODY);
                    restriction = self.sets.join(restriction, of);
                }
                let Some(joined) = self.joined.get_mut(position) else { continue };
                if *joined != restriction {
                    *joined = restriction;
                    moved = true;
                    if position < told {
                        self.changed.push(u32::try_from(position).unwrap_or(u32::MAX));
                    }
                }
            }
            is_first_look = false;
            // Each look goes one name further; what names nothing ahead is told at the first.
            if !(moved && self.looks_ahead) {
                return;
            }
        }
    }

    fn place(&mut self, store: &dyn EventStore, id: EventId) -> Result<Option<u32>, DeskError> {
        if let Some(place) = self.places.get(&id) {
            return Ok(*place);
        }
        let place = store.position_of(id)?.and_then(|position| u32::try_from(position).ok());
        // What is not there yet may come.
        if place.is_some() {
            if self.places.len() >= PLACES_MAX {
                self.places.clear();
            }
            self.places.insert(id, place);
        }
        Ok(place)
    }

    /// Tells whether someone sees an event, whatever brought it along.
    pub(super) fn lets_see(&self, clearance: &Clearance, position: u32) -> bool {
        let joined = usize::try_from(position).ok().and_then(|position| self.joined.get(position));
        joined.is_some_and(|joined| self.sets.lets_see(clearance, *joined))
    }

    /// Returns the positions that an event names.
    pub(super) fn names(&self, position: u32) -> &[u32] {
        usize::try_from(position).map_or(&[], |position| names_of(&self.ends, &self.names, position))
    }

    /// Tells whether an event came into a register because an entry named it.
    pub(super) fn was_brought(&self, position: u32) -> bool {
        self.brought.contains(position)
    }

    /// Returns whose texts are those of what waits at a position: of the entry that it became, where it was confirmed.
    pub(super) fn entry_of(&self, draft: u32) -> u32 {
        self.lowering.confirmed(draft).and_then(|entry| u32::try_from(entry).ok()).unwrap_or(draft)
    }

    /// Tells whether someone reads a text of the entry at a position, where they see the entry.
    pub(super) fn lets_read(&self, clearance: &Clearance, entry: u32, text: &Text) -> bool {
        self.texts.level(entry, text, &self.rules) <= clearance.level
    }

    /// Tells whether an event may have to be stripped.
    pub(super) fn may_be_stripped(&self, position: u32) -> bool {
        self.stripped.contains(position)
    }

    /// Returns the end of the append that begins at a position.
    pub(super) fn append_end(&self, begins: u32) -> u32 {
        let rank = self.begins.rank(begins);
        let next = u32::try_from(rank).ok().and_then(|rank| self.begins.select(rank));
        next.unwrap_or_else(|| self.size())
    }

    /// Returns the earlier events whose restriction changed, from the `after`th change on.
    pub(super) fn changed(&self, after: usize) -> &[u32] {
        self.changed.get(after..).unwrap_or_default()
    }

    /// Returns how often the restriction of an earlier event changed.
    pub(super) fn changes(&self) -> usize {
        self.changed.len()
    }
}

fn names_of<'a>(ends: &[usize], names: &'a [u32], position: usize) -> &'a [u32] {
    let begins = position.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    // What is being taken in has no end yet.
    ends.get(position).and_then(|end| names.get(begins..*end)).unwrap_or_default()
}

/// Returns what a fact says; none where that cannot be read, or is for auditors.
fn event_of(recorded: &Recorded) -> Option<Event> {
    match (&recorded.body, recorded.class) {
        // The record of a removal says what is no longer to be seen.
        (Body::Plain(body), Class::Fact | Class::RecordRedacted) => Event::decode(recorded.schema, body).ok(),
        (Body::Plain(_) | Body::Redacted | Body::Missing, _) => None,
    }
}
