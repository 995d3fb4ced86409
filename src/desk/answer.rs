//! What the desk answers: the types that the JSON API sends and every page and table shows.
//!
//! Names of parties and channels stand beside their ids; dates stand as recorded and in words.

pub mod alias;
pub mod board;
pub mod brief;
pub mod entry;
pub mod facets;
pub mod held;
pub mod interval;
pub mod late;
pub mod operation;
pub mod policy;
pub mod redaction;
pub mod reminder;
pub mod search;
pub mod silence;
pub mod statistics;

use serde::{Deserialize, Serialize};

use crate::domain::occurred::Occurred;
use crate::domain::timestamp::Timestamp;

/// An answer and the knowledge that it was given with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "{T}Answer")]
pub struct Answer<T> {
    /// At which position of the log, and for which moment of the world, the answer is true.
    pub as_of: AsOf,
    /// What the reader must know to read it rightly: a damaged log, a rebuilt index, an early moment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// The answer.
    pub data: T,
}

/// At which position of the log, and for which moment of the world, an answer is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AsOf {
    /// The name of the log.
    pub log: String,
    /// The last position that was known; none while the log was empty, and for whoever is not told how
    /// far it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// When the last of them was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_recorded_at: Option<Timestamp>,
    /// The moment of the world, by whose clock ages and derived states are told.
    pub at: Timestamp,
    /// Whether less than everything was taken into account (`known_as_of` was asked for).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub past_knowledge: bool,
    /// The zone in which the dates of the answer stand.
    pub zone: String,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// The rows, in order.
    pub items: Vec<T>,
    /// Give this as `after` to get the next page; none on the last. Its content is the server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many rows there are on all pages.
    pub total: u64,
}

/// A date as it was recorded, and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Date {
    /// EDTF, or an instant with its offset.
    pub value: String,
    /// For people.
    pub words: String,
}

impl Date {
    /// Returns the date for people as when something happened: `on 17 November 2025`, `in 1972`.
    pub fn when(&self) -> String {
        let date: Option<Occurred> = self.value.parse().ok();
        date.map_or_else(|| format!("on {}", self.words), |date| date.when())
    }
}
