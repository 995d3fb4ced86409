//! Since when nobody is waited for, or an addressee is not: the policies of that moment tell by when an answer was due.

use crate::domain::overture::answer::Reply;
use crate::domain::overture::currency::Currency;
use crate::domain::overture::fold::Fold;
use crate::domain::overture::window::Window;
use crate::domain::policy::Policy;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;

impl<'a> Fold<'a> {
    /// Notes who is waited for after an entry. What has no date closed the offer when it was made, at the earliest.
    pub(super) fn note_closing(&mut self, entry: &Entry) {
        let zone = self.setting.zone;
        let made = self.standing.issued.as_ref().map(|issued| issued.earliest(zone));
        let moment = entry.bounds(zone).0.max(made.unwrap_or(Timestamp::MIN));
        let stands = self.standing.currency == Currency::Standing;
        let waits = |reply: &Reply| stands && reply.effective().leaves_open();
        let replies = &mut self.standing.replies;
        for reply in replies.iter_mut() {
            reply.closed = (!waits(reply)).then(|| reply.closed.unwrap_or(moment));
        }
        let open = if replies.is_empty() { stands } else { replies.iter().any(waits) };
        self.closed = (!open).then(|| self.closed.unwrap_or(moment));
    }

    /// Returns the policies that tell by when an answer is due: those of the moment that is asked about, and once nobody
    /// is waited for those in force until then.
    pub(super) fn in_force(&self) -> Vec<&'a Policy> {
        let policies = self.setting.policies;
        self.closed.map_or_else(|| policies.at(self.setting.at), |closed| policies.until(closed))
    }

    /// Returns by when an addressee had to give an answer that comes at a moment.
    pub(super) fn due_from(&self, place: usize, moment: Timestamp) -> Option<Window> {
        let closed = self.standing.replies.get(place).and_then(|reply| reply.closed).or(self.closed);
        let in_force = self.setting.policies.until(closed.unwrap_or(moment));
        self.standing.terms.window(self.setting, &in_force)
    }
}
