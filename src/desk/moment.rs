//! Giving the present knowledge a name, to ask for it later.

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::MomentRow;
use crate::desk::ask::{Caller, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::desk::writing::{self, TRIES_MAX, new_event, newcomer_event};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::Fact;
use crate::domain::fact::register::MomentNamed;
use crate::domain::id::RequestId;
use crate::domain::name::fold;
use crate::domain::typed::DateError;
use crate::store::{AppendError, Condition};

const NAME_CHARS_MAX: usize = 80;

impl Desk {
    /// Names the size that the log has now.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for a name that is empty or reads as a position or a date, and
    /// [`DeskError::Refused`] for one that is taken; then nothing was recorded.
    pub fn name_moment(&self, caller: &Caller, name: &str) -> Result<Answer<MomentRow>, DeskError> {
        let name = name.trim();
        for _ in 0..TRIES_MAX {
            let registers = writing::registers_at(self.store.as_ref());
            let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
            check(&known, name)?;
            let (actor, newcomer) = writing::recorder(&known, caller)?;
            let size = known.view.size();
            let mut events = newcomer
                .iter()
                .map(|entered| newcomer_event(entered, actor))
                .collect::<Result<Vec<_>, _>>()?;
            let fact = Fact::MomentNamed(MomentNamed { name: name.to_owned(), size });
            let event = Event { envelope: Envelope::default(), fact };
            let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
            events.push(new_event(writing::draw_event(), &event, body, actor));
            let request = RequestId::from_uuid(uuid::Uuid::new_v4());
            match self.append(events, Condition { expect: vec![registers] }, request) {
                Ok(receipt) => {
                    let named_at = receipt.recorded_at;
                    let row = MomentRow { name: name.to_owned(), position: size.checked_sub(1), named_at };
                    let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
                    return Ok(self.with_notice(known.answer(row)));
                }
                Err(AppendError::Moved { .. }) => {}
                Err(error) => return Err(self.not_appended(error)),
            }
        }
        Err(DeskError::Unavailable("others record faster than the moment can be named; try again".to_owned()))
    }
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
        let row = fixture.desk.name_moment(&caller, " before the visit ").unwrap().data;
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
            let error = fixture.desk.name_moment(&caller, wrong).unwrap_err().to_string();
            assert!(error.contains(says), "{wrong}: {error}");
        }
        assert_eq!(fixture.desk.store.head().size, before);
    }
}
