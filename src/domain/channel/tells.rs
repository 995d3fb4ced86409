//! What one entry tells of a channel, apart from its state.

use chrono::NaiveDate;

use crate::domain::channel::{Channel, ChannelState};
use crate::domain::event::Event;
use crate::domain::fact::channel::{DeclaredStatus, Works};
use crate::domain::fact::register::Sort;
use crate::domain::fact::{EntityKind, Fact, Kind, Subject};
use crate::domain::id::EntityId;
use crate::domain::link::Relation;
use crate::domain::occurred::{Occurred, Precision};
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::{Capability, Evidence};
use crate::domain::zone::Zone;

/// Returns the channel that stands where `channel` was, where an entry about that other one says so.
pub(super) fn successor(channel: EntityId, entry: &Entry) -> Option<EntityId> {
    let event = entry.event.as_ref()?;
    let about_channels = matches!(
        event.kind().subject(),
        Subject::Creates(EntityKind::Channel) | Subject::About(EntityKind::Channel)
    );
    let replaces = event
        .envelope
        .links
        .iter()
        .any(|link| link.relation == Relation::Replaces && EntityId::from(link.target) == channel);
    let other = event.created(entry.id).or_else(|| event.envelope.about.first().copied());
    other.filter(|other| about_channels && replaces && *other != channel)
}

/// Tells whether a fact is about this channel as a channel, and can give it a state.
pub(super) fn tells(channel: &Channel<'_>, event: &Event) -> bool {
    !channel.has_no_state() && is_about(channel, event)
}

fn is_about(channel: &Channel<'_>, event: &Event) -> bool {
    event.kind().subject() == Subject::About(EntityKind::Channel)
        && event.envelope.about.contains(&channel.id)
}

/// Returns as what a channel is registered of which a fact says what only a line can be or do: nobody calls or
/// cuts a carrier.
pub(super) fn taken_for_a_line(channel: &Channel<'_>, event: &Event) -> Option<Sort> {
    let says = is_about(channel, event) && is_sign_of_a_line(event.kind());
    channel.registered.map(|registered| registered.sort).filter(|_| says && channel.has_no_state())
}

/// Tells whether an entry can move the state of the channel.
pub(super) fn moves(channel: &Channel<'_>, entry: &Entry) -> bool {
    let told = entry.event.as_ref().is_some_and(|event| tells(channel, event));
    told || successor(channel.id, entry).is_some()
}

/// Tells whether a kind shows that a channel that nobody registered can be up or down.
pub(super) fn is_sign_of_a_line(kind: Kind) -> bool {
    kind == Kind::ChannelRegistered || !kind.is_of_channel_register()
}

/// Tells whether somebody called, whatever came of it.
pub(super) const fn is_attempt(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::CallAnswered(_)
            | Fact::CallUnanswered(_)
            | Fact::CallDeclined(_)
            | Fact::CallFault(_)
            | Fact::CallAbandoned(_)
            | Fact::CallUnknown(_)
    )
}

/// Returns what is said of a channel that is said to work.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts do not say that it works")]
pub(super) const fn works(fact: &Fact) -> Option<&Works> {
    match fact {
        Fact::ChannelOpened(works)
        | Fact::ChannelRepaired(works)
        | Fact::ChannelRestored(works)
        | Fact::ChannelReopened(works) => Some(works),
        _ => None,
    }
}

/// Tells whether a fact shows somebody using the line, or the line at work.
pub(super) fn shows_use(fact: &Fact) -> bool {
    let works = works(fact).is_some_and(|works| works.evidence != Some(Evidence::Announced));
    works
        || is_attempt(fact)
        || matches!(fact, Fact::ChannelBaseline(_) | Fact::ChannelDegraded(_) | Fact::CallsResumed(_))
}

/// Tells whether a fact finds what was derived before.
pub(super) fn confirms_a_finding(fact: &Fact, state: Option<ChannelState>) -> bool {
    matches!(
        (fact, state),
        (Fact::ChannelUnresponsive(_), Some(ChannelState::Unresponsive))
            | (Fact::CallsDiscontinued(_), Some(ChannelState::Dormant))
    ) || matches!((fact, state), (Fact::ChannelBaseline(baseline), state) if state.is_some() && baseline.state == state)
}

/// Returns what the speakers of a fact declare, where it was not merely seen. Who opens a line, or has it work again,
/// declares it open by that, whatever shows that it works.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts declare nothing")]
pub(super) fn declared(fact: &Fact) -> Option<DeclaredStatus> {
    let (status, evidence) = match fact {
        Fact::ChannelDeclared(declared) => return Some(declared.status),
        Fact::ChannelSuspended(impaired) => (DeclaredStatus::Suspended, impaired.evidence),
        Fact::ChannelSevered(impaired) => (DeclaredStatus::Cut, impaired.evidence),
        Fact::ChannelClosed(_) => (DeclaredStatus::Closed, None),
        Fact::ChannelOpened(_) | Fact::ChannelRestored(_) | Fact::ChannelReopened(_) => {
            (DeclaredStatus::Open, None)
        }
        fact => (DeclaredStatus::Open, works(fact)?.evidence),
    };
    (evidence != Some(Evidence::Observed)).then_some(status)
}

/// Keeps what works: what a fact lists, all that it can carry where it works again and nobody said what.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts say nothing of what works")]
pub(super) fn capabilities(working: &mut Vec<Capability>, capable: &[Capability], fact: &Fact) {
    match fact {
        Fact::ChannelBaseline(baseline) if !baseline.capabilities.is_empty() => {
            working.clone_from(&baseline.capabilities);
        }
        Fact::ChannelDegraded(impaired)
        | Fact::ChannelSuspended(impaired)
        | Fact::ChannelSevered(impaired) => {
            working.retain(|capability| !impaired.lost.contains(capability));
        }
        Fact::ChannelCapabilityChanged(changed) => {
            working.retain(|capability| *capability != changed.capability);
            if changed.works {
                working.push(changed.capability);
            }
        }
        fact => match works(fact).filter(|works| works.evidence != Some(Evidence::Announced)) {
            Some(works) if !works.capabilities.is_empty() => working.clone_from(&works.capabilities),
            Some(works) if !works.partly && !capable.is_empty() => *working = capable.to_vec(),
            _ => {}
        },
    }
}

/// Returns until when an entry may not have taken effect: the last moment at which it can have begun.
///
/// What was recorded as having happened has happened by then: a cut of today, recorded this morning, is
/// no longer in doubt in the afternoon.
pub(super) fn doubt_until(entry: &Entry, zone: Zone) -> Timestamp {
    let Some(effect) = entry.effect() else { return entry.at };
    let began = match effect.precision() {
        // `A/B` lasted from A to B: only its beginning can be in doubt.
        Precision::Interval => {
            effect.as_str().split_once('/').and_then(|(first, _)| first.parse::<Occurred>().ok())
        }
        Precision::Instant | Precision::Day | Precision::Coarse | Precision::Set => None,
    };
    let latest = began.as_ref().unwrap_or(effect).latest(&zone);
    let announced = entry.event.as_ref().is_some_and(|event| event.envelope.effective.is_some());
    if announced { latest } else { latest.min(entry.at) }
}

/// Returns when an entry without a date took effect: on the day of its recording, or where that is not so, by then.
pub(super) fn recorded(entry: &Entry, zone: Zone) -> Occurred {
    let day: NaiveDate = zone.local(entry.at).date_naive();
    if entry.bounds(&zone).0.is_bounded() { Occurred::from_day(day) } else { Occurred::until_day(day) }
}
