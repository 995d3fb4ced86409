//! The suite.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]

mod architecture;
mod projections;
