//! What is bad bookkeeping, whatever happened in the world: a second entry of the same name, a correction
//! without a reason, an entry that only the program itself may make.

use crate::desk::error::DeskError;
use crate::desk::filter::items::nearest;
use crate::desk::format::parse::markings;
use crate::desk::format::{Parsed, Trouble};
use crate::desk::known::Known;
use crate::desk::names::Party;
use crate::desk::recording::aliases::aliases;
use crate::desk::recording::correction::correction;
use crate::desk::recording::slots::slots;
use crate::desk::writing::{STREAMS_OF_ENTRY_MAX, fits_recorder};
use crate::domain::event::{self, Event};
use crate::domain::fact::{EntityKind, Fact, Kind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::name::fold;
use crate::domain::party_code::PartyCode;
use crate::domain::reading::within;

/// Checks an entry that was read, and gives a correction the entities that must learn of it.
///
/// # Errors
///
/// Returns why it is no entry of this record.
pub(crate) fn check(known: &Known, id: EventId, parsed: &mut Parsed) -> Result<(), Trouble> {
    by_program_only(parsed.event.kind())?;
    state_in_the_open(known, &parsed.event)?;
    put_off_once(&parsed.event)?;
    registration(known, &parsed.event)?;
    aliases(known, &parsed.event)?;
    if parsed.event.kind() == Kind::PolicyEnded {
        policy(known, parsed)?;
    }
    let doubtful = slots(known, &parsed.event)?;
    parsed.doubtful.extend(doubtful);
    if parsed.event.kind().subject() == Subject::Entry {
        return correction(known, id, parsed);
    }
    let streams = event::streams(&parsed.event, id).len();
    if streams > STREAMS_OF_ENTRY_MAX {
        return Err(Trouble::new(format!(
            "the entry bears on {streams} things, and one bears on at most {STREAMS_OF_ENTRY_MAX}; record it in parts"
        )));
    }
    Ok(())
}

pub(crate) fn by_program_only(kind: Kind) -> Result<(), Trouble> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other kind is recorded by people")]
    let instead = match kind {
        Kind::MomentNamed => "name a moment with `moment NAME`",
        Kind::LogOpened => "a log is begun with `init`",
        Kind::LogAdopted => "a copy is made writable with `adopt`",
        Kind::RecordRedacted => "a text is removed with `redact`",
        Kind::KeyRotated => "the log gets other keys with `key rotate`",
        Kind::AuthorKeyAdded | Kind::AuthorKeyRevoked => "see `author key add` and `author key revoke`",
        Kind::AccountOpened
        | Kind::AccountPermitted
        | Kind::AccountDisabled
        | Kind::AccountEnabled
        | Kind::AccountClosed
        | Kind::AccountBound
        | Kind::AccountPasswordSet
        | Kind::AccountTokenIssued
        | Kind::AccountTokenRevoked => "see `account`",
        Kind::EntryHeld => "what needs a second person is held when it is recorded",
        Kind::LogIncident | Kind::LogAnchored => "it notes by itself what happens to the record",
        _ => return Ok(()),
    };
    Err(Trouble::in_field("kind", format!("`{kind}` is recorded by the program itself; {instead}")))
}

/// Refuses a meeting that is put off to two dates: `meeting_date` says the new one as well as `until`.
fn put_off_once(event: &Event) -> Result<(), Trouble> {
    let Fact::MeetingPostponed(meeting) = &event.fact else { return Ok(()) };
    match (&meeting.date, &meeting.until) {
        (Some(date), Some(until)) if date != until => Err(Trouble::in_field(
            "until",
            format!(
                "says that the meeting is put off to {until}, and `meeting_date`, which says the same, {date}; give the \
                 new date once, and leave out the one that it had"
            ),
        )),
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

/// Tells whether the registers take what an event enters.
pub(in crate::desk) fn is_free(known: &Known, event: &Event) -> bool {
    registration(known, event).is_ok() && aliases(known, event).is_ok()
}

/// Refuses a second entry of the same name in a register.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts enter nothing in a register")]
fn registration(known: &Known, event: &Event) -> Result<(), Trouble> {
    let taken = |field: &str, name: &str, id: EntityId| {
        let own = known.named(id).map_or_else(|_| name.to_owned(), |named| named.name);
        Trouble {
            fault: crate::desk::error::Fault::in_field(
                field,
                format!("`{name}` is in the register already: {own}"),
            ),
            obstacle: Some(DeskError::Refused {
                rule: format!("`{name}` is in the register already: {own}"),
                hints: vec!["amend the entry, or give it further names".to_owned()],
            }),
        }
    };
    let free = |field: &str, name: &str, found: Result<EntityId, DeskError>| match found {
        Ok(id) => Err(taken(field, name, id)),
        Err(several @ DeskError::Ambiguous { .. }) => Err(Trouble::in_name(field, several, "")),
        Err(_) => Ok(()),
    };
    match &event.fact {
        Fact::ChannelRegistered(channel) => {
            free("name", channel.name.as_str(), known.names.channel(channel.name.as_str()))?;
            channel
                .names
                .iter()
                .try_for_each(|name| free("names", &name.text, known.names.channel(&name.text)))
        }
        Fact::SeriesRegistered(series) => {
            if series.names.is_empty() {
                return Err(Trouble::in_field("names", "are missing: a series goes by at least one"));
            }
            series.names.iter().try_for_each(|name| free("names", &name.text, known.names.series(&name.text)))
        }
        Fact::PartyRegistered(party) => {
            if let Some(taken_by) = known.register.party_coded(&party.code) {
                return Err(taken("code", party.code.as_str(), taken_by));
            }
            apart(known, &party.code)?;
            let root = party.code.root();
            let state = !root.as_str().starts_with("x-");
            if state && crate::domain::country::by_code(root.as_str()).is_none() {
                return Err(Trouble::in_field(
                    "code",
                    format!(
                        "{root} is no state of ISO 3166-1, nor one of ISO 3166-3 that is no more; an organisation is written x- and a word"
                    ),
                ));
            }
            match party.code.parent() {
                Some(parent) if known.names.party(parent.as_str()).is_err() => Err(Trouble::in_field(
                    "code",
                    format!("{parent}, of which it is a body, is not in the register"),
                )),
                Some(_) | None => {
                    party.names.iter().try_for_each(|name| match known.names.party(&name.text) {
                        Ok(Party::Registered(id)) => Err(taken("names", &name.text, id)),
                        Ok(Party::Known(country)) if country.code != party.code.as_str() => {
                            Err(Trouble::in_field(
                                "names",
                                format!("`{}` is a name of {}", name.text, country.code),
                            ))
                        }
                        Ok(Party::Known(_)) | Err(_) => Ok(()),
                    })
                }
            }
        }
        Fact::PersonRegistered(person) => {
            if person.names.is_empty() {
                return Err(Trouble::in_field("names", "are missing: a person goes by at least one"));
            }
            person.names.iter().try_for_each(|name| free("names", &name.text, known.names.person(&name.text)))
        }
        Fact::RecorderRegistered(recorder) => {
            free("name", &recorder.name, known.names.recorder(&recorder.name))?;
            fits_recorder(known, &recorder.name).map_err(|detail| Trouble::in_field("name", detail))
        }
        _ => Ok(()),
    }
}

/// Refuses a code that differs by nothing that tells two names apart from one of the register.
fn apart(known: &Known, code: &PartyCode) -> Result<(), Trouble> {
    let folded = fold(code.as_str());
    let bearers = known.names.bearers(EntityKind::Party, code.as_str());
    let mut codes = bearers.into_iter().filter_map(|party| known.register.party_code(party));
    let Some(alike) = codes.find(|other| fold(other.as_str()) == folded) else { return Ok(()) };
    let detail = format!(
        "{code} differs from {alike}, which is in the register, by hyphens and slashes alone, and no name would tell the two \
         apart; give it a code that differs by a letter"
    );
    Err(Trouble::in_field("code", detail))
}

/// Refuses to hide that the register has a state, or an organisation, that everybody knows: whoever may not see it
/// could not name it.
fn state_in_the_open(known: &Known, event: &Event) -> Result<(), Trouble> {
    let inner = within(event).unwrap_or_default();
    for one in std::iter::once(event).chain(&inner) {
        let Fact::PartyRegistered(party) = &one.fact else { continue };
        if crate::domain::country::by_code(party.code.as_str()).is_none() {
            continue;
        }
        let scheme = markings(known).0;
        let is_hidden = one.envelope.marking.as_ref().is_some_and(|marking| scheme.rank(marking) != Some(0));
        let field = match (is_hidden, one.envelope.compartments.is_empty()) {
            (true, _) => "marking",
            (false, false) => "compartment",
            (false, true) => continue,
        };
        let detail = format!(
            "{} is known to everybody, and its entry in the register is not hidden: what names it can be, and so can a \
             name of its own (`party.named`)",
            party.code
        );
        return Err(Trouble::in_field(field, detail));
    }
    Ok(())
}

/// A policy is ended by its name.
#[expect(clippy::wildcard_enum_match_arm, reason = "only a setting names a policy that can be ended")]
fn policy(known: &Known, parsed: &mut Parsed) -> Result<(), Trouble> {
    let Fact::PolicyEnded(ended) = &parsed.event.fact else { return Ok(()) };
    let set = known.register.policies().iter().rev().find_map(|policy| match &policy.event.fact {
        Fact::PolicySet(set) if set.name == ended.name => Some(policy.id),
        _ => None,
    });
    let Some(set) = set else {
        let mut names: Vec<&str> = known.register.policies_set().map(|(_, set)| set.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let hint = match nearest(&ended.name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "none is set".to_owned(),
            None => format!("the policies that were set: {}", names.join(", ")),
        };
        let error = DeskError::NotFound { what: format!("policy `{}`", ended.name), hints: vec![hint] };
        return Err(Trouble::in_handle("name", error));
    };
    let policy = EntityId::from(set);
    if !parsed.event.envelope.about.contains(&policy) {
        parsed.event.envelope.about.push(policy);
    }
    encode(parsed)
}

pub(super) fn encode(parsed: &mut Parsed) -> Result<(), Trouble> {
    parsed.body = parsed.event.encode().map_err(|error| Trouble::new(error.to_string()))?;
    Ok(())
}
