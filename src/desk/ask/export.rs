//! What to export, in which order.

use serde::{Deserialize, Serialize};

use crate::desk::ask::FilterAsk;

/// What to export, in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct ExportAsk {
    /// What is meant. A query is read strictly, so its parameters are read apart from those of the order.
    #[serde(flatten, skip_deserializing)]
    pub filter: FilterAsk,
    /// `occurred` (the default, but for feeds) or `recorded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["occurred", "recorded"]))]
    pub by: Option<String>,
    /// Newest first; in a feed, which begins with the newest, oldest first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reverse: bool,
    /// At most so many entries; all without it, and a hundred in a feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Where the answer stands, where somebody can ask for it there again: a feed says so.
    #[serde(skip)]
    pub address: Option<String>,
}
