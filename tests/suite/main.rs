//! The suite.

mod projections;
