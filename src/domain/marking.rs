//! How far an entry may travel: a marking from an ordered scheme, TLP 2.0 unless the log says otherwise, and the
//! compartments to which a reader must be admitted beside it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A level of a [`Scheme`], as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Marking(pub String);

/// Levels from the least to the most restricted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// What the scheme is called, for example `TLP 2.0`.
    pub name: String,
    /// The levels, least restricted first.
    pub levels: Vec<Marking>,
}

/// The markings under which a reading of an entry is found: its own, and that of the amendment that gave it. Which of
/// them is the more restricted depends on the scheme that is in force when somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// Its own.
    pub own: Option<Marking>,
    /// That of the amendment.
    pub amendment: Option<Marking>,
}

impl Marked {
    /// What parts the two in one word: no level has it in its name that anybody types.
    const BETWEEN: char = '\u{1f}';

    /// Returns both as one word, which is the marking itself where there is no other; none where there is none.
    pub fn word(own: Option<&str>, amendment: Option<&str>) -> Option<String> {
        match amendment.filter(|amendment| own != Some(*amendment)) {
            None => own.map(ToOwned::to_owned),
            Some(amendment) => Some(format!("{}{}{amendment}", own.unwrap_or_default(), Self::BETWEEN)),
        }
    }

    /// Returns what a word of [`Marked::word`] says.
    pub fn of(word: &str) -> Self {
        let marking = |word: &str| (!word.is_empty()).then(|| Marking(word.to_owned()));
        let (own, amendment) = word.split_once(Self::BETWEEN).unwrap_or((word, ""));
        Self { own: marking(own), amendment: marking(amendment) }
    }
}

/// Something of which only those read who were admitted to it by name, however high they are cleared.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct Compartment {
    // Invariant: 1 to `Compartment::CHARS_MAX` characters, no space at an end, no control character.
    name: String,
}

/// A text names no compartment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is no compartment; one has 1 to {} characters, and no control characters",
    .0.escape_debug(),
    Compartment::CHARS_MAX
)]
pub struct CompartmentError(pub String);

impl Compartment {
    /// How long the name of one may be.
    pub const CHARS_MAX: usize = 40;

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl TryFrom<String> for Compartment {
    type Error = CompartmentError;

    fn try_from(name: String) -> Result<Self, CompartmentError> {
        let is_one = !name.is_empty()
            && name.trim() == name
            && name.chars().count() <= Self::CHARS_MAX
            && !name.chars().any(char::is_control);
        if is_one { Ok(Self { name }) } else { Err(CompartmentError(name)) }
    }
}

impl FromStr for Compartment {
    type Err = CompartmentError;

    fn from_str(typed: &str) -> Result<Self, CompartmentError> {
        Self::try_from(typed.trim().to_owned())
    }
}

impl From<Compartment> for String {
    fn from(compartment: Compartment) -> Self {
        compartment.name
    }
}

impl fmt::Display for Compartment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.name)
    }
}

/// A marking is not a level of the scheme in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{marking}` is no level of {scheme}; its levels are {}", .levels.join(", "))]
pub struct UnknownMarking {
    /// What was given.
    pub marking: String,
    /// The scheme in force.
    pub scheme: String,
    /// What would have been right, least restricted first.
    pub levels: Vec<String>,
}

impl Scheme {
    /// Returns the Traffic Light Protocol 2.0 (FIRST, August 2022).
    pub fn tlp() -> Self {
        Self {
            name: "TLP 2.0".to_owned(),
            levels: ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"]
                .map(|level| Marking(level.to_owned()))
                .to_vec(),
        }
    }

    /// Returns the level that `typed` names, whatever its case.
    ///
    /// # Errors
    ///
    /// Returns [`UnknownMarking`] with the levels that exist.
    pub fn level(&self, typed: &str) -> Result<Marking, UnknownMarking> {
        self.levels.iter().find(|level| level.0.eq_ignore_ascii_case(typed.trim())).cloned().ok_or_else(
            || UnknownMarking {
                marking: typed.to_owned(),
                scheme: self.name.clone(),
                levels: self.levels.iter().map(|level| level.0.clone()).collect(),
            },
        )
    }

    /// Returns the place of a level, the least restricted first; none for one that the scheme has not.
    pub fn rank(&self, marking: &Marking) -> Option<usize> {
        self.levels.iter().position(|level| level == marking)
    }

    /// Tells whether nothing of the scheme is more restricted; a level that it has not is never so.
    pub fn is_highest(&self, marking: &Marking) -> bool {
        self.levels.last() == Some(marking)
    }

    /// Returns how far a reading of an entry may travel: as it is marked itself (`own`), or as the amendment is by which
    /// it reads so, where that is the more restricted. A level that the scheme has not counts as its highest.
    ///
    /// What is not marked counts as `default` says, or as its channel does, which is not looked at: none where the
    /// amendment is not above the default, else the highest level.
    pub fn binding<'m>(
        &'m self,
        default: Option<&Marking>,
        own: Option<&'m Marking>,
        amendment: Option<&'m Marking>,
    ) -> Option<&'m Marking> {
        let Some(amendment) = amendment else { return own };
        let Some(own) = own else {
            let is_above = default.is_some_and(|default| self.height(default) < self.height(amendment));
            return self.levels.last().filter(|highest| is_above || *highest == amendment);
        };
        let (mine, least) = (self.height(own), self.height(amendment));
        let is_higher = mine < least || mine == least && !self.levels.contains(own);
        Some(if is_higher { amendment } else { own })
    }

    /// Tells whether what is marked so is more restricted than what is marked otherwise; what is not marked counts as
    /// `default`, and as the highest level where that is none.
    pub fn is_above(
        &self,
        default: Option<&Marking>,
        one: Option<&Marking>,
        other: Option<&Marking>,
    ) -> bool {
        let highest = self.levels.len().saturating_sub(1);
        let height =
            |marking: Option<&Marking>| marking.or(default).map_or(highest, |marking| self.height(marking));
        height(one) > height(other)
    }

    /// Returns the place of a level; of one that the scheme has not, that of the highest.
    fn height(&self, marking: &Marking) -> usize {
        let highest = self.levels.len().saturating_sub(1);
        self.levels.iter().position(|level| level == marking).unwrap_or(highest)
    }

    /// Tells whether `marking` is less restricted than `floor`; a level of neither kind is never below.
    pub fn is_below(&self, marking: &Marking, floor: &Marking) -> bool {
        let rank = |wanted: &Marking| self.levels.iter().position(|level| level == wanted);
        matches!((rank(marking), rank(floor)), (Some(mine), Some(least)) if mine < least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_travels_no_further_than_itself_and_the_amendment_that_gave_it() {
        let scheme = Scheme::tlp();
        let binding = |default: &str, own: &str, amendment: &str| {
            let marked = |word: &str| (!word.is_empty()).then(|| Marking(word.to_owned()));
            let (default, word) =
                (marked(default), Marked::word(Some(own).filter(|own| !own.is_empty()), Some(amendment)));
            let Marked { own, amendment } = Marked::of(&word.unwrap());
            let binding = scheme.binding(default.as_ref(), own.as_ref(), amendment.as_ref());
            binding.map_or("none", |marking| &marking.0).to_owned()
        };
        assert_eq!(binding("", "TLP:CLEAR", "TLP:RED"), "TLP:RED");
        assert_eq!(binding("", "TLP:RED", "TLP:GREEN"), "TLP:RED");
        assert_eq!(binding("", "TLP:RED", "TLP:RED"), "TLP:RED");
        assert_eq!(binding("", "TLP:GREEN", "unknown"), "unknown");
        assert_eq!(binding("", "unknown", "TLP:GREEN"), "unknown");
        // A level of which nobody knows how high it is counts as the highest, and goes by the name of that one.
        assert_eq!(binding("", "unknown", "TLP:RED"), "TLP:RED");
        assert_eq!(binding("", "TLP:RED", "unknown"), "TLP:RED");
        assert_eq!(binding("", "of old", "of old too"), "of old too");
        // What is not marked is as the default says, and as restricted as can be without one.
        assert_eq!(binding("", "", "TLP:GREEN"), "none");
        assert_eq!(binding("", "", "TLP:RED"), "TLP:RED");
        // Its channel may say more than the default.
        assert_eq!(binding("TLP:GREEN", "", "TLP:AMBER"), "TLP:RED");
        assert_eq!(binding("TLP:AMBER", "", "TLP:GREEN"), "none");
        assert_eq!(Marked::word(Some("TLP:RED"), None).unwrap(), "TLP:RED");
        assert_eq!(Marked::word(None, None), None);
        let above = |one: Option<usize>, other: Option<usize>| {
            let level = |place: Option<usize>| place.map(|place| &scheme.levels[place]);
            scheme.is_above(Some(&scheme.levels[1]), level(one), level(other))
        };
        assert!(above(Some(2), Some(1)) && above(Some(2), None) && above(None, Some(0)));
        assert!(!above(Some(1), Some(2)) && !above(Some(1), None) && !above(None, None));
    }

    #[test]
    fn a_compartment_has_a_name_that_can_be_read_and_one_spelling() {
        assert_eq!(" KITE ".parse::<Compartment>().unwrap().as_str(), "KITE");
        assert!(Compartment::try_from(" KITE".to_owned()).is_err());
        for wrong in ["", " ", "a\u{7}b", &"x".repeat(41)] {
            let error = wrong.parse::<Compartment>().unwrap_err().to_string();
            assert!(error.contains("1 to 40 characters"), "{error}");
        }
    }

    #[test]
    fn a_marking_is_taken_in_any_case_and_ranked_by_the_scheme() {
        let scheme = Scheme::tlp();
        let amber = scheme.level("tlp:amber").unwrap();
        let red = scheme.level(" TLP:RED ").unwrap();
        assert!(scheme.is_below(&amber, &red));
        assert!(!scheme.is_below(&red, &amber));
        assert!(!scheme.is_below(&red, &red));
        assert!(scheme.is_highest(&red) && !scheme.is_highest(&amber));
        assert!(!scheme.is_highest(&Marking("SECRET".to_owned())));
        assert!(scheme.level("SECRET").unwrap_err().to_string().contains("TLP:AMBER+STRICT"));
    }
}
