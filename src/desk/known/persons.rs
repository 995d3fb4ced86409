//! Which entries a person speaks or is named in: those whose texts have one of the names that the register has.

use std::collections::BTreeSet;

use roaring::RoaringBitmap;

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::search;
use crate::domain::id::EntityId;
use crate::domain::occurred::Occurred;
use crate::projections::register::Role;
use crate::projections::text::{TextQuery, name_key};
use crate::projections::timeline::Choice;

impl Known {
    /// Returns what is looked for in texts, with the persons among it under every name of theirs; whoever asked is told
    /// which.
    pub(crate) fn under_every_name(&self, text: TextQuery) -> TextQuery {
        let mut told: BTreeSet<EntityId> = BTreeSet::new();
        let question = text.under_every_name(&mut |key| {
            let persons = self.names.persons_by_key(key);
            told.extend(persons.iter().filter(|person| self.register.names(**person).len() > 1));
            self.names_of(persons)
        });
        for person in told {
            let names = self.names_of(&[person]);
            self.notice(format!(
                "{} is one person in the register, looked for under each name",
                names.join(", ")
            ));
        }
        question
    }

    /// Returns the entries in which the persons speak or are named; none where no person is asked for.
    ///
    /// # Errors
    ///
    /// As [`Names::person`](crate::desk::names::Names::person), and what a search says.
    pub(crate) fn with_persons(
        &self,
        persons: &Choice<EntityId>,
    ) -> Result<Option<RoaringBitmap>, DeskError> {
        let found = |persons: &[EntityId]| -> Result<RoaringBitmap, DeskError> {
            let names = self.names_of(persons);
            let query = TextQuery::of_names(names.iter().map(String::as_str));
            query.map_or_else(
                || Ok(RoaringBitmap::new()),
                |query| Ok(search::found(self, &query)?.positions()),
            )
        };
        let with = persons.any_of.as_deref().map(found).transpose()?;
        if persons.none_of.is_empty() {
            return Ok(with);
        }
        let all = || {
            let mut all = RoaringBitmap::new();
            all.insert_range(0..u32::try_from(self.view.size()).unwrap_or(u32::MAX));
            all
        };
        Ok(Some(with.unwrap_or_else(all) - found(&persons.none_of)?))
    }

    /// Returns the persons who are meant: whoever of the register bears the name. That several do is told, since no text
    /// tells them apart.
    ///
    /// # Errors
    ///
    /// As [`Names::person`](crate::desk::names::Names::person).
    pub(crate) fn persons_named(&self, typed: &str) -> Result<Vec<EntityId>, DeskError> {
        match self.names.persons_by_key(&name_key(typed)) {
            [] => Ok(vec![self.names.person(typed)?]),
            [one] => Ok(vec![*one]),
            several => {
                let count = several.len();
                self.notice(format!(
                    "{count} persons of the register go by `{typed}`; texts do not tell them apart"
                ));
                Ok(several.to_vec())
            }
        }
    }

    /// Returns every name of these persons, each once.
    fn names_of(&self, persons: &[EntityId]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in persons.iter().flat_map(|person| self.register.names(*person)) {
            if !names.contains(&name.text) {
                names.push(name.text.clone());
            }
        }
        names
    }

    /// Returns the error with what to do instead where what was not found is the name of a person.
    pub(crate) fn or_person(&self, typed: &str, error: DeskError) -> DeskError {
        match (error, self.person_words(typed)) {
            (DeskError::NotFound { what, .. }, Some(words)) => {
                DeskError::NotFound { what, hints: vec![words] }
            }
            (error, _) => error,
        }
    }

    /// Returns who a person is and how to ask about one; none where a name is no person's.
    pub(crate) fn person_words(&self, typed: &str) -> Option<String> {
        let typed = typed.trim();
        let persons = self.names.persons_by_key(&name_key(typed));
        let roles = persons.iter().flat_map(|person| self.register.roles_of(*person));
        let roles: Vec<String> = roles.map(|role| self.role_words(role)).collect();
        let offices =
            if roles.is_empty() { "without an office on record".to_owned() } else { roles.join("; ") };
        (!persons.is_empty()).then(|| {
            format!(
                "`{typed}` is a person of the register ({offices}): `timeline --person '{typed}'` shows where they \
                 speak or are named; where a party is asked for, name the body"
            )
        })
    }

    fn role_words(&self, role: &Role) -> String {
        let held = &role.held;
        let body = self.named(held.party).map_or_else(|_| "a body".to_owned(), |body| body.name);
        let date = |word: &str, date: &Option<Occurred>| {
            date.as_ref().map_or_else(String::new, |date| format!(" {word} {}", date.words()))
        };
        format!("{} of {body}{}{}", held.office, date("since", &held.since), date("until", &held.until))
    }
}
