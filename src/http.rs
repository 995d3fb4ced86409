//! The JSON API: routes, problems, the server, and the client that calls them in process or over a socket.
//!
//! Invariant: no rule of the domain or the desk is written here.

mod api;
mod audit;
mod body;
pub mod client;
mod coming;
mod conditions;
pub mod cosigning;
mod escape;
mod feed;
mod guard;
mod idempotency;
pub mod interrupt;
mod lines;
pub mod openapi;
pub mod outside;
pub mod parent;
pub mod problem;
mod query;
mod reading;
pub mod reminding;
mod router;
mod routes;
pub mod serve;
mod site;
mod socket;
pub mod sso;
mod tags;
#[cfg(test)]
mod testing;
pub mod tls;
mod traffic;
mod vital;
mod waiting;
pub mod ways;
pub mod witness;
