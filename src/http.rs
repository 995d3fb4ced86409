//! The JSON API: routes, problems, the server, and the client that calls them in process or over a socket.
//!
//! Invariant: no rule of the domain or the desk is written here.

pub mod client;
