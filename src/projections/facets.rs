//! How many entries of a part of the log have what in common, and how many fall into which stretch of time.
//!
//! Entries are counted as the timeline shows them: as they read at the size asked about, without what is
//! struck, out of sight or not known yet. No record is read for it.

use std::collections::BTreeMap;

use crate::domain::fact::Kind;
use crate::domain::id::{ActorId, EntityId};
use crate::domain::source::Grade;
use crate::domain::timestamp::Timestamp;
use crate::projections::bits::Bits;
use crate::projections::density;
use crate::projections::error::ProjectionError;
use crate::projections::index::Index;
use crate::projections::lazy::Damage;
use crate::projections::profile::OF_RECORD;
use crate::projections::search::{Matches, Relinked};
use crate::projections::tally::{Counts, Tallying};
use crate::projections::timeline::{By, TimelineQuery};
use crate::projections::together;
use crate::projections::view::View;

/// By what entries are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aspect {
    /// The channels that they are about, are linked to, or came over.
    Channel,
    /// The channels that carried them.
    Via,
    /// Who speaks or acts; of a finding of silence, who is silent.
    From,
    /// To whom.
    To,
    /// Their kind.
    Kind,
    /// Their topics.
    Topic,
    /// Their marking.
    Marking,
    /// The grades of their sources.
    Grade,
    /// Who recorded them.
    Recorder,
}

/// Something that an entry may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A channel or a party.
    Entity(EntityId),
    /// A kind.
    Kind(Kind),
    /// A topic or a marking, as it is spelt.
    Word(String),
    /// The grade of a source.
    Grade(Grade),
    /// A recorder.
    Recorder(ActorId),
}

/// What is counted by one aspect: for each number that is asked for, the values of which an entry must have
/// one. An entry may count for several numbers, and counts once for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The aspect.
    pub aspect: Aspect,
    /// The values behind each number.
    pub slots: Vec<Vec<Value>>,
}

/// How many entries there are by one aspect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// For each number asked for.
    pub counts: Vec<u64>,
    /// How many count for none of them.
    pub without: u64,
}

/// Stretches of time into which entries are counted.
pub struct Series<'a> {
    /// By which time.
    pub by: By,
    /// Given the first and the last moment that any entry has, where each stretch begins, ascending.
    pub starts: &'a dyn Fn(Timestamp, Timestamp) -> Vec<Timestamp>,
}

/// How many entries fall into which stretch of time, each counted once: what is known imprecisely at its
/// earliest moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Density {
    /// Where each stretch begins.
    pub starts: Vec<Timestamp>,
    /// How many begin in each.
    pub counts: Vec<u64>,
    /// How many begin before the first, or nobody knows when.
    pub before: u64,
}

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many entries there are.
    pub total: u64,
    /// How many of them are struck.
    pub struck: u64,
    /// How many of them read otherwise than when they were recorded.
    pub amended: u64,
    /// The text of how many of them was removed.
    pub redacted: u64,
    /// By each aspect asked for.
    pub tallies: Vec<Tally>,
    /// Over each time asked for.
    pub series: Vec<Density>,
}

impl View {
    /// Counts the entries that are asked for.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when neither the snapshot nor the log can be read.
    pub fn count(
        &self,
        query: &TimelineQuery,
        facets: &[Facet],
        series: &[Series<'_>],
    ) -> Result<Counted, ProjectionError> {
        let standing = self.standing(query.visible.as_deref())?;
        let search = self.search(query, &standing)?;
        let mut relinked: BTreeMap<EntityId, Relinked> = BTreeMap::new();
        let channels = facets.iter().filter(|facet| facet.aspect == Aspect::Channel);
        for value in channels.flat_map(|facet| facet.slots.iter().flatten()) {
            if let Value::Entity(id) = value {
                let changed = self.relinked(&[*id], &standing)?;
                if !changed.is_empty() {
                    relinked.insert(*id, changed);
                }
            }
        }
        let by_position = series.iter().any(|series| series.by == By::Recorded);
        let (mut counted, places) = self.shared.with_index(|index| {
            let matches = search.matches(index)?;
            let places = of_record(&matches);
            let mut counted = tallies(index, &matches, &places, facets, &relinked)?;
            counted.struck = places
                .iter()
                .filter_map(|(number, bits)| {
                    let mut struck = standing.struck_rows.get(number)?.clone();
                    struck.keep(bits);
                    Some(struck.count() as u64)
                })
                .sum();
            let is_by_time = series.iter().any(|series| series.by == By::Occurred);
            let begun = if is_by_time { density::begun(&matches)? } else { None };
            for series in series {
                counted.series.push(match series.by {
                    By::Occurred => density::occurred(&matches, begun, series.starts)?,
                    By::Recorded => Density::default(),
                });
            }
            Ok((counted, if by_position { places } else { BTreeMap::new() }))
        })?;
        for (series, density) in series.iter().zip(&mut counted.series) {
            if series.by == By::Recorded {
                *density = self.count_recorded(&places, series.starts)?;
            }
        }
        Ok(counted)
    }

    /// Counts entries, given as rows of segments, by when they were recorded.
    fn count_recorded(
        &self,
        places: &BTreeMap<usize, Bits>,
        starts: &dyn Fn(Timestamp, Timestamp) -> Vec<Timestamp>,
    ) -> Result<Density, ProjectionError> {
        let Some((first, last)) = density::ends(places) else { return Ok(Density::default()) };
        let at = |position: u32| -> Result<Option<Timestamp>, ProjectionError> {
            Ok(self.read_if_sound(position)?.map(|recorded| recorded.at))
        };
        // What cannot be read is left out of every answer, so both can, unless the log was damaged just now.
        let (Some(from), Some(to)) = (at(first)?, at(last)?) else { return Ok(Density::default()) };
        let starts = starts(from, to);
        let mut positions = Vec::with_capacity(starts.len());
        for start in &starts {
            positions.push(self.before(|at| at < *start)?);
        }
        Ok(density::by_position(places, starts, &positions))
    }
}

/// Returns the entries themselves, whatever reading of them was found.
fn of_record(matches: &Matches<'_>) -> BTreeMap<usize, Bits> {
    let mut places = matches.amended.clone();
    for (number, _, bits) in &matches.plain {
        places.entry(*number).or_insert_with(Bits::none).add(bits);
    }
    places
}

fn tallies(
    index: &Index,
    matches: &Matches<'_>,
    places: &BTreeMap<usize, Bits>,
    facets: &[Facet],
    relinked: &BTreeMap<EntityId, Relinked>,
) -> Result<Counted, Damage> {
    let tallying = Tallying::of(index, facets, relinked);
    let places: Vec<(&usize, &Bits)> = places.iter().collect();
    let nothing = || tallying.nothing();
    let mut counts =
        together::sum(&matches.plain, nothing, |counts, rows| tallying.entries(counts, rows), Counts::add)?;
    counts.add(together::sum(
        &matches.readings,
        nothing,
        |counts, rows| tallying.readings(counts, rows),
        Counts::add,
    )?);
    let of_record = |counts: &mut Counts, (number, bits): &(&usize, &Bits)| {
        let segment = index.events.segment(**number);
        segment.map_or(Ok(()), |segment| tallying.part(counts, (segment, *bits), OF_RECORD))
    };
    counts.add(together::sum(&places, nothing, of_record, Counts::add)?);
    let amended = matches.amended.values().map(|bits| bits.count() as u64).sum();
    let (tallies, redacted) = tallying.tallies(&counts, matches.total);
    Ok(Counted { total: matches.total, amended, redacted, tallies, ..Counted::default() })
}
