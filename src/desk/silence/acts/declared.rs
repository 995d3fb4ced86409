//! What one side says or does about a line: it cuts it, restores it, ends the calls.

use crate::desk::error::DeskError;
use crate::desk::silence::Cell;
use crate::desk::silence::acts::{Acts, Search};
use crate::domain::fact::KindClass;
use crate::domain::words::Directness;
use crate::projections::newest::Test;

impl Search<'_> {
    /// What the one declares about a line, to the other; where it is said to nobody, and the line is between the two, the
    /// other end is meant.
    pub(super) fn declared(&self, acts: &mut Acts) -> Result<(), DeskError> {
        let mut base = vec![Test::Class(KindClass::OfLine), self.by_us()];
        if let Some(towards) = self.towards {
            let to_nobody = Test::Unaddressed(KindClass::OfLine);
            let on_lines = Test::All(vec![Test::About(acts.lines.clone()), to_nobody]);
            base.push(Test::Any(vec![Test::To(towards.ids.clone()), on_lines]));
        }
        let base = Test::All(base);
        let mut sorts = self.everywhere();
        sorts.push((Cell::PublicRemark, self.channels.reaching(Directness::Public)));
        self.fill(acts, base.clone(), sorts)?;
        self.latest(acts, base)
    }
}
