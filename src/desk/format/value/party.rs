//! A party by a name that was written, on the day of the entry: states come and go, and a name goes from one to another.

use serde_json::{Value, json};

use crate::desk::error::DeskError;
use crate::desk::format::Trouble;
use crate::desk::format::value::Reader;
use crate::domain::country::{self, OnceShared};
use crate::domain::occurred::Occurred;

impl Reader<'_, '_> {
    /// Reads a party.
    ///
    /// A name that two states bore in the years of the entry is a question back, as one that two bear; that a state was
    /// not there in its years is told.
    pub(super) fn party(&mut self, name: &str, typed: &str) -> Result<Value, Trouble> {
        let advice = "a body is entered first, with `party register` (`party.registered`)";
        if let Some(shared) = country::once_shared(typed)
            && self.within(shared.years)
        {
            return Err(Trouble::in_name(name, both(typed, shared), ""));
        }
        let party = self.resolver.party(typed).map_err(|error| Trouble::in_name(name, error, advice))?;
        self.understood(name, typed, party)?;
        let called = self.resolver.called(party).map_err(|error| Trouble::in_name(name, error, ""))?;
        let root = called.split('/').next().unwrap_or_default();
        if let Some(state) = country::by_code(root)
            && let Some((first, last)) = state.years
            && let Some(date) = self.date_of_entry()
            && !self.within((first, last))
        {
            let known = state.names.first().copied().unwrap_or(root);
            let words = format!(
                "{name}: {root} ({known}) was there from {first} to {last}, and the date is {}",
                date.words()
            );
            if !self.doubtful.contains(&words) {
                self.doubtful.push(words);
            }
        }
        Ok(json!(party))
    }

    /// Tells whether the entry may be of a year from one to another; not where it has no date.
    fn within(&self, (first, last): (i32, i32)) -> bool {
        use chrono::Datelike;
        let Some(date) = self.date_of_entry() else { return false };
        let year = |moment| self.typing.zone.local(moment).year();
        let (earliest, latest) = date.bounds(&self.typing.zone);
        year(earliest) <= last && first <= year(latest)
    }

    fn date_of_entry(&self) -> Option<Occurred> {
        self.typing.date(self.dated.as_deref()?).ok().map(|reading| reading.occurred)
    }
}

fn both(typed: &str, shared: &OnceShared) -> DeskError {
    let (first, last) = shared.years;
    let with_name = |code: &&str| {
        let name = country::by_code(code).and_then(|state| state.names.first().copied());
        name.map_or_else(|| (*code).to_owned(), |name| format!("{code} ({name})"))
    };
    DeskError::Ambiguous {
        what: format!("`{typed}` of a year from {first} to {last}"),
        candidates: shared.codes.iter().map(with_name).collect(),
    }
}
