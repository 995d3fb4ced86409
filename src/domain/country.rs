//! The states of ISO 3166-1, those of ISO 3166-3 that are no more, and a few organisations, with the names that people
//! type for them.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A state, or an organisation whose code begins with `x-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166-1 or 3166-3 alpha-3, or a code of the house that begins with `x-`.
    pub code: &'static str,
    /// Its names in English and Korean, the one to show first.
    pub names: Vec<&'static str>,
    /// The first and the last year in which it was there; none where it still is.
    pub years: Option<(i32, i32)>,
}

/// One per line: the code, then the names. A later line would not take a name from an earlier one.
const TABLE: &str = include_str!("country/names.tsv");

/// One per line: the code, the first and the last year, then the names. What has its old name still, in ISO 3166-1,
/// stands there under both codes (`BUR`, `TMP`); what nobody lived in does not stand here.
const FORMER: &str = include_str!("country/former.tsv");

/// Names that two states bear: nobody says by one alone which is meant.
pub const SHARED: &[(&str, [&str; 2])] = &[("Congo", ["COD", "COG"]), ("콩고", ["COD", "COG"])];

/// A name that two states bore for some years, and that means the first of them at any other time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnceShared {
    /// The name, however it is spelt.
    names: &'static [&'static str],
    /// Which two.
    pub codes: [&'static str; 2],
    /// The first and the last of the years.
    pub years: (i32, i32),
}

const ONCE_SHARED: &[OnceShared] = &[
    OnceShared { names: &["Germany", "독일"], codes: ["DEU", "DDR"], years: (1949, 1990) },
    OnceShared { names: &["Yemen", "예멘"], codes: ["YEM", "YMD"], years: (1967, 1990) },
    OnceShared {
        names: &["Vietnam", "Viet Nam", "Viet-Nam", "베트남"],
        codes: ["VNM", "VDR"],
        years: (1945, 1976),
    },
];

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let standing = TABLE.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        Some(Country { code: columns.next()?, names: columns.collect(), years: None })
    });
    let former = FORMER.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        let code = columns.next()?;
        let years = (columns.next()?.parse().ok()?, columns.next()?.parse().ok()?);
        Some(Country { code, names: columns.collect(), years: Some(years) })
    });
    standing.chain(former).collect()
});

static BY_CODE: LazyLock<HashMap<&'static str, &'static Country>> =
    LazyLock::new(|| all().iter().map(|country| (country.code, country)).collect());

/// Returns every state and organisation: those that are there, by code, then those that are no more.
pub fn all() -> &'static [Country] {
    &COUNTRIES
}

/// Returns the state or organisation of a code.
pub fn by_code(code: &str) -> Option<&'static Country> {
    BY_CODE.get(code).copied()
}

/// Returns the two states of which each went by a name for some years; none where only one ever did, or two still do.
pub fn once_shared(name: &str) -> Option<&'static OnceShared> {
    let name = name.trim();
    ONCE_SHARED.iter().find(|shared| shared.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::{Directory, Match};
    use crate::domain::party_code::PartyCode;

    #[test]
    fn every_state_has_a_code_an_english_and_a_korean_name() {
        let states = || all().iter().filter(|country| !country.code.starts_with("x-"));
        let standing = states().filter(|country| country.years.is_none());
        assert_eq!(standing.count(), 249, "ISO 3166-1 has 249 entries");
        let former: Vec<_> = states().filter_map(|country| country.years).collect();
        assert_eq!(former.len(), FORMER.lines().count());
        assert!(former.iter().all(|(first, last)| first < last && *last < 2020), "{former:?}");
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
        for (name, code) in [
            ("Soviet Union", "SUN"),
            ("소련", "SUN"),
            ("GDR", "DDR"),
            ("West Germany", "DEU"),
            ("TMP", "TLS"),
        ] {
            assert_eq!(directory.find(name), Match::One(code), "{name}");
        }
        assert_eq!(directory.find("north korea"), Match::One("PRK"));
        assert_eq!(directory.find("북한"), Match::One("PRK"));
        assert_eq!(directory.find("ＵＮＣ"), Match::One("x-unc"));
    }

    #[test]
    fn a_name_that_two_states_bore_for_some_years_is_a_name_of_the_one_that_is_there() {
        for shared in ONCE_SHARED {
            for name in shared.names {
                assert_eq!(once_shared(&format!(" {} ", name.to_lowercase())), Some(shared), "{name}");
                let [own, other] = shared.codes;
                let is_named = |code: &str| {
                    let mut directory = Directory::default();
                    by_code(code).unwrap().names.iter().for_each(|name| directory.insert(0, name));
                    directory.find(name) == Match::One(0)
                };
                assert!(is_named(own) && !is_named(other), "{name}");
                let (first, last) = by_code(other).unwrap().years.unwrap();
                assert!(first <= shared.years.0 && shared.years.1 <= last, "{name}");
            }
        }
        assert_eq!(once_shared("Korea"), None);
    }
}
