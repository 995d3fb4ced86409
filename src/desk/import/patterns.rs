//! Slips that files of this kind have: a reply that points one entry too far back, two acts in one line,
//! a date that stands only in the words.

use std::collections::HashMap;

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::{Fact, Kind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Relation;
use crate::domain::occurred::Occurred;
use crate::domain::reading::RawEvent;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// A meeting so soon after an overture between the same parties may be what was proposed.
const SOON_MICROS: i64 = 14 * 86_400 * 1_000_000;

/// Returns what the words of an entry say that its fields do not.
pub(super) fn in_words(event: &Event) -> Vec<String> {
    let mut doubtful = Vec::new();
    let envelope = &event.envelope;
    let date = envelope.occurred.as_ref().map(Occurred::as_str).unwrap_or_default();
    if date.contains(['?', '~', '%']) {
        doubtful.push(format!("the date has doubt: {date}"));
    }
    let summary = envelope.summary.as_deref().unwrap_or_default().to_lowercase();
    let note = envelope.note.as_deref().unwrap_or_default().to_lowercase();
    let kind = event.kind();
    let says = |words: &[&'static str]| words.iter().copied().find(|word| summary.contains(word));
    if kind == Kind::OvertureLapsed
        && (note.contains("reiterat") || says(&["once again", "reiterat"]).is_some())
    {
        doubtful
            .push("a lapse and a reiteration in one line: give the reiteration a row of its own".to_owned());
    }
    let proposes = matches!(kind.family(), "overture") || kind == Kind::ResponseCounterProposed;
    if (proposes || kind.family() == "channel")
        && let Some(word) = says(&[" accepts", " rejects", "; seoul answers", " ministry answers"])
    {
        doubtful.push(format!("a second act may stand in the words:{word}"));
    }
    if kind.family() == "call" {
        calls(event, &summary, &mut doubtful);
    }
    let changes = matches!(kind, Kind::ChannelSuspended | Kind::ChannelSevered | Kind::ChannelClosed);
    if changes && envelope.effective.is_none() && summary.contains("announces that") {
        doubtful.push("announced: give `effective` where it took effect at another time".to_owned());
    }
    doubtful
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only calls have slots")]
fn calls(event: &Event, summary: &str, doubtful: &mut Vec<String>) {
    let slots = match &event.fact {
        Fact::CallAnswered(call) | Fact::CallUnanswered(call) => call.slots.len(),
        _ => return,
    };
    let times = summary
        .split_whitespace()
        .filter(|word| {
            let word = word.trim_matches(|letter: char| !letter.is_ascii_digit());
            word.parse::<crate::domain::schedule::Slot>().is_ok()
        })
        .count();
    if times > slots.max(1) {
        doubtful.push("several calls stand in the words: give `slots`".to_owned());
    }
    let other = match event.kind() {
        Kind::CallUnanswered => summary.contains("call is answered") || summary.contains("call was taken"),
        _ => false,
    };
    if other {
        doubtful.push("a call that was answered stands in the words: give it a row of its own".to_owned());
    }
}

/// What two entries must have in common to be neighbours: their parties, whoever speaks.
type Pair = (Vec<EntityId>, Vec<EntityId>);

/// The rows of a file beside each other.
pub(super) struct Neighbours<'a> {
    known: &'a Known,
    zone: Zone,
    by_id: HashMap<EventId, &'a Event>,
    /// The overtures between two parties, by when they were made.
    overtures: HashMap<Pair, Vec<(Timestamp, EventId)>>,
}

impl<'a> Neighbours<'a> {
    pub(super) fn of(known: &'a Known, rows: impl Iterator<Item = &'a RawEvent>) -> Self {
        let zone = known.zone;
        let mut neighbours = Self { known, zone, by_id: HashMap::new(), overtures: HashMap::new() };
        for raw in rows {
            let Some(event) = &raw.event else { continue };
            neighbours.by_id.insert(raw.id, event);
            let offers =
                matches!(event.kind().subject(), Subject::Creates(crate::domain::fact::EntityKind::Overture))
                    || event.kind() == Kind::ResponseCounterProposed;
            if let (true, Some(made)) = (offers, &event.envelope.occurred) {
                neighbours.overtures.entry(pair(event)).or_default().push((made.earliest(&zone), raw.id));
            }
        }
        neighbours.overtures.values_mut().for_each(|made| made.sort_unstable());
        neighbours
    }

    /// Returns what is doubtful about an entry beside the others.
    pub(super) fn look(&self, raw: &RawEvent) -> Result<Vec<String>, DeskError> {
        let mut doubtful = Vec::new();
        let Some(event) = &raw.event else { return Ok(doubtful) };
        for link in event.envelope.links.iter().filter(|link| link.relation.enters_history()) {
            let Some((target, handle)) = self.target(link.target)? else { continue };
            beside(event, &target, &handle, &mut doubtful);
            // A paper may point at any other, earlier or later; a word on an offer comes after it.
            let points = link.relation == Relation::Concerns && target.kind().family() != "overture";
            if !points
                && let (Some(own), Some(other)) = (&event.envelope.occurred, &target.envelope.occurred)
                && own.latest(&self.zone) < other.earliest(&self.zone)
            {
                doubtful.push(format!("is in reply to {handle}, which came later"));
            }
        }
        self.unlinked_meeting(event, &mut doubtful);
        Ok(doubtful)
    }

    fn target(&self, id: EventId) -> Result<Option<(Event, String)>, DeskError> {
        let event = match self.by_id.get(&id) {
            Some(event) => Some((*event).clone()),
            None => self.known.entry(id)?.and_then(|entry| entry.event),
        };
        Ok(event.map(|event| {
            let handle = Known::handle(id, Some(&event));
            (event, handle)
        }))
    }

    fn unlinked_meeting(&self, event: &Event, doubtful: &mut Vec<String>) {
        let envelope = &event.envelope;
        let linked = envelope.links.iter().any(|link| link.relation.enters_history());
        if event.kind().family() != "meeting" || linked {
            return;
        }
        let Some(held) = envelope.occurred.as_ref().map(|occurred| occurred.earliest(&self.zone)) else {
            return;
        };
        let made = self.overtures.get(&pair(event)).map_or(&[][..], Vec::as_slice);
        let before = made.partition_point(|(made, _)| *made < held);
        let Some((_, id)) = before
            .checked_sub(1)
            .and_then(|place| made.get(place))
            .filter(|(made, _)| held.micros() - made.micros() <= SOON_MICROS)
        else {
            return;
        };
        let handle = Known::handle(*id, self.by_id.get(id).copied());
        doubtful.push(format!("soon after {handle} between the same parties, and not linked to it"));
    }
}

fn beside(event: &Event, target: &Event, handle: &str, doubtful: &mut Vec<String>) {
    let envelope = &event.envelope;
    let proposer = &target.envelope.from;
    let speaks_as_proposer = !envelope.from.is_empty()
        && envelope.from.iter().all(|party| proposer.contains(party))
        && !envelope.from.iter().any(|party| target.envelope.to.contains(party));
    if event.kind() == Kind::OvertureUrged && speaks_as_proposer {
        doubtful.push(format!("the proposer of {handle} urges an answer: that is a reiteration"));
    }
    // Conduct by the proposer is fulfilment of its offer, and whoever accepted takes that back itself.
    let takes_back = event.kind() == Kind::ResponseRescinded && target.kind().family() == "response";
    let answers = event.kind().family() == "response" && event.kind() != Kind::ResponseConduct && !takes_back;
    if answers && speaks_as_proposer {
        doubtful
            .push(format!("answers {handle}, which is of the same party; perhaps it answers a later one"));
    }
}

fn pair(event: &Event) -> Pair {
    let sorted = |ids: &[EntityId]| {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids
    };
    let (from, to) = (sorted(&event.envelope.from), sorted(&event.envelope.to));
    if from <= to { (from, to) } else { (to, from) }
}
