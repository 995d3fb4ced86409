//! What formats that are no tables are read with: the registers, and what the mapping says of parties, kinds,
//! markings and constants.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::desk::error::DeskError;
use crate::desk::format::parse::markings;
use crate::desk::import::drafted::Drafted;
use crate::desk::import::mapping::Checked;
use crate::desk::known::Known;
use crate::desk::names::Party;
use crate::domain::country;
use crate::domain::fact::Kind;
use crate::domain::marking::Scheme;
use crate::domain::name::fold;

/// How many characters a code may have behind its `x-`, as a word of a code of a party.
const WORD_CHARS_MAX: usize = 40;
/// How many of them a digest of the name has, where the others do not say the name whole.
const DIGEST_CHARS: usize = 8;

/// What files that are no tables are read with.
pub(super) struct Given<'a> {
    known: &'a Known,
    pub(super) checked: Option<&'a Checked>,
    /// The kind of what has none by itself, where one was stated.
    pub(super) default_kind: Option<Kind>,
    scheme: Scheme,
    parties: HashMap<String, Found>,
    persons: HashMap<String, Found>,
    /// By each code that is proposed, as two codes are compared: the name of which it was made first.
    proposed: HashMap<String, String>,
}

/// What a name of a party stands for.
#[derive(Debug, Clone)]
enum Found {
    Code(String),
    Proposed {
        code: String,
        /// What is said of it, until it was.
        doubt: Option<String>,
    },
    Wrong(String),
}

impl Found {
    /// Returns the code, where there is one, and notes what is to be said of it.
    fn told(&mut self, field: &str, drafted: &mut Drafted) -> Option<String> {
        match self {
            Self::Code(code) => Some(code.clone()),
            Self::Proposed { code, doubt } => {
                // Once for each name: a file of a million rows has few of them.
                if let Some(doubt) = doubt.take() {
                    drafted.doubt(format!("{field}: {doubt}"));
                }
                Some(code.clone())
            }
            Self::Wrong(detail) => {
                drafted.wrong(Some(field), detail.clone());
                None
            }
        }
    }
}

impl<'a> Given<'a> {
    pub(super) fn new(known: &'a Known, checked: Option<&'a Checked>, default_kind: Option<Kind>) -> Self {
        let stated = checked.and_then(|checked| checked.mapping.default_kind.as_ref()?.parse().ok());
        let default_kind = default_kind.or(stated);
        Self {
            known,
            checked,
            default_kind,
            scheme: markings(known).0,
            parties: HashMap::new(),
            persons: HashMap::new(),
            proposed: HashMap::new(),
        }
    }

    /// Returns what a table of the mapping says of a value.
    pub(super) fn table(&self, name: &str, value: &str) -> Option<&'a Value> {
        let table: &'a BTreeMap<String, Value> = self.checked?.mapping.tables.get(name)?;
        let lower = value.trim().to_lowercase();
        table.get(value).or_else(|| {
            table.iter().find(|(key, _)| key.trim().to_lowercase() == lower).map(|(_, value)| value)
        })
    }

    /// Returns the fields that the mapping gives all entries.
    pub(super) fn constants(&self) -> Map<String, Value> {
        let fields = self.checked.into_iter().flat_map(|checked| &checked.mapping.fields);
        fields.filter_map(|(name, rule)| Some((name.clone(), rule.value.clone()?))).collect()
    }

    /// Tells whether the mapping gives all entries a field.
    pub(super) fn has_constant(&self, name: &str) -> bool {
        self.checked
            .is_some_and(|checked| checked.mapping.fields.get(name).is_some_and(|rule| rule.value.is_some()))
    }

    /// Returns the level of the log's scheme that a marking is, where it is one.
    pub(super) fn marking(&self, marked: &str) -> Option<String> {
        match self.table("markings", marked) {
            Some(Value::String(level)) => Some(level.clone()),
            Some(_) | None => self.scheme.level(marked).ok().map(|level| level.0),
        }
    }

    /// Tells whether the mapping, the register or everyone knows a name, be it as that of several.
    pub(super) fn knows(&self, name: &str) -> bool {
        let found = || self.known.names.party(name);
        self.table("parties", name).is_some() || matches!(found(), Ok(_) | Err(DeskError::Ambiguous { .. }))
    }

    /// Returns what names the entry that the log has of a message, by its `Message-ID`; none where it has none.
    ///
    /// # Errors
    ///
    /// Returns that the log cannot be read.
    pub(super) fn message_of(&self, id: &str) -> Result<Option<String>, DeskError> {
        // Without an `@` it may name anything else in a file.
        let found = if id.contains('@') { self.known.view.called(id)? } else { Vec::new() };
        Ok(found.first().map(ToString::to_string))
    }

    /// Returns the code of the party that goes by a name: what the mapping says, then the register, then a code
    /// made of the name, which is told.
    pub(super) fn party(&mut self, name: &str, field: &str, drafted: &mut Drafted) -> Option<String> {
        self.code_of(name, false, field, drafted)
    }

    /// Says of a name that two states bore in the year of an entry which of them is taken; nothing where the mapping says
    /// who is meant.
    pub(super) fn told_of_two(&self, name: &str, field: &str, date: &str, drafted: &mut Drafted) {
        let Some(shared) = country::once_shared(name).filter(|_| self.table("parties", name).is_none())
        else {
            return;
        };
        let year = date.split(|letter: char| !letter.is_ascii_digit()).find(|run| run.len() == 4);
        let (first, last) = shared.years;
        let is_of_both =
            year.and_then(|year| year.parse().ok()).is_some_and(|year: i32| (first..=last).contains(&year));
        if is_of_both {
            let [taken, other] = shared.codes;
            drafted.doubt(format!(
                "{field}: two states were called `{name}` from {first} to {last}: {taken} is taken, and not {other}; `tables.parties` \
                 of a mapping says otherwise"
            ));
        }
    }

    /// Notes why a name is that of no party, where it is wrong; of a row that is wrong in something else already, whose
    /// doubts nobody is told.
    pub(super) fn wrong_party(&self, name: &str, field: &str, drafted: &mut Drafted) {
        if let Found::Wrong(detail) = self.found(name.trim()) {
            drafted.wrong(Some(field), detail);
        }
    }

    /// Returns the code of the party that a person stands for who goes by a name, as [`Given::party`] does; that a
    /// state or an organisation that everyone knows has the same name makes the person none: it is told.
    pub(super) fn person(&mut self, name: &str, field: &str, drafted: &mut Drafted) -> Option<String> {
        self.code_of(name, true, field, drafted)
    }

    /// Looks a name up once, and tells once what is to be said of it.
    fn code_of(&mut self, name: &str, is_person: bool, field: &str, drafted: &mut Drafted) -> Option<String> {
        let name = name.trim();
        if name.is_empty() {
            return None;
        }
        let looked_up = if is_person { &self.persons } else { &self.parties };
        let new = if looked_up.contains_key(name) {
            None
        } else {
            let found = if is_person { self.found_person(name) } else { self.found(name) };
            Some(self.told_apart(name, found))
        };
        let looked_up = if is_person { &mut self.persons } else { &mut self.parties };
        looked_up.extend(new.map(|found| (name.to_owned(), found)));
        looked_up.get_mut(name)?.told(field, drafted)
    }

    /// Says of a proposed code that another name of the file has it already: the two become one party.
    fn told_apart(&mut self, name: &str, found: Found) -> Found {
        let Found::Proposed { code, doubt } = found else { return found };
        let first = self.proposed.entry(fold(&code)).or_insert_with(|| name.to_owned());
        let doubt = if *first == name {
            doubt
        } else {
            Some(format!(
                "`{name}` and `{first}` differ in case, accents and signs alone, and are one party, {code}; where they are two, \
                 `tables.parties` of a mapping says which code each has"
            ))
        };
        Found::Proposed { code, doubt }
    }

    fn found_person(&self, name: &str) -> Found {
        if self.table("parties", name).is_some() {
            return self.found(name);
        }
        let states = match self.known.names.party(name) {
            Ok(Party::Registered(id)) => {
                let code = self.known.register.party_code(id).map(ToString::to_string);
                match code.filter(|code| country::by_code(code).is_some()) {
                    Some(code) => code,
                    None => return self.found(name),
                }
            }
            Ok(Party::Known(country)) => country.code.to_owned(),
            Err(DeskError::Ambiguous { candidates, .. }) => {
                // Of those of this name, somebody entered one that is no state.
                match self.others_called(name).as_slice() {
                    [] => candidates.join(" or "),
                    [only] => return Found::Code(only.clone()),
                    [..] => return self.found(name),
                }
            }
            Err(_) => return self.found(name),
        };
        let code = proposed(name);
        let doubt = format!(
            "`{name}` is a person by the file, and is the name or code of {states} too; {code} is proposed, here and \
             wherever a person of the name stands, and `tables.parties` of a mapping says otherwise"
        );
        Found::Proposed { code, doubt: Some(doubt) }
    }

    /// Returns the codes of the registered parties of a name that are neither a state nor an organisation that
    /// everyone knows.
    fn others_called(&self, name: &str) -> Vec<String> {
        let folded = fold(name);
        let parties = self.known.register.parties().map(|(_, party)| &party.entered);
        let called = parties.filter(|party| party.names.iter().any(|known| fold(&known.text) == folded));
        let codes = called.map(|party| party.code.to_string());
        codes.filter(|code| country::by_code(code).is_none()).collect()
    }

    fn found(&self, name: &str) -> Found {
        match self.table("parties", name) {
            Some(Value::String(code)) => return Found::Code(code.clone()),
            Some(_) => {
                return Found::Wrong(format!("tables.parties does not say yet who `{name}` is; fill it in"));
            }
            None => {}
        }
        let of_name = || {
            let code = proposed(name);
            if let Ok(Party::Registered(id)) = self.known.names.party(&code)
                && let Some(registered) = self.known.register.party_code(id)
            {
                let doubt = format!(
                    "`{name}` is no name of the register or of the mapping, and goes to {registered} of the register, whose code \
                     says the same; `tables.parties` of a mapping says otherwise"
                );
                return Found::Proposed { code: registered.to_string(), doubt: Some(doubt) };
            }
            let doubt = format!(
                "`{name}` is no party of the register or of the mapping; {code} is proposed, here and wherever the name stands"
            );
            Found::Proposed { code, doubt: Some(doubt) }
        };
        match self.known.names.party(name) {
            Ok(Party::Registered(id)) => match self.known.register.party_code(id) {
                Some(code) => Found::Code(code.to_string()),
                None => of_name(),
            },
            Ok(Party::Known(country)) => Found::Code(country.code.to_owned()),
            Err(DeskError::Ambiguous { candidates, .. }) => Found::Wrong(format!(
                "`{name}` could be {}; say in `tables.parties` of the mapping who is meant",
                candidates.join(" or ")
            )),
            Err(_) => of_name(),
        }
    }
}

/// Returns the code that is proposed for whoever goes by a name: `x-embassy-in-korea`, `x-montufar`.
///
/// Where the words of the code would not say the whole name, because it is too long or has letters that no code has, a
/// digest of the name ends it: names that differ by a letter get codes that differ.
fn proposed(name: &str) -> String {
    let (slug, is_whole) = slug(name);
    if slug.is_empty() {
        return format!("x-party-{}", digest(name));
    }
    if is_whole && slug.len() <= WORD_CHARS_MAX {
        return format!("x-{slug}");
    }
    let most = WORD_CHARS_MAX - DIGEST_CHARS - 1;
    let cut = slug.get(..most).map_or(slug.as_str(), |cut| {
        // A word that is cut off says less than none, unless it is all there is.
        cut.rfind('-').filter(|end| *end > most / 2).and_then(|end| cut.get(..end)).unwrap_or(cut)
    });
    format!("x-{}-{}", cut.trim_end_matches('-'), digest(&fold(name)))
}

/// Returns the letters and digits of a name that a code may have, and whether they are all of it.
fn slug(name: &str) -> (String, bool) {
    let (mut slug, mut is_whole) = (String::new(), true);
    // An accent stands after its letter then.
    let letters = name.nfkd().filter(|letter| !is_combining_mark(*letter));
    for letter in letters.flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
            continue;
        }
        is_whole &= !letter.is_alphanumeric();
        if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    (slug, is_whole)
}

fn digest(name: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    let [a, b, c, d, ..] = digest;
    format!("{a:02x}{b:02x}{c:02x}{d:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::party_code::PartyCode;

    #[test]
    fn whatever_a_party_is_called_its_code_is_one() {
        for name in [
            "Embassy in Korea",
            "북한",
            "A.B.C. & Co",
            "-",
            "x".repeat(90).as_str(),
            "US Department of State, Office of East Asian Affairs",
        ] {
            let code = proposed(name);
            assert!(code.parse::<PartyCode>().is_ok(), "{name}: {code}");
        }
        assert_eq!(proposed("Embassy in Korea"), "x-embassy-in-korea");
        assert_eq!(proposed("Señor Montúfar"), "x-senor-montufar");
        assert_eq!(
            proposed("Mission at the United Nations, 2d Office"),
            "x-mission-at-the-united-nations-2d-office"
        );
    }

    #[test]
    fn names_that_differ_by_a_letter_have_codes_that_differ() {
        for (one, other) in [
            (
                "Deputy Assistant Secretary of State for Far Eastern Affairs",
                "Deputy Assistant Secretary of State for European Affairs",
            ),
            (
                "Delegation to the Meeting of the North Atlantic Council at Paris",
                "Delegation to the Meeting of the North Atlantic Council at London",
            ),
            ("북한 UN", "남한 UN"),
            ("북한", "남한"),
            ("Łódź", "Odz"),
            ("x".repeat(90).as_str(), "x".repeat(91).as_str()),
        ] {
            assert_ne!(proposed(one), proposed(other), "{one}");
        }
        let long = "Deputy Assistant Secretary of State for Far Eastern Affairs";
        assert!(proposed(long).starts_with("x-deputy-assistant-secretary-of-"), "{}", proposed(long));
        assert_eq!(proposed(long), proposed(&long.to_uppercase()), "case tells no party from another");
    }
}
