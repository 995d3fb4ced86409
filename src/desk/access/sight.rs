//! What somebody sees of the log who may not see all of it: a log of its own, from which everything else was left
//! out.
//!
//! Who may not see an entry is asked of nothing that knows of it. So it is not the answers that leave something
//! out, one by one, but what they are made from: [`Partial`](partial::Partial) is the log as far as somebody sees
//! it, with positions that are dense again, and the desk over it folds, counts, searches and follows that log and no
//! other. A question that nobody thought of leaks nothing.
//!
//! * [`marks`] tells of every event how restricted it is: by its own marking and compartments, by those of the
//!   readings that it was given later, and by those of whatever it names.
//! * [`partial`] is the log for one clearance; [`strip`] takes out of an event what it says of what is not there.
//! * What stays right when positions shift, the place at which somebody stopped reading, is `desk/bookmarks.rs`.
//! * [`outside`] tells of what leaves the house by the same rules.
//! * [`sights`] keeps the desks of the clearances that ask.

mod carrying;
mod height;
mod ids;
mod in_force;
mod in_use;
mod marks;
mod outside;
mod partial;
mod recording;
mod restriction;
mod rules;
mod sights;
mod strip;
#[cfg(test)]
mod tests;
mod texts;
mod told;
mod wider;

pub(in crate::desk) use height::Height;
pub(in crate::desk) use ids::{ids_in, named};
pub(in crate::desk) use in_use::may_name as may_name_compartment;
pub(in crate::desk) use outside::Outside;
pub(in crate::desk) use restriction::Clearance;
pub(in crate::desk) use rules::{Rules, floors};
pub(super) use sights::Seen;
pub(in crate::desk) use sights::{Beyond, Sights};
pub(in crate::desk) use told::{ToldOf, told_of};
pub(in crate::desk) use wider::{OtherRules, Wider};
