//! What happened when: pages of a timeline, and how much was known at a moment.

use std::collections::{BTreeMap, HashSet};

use roaring::RoaringBitmap;

use crate::domain::event::Event;
use crate::domain::fact::{EntityKind, Fact};
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::RawEvent;
use crate::domain::timestamp::Timestamp;
use crate::projections::corrections::Standing;
use crate::projections::error::ProjectionError;
use crate::projections::search::{Finding, Relinked, RelinkedBetween, Search};
use crate::projections::term::{self, Field};
use crate::projections::timeline::{Between, Choice, Row, Spot, Spots, TimelinePage, TimelineQuery, moment};
use crate::projections::view::View;

impl View {
    /// Returns when the last event that is known here was recorded; none where there is none, or where it cannot be
    /// read.
    pub fn last_recorded_at(&self) -> Option<Timestamp> {
        let kept = self.shared.look(|index| index.last_at.filter(|_| index.size == self.size));
        if let Some(at) = kept.and_then(|micros| Timestamp::from_micros(micros).ok()) {
            return Some(at);
        }
        let last = self.size.checked_sub(1)?;
        self.recorded(u64::from(last)).ok().flatten().map(|recorded| recorded.at)
    }

    /// Returns how many events had been recorded at or before a moment, of those known here.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn size_at(&self, moment: Timestamp) -> Result<u64, ProjectionError> {
        self.before(|at| at <= moment).map(u64::from)
    }

    /// Returns how many of the first events were recorded when `early` says.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub(in crate::projections) fn before(
        &self,
        early: impl Fn(Timestamp) -> bool,
    ) -> Result<u32, ProjectionError> {
        let is_early = |micros: i64| Timestamp::from_micros(micros).is_ok_and(&early);
        let (mut low, mut high) =
            self.shared.with_index(|index| Ok(index.recorded.around(self.size, is_early)))?;
        while low < high {
            let middle = low + (high - low) / 2;
            // Damaged records are passed over: those around them tell as well.
            let mut sound = middle;
            let mut at = None;
            while at.is_none() && sound < high {
                at = self.read_if_sound(sound)?.map(|recorded| recorded.at);
                sound += 1;
            }
            if at.is_some_and(&early) { low = sound } else { high = middle }
        }
        Ok(low)
    }

    /// Returns a page of the entries that are asked for.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn timeline(&self, query: &TimelineQuery) -> Result<TimelinePage, ProjectionError> {
        let Spots { spots, next, total } = self.spots(query)?;
        Ok(TimelinePage { rows: self.rows(&spots, query.visible.as_deref())?, next, total })
    }

    /// Returns where the entries of a page stand, without a look at the log.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn spots(&self, query: &TimelineQuery) -> Result<Spots, ProjectionError> {
        let standing = self.standing(query.visible.as_deref())?;
        let search = self.search(query, &standing)?;
        let Finding { found, total } = self.shared.with_index(|index| search.run(index))?;
        let more = found.len() > query.limit;
        let spots: Vec<Spot> = found
            .into_iter()
            .take(query.limit)
            .map(|one| Spot { key: one.key, reading: one.reading })
            .collect();
        let next = spots.last().filter(|_| more).map(|last| last.key);
        Ok(Spots { spots, next, total })
    }

    /// Returns a question with everything that must be known to answer it from the index alone.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub(in crate::projections) fn search<'query>(
        &self,
        query: &'query TimelineQuery,
        standing: &'query Standing,
    ) -> Result<Search<'query>, ProjectionError> {
        let recorded = match query.recorded {
            Some((from, to)) => (self.before(|at| at < from)?, self.before(|at| at <= to)?),
            None => (0, self.size),
        };
        let relinked = |asked: &Choice<EntityId>| -> Result<[Relinked; 2], ProjectionError> {
            let any_of = asked.any_of.as_deref().unwrap_or_default();
            Ok([self.relinked(any_of, standing)?, self.relinked(&asked.none_of, standing)?])
        };
        let (about, channels) = (relinked(&query.about)?, relinked(&query.channels)?);
        let of_pairs = |pairs: &[Between]| -> Result<Vec<RelinkedBetween>, ProjectionError> {
            let of = |pair: &Between| {
                let lines = self.relinked(&pair.lines, standing)?;
                Ok(RelinkedBetween { lines, offers: self.relinked(&pair.offers, standing)? })
            };
            pairs.iter().map(of).collect()
        };
        let pairs = query.between.any_of.as_deref().unwrap_or_default();
        let between = [of_pairs(pairs)?, of_pairs(&query.between.none_of)?];
        Ok(Search { query, size: self.size, standing, recorded, about, channels, between })
    }

    /// Returns the entries that stand at places that were found for a reader who sees `visible`; those
    /// whose records are damaged are left out.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn rows(&self, spots: &[Spot], visible: Option<&RoaringBitmap>) -> Result<Vec<Row>, ProjectionError> {
        let standing = self.standing(visible)?;
        let mut rows = Vec::with_capacity(spots.len());
        self.prefetch(spots.iter().map(|spot| spot.key.position));
        for spot in spots {
            let Some(recorded) = self.read_if_sound(spot.key.position)? else { continue };
            rows.push(row_of(spot, recorded.id, &standing));
        }
        Ok(rows)
    }

    /// As [`View::rows`], each with what was recorded there: whoever shows a row need not read it again.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn entries(
        &self,
        spots: &[Spot],
        visible: Option<&RoaringBitmap>,
    ) -> Result<Vec<(Row, RawEvent)>, ProjectionError> {
        let standing = self.standing(visible)?;
        let mut entries = Vec::with_capacity(spots.len());
        self.prefetch(spots.iter().map(|spot| spot.key.position));
        for spot in spots {
            let Some(recorded) = self.read_if_sound(spot.key.position)? else { continue };
            entries.push((row_of(spot, recorded.id, &standing), self.raw(&recorded)?));
        }
        Ok(entries)
    }

    /// Returns the overtures that the entries asked for brought into being, in the order of the log, without a look at
    /// any record; the order and the limit of the question are not looked at.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn overtures_of(&self, query: &TimelineQuery) -> Result<Vec<EntityId>, ProjectionError> {
        let positions = self.positions(query)?;
        self.shared.with_index(|index| index.created_by(&positions, EntityKind::Overture))
    }

    /// Returns every topic that was said so far, as it is spelt, in the order in which they were.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn topics(&self) -> Result<Vec<String>, ProjectionError> {
        self.words(Field::Topic)
    }

    /// Returns every marking that an entry has had so far, in the order in which they were given, as
    /// [`Marked::word`](crate::domain::marking::Marked::word) writes them.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn markings(&self) -> Result<Vec<String>, ProjectionError> {
        self.words(Field::Marking)
    }

    fn words(&self, field: Field) -> Result<Vec<String>, ProjectionError> {
        self.shared.with_index(|index| {
            let known =
                index.words.list().iter().filter(|word| word.field == field && word.first < self.size);
            Ok(known.map(|word| word.text.clone()).collect())
        })
    }

    /// Returns how often each of these entries was amended, by amendments that hold or that a newer one
    /// has replaced; entries that were not are left out.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn amendments(&self, entries: &[u64]) -> Result<BTreeMap<u64, u32>, ProjectionError> {
        let standing = self.standing(None)?;
        let times = |entry: &u64| {
            let times = standing.amended_times.get(&u32::try_from(*entry).ok()?)?;
            Some((*entry, *times))
        };
        Ok(entries.iter().filter_map(times).collect())
    }

    /// Tells of every entry whose links to one of `ids` were changed whether it is about one of them.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub(in crate::projections) fn relinked(
        &self,
        ids: &[EntityId],
        standing: &Standing,
    ) -> Result<Relinked, ProjectionError> {
        let mut relinked = Relinked::new();
        if standing.relinked.is_empty() {
            return Ok(relinked);
        }
        let any_of: HashSet<EntityId> = ids.iter().copied().collect();
        for id in ids {
            for entry in standing.relinked.get(&term::entity(Field::Linked, *id)).into_iter().flatten() {
                if !relinked.contains_key(entry) {
                    relinked.insert(*entry, self.is_about(*entry, &any_of, standing)?);
                }
            }
        }
        Ok(relinked)
    }

    /// Tells whether an entry, as it reads now and with its links as they are now, is about one of `ids`.
    fn is_about(
        &self,
        entry: u32,
        ids: &HashSet<EntityId>,
        standing: &Standing,
    ) -> Result<bool, ProjectionError> {
        let Some(recorded) = self.read_if_sound(entry)? else { return Ok(false) };
        let event = self.present(&recorded, standing.amendments.get(&entry).copied())?;
        let links = standing.links.get(&entry).map_or(&[][..], Vec::as_slice);
        let links_then = event.iter().flat_map(|event| &event.envelope.links);
        let mut related: Vec<_> = links_then.map(|link| (link.relation, link.target)).collect();
        for position in links {
            let Some(recorded) = self.read_if_sound(*position)? else { continue };
            let Some(Event { fact: Fact::RecordLinked(linked), .. }) = self.said(&recorded)? else {
                continue;
            };
            let link = (linked.link.relation, linked.link.target);
            related.retain(|known| *known != link);
            if !linked.withdrawn {
                related.push(link);
            }
        }
        let about = match &event {
            Some(event) => event.envelope.about.iter().copied().chain(event.created(recorded.id)).collect(),
            // What was removed stays with the entities that its record names.
            None => recorded.streams.iter().map(|(stream, _)| *stream).collect::<Vec<_>>(),
        };
        let linked = related.iter().filter(|(relation, _)| relation.enters_history());
        Ok(about.into_iter().chain(linked.map(|(_, id)| (*id).into())).any(|id| ids.contains(&id)))
    }
}

/// Returns a row of what stands at a place.
fn row_of(spot: &Spot, id: EventId, standing: &Standing) -> Row {
    let position = spot.key.position;
    Row {
        position: u64::from(position),
        reading_position: u64::from(spot.reading),
        id,
        earliest: moment(spot.key.earliest),
        latest: moment(spot.key.latest),
        struck: standing.struck.contains(position),
        amended: spot.reading != position,
        relinked: standing.links.contains_key(&position),
    }
}
