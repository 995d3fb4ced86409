use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::desk::access::tests::let_in;
use crate::desk::access::{Door, Entrance, Handle, Reader, Recorder, Shown};
use crate::desk::ask::{Caller, ChangesAsk, ConfirmAsk, FilterAsk, RecordAsk, SearchAsk, TimelineAsk, When};
use crate::desk::testing::Fixture;
use crate::domain::id::EventId;

/// What is done while lee, who is cleared for TLP:GREEN, reads.
#[derive(Debug, Clone, Copy)]
enum Step {
    Record(bool),
    Raise(usize),
    /// Lowered by two.
    Lower(usize),
    /// Lee reads on; or another page.
    Read,
    /// Everything that a server keeps in memory is gone.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => any::<bool>().prop_map(Step::Record),
        2 => any::<usize>().prop_map(Step::Raise),
        1 => any::<usize>().prop_map(Step::Lower),
        3 => Just(Step::Read),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..24)
}

/// A log of which lee sees a part, and what became of each entry.
struct House {
    desk: Arc<Desk>,
    door: Door,
    entries: Vec<EventId>,
    // Whether lee saw it all the time since it was recorded.
    steady: BTreeMap<EventId, bool>,
}

impl House {
    fn new() -> Self {
        let desk = Arc::new(Fixture::new().desk);
        for (name, role, clearance) in
            [("lee", "reader", "TLP:GREEN"), ("kim", "recorder", "TLP:RED"), ("park", "recorder", "TLP:RED")]
        {
            let ask = json!({ "name": name, "role": role, "clearance": clearance });
            let_in(&desk, &serde_json::from_value(ask).unwrap());
        }
        let door = Door::of(Arc::clone(&desk));
        Self { desk, door, entries: Vec::new(), steady: BTreeMap::new() }
    }

    fn handle<H: Handle>(&self, name: &str) -> H {
        let secret = format!("des_{name}");
        let who = self.door.admits(Entrance::Port, Shown::Secret(&secret), Caller::default()).unwrap();
        self.door.handle(&who).unwrap()
    }

    fn reader(&self) -> Reader {
        self.handle("lee")
    }

    fn mark(&self, nth: usize, marking: &str) -> Option<EventId> {
        let target = *self.entries.get(nth.checked_rem(self.entries.len())?)?;
        let entry = json!({ "kind": "record.amended", "target": target, "reason": "as agreed",
                            "changes": { "marking": marking } });
        let ask = RecordAsk { entries: vec![entry], ..RecordAsk::default() };
        // That it is marked so already is said.
        let recorded = self.handle::<Recorder>("kim").record(&ask).ok()?.data;
        let waits = recorded.entries.first()?.entry.clone();
        if waits.kind == Some(crate::domain::fact::Kind::EntryHeld) {
            self.handle::<Recorder>("park").confirm(&waits.handle, &ConfirmAsk::default()).unwrap();
        }
        Some(target)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Record(is_seen) => {
                let marking = if is_seen { "TLP:GREEN" } else { "TLP:RED" };
                let entry = json!({ "kind": "statement.public", "from": "PRK", "date": "2026-02-01",
                                    "summary": "Some words.", "marking": marking });
                let ask = RecordAsk { entries: vec![entry], ..RecordAsk::default() };
                let id = self.handle::<Recorder>("kim").record(&ask).unwrap().data.entries[0].entry.id;
                self.entries.push(id);
                self.steady.insert(id, is_seen);
            }
            Step::Raise(nth) => {
                if let Some(target) = self.mark(nth, "TLP:RED") {
                    self.steady.insert(target, false);
                }
            }
            Step::Lower(nth) => drop(self.mark(nth, "TLP:CLEAR")),
            Step::Restart => self.door = Door::of(Arc::clone(&self.desk)),
            Step::Read => {}
        }
    }
}

/// Everything that lee saw from the beginning to the end is told once, whatever went out of sight and came into it around
/// it.
fn told_once(house: &House, told: &[EventId]) -> Result<(), TestCaseError> {
    for (id, is_steady) in &house.steady {
        let times = told.iter().filter(|one| *one == id).count();
        prop_assert!(times == 1 || !is_steady, "{id}: {times} times in {told:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whoever_sees_a_part_reads_on_where_they_stopped_whatever_is_marked_meanwhile(steps in steps()) {
        let mut house = House::new();
        let (mut after, mut told): (Option<u64>, Vec<EventId>) = (None, Vec::new());
        for step in steps.into_iter().chain([Step::Read, Step::Read]) {
            house.take(step);
            let Step::Read = step else { continue };
            let reader = house.reader();
            let from = after.map_or(Ok(0), |after| reader.read_up_to(after)).unwrap();
            let part = reader.follow(None, &FilterAsk::default(), from, 100).unwrap();
            told.extend(part.items.iter().map(|row| row.entry.id));
            after = reader.bookmark(part.next).or(after);
            prop_assert!(after.is_none_or(|after| !is_position(after)), "it is no position of a part");
            // What is hidden moves no bookmark.
            house.take(Step::Record(false));
            prop_assert_eq!(house.reader().bookmark(part.next).or(after), after);
        }
        told_once(&house, &told)?;
    }

    #[test]
    fn pages_are_one_list_whatever_is_marked_between_them(
        before in proptest::collection::vec(any::<bool>(), 4..12),
        steps in steps(),
        reverse in any::<bool>(),
        way in 0_usize..4,
    ) {
        let mut house = House::new();
        for is_seen in before {
            house.take(Step::Record(is_seen));
        }
        let there = house.steady.clone();
        let now = When::default();
        let (mut after, mut told, mut is_over): (Option<String>, Vec<EventId>, bool) = (None, Vec::new(), false);
        for step in steps.into_iter().chain([Step::Read; 24]) {
            house.take(step);
            if is_over || !matches!(step, Step::Read) {
                continue;
            }
            let reader = house.reader();
            let filter = FilterAsk { text: (way == 2).then(|| "words".to_owned()), ..FilterAsk::default() };
            let by = Some(if way == 1 { "occurred" } else { "recorded" }.to_owned());
            let (limit, token) = (Some(2), after.take());
            let (ids, next): (Vec<EventId>, _) = match way {
                2 => {
                    let ask = SearchAsk { filter, by, reverse, limit, after: token };
                    let page = reader.search(&now, &ask).unwrap().data;
                    (page.items.iter().map(|row| row.row.entry.id).collect(), page.next)
                }
                3 => {
                    let ask = ChangesAsk { limit, after: token, ..ChangesAsk::default() };
                    let page = reader.changes(&now, &ask).unwrap().data;
                    (page.items.iter().map(|row| row.entry.id).collect(), page.next)
                }
                _ => {
                    let ask = TimelineAsk { filter, by, reverse, limit, after: token };
                    let page = reader.timeline(&now, &ask).unwrap().data;
                    (page.items.iter().map(|row| row.entry.id).collect(), page.next)
                }
            };
            told.extend(ids);
            is_over = next.is_none();
            after = next;
        }
        prop_assert!(is_over);
        house.steady.retain(|id, _| there.contains_key(id));
        told_once(&house, &told)?;
    }
}

#[test]
fn what_no_feed_gave_is_no_bookmark() {
    let mut house = House::new();
    house.take(Step::Record(true));
    let reader = house.reader();
    let after = reader.bookmark(reader.size()).unwrap();
    assert_eq!(reader.read_up_to(after).unwrap(), reader.size());
    // Whoever sees everything now goes on where they stopped.
    assert_eq!(house.desk.read_up_to(after).unwrap(), house.desk.size());
    assert_eq!(house.desk.bookmark(3), Some(2), "whoever sees the whole log is told positions");
    for other in [after ^ 1, FIRST, FIRST * 2, u64::MAX] {
        let error = reader.read_up_to(other).unwrap_err().to_string();
        assert!(error.contains("no position, and no `id`"), "{other}: {error}");
    }
    assert!(reader.read_up_to(reader.size()).unwrap_err().to_string().contains("there is no position"));
}
