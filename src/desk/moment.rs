//! Giving the present knowledge a name, to ask for it later.

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::MomentRow;
use crate::desk::ask::{Caller, MomentAsk, Wait, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::parse::markings;
use crate::desk::known::Known;
use crate::desk::recording::row;
use crate::desk::writing::{self, TRIES_MAX, draw_request, new_event, newcomer_event};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::Fact;
use crate::domain::fact::register::MomentNamed;
use crate::domain::id::ActorId;
use crate::domain::marking::Compartment;
use crate::domain::name::fold;
use crate::domain::typed::DateError;
use crate::store::{AppendError, Condition, NewEvent, Receipt};

const NAME_CHARS_MAX: usize = 80;

impl Desk {
    /// Names the size that the log has now.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for a name that is empty or reads as a position or a date, and
    /// [`DeskError::Refused`] for one that is taken; then nothing was recorded.
    pub fn name_moment(&self, caller: &Caller, ask: &MomentAsk) -> Result<Answer<MomentRow>, DeskError> {
        if ask.wait.is_some() {
            self.check_signs()?;
        }
        for _ in 0..TRIES_MAX {
            let prepared = self.prepare_moment(caller, ask)?;
            writing::unsigned(&prepared.known, prepared.actor)?;
            match self.append(prepared.events.clone(), prepared.condition.clone(), draw_request()) {
                Ok(receipt) => return self.named(caller, &prepared, &receipt),
                Err(AppendError::Moved { .. }) => {}
                Err(error) => {
                    let before = prepared.events.len().saturating_sub(1);
                    return Err(self.not_appended(error.counted_after(before)));
                }
            }
        }
        Err(DeskError::Unavailable("others record faster than the moment can be named; try again".to_owned()))
    }

    /// Reads a name that a moment is to have, for whoever names it to sign.
    pub(super) fn prepare_moment(&self, caller: &Caller, ask: &MomentAsk) -> Result<Prepared, DeskError> {
        let name = ask.name.trim();
        let registers = writing::registers_at(self.store.as_ref());
        let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
        check(&known, name)?;
        let (actor, newcomer) = writing::recorder_who_may_sign(&known, caller)?;
        let size = known.view.size();
        let mut events =
            newcomer.iter().map(|entered| newcomer_event(entered, actor)).collect::<Result<Vec<_>, _>>()?;
        let fact = Fact::MomentNamed(MomentNamed { name: name.to_owned(), size });
        let event = Event { envelope: marked(&known, ask)?, fact };
        self.admitted(caller, [(0, &event)])?;
        let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
        events.push(new_event(writing::draw_event(), &event, body, actor));
        let mut expect = vec![registers];
        expect.extend(self.as_seen_of_author(&known, actor)?);
        let (name, condition) = (name.to_owned(), Condition { expect });
        Ok(Prepared { known, actor, name, size, events, condition, wait: ask.wait })
    }

    /// Answers that a moment has its name.
    pub(super) fn named(
        &self,
        caller: &Caller,
        prepared: &Prepared,
        receipt: &Receipt,
    ) -> Result<Answer<MomentRow>, DeskError> {
        let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
        let row = MomentRow {
            name: prepared.name.clone(),
            position: prepared.size.checked_sub(1),
            named_at: receipt.recorded_at,
            receipt: Some(row(receipt)),
        };
        let mut answer = self.with_notice(known.answer(row));
        self.prove_receipt(prepared.wait, answer.data.receipt.as_mut(), &mut answer.notices);
        Ok(answer)
    }
}

/// A name that was read and may be given.
pub(super) struct Prepared {
    pub(super) known: Known,
    pub(super) actor: ActorId,
    name: String,
    size: u64,
    pub(super) events: Vec<NewEvent>,
    pub(super) condition: Condition,
    wait: Option<Wait>,
}

/// Returns an envelope that says how far the name may travel: as an entry that nobody marked it is marked by the default
/// in force, where there is one.
fn marked(known: &Known, ask: &MomentAsk) -> Result<Envelope, DeskError> {
    let wrong = |field: &str, error: &dyn std::fmt::Display| Fault::in_field(field, error.to_string());
    let (scheme, default) = markings(known);
    let marking = match &ask.marking {
        Some(typed) => Some(scheme.level(typed).map_err(|error| wrong("marking", &error))?),
        None => default,
    };
    let compartments: Result<Vec<Compartment>, _> = ask.compartment.iter().map(|name| name.parse()).collect();
    let compartments = compartments.map_err(|error| wrong("compartment", &error))?;
    Ok(Envelope { marking, compartments, ..Envelope::default() })
}

fn check(known: &Known, name: &str) -> Result<(), DeskError> {
    let wrong = |detail: String| Err(Fault::in_field("name", detail).into());
    if fold(name).is_empty() {
        return wrong("a moment needs a name, such as before-the-visit".to_owned());
    }
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return wrong(format!("a name has at most {NAME_CHARS_MAX} characters, and no control characters"));
    }
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        return wrong(format!(
            "`{name}` would read as a position; give the moment a name with a letter in it"
        ));
    }
    // A question could not tell the name from a date, nor from one that two calendars read differently.
    match known.typing().date(name) {
        Ok(reading) => return wrong(format!("`{name}` would read as a date, {}", reading.echo)),
        Err(DateError::TwoReadings { .. } | DateError::NoSuchDay { .. } | DateError::Clock { .. }) => {
            return wrong(format!("`{name}` would read as a date"));
        }
        Err(DateError::NotADate(_) | DateError::OnlyAtThePrompt { .. }) => {}
    }
    if let Some(taken) = known.register.moments().iter().find(|moment| fold(&moment.name) == fold(name)) {
        return Err(DeskError::Refused {
            rule: format!("`{}` names a moment already", taken.name),
            hints: vec!["a moment keeps its name; choose another".to_owned()],
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::testing::Fixture;

    #[test]
    fn a_moment_is_named_once_and_found_again() {
        let fixture = Fixture::new();
        let caller = Caller { actor: "park".to_owned(), tz: None };
        let named = |name: &str| MomentAsk { name: name.to_owned(), ..MomentAsk::default() };
        let row = fixture.desk.name_moment(&caller, &named(" before the visit ")).unwrap().data;
        assert_eq!((row.name.as_str(), row.position), ("before the visit", Some(1)));
        let when = When { known_as_of: Some("before the visit".to_owned()), ..When::default() };
        assert_eq!(fixture.desk.known(&when).unwrap().view.size(), 2);
        let before = fixture.desk.store.head().size;
        for (wrong, says) in [
            ("", "needs a name"),
            ("  - ", "needs a name"),
            ("42", "position"),
            ("yesterday", "date"),
            ("11.23", "date"),
            ("11/12/2025", "date"),
            ("2025-02-30", "date"),
            ("a\u{7}", "control"),
            ("Before the Visit", "already"),
        ] {
            let error = fixture.desk.name_moment(&caller, &named(wrong)).unwrap_err().to_string();
            assert!(error.contains(says), "{wrong}: {error}");
        }
        // Nobody will sign what is waited for.
        let ask = MomentAsk { wait: Some(Wait::Checkpoint), ..named("later") };
        assert!(matches!(fixture.desk.name_moment(&caller, &ask), Err(DeskError::Refused { .. })));
        assert_eq!(fixture.desk.store.head().size, before);
    }
}
