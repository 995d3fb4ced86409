//! Calls of the day against the schedule of their line, and against each other.

use chrono::NaiveDate;

use crate::desk::error::DeskError;
use crate::desk::format::Trouble;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::EntityId;
use crate::domain::schedule::{Schedule, Slot};
use crate::domain::timestamp::Timestamp;

/// Returns the slots that an entry of a call covers.
#[expect(clippy::wildcard_enum_match_arm, reason = "only calls have slots")]
pub(in crate::desk) fn slots_of(event: &Event) -> &[Slot] {
    match &event.fact {
        Fact::CallAnswered(call)
        | Fact::CallUnanswered(call)
        | Fact::CallDeclined(call)
        | Fact::CallFault(call)
        | Fact::CallAbandoned(call)
        | Fact::CallNotAttempted(call)
        | Fact::CallUnknown(call) => &call.slots,
        _ => &[],
    }
}

/// Refuses a call that takes effect at another time than its own, or of a slot that lies ahead, and returns what
/// is doubtful about the slots.
///
/// # Errors
///
/// Returns which slot has not come yet, or that `effective` says nothing of a call.
pub(super) fn slots(known: &Known, event: &Event) -> Result<Vec<String>, Trouble> {
    if event.kind().family() == "call" && event.envelope.effective.is_some() {
        let detail =
            "a call takes effect when it takes place; say when that was in `date`, and leave this out";
        return Err(Trouble::in_field("effective", detail));
    }
    let slots = slots_of(event);
    let Some(day) = day_of(known, event).filter(|_| !slots.is_empty()) else { return Ok(Vec::new()) };
    let mut doubtful = Vec::new();
    for line in &event.envelope.about {
        let schedule = schedule(known, *line, day).map_err(|error| Trouble::in_name("slots", error, ""))?;
        let zone = schedule.as_ref().and_then(|schedule| schedule.zone).unwrap_or(known.zone);
        for slot in slots {
            let minute = u32::from(slot.minute_of_day());
            let Some(local) = day.and_hms_opt(minute / 60, minute % 60, 0) else { continue };
            if zone.first_from(local) > known.at {
                let detail =
                    format!("{slot} on {day} lies ahead ({zone}), and a call has been made or missed");
                return Err(Trouble::in_field("slots", detail));
            }
        }
        if let Some(schedule) = schedule {
            doubtful.extend(unscheduled(known, *line, &schedule, slots, day));
        }
    }
    Ok(doubtful)
}

/// Returns the day of a call that is dated to the day; one without a date is of today.
fn day_of(known: &Known, event: &Event) -> Option<NaiveDate> {
    match &event.envelope.occurred {
        Some(date) if date.is_day() => date.as_str().parse().ok(),
        Some(_) => None,
        None => Some(known.zone.local(known.at).date_naive()),
    }
}

/// Returns the schedule of a line as it was on a day.
fn schedule(known: &Known, line: EntityId, day: NaiveDate) -> Result<Option<Schedule>, DeskError> {
    let registered = known.register.channel(line).and_then(|channel| channel.entered.schedule.clone());
    let ends: Timestamp = day
        .succ_opt()
        .and_then(|next| next.and_hms_opt(0, 0, 0))
        .map_or(Timestamp::MAX, |midnight| known.zone.first_from(midnight));
    let mut schedule = registered;
    for entry in known.story(line)? {
        if let Some(Fact::ChannelScheduleChanged(changed)) = entry.event.as_ref().map(|event| &event.fact)
            && entry.bounds(&known.zone).0 < ends
        {
            schedule.clone_from(&changed.schedule);
        }
    }
    Ok(schedule)
}

/// Returns that a line is not called then.
fn unscheduled(
    known: &Known,
    line: EntityId,
    schedule: &Schedule,
    slots: &[Slot],
    day: NaiveDate,
) -> Option<String> {
    let name = known.register.channel_name(line).map_or_else(|| "the line".to_owned(), ToString::to_string);
    let other: Vec<String> =
        slots.iter().filter(|slot| !schedule.slots.contains(slot)).map(ToString::to_string).collect();
    if !other.is_empty() && !schedule.slots.is_empty() {
        let other = other.join(", ");
        return Some(format!("{name} is not called at {other}; its schedule is {}", schedule.words()));
    }
    (!schedule.is_on(day)).then(|| {
        format!("{name} is not called on {}; its schedule is {}", day.format("%A"), schedule.words())
    })
}

/// Tells whether two entries say different things of one call: the same line, day and slot.
pub(super) fn contradict(one: &Event, other: &Event) -> bool {
    let of_call = |event: &Event| event.kind().family() == "call";
    let (slots, others) = (slots_of(one), slots_of(other));
    of_call(one)
        && of_call(other)
        && one.kind() != other.kind()
        && one.envelope.occurred == other.envelope.occurred
        && one.envelope.about.iter().any(|line| other.envelope.about.contains(line))
        && (slots.iter().any(|slot| others.contains(slot)) || (slots.is_empty() && others.is_empty()))
}
