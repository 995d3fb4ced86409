//! A person named as whoever speaks: the body for which they spoke then, and the name as it was used.

use serde_json::{Map, Value};

use crate::desk::format::parse::Parser;
use crate::desk::format::value::{each, is_absent};
use crate::desk::format::{Trouble, field};
use crate::domain::fact::Kind;
use crate::domain::id::EntityId;
use crate::domain::occurred::Occurred;
use crate::projections::register::Role;

impl Parser<'_, '_> {
    /// Returns the entry with the bodies of the persons that `from` names in their places, and their names
    /// as `speaker`; none where it names none.
    ///
    /// # Errors
    ///
    /// Returns what is wrong where a person held no office then, or several.
    pub(super) fn persons(
        &mut self,
        kind: Kind,
        object: &Map<String, Value>,
    ) -> Result<Option<Map<String, Value>>, Trouble> {
        let own = field::detail(kind).iter().any(|field| field.name == "from");
        let Some(from) = object.get("from").filter(|from| !own && !is_absent(from)) else { return Ok(None) };
        let known = self.reader.resolver.known;
        let mut named: Vec<Value> = Vec::new();
        let mut speakers: Vec<&str> = Vec::new();
        for item in each(from) {
            let person = item.as_str().and_then(|typed| {
                let is_party = known.names.party(typed).is_ok();
                if is_party { None } else { Some((typed, known.names.person(typed).ok()?)) }
            });
            let Some((typed, person)) = person else {
                named.push(item.clone());
                continue;
            };
            let party = self.party_of(typed, person, object)?;
            speakers.push(typed.trim());
            named.push(party.to_string().into());
        }
        if speakers.is_empty() {
            return Ok(None);
        }
        let mut object = object.clone();
        object.insert("from".to_owned(), named.into());
        if object.get("speaker").is_none_or(is_absent) {
            object.insert("speaker".to_owned(), speakers.join(" and ").into());
        }
        Ok(Some(object))
    }

    /// Returns the body for which a person spoke at the date of the entry; today where it has none.
    fn party_of(
        &mut self,
        typed: &str,
        person: EntityId,
        object: &Map<String, Value>,
    ) -> Result<EntityId, Trouble> {
        let known = self.reader.resolver.known;
        let date = object.get("date").or_else(|| object.get("occurred")).and_then(Value::as_str);
        let occurred = date.and_then(|date| self.reader.typing.date(date).ok()).map(|read| read.occurred);
        let (from, to) = occurred.as_ref().map_or((known.at, known.at), |date| date.bounds(&known.zone));
        let held = |role: &&Role| {
            let begins = role.held.since.as_ref().map(|since| since.earliest(&known.zone));
            let ends = role.held.until.as_ref().map(|until| until.latest(&known.zone));
            begins.is_none_or(|begins| begins <= to) && ends.is_none_or(|ends| from <= ends)
        };
        let roles: Vec<&Role> = known.register.roles_of(person).filter(held).collect();
        let words = |role: &&Role| {
            let party = known.named(role.held.party).map_or_else(|_| String::new(), |named| named.name);
            format!("{} of {party}", role.held.office)
        };
        let day = occurred.as_ref().map_or_else(|| "today".to_owned(), Occurred::words);
        let mut parties: Vec<EntityId> = roles.iter().map(|role| role.held.party).collect();
        parties.sort_unstable();
        parties.dedup();
        match (parties.as_slice(), roles.first()) {
            ([party], Some(role)) => {
                self.reader.echo.push(format!("from: {} is {}", typed.trim(), words(role)));
                Ok(*party)
            }
            ([], _) | (_, None) => Err(Trouble::in_field(
                "from",
                format!(
                    "{} holds no office on record ({day}); enter it with `person role`, or name the body",
                    typed.trim()
                ),
            )),
            (_, Some(_)) => {
                let all: Vec<String> = roles.iter().map(words).collect();
                let detail = format!("{} is {} ({day}); name the body", typed.trim(), all.join(" and "));
                Err(Trouble::in_field("from", detail))
            }
        }
    }
}
