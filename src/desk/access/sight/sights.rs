//! The desks of those who see a part of the log: one for each clearance that asks, made when it first does.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::desk::Desk;
use crate::desk::access::sight::in_force::RulesKept;
use crate::desk::access::sight::in_use::InUse;
use crate::desk::access::sight::marks::Marks;
use crate::desk::access::sight::outside::Outside;
use crate::desk::access::sight::partial::Partial;
use crate::desk::access::sight::restriction::Clearance;
use crate::desk::access::sight::rules::Rules;
use crate::desk::accounts::Accounts;
use crate::desk::ask::When;
use crate::desk::bookmarks::{Seal, SealKept, Stop};
use crate::desk::error::{DeskError, Fault};
use crate::domain::fact::Fact;
use crate::domain::id::{EntityId, EventId};
use crate::domain::marking::Compartment;
use crate::projections::{Access, Projections};
use crate::store::{AppendError, EventStore, Health, NewEvent};

/// Of so many clearances the desk is kept, those that asked last.
const KEPT_MAX: usize = 8;

/// What is said of damage to whoever may not know where it is.
const CANNOT_BE_ASKED: &str = "the log cannot be asked by whoever sees a part of it, until it is mended";

/// Says that the log cannot be asked, and not why: where, and what cannot be read there, is told in the diary of the
/// program alone.
fn cannot_be_asked(error: &DeskError) -> DeskError {
    tracing::warn!(%error, "it is not known who may see what");
    DeskError::Unavailable(CANNOT_BE_ASKED.to_owned())
}

/// How restricted every event is, for all who ask.
pub(super) struct Marked {
    marks: Mutex<Marks>,
}

impl Marked {
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Marks) -> T) -> T {
        // Whoever panicked was in the middle of taking in; what is missing is taken in again or found missing.
        look(&mut self.marks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The desks of those who see a part of the log.
#[derive(Default)]
pub(in crate::desk) struct Sights {
    state: Mutex<State>,
    in_use: Mutex<InUse>,
    /// The rules that were in force last.
    pub(super) rules: RulesKept,
}

#[derive(Default)]
struct State {
    marked: Option<(Rules, Arc<Marked>)>,
    // The newest last.
    kept: Vec<Seen>,
    made: u64,
}

/// A desk over the part of the log that somebody sees.
#[derive(Clone)]
pub struct Seen {
    /// The desk.
    pub(in crate::desk) desk: Arc<Desk>,
    /// What tells it from every other that was made.
    pub(in crate::desk) number: u64,
    partial: Arc<Partial>,
}

impl Seen {
    /// Returns up to where the whole log was looked at when the part had so many events.
    pub(in crate::desk) fn whole(&self, size: u64) -> u64 {
        self.partial.whole(size)
    }

    /// Returns how many events of the part stand before a position of the whole log.
    pub(in crate::desk) fn before(&self, position: u64) -> u64 {
        self.partial.before(position)
    }
}

impl Sights {
    /// Returns the compartments that entries of the log name.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Unavailable`] where the log cannot be read: which are named there is not known.
    pub(in crate::desk) fn compartments(
        &self,
        store: &dyn EventStore,
    ) -> Result<BTreeSet<Compartment>, DeskError> {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(in_use.catch_up(store).map_err(|error| cannot_be_asked(&error))?.clone())
    }

    /// Says that the entries at some positions of the log name no compartment, where nobody looks for compartments
    /// now: what is not said is read.
    pub(in crate::desk) fn names_none(&self, from: u64, to: u64) {
        if let Ok(mut in_use) = self.in_use.try_lock() {
            in_use.names_none(from, to);
        }
    }

    /// Tells whether the desk over a part is kept, by its number, and nobody makes another now.
    pub(in crate::desk) fn has(&self, number: u64) -> bool {
        self.state.try_lock().is_ok_and(|state| state.kept.iter().any(|seen| seen.number == number))
    }

    /// Returns what may leave the house up to the level that `typed` names, of the log as it is now.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] with the levels of the scheme when it names none, and [`DeskError::Damaged`] where
    /// the log cannot be read: then nothing leaves.
    pub(in crate::desk) fn outside(
        &self,
        store: &dyn EventStore,
        rules: Rules,
        typed: &str,
    ) -> Result<Outside, DeskError> {
        let named = rules.scheme().level(typed);
        let marking = named.map_err(|error| Fault::in_field("release", error.to_string()))?;
        let level = rules.scheme().rank(&marking).unwrap_or(0);
        let marked = self.state().marked(&rules);
        marked.with(|marks| marks.catch_up(store))?;
        Ok(Outside::up_to(marked, rules, level))
    }

    /// Returns the desk over what a clearance sees of the log of `house`.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Unavailable`] where the log is damaged: then it is not known who may see what.
    pub(in crate::desk) fn of(
        &self,
        house: &Arc<Desk>,
        rules: &Rules,
        clearance: Clearance,
    ) -> Result<Seen, DeskError> {
        if matches!(house.store.health(), Health::Damaged(_)) {
            return Err(DeskError::Unavailable(CANNOT_BE_ASKED.to_owned()));
        }
        self.made_or_kept(house, rules, clearance).map_err(|error| cannot_be_asked(&error))
    }

    fn made_or_kept(
        &self,
        house: &Arc<Desk>,
        rules: &Rules,
        clearance: Clearance,
    ) -> Result<Seen, DeskError> {
        let mut state = self.state();
        let marked = state.marked(rules);
        marked.with(|marks| marks.catch_up(house.store.as_ref()))?;
        let found = state.kept.iter().position(|seen| seen.partial.clearance == clearance);
        if let Some(seen) = found.map(|place| state.kept.remove(place)) {
            seen.partial.catch_up()?;
            if !seen.partial.is_outdated() {
                state.kept.push(seen.clone());
                return Ok(seen);
            }
        }
        state.made += 1;
        let seen = made(house, marked, clearance, state.made)?;
        if state.kept.len() >= KEPT_MAX {
            state.kept.remove(0);
        }
        state.kept.push(seen.clone());
        Ok(seen)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns how restricted every event is by these rules; other rules let go of every desk.
    fn marked(&mut self, rules: &Rules) -> Arc<Marked> {
        if let Some((_, marked)) = self.marked.as_ref().filter(|(by, _)| by == rules) {
            return Arc::clone(marked);
        }
        self.kept.clear();
        let marked = Arc::new(Marked { marks: Mutex::new(Marks::new(rules.clone())) });
        self.marked = Some((rules.clone(), Arc::clone(&marked)));
        marked
    }
}

fn made(
    house: &Arc<Desk>,
    marked: Arc<Marked>,
    clearance: Clearance,
    number: u64,
) -> Result<Seen, DeskError> {
    let store = Arc::clone(&house.store);
    let partial = Arc::new(Partial::new(store, marked, clearance, Arc::downgrade(house)));
    partial.catch_up()?;
    let store: Arc<dyn EventStore> = Arc::clone(&partial) as Arc<dyn EventStore>;
    let projections = Projections::open(None, Arc::clone(&store), house.zone, Access::ReadOnly)?;
    let beyond =
        Beyond { house: Arc::downgrade(house), partial: Arc::downgrade(&partial), seal: SealKept::default() };
    let desk = Arc::new(Desk::over_part(house, store, projections, Arc::new(beyond)));
    partial.own.get_or_init(|| Arc::downgrade(&desk));
    Ok(Seen { desk, number, partial })
}

/// What a desk over a part asks of the whole log.
pub(in crate::desk) struct Beyond {
    house: Weak<Desk>,
    partial: Weak<Partial>,
    seal: SealKept,
}

impl Beyond {
    /// Refuses events that would be refused if they were recorded, as [`Partial::record`] does.
    pub(in crate::desk) fn would_take(&self, events: Vec<NewEvent>) -> Result<(), AppendError> {
        self.partial.upgrade().ok_or(AppendError::Closed)?.kept(events).map(|_| ())
    }

    /// Returns what makes the bookmarks of the log.
    pub(in crate::desk) fn seal(&self) -> Option<&Seal> {
        self.seal.of(self.house.upgrade()?.store.as_ref())
    }

    /// Returns where in the whole log whoever sees the part stops who has read everything before a position of it.
    pub(in crate::desk) fn stop(&self, next: u64) -> Option<Stop> {
        self.partial.upgrade()?.stop(next)
    }

    /// Returns the position of the part before which they have read everything; none where the log is not so long.
    pub(in crate::desk) fn after(&self, stop: Stop) -> Option<u64> {
        self.partial.upgrade()?.after(stop)
    }

    /// Returns the id under which the whole log has what `fact` would enter, where an entry brought it along that is
    /// not seen here: whoever brings it along again names the same.
    pub(in crate::desk) fn id_of(&self, fact: &Fact) -> Option<EventId> {
        let (house, partial) = (self.house.upgrade()?, self.partial.upgrade()?);
        let known = house.known(&When::default()).ok()?;
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is brought along")]
        let found = match fact {
            Fact::PartyRegistered(party) => known.register.party_coded(&party.code),
            Fact::ChannelRegistered(channel) => known.register.channel_named(&channel.name),
            Fact::SeriesRegistered(series) => {
                series.names.first().and_then(|name| known.names.series(&name.text).ok())
            }
            Fact::RecorderRegistered(recorder) => known.names.recorder(&recorder.name).ok(),
            _ => None,
        };
        let id = found.map(|id: EntityId| EventId::from_uuid(*id.as_uuid()))?;
        partial.waits(id).ok()?.then_some(id)
    }

    /// Returns the accounts of the whole log.
    ///
    /// # Errors
    ///
    /// As [`Desk::accounts`], and [`DeskError::Unavailable`] where the log is being closed.
    pub(in crate::desk) fn accounts(&self) -> Result<Arc<Accounts>, DeskError> {
        let gone = || DeskError::Unavailable("the log is closed".to_owned());
        self.house.upgrade().ok_or_else(gone)?.accounts()
    }
}
