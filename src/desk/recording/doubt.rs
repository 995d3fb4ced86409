//! What a person should look at although it may be recorded: answers to nothing, repetitions of nothing,
//! and what the record seems to have already.

use std::collections::HashSet;

use crate::desk::access::named;
use crate::desk::error::DeskError;
use crate::desk::format::called;
use crate::desk::format::parse::markings;
use crate::desk::known::Known;
use crate::desk::names::Party;
use crate::desk::recording::slots::slots_of;
use crate::domain::event::Event;
use crate::domain::fact::meeting::Meeting;
use crate::domain::fact::register::Sort;
use crate::domain::fact::{EntityKind, Fact, Kind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::meeting;
use crate::domain::occurred::Occurred;
use crate::domain::words::AnswerScope;
use crate::domain::zone::Zone;
use crate::projections::view::SameMoment;

/// So many entries of the same kind, moment and parties are read to tell whether one reports the same.
const ALIKE_MAX: usize = 20;

/// Returns what an entry names that is more restricted than it: it is as restricted as that, however it is marked
/// itself. Of a person it has the name alone, and the office in the body it is from: that name is not hidden with them.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(crate) fn named_above(known: &Known, event: &Event) -> Result<Vec<String>, DeskError> {
    let Some(own) = &event.envelope.marking else { return Ok(Vec::new()) };
    let scheme = markings(known).0;
    let above = |id: EventId| -> Result<Option<String>, DeskError> {
        let Some(named) = known.entry(id)?.and_then(|entry| entry.event) else { return Ok(None) };
        let beyond = named.envelope.compartments.iter();
        let mut above: Vec<String> = beyond
            .filter(|compartment| !event.envelope.compartments.contains(compartment))
            .map(|compartment| format!("in {compartment}"))
            .collect();
        let marking = named.envelope.marking.filter(|marking| scheme.is_below(own, marking));
        above.splice(0..0, marking.map(|marking| marking.0));
        Ok((!above.is_empty()).then(|| above.join(" ")))
    };
    let mut said: Vec<String> = Vec::new();
    let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
    for id in named(event, &body) {
        let Some(how) = above(id)? else { continue };
        let handle = known.named(id.into())?.name;
        let words = format!("it names {handle}, which is {how}: whoever does not see that does not see it");
        if !said.contains(&words) {
            said.push(words);
        }
    }
    for speaker in event.envelope.speaker.iter().flat_map(|speaker| speaker.split(" and ")) {
        let Ok(person) = known.names.person(speaker) else { continue };
        let held =
            known.register.roles_of(person).filter(|role| event.envelope.from.contains(&role.held.party));
        let mut entered = vec![EventId::from_uuid(*person.as_uuid())];
        for role in held {
            entered.extend(known.view.recorded(role.position)?.map(|recorded| recorded.id));
        }
        let above: Result<Vec<Option<String>>, DeskError> = entered.into_iter().map(above).collect();
        if let Some(how) = above?.into_iter().flatten().next() {
            let name = speaker.trim();
            said.push(format!(
                "it says the name of {name}, who is entered as {how}: whoever sees it reads the name; mark it so too, or \
                 name the body alone"
            ));
        }
    }
    for (field, words) in names_in_words(event) {
        let found = match known.names.party(words) {
            Ok(Party::Registered(party)) => Some(party),
            Ok(Party::Known(_)) | Err(_) => known.names.person(words).ok(),
        };
        let Some(id) = found else { continue };
        if let Some(how) = above(EventId::from_uuid(*id.as_uuid()))? {
            said.push(format!(
                "it says the name of {} in `{field}`, who is entered as {how}: whoever sees it reads the name; mark it so \
                 too, or leave the name out",
                words.trim()
            ));
        }
    }
    Ok(said)
}

/// Returns the names that an entry has as words alone, each with its field.
fn names_in_words(event: &Event) -> Vec<(&'static str, &str)> {
    fn all<'e>(field: &'static str, words: &'e [String]) -> impl Iterator<Item = (&'static str, &'e str)> {
        words.iter().map(move |words| (field, words.as_str()))
    }
    let mut found: Vec<(&'static str, &str)> = Vec::new();
    if let Fact::MessageSent(message) | Fact::MessageReceived(message) = &event.fact {
        found.extend(all("info", &message.info));
        found.extend(all("passed_by", message.passed_by.as_slice()));
    }
    if let Some(meeting) = meeting::detail(&event.fact) {
        found.extend(all("heads", &meeting.heads));
    }
    let sources = event.envelope.sources.iter();
    found.extend(sources.map(|source| ("sources", source.locator.as_str())));
    found
}

/// Returns what is doubtful about an entry taken by itself; days begin in `zone`.
pub(crate) fn doubtful(event: &Event, zone: Zone) -> Vec<String> {
    let envelope = &event.envelope;
    let kind = event.kind();
    let mut doubtful = Vec::new();
    let linked =
        !envelope.about.is_empty() || envelope.links.iter().any(|link| link.relation.enters_history());
    let family = kind.family();
    if matches!(family, "response" | "condition") && !linked && !reaches_beyond_one_offer(event) {
        doubtful.push(
            "an answer to nothing: without `in_reply_to` it is a remark that answers no overture".to_owned(),
        );
    }
    if kind == Kind::OvertureReiterated && !linked {
        doubtful.push("a reiteration of nothing: give `in_reply_to`".to_owned());
    } else if family == "overture" && !linked && !matches!(kind.subject(), Subject::Creates(_)) {
        doubtful.push(format!("`{kind}` of no overture: give `in_reply_to`"));
    }
    if kind == Kind::SilenceRecorded && !linked {
        doubtful.push("a silence about no overture: give `in_reply_to`, or leave it general".to_owned());
    }
    if family == "talks" && envelope.about.is_empty() {
        doubtful.push("names no series of talks that it concerns".to_owned());
    }
    doubtful
        .extend(meeting::detail(&event.fact).into_iter().flat_map(|detail| of_meeting(event, detail, zone)));
    if let Fact::ChannelRegistered(entered) = &event.fact
        && entered.sort == Sort::Line
        && entered.ends.len() == 1
    {
        doubtful.push("a line with one end: give both, with `--end` for each (`ends`)".to_owned());
    }
    let is_said = matches!(family, "message" | "protest" | "meeting");
    if is_said && !envelope.to.is_empty() && envelope.to == envelope.from {
        doubtful.push("`from` and `to` name the same: nobody else has part in it".to_owned());
    }
    if envelope.occurred.is_none() && !kind.is_bookkeeping() {
        let counts = if kind.counts_from_recording() {
            "it counts from its recording"
        } else {
            "it may have happened at any time until it was recorded"
        };
        doubtful.push(format!("has no date: {counts}"));
    }
    doubtful
}

/// Returns what of an act about a meeting is read otherwise than whoever wrote it may have meant.
fn of_meeting(event: &Event, detail: &Meeting, zone: Zone) -> Vec<String> {
    let envelope = &event.envelope;
    let kind = event.kind();
    let day = envelope.effective.as_ref().or(envelope.occurred.as_ref());
    let mut doubtful = Vec::new();
    if let (Kind::MeetingPostponed, Some(date), Some(day)) = (kind, &detail.date, day)
        && date.latest(&zone) < day.earliest(&zone)
    {
        doubtful.push(format!(
            "meeting_date: {} comes before the day on which the meeting is put off, so it is read as the date that it had, \
             and it is put off sine die; `until` says to which date",
            date.words()
        ));
    }
    if let (Kind::MeetingAdjourned, Some(date), Some(day)) = (kind, &detail.date, day)
        && date.earliest(&zone) > day.latest(&zone)
    {
        doubtful.push(format!(
            "meeting_date: {} comes after the day on which it is adjourned; it is read as the day of the session, and \
             `until` says to which date it is adjourned",
            date.words()
        ));
    }
    if meeting::reason_is_cause(event) {
        doubtful.push("reason: counts as why it was done, for no `cause` is given".to_owned());
    }
    doubtful
}

/// Returns that an answer, a reiteration, or another act about an offer is linked to what is no offer, and to nothing in
/// the thread of one.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(crate) fn about_no_offer(known: &Known, event: &Event) -> Result<Option<String>, DeskError> {
    let kind = event.kind();
    let creates = matches!(kind.subject(), Subject::Creates(_)) && kind != Kind::ResponseCounterProposed;
    if !matches!(kind.family(), "response" | "condition" | "overture") || creates {
        return Ok(None);
    }
    let mut next = targets(event);
    let first = next.first().copied();
    let mut seen: HashSet<EntityId> = next.iter().copied().collect();
    while let Some(target) = next.pop() {
        if known.view.kind_of(target)? == Some(EntityKind::Overture) {
            return Ok(None);
        }
        // What was removed, or comes in the same submission, may be anything.
        let Some(entry) = known.entry(EventId::from_uuid(*target.as_uuid()))? else { return Ok(None) };
        let Some(said) = &entry.event else { return Ok(None) };
        if said.created(entry.id).is_none() {
            next.extend(targets(said).into_iter().filter(|target| seen.insert(*target)));
        }
    }
    let Some(first) = first else { return Ok(None) };
    let Some(entry) = known.entry(EventId::from_uuid(*first.as_uuid()))? else { return Ok(None) };
    let name = known.named(first)?.name;
    let what = entry.event.as_ref().map_or_else(String::new, |event| format!(" ({})", event.kind()));
    Ok(Some(format!(
        "a misfit: `{kind}` is about an offer, and {name}{what} is none and in the thread of none; it moves nothing"
    )))
}

/// Returns what an event is about, and what it is linked to so that it enters its history.
fn targets(event: &Event) -> Vec<EntityId> {
    let links = event.envelope.links.iter().filter(|link| link.relation.enters_history());
    event.envelope.about.iter().copied().chain(links.map(|link| link.target.into())).collect()
}

/// Returns what is said of a carrier or a forum as if it were a line: recorded as a misfit, it gives it no state.
pub(crate) fn of_no_line(known: &Known, event: &Event) -> Vec<String> {
    let kind = event.kind();
    if kind.subject() != Subject::About(EntityKind::Channel) || kind.is_of_channel_register() {
        return Vec::new();
    }
    let registered = event.envelope.about.iter().filter_map(|id| known.register.channel(*id));
    let other = registered.filter(|channel| channel.entered.sort != Sort::Line);
    let said = other.map(|channel| {
        let (name, sort) = (&channel.entered.name, channel.entered.sort);
        format!(
            "`{name}` is registered as a {sort}, which has no state: `{kind}` is recorded as a misfit and gives it none; \
             where another line is meant, retract it, and where `{name}` is a line, amend its entry with `--set sort=line`"
        )
    });
    said.collect()
}

/// Tells whether a response says itself that it is about more than one offer.
#[expect(clippy::wildcard_enum_match_arm, reason = "only responses have a scope")]
fn reaches_beyond_one_offer(event: &Event) -> bool {
    match &event.fact {
        Fact::ResponseRejected(answer)
        | Fact::ResponseRejectedPlan(answer)
        | Fact::ResponseDeflected(answer)
        | Fact::ResponseDeclinedComment(answer) => {
            matches!(answer.scope, Some(AnswerScope::ThisKind | AnswerScope::AllDealings))
        }
        _ => false,
    }
}

/// Returns what is said of a report that seems to be the same as another.
pub(crate) fn duplicate_of(name: &str) -> String {
    format!("possibly a duplicate of {name}: {SAME}")
}

/// What two reports that seem to be of one thing have in common, in words.
pub(crate) const SAME: &str = "same kind, date, parties and channels";

/// So many letters of a text tell it from another; a shorter one is in the words of whoever reports.
const TELLING_CHARS: usize = 200;

/// What two reports of the same thing have in common: kind, date, parties, channels; and of papers the number, or the
/// text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Likeness {
    kind: Kind,
    date: Option<Occurred>,
    from: Vec<EntityId>,
    to: Vec<EntityId>,
    about: Vec<EntityId>,
    via: Vec<EntityId>,
    slots: Vec<crate::domain::schedule::Slot>,
    /// The number of a message, else how a long text begins: two papers of one day between two offices differ in it.
    paper: Option<String>,
}

impl Likeness {
    /// Returns what another report of the same would have in common with this one.
    pub(crate) fn of(event: &Event) -> Self {
        let sorted = |ids: &[EntityId]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids
        };
        let envelope = &event.envelope;
        Self {
            kind: event.kind(),
            date: envelope.occurred.clone(),
            from: sorted(&envelope.from),
            to: sorted(&envelope.to),
            about: sorted(&envelope.about),
            via: sorted(&envelope.via),
            slots: slots_of(event).to_vec(),
            paper: Self::paper(event),
        }
    }

    fn paper(event: &Event) -> Option<String> {
        let number = if let Fact::MessageSent(message) | Fact::MessageReceived(message) = &event.fact {
            message.reference.clone()
        } else {
            None
        };
        number.or_else(|| {
            let text = &event.envelope.texts.first()?.text;
            let begins: String = text.chars().take(TELLING_CHARS).collect();
            (begins.chars().count() == TELLING_CHARS).then_some(begins)
        })
    }

    /// Tells whether a report of the same can be told from one of another thing at all.
    pub(crate) fn is_telling(&self) -> bool {
        self.date.is_some() && !self.kind.is_bookkeeping()
    }

    /// Returns the name of the entry of the log that seems to report the same as `own`: one by which it is found, also
    /// where another goes by the same id, or `own` will.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(crate) fn in_log(&self, known: &Known, own: &Event) -> Result<Option<String>, DeskError> {
        let Some(date) = self.date.as_ref().filter(|_| self.is_telling()) else { return Ok(None) };
        let sought = SameMoment {
            kind: self.kind,
            times: date.bounds(&known.zone),
            from: &self.from,
            to: &self.to,
            about: &self.about,
            via: &self.via,
        };
        for id in known.view.same_moment(&sought, ALIKE_MAX)? {
            let Some(event) = known.entry(id)?.and_then(|entry| entry.event) else { continue };
            if Self::of(&event) == *self {
                let name = called(known, id)?;
                let is_shared = own.envelope.external_refs.iter().any(|external| external.id == name);
                let external = event.envelope.external_refs.first().filter(|_| is_shared);
                return Ok(Some(match external {
                    Some(external) => format!("{}:{}", external.namespace, external.id),
                    None => name,
                }));
            }
        }
        Ok(None)
    }
}
