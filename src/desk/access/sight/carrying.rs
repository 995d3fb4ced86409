//! What a correction tells of earlier ones of the same entry: an amendment gives the whole of the entry, and so, beside
//! what it changes itself, whatever was corrected before; what takes a link back says that it was asserted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::link::Link;
use crate::domain::reading::given;

/// What says nothing of the world: how restricted the entry and its texts are is decided otherwise, and what it was
/// confirmed from is not repeated.
const BESIDE: [&str; 3] = ["marking", "compartments", "confirms"];

/// A correction that an amendment carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Carried {
    /// Which of the earlier ones.
    pub(super) index: usize,
    /// In which fields, as they are recorded.
    pub(super) fields: BTreeSet<String>,
}

/// What a reading says: field by field, everything that stands in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Said(BTreeMap<String, BTreeSet<String>>);

impl Said {
    fn of(event: &Event) -> Self {
        let mut said = Self::default();
        let body = event.encode().ok().and_then(|body| serde_json::from_str(&body).ok());
        let Some(Value::Object(mut fields)) = body else { return said };
        fields.retain(|name, _| !BESIDE.contains(&name.as_str()));
        if let Some(Value::Array(texts)) = fields.get_mut("texts") {
            texts.iter_mut().filter_map(Value::as_object_mut).for_each(|text| drop(text.remove("marking")));
        }
        said.add("", &Value::Object(fields));
        said
    }

    /// Of a list each member is said as a whole, and each of its fields by itself: one that was changed in part still
    /// says the rest.
    fn add(&mut self, path: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.add(&path, value);
                }
            }
            Value::Array(members) => {
                for member in members {
                    self.0.entry(format!("{path}.")).or_default().insert(member.to_string());
                    if member.is_object() {
                        self.add(path, member);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.0.entry(path.to_owned()).or_default().insert(value.to_string());
            }
        }
    }

    fn at(&self, path: &str) -> Option<&BTreeSet<String>> {
        self.0.get(path)
    }

    fn has(&self, path: &str, one: &str) -> bool {
        self.at(path).is_some_and(|all| all.contains(one))
    }

    /// Returns the paths at which it says something else than another.
    fn changed_since<'s>(&'s self, before: &'s Self) -> BTreeSet<&'s str> {
        let paths = self.0.keys().chain(before.0.keys()).map(String::as_str);
        paths.filter(|path| self.at(path) != before.at(path)).collect()
    }
}

/// Returns the corrections that an amendment with this reading carries, of those of `raw` that hold, in the order of the
/// log: those of which it has the value in a field that they changed, or a member that they added to a list.
///
/// It carries none where everybody who does not see the correction reads that value all the same: `is_below` tells of
/// two, by their places, whether somebody may see the first who does not see the second.
pub(super) fn carried<'e>(
    raw: &Event,
    earlier: impl Iterator<Item = &'e Event>,
    is_below: impl Fn(usize, usize) -> bool,
    reading: &Event,
) -> Vec<Carried> {
    let says = Said::of(reading);
    let mut base = raw.clone();
    let mut links: Vec<(Link, bool)> = Vec::new();
    let mut before = Said::of(raw);
    let mut readings: Vec<(usize, Said)> = Vec::new();
    let mut steps: Vec<(usize, Said, Said)> = Vec::new();
    for (index, event) in earlier.enumerate() {
        if let Fact::RecordLinked(linked) = &event.fact {
            links.push((linked.link.clone(), linked.withdrawn));
        } else if let Some(given) = given(event) {
            readings.push((index, Said::of(&given)));
            base = given;
        } else {
            continue;
        }
        let after = Said::of(&with_links(base.clone(), &links));
        steps.push((index, std::mem::replace(&mut before, after.clone()), after));
    }
    let first = Said::of(raw);
    let mut found = Vec::new();
    for (index, before, after) in &steps {
        let below = readings.iter().filter(|(other, _)| other != index && is_below(*other, *index));
        let seen_without: Vec<&Said> = below.map(|(_, said)| said).chain([&first]).collect();
        let changed = after.changed_since(before).into_iter();
        let fields: BTreeSet<String> = changed
            .filter(|path| repeats(&says, path, (before, after), &seen_without))
            .map(field_of)
            .collect();
        if !fields.is_empty() {
            found.push(Carried { index: *index, fields });
        }
    }
    found
}

/// Returns by which corrections of `raw` that hold, in the order of the log, somebody sees a link that is taken back; none
/// where the entry itself has it.
///
/// `covers` tells of something by which it is seen, the entry or a correction by its place, and of a correction, whether
/// everybody who sees the first sees the second.
pub(super) fn taken_back<'e>(
    raw: &Event,
    earlier: impl Iterator<Item = &'e Event>,
    covers: impl Fn(Option<usize>, usize) -> bool,
    link: &Link,
) -> Option<Vec<usize>> {
    let has = |event: &Event| event.envelope.links.iter().any(|other| is_same(other, link));
    let mut standing: Vec<(Option<usize>, bool)> = Vec::new();
    if has(raw) {
        standing.push((None, true));
    }
    for (index, event) in earlier.enumerate() {
        if let Fact::RecordLinked(linked) = &event.fact {
            if !is_same(&linked.link, link) {
                continue;
            }
            standing.retain(|(one, _)| !linked.withdrawn || !covers(*one, index));
            if !linked.withdrawn {
                standing.push((Some(index), false));
            }
        } else if let Some(reading) = given(event) {
            // Another reading has links of its own; what was asserted apart holds beside it.
            standing.retain(|(one, is_own)| !is_own || !covers(*one, index));
            if has(&reading) {
                standing.push((Some(index), true));
            }
        }
    }
    standing.into_iter().map(|(one, _)| one).collect()
}

/// Tells whether two links say the same of the same entry, however sure.
pub(super) fn is_same(one: &Link, other: &Link) -> bool {
    (one.relation, one.target) == (other.relation, other.target)
}

/// Tells whether a reading says at a path what a correction made of it, which not every one of the readings says that
/// are seen without it.
fn repeats(says: &Said, path: &str, (before, after): (&Said, &Said), seen_without: &[&Said]) -> bool {
    let is_the_same =
        says.at(path) == after.at(path) && seen_without.iter().any(|said| said.at(path) != says.at(path));
    let adds = || {
        let mut added = after.at(path).into_iter().flatten().filter(|one| !before.has(path, one));
        added.any(|one| says.has(path, one) && seen_without.iter().any(|said| !said.has(path, one)))
    };
    is_the_same || adds()
}

/// Returns a reading with the links that were asserted and taken back apart from it.
fn with_links(mut reading: Event, links: &[(Link, bool)]) -> Event {
    for (link, withdrawn) in links {
        let known = &mut reading.envelope.links;
        known.retain(|known| !is_same(known, link));
        if !withdrawn {
            known.push(link.clone());
        }
    }
    reading
}

/// Returns the field to which a path leads.
fn field_of(path: &str) -> String {
    let mut names = path.split('.');
    let first = names.next().unwrap_or_default();
    let inner = names.next().filter(|name| first == "detail" && !name.is_empty());
    inner.unwrap_or(first).to_owned()
}
