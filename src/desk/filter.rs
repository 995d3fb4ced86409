//! What of the log is meant: the one filter language, read against the registers.

pub(crate) mod selection;

use std::collections::BTreeSet;

use crate::desk::ask::{FilterAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::desk::series::{self, Talks};
use crate::domain::fact::Kind;
use crate::domain::id::{ActorId, EntityId};
use crate::domain::timestamp::Timestamp;
use crate::projections::timeline::{Certainty, Struck, TimelineQuery};

pub(crate) use self::selection::{Selected, Selection};

/// Returns the question to the index for what is meant, in no particular order; none when something was
/// named of which the log has nothing.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`], [`DeskError::NotFound`] or [`DeskError::Ambiguous`] for what says nothing.
pub(crate) fn query(known: &Known, when: &When, ask: &FilterAsk) -> Result<Option<TimelineQuery>, DeskError> {
    not_yet(ask)?;
    let named = Named::of(known, ask)?;
    let mut query = TimelineQuery::default();
    times(known, when, ask, &mut query)?;
    status(ask, &mut query)?;
    Ok(named.into_query(query))
}

/// What was named: per filter what it means, none where it was not asked for.
struct Named {
    channels: Option<Vec<EntityId>>,
    via: Option<Vec<EntityId>>,
    about: Option<Vec<EntityId>>,
    between: Option<(Vec<EntityId>, Vec<EntityId>)>,
    from_party: Option<Vec<EntityId>>,
    to_party: Option<Vec<EntityId>>,
    party: Option<Vec<EntityId>>,
    kinds: Option<Vec<Kind>>,
    recorders: Option<Vec<ActorId>>,
}

impl Named {
    fn of(known: &Known, ask: &FilterAsk) -> Result<Self, DeskError> {
        let party =
            |typed: &Option<String>| typed.as_deref().map(|typed| known.party_and_bodies(typed)).transpose();
        let any = |typed: &&str| !typed.trim().eq_ignore_ascii_case("any");
        Ok(Self {
            channels: ask
                .channel
                .as_deref()
                .map(|typed| with_meetings(known, each(known, "channel", typed, channel)?))
                .transpose()?,
            via: ask
                .via
                .as_deref()
                .filter(any)
                .map(|typed| each(known, "via", typed, channel))
                .transpose()?,
            about: ask
                .about
                .as_deref()
                .map(|typed| with_meetings(known, known.anything_named(typed)?))
                .transpose()?,
            between: ask.between.as_deref().map(|typed| between(known, typed)).transpose()?,
            from_party: party(&ask.from_party)?,
            to_party: party(&ask.to_party)?,
            party: party(&ask.party)?,
            kinds: ask.kind.as_deref().map(kinds).transpose()?,
            recorders: ask
                .recorder
                .as_deref()
                .map(|typed| {
                    each(known, "recorder", typed, |known, name| Ok(vec![known.names.recorder(name)?]))
                })
                .transpose()?
                .map(|ids| ids.into_iter().map(|id| ActorId::from_uuid(*id.as_uuid())).collect()),
        })
    }

    /// Returns the query; none when something was named of which the log has nothing.
    fn into_query(self, query: TimelineQuery) -> Option<TimelineQuery> {
        let filter = |ids: Option<Vec<EntityId>>| match ids {
            Some(ids) if ids.is_empty() => None,
            ids => Some(ids.unwrap_or_default()),
        };
        if self.between.as_ref().is_some_and(|(one, other)| one.is_empty() || other.is_empty()) {
            return None;
        }
        Some(TimelineQuery {
            channels: filter(self.channels)?,
            via: filter(self.via)?,
            about: filter(self.about)?,
            between: self.between,
            from_party: filter(self.from_party)?,
            to_party: filter(self.to_party)?,
            party: filter(self.party)?,
            kinds: self.kinds,
            recorders: self.recorders.unwrap_or_default(),
            ..query
        })
    }
}

/// Returns what each name of a list with commas means.
fn each(
    known: &Known,
    field: &str,
    typed: &str,
    meaning: impl Fn(&Known, &str) -> Result<Vec<EntityId>, DeskError>,
) -> Result<Vec<EntityId>, DeskError> {
    let mut ids = Vec::new();
    for name in words(field, typed)? {
        ids.extend(meaning(known, name)?);
    }
    Ok(ids)
}

fn words<'a>(field: &str, typed: &'a str) -> Result<Vec<&'a str>, DeskError> {
    let words: Vec<&str> = typed.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(Fault::in_field(field, "nothing is named; leave it out to ask for all").into());
    }
    Ok(words)
}

/// Returns the channel of a name, the series of that name, or both where a forum carries its series.
fn channel(known: &Known, name: &str) -> Result<Vec<EntityId>, DeskError> {
    match (known.names.channel(name), known.names.series(name)) {
        (Ok(channel), Ok(series)) => Ok(vec![channel, series]),
        (Ok(id), Err(DeskError::NotFound { .. })) | (Err(DeskError::NotFound { .. }), Ok(id)) => Ok(vec![id]),
        (Err(DeskError::NotFound { what, mut hints }), Err(DeskError::NotFound { hints: more, .. })) => {
            hints.extend(more);
            Err(known.unless_lost(DeskError::NotFound { what, hints }))
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
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

fn between(known: &Known, typed: &str) -> Result<(Vec<EntityId>, Vec<EntityId>), DeskError> {
    match words("between", typed)?.as_slice() {
        [one, other] => Ok((known.party_and_bodies(one)?, known.party_and_bodies(other)?)),
        _ => Err(Fault::in_field("between", format!("`{typed}` are not two parties; write KOR,PRK")).into()),
    }
}

/// Returns the kinds that a list of kinds and families names.
fn kinds(typed: &str) -> Result<Vec<Kind>, DeskError> {
    let mut kinds: Vec<Kind> = Vec::new();
    for word in words("kind", typed)? {
        let family = word.strip_suffix(".*").unwrap_or(word);
        let of_family: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.family() == family).collect();
        match word.parse::<Kind>() {
            Ok(kind) => kinds.push(kind),
            Err(_) if !of_family.is_empty() => kinds.extend(of_family),
            Err(_) => return Err(Fault::in_field("kind", unknown_kind(word)).into()),
        }
    }
    Ok(kinds)
}

fn unknown_kind(word: &str) -> String {
    let mut families: Vec<&str> = Kind::ALL.iter().map(|kind| kind.family()).collect();
    families.dedup();
    let names = Kind::ALL.iter().map(|kind| kind.as_str()).chain(families.iter().copied());
    let nearest = names.map(|name| (strsim::osa_distance(name, word), name)).min();
    let near = nearest.filter(|(distance, name)| *distance <= 4 && *distance <= name.chars().count() / 2);
    if let Some((_, near)) = near {
        return format!("`{word}` is no kind of event and no family of kinds; did you mean `{near}`?");
    }
    families.sort_unstable();
    families.dedup();
    format!("`{word}` is no kind of event; the families of kinds are {}", families.join(", "))
}

/// Sets the bounds of time.
fn times(known: &Known, when: &When, ask: &FilterAsk, query: &mut TimelineQuery) -> Result<(), DeskError> {
    let occurred = bounds(known, ("from", &ask.from), ("to", &ask.to))?;
    // Whoever looks from a moment of the world sees what had happened by then.
    let seen_from = (when.at.is_some() || when.known_as_of.is_some()).then_some(known.at);
    query.occurred = match (occurred, seen_from) {
        (None, None) => None,
        (occurred, seen_from) => {
            let (from, to) = occurred.unwrap_or((Timestamp::MIN, Timestamp::MAX));
            Some((from, to.min(seen_from.unwrap_or(Timestamp::MAX))))
        }
    };
    query.certainty = if ask.certainly { Certainty::Certainly } else { Certainty::Possibly };
    query.recorded = bounds(known, ("recorded_from", &ask.recorded_from), ("recorded_to", &ask.recorded_to))?;
    Ok(())
}

/// Returns from the first moment of one date to the last of another.
fn bounds(
    known: &Known,
    (from_field, from): (&str, &Option<String>),
    (to_field, to): (&str, &Option<String>),
) -> Result<Option<(Timestamp, Timestamp)>, DeskError> {
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    let read = |field: &str, typed: &Option<String>| -> Result<Option<(Timestamp, Timestamp)>, DeskError> {
        let Some(typed) = typed else { return Ok(None) };
        let reading = known.typing().date(typed);
        let reading = reading.map_err(|error| Fault::in_field(field, error.to_string()))?;
        Ok(Some(reading.occurred.bounds(&known.typing_zone)))
    };
    let earliest = read(from_field, from)?.map_or(Timestamp::MIN, |(earliest, _)| earliest);
    let latest = read(to_field, to)?.map_or(Timestamp::MAX, |(_, latest)| latest);
    if earliest > latest {
        let (from, to) = (from.as_deref().unwrap_or_default(), to.as_deref().unwrap_or_default());
        let detail = format!("`{to}` ends before `{from}` begins; exchange the two");
        return Err(Fault::in_field(to_field, detail).into());
    }
    Ok(Some((earliest, latest)))
}

/// Sets which entries are shown by what became of them since.
fn status(ask: &FilterAsk, query: &mut TimelineQuery) -> Result<(), DeskError> {
    query.bookkeeping = ask.bookkeeping;
    match ask.status.as_deref().map(str::trim) {
        None => {}
        Some("all") => query.struck = Struck::Show,
        Some("struck") => query.struck = Struck::Only,
        Some("amended") => query.amended_only = true,
        Some("redacted") => {
            query.redacted_only = true;
            query.struck = Struck::Show;
            // A text that was removed no longer says whether it kept the record.
            query.bookkeeping = true;
        }
        Some(other) => {
            let detail =
                format!("`{other}` is no status of an entry; write struck, amended, redacted or all");
            return Err(Fault::in_field("status", detail).into());
        }
    }
    Ok(())
}

/// Refuses what is not built yet.
fn not_yet(ask: &FilterAsk) -> Result<(), DeskError> {
    for (field, given) in [
        ("topic", &ask.topic),
        ("marking", &ask.marking),
        ("grade", &ask.grade),
        ("text", &ask.text),
        ("position", &ask.position),
        ("occurred", &ask.occurred),
        ("recorded", &ask.recorded),
    ] {
        if given.is_some() {
            return Err(Fault::in_field(field, "this program cannot filter by it yet; leave it out").into());
        }
    }
    Ok(())
}
