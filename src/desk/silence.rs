//! Since when someone has been silent towards someone: the last act of each sort, way, channel and topic,
//! and the findings that hold beside it.
//!
//! An act counts for the party and for every party that it is a body of. A call that is answered and a
//! meeting that takes place are acts of both sides. A response that names no overture answers nothing and is
//! a remark.

mod act;
mod acts;
mod findings;
mod removed;
mod sides;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::silence::{ChannelSilence, Last, SilenceMatrix, SilenceRow};
use crate::desk::ask::{SilenceAsk, When};
use crate::desk::channels::one;
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::desk::silence::act::Act;
use crate::desk::silence::acts::Acts;
pub(in crate::desk) use crate::desk::silence::acts::{ACTS_OF_ADDRESSEES, ACTS_OF_PROPOSERS};
use crate::desk::silence::sides::Channels;
pub(in crate::desk) use crate::desk::silence::sides::{Side, lines_by_ends};
use crate::domain::fact::register::Sort;
use crate::domain::id::EntityId;
use crate::domain::words::Directness;

/// Up to so many topics of the log each is looked up.
const TOPICS_MAX: usize = 64;
/// Where there are more, those of so many of the latest acts are told.
const TOPIC_ACTS_MAX: usize = 64;

/// A cell of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    /// Any act.
    Any,
    /// An answer to an overture of the other side.
    Answer,
    /// One that came from the one to the other.
    DirectAnswer,
    /// A message.
    Message,
    /// A call that was taken.
    AnsweredCall,
    /// A meeting that took place.
    Talks,
    /// Something said in public to the other side, or a response to nothing.
    PublicRemark,
    /// Something said in public to nobody who is named.
    RemarkToNobody,
    /// An act that reached the other side in a way; none where nothing tells the way.
    Way(Option<Directness>),
    /// An act on a topic.
    Topic(String),
    /// An act over a channel.
    Channel(EntityId),
    /// A call on a line that was taken, by whoever made it.
    CallTaken(EntityId),
    /// A call on a line that was tried.
    Attempt(EntityId),
}

impl Cell {
    /// Tells whether only what answers an offer counts in it.
    const fn is_answer(&self) -> bool {
        matches!(self, Self::Answer | Self::DirectAnswer)
    }
}

/// The sorts of acts, in the order in which they are shown.
const SORTS: [(Cell, &str); 7] = [
    (Cell::DirectAnswer, "direct_answer"),
    (Cell::Answer, "answer"),
    (Cell::Message, "message"),
    (Cell::AnsweredCall, "answered_call"),
    (Cell::Talks, "talks"),
    (Cell::PublicRemark, "public_remark"),
    (Cell::RemarkToNobody, "remark_to_nobody"),
];

impl Desk {
    /// As [`Desk::silence`].
    pub(super) fn silence_of(
        &self,
        when: &When,
        ask: &SilenceAsk,
    ) -> Result<Answer<SilenceMatrix>, DeskError> {
        let known = self.known(when)?;
        if ask.party.trim().is_empty() {
            return Err(Fault::in_field("party", "nobody is named; write PRK").into());
        }
        let silent = Side::named(&known, &ask.party)?;
        let towards = ask.towards.as_deref().map(|typed| Side::named(&known, typed)).transpose()?;
        if towards.as_ref().is_some_and(|towards| towards.name == silent.name) {
            let detail = format!("{} is whose silence is asked about; name another party", silent.name);
            return Err(Fault::in_field("towards", detail).into());
        }
        let matrix = matrix(&known, &silent, towards.as_ref())?;
        Ok(known.answer(matrix))
    }
}

fn matrix(known: &Known, silent: &Side, towards: Option<&Side>) -> Result<SilenceMatrix, DeskError> {
    let channels = Channels::of(known);
    let acts = Acts::found(known, silent, towards, &channels)?;
    let last = |cell: &Cell| acts.newest.get(cell).map_or(Ok(Last::NotRecorded), |act| told(known, act));
    let rows = |cells: &mut dyn Iterator<Item = (Cell, String)>| {
        cells
            .map(|(cell, what)| Ok(SilenceRow { what, last: last(&cell)? }))
            .collect::<Result<Vec<_>, DeskError>>()
    };
    let sorts = rows(&mut SORTS.into_iter().map(|(cell, what)| (cell, what.to_owned())))?;
    let ways = Directness::ALL.iter().map(|way| (Cell::Way(Some(*way)), way.to_string()));
    let mut directness = rows(&mut ways.chain([(Cell::Way(None), "untold".to_owned())]))?;
    // That nothing tells the way is worth a line only where there is such an act.
    directness.retain(|row| row.what != "untold" || row.last != Last::NotRecorded);
    let (topics, topics_of_latest) = topics(known, &acts)?;
    let removed = removed::between(known, silent, towards, &acts.lines)?;
    Ok(SilenceMatrix {
        party: silent.name.clone(),
        towards: towards.map(|side| side.name.clone()),
        last: last(&Cell::Any)?,
        acts: sorts,
        directness,
        channels: by_channel(known, &channels, &acts)?,
        topics,
        topics_of_latest,
        removed,
        findings: findings::findings(known, silent, towards, &acts, removed)?,
    })
}

/// Returns what was heard over each line between the two, and over whatever else carried something.
fn by_channel(known: &Known, channels: &Channels, acts: &Acts) -> Result<Vec<ChannelSilence>, DeskError> {
    let mut rows = Vec::new();
    for (id, sort) in channels.all.iter().filter(|(id, _)| one::stands_for_itself(known, *id)) {
        // What goes by several names was heard when any of them was.
        let names = known.register.one_with(*id);
        let newest = |cell: fn(EntityId) -> Cell| {
            names.iter().filter_map(|id| acts.newest.get(&cell(*id))).max_by_key(|act| act.key)
        };
        let last = |cell| newest(cell).map_or(Ok(Last::NotRecorded), |act| told(known, act));
        let line = names.iter().any(|id| acts.lines.contains(id));
        if !line && newest(Cell::Channel).is_none() {
            continue;
        }
        rows.push(ChannelSilence {
            channel: known.named(*id)?,
            one_with: one::one_with(known, *id)?,
            sort: if line { Sort::Line } else { *sort }.as_str().to_owned(),
            last: last(Cell::Channel)?,
            answered_call: line.then(|| last(Cell::CallTaken)).transpose()?,
            attempt: line.then(|| last(Cell::Attempt)).transpose()?,
        });
    }
    let rank = |row: &ChannelSilence| i32::from(row.attempt.is_none());
    rows.sort_by(|one, other| (rank(one), &one.channel.name).cmp(&(rank(other), &other.channel.name)));
    Ok(rows)
}

/// Returns the last act on each topic, the latest first; of how many acts the topics are, where not of all.
fn topics(known: &Known, acts: &Acts) -> Result<(Vec<SilenceRow>, Option<u64>), DeskError> {
    let mut by_topic: BTreeMap<&str, &Act> = BTreeMap::new();
    for (cell, act) in &acts.newest {
        if let Cell::Topic(topic) = cell {
            by_topic.insert(topic, act);
        }
    }
    if !acts.every_topic {
        for act in &acts.latest {
            let topics = act.entry.event.as_ref().map_or(&[][..], |event| event.envelope.topics.as_slice());
            for topic in topics {
                by_topic.entry(topic).or_insert(act);
            }
        }
    }
    let mut found: Vec<(&str, &Act)> = by_topic.into_iter().collect();
    found.sort_by(|(one, first), (other, second)| second.key.cmp(&first.key).then(one.cmp(other)));
    let rows = found
        .into_iter()
        .map(|(topic, act)| Ok(SilenceRow { what: topic.to_owned(), last: told(known, act)? }));
    let rows = rows.collect::<Result<Vec<_>, DeskError>>()?;
    let of_latest =
        (!acts.every_topic && acts.latest.len() >= TOPIC_ACTS_MAX).then_some(acts.latest.len() as u64);
    Ok((rows, of_latest))
}

/// Returns an act as the matrix tells it.
fn told(known: &Known, act: &Act) -> Result<Last, DeskError> {
    Ok(Last::Recorded(Box::new(act.told(known)?)))
}
