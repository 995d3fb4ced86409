//! What diplomats mean by their words: events, parties, channels, overtures, meetings and dates with
//! doubt, and the state machines over them as pure functions.
//!
//! Invariant: nothing here reads a clock, touches a disk or a network, or awaits.

pub mod channel;
pub mod channel_name;
pub mod country;
pub mod event;
pub mod fact;
pub mod id;
pub mod link;
pub mod marking;
pub mod meeting;
pub mod name;
pub mod occurred;
pub mod overture;
pub mod party_code;
pub mod policy;
pub mod prose;
pub mod reading;
pub mod schedule;
pub mod series;
pub mod source;
pub mod span;
pub mod text;
pub mod timestamp;
pub mod typed;
pub mod waiting;
pub mod wording;
pub mod words;
pub mod zone;
