//! Statements: by somebody who was not entered yet, of a party that was not, with a link and a text of its own.

use super::{KIM, Model, New, entity, pick};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::register::{PartyRegistered, RecorderRegistered};
use crate::domain::fact::{Fact, Kind};
use crate::domain::link::{Link, Relation};
use crate::domain::marking::Scheme;
use crate::domain::text::{Language, Text};
use crate::http::router::tests::sight::steps::{Mark, marked, marking};

impl Model {
    pub(super) fn statement(
        &mut self,
        said: &Envelope,
        second: bool,
        mark: Mark,
        (link, text, brings): (Option<usize>, Option<usize>, Option<usize>),
    ) {
        let mut append = Vec::new();
        let mut needs = Vec::new();
        let mut actor = KIM;
        if second {
            let known = self.second;
            let recorder = known.unwrap_or_else(|| {
                let fact = Fact::RecorderRegistered(RecorderRegistered { name: "second".to_owned() });
                let event = Event { envelope: Envelope::default(), fact };
                let new = self.new_one(event, (0, Mark { level: None, within: 0 }), Vec::new());
                let id = new.id;
                append.push(New { brought: true, actor: id.as_uuid().as_u128(), ..new });
                id
            });
            self.second = Some(recorder);
            needs.push(recorder);
            actor = recorder.as_uuid().as_u128();
        }
        let speaker = match brings {
            None => pick(&self.parties, 0),
            Some(which) => {
                let code = format!("x-b{which}");
                let known = self.brought.get(&code).copied();
                Some(known.unwrap_or_else(|| {
                    let party = PartyRegistered { code: code.parse().unwrap(), names: Vec::new() };
                    let event = Event { envelope: Envelope::default(), fact: Fact::PartyRegistered(party) };
                    let new = self.new_one(event, (0, Mark { level: None, within: 0 }), Vec::new());
                    let id = new.id;
                    append.push(New { brought: true, actor, ..new });
                    self.brought.insert(code, id);
                    id
                }))
            }
        };
        needs.extend(speaker);
        let text = text.map(|level| Text {
            language: Language::try_from("en".to_owned()).unwrap(),
            text: "hidden harbour".to_owned(),
            translation: false,
            marking: Some(marking(level)),
        });
        let text_level = text.as_ref().and_then(|text| Scheme::tlp().rank(text.marking.as_ref()?));
        let link = link.and_then(|nth| pick(&self.entries, nth));
        needs.extend(link);
        let envelope = Envelope {
            from: speaker.map(entity).into_iter().collect(),
            texts: text.into_iter().collect(),
            links: link.map(|target| Link::new(Relation::Contradicts, target)).into_iter().collect(),
            ..marked(mark, said.clone())
        };
        let event = Event { envelope, fact: Kind::StatementPublic.decode("{}").unwrap() };
        let new = self.new_one(event, (mark.level.unwrap_or(4), mark), needs);
        self.texts.extend(text_level.map(|level| (new.id, level)));
        self.entries.push(new.id);
        append.push(New { actor, ..new });
        self.push(append);
    }
}
