//! The table of transitions: what one fact makes of the state of a channel (DOMAIN 3.1 and 3.8).

use serde::{Deserialize, Serialize};

use crate::domain::channel::ChannelState;
use crate::domain::channel::ChannelState::{
    Active, Closed, Degraded, Dormant, Planned, Severed, Suspended, Unresponsive,
};
use crate::domain::fact::Fact;
use crate::domain::fact::channel::Works;
use crate::domain::words::Evidence;

/// What a transition depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circuit {
    /// The state; none while nothing is known that gives it one.
    pub state: Option<ChannelState>,
    /// The state in which our own side stopped calling, to which it returns when calls are resumed.
    pub before_rest: Option<ChannelState>,
    /// There is damage that nobody has said to be mended.
    pub damaged: bool,
    /// The number of its period, from 1.
    pub epoch: u32,
}

impl Default for Circuit {
    fn default() -> Self {
        Self { state: None, before_rest: None, damaged: false, epoch: 1 }
    }
}

/// What a fact made of a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What holds now.
    pub after: Circuit,
    /// What a rule would have allowed it after; none where one allows it.
    pub expected: Option<&'static str>,
}

impl Circuit {
    /// Returns what holds after a fact about the channel; a fact of another kind changes nothing.
    ///
    /// Total. A repeated fact confirms. One that no rule allows moves the state to what it says, except
    /// that worse news of a state that is worse already leaves it there: a cut does not reopen what is
    /// closed. Counters and clocks are not told here.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts move no channel")]
    pub fn after(self, fact: &Fact) -> Step {
        match fact {
            Fact::ChannelBaseline(baseline) => match baseline.state {
                Some(state) => self.fits(state),
                None => self.stays(),
            },
            Fact::ChannelOpened(works) => self.opened(works),
            Fact::ChannelRepaired(works) => self.repaired(works),
            Fact::ChannelRestored(works) => self.restored(works),
            Fact::ChannelReopened(works) => self.reopened(works),
            Fact::ChannelAbandoned(_) => match self.state {
                None | Some(Planned | Closed) => self.fits(Closed),
                Some(_) => self.misfits(Closed, "planned"),
            },
            Fact::ChannelDegraded(_) => self.degraded(),
            Fact::ChannelSuspended(_) => match self.state {
                None | Some(Active | Degraded | Unresponsive | Dormant | Suspended) => self.fits(Suspended),
                Some(Planned) => self.misfits(Suspended, "channel.opened before it"),
                Some(Severed) => self.misfits(Severed, "active, degraded, unresponsive or dormant"),
                Some(Closed) => self.misfits(Closed, "channel.reopened before it"),
            },
            Fact::ChannelSevered(_) => match self.state {
                Some(Planned) => self.misfits(Severed, "channel.opened before it"),
                Some(Closed) => self.misfits(Closed, "channel.reopened before it"),
                None | Some(Active | Degraded | Unresponsive | Dormant | Suspended | Severed) => {
                    self.fits(Severed)
                }
            },
            Fact::ChannelClosed(_) => self.fits(Closed),
            Fact::ChannelUnresponsive(_) => match self.state {
                // That nobody answers on a line that is cut or closed confirms what is known of it.
                Some(Suspended | Severed | Closed) => self.stays(),
                Some(Planned) => self.misfits(Unresponsive, "channel.opened before it"),
                None | Some(Active | Degraded | Unresponsive | Dormant) => self.fits(Unresponsive),
            },
            Fact::CallAnswered(_) => self.answered(),
            Fact::CallUnanswered(_) => match self.state {
                Some(Dormant) => self.fits(Unresponsive),
                _ => self.stays(),
            },
            Fact::CallsDiscontinued(_) => match self.state {
                Some(Suspended | Severed | Closed | Dormant) => self.stays(),
                before => {
                    let rests = Self { before_rest: before, ..self };
                    rests.fits(Dormant)
                }
            },
            Fact::CallsResumed(_) => match (self.state, self.before_rest) {
                (Some(Dormant), Some(before)) => self.fits(before),
                _ => self.stays(),
            },
            _ => self.stays(),
        }
    }

    fn opened(self, works: &Works) -> Step {
        match self.state {
            None | Some(Planned | Active) => self.works(works),
            Some(Closed) => self.misfit_works(works, "channel.reopened"),
            Some(Degraded | Unresponsive | Dormant | Suspended | Severed) => {
                self.misfit_works(works, "planned")
            }
        }
    }

    fn repaired(self, works: &Works) -> Step {
        match self.state {
            _ if announced(works) => self.stays(),
            None | Some(Active | Degraded) => self.works(works),
            // The damage is mended, and nothing else is said: whoever cut the line has not restored it.
            Some(Unresponsive | Dormant | Suspended | Severed) if self.damaged => {
                let mended = Self { damaged: works.partly, ..self };
                mended.stays()
            }
            Some(Planned | Unresponsive | Dormant | Suspended | Severed | Closed) => {
                self.misfit_works(works, "degraded, or damage before it")
            }
        }
    }

    fn restored(self, works: &Works) -> Step {
        match self.state {
            // "Restoration announced" alone changes nothing.
            _ if announced(works) => self.stays(),
            Some(Planned) => self.misfit_works(works, "channel.opened before it"),
            Some(Closed) => self.misfit_works(works, "channel.reopened"),
            None | Some(Active | Degraded | Unresponsive | Dormant | Suspended | Severed) => {
                self.works(works)
            }
        }
    }

    fn reopened(self, works: &Works) -> Step {
        match self.state {
            _ if announced(works) => self.stays(),
            None | Some(Closed | Active) => self.works(works),
            Some(Planned | Degraded | Unresponsive | Dormant | Suspended | Severed) => {
                self.misfit_works(works, "closed")
            }
        }
    }

    fn degraded(self) -> Step {
        let damaged = Self { damaged: true, ..self };
        match self.state {
            None | Some(Active | Degraded | Dormant) => damaged.fits(Degraded),
            // Further damage to a line on which nobody answers, or that is cut: remembered.
            Some(Unresponsive | Suspended | Severed) => damaged.stays(),
            Some(Planned) => damaged.misfits(Degraded, "channel.opened before it"),
            Some(Closed) => damaged.misfits(Closed, "channel.reopened before it"),
        }
    }

    fn answered(self) -> Step {
        match self.state {
            Some(Degraded) => self.stays(),
            None | Some(Active | Unresponsive | Dormant | Suspended | Severed) => self.fits(Active),
            Some(Planned) => self.misfits(Active, "channel.opened before it"),
            Some(Closed) => self.misfits(Active, "channel.reopened before it"),
        }
    }

    fn works(self, works: &Works) -> Step {
        let mended = Self { damaged: works.partly && self.damaged, ..self };
        mended.fits(if works.partly { Degraded } else { Active })
    }

    fn misfit_works(self, works: &Works, expected: &'static str) -> Step {
        Step { expected: Some(expected), ..self.works(works) }
    }

    const fn stays(self) -> Step {
        Step { after: self, expected: None }
    }

    fn fits(self, state: ChannelState) -> Step {
        let reopened = self.state == Some(Closed) && state != Closed;
        let after = Self {
            state: Some(state),
            before_rest: self.before_rest.filter(|_| state == Dormant),
            epoch: self.epoch.saturating_add(u32::from(reopened)),
            ..self
        };
        Step { after, expected: None }
    }

    fn misfits(self, state: ChannelState, expected: &'static str) -> Step {
        Step { expected: Some(expected), ..self.fits(state) }
    }
}

fn announced(works: &Works) -> bool {
    works.evidence == Some(Evidence::Announced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fact::Kind;

    #[track_caller]
    fn check(from: Option<ChannelState>, facts: &[(Kind, &str)], to: Option<ChannelState>, fits: bool) {
        let mut circuit = Circuit { state: from, ..Circuit::default() };
        let mut all_fit = true;
        for (kind, detail) in facts {
            let step = circuit.after(&kind.decode(detail).unwrap());
            circuit = step.after;
            all_fit &= step.expected.is_none();
        }
        assert_eq!((circuit.state, all_fit), (to, fits), "{from:?} {facts:?}");
    }

    #[test]
    fn a_repeated_fact_confirms_and_is_never_an_anomaly() {
        for kind in Kind::ALL.iter().filter(|kind| {
            let name = kind.as_str();
            name.starts_with("channel.") || name.starts_with("call")
        }) {
            let Ok(fact) = kind.decode("{}") else { continue };
            for state in ChannelState::ALL.iter().copied().map(Some).chain([None]) {
                let once = Circuit { state, ..Circuit::default() }.after(&fact).after;
                let twice = once.after(&fact);
                assert_eq!(twice.after.state, once.state, "{} on {state:?}", kind.as_str());
                // What did not fit at first, because something is missing, fits no better for being
                // repeated when it left the state where it was.
                if once.state != state {
                    assert_eq!(twice.expected, None, "{} on {state:?}", kind.as_str());
                }
            }
        }
    }

    #[test]
    fn a_first_entry_needs_no_baseline() {
        for (kind, state) in [
            (Kind::ChannelSevered, Some(Severed)),
            (Kind::ChannelRestored, Some(Active)),
            (Kind::CallAnswered, Some(Active)),
            (Kind::ChannelUnresponsive, Some(Unresponsive)),
            (Kind::CallsDiscontinued, Some(Dormant)),
            (Kind::CallUnanswered, None),
            (Kind::CallDeclined, None),
        ] {
            check(None, &[(kind, "{}")], state, true);
        }
    }

    #[test]
    fn an_announced_restoration_alone_changes_nothing() {
        check(Some(Severed), &[(Kind::ChannelRestored, r#"{"evidence":"announced"}"#)], Some(Severed), true);
        check(Some(Severed), &[(Kind::ChannelRestored, r#"{"evidence":"observed"}"#)], Some(Active), true);
        check(Some(Severed), &[(Kind::ChannelRestored, r#"{"partly":true}"#)], Some(Degraded), true);
    }

    #[test]
    fn a_cut_line_stays_cut_until_it_is_restored_or_a_call_is_taken() {
        let attempts = [
            (Kind::CallUnanswered, "{}"),
            (Kind::CallsDiscontinued, "{}"),
            (Kind::ChannelDegraded, "{}"),
            (Kind::ChannelRepaired, "{}"),
            (Kind::ChannelUnresponsive, "{}"),
            (Kind::CallDeclined, "{}"),
        ];
        for state in [Suspended, Severed] {
            check(Some(state), &attempts, Some(state), true);
            check(Some(state), &[(Kind::CallAnswered, "{}")], Some(Active), true);
        }
    }

    #[test]
    fn what_no_rule_allows_moves_the_state_and_is_told() {
        check(Some(Closed), &[(Kind::CallAnswered, "{}")], Some(Active), false);
        check(Some(Closed), &[(Kind::ChannelSevered, "{}")], Some(Closed), false);
        check(Some(Severed), &[(Kind::ChannelOpened, "{}")], Some(Active), false);
        check(Some(Active), &[(Kind::ChannelAbandoned, "{}")], Some(Closed), false);
        check(Some(Severed), &[(Kind::ChannelSuspended, "{}")], Some(Severed), false);
    }

    #[test]
    fn a_line_that_is_called_again_is_what_it_was_before_the_rest() {
        for state in [Active, Degraded, Unresponsive] {
            let rest = [(Kind::CallsDiscontinued, "{}"), (Kind::CallsResumed, "{}")];
            check(Some(state), &rest[..1], Some(Dormant), true);
            check(Some(state), &rest, Some(state), true);
        }
        check(
            Some(Active),
            &[(Kind::CallsDiscontinued, "{}"), (Kind::CallUnanswered, "{}")],
            Some(Unresponsive),
            true,
        );
    }

    #[test]
    fn a_new_period_begins_when_what_was_closed_works_again() {
        let closed = Circuit { state: Some(Closed), ..Circuit::default() };
        let again = closed.after(&Kind::ChannelReopened.decode("{}").unwrap());
        assert_eq!((again.after.epoch, again.after.state, again.expected), (2, Some(Active), None));
        assert_eq!(again.after.after(&Kind::ChannelReopened.decode("{}").unwrap()).after.epoch, 2);
    }

    /// The transitions of the published table; those with words for an event are derived.
    #[test]
    fn the_published_table_is_kept() {
        let Some(text) = crate::testing::shared("state-machines.json") else { return };
        let table: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut checked = 0;
        for row in table["channel"]["transitions"].as_array().unwrap() {
            let [from, event, to] = [0, 1, 2].map(|column| row[column].as_str().unwrap());
            let derived = row[3].as_str().is_some_and(|remark| remark.starts_with("derived"));
            let Some(kind) = Kind::ALL.iter().find(|kind| kind.as_str() == event).filter(|_| !derived) else {
                continue;
            };
            let detail = match event {
                "channel.baseline" => r#"{"state":"severed"}"#,
                "channel.capability_changed" => r#"{"capability":"fax","works":false}"#,
                "channel.schedule_changed" => r#"{"schedule":null}"#,
                _ => "{}",
            };
            let fact = kind.decode(detail).unwrap();
            let all = |state: &&ChannelState| from != "any but closed" || **state != Closed;
            let from: Vec<ChannelState> = match from {
                "any" | "any but closed" => ChannelState::ALL.iter().filter(all).copied().collect(),
                several => several.split('|').map(|state| state.parse().unwrap()).collect(),
            };
            for state in from {
                let step = Circuit { state: Some(state), ..Circuit::default() }.after(&fact);
                let expected = match to {
                    "(unchanged)" => Some(state),
                    "(stated state)" => Some(Severed),
                    "(dormant, or unchanged on a cut line)" if state.is_cut() => Some(state),
                    "(dormant, or unchanged on a cut line)" => Some(Dormant),
                    word => Some(word.parse().unwrap()),
                };
                assert_eq!((step.after.state, step.expected), (expected, None), "{state} {event}");
                checked += 1;
            }
        }
        assert!(checked > 40, "only {checked} transitions were read");
    }
}
