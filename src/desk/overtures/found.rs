//! Which overtures are on a page of the list, found without a fold of all of them.
//!
//! What is kept of overtures tells of nearly all whether they were made and stood open. Those of which it does
//! not are folded, and what was found is remembered until it may be another. A status, or a manner in which
//! an overture was answered, is told by the fold alone.

use std::sync::Arc;

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::overtures::Asked;
use crate::desk::overtures::standings::Standings;
use crate::domain::fact::EntityKind;
use crate::domain::id::EntityId;
use crate::projections::offers::{OffersQuery, Verdict, Which};
use crate::projections::timeline::{By, Cursor, Direction, Order};

/// By what overtures are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// The oldest first.
    Age,
    /// The newest first.
    Issued,
}

/// Where an overture stands in the list: when it was first issued, then its place in the log.
///
/// Neither changes when more is recorded, unless that amends the offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) issued: i64,
    pub(crate) position: u64,
}

/// A page of the list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The overtures of the page, in order.
    pub(super) places: Vec<(Place, EntityId)>,
    /// There is another page.
    pub(super) more: bool,
    /// How many there are on all pages.
    pub(super) total: u64,
}

impl Asked {
    /// Finds the page that is asked for.
    pub(super) fn found(&self, standings: &mut Standings<'_>) -> Result<Found, DeskError> {
        let known = standings.known;
        if self.statuses.is_empty() && self.manners.is_empty() {
            let limit = self.limit;
            let after = self.after.map(|after| (after.issued, after.position));
            let query =
                OffersQuery { after, newest_first: self.sort == Sort::Issued, limit, ..self.query(known) };
            if let Some(found) = known.offers(&query) {
                let certain = found
                    .first
                    .iter()
                    .map(|(issued, position)| Place { issued: *issued, position: *position });
                let mut places: Vec<Place> = certain.collect();
                let mut total = found.certain;
                for position in &found.doubtful {
                    if let Some(place) = self.doubtful(known, *position)? {
                        total += 1;
                        places.extend(Some(place).filter(|place| self.follows(*place)));
                    }
                }
                return self.page(known, places, total);
            }
        }
        let mut places: Vec<Place> = Vec::new();
        for overture in candidates(known, &self.query(known))? {
            places.extend(self.place(standings, overture)?);
            standings.let_go(overture);
        }
        let total = u64::try_from(places.len()).unwrap_or(u64::MAX);
        places.retain(|place| self.follows(*place));
        self.page(known, places, total)
    }

    /// Returns what is sought, as far as what is kept can tell, in no order and without an end.
    fn query(&self, known: &Known) -> OffersQuery {
        OffersQuery {
            which: if self.open { Which::Open } else { Which::Made },
            at: known.at.micros(),
            from: self.from.clone(),
            to: self.to.clone(),
            after: None,
            newest_first: false,
            limit: usize::MAX,
        }
    }

    fn follows(&self, place: Place) -> bool {
        match (self.after, self.sort) {
            (None, _) => true,
            (Some(after), Sort::Age) => place > after,
            (Some(after), Sort::Issued) => place < after,
        }
    }

    fn page(&self, known: &Known, mut places: Vec<Place>, total: u64) -> Result<Found, DeskError> {
        places.sort_unstable();
        if self.sort == Sort::Issued {
            places.reverse();
        }
        let more = places.len() > self.limit;
        places.truncate(self.limit);
        let mut page = Vec::with_capacity(places.len());
        for place in places {
            let overture = known.view.made_at(place.position)?;
            page.extend(overture.map(|overture| (place, overture)));
        }
        Ok(Found { places: page, more, total })
    }

    /// Returns the place of an overture of which only a fold tells whether it is asked for; none where it is
    /// not.
    fn doubtful(&self, known: &Known, position: u64) -> Result<Option<Place>, DeskError> {
        let Some(verdict) = verdict(known, position)? else { return Ok(None) };
        let among = |asked: &Option<Vec<EntityId>>, parties: &[EntityId]| {
            asked.as_ref().is_none_or(|asked| parties.iter().any(|party| asked.contains(party)))
        };
        let asked_for = verdict.made
            && (!self.open || verdict.open)
            && among(&self.from, &verdict.from)
            && among(&self.to, &verdict.to);
        Ok(asked_for.then_some(Place { issued: verdict.issued, position }))
    }
}

/// Returns the overtures that are what is sought, perhaps beside others of other parties; where nothing that
/// is kept can be used, all of them.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(crate) fn candidates(known: &Known, query: &OffersQuery) -> Result<Vec<EntityId>, DeskError> {
    let Some(found) = known.offers(query) else { return known.entities(EntityKind::Overture) };
    let mut positions: Vec<u64> = found.first.into_iter().map(|(_, position)| position).collect();
    for position in found.doubtful {
        let folded = verdict(known, position)?;
        let is_sought = |verdict: &Verdict| verdict.made && (query.which == Which::Made || verdict.open);
        positions.extend(folded.filter(is_sought).map(|_| position));
    }
    positions.sort_unstable();
    let mut overtures = Vec::with_capacity(positions.len());
    for position in positions {
        overtures.extend(known.view.made_at(position)?);
    }
    Ok(overtures)
}

/// Returns the overtures that stand open; where nothing that is kept can be used, all of them.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(crate) fn perhaps_open(known: &Known) -> Result<Vec<EntityId>, DeskError> {
    candidates(known, &open_at(known))
}

/// Folds the overtures of which only a fold tells whether they stand open, for the projections to remember what it
/// tells; breaks off where `is_stopped` says that somebody waits for the end of what is folded.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(crate) fn fold_doubtful(known: &Known, is_stopped: &dyn Fn() -> bool) -> Result<(), DeskError> {
    let Some(found) = known.offers(&open_at(known)) else { return Ok(()) };
    for position in found.doubtful {
        if is_stopped() {
            break;
        }
        verdict(known, position)?;
    }
    Ok(())
}

fn open_at(known: &Known) -> OffersQuery {
    let (which, at) = (Which::Open, known.at.micros());
    let (from, to, after) = (None, None, None);
    OffersQuery { which, at, from, to, after, newest_first: false, limit: usize::MAX }
}

/// Folds the overture at a position, and remembers what that tells; none where its record is damaged.
fn verdict(known: &Known, position: u64) -> Result<Option<Verdict>, DeskError> {
    let Some(overture) = known.view.made_at(position)? else { return Ok(None) };
    // Whatever was worked out before is not used: it rests on histories that would not be noted.
    let mut standings = Standings::new(known);
    let ground = known.view.ground();
    known.begin_trace();
    let folded = folded(&mut standings, overture);
    let trace = known.end_trace();
    let verdict = folded?;
    if let Some(trace) = trace {
        let histories: Vec<EntityId> = trace.histories.into_iter().collect();
        known.view.remember(position, verdict.clone(), (known.at, trace.until), &ground, &histories);
    }
    Ok(Some(verdict))
}

fn folded(standings: &mut Standings<'_>, overture: EntityId) -> Result<Verdict, DeskError> {
    if !standings.gathered(overture)?.is_made(standings.known) {
        let nobody = || Arc::from(Vec::new());
        return Ok(Verdict { made: false, open: false, issued: 0, from: nobody(), to: nobody() });
    }
    let place = place_of(standings, overture)?;
    let standing = standings.of(overture)?;
    Ok(Verdict {
        made: place.is_some(),
        open: standing.open,
        issued: place.map_or(0, |place| place.issued),
        from: standing.proposer.as_slice().into(),
        to: standing.addressees().into(),
    })
}

/// Returns where an overture that was made stands in the list.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(crate) fn place_of(
    standings: &mut Standings<'_>,
    overture: EntityId,
) -> Result<Option<Place>, DeskError> {
    let (gathered, standing) = (standings.gathered(overture)?, standings.of(overture)?);
    let known = standings.known;
    let Some((position, _)) = known.view.creation(overture)? else { return Ok(None) };
    let first = standing.issued.as_ref().map(|issued| issued.earliest(&known.zone));
    let issued = match (first, &gathered.creation) {
        (Some(first), _) => first,
        (None, Some(creation)) => creation.bounds(&known.zone).0,
        (None, None) => known.view.recorded(position)?.map_or(known.at, |recorded| recorded.at),
    };
    Ok(Some(Place { issued: issued.micros(), position }))
}

impl Sort {
    pub(super) const fn order(self) -> Order {
        let direction = match self {
            Self::Age => Direction::Ascending,
            Self::Issued => Direction::Descending,
        };
        Order { by: By::Occurred, direction }
    }
}

impl Place {
    /// Returns the place at which a page ended.
    pub(super) fn at_end(end: Cursor) -> Self {
        Self { issued: end.moments().1, position: end.position() }
    }

    /// Returns it as the end of a page.
    pub(super) fn end(self) -> Cursor {
        Cursor::at(0, self.issued, self.position)
    }
}
