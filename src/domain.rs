//! What diplomats mean by their words: events, parties, channels, overtures, meetings and dates with
//! doubt, and the state machines over them as pure functions.
//!
//! Invariant: nothing here reads a clock, touches a disk or a network, or awaits.

pub mod id;
pub mod timestamp;
