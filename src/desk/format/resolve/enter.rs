//! What comes into the registers because an entry names it.

use crate::desk::error::DeskError;
use crate::desk::format::resolve::{Newcomer, Resolver, not_found};
use crate::domain::country;
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::Fact;
use crate::domain::fact::meeting::SeriesRegistered;
use crate::domain::fact::register::{ChannelRegistered, Name, PartyRegistered, Sort};
use crate::domain::id::{EntityId, EventId};
use crate::domain::party_code::PartyCode;

impl Resolver<'_> {
    pub(super) fn enter_channel(
        &mut self,
        typed: &str,
        sort: Sort,
        near: Vec<String>,
    ) -> Result<EntityId, DeskError> {
        let name = typed.parse().map_err(|error| DeskError::Refused {
            rule: format!(
                "channel `{typed}` is not in the log, and cannot be entered by its mention: {error}"
            ),
            hints: near.iter().map(|near| format!("near it is {near}")).collect(),
        })?;
        let words = format!("channel {typed} ({sort})");
        let entered = ChannelRegistered {
            name,
            sort,
            names: Vec::new(),
            ends: Vec::new(),
            capabilities: Vec::new(),
            schedule: None,
            marking_min: None,
        };
        Ok(self.enter(Fact::ChannelRegistered(entered), words, near))
    }

    pub(super) fn enter_series(&mut self, typed: &str) -> Result<EntityId, DeskError> {
        let near = match self.known.names.series(typed) {
            Err(DeskError::NotFound { hints, .. }) => hints,
            Err(other) => return Err(other),
            Ok(known) => return Ok(known),
        };
        let entered = SeriesRegistered { names: vec![Name::from(typed)], ends: Vec::new() };
        Ok(self.enter(Fact::SeriesRegistered(entered), format!("series {typed}"), near))
    }

    /// Enters a body, and what it is a body of, which must be a state that exists or an organisation.
    pub(super) fn enter_body(&mut self, code: &PartyCode, near: Vec<String>) -> Result<EntityId, DeskError> {
        match code.parent() {
            Some(parent) => {
                self.party(parent.as_str())?;
            }
            None if !code.as_str().starts_with("x-") => {
                return Err(not_found("party", code.as_str(), near));
            }
            None => {}
        }
        Ok(self.enter_party(code.clone(), near))
    }

    pub(super) fn enter_party(&mut self, code: PartyCode, near: Vec<String>) -> EntityId {
        let country = country::by_code(code.as_str());
        let names: Vec<Name> =
            country.map_or(&[][..], |country| &country.names).iter().map(|name| Name::from(*name)).collect();
        let words = match names.first() {
            Some(name) => format!("party {code}, {}", name.text),
            None if code.parent().is_some() => format!("body {code}"),
            None => format!("party {code}"),
        };
        self.enter(Fact::PartyRegistered(PartyRegistered { code, names }), words, near)
    }

    fn enter(&mut self, fact: Fact, words: String, near: Vec<String>) -> EntityId {
        // Drawn, not derived from the name: an id must not tell what it names.
        let id = self.known.id_beyond(&fact).unwrap_or_else(|| EventId::from_uuid(uuid::Uuid::new_v4()));
        self.entered(id, &fact);
        let event = Event { envelope: Envelope::default(), fact };
        self.newcomers.push(Newcomer { id, event, words, near });
        EntityId::from(id)
    }
}
