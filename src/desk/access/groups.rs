//! What the groups in which somebody is at a provider let them do and see here.
//!
//! How far somebody sees adds up over their groups: the highest level, and every compartment. What they do does not:
//! one of their groups must have a role that may do everything that those of the others may. An auditor checks those
//! who record, so that whoever is in a group of each is let in as neither.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::desk::access::{AccessError, Grants};
use crate::desk::error::DeskError;
use crate::domain::fact::account::{Permitted, Role};
use crate::domain::marking::{Compartment, Scheme};

/// What whoever is in a group may: `GROUP=ROLE,LEVEL`, and compartments after further commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRule {
    group: String,
    role: Role,
    clearance: String,
    compartments: BTreeSet<String>,
}

impl FromStr for GroupRule {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let right = "write GROUP=ROLE,LEVEL or GROUP=ROLE,LEVEL,COMPARTMENT";
        // A group may be called `cn=desk,ou=groups`; nothing behind the last sign has one.
        let (group, may) = typed.rsplit_once('=').ok_or_else(|| right.to_owned())?;
        let mut words = may.split(',').map(str::trim);
        let (Some(role), Some(clearance)) = (words.next(), words.next()) else {
            return Err(right.to_owned());
        };
        let group = group.trim();
        if group.is_empty() || clearance.is_empty() {
            return Err(right.to_owned());
        }
        let role = role.to_lowercase().parse::<Role>().map_err(|error| error.to_string())?;
        let compartments = words.map(|word| word.parse::<Compartment>().map(String::from));
        let compartments = compartments.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        Ok(Self { group: group.to_owned(), role, clearance: clearance.to_owned(), compartments })
    }
}

/// The rules of a server: what the groups let people do and see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups(pub Vec<GroupRule>);

impl Groups {
    /// Returns what someone who is in these groups may, and which of them say so.
    pub(super) fn permit(
        &self,
        name: &str,
        theirs: &[String],
        scheme: &Scheme,
    ) -> Result<(Permitted, Vec<String>), AccessError> {
        let mut counting: Vec<&GroupRule> =
            self.0.iter().filter(|rule| theirs.contains(&rule.group)).collect();
        counting.sort_by(|one, other| one.group.cmp(&other.group));
        let forbidden = |rule: String, hint: &str| AccessError::Forbidden { rule, hint: hint.to_owned() };
        if counting.is_empty() {
            let hint = "whoever keeps the groups of the provider can take you into one";
            return Err(forbidden(format!("no group of {name} lets anybody in here"), hint));
        }
        let has_all = |rule: &&&GroupRule| {
            counting.iter().all(|other| Grants::of(rule.role).have(Grants::of(other.role)))
        };
        let Some(role) = counting.iter().find(has_all).map(|rule| rule.role) else {
            let roles: BTreeSet<&str> = counting.iter().map(|rule| rule.role.as_str()).collect();
            let roles = roles.into_iter().collect::<Vec<_>>().join(" and ");
            let rule = format!("the groups of {name} are of {roles}, which nobody is at once");
            return Err(forbidden(rule, "whoever keeps the groups of the provider can take you out of one"));
        };
        let mut highest = None;
        for rule in &counting {
            let level = rule.level(scheme)?;
            highest = highest.max(Some((scheme.rank(&level), level.0)));
        }
        let (_, clearance) = highest.unwrap_or_default();
        let compartments: BTreeSet<String> =
            counting.iter().flat_map(|rule| rule.compartments.iter().cloned()).collect();
        let permitted = Permitted {
            role,
            clearance: crate::domain::marking::Marking(clearance),
            compartments: compartments.into_iter().collect(),
        };
        let mut groups: Vec<String> = counting.iter().map(|rule| rule.group.clone()).collect();
        groups.dedup();
        Ok((permitted, groups))
    }

    /// Returns a group of which two rules say what it may.
    pub(crate) fn named_twice(&self) -> Option<&str> {
        let mut seen = BTreeSet::new();
        self.0.iter().map(|rule| rule.group.as_str()).find(|group| !seen.insert(*group))
    }

    /// Checks that every rule names a level of the scheme in force.
    pub(super) fn check(&self, scheme: &Scheme) -> Result<(), DeskError> {
        self.0.iter().try_for_each(|rule| rule.level(scheme).map(|_| ()))
    }
}

impl GroupRule {
    fn level(&self, scheme: &Scheme) -> Result<crate::domain::marking::Marking, DeskError> {
        scheme.level(&self.clearance).map_err(|error| {
            DeskError::Unavailable(format!(
                "what the group {} may see is not known here: {error}",
                self.group
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(rules: &[&str]) -> Groups {
        Groups(rules.iter().map(|rule| rule.parse().unwrap()).collect())
    }

    fn permitted(rules: &Groups, theirs: &[&str]) -> Result<String, String> {
        let theirs: Vec<String> = theirs.iter().map(|group| (*group).to_owned()).collect();
        let (may, why) = rules.permit("lee", &theirs, &Scheme::tlp()).map_err(|error| error.to_string())?;
        Ok(format!("{} {} [{}] {}", may.role, may.clearance.0, may.compartments.join(" "), why.join(" ")))
    }

    #[test]
    fn a_rule_reads_its_group_whatever_it_is_called() {
        let rule: GroupRule = "cn=desk,ou=groups=Recorder, tlp:red ,KITE".parse().unwrap();
        assert_eq!((rule.group.as_str(), rule.role), ("cn=desk,ou=groups", Role::Recorder));
        assert_eq!(rule.compartments.into_iter().collect::<Vec<_>>(), ["KITE"]);
        for wrong in [
            "desk",
            "desk=",
            "=reader,TLP:RED",
            "desk=reader",
            "desk=king,TLP:RED",
            "desk=reader,",
            "desk=reader,TLP:RED,",
        ] {
            assert!(wrong.parse::<GroupRule>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn sight_adds_up_and_what_one_does_is_said_by_one_group() {
        let rules = groups(&[
            "read=reader,TLP:GREEN",
            "high=reader,tlp:red",
            "kite=reader,TLP:CLEAR,KITE",
            "night=recorder,TLP:AMBER,SPARROW",
            "check=auditor,TLP:RED",
            "keep=administrator,TLP:RED",
        ]);
        assert_eq!(permitted(&rules, &["read"]).unwrap(), "reader TLP:GREEN [] read");
        assert_eq!(
            permitted(&rules, &["night", "kite", "other", "high"]).unwrap(),
            "recorder TLP:RED [KITE SPARROW] high kite night"
        );
        assert_eq!(
            permitted(&rules, &["keep", "night"]).unwrap(),
            "administrator TLP:RED [SPARROW] keep night"
        );
        for both in [["check", "night"], ["check", "keep"]] {
            let said = permitted(&rules, &both).unwrap_err();
            assert!(said.contains("auditor") && said.contains("at once"), "{said}");
        }
        for none in [&[][..], &["Read"], &["rea"], &["*"]] {
            assert!(permitted(&rules, none).unwrap_err().contains("lets anybody in"), "{none:?}");
        }
    }

    #[test]
    fn a_level_that_the_log_does_not_know_lets_nobody_in() {
        let rules = groups(&["desk=reader,SECRET"]);
        assert!(rules.check(&Scheme::tlp()).unwrap_err().to_string().contains("SECRET"));
        assert!(permitted(&rules, &["desk"]).unwrap_err().contains("desk"));
    }
}
