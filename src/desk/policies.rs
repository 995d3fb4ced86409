//! Which house rules and agreed rules there are and were, for whom, from when to when.

use crate::desk::Desk;
use crate::desk::answer::policy::PolicyRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{PoliciesAsk, When};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::fact::Fact;
use crate::domain::fact::register::PolicySet;
use crate::domain::id::EventId;
use crate::domain::occurred::Occurred;
use crate::domain::timestamp::Timestamp;
use crate::projections::register::PolicyEvent;

/// A setting or an ending of a policy, with the moment from which it counts.
struct Change<'a> {
    from: Timestamp,
    event: &'a PolicyEvent,
    name: &'a str,
    set: Option<&'a PolicySet>,
}

impl Desk {
    /// As [`Desk::policies`].
    pub(super) fn list_policies(
        &self,
        when: &When,
        ask: &PoliciesAsk,
    ) -> Result<Answer<Page<PolicyRow>>, DeskError> {
        let known = self.known(when)?;
        let register = std::sync::Arc::clone(&known.register);
        let changes = changes(&known, register.policies());
        let in_force: Vec<EventId> = known.policies.at(known.at).iter().map(|policy| policy.id).collect();
        let mut items = Vec::new();
        for (place, change) in changes.iter().enumerate() {
            let Some(set) = change.set else { continue };
            let holds = in_force.contains(&change.event.id);
            if ask.all || holds {
                let later = changes.iter().skip(place + 1).find(|later| later.name == change.name);
                items.push(row(&known, change, set, later, holds)?);
            }
        }
        if items.is_empty() {
            known.notice(
                "without a policy nothing is derived: an offer without a deadline stays pending, a line keeps its \
                 last state",
            );
        }
        let total = items.len() as u64;
        Ok(known.answer(Page { items, next: None, total }))
    }
}

/// Returns the changes in the order in which they take effect, as [`crate::domain::policy::Policies`] has
/// them.
fn changes<'a>(known: &Known, policies: &'a [PolicyEvent]) -> Vec<Change<'a>> {
    let change = |event: &'a PolicyEvent| {
        #[expect(clippy::wildcard_enum_match_arm, reason = "other facts are no policies")]
        let (name, set) = match &event.event.fact {
            Fact::PolicySet(set) => (set.name.as_str(), Some(set)),
            Fact::PolicyEnded(ended) => (ended.name.as_str(), None),
            _ => return None,
        };
        let from = effect(event).map_or(event.at, |effect| effect.earliest(&known.zone));
        Some(Change { from, event, name, set })
    };
    let mut changes: Vec<Change<'_>> = policies.iter().filter_map(change).collect();
    changes.sort_by_key(|change| (change.from, change.event.position));
    changes
}

fn effect(event: &PolicyEvent) -> Option<&Occurred> {
    let envelope = &event.event.envelope;
    envelope.effective.as_ref().or(envelope.occurred.as_ref())
}

fn row(
    known: &Known,
    change: &Change<'_>,
    set: &PolicySet,
    later: Option<&Change<'_>>,
    in_force: bool,
) -> Result<PolicyRow, DeskError> {
    let date = |change: &Change<'_>| {
        let recorded = || Occurred::from_instant(known.zone.local(change.event.at));
        Known::date(&effect(change.event).cloned().unwrap_or_else(recorded))
    };
    let ended_by = later.map(|later| known.entry(later.event.id)).transpose()?.flatten();
    Ok(PolicyRow {
        id: change.event.id,
        name: set.name.clone(),
        from: date(change),
        until: later.map(date),
        ended_by: ended_by.map(|entry| known.recognised(&entry)).transpose()?,
        in_force,
        rules: rules(set),
        agreed: set.agreed,
        proposers: known.all_named(&set.from)?,
        addressees: known.all_named(&set.to)?,
        channels: known.all_named(&set.channels)?,
        kinds: set.kinds.iter().map(ToString::to_string).collect(),
        recorded_by: known.entry(change.event.id)?.map(|entry| known.recorder(&entry)).unwrap_or_default(),
        recorded_at: change.event.at,
        reason: change.event.event.envelope.reason.clone(),
    })
}

/// Returns what a policy says, in words.
fn rules(set: &PolicySet) -> Vec<String> {
    let times = |number: u32| if number == 1 { "call".to_owned() } else { format!("{number} calls") };
    [
        set.response_within.map(|span| format!("an answer within {}", span.words())),
        set.missed_attempts_max.map(|most| format!("unresponsive after {} missed in a row", times(most))),
        set.dormant_after.map(|span| format!("dormant after {} without a call", span.words())),
        set.stalled_after.map(|span| format!("stalled after {} without a session", span.words())),
        (!set.two_people.is_empty()).then(|| format!("two people for {}", set.two_people.join(", "))),
        set.marking_scheme.as_ref().map(|_| "a marking scheme".to_owned()),
        set.marking_default.as_ref().map(|marking| format!("marked {} where nothing is said", marking.0)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::testing::{Fixture, on};
    use crate::domain::fact::Kind;
    use serde_json::json;

    #[test]
    fn a_policy_has_a_beginning_an_end_and_those_for_whom_it_holds() {
        let fixture = Fixture::new();
        let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
        let set = |date: &str, detail: serde_json::Value| {
            fixture.add(on(date), Kind::PolicySet.decode(&detail.to_string()).unwrap());
        };
        set(
            "2020-01-01",
            json!({"name": "fortnight", "from": [south], "to": [north], "response_within": "P14D",
            "kinds": ["overture.proposed"]}),
        );
        set("2021-01-01", json!({"name": "fortnight", "response_within": "P7D"}));
        fixture.add(on("2022-06-01"), Kind::PolicyEnded.decode(r#"{"name":"fortnight"}"#).unwrap());
        set("2022-07-01", json!({"name": "calls", "missed_attempts_max": 3}));
        let list = |at: &str, all| {
            let when = When { at: Some(at.to_owned()), ..When::default() };
            fixture.desk.list_policies(&when, &PoliciesAsk { all }).unwrap().data.items
        };
        let rows = list("2020-06-01", true);
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                (row.name.as_str(), row.until.as_ref().map(|until| until.value.as_str()), row.in_force)
            })
            .collect();
        assert_eq!(
            told,
            [
                ("fortnight", Some("2021-01-01"), true),
                ("fortnight", Some("2022-06-01"), false),
                ("calls", None, false)
            ]
        );
        assert_eq!(rows[0].rules, ["an answer within 14 days"]);
        assert_eq!(
            (rows[0].proposers[0].name.as_str(), rows[0].kinds[0].as_str()),
            ("KOR", "overture.proposed")
        );
        assert_eq!(list("2022-06-15", false), []);
        assert_eq!(list("2023-01-01", false).len(), 1);
    }
}
