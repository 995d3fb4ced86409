//! Counts rows by what they are counted by, segment by segment.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::EntityId;
use crate::projections::bits::Bits;
use crate::projections::facets::{Aspect, Facet, Tally, Value};
use crate::projections::index::Index;
use crate::projections::lazy::Damage;
use crate::projections::profile::{self, OF_RECORD};
use crate::projections::search::content::about;
use crate::projections::search::{Relinked, RowsOf};
use crate::projections::segment::TermMap;
use crate::projections::table::{Segment, join, split};
use crate::projections::term::{self, Field, Term};

/// The parts in which a reading has what it is counted by: all before that of the record.
const OF_READING: std::ops::Range<usize> = 0..OF_RECORD;

/// What is being counted.
pub(super) struct Tallying<'a> {
    index: &'a Index,
    facets: &'a [Facet],
    relinked: &'a BTreeMap<EntityId, Relinked>,
    // For what each term counts.
    numbers: TermMap<Counting>,
    // How many numbers there are, with that of removed texts.
    count: usize,
    // Where the numbers of each facet begin.
    starts: Vec<usize>,
    // The newest channel that is counted by came into being here; none where one is no channel.
    newest_channel: Option<u32>,
    // The entries whose links to a channel were changed.
    changed: BTreeSet<u32>,
}

/// For what a term counts.
#[derive(Debug, Default)]
struct Counting {
    // Of which facet, and which of all numbers.
    numbers: Vec<(usize, usize)>,
    // The facets, a bit for each.
    facets: u64,
    // Other terms count for one of its numbers as well.
    shares: bool,
}

/// What was counted so far.
pub(super) struct Counts {
    // How often each number was counted, facet after facet; the last is for removed texts.
    counts: Vec<u64>,
    // How many entries counted for any number of each facet; the last is for removed texts.
    counted: Vec<u64>,
}

impl Counts {
    /// Adds what was counted elsewhere.
    pub(super) fn add(&mut self, other: Self) {
        for (here, more) in [(&mut self.counts, other.counts), (&mut self.counted, other.counted)] {
            here.iter_mut().zip(more).for_each(|(here, more)| *here += more);
        }
    }
}

impl<'a> Tallying<'a> {
    /// Begins to count.
    ///
    /// `relinked` tells, of the entries whose links to a channel were changed, which are about it.
    pub(super) fn of(
        index: &'a Index,
        facets: &'a [Facet],
        relinked: &'a BTreeMap<EntityId, Relinked>,
    ) -> Self {
        let mut numbers: TermMap<Counting> = TermMap::default();
        debug_assert!(facets.len() < 64, "a facet is a bit");
        let mut shared = BTreeSet::new();
        let mut starts = Vec::with_capacity(facets.len());
        let mut next = 0;
        let mut newest_channel = Some(0);
        for (number, facet) in facets.iter().enumerate() {
            starts.push(next);
            for slot in &facet.slots {
                let mut terms_of_slot = 0;
                for value in slot {
                    for term in terms(facet.aspect, value) {
                        let of_term = numbers.entry(term).or_default();
                        if of_term.numbers.last() != Some(&(number, next)) {
                            of_term.numbers.push((number, next));
                            of_term.facets |= bit(number);
                            terms_of_slot += 1;
                        }
                    }
                    if let (Aspect::Channel, Value::Entity(id)) = (facet.aspect, value) {
                        let position = index.channels.position(*id);
                        newest_channel =
                            newest_channel.and_then(|newest| position.map(|position| newest.max(position)));
                    }
                }
                shared.extend((terms_of_slot > 1).then_some(next));
                next += 1;
            }
        }
        let redacted = vec![(facets.len(), next)];
        let redacted = Counting { numbers: redacted, facets: bit(facets.len()), shares: false };
        numbers.insert(term::mark(Field::Redacted), redacted);
        for of_term in numbers.values_mut() {
            of_term.shares = of_term.numbers.iter().any(|(_, number)| shared.contains(number));
        }
        Self {
            index,
            facets,
            relinked,
            numbers,
            count: next + 1,
            starts,
            newest_channel,
            changed: relinked.values().flat_map(BTreeMap::keys).copied().collect(),
        }
    }

    /// Returns that nothing was counted.
    pub(super) fn nothing(&self) -> Counts {
        Counts { counts: vec![0; self.count], counted: vec![0; self.facets.len() + 1] }
    }

    /// Counts entries that read as when they were recorded, but for what is known of the record itself.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds them is damaged.
    pub(super) fn entries(
        &self,
        counts: &mut Counts,
        (number, segment, bits): &RowsOf<'_>,
    ) -> Result<(), Damage> {
        let (number, segment) = (*number, *segment);
        let changed = self.changed.range(join(number, 0)..=join(number, u16::MAX)).next().is_some();
        let rows_of = |relinked: &Relinked| {
            let rows = relinked.range(join(number, 0)..=join(number, u16::MAX));
            rows.map(|(entry, about)| (split(*entry).1, *about)).collect()
        };
        self.rows(counts, (segment, bits), join(number, 0), changed, rows_of)
    }

    /// Counts later readings of entries.
    ///
    /// # Errors
    ///
    /// As [`Tallying::entries`].
    pub(super) fn readings(
        &self,
        counts: &mut Counts,
        (number, segment, bits): &RowsOf<'_>,
    ) -> Result<(), Damage> {
        let (number, segment) = (*number, *segment);
        let index = self.index;
        let reading_of = |row: u16| index.reading_of.get(join(number, row) as usize).copied();
        let begins = reading_of(0).map_or(0, |(_, position)| position);
        let mut entries: Vec<(u16, u32)> = Vec::new();
        if !self.changed.is_empty() {
            let all = bits.iter().filter_map(|row| Some((row, reading_of(row)?.0)));
            entries.extend(all.filter(|(_, entry)| self.changed.contains(entry)));
        }
        let rows_of = |relinked: &Relinked| {
            let about = |(row, entry): &(u16, u32)| Some((*row, *relinked.get(entry)?));
            entries.iter().filter_map(about).collect()
        };
        self.rows(counts, (segment, bits), begins, !entries.is_empty(), rows_of)
    }

    fn rows(
        &self,
        counts: &mut Counts,
        (segment, bits): (Segment<'_>, &Bits),
        begins: u32,
        changed: bool,
        rows_of: impl Fn(&Relinked) -> Vec<(u16, bool)>,
    ) -> Result<(), Damage> {
        // A row that names a channel before that came into being is not counted by it yet, and one whose
        // links were changed is counted by what they were.
        let exact = !changed && self.newest_channel.is_some_and(|newest| newest < begins);
        for part in OF_READING {
            self.part_but(counts, (segment, bits), part, if exact { None } else { Some(Aspect::Channel) })?;
        }
        if exact {
            return Ok(());
        }
        let facets = self.facets;
        for (number, facet) in facets.iter().enumerate().filter(|(_, facet)| facet.aspect == Aspect::Channel)
        {
            let mut any = Bits::none();
            for (place, slot) in facet.slots.iter().enumerate() {
                let mut rows = Bits::none();
                for value in slot {
                    let Value::Entity(id) = value else { continue };
                    let links = self.relinked.get(id).map(&rows_of).unwrap_or_default();
                    rows.add(&about(segment, &[*id], &links, &[Field::Via])?);
                }
                rows.keep(bits);
                any.add(&rows);
                let start = self.starts.get(number).copied().unwrap_or_default();
                add(&mut counts.counts, start + place, rows.count() as u64);
            }
            add(&mut counts.counted, number, any.count() as u64);
        }
        Ok(())
    }

    /// Counts rows by one part of what they are counted by.
    ///
    /// # Errors
    ///
    /// As [`Tallying::entries`].
    pub(super) fn part(
        &self,
        counts: &mut Counts,
        (segment, bits): (Segment<'_>, &Bits),
        part: usize,
    ) -> Result<(), Damage> {
        self.part_but(counts, (segment, bits), part, None)
    }

    fn part_but(
        &self,
        counts: &mut Counts,
        (segment, bits): (Segment<'_>, &Bits),
        part: usize,
        but: Option<Aspect>,
    ) -> Result<(), Damage> {
        let is_asked = |facet: &Facet| part_of(facet.aspect) == Some(part) && Some(facet.aspect) != but;
        // Removed texts are always asked for.
        if part != OF_RECORD && !self.facets.iter().any(is_asked) {
            return Ok(());
        }
        let profiles = segment.profiles(part)?;
        let sizes = profiles.sizes_of(bits);
        let is_wanted = |facet: usize| self.facets.get(facet).is_none_or(is_asked);
        let wanted = (0..=self.facets.len()).filter(|facet| is_wanted(*facet)).map(bit).sum::<u64>();
        let nothing = Counting::default();
        let terms: Vec<&Counting> =
            profiles.terms.iter().map(|term| self.numbers.get(term).unwrap_or(&nothing)).collect();
        // Of how many rows each term is counted by itself, and by how many any number of a facet was met.
        let mut of_terms = vec![0_u64; terms.len()];
        let mut hits: Vec<usize> = Vec::new();
        for (places, size) in profiles.combinations().zip(sizes).filter(|(_, size)| *size > 0) {
            let size = u64::from(size);
            let of_combination = || places.iter().filter_map(|place| terms.get(*place as usize));
            let (mut facets, mut shared) = (0, 0);
            for term in of_combination() {
                facets |= term.facets;
                shared += usize::from(term.shares);
            }
            each_of(facets & wanted, |facet| add(&mut counts.counted, facet, size));
            for place in places.iter().map(|place| *place as usize) {
                // What two terms of a combination count for may be one number, which is counted once.
                if shared < 2 || terms.get(place).is_some_and(|term| !term.shares) {
                    add(&mut of_terms, place, size);
                }
            }
            if shared >= 2 {
                hits.clear();
                let numbers = of_combination().filter(|term| term.shares).flat_map(|term| &term.numbers);
                hits.extend(numbers.filter(|(facet, _)| is_wanted(*facet)).map(|(_, number)| *number));
                hits.sort_unstable();
                hits.dedup();
                for number in &hits {
                    add(&mut counts.counts, *number, size);
                }
            }
        }
        for (term, size) in terms.iter().zip(of_terms).filter(|(_, size)| *size > 0) {
            for (_, number) in term.numbers.iter().filter(|(facet, _)| is_wanted(*facet)) {
                add(&mut counts.counts, *number, size);
            }
        }
        Ok(())
    }

    /// Returns what was counted of `total` entries, and of how many the text was removed.
    pub(super) fn tallies(&self, counts: &Counts, total: u64) -> (Vec<Tally>, u64) {
        let tally = |((facet, start), counted): ((&Facet, &usize), &u64)| Tally {
            counts: counts.counts.get(*start..start + facet.slots.len()).unwrap_or_default().to_vec(),
            without: total.saturating_sub(*counted),
        };
        let tallies = self.facets.iter().zip(&self.starts).zip(&counts.counted).map(tally).collect();
        (tallies, counts.counts.last().copied().unwrap_or_default())
    }
}

/// Returns the bit of a facet.
fn bit(facet: usize) -> u64 {
    u32::try_from(facet).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or_default()
}

/// Does something for each bit that is set.
fn each_of(mut bits: u64, mut each: impl FnMut(usize)) {
    while bits != 0 {
        each(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

fn add(counts: &mut [u64], place: usize, more: u64) {
    if let Some(count) = counts.get_mut(place) {
        *count += more;
    }
}

/// Returns the part in which the terms of an aspect stand.
const fn part_of(aspect: Aspect) -> Option<usize> {
    profile::part_of(match aspect {
        Aspect::Channel | Aspect::Via => Field::Via,
        Aspect::Kind => Field::Kind,
        Aspect::From => Field::From,
        Aspect::To => Field::To,
        Aspect::Topic => Field::Topic,
        Aspect::Marking => Field::Marking,
        Aspect::Grade => Field::Grade,
        Aspect::Recorder => Field::Recorder,
    })
}

/// Returns the terms by which an entry has a value; none where the value is none of the aspect.
fn terms(aspect: Aspect, value: &Value) -> Vec<Term> {
    let entity = |fields: &[Field], id: &EntityId| {
        fields.iter().map(|field| term::entity(*field, *id)).collect::<Vec<_>>()
    };
    match (aspect, value) {
        (Aspect::Channel, Value::Entity(id)) => entity(&[Field::About, Field::Linked, Field::Via], id),
        (Aspect::Via, Value::Entity(id)) => entity(&[Field::Via], id),
        (Aspect::From, Value::Entity(id)) => entity(&[Field::From], id),
        (Aspect::To, Value::Entity(id)) => entity(&[Field::To], id),
        (Aspect::Kind, Value::Kind(kind)) => vec![term::kind(*kind)],
        (Aspect::Topic, Value::Word(word)) => vec![term::word(Field::Topic, word)],
        (Aspect::Marking, Value::Word(word)) => vec![term::word(Field::Marking, word)],
        (Aspect::Grade, Value::Grade(grade)) => vec![term::grade(*grade)],
        (Aspect::Recorder, Value::Recorder(actor)) => vec![term::recorder(*actor)],
        _ => Vec::new(),
    }
}
