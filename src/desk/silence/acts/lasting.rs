//! What lasted: it is as new as its end, and the index has it where it began.

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::silence::Cell;
use crate::desk::silence::act::Act;
use crate::desk::silence::acts::{Acts, LOOKS_MAX, Search};
use crate::desk::silence::sides::Side;
use crate::domain::fact::KindClass;
use crate::projections::newest::{NewestQuery, Sought, Test};

/// Tells whether anything lasted that a side may have done.
pub(super) fn lasted(known: &Known, silent: &Side) -> Result<bool, DeskError> {
    let may_be_theirs = Test::Any(vec![
        Test::Party(silent.ids.clone()),
        Test::Unaddressed(KindClass::Held),
        Test::Unaddressed(KindClass::Attempt),
    ]);
    let query = NewestQuery {
        base: Test::All(vec![Test::Lasted, may_be_theirs]),
        sought: vec![Test::All(Vec::new()).into()],
        since: i64::MIN,
        until: known.at.micros(),
        most: 1,
    };
    Ok(known.view.newest(&query)?.iter().any(|spots| !spots.is_empty()))
}

impl Search<'_> {
    /// Takes of each of these sorts what is wanted and lasted until after what was found of it; some were given up before
    /// all that there is of them was looked at.
    pub(super) fn lasting(
        &self,
        acts: &mut Acts,
        base: Test,
        (sorts, given_up): (Vec<(Cell, Test)>, &[Cell]),
        wanted: impl Fn(&Cell, &Act) -> Result<bool, DeskError>,
    ) -> Result<(), DeskError> {
        if !self.lasted {
            return Ok(());
        }
        // A sort of which nothing was found has nothing that lasted either.
        let newest = |cell: &Cell| acts.newest.get(cell).map(|act| act.key.0.micros());
        let of_sort = |(cell, test)| {
            let since = newest(&cell).or_else(|| given_up.contains(&cell).then_some(i64::MIN))?;
            Some((cell, Sought { since, ..Sought::from(test) }))
        };
        let (cells, sought): (Vec<Cell>, Vec<Sought>) = sorts.into_iter().filter_map(of_sort).unzip();
        let Some(since) = sought.iter().map(|sort| sort.since).min() else { return Ok(()) };
        let base = Test::All(vec![Test::Lasted, base]);
        let until = self.known.at.micros();
        let query = NewestQuery { base, sought, since, until, most: LOOKS_MAX };
        for (cell, spots) in cells.into_iter().zip(self.known.view.newest(&query)?) {
            for spot in spots {
                let newest = acts.newest.get(&cell).map(|act| act.key);
                if newest.is_some_and(|newest| spot.bounds().1 < newest.0) {
                    continue;
                }
                let Some(act) = self.act(spot)? else { continue };
                if newest.is_none_or(|newest| newest < act.key) && wanted(&cell, &act)? {
                    acts.offer(cell.clone(), &act);
                    acts.latest.extend((cell == Cell::Any).then_some(act));
                }
            }
        }
        Ok(())
    }
}
