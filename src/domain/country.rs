//! The states of ISO 3166-1 and a few organisations, with the names that people type for them.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A state, or an organisation whose code begins with `x-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166-1 alpha-3, or a code of the house that begins with `x-`.
    pub code: &'static str,
    /// Its names in English and Korean, the one to show first.
    pub names: Vec<&'static str>,
}

/// One per line: the code, then the names. A later line would not take a name from an earlier one.
const TABLE: &str = include_str!("country/names.tsv");

/// Names that two states bear: nobody says by one alone which is meant.
pub const SHARED: &[(&str, [&str; 2])] = &[("Congo", ["COD", "COG"]), ("콩고", ["COD", "COG"])];

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    TABLE
        .lines()
        .filter_map(|line| {
            let mut columns = line.split('\t');
            Some(Country { code: columns.next()?, names: columns.collect() })
        })
        .collect()
});

static BY_CODE: LazyLock<HashMap<&'static str, &'static Country>> =
    LazyLock::new(|| all().iter().map(|country| (country.code, country)).collect());

/// Returns every state and organisation, by code.
pub fn all() -> &'static [Country] {
    &COUNTRIES
}

/// Returns the state or organisation of a code.
pub fn by_code(code: &str) -> Option<&'static Country> {
    BY_CODE.get(code).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::{Directory, Match};
    use crate::domain::party_code::PartyCode;

    #[test]
    fn every_state_has_a_code_an_english_and_a_korean_name() {
        let states: Vec<_> = all().iter().filter(|country| !country.code.starts_with("x-")).collect();
        assert_eq!(states.len(), 249, "ISO 3166-1 has 249 entries");
        for country in all() {
            assert!(country.code.parse::<PartyCode>().is_ok(), "{}", country.code);
            assert!(
                country.names.iter().any(|name| name.is_ascii()
                    || name.contains('é')
                    || name.contains('ô')
                    || !name.is_empty())
            );
            assert!(
                country.names.iter().any(|name| name.contains(|letter| ('가'..='힣').contains(&letter))),
                "{}",
                country.code
            );
        }
    }

    #[test]
    fn no_name_means_two_states() {
        let mut directory = Directory::default();
        for country in all() {
            country.names.iter().for_each(|name| directory.insert(country.code, name));
        }
        for country in all() {
            for name in &country.names {
                assert_eq!(directory.find(name), Match::One(country.code), "{name}");
            }
        }
        for (name, codes) in SHARED {
            assert!(codes.iter().all(|code| by_code(code).is_some()), "{name}");
            assert!(!matches!(directory.find(name), Match::One(_)), "{name}");
        }
        assert_eq!(directory.find("north korea"), Match::One("PRK"));
        assert_eq!(directory.find("북한"), Match::One("PRK"));
        assert_eq!(directory.find("ＵＮＣ"), Match::One("x-unc"));
    }
}
