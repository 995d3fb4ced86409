//! What a correction or a registration says, in a line: what it does to which entry and why, what it
//! enters, what it names.

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::fact::account::Permitted;
use crate::domain::fact::register::{Name, RoleHeld};
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::reading::within;

/// Returns what an event that keeps the record says; none for one that says something of the world.
pub(super) fn says(known: &Known, event: &Event) -> Result<Option<String>, DeskError> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts say something of the world")]
    let said = match &event.fact {
        Fact::RecordAmended(amended) => format!("amends {}", called(known, amended.target)?),
        Fact::RecordRetracted(retracted) => format!("strikes {}", called(known, retracted.target)?),
        Fact::RecordAnnotated(annotated) => {
            format!("remarks on {}: {}", called(known, annotated.target)?, annotated.remark)
        }
        Fact::RecordLinked(linked) => {
            let (source, target) = (called(known, linked.source)?, called(known, linked.link.target)?);
            let relation = linked.link.relation.as_str().replace('_', " ");
            let done = if linked.withdrawn { "takes back that" } else { "asserts that" };
            format!("{done} {source} {relation} {target}")
        }
        Fact::EntryHeld(_) => {
            let held = within(event).and_then(|held| held.into_iter().next());
            let says = held.as_ref().map(|held| says(known, held)).transpose()?.flatten();
            let kind = held.as_ref().map_or("entry", |held| held.kind().as_str());
            let words = held.as_ref().and_then(|held| held.envelope.summary.as_deref());
            let words = says.or_else(|| words.map(|words| format!("{kind}: {words}")));
            format!("holds for a second person: {}", words.unwrap_or_else(|| kind.to_owned()))
        }
        Fact::RecordRedacted(redacted) => {
            format!(
                "removes the text of {}, on the basis of {}",
                called(known, redacted.target)?,
                redacted.basis
            )
        }
        Fact::ChannelRegistered(channel) => {
            let sort = serde_json::to_value(channel.sort).ok();
            let sort = sort.as_ref().and_then(|sort| sort.as_str()).unwrap_or("channel");
            format!("enters the {sort} {}{}", channel.name, also(&channel.names))
        }
        Fact::PartyRegistered(party) => format!("enters the party {}{}", party.code, also(&party.names)),
        Fact::SeriesRegistered(series) => format!("enters the series {}", listed(&series.names)),
        Fact::PersonRegistered(person) => format!("enters the person {}", listed(&person.names)),
        Fact::PersonRole(held) => {
            let who = named(known, &event.envelope.about)?;
            let party = known.named(held.party)?.name;
            format!("tells that {who} is {} of {party}{}", held.office, dates(held))
        }
        Fact::PartyMerged(merged) | Fact::ChannelMerged(merged) => {
            let one = named(known, &event.envelope.about)?;
            format!("finds that {one} is {}", known.named(merged.into)?.name)
        }
        Fact::PartySplit(split) | Fact::ChannelSplit(split) => {
            let whole = named(known, &event.envelope.about)?;
            format!("finds that {whole} is several: {}", named(known, &split.into)?)
        }
        Fact::ChannelNamed(named) | Fact::PartyNamed(named) | Fact::PersonNamed(named) => {
            format!("adds the name {}", listed(&named.names))
        }
        Fact::RecorderRegistered(recorder) => format!("enters the recorder {}", recorder.name),
        Fact::PolicySet(policy) => format!("sets the policy {}", policy.name),
        Fact::PolicyEnded(policy) => format!("ends the policy {}", policy.name),
        Fact::MomentNamed(moment) => match moment.size.checked_sub(1) {
            Some(last) => format!("names what was known up to position {last}: {}", moment.name),
            None => format!("names what was known before anything was recorded: {}", moment.name),
        },
        Fact::LogOpened(opened) => format!("begins the log, in the zone {}", opened.zone),
        Fact::KeyRotated(_) => "gives the log other keys".to_owned(),
        Fact::AuthorKeyAdded(author) => format!("adds the author key {}", short(&author.key)),
        Fact::AuthorKeyRevoked(author) if author.ends_requirement => format!(
            "revokes the author key {}; what its owner records need not be signed any more",
            short(&author.key)
        ),
        Fact::AuthorKeyRevoked(author) => format!("revokes the author key {}", short(&author.key)),
        Fact::AccountOpened(_)
        | Fact::AccountPermitted(_)
        | Fact::AccountDisabled(_)
        | Fact::AccountEnabled(_)
        | Fact::AccountClosed(_)
        | Fact::AccountBound(_)
        | Fact::AccountPasswordSet(_)
        | Fact::AccountTokenIssued(_)
        | Fact::AccountTokenRevoked(_) => of_account(&recorders(known, &event.envelope.about), &event.fact),
        Fact::LogIncident(incident) => incident.particulars.clone(),
        Fact::LogAnchored(anchor) => {
            let events = if anchor.size == 1 { "event" } else { "events" };
            format!("holds fast the head of {}, which has {} {events}", anchor.log, anchor.size)
        }
        Fact::LogAdopted(adopted) => format!("makes a copy of {} events the writable log", adopted.size),
        _ => return Ok(None),
    };
    let reason = event.envelope.reason.as_ref().map(|reason| format!(": {reason}"));
    Ok(Some(format!("{said}{}", reason.unwrap_or_default())))
}

fn named(known: &Known, ids: &[EntityId]) -> Result<String, DeskError> {
    let names = known.all_named(ids)?;
    Ok(names.iter().map(|named| named.name.as_str()).collect::<Vec<_>>().join(", "))
}

/// Returns the names of those who record.
fn recorders(known: &Known, ids: &[EntityId]) -> String {
    let names = ids.iter().map(|id| known.recorder_named(ActorId::from_uuid(*id.as_uuid())));
    names.collect::<Vec<_>>().join(", ")
}

/// Returns what happens to the account of someone.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts are about no account")]
fn of_account(who: &str, fact: &Fact) -> String {
    let may = |permitted: &Permitted| {
        let compartments = if permitted.compartments.is_empty() {
            String::new()
        } else {
            format!(", in {}", permitted.compartments.join(", "))
        };
        format!("{}, cleared for {}{compartments}", permitted.role, permitted.clearance.0)
    };
    match fact {
        Fact::AccountOpened(permitted) => format!("opens an account for {who}: {}", may(permitted)),
        Fact::AccountPermitted(permitted) => format!("makes the account of {who} {}", may(permitted)),
        Fact::AccountDisabled(_) => format!("disables the account of {who}"),
        Fact::AccountEnabled(_) => format!("enables the account of {who}"),
        Fact::AccountClosed(_) => format!("closes the account of {who}"),
        Fact::AccountBound(bound) => {
            format!("lets {who} come in by single sign-on, as {} of {}", bound.subject, bound.issuer)
        }
        Fact::AccountPasswordSet(set) if set.one_time => format!("gives {who} a one-time password"),
        Fact::AccountPasswordSet(_) => format!("changes the password of {who}"),
        Fact::AccountTokenIssued(issued) => format!(
            "issues the token {} to {who}, as {} until {}, for {}",
            issued.token,
            issued.role,
            issued.expires.words(),
            issued.purpose
        ),
        Fact::AccountTokenRevoked(revoked) => format!("revokes the token {} of {who}", revoked.token),
        _ => String::new(),
    }
}

/// Returns from when to when an office is held.
fn dates(held: &RoleHeld) -> String {
    let since = held.since.as_ref().map_or_else(String::new, |since| format!(" from {}", since.words()));
    let until = held.until.as_ref().map_or_else(String::new, |until| format!(" to {}", until.words()));
    since + &until
}

/// Returns what users type for an entry that a correction names.
fn called(known: &Known, id: EventId) -> Result<String, DeskError> {
    let event = known.view.event(id)?.and_then(|raw| raw.event);
    Ok(Known::handle(id, event.as_ref()))
}

/// Returns the digits by which people tell keys apart.
fn short(key: &str) -> &str {
    key.get(..16).unwrap_or(key)
}

fn also(names: &[Name]) -> String {
    if names.is_empty() { String::new() } else { format!(", also {}", listed(names)) }
}

fn listed(names: &[Name]) -> String {
    names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::desk::ask::{ChangesAsk, When};
    use crate::desk::testing::{Fixture, on};
    use crate::domain::event::Envelope;
    use crate::domain::fact::record::Retracted;
    use crate::domain::fact::register::MomentNamed;
    use crate::domain::fact::{Fact, Kind};

    #[test]
    fn what_keeps_the_record_says_what_it_does_to_what_and_why() {
        let fixture = Fixture::new();
        fixture.line("mil-west");
        let entry = fixture.event(Kind::Incident, on("2020-01-01"));
        let why = Envelope { reason: Some("reported twice".to_owned()), ..Envelope::default() };
        fixture.add(why, Fact::RecordRetracted(Retracted { target: entry }));
        fixture.add(
            Envelope::default(),
            Fact::MomentNamed(MomentNamed { name: "briefing".to_owned(), size: 3 }),
        );
        let page = fixture.desk.changes(&When::default(), &ChangesAsk::default()).unwrap().data;
        let says: Vec<Option<&str>> = page.items.iter().map(|row| row.says.as_deref()).collect();
        assert_eq!(
            says,
            [
                Some("begins the log, in the zone Asia/Seoul"),
                Some("enters the recorder kim"),
                Some("enters the line mil-west"),
                None,
                Some("strikes 00000000: reported twice"),
                Some("names what was known up to position 2: briefing"),
            ]
        );
    }
}
