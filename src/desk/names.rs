//! What is meant by a name that a person typed or a file holds: exactly one channel, party or series of
//! the registers, or an error that names what is near.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::desk::error::DeskError;
use crate::desk::known::sight::policies_in_sight;
use crate::domain::country::{self, Country};
use crate::domain::fact::EntityKind;
use crate::domain::id::EntityId;
use crate::domain::name::{Directory, Match};
use crate::domain::party_code::PartyCode;
use crate::domain::policy::Policies;
use crate::domain::zone::Zone;
use crate::projections::register::Register;
use crate::projections::text::name_key;

/// A party that was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    /// One of the register.
    Registered(EntityId),
    /// A state, or an organisation that everyone knows, which the register does not have yet.
    Known(&'static Country),
}

/// What goes by which name in the registers.
pub(crate) struct Names {
    channels: Directory<EntityId>,
    parties: Directory<EntityId>,
    series: Directory<EntityId>,
    recorders: Directory<EntityId>,
    persons: Directory<EntityId>,
    // By the key of a name as it is searched: whoever bears it.
    borne: HashMap<String, Vec<EntityId>>,
    // What was found to be one: by each of them, the one that stands for all.
    one: HashMap<EntityId, EntityId>,
    // By what each goes first: a hint says what to type, not every name that is like what was typed.
    first: HashMap<EntityId, String>,
}

/// What of the registers was lately asked for, the newest last: a question costs no register.
#[derive(Default)]
pub(crate) struct NamesKept(Mutex<Vec<Kept>>);

/// What was worked out from a register.
struct Kept {
    // Held with what rests on it, so that no other can come to stand in its place.
    register: Arc<Register>,
    names: Arc<Names>,
    policies: Arc<Policies>,
}

/// Registers whose names are kept; a desk asks of few sizes of the log at a time.
const KEPT_MAX: usize = 8;

impl NamesKept {
    /// Returns the names of a register and its policies, worked out when they are not kept.
    pub(crate) fn of(&self, register: &Arc<Register>, zone: Zone) -> (Arc<Names>, Arc<Policies>) {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |kept: &Kept| (Arc::clone(&kept.names), Arc::clone(&kept.policies));
        let known = kept().iter().find(|known| Arc::ptr_eq(&known.register, register)).map(of);
        known.unwrap_or_else(|| {
            let new = Kept {
                register: Arc::clone(register),
                names: Arc::new(Names::of(register)),
                policies: Arc::new(policies_in_sight(register, zone, None)),
            };
            let found = of(&new);
            let mut kept = kept();
            if kept.len() >= KEPT_MAX {
                kept.remove(0);
            }
            kept.push(new);
            found
        })
    }
}

static COUNTRIES: LazyLock<Directory<&'static str>> = LazyLock::new(|| {
    let mut directory = Directory::default();
    for country in country::all() {
        directory.insert(country.code, country.code);
        country.names.iter().for_each(|name| directory.insert(country.code, name));
    }
    for (name, codes) in country::SHARED {
        for code in codes {
            directory.insert(*code, name);
        }
    }
    directory
});

impl Names {
    /// Returns the names of a register; a registered state also goes by the names that everyone uses.
    pub(crate) fn of(register: &Register) -> Self {
        let mut names = Self {
            channels: Directory::default(),
            parties: Directory::default(),
            series: Directory::default(),
            recorders: Directory::default(),
            persons: Directory::default(),
            borne: HashMap::new(),
            one: HashMap::new(),
            first: HashMap::new(),
        };
        for (id, channel) in register.channels() {
            names.channels.insert(id, channel.entered.name.as_str());
            names.first.insert(id, channel.entered.name.to_string());
            channel.entered.names.iter().for_each(|name| names.channels.insert(id, &name.text));
        }
        for (id, party) in register.parties() {
            let code = party.entered.code.as_str();
            names.parties.insert(id, code);
            let name = party.entered.names.first().map(|name| name.text.as_str());
            let name =
                name.or_else(|| country::by_code(code).and_then(|country| country.names.first().copied()));
            names.first.insert(id, name.map_or_else(|| code.to_owned(), |name| format!("{code} ({name})")));
            party.entered.names.iter().for_each(|name| names.parties.insert(id, &name.text));
            for name in country::by_code(code).map(|country| country.names.as_slice()).unwrap_or_default() {
                names.parties.insert(id, name);
            }
        }
        for (id, series) in register.all_series() {
            series.entered.names.iter().for_each(|name| names.series.insert(id, &name.text));
            names.first.extend(series.entered.names.first().map(|name| (id, name.text.clone())));
        }
        for (id, person) in register.persons() {
            for name in &person.entered.names {
                names.persons.insert(id, &name.text);
                names.borne.entry(name_key(&name.text)).or_default().push(id);
            }
            names.first.extend(person.entered.names.first().map(|name| (id, name.text.clone())));
        }
        if !register.is_without_aliases() {
            let parties = register.parties().map(|(id, _)| id);
            let registered = parties.chain(register.channels().map(|(id, _)| id));
            names.one.extend(registered.map(|id| (id, register.standing_for(id))));
        }
        let mut recorders: Vec<_> = register.recorders().collect();
        recorders.sort_by_key(|(_, recorder)| recorder.position);
        let mut entered: HashSet<&str> = HashSet::new();
        for (actor, recorder) in recorders {
            // One who entered themselves a second time goes on as the first.
            if entered.insert(&recorder.entered) {
                names.recorders.insert(EntityId::from_uuid(*actor.as_uuid()), &recorder.entered);
            }
        }
        names
    }

    /// Returns the channel that is meant.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::NotFound`] with the nearest names, or [`DeskError::Ambiguous`].
    pub(crate) fn channel(&self, typed: &str) -> Result<EntityId, DeskError> {
        self.one("channel", typed, &self.channels)
    }

    /// Returns the series of talks that is meant.
    ///
    /// # Errors
    ///
    /// As [`Names::channel`].
    pub(crate) fn series(&self, typed: &str) -> Result<EntityId, DeskError> {
        self.one("series", typed, &self.series)
    }

    /// Returns the person that is meant.
    ///
    /// # Errors
    ///
    /// As [`Names::channel`].
    pub(crate) fn person(&self, typed: &str) -> Result<EntityId, DeskError> {
        self.one("person", typed, &self.persons)
    }

    /// Returns the persons who bear a name, by its [key](name_key); several where it does not tell them apart.
    pub(crate) fn persons_by_key(&self, key: &str) -> &[EntityId] {
        self.borne.get(key).map_or(&[], Vec::as_slice)
    }

    /// Returns everything of a kind that goes by a name.
    pub(crate) fn bearers(&self, kind: EntityKind, name: &str) -> Vec<EntityId> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else goes by names of its own")]
        match kind {
            EntityKind::Channel => self.channels.all(name).collect(),
            EntityKind::Party => self.parties.all(name).collect(),
            EntityKind::Series => self.series.all(name).collect(),
            EntityKind::Person => self.persons.all(name).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns what stands for all of these, where they were found to be one.
    fn one_of(&self, several: &[(EntityId, String)]) -> Option<EntityId> {
        let mut standing = several.iter().map(|(id, _)| self.one.get(id).copied().unwrap_or(*id));
        let first = standing.next()?;
        standing.all(|other| other == first).then_some(first)
    }

    /// Returns the recorder that is meant.
    ///
    /// # Errors
    ///
    /// As [`Names::channel`].
    pub(crate) fn recorder(&self, typed: &str) -> Result<EntityId, DeskError> {
        self.one("recorder", typed, &self.recorders)
    }

    /// Returns the party that is meant, by code or by name.
    ///
    /// A state of ISO 3166-1, or an organisation that everyone knows, need not be in the register; a body
    /// must be.
    ///
    /// # Errors
    ///
    /// As [`Names::channel`].
    pub(crate) fn party(&self, typed: &str) -> Result<Party, DeskError> {
        self.party_as_written(typed).or_else(|error| match typed.split_once(", ") {
            // As lists in the order of the alphabet have it: `Korea, South`.
            Some((name, before)) if !before.contains(',') => {
                self.party_as_written(&format!("{} {}", before.trim(), name.trim())).map_err(|_| error)
            }
            Some(_) | None => Err(error),
        })
    }

    fn party_as_written(&self, typed: &str) -> Result<Party, DeskError> {
        match self.parties.find(typed) {
            Match::One(id) => Ok(Party::Registered(id)),
            Match::Several(several) => match self.one_of(&several).or_else(|| coded(&several, typed)) {
                Some(id) => Ok(Party::Registered(id)),
                None => Err(ambiguous("party", typed, self.firsts(several))),
            },
            near @ (Match::Near(_) | Match::None) => match COUNTRIES.find(typed) {
                Match::One(code) => match self.registered(code) {
                    Some(id) => Ok(Party::Registered(id)),
                    None => country::by_code(code)
                        .map(Party::Known)
                        .ok_or_else(|| not_found("party", typed, Vec::new())),
                },
                Match::Several(several) => Err(ambiguous(
                    "party",
                    typed,
                    several.into_iter().map(|(code, _)| with_name(code)).collect(),
                )),
                Match::Near(countries) => Err(not_found("party", typed, self.both(near, countries))),
                Match::None => Err(not_found("party", typed, self.both(near, Vec::new()))),
            },
        }
    }

    fn one(&self, what: &str, typed: &str, directory: &Directory<EntityId>) -> Result<EntityId, DeskError> {
        match directory.find(typed) {
            Match::One(id) => Ok(id),
            Match::Several(several) => match self.one_of(&several) {
                Some(id) => Ok(id),
                None => Err(ambiguous(what, typed, self.firsts(several))),
            },
            Match::Near(near) => Err(not_found(what, typed, self.firsts(near))),
            Match::None => Err(not_found(what, typed, Vec::new())),
        }
    }

    /// Returns by what each of these goes first.
    fn firsts(&self, found: Vec<(EntityId, String)>) -> Vec<String> {
        let mut names: Vec<String> = Vec::with_capacity(found.len());
        for (id, name) in found {
            let first = self.first.get(&id).cloned().unwrap_or(name);
            if !names.contains(&first) {
                names.push(first);
            }
        }
        names
    }

    fn both(&self, near: Match<EntityId>, countries: Vec<(&'static str, String)>) -> Vec<String> {
        let mut names = if let Match::Near(near) = near { self.firsts(near) } else { Vec::new() };
        for (code, name) in countries {
            if !names.iter().any(|known| known == code) {
                names.push(format!("{name} ({code})"));
            }
        }
        names.truncate(5);
        names
    }

    /// Returns the party with a code.
    fn registered(&self, code: &str) -> Option<EntityId> {
        code.parse::<PartyCode>().ok()?;
        match self.parties.find(code) {
            Match::One(id) => Some(id),
            Match::Near(_) | Match::Several(_) | Match::None => None,
        }
    }
}

/// Returns the one of several whose code is what was typed, letter by letter.
fn coded(several: &[(EntityId, String)], typed: &str) -> Option<EntityId> {
    typed.parse::<PartyCode>().ok()?;
    let mut spelt = several.iter().filter(|(_, spelt)| spelt == typed);
    let (id, _) = spelt.next()?;
    spelt.next().is_none().then_some(*id)
}

fn not_found(what: &str, typed: &str, near: Vec<String>) -> DeskError {
    DeskError::NotFound { what: format!("{what} `{typed}`"), hints: near }
}

/// Returns the code of a state with its name.
fn with_name(code: &str) -> String {
    let name = country::by_code(code).and_then(|country| country.names.first());
    name.map_or_else(|| code.to_owned(), |name| format!("{code} ({name})"))
}

fn ambiguous(what: &str, typed: &str, candidates: Vec<String>) -> DeskError {
    DeskError::Ambiguous { what: format!("{what} `{typed}`"), candidates }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ask::When;
    use crate::desk::testing::Fixture;
    use crate::domain::event::Envelope;
    use crate::domain::fact::Fact;
    use crate::domain::fact::register::Named;

    #[test]
    fn a_name_that_two_states_bear_is_refused_with_both_even_where_one_is_registered() {
        let fixture = Fixture::new();
        for registered in [false, true] {
            if registered {
                fixture.party("COG");
            }
            let known = fixture.desk.known(&When::default()).unwrap();
            for typed in ["Congo", "congo", "콩고"] {
                let Err(DeskError::Ambiguous { candidates, .. }) = known.names.party(typed) else {
                    panic!("{typed}")
                };
                assert_eq!(candidates, ["COD (Congo - Kinshasa)", "COG (Congo - Brazzaville)"], "{typed}");
            }
            assert!(known.names.party("Republic of the Congo").is_ok());
        }
    }

    #[test]
    fn a_hint_says_once_what_to_type_and_hangul_is_found_by_a_part_of_it() {
        let fixture = Fixture::new();
        let west = fixture.line("mil-west");
        let names = ["서해지구 군통신선", "서해 군통신선", "mil-wesst"].map(Into::into).to_vec();
        let about = Envelope { about: vec![west], ..Envelope::default() };
        fixture.add(about, Fact::ChannelNamed(Named { names }));
        let known = fixture.desk.known(&When::default()).unwrap();
        for typed in ["서해", "군통신선", "mil-wset"] {
            let Err(DeskError::NotFound { hints, .. }) = known.names.channel(typed) else {
                panic!("{typed}")
            };
            assert_eq!(hints, ["mil-west"], "{typed}");
        }
    }

    #[test]
    fn names_are_worked_out_once_for_a_register_and_anew_for_another() {
        let fixture = Fixture::new();
        let names = || Arc::clone(&fixture.desk.known(&When::default()).unwrap().names);
        let first = names();
        assert!(Arc::ptr_eq(&first, &names()));
        let line = fixture.line("mil-west");
        assert!(!Arc::ptr_eq(&first, &names()));
        assert_eq!(names().channel("mil-west").unwrap(), line);
        let before =
            fixture.desk.known(&When { known_as_of: Some("1".to_owned()), ..When::default() }).unwrap();
        assert!(before.names.channel("mil-west").is_err());
    }
}
