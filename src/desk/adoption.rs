//! How a copy becomes the log itself: with the keys of the log, with others, or with none.

use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::LogRow;
use crate::desk::ask::{Caller, When};
use crate::desk::checkpoint::{Hand, SignError};
use crate::desk::error::DeskError;
use crate::desk::hand::{last_rotation, note_first_keys, texts};
use crate::desk::keys::{KeyFile, Role};
use crate::desk::lifecycle::new_fact;
use crate::desk::writing::{self, draw_request, newcomer_event, recorder};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::{KeyRotated, LogIncident, Trouble};
use crate::domain::fact::register::Adopted;
use crate::domain::id::ActorId;
use crate::store::{Class, Condition, NewEvent};

/// With which keys a copy goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdoptKeys {
    /// With those of the log, which are at hand.
    #[default]
    AtHand,
    /// With new ones: those of the log are lost. The log says so for ever.
    New,
    /// With none: it was never signed, or is signed no more.
    None,
}

/// What a copy goes on with.
struct GoesOn {
    hand: Option<Hand>,
    /// What is recorded of it.
    facts: Vec<(Fact, Class)>,
    /// The key file whose place those that wait beside it are to take.
    waiting: Option<std::path::PathBuf>,
}

impl Desk {
    /// Makes a copy writable; `log` must be the log's name, typed out, as a confirmation that the original
    /// is written no more: two logs of one name that are both written are a fork.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] when the name is another, this is no copy, or the keys that it was to go
    /// on with are not at hand; then it is as it was.
    pub fn adopt(&self, caller: &Caller, log: &str, keys: AdoptKeys) -> Result<Answer<LogRow>, DeskError> {
        let name = self.store.log_id();
        if log != name {
            return Err(DeskError::Refused {
                rule: format!("to adopt this log its name must be typed out: {name}"),
                hints: vec!["adopt it only where the original is written no more".to_owned()],
            });
        }
        let Some(engine) = self.engine.as_ref().filter(|engine| engine.is_copy()) else {
            return Err(DeskError::Refused {
                rule: format!("{name} is no copy; it is written here already"),
                hints: Vec::new(),
            });
        };
        if let Some(damage) = self.signing.lock().mark.contradiction(self.store.as_ref())? {
            return Err(DeskError::Refused {
                rule: format!("the keys of {name} signed more than this copy has, or another: {damage}"),
                hints: vec![format!(
                    "import a newer export first; where what is missing is lost, move {} away, and whoever holds a \
                     newer checkpoint can prove that it was",
                    damage.file
                )],
            });
        }
        let size = self.store.head().size;
        let goes_on = match keys {
            AdoptKeys::AtHand => self.with_the_keys()?,
            AdoptKeys::New => self.with_new_keys()?,
            AdoptKeys::None => GoesOn { hand: None, facts: Vec::new(), waiting: None },
        };
        let known = self.known(&When::default())?;
        let (actor, newcomer) = recorder(&known, caller)?;
        engine.adopt().map_err(|error| DeskError::Unavailable(error.to_string()))?;
        let entered = newcomer.map(|newcomer| newcomer_event(&newcomer, actor)).transpose()?;
        let mut events: Vec<NewEvent> = entered.into_iter().collect();
        let adopted = Event { envelope: Envelope::default(), fact: Fact::LogAdopted(Adopted { size }) };
        events.push(new_fact(actor, &adopted)?);
        for (fact, class) in goes_on.facts {
            events.push(said(fact, class, actor)?);
        }
        self.append(events, Condition::default(), draw_request())
            .map_err(|error| self.not_appended(error))?;
        if let Some(path) = goes_on.waiting {
            KeyFile::take_next(&path)?;
        }
        if let Some(hand) = goes_on.hand {
            self.signing.lock().hand = hand;
            self.sign_and_keep()?;
            if let Some(dir) = self.signing.dir() {
                note_first_keys(dir, self.store.as_ref(), &self.signing.lock().keys())?;
            }
        }
        self.log()
    }

    /// The keys of the log, which must be at hand.
    fn with_the_keys(&self) -> Result<GoesOn, DeskError> {
        let name = self.store.log_id();
        let dir = self.signing.dir().ok_or(SignError::InMemory)?;
        let found = self.place.load(Role::Log, name, dir).map_err(|error| {
            if !error.is_absence() {
                return DeskError::from(error);
            }
            DeskError::Refused {
                rule: format!("the keys that sign {name} are not at hand: {error}"),
                hints: vec![
                    error.hint(),
                    "`--new-keys` where they are lost, which the log says for ever; `--no-keys` where it has none"
                        .to_owned(),
                ],
            }
        })?;
        if let Some((position, rotated)) = last_rotation(self.store.as_ref())?
            && rotated.new != texts(found.file.keys())
        {
            return Err(DeskError::Refused {
                rule: format!("the keys of {name} at hand were replaced by others at position {position}"),
                hints: vec!["put the newest backup of the key file in its place".to_owned()],
            });
        }
        let hand = Hand::Here { signers: found.file.signers(), path: found.path };
        Ok(GoesOn { hand: Some(hand), facts: Vec::new(), waiting: None })
    }

    /// Others than those of the log, which are lost.
    fn with_new_keys(&self) -> Result<GoesOn, DeskError> {
        let name = self.store.log_id();
        let dir = self.signing.dir().ok_or(SignError::InMemory)?;
        self.place.check_outside(dir)?;
        self.place.make()?;
        let path = self.place.path_of(name)?;
        if path.exists() {
            return Err(crate::desk::keys::KeyFileError::Exists(path).into());
        }
        let new = KeyFile::draw(Role::Log, &name.parse().map_err(SignError::Name)?)
            .map_err(|error| DeskError::Unavailable(format!("no keys were drawn: {error}")))?;
        new.write_next(&path, self.place.passphrase()?.as_ref())?;
        let known = self.known(&When::default())?;
        let old = self.key_table(&known)?.map(|table| table.current().map(ToString::to_string).collect());
        let rotated = KeyRotated { old: old.unwrap_or_default(), new: texts(new.keys()) };
        let particulars = format!(
            "the keys of {name} were not at hand when the copy was adopted, and others took their place"
        );
        let incident = LogIncident { trouble: Trouble::KeysReplaced, particulars };
        // The change of keys last: the checkpoint that first covers it covers all of this.
        let facts = vec![
            (Fact::LogIncident(incident), Class::Incident),
            (Fact::KeyRotated(rotated), Class::KeyRotated),
        ];
        let hand = Hand::Here { signers: new.signers(), path: Some(path.clone()) };
        Ok(GoesOn { hand: Some(hand), facts, waiting: Some(path) })
    }
}

fn said(fact: Fact, class: Class, actor: ActorId) -> Result<NewEvent, DeskError> {
    writing::evidence(&Event { envelope: Envelope::default(), fact }, class, actor)
}
