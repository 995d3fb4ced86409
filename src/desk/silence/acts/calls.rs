//! Calls: the newest by the index is not the newest of a day on which several were made.

use crate::desk::error::DeskError;
use crate::desk::silence::Cell;
use crate::desk::silence::acts::{Acts, LOOKS, LOOKS_MAX, Search};
use crate::desk::silence::sides::lines_by_ends;
use crate::domain::fact::{Kind, KindClass};
use crate::domain::id::EntityId;
use crate::domain::words::Directness;
use crate::projections::newest::{NewestQuery, Sought, Test};
use crate::projections::timeline::Spot;

/// So many calls of each sort are looked at first: those of the newest day, for a line is called twice a day as a rule,
/// and one of a day before, which tells that there are no more of it.
const CALLS: usize = 4;

impl Search<'_> {
    /// Returns the lines between the two sides: by their ends, else by what was said over them.
    pub(super) fn lines(&self) -> Result<Vec<EntityId>, DeskError> {
        let (mut lines, mut without_ends) = lines_by_ends(self.known, self.silent, self.towards);
        let mut most = 1;
        while !without_ends.is_empty() {
            let over = |id: &EntityId| Test::Any(vec![Test::About(vec![*id]), Test::Via(vec![*id])]).into();
            let found = self.newest_calls(self.both(), without_ends.iter().map(over).collect(), most)?;
            let mut open = Vec::new();
            for (id, spots) in without_ends.into_iter().zip(found) {
                // One that the log no longer gives, or that lies ahead, tells of no use.
                if self.is_any_an_act(&spots)? {
                    lines.push(id);
                } else if spots.len() >= most && most < LOOKS_MAX {
                    open.push(id);
                }
            }
            (without_ends, most) = (open, most * LOOKS);
        }
        Ok(lines)
    }

    fn is_any_an_act(&self, spots: &[Spot]) -> Result<bool, DeskError> {
        for spot in spots {
            if self.act(*spot)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Calls that were taken, and calls that were tried: whoever calls need not be named on a line between
    /// the two.
    pub(super) fn calls(&self, acts: &mut Acts) -> Result<(), DeskError> {
        let lines = acts.lines.clone();
        let about = |line: EntityId| Test::About(vec![line]);
        let taken = Test::Kind(vec![Kind::CallAnswered]);
        let tried = lines.iter().map(|line| (Cell::Attempt(*line), about(*line)));
        let taken_on = |line: EntityId| Test::All(vec![about(line), taken.clone()]);
        let on_lines = tried.chain(lines.iter().map(|line| (Cell::CallTaken(*line), taken_on(*line))));
        self.fill_calls(acts, &Test::Class(KindClass::Attempt), on_lines.collect())?;
        let any = || Test::All(Vec::new());
        let mut sorts = vec![(Cell::AnsweredCall, taken), (Cell::Any, any())];
        // A call is as direct as can be, whatever else carried it.
        let ways = Directness::ALL.iter().map(|way| (Cell::Way(Some(*way)), self.channels.reaching(*way)));
        sorts.extend(ways.chain([(Cell::Way(Some(Directness::Direct)), self.channels.untold())]));
        let over = |id: EntityId| Test::Any(vec![about(id), Test::Via(vec![id])]);
        sorts.extend(self.channels.all.iter().map(|(id, _)| (Cell::Channel(*id), over(*id))));
        let on = self.topics.iter().map(|topic| (Cell::Topic(topic.clone()), Test::Topic(topic.clone())));
        sorts.extend(on);
        // Whoever says that they will not talk has picked up.
        let spoken = Test::Kind(vec![Kind::CallAnswered, Kind::CallDeclined]);
        let between = Test::Any(vec![self.both(), self.to_nobody_on(lines)]);
        self.fill_calls(acts, &Test::All(vec![spoken, between]), sorts)
    }

    /// Takes the newest call of each of these sorts, by when it was made.
    ///
    /// The index has a call at its day, so that those are read too that it has before the newest one and that can have
    /// been made after it: those of the same day, and where lines are called in other zones of the days beside it.
    pub(super) fn fill_calls(
        &self,
        acts: &mut Acts,
        base: &Test,
        sorts: Vec<(Cell, Test)>,
    ) -> Result<(), DeskError> {
        let (mut open, mut most) = (sorts.clone(), CALLS);
        while !open.is_empty() {
            let floor = |cell: &Cell| acts.newest.get(cell).map(|act| self.slots.floor(act.key));
            let sought = open
                .iter()
                .map(|(cell, test)| Sought { newer_than: floor(cell), ..Sought::from(test.clone()) })
                .collect();
            let found = self.newest_calls(base.clone(), sought, most)?;
            let mut more = Vec::new();
            for ((cell, test), spots) in open.into_iter().zip(found) {
                for spot in &spots {
                    let newest = acts.newest.get(&cell).map(|act| act.key);
                    if self.slots.may_be_newer(*spot, newest)
                        && let Some(act) = self.act(*spot)?
                    {
                        acts.offer(cell.clone(), &act);
                    }
                }
                let newest = acts.newest.get(&cell).map(|act| act.key);
                let is_passed = spots
                    .last()
                    .zip(newest)
                    .is_some_and(|(oldest, newest)| self.slots.is_of_an_earlier_day(*oldest, newest));
                if spots.len() >= most && most < LOOKS_MAX && !is_passed {
                    more.push((cell, test));
                }
            }
            (open, most) = (more, most * LOOKS);
        }
        self.lasting(acts, base.clone(), (sorts, &[]), |_, _| Ok(true))
    }

    /// Returns the newest of each sort by the index, among them calls that can have been made by the moment asked about.
    fn newest_calls(
        &self,
        base: Test,
        sought: Vec<Sought>,
        most: usize,
    ) -> Result<Vec<Vec<Spot>>, DeskError> {
        let until = self.slots.until();
        Ok(self.known.view.newest(&NewestQuery { base, sought, since: i64::MIN, until, most })?)
    }
}
