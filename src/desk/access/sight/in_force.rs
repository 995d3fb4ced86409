//! The rules in force, kept for as long as they stand: every request asks for them.

use std::sync::{Arc, Mutex, PoisonError};

use crate::desk::Desk;
use crate::desk::access::sight::rules::Rules;
use crate::desk::ask::When;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::timestamp::Timestamp;
use crate::projections::register::Register;

/// The rules that were in force last.
#[derive(Default)]
pub(super) struct RulesKept(Mutex<Option<Kept>>);

struct Kept {
    // Held with the rules that rest on it, so that no other can come to stand in its place.
    register: Arc<Register>,
    /// From when on no other policy came into force, and before when none will.
    from: Timestamp,
    until: Timestamp,
    rules: Arc<Rules>,
}

impl RulesKept {
    fn at(&self, register: &Arc<Register>, now: Timestamp) -> Option<Arc<Rules>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stands =
            |kept: &&Kept| Arc::ptr_eq(&kept.register, register) && kept.from <= now && now < kept.until;
        kept.as_ref().filter(stands).map(|kept| Arc::clone(&kept.rules))
    }

    fn keep(&self, known: &Known, rules: &Arc<Rules>) {
        let from = known.policies.changes().take_while(|change| *change <= known.at).last();
        let kept = Kept {
            register: Arc::clone(&known.register),
            from: from.unwrap_or(Timestamp::MIN),
            until: known.policies.changes().find(|change| *change > known.at).unwrap_or(Timestamp::MAX),
            rules: Arc::clone(rules),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }
}

impl Desk {
    /// Returns the rules in force now, whoever may see them.
    ///
    /// # Errors
    ///
    /// As every question.
    pub(in crate::desk::access) fn rules_in_force(&self) -> Result<Arc<Rules>, DeskError> {
        self.projections.catch_up()?;
        let register = self.projections.view(u64::MAX).register()?;
        if let Some(rules) = self.sights.rules.at(&register, (self.clock)()) {
            return Ok(rules);
        }
        let known = self.known(&When::default())?;
        let rules = Arc::new(Rules::of(&known));
        self.sights.rules.keep(&known, &rules);
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::desk::clock;
    use crate::desk::testing::{Fixture, on};
    use crate::domain::fact::Fact;
    use crate::domain::fact::register::PolicySet;
    use crate::domain::marking::Marking;

    #[test]
    fn rules_are_kept_until_the_log_or_the_clock_says_otherwise() {
        let moment = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = Arc::new(AtomicI64::new(moment("2026-05-01T00:00:00.000000Z").micros()));
        let ticking = Arc::clone(&now);
        let fixture = Fixture::with_clocks(
            clock::stopped(moment("2026-01-01T00:00:00.000000Z")),
            Arc::new(move || Timestamp::from_micros(ticking.load(Ordering::Relaxed)).unwrap()),
        );
        let desk = &fixture.desk;
        let stand = || {
            let (kept, again) = (desk.rules_in_force().unwrap(), desk.rules_in_force().unwrap());
            assert!(Arc::ptr_eq(&kept, &again));
            assert_eq!(*kept, Rules::of(&desk.known(&When::default()).unwrap()));
            kept
        };
        let none = stand();
        let marked = |level: &str| {
            let marking_default = Some(Marking(level.to_owned()));
            Fact::PolicySet(PolicySet { name: "default".to_owned(), marking_default, ..PolicySet::default() })
        };
        fixture.add(on("2026-06-01"), marked("TLP:AMBER"));
        fixture.add(on("2026-04-01"), marked("TLP:GREEN"));
        let green = stand();
        assert_ne!(none, green, "what was recorded counts at once");
        now.store(moment("2026-07-01T00:00:00.000000Z").micros(), Ordering::Relaxed);
        let amber = stand();
        assert_ne!(green, amber, "what was recorded ahead counts from its day on");
        now.store(moment("2026-05-02T00:00:00.000000Z").micros(), Ordering::Relaxed);
        assert_eq!(stand(), green, "and not before it, where the clock is set back");
        now.store(moment("2026-03-01T00:00:00.000000Z").micros(), Ordering::Relaxed);
        assert_eq!(stand(), none);
    }
}
