//! `demarche`: an event-sourced log of diplomatic communication.
//!
//! Staff record what happened on each channel; the log only grows; everything else is a projection
//! that can be thrown away and rebuilt, as of any past moment.
//!
//! # The way through the house
//!
//! ```text
//! cli ─▶ http ─▶ desk ─▶ projections ─▶ store ─▶ tlog, domain
//! ```
//!
//! A module may name only those to its right; `tests/suite/architecture.rs` enforces it.

pub mod cli;
pub mod desk;
pub mod domain;
pub mod http;
pub mod projections;
pub mod store;
#[cfg(test)]
mod testing;
pub mod tlog;
