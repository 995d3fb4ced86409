//! The suite: promises of the program as a whole.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that meets no value has failed")]
#![allow(clippy::cast_possible_truncation, reason = "the numbers of a test are small")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test names what it is about")]
#![allow(clippy::indexing_slicing, reason = "a test that reaches beyond has failed")]

mod architecture;
mod audit;
mod authors;
mod backup;
mod chronology;
mod cli;
mod damage;
mod examples;
mod exports;
mod generated;
mod hostile;
mod interrupted;
mod keys;
mod load;
mod master;
mod mistakes;
mod operations;
mod packaging;
mod projections;
mod reads;
mod redaction;
mod reminders;
mod remote;
mod schemas;
mod sessions;
mod sso;
mod store;
mod support;
mod tlog;
mod together;
mod tour;
mod traces;
mod witness;
