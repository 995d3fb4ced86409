//! What one side says or does about a line, or says over it: it cuts it, restores it, ends the calls, sends a notice.

use crate::desk::error::DeskError;
use crate::desk::silence::acts::{Acts, Search};
use crate::domain::fact::KindClass;
use crate::projections::newest::Test;

impl Search<'_> {
    /// What the one declares about a line, to the other, and what it says over one that is between the two: where that is
    /// said to nobody, the other end is meant.
    pub(super) fn of_lines(&self, acts: &mut Acts) -> Result<(), DeskError> {
        let of_line = || Test::Class(KindClass::OfLine);
        let what = match self.towards {
            Some(towards) => {
                let lines = || acts.lines.clone();
                let to_nobody = Test::Unaddressed(KindClass::OfLine);
                let declared = Test::Any(vec![
                    Test::To(towards.ids.clone()),
                    Test::All(vec![Test::About(lines()), to_nobody]),
                ]);
                let said = Test::All(vec![
                    Test::Via(lines()),
                    Test::Unaddressed(KindClass::Speech),
                    Test::Not(Box::new(Test::Class(KindClass::Held))),
                ]);
                Test::Any(vec![Test::All(vec![of_line(), declared]), said])
            }
            None => of_line(),
        };
        let base = Test::All(vec![self.by_us(), what]);
        self.said(acts, base)
    }
}
