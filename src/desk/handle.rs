//! What is meant by a handle that someone typed: exactly one entry, or a question back.

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::names::Party;
use crate::domain::id::{EntityId, EventId};
use crate::projections::view::View;

/// Digits of an id that name it, at least.
const DIGITS_MIN: usize = 4;
/// Candidates that a question back lists, at most.
const CANDIDATES_MAX: usize = 10;

impl Known {
    /// Returns the event that a handle names.
    ///
    /// In this order: a whole id; `#position`; `namespace:id`; an id of a file; the first four or more
    /// digits of an id. What could be several is never decided here.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::NotFound`], saying what a handle looks like, or [`DeskError::Ambiguous`] with
    /// handles that are not; [`DeskError::Damaged`] where what is named may be what cannot be read.
    pub(crate) fn event_named(&self, handle: &str) -> Result<EventId, DeskError> {
        match event_in(&self.view, handle) {
            Err(DeskError::NotFound { what, hints }) => {
                let hints = self.instead(handle.trim(), hints)?;
                Err(self.unless_lost(DeskError::NotFound { what, hints }))
            }
            found => found,
        }
    }

    /// Returns the entry that a handle names; one that is no handle of the log is looked for among the
    /// rows of a file, then among what was typed.
    pub(crate) fn entry_called(&self, typed: &str, namespace: &str) -> Result<EventId, DeskError> {
        match self.event_named(typed) {
            Err(DeskError::NotFound { what, hints }) => {
                for namespace in [namespace, "desk"] {
                    if let [id] = self.view.external(namespace, typed)?.as_slice() {
                        return Ok(*id);
                    }
                }
                Err(DeskError::NotFound { what, hints })
            }
            other => other,
        }
    }

    /// Returns the error, unless what was not found may be what cannot be read.
    pub(crate) fn unless_lost(&self, error: DeskError) -> DeskError {
        match (error, self.lost) {
            (DeskError::NotFound { what, .. }, Some(position)) => DeskError::Damaged(format!(
                "position {position} cannot be read, and {what} may be what stands there; run `verify`"
            )),
            (error, _) => error,
        }
    }

    /// Returns what to do about a handle that names no entry: whatever else it names, or when it came.
    fn instead(&self, typed: &str, hints: Vec<String>) -> Result<Vec<String>, DeskError> {
        if let Some(later) = self.later()
            && let Ok(id) = event_in(later, typed)
            && let Some(raw) = later.event(id)?
        {
            let begun = if self.view.size() == 0 { "the log was begun later than that; " } else { "" };
            return Ok(vec![format!(
                "{begun}`{typed}` was recorded later, at position {}; ask without `known_as_of`, or with `at` \
                 for the world of that day as it is known now",
                raw.position
            )]);
        }
        if self.names.channel(typed).is_ok() {
            return Ok(vec![format!(
                "`{typed}` is a channel: `channels` shows where it stands, `timeline --about '{typed}'` what \
                 happened"
            )]);
        }
        if self.names.series(typed).is_ok() {
            return Ok(vec![format!("`{typed}` is a series of talks: `series` shows where it stands")]);
        }
        if matches!(self.names.party(typed), Ok(Party::Registered(_))) {
            return Ok(vec![format!("`{typed}` is a party: `timeline --party '{typed}'` shows what it did")]);
        }
        if let Some(person) = self.person_words(typed) {
            return Ok(vec![person]);
        }
        Ok(hints)
    }

    /// Returns everything that a name or a handle may stand for in one sense of it: a channel, the series
    /// that it carries, or both; a party with its bodies; else an entry and what it brought into being.
    ///
    /// # Errors
    ///
    /// As [`Known::event_named`]; a state of which the log has nothing gives an empty list.
    pub(crate) fn anything_named(&self, typed: &str) -> Result<Vec<EntityId>, DeskError> {
        let mut near = Vec::new();
        let mut found = |name: Result<EntityId, DeskError>| match name {
            Ok(id) => Ok(Some(id)),
            Err(DeskError::NotFound { hints, .. }) => {
                near.extend(hints);
                Ok(None)
            }
            Err(error) => Err(error),
        };
        let channel = found(self.names.channel(typed))?;
        let series = found(self.names.series(typed))?;
        let party = match self.names.party(typed) {
            Ok(party) => Some(party),
            Err(DeskError::NotFound { hints, .. }) => {
                near.extend(hints);
                None
            }
            Err(error) => return Err(error),
        };
        let forums: Vec<EntityId> = channel.into_iter().chain(series).collect();
        match (forums.as_slice(), party) {
            ([], Some(Party::Registered(id))) => Ok(self.bodies_of(id)),
            ([], Some(Party::Known(_))) => Ok(Vec::new()),
            ([], None) => match self.event_named(typed) {
                Ok(event) => Ok(vec![event.into()]),
                Err(DeskError::NotFound { hints, .. }) => {
                    near.extend(hints);
                    let what = format!("`{}` (a channel, a series, a party or an entry)", typed.trim());
                    Err(self.or_person(typed, DeskError::NotFound { what, hints: near }))
                }
                Err(error) => Err(error),
            },
            (_, None) => Ok(forums),
            ([first, ..], Some(party)) => {
                let party = match party {
                    Party::Registered(id) => self.named(id)?.name,
                    Party::Known(country) => country.code.to_owned(),
                };
                let candidates = vec![self.named(*first)?.name, party];
                Err(DeskError::Ambiguous { what: format!("`{}`", typed.trim()), candidates })
            }
        }
    }
}

/// Returns the event that a handle names in what was known.
fn event_in(view: &View, handle: &str) -> Result<EventId, DeskError> {
    let typed = handle.trim();
    if let Some(position) = typed.strip_prefix('#') {
        let position = position.parse::<u64>().ok();
        let recorded = position.map(|position| view.recorded(position)).transpose()?.flatten();
        let size = view.size();
        return recorded.map(|recorded| recorded.id).ok_or_else(|| {
            let hint = format!("the log has {size} events; positions count from #0");
            DeskError::NotFound { what: format!("entry `{typed}`"), hints: vec![hint] }
        });
    }
    if let Ok(id) = uuid::Uuid::try_parse(typed) {
        let known = view.event(EventId::from_uuid(id))?;
        return known.map(|raw| raw.id).ok_or_else(|| not_found(typed));
    }
    if let Some((namespace, id)) = typed.split_once(':') {
        let found = view.external(namespace.trim(), id.trim())?;
        if let Some(id) = one(typed, &found, |id| Ok(id.to_string()))? {
            return Ok(id);
        }
    }
    let found = view.called(typed)?;
    if let Some(id) = one(typed, &found, |id| full_name(view, id, typed))? {
        return Ok(id);
    }
    // A few more than one question back lists.
    let found = match range(typed) {
        Some((low, high)) => view.between(low, high, CANDIDATES_MAX + 1)?,
        None => Vec::new(),
    };
    one(typed, &found, |id| Ok(id.to_string()))?.ok_or_else(|| not_found(typed))
}

/// Returns the handle of an event called `id` that names its namespace too.
fn full_name(view: &View, event: EventId, id: &str) -> Result<String, DeskError> {
    let event_refs = view.event(event)?.and_then(|raw| raw.event).map(|event| event.envelope.external_refs);
    let external = event_refs.and_then(|refs| refs.into_iter().find(|external| external.id == id));
    Ok(match external {
        Some(external) if view.external(&external.namespace, id)?.len() == 1 => {
            format!("{}:{id}", external.namespace)
        }
        Some(_) | None => event.to_string(),
    })
}

/// Returns the first and the last id that begin with these digits; none for what are no digits of an id.
fn range(typed: &str) -> Option<(EventId, EventId)> {
    let digits: String = typed.chars().filter(|letter| *letter != '-').collect();
    let sound = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !sound || !(DIGITS_MIN..=32).contains(&digits.len()) {
        return None;
    }
    let bound = |filled: char| {
        let whole: String = digits.chars().chain(std::iter::repeat(filled)).take(32).collect();
        uuid::Uuid::try_parse(&whole).ok().map(EventId::from_uuid)
    };
    Some((bound('0')?, bound('f')?))
}

/// Returns the only event that was found; none when nothing was.
fn one(
    typed: &str,
    found: &[EventId],
    name: impl Fn(EventId) -> Result<String, DeskError>,
) -> Result<Option<EventId>, DeskError> {
    match found {
        [] => Ok(None),
        [id] => Ok(Some(*id)),
        several => {
            let candidates = several.iter().take(CANDIDATES_MAX).map(|id| name(*id));
            Err(DeskError::Ambiguous {
                what: format!("entry `{typed}`"),
                candidates: candidates.collect::<Result<_, _>>()?,
            })
        }
    }
}

fn not_found(typed: &str) -> DeskError {
    let hint = "an entry is named by its id in its file (`ik-147`, `file:ik-147`), its place in the log \
                (`#12`), or four or more digits of its own id";
    DeskError::NotFound { what: format!("entry `{typed}`"), hints: vec![hint.to_owned()] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ask::When;
    use crate::desk::testing::{Fixture, on};
    use crate::domain::event::{Envelope, ExternalRef};
    use crate::domain::fact::Kind;

    fn called(namespace: &str, id: &str) -> Envelope {
        let external_refs = vec![ExternalRef { namespace: namespace.to_owned(), id: id.to_owned() }];
        Envelope { external_refs, ..on("2020-01-01") }
    }

    #[test]
    fn an_entry_is_named_by_id_position_file_or_digits() {
        let fixture = Fixture::new();
        let event = fixture.event(Kind::Incident, called("file", "ik-1"));
        let known = fixture.desk.known(&When::default()).unwrap();
        for handle in [event.to_string().as_str(), "#2", "file:ik-1", "ik-1", " ik-1 "] {
            assert_eq!(known.event_named(handle).unwrap(), event, "{handle}");
        }
        for none in ["#9", "#x", "file:ik-2", "ik-2", "", "000", "ffff", "é", &"0".repeat(40)] {
            assert!(
                matches!(known.event_named(none), Err(DeskError::NotFound { hints, .. }) if hints.len() == 1)
            );
        }
    }

    #[test]
    fn what_could_be_several_entries_is_a_question_with_handles_that_answer_it() {
        let fixture = Fixture::new();
        let one = fixture.event(Kind::Incident, called("one", "7"));
        fixture.event(Kind::Incident, called("two", "7"));
        let known = fixture.desk.known(&When::default()).unwrap();
        let Err(DeskError::Ambiguous { candidates, .. }) = known.event_named("7") else {
            panic!("a question")
        };
        assert_eq!(candidates, ["one:7", "two:7"]);
        assert_eq!(known.event_named("one:7").unwrap(), one);
        // Every id of the test begins with zeros.
        let Err(DeskError::Ambiguous { candidates, .. }) = known.event_named("00000000-0000") else {
            panic!("a question")
        };
        assert!(candidates.iter().all(|candidate| known.event_named(candidate).is_ok()));
    }

    #[test]
    fn a_handle_of_what_was_not_known_yet_names_nothing() {
        let fixture = Fixture::new();
        fixture.event(Kind::Incident, called("file", "ik-1"));
        let then = When { known_as_of: Some("1".to_owned()), ..When::default() };
        let known = fixture.desk.known(&then).unwrap();
        for handle in ["ik-1", "file:ik-1", "#2", "00000000-0000-0000-0000-000000000005"] {
            assert!(known.event_named(handle).is_err(), "{handle}");
        }
    }

    #[test]
    fn a_handle_of_what_came_later_says_when_it_came() {
        let fixture = Fixture::new();
        fixture.event(Kind::Incident, called("file", "ik-1"));
        for (then, begun) in [("1", false), ("2020-01-01", true)] {
            let when = When { known_as_of: Some(then.to_owned()), ..When::default() };
            let known = fixture.desk.known(&when).unwrap();
            let Err(DeskError::NotFound { hints, .. }) = known.event_named("ik-1") else { panic!("{then}") };
            let said = hints.join(" ");
            assert!(said.contains("recorded later, at position 2") && said.contains("`at`"), "{said}");
            assert_eq!(said.contains("begun later"), begun, "{said}");
        }
    }

    #[test]
    fn the_name_of_a_channel_is_no_handle_and_the_question_for_it_is_named() {
        let fixture = Fixture::new();
        fixture.line("mil-west");
        let known = fixture.desk.known(&When::default()).unwrap();
        let Err(DeskError::NotFound { hints, .. }) = known.event_named("mil-west") else {
            panic!("a channel")
        };
        assert!(hints.iter().any(|hint| hint.contains("`channels`")), "{hints:?}");
    }
}
