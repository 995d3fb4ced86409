//! What of the log decides who sees what of it, and what an entry would change of that: a marking scheme, how an entry
//! counts that nobody marked, what a channel asks for.

use std::collections::{BTreeMap, BTreeSet};

use crate::desk::access::{OtherRules, Rules, Wider, floors};
use crate::desk::error::DeskError;
use crate::desk::format::Trouble;
use crate::desk::known::Known;
use crate::desk::known::cleared::Cleared;
use crate::desk::recording::correction::refused;
use crate::desk::recording::second::{read_with, root};
use crate::domain::event::Event;
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::marking::Marking;
use crate::domain::policy::Policies;
use crate::domain::reading::{Entry, given};
use crate::domain::timestamp::Timestamp;
use crate::projections::register::PolicyEvent;
use crate::store::Body;

/// A log of so many events is looked through for what somebody would see: who begins a log sets its rules alone.
const LOOKED_THROUGH_MAX: u64 = 1_000;

/// Policies, and what channels ask for, as entries say it.
#[derive(Clone)]
pub(in crate::desk) struct Ruling {
    policies: Vec<PolicyEvent>,
    floors: BTreeMap<EntityId, Marking>,
}

/// Tells whether entries of a kind decide who sees what.
const fn rules(kind: Kind) -> bool {
    matches!(kind, Kind::PolicySet | Kind::PolicyEnded | Kind::ChannelRegistered)
}

impl Ruling {
    /// Returns that of the log.
    pub(in crate::desk) fn of(known: &Known) -> Self {
        Self { policies: known.register.policies().to_vec(), floors: floors(&known.register) }
    }

    /// Returns what it would be if an entry read so.
    #[must_use]
    pub(in crate::desk) fn with(&self, entry: &Entry) -> Self {
        let mut after = self.clone();
        let own = EntityId::from(entry.id);
        after.policies.retain(|policy| policy.id != entry.id);
        after.floors.remove(&own);
        let Some(event) = entry.event.as_ref().filter(|_| !entry.struck) else { return after };
        #[expect(clippy::wildcard_enum_match_arm, reason = "other facts decide nothing of it")]
        match &event.fact {
            Fact::PolicySet(_) | Fact::PolicyEnded(_) => after.policies.push(PolicyEvent {
                position: entry.position,
                at: entry.at,
                id: entry.id,
                event: event.clone(),
            }),
            Fact::ChannelRegistered(channel) => {
                after.floors.extend(channel.marking_min.clone().map(|floor| (own, floor)));
            }
            _ => {}
        }
        after
    }

    fn policies(&self, known: &Known) -> Policies {
        let mut policies = Policies::default();
        for policy in &self.policies {
            policies.take(policy.position, policy.id, policy.at, &policy.event, &known.zone);
        }
        policies
    }

    /// Returns the rules with which it and `after` differ, now and whenever one of their policies begins or ends.
    fn beside(&self, after: &Self, known: &Known) -> Vec<(Timestamp, Rules, Rules)> {
        let [before_by, after_by] = [self, after].map(|ruling| ruling.policies(known));
        let changes = before_by.changes().chain(after_by.changes()).filter(|change| *change > known.at);
        let moments: BTreeSet<Timestamp> = changes.chain([known.at]).collect();
        let mut differing: Vec<(Timestamp, Rules, Rules)> = Vec::new();
        for moment in moments {
            let before = Rules::at(&before_by, moment, self.floors.clone());
            let after = Rules::at(&after_by, moment, after.floors.clone());
            let is_known = differing.iter().any(|(_, one, other)| *one == before && *other == after);
            if before != after && !is_known {
                differing.push((moment, before, after));
            }
        }
        differing
    }

    /// Returns how `after` in its place would let more people see what is recorded: where it does so now and the log is
    /// short, something of the log; where it will, the log is longer or whoever asks sees a part of it, whatever is
    /// recorded.
    ///
    /// # Errors
    ///
    /// Returns what the log says when it cannot be read.
    pub(in crate::desk) fn widened(&self, after: &Self, known: &Known) -> Result<Option<String>, DeskError> {
        let differing = self.beside(after, known);
        if differing.is_empty() {
            return Ok(None);
        }
        let cleared = known.cleared()?;
        for (moment, before, after) in &differing {
            let others = OtherRules::of(before, after, cleared.iter().map(|cleared| &cleared.level));
            let Some(may) = others.may_let_see() else { continue };
            if *moment > known.at {
                let words =
                    format!("from {} on {}", known.zone.local(*moment).format("%Y-%m-%d"), may.words());
                return Ok(Some(words));
            }
            let found = match others.everything() {
                Some(everything) => Some(everything),
                // What is hidden from whoever asks, or recorded while a long log is looked through, may be what would
                // be seen.
                None if known.is_part() || known.view.size() > LOOKED_THROUGH_MAX => Some(may),
                None => first_seen(known, &others)?,
            };
            if let Some(wider) = found {
                return Ok(Some(wider.words()));
            }
        }
        Ok(None)
    }

    /// Refuses `after` in its place where accounts are cleared for a level that would be none any more.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`], naming the accounts to whoever sees the whole log.
    pub(in crate::desk) fn keeps_levels(&self, after: &Self, known: &Known) -> Result<(), DeskError> {
        let differing = self.beside(after, known);
        if differing.is_empty() {
            return Ok(());
        }
        let cleared = known.cleared()?;
        for (_, before, after) in &differing {
            let is_stripped = |level: &Marking| {
                before.scheme().rank(level).is_some() && after.scheme().rank(level).is_none()
            };
            let stripped: Vec<&Cleared> =
                cleared.iter().filter(|cleared| is_stripped(&cleared.level)).collect();
            if !stripped.is_empty() {
                return Err(stripped_of(&stripped, &after.scheme().name));
            }
        }
        Ok(())
    }

    /// Returns a kind, or a family, that needs a second person by this, now or later, and would not by `after`.
    pub(in crate::desk) fn loses_a_second(&self, after: &Self, known: &Known) -> Option<String> {
        let [before_by, after_by] = [self, after].map(|ruling| ruling.policies(known));
        let changes = before_by.changes().chain(after_by.changes()).filter(|change| *change > known.at);
        let moments: BTreeSet<Timestamp> = changes.chain([known.at]).collect();
        let asked = |policies: &Policies, moment: Timestamp| -> BTreeSet<String> {
            policies.at(moment).into_iter().flat_map(|policy| policy.set.two_people.clone()).collect()
        };
        moments.into_iter().find_map(|moment| {
            let after = asked(&after_by, moment);
            asked(&before_by, moment).into_iter().find(|word| !after.contains(word))
        })
    }
}

/// What decides who sees what, as the entries of one submission change it, one after another.
#[derive(Default)]
pub(in crate::desk) struct Rolling(Option<Ruling>);

impl Rolling {
    /// Takes in an entry, or a correction of what is in the log, and returns how it would let more people see what is
    /// recorded.
    ///
    /// # Errors
    ///
    /// Returns why it is not recorded, by however many: accounts would hold a level that is none.
    pub(in crate::desk) fn take(
        &mut self,
        known: &Known,
        id: EventId,
        event: &Event,
    ) -> Result<Option<String>, Trouble> {
        let entry = match changed(known, id, event)? {
            Changed::Entry(entry) => entry,
            Changed::SameSubmission(decides) if decides || self.0.is_some() => {
                return Ok(Some("it corrects what is recorded with it, where policies are set".to_owned()));
            }
            Changed::Nothing | Changed::SameSubmission(_) => return Ok(None),
        };
        let before = self.0.take().unwrap_or_else(|| Ruling::of(known));
        let after = before.with(&entry);
        before.keeps_levels(&after, known).map_err(trouble)?;
        let widened = before.widened(&after, known).map_err(trouble)?;
        self.0 = Some(after);
        Ok(widened)
    }
}

/// Of what decides who sees what, what an event changes.
enum Changed {
    Nothing,
    /// An entry, as it would read.
    Entry(Box<Entry>),
    /// Perhaps something that is recorded with it; certainly where it says so.
    SameSubmission(bool),
}

fn changed(known: &Known, id: EventId, event: &Event) -> Result<Changed, Trouble> {
    let Some(target) = event.entry() else {
        // What no entry names yet, a channel that is new, asks for nothing that is recorded.
        let is_policy = matches!(event.kind(), Kind::PolicySet | Kind::PolicyEnded);
        return Ok(if is_policy {
            Changed::Entry(Box::new(fresh(known, id, event)))
        } else {
            Changed::Nothing
        });
    };
    if matches!(event.fact, Fact::RecordAnnotated(_) | Fact::RecordLinked(_)) {
        return Ok(Changed::Nothing);
    }
    let Some(target) = known.view.event(target).map_err(|error| trouble(error.into()))? else {
        return Ok(Changed::SameSubmission(given(event).is_some_and(|reading| rules(reading.kind()))));
    };
    let (entry, _) = root(known, &target)?;
    let after = read_with(known, &entry, id, event, &target)?;
    let before = known.entry(entry.id).map_err(trouble)?.and_then(|entry| entry.event);
    let readings =
        [entry.event.as_ref(), before.as_ref(), after.as_ref().and_then(|after| after.event.as_ref())];
    let decides = readings.into_iter().flatten().any(|event| rules(event.kind()));
    Ok(after.filter(|_| decides).map_or(Changed::Nothing, |after| Changed::Entry(Box::new(after))))
}

fn fresh(known: &Known, id: EventId, event: &Event) -> Entry {
    Entry {
        position: known.view.size(),
        at: known.at,
        id,
        actor: ActorId::from_uuid(*id.as_uuid()),
        event: Some(event.clone()),
        removed: None,
        struck: false,
        amended: 0,
        amendment: None,
    }
}

/// Returns the first thing of the log that somebody would see.
fn first_seen(known: &Known, others: &OtherRules<'_>) -> Result<Option<Wider>, DeskError> {
    for position in 0..known.view.size() {
        let Some(recorded) = known.view.recorded(position)? else { break };
        let Body::Plain(body) = &recorded.body else { continue };
        let event = Event::decode(recorded.schema, body).ok();
        if let Some(wider) = event.and_then(|event| others.lets_see(&event)) {
            return Ok(Some(wider));
        }
    }
    Ok(None)
}

fn stripped_of(stripped: &[&Cleared], scheme: &str) -> DeskError {
    let words = stripped.iter().map(|cleared| match cleared.names.as_slice() {
        [] => format!("accounts are cleared for {}", cleared.level.0),
        [one] => format!("{one} is cleared for {}", cleared.level.0),
        several => format!("{} are cleared for {}", several.join(", "), cleared.level.0),
    });
    let words: Vec<String> = words.collect();
    DeskError::Refused {
        rule: format!("{}, and {scheme} would have no such level: they would see nothing", words.join("; ")),
        hints: vec![
            "keep the level in the scheme, clear the accounts for another one (`account clearance`), and take it out \
             then"
                .to_owned(),
        ],
    }
}

/// Returns an error of the log, or a refusal, as trouble with a field.
#[expect(clippy::wildcard_enum_match_arm, reason = "every other error is one of the log")]
fn trouble(error: DeskError) -> Trouble {
    match error {
        DeskError::Refused { rule, hints } => refused("kind", rule, hints.first().map_or("", String::as_str)),
        other => Trouble::in_name("target", other, ""),
    }
}
