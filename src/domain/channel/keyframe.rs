//! A fold that was carried to the beginnings of days, so that what came later is folded on from there.
//!
//! None of it is a state: it says where the fold of some entries came to, and holds for whoever has the same
//! entries before that day, by the same rules, and asks about that day or a later one. What can still mean a moment that is
//! yet to come was folded as if that had come: whoever goes on puts right the one thing that depends on it.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::domain::channel::attempts::{at_their_slots, changed_zone, registered_zone};
use crate::domain::channel::fold::{Bylaws, Carried, Placed, Told, carry, go_on, in_effect};
use crate::domain::channel::{Channel, ChannelStanding};
use crate::domain::event::Event;
use crate::domain::fact::register::ChannelRegistered;
use crate::domain::link::Relation;
use crate::domain::reading::{self, Entry, RawEvent};
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// So many days after a change of the schedule no fold is kept: in the zone before it, a slot of a call of that day
/// may be of the day after the next.
const UNSETTLED: Days = Days::new(2);

/// Where the fold of a channel stood at the beginnings of some days.
///
/// It is saved as its fields are: whoever changes what one of them is, or how channels are folded, gives the saved
/// form another version (`desk/channels/kept/saved.rs`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyframes {
    registered: Option<ChannelRegistered>,
    bylaws: Bylaws,
    // Invariant: in the order of their days.
    frames: Vec<Keyframe>,
}

/// Where the fold stood at the beginning of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keyframe {
    carried: Carried,
    // What was found since the keyframe before this one.
    told: Told,
    // The zone in which the line was called then.
    zone: Zone,
    // The last day on which its schedule was changed, and with it perhaps the zone.
    changed: Option<NaiveDate>,
    // Everything before this day was folded, and nothing later.
    cut: NaiveDate,
}

/// Some of the keyframes, to be put back where they were let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Frames(Vec<Keyframe>);

impl Frames {
    /// Tells how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Keyframes {
    /// Tells how many there are.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Returns the first day of which nothing is in the last of the first `count`; none where that is none.
    pub fn cut(&self, count: usize) -> Option<NaiveDate> {
        Some(self.frames.get(count.checked_sub(1)?)?.cut)
    }

    /// Returns how many of them begin on a day or before it.
    pub fn begun(&self, day: NaiveDate) -> usize {
        self.frames.partition_point(|frame| frame.cut <= day)
    }

    /// Keeps the first `count`.
    pub fn truncate(&mut self, count: usize) {
        self.frames.truncate(count);
    }

    /// Lets those go at the places that are not to stay: what one tells goes with the next. The last one stays.
    pub fn retain(&mut self, stays: impl Fn(usize) -> bool) {
        let last = self.frames.len().saturating_sub(1);
        let (mut place, mut waiting) = (0, Told::default());
        self.frames.retain_mut(|frame| {
            let is_kept = place == last || stays(place);
            place += 1;
            frame.told.follow(std::mem::take(&mut waiting));
            if !is_kept {
                waiting = std::mem::take(&mut frame.told);
            }
            is_kept
        });
    }

    /// Returns those at some places.
    pub fn part(&self, places: std::ops::Range<usize>) -> Frames {
        Frames(self.frames.get(places).unwrap_or_default().to_vec())
    }

    /// Puts some after the first `count` and before the next, from which they were let go; tells whether their days are
    /// between those of the two. Otherwise nothing is put there.
    pub fn put_back(&mut self, count: usize, Frames(frames): Frames) -> bool {
        let Some(next) = self.frames.get(count) else { return false };
        let earlier = count.checked_sub(1).and_then(|last| self.frames.get(last));
        let around = earlier.into_iter().chain(&frames).chain([next]);
        let cuts: Vec<NaiveDate> = around.map(|frame| frame.cut).collect();
        let is_between = cuts.is_sorted_by(|one, other| one < other);
        if let Some(next) = self.frames.get_mut(count).filter(|_| is_between) {
            next.told.without(frames.iter().map(|frame| &frame.told));
            self.frames.splice(count..count, frames);
        }
        is_between
    }

    /// Tells whether they stand in the order of their days, as they must.
    pub fn is_sound(&self) -> bool {
        self.frames.is_sorted_by(|one, other| one.cut < other.cut)
    }

    fn last(&self, count: usize) -> Option<&Keyframe> {
        self.frames.get(count.checked_sub(1)?)
    }
}

impl Channel<'_> {
    /// Returns keyframes without any, by the rules of a moment.
    pub fn no_keyframes(&self, at: Timestamp) -> Keyframes {
        Keyframes { registered: self.registered.cloned(), bylaws: Bylaws::of(self, at), frames: Vec::new() }
    }

    /// Tells whether keyframes were made by the rules of a moment.
    pub fn goes_by(&self, keyframes: &Keyframes, at: Timestamp) -> bool {
        keyframes.registered.as_ref() == self.registered && keyframes.bylaws == Bylaws::of(self, at)
    }

    /// Returns how many of the keyframes hold for a moment.
    pub fn keyframes_before(&self, keyframes: &Keyframes, at: Timestamp) -> usize {
        let today = self.zone.local(at).date_naive();
        keyframes.frames.partition_point(|frame| frame.cut <= today)
    }

    /// Returns the story since the last of the first `count` keyframes, as [`Channel::story`] returns all of
    /// it; none where links order entries otherwise than their dates.
    pub fn story_since(
        &self,
        keyframes: &Keyframes,
        count: usize,
        entries: Vec<Entry>,
    ) -> Option<Vec<Entry>> {
        let frame = keyframes.last(count);
        let entries: Vec<Entry> =
            entries.into_iter().filter(|entry| !entry.struck && self.has_part_in(entry)).collect();
        if entries.iter().any(is_ordered) {
            return None;
        }
        let zone = frame.map_or_else(|| registered_zone(self), |frame| frame.zone);
        let is_new = |entry: &Entry| frame.is_none_or(|frame| self.day_of(entry) >= frame.cut);
        // A change of the schedule that was folded is followed by those that came after it.
        let entries =
            entries.into_iter().filter(|entry| is_new(entry) || changed_zone(self, entry).is_none());
        let mut entries = at_their_slots(self, zone, entries.collect());
        // Of a call at slots on both sides of midnight, the slots of the day before were folded.
        entries.retain(is_new);
        Some(reading::in_order_of_effect(entries, self.zone))
    }

    /// Returns where the channel stands, from the last of the first `count` keyframes and the story since, as
    /// [`Channel::stand`] tells of all of its story.
    pub fn stand_since(
        &self,
        keyframes: &Keyframes,
        count: usize,
        story: &[Entry],
        at: Timestamp,
    ) -> ChannelStanding {
        let from = keyframes.last(count).map(|frame| &frame.carried);
        let told = keyframes.frames.iter().take(count).map(|frame| &frame.told);
        go_on(self, from, told, story, at)
    }

    /// Adds a keyframe whenever so many entries were taken in and a day is over, from the story since the last
    /// of them; what the order of effect does not leave in the order of the days adds none.
    pub fn add_keyframes(&self, keyframes: &mut Keyframes, story: &[Entry], every: usize) {
        let entries = in_effect(self, story, Timestamp::MAX);
        if !entries.is_sorted_by_key(|placed| placed.day) {
            return;
        }
        let mut rest = entries.as_slice();
        while let Some(next) = rest.get(every) {
            let days = rest.partition_point(|placed| placed.day < next.day);
            let days = if days == 0 { rest.partition_point(|placed| placed.day <= next.day) } else { days };
            let before = keyframes.frames.last();
            let changed = before.and_then(|frame| frame.changed);
            let Some((days, changed)) = self.settled(rest, days, changed) else { return };
            let Some((taken, left)) = rest.split_at_checked(days) else { return };
            let Some(cut) = left.first().map(|placed| placed.day) else { return };
            let (carried, told) = carry(self, &keyframes.bylaws, before.map(|frame| &frame.carried), taken);
            let change = |placed: &Placed<'_>| {
                let (moment, zone) = changed_zone(self, placed.entry)?;
                Some(((moment, placed.entry.position), zone))
            };
            let zone = taken.iter().filter_map(change).max_by_key(|(place, _)| *place);
            let earlier = before.map_or_else(|| registered_zone(self), |frame| frame.zone);
            let zone = zone.map_or(earlier, |(_, zone)| zone);
            keyframes.frames.push(Keyframe { carried, told, zone, changed, cut });
            rest = left;
        }
    }

    /// Adds keyframes, whenever so many entries were taken in and a day is over, between the last of the first
    /// `count` and the next; `story` is that since the former. Returns how many were added.
    pub fn add_keyframes_after(
        &self,
        keyframes: &mut Keyframes,
        count: usize,
        mut story: Vec<Entry>,
        every: usize,
    ) -> usize {
        let mut later = keyframes.frames.split_off(count.min(keyframes.frames.len()));
        let next = later.first().map(|frame| frame.cut);
        story.retain(|entry| next.is_none_or(|cut| self.day_of(entry) < cut));
        self.add_keyframes(keyframes, &story, every);
        let added = keyframes.frames.get(count..).unwrap_or_default();
        let number = added.len();
        if let Some(next) = later.first_mut() {
            next.told.without(added.iter().map(|frame| &frame.told));
        }
        keyframes.frames.append(&mut later);
        number
    }

    /// Returns how many of the entries, `taken` or more, are to be folded so that no slot of a call before the last
    /// change of the schedule is left, with the day of that change; none where what is left is too new.
    fn settled(
        &self,
        entries: &[Placed<'_>],
        mut taken: usize,
        mut changed: Option<NaiveDate>,
    ) -> Option<(usize, Option<NaiveDate>)> {
        let mut looked = 0;
        loop {
            let new = entries.get(looked..taken)?.iter();
            let found = new.filter(|placed| changed_zone(self, placed.entry).is_some());
            changed = changed.max(found.map(|placed| placed.day).max());
            let cut = entries.get(taken)?.day;
            let until = changed.and_then(|day| day.checked_add_days(UNSETTLED));
            if changed.is_none() || until.is_some_and(|until| cut > until) {
                return Some((taken, changed));
            }
            looked = taken;
            taken += entries.get(taken..)?.partition_point(|placed| placed.day <= cut);
        }
    }

    /// Returns an entry as the last of a story that it is: a call at several slots, as that at the last of them.
    pub fn last_told(&self, entry: Entry) -> Option<Entry> {
        at_their_slots(self, registered_zone(self), vec![entry]).pop()
    }

    /// Returns the day of an entry in the order of effect.
    pub fn day_of(&self, entry: &Entry) -> NaiveDate {
        Placed::of(entry, *self.zone).day
    }

    /// Returns the earliest day that a record can have in the order of effect, as it says itself or as the
    /// reading that it gives to an entry that was recorded `at`: at its slots, a call may be of the day before.
    pub fn earliest_day(&self, raw: &RawEvent, at: Timestamp) -> NaiveDate {
        let event = raw.event.as_ref().and_then(reading::given).or_else(|| raw.event.clone());
        let effect = event.as_ref().and_then(|event| {
            let envelope = &event.envelope;
            envelope.effective.as_ref().or(envelope.occurred.as_ref())
        });
        let undated = || reading::undated(event.as_ref().map(Event::kind), at).0;
        let earliest = effect.map_or_else(undated, |effect| effect.earliest(self.zone));
        let day = self.zone.local(earliest).date_naive();
        day.pred_opt().unwrap_or(day)
    }
}

/// Tells whether an entry says that it was before or after another, whatever the dates say.
fn is_ordered(entry: &Entry) -> bool {
    entry.links().iter().any(|link| matches!(link.relation, Relation::Before | Relation::After))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::channel::laws::{kinds, line, noon, policies, raw};
    use crate::domain::fact::Kind;
    use crate::domain::policy::Policies;
    use proptest::prelude::*;

    /// Stands at a moment from every keyframe that holds for it, also where most were let go, and from nothing.
    #[track_caller]
    fn check(log: &str, registered: &str, history: &[RawEvent], missed: u32) {
        let (zone, policies): (Zone, _) = (log.parse().unwrap(), Policies::default());
        let detail = format!(
            r#"{{"name":"x","sort":"line","schedule":{{"slots":["09:00","17:00"],"zone":"{registered}"}}}}"#
        );
        let registered: ChannelRegistered = serde_json::from_str(&detail).unwrap();
        let channel = Channel { id: line(), registered: Some(&registered), policies: &policies, zone: &zone };
        let at: Timestamp = "2025-12-31T12:00:00.000000Z".parse().unwrap();
        let naive = channel.stand(&channel.story(history.to_vec()), at);
        assert_eq!(naive.missed_in_a_row, missed);
        for every in 1..5 {
            let mut keyframes = channel.no_keyframes(at);
            let story = channel.story_since(&keyframes, 0, reading::read(history)).unwrap();
            channel.add_keyframes(&mut keyframes, &story, every);
            assert!(keyframes.len() > 1, "no keyframe every {every}");
            assert_eq!(channel.keyframes_before(&keyframes, at), keyframes.len());
            for count in 0..=keyframes.len() {
                let since = channel.story_since(&keyframes, count, reading::read(history)).unwrap();
                let stood = channel.stand_since(&keyframes, count, &since, at);
                assert_eq!(stood, naive, "every {every}, from {:?}", keyframes.cut(count));
            }
            let saved = serde_json::to_string(&keyframes).unwrap();
            assert_eq!(serde_json::from_str::<Keyframes>(&saved).unwrap(), keyframes);
            let mut thin = keyframes.clone();
            thin.retain(|place| place % 3 == 0);
            let mut again = thin.clone();
            for place in (0..keyframes.len()).filter(|place| place % 3 != 0) {
                let part = keyframes.part(place..place + 1);
                // The last was never let go, and what is there already is not put there twice.
                assert_eq!(again.put_back(place, part.clone()), place + 1 < keyframes.len());
                assert!(!again.put_back(place, part));
            }
            assert_eq!(again, keyframes, "every {every}, put back");
            for count in (0..=thin.len()).rev() {
                let since = channel.story_since(&thin, count, reading::read(history)).unwrap();
                assert_eq!(channel.stand_since(&thin, count, &since, at), naive, "thin, from {count}");
                channel.add_keyframes_after(&mut thin, count, since, every);
            }
            assert_eq!(thin, keyframes, "every {every}, let go and found again");
        }
    }

    #[test]
    fn slots_after_midnight_of_a_call_before_the_zone_changed_are_not_lost() {
        let slots = (Kind::CallUnanswered, r#"{"slots":["09:00","17:00"]}"#);
        let to = |zone: &str| format!(r#"{{"schedule":{{"slots":["09:00","17:00"],"zone":"{zone}"}}}}"#);
        let cases = [
            ("Asia/Seoul", "America/New_York", "Asia/Seoul"),
            ("America/New_York", "Asia/Seoul", "America/New_York"),
            ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Pacific/Kiritimati"),
        ];
        for (log, from, until) in cases {
            for change in ["2025-03-03", "2025-03-03T12:00:00Z", "2025-03-04T00:30:00+09:00"] {
                let until = to(until);
                let mut history = vec![
                    raw(0, 1, "2025-02-01", (Kind::ChannelOpened, "{}")),
                    raw(1, 2, "2025-02-02", (Kind::CallAnswered, "{}")),
                    raw(2, 3, "2025-03-03", slots),
                    raw(3, 4, change, (Kind::ChannelScheduleChanged, &*until.leak())),
                ];
                for day in 1..20 {
                    let date = format!("2025-03-{:02}T12:00:00Z", 3 + day);
                    history.push(raw(3 + day, 4 + day as u128, &date, (Kind::CallDeclined, "{}")));
                }
                check(log, from, &history, 2);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn every_keyframe_that_has_begun_holds_whatever_its_entries_can_still_mean(
            drawn in prop::collection::vec((0..330_usize, kinds(), 0..6_u8), 1..40),
            at in 20..336_usize,
            every in 1..4_usize,
        ) {
            let date = |day: usize, coarse: u8| {
                let day = noon(day).to_string();
                // A month, a span over its end, a day; with a policy by which a line rests.
                match coarse {
                    0 => day[..7].to_owned(),
                    1 => format!("{}/2020-12", &day[..7]),
                    _ => day[..10].to_owned(),
                }
            };
            let entry = |(number, (day, kind, coarse)): (usize, &(usize, (Kind, &str), u8))| {
                raw(number, number as u128 + 1, &date(*day, *coarse), *kind)
            };
            let history: Vec<RawEvent> = drawn.iter().enumerate().map(entry).collect();
            let (zone, policies, at) = (Zone::default(), policies(), noon(at));
            let registered: ChannelRegistered =
                serde_json::from_str(r#"{"name":"x","sort":"line"}"#).unwrap();
            let channel = Channel { id: line(), registered: Some(&registered), policies: &policies, zone: &zone };
            let naive = channel.stand(&channel.story(history.clone()), at);
            let mut keyframes = channel.no_keyframes(at);
            let story = channel.story_since(&keyframes, 0, reading::read(&history)).unwrap();
            channel.add_keyframes(&mut keyframes, &story, every);
            for count in 0..=channel.keyframes_before(&keyframes, at) {
                let since = channel.story_since(&keyframes, count, reading::read(&history)).unwrap();
                prop_assert_eq!(channel.stand_since(&keyframes, count, &since, at), naive.clone(), "from {}", count);
            }
        }
    }
}
