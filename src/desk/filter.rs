//! What of the log is meant: the one filter language, read against the registers.

pub(crate) mod between;
mod grade;
pub(crate) mod items;
mod kind;
pub(in crate::desk) mod marking;
pub(crate) mod range;
pub(crate) mod selection;
mod status;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::desk::ask::{FilterAsk, When};
use crate::desk::error::DeskError;
use crate::desk::filter::items::{any_or_none, named};
use crate::desk::known::Known;
use crate::desk::search;
use crate::desk::series::{self, Talks};
use crate::domain::fact::EntityKind;
use crate::domain::id::{ActorId, EntityId};
use crate::domain::name::{Directory, Match, fold};
use crate::projections::timeline::TimelineQuery;

pub(crate) use self::selection::{Selected, Selection};

/// The spellings of a word that an item means; none stands for entries without such a word.
type Words = Result<Vec<Option<String>>, DeskError>;

/// What an item says that stands for entries which say nothing.
const NONE: &str = "none";

/// Returns the question to the index for what is meant, in no particular order.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`], [`DeskError::NotFound`] or [`DeskError::Ambiguous`] for what says nothing.
pub(crate) fn query(known: &Known, when: &When, ask: &FilterAsk) -> Result<TimelineQuery, DeskError> {
    let text = ask.text.as_deref().map(search::read).transpose()?;
    let every_party = || known.register.parties().map(|(id, _)| id).collect();
    let parties = |field: &str, typed: &Option<String>| {
        any_or_none(field, typed.as_deref(), every_party, |name| parties(known, name))
    };
    let every_channel = || known.register.channels().map(|(id, _)| id).collect();
    let mut query = TimelineQuery {
        channels: any_or_none("channel", ask.channel.as_deref(), every_channel, |name| {
            with_meetings(known, channel(known, name)?)
        })?,
        via: any_or_none("via", ask.via.as_deref(), every_channel, |name| channel(known, name))?,
        about: named("about", ask.about.as_deref(), |name| with_meetings(known, anything(known, name)?))?,
        between: between::between(known, ask.between.as_deref())?,
        from_party: parties("from_party", &ask.from_party)?,
        to_party: parties("to_party", &ask.to_party)?,
        party: parties("party", &ask.party)?,
        kinds: kind::kinds(ask)?,
        topics: named("topic", ask.topic.as_deref(), topics(known)?)?,
        markings: named("marking", ask.marking.as_deref(), marking::markings(known)?)?,
        grades: named("grade", ask.grade.as_deref(), grade::grades)?,
        recorders: named("recorder", ask.recorder.as_deref(), |name| {
            Ok(vec![ActorId::from_uuid(*known.names.recorder(name)?.as_uuid())])
        })?,
        positions: named("position", ask.position.as_deref(), |typed| Ok(vec![range::positions(typed)?]))?,
        ..TimelineQuery::default()
    };
    range::times(known, when, ask, &mut query)?;
    query.bookkeeping = ask.bookkeeping || kind::names_bookkeeping(&query.kinds);
    status::status(ask, &mut query)?;
    let persons = named("person", ask.person.as_deref(), |name| known.persons_named(name))?;
    let mut said = known.with_persons(&persons)?;
    if let Some(text) = text {
        let found = search::found(known, &known.under_every_name(text))?.positions();
        said = Some(said.map_or_else(|| found.clone(), |with| with & &found));
    }
    query.text = said.map(Arc::new);
    Ok(query)
}

/// Returns the channel of a name, the series of that name, or both where a forum carries its series.
pub(super) fn channel(known: &Known, name: &str) -> Result<Vec<EntityId>, DeskError> {
    // An entry that names a channel may mean whatever that was found to be since.
    let whole = |channel| known.register.found_with(channel);
    match (known.names.channel(name), known.names.series(name)) {
        (Ok(channel), Ok(series)) => Ok(whole(channel).into_iter().chain([series]).collect()),
        (Ok(id), Err(DeskError::NotFound { .. })) | (Err(DeskError::NotFound { .. }), Ok(id)) => {
            Ok(whole(id))
        }
        (Err(DeskError::NotFound { what, mut hints }), Err(DeskError::NotFound { hints: more, .. })) => {
            hints.extend(more);
            if known.names.party(name).is_ok() {
                hints.insert(
                    0,
                    format!("`{name}` is a party: `party`, `from_party` and `to_party` take parties"),
                );
            }
            Err(known.unless_lost(DeskError::NotFound { what, hints }))
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// Returns a party and every body of it.
fn parties(known: &Known, name: &str) -> Result<Vec<EntityId>, DeskError> {
    known.party_and_bodies(name).map_err(|mut error| {
        if let DeskError::NotFound { hints, .. } = &mut error
            && known.names.channel(name).is_ok()
        {
            hints.insert(0, format!("`{name}` is a channel: `channel`, `via` and `about` take channels"));
        }
        error
    })
}

/// Returns whatever has a name; of a channel also whatever that was found to be since, as of a party.
fn anything(known: &Known, name: &str) -> Result<Vec<EntityId>, DeskError> {
    let mut ids = known.anything_named(name)?;
    let is_channel = |id: &EntityId| known.register.kind_of(*id) == Some(EntityKind::Channel);
    let channels: Vec<EntityId> = ids.iter().copied().filter(is_channel).collect();
    for other in channels.into_iter().flat_map(|id| known.register.found_with(id)) {
        if !ids.contains(&other) {
            ids.push(other);
        }
    }
    Ok(ids)
}

/// Adds the meetings of the series and forums among the ids: a later entry of a meeting need not say again
/// where the meeting belongs.
fn with_meetings(known: &Known, mut ids: Vec<EntityId>) -> Result<Vec<EntityId>, DeskError> {
    let mut meetings = BTreeSet::new();
    for talks in series::all(known).iter().filter(|talks| talks.ids.iter().any(|id| ids.contains(id))) {
        // A forum without its series has no part in what only the series is about, and the other way round.
        let asked = talks.ids.iter().copied().filter(|id| ids.contains(id)).collect();
        meetings.extend(Talks { id: talks.id, ids: asked }.meetings_within(known)?);
    }
    ids.extend(meetings);
    Ok(ids)
}

/// Returns what a topic means: every spelling of it that the log has.
fn topics(known: &Known) -> Result<impl Fn(&str) -> Words, DeskError> {
    let topics = known.view.topics()?;
    Ok(move |typed: &str| {
        if typed.eq_ignore_ascii_case(NONE) {
            return Ok(vec![None]);
        }
        let folded = fold(typed);
        let spelt: Vec<Option<String>> =
            topics.iter().filter(|topic| fold(topic) == folded).cloned().map(Some).collect();
        if !spelt.is_empty() {
            return Ok(spelt);
        }
        let mut directory = Directory::default();
        topics.iter().enumerate().for_each(|(number, topic)| directory.insert(number, topic));
        let hints = match directory.find(typed) {
            Match::Near(near) | Match::Several(near) => near.into_iter().map(|(_, topic)| topic).collect(),
            Match::One(_) | Match::None => Vec::new(),
        };
        Err(DeskError::NotFound { what: format!("topic `{typed}`"), hints })
    })
}

#[cfg(test)]
mod tests;
