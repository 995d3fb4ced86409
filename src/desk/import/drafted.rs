//! A drafted entry: what a row of a file says in the entry format, where it stands, and what is doubtful about
//! how it was read.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::desk::error::Fault;

/// A row of a file as an entry in the making.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Drafted {
    /// Its line, or its row of a sheet, counted from 1.
    pub(super) line: u64,
    /// From where to where it stands in the file, in bytes; the row of a sheet twice where it is none of bytes.
    pub(super) span: (u64, u64),
    /// By what it is known again; of a row without one, a digest of what it says is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    /// The entry; none where something is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) entry: Option<Value>,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) wrong: Vec<Fault>,
    /// What a person should look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) doubtful: Vec<String>,
}

impl Drafted {
    /// Returns a row that says nothing yet.
    pub(super) const fn at(line: u64, span: (u64, u64)) -> Self {
        Self { line, span, key: None, entry: None, wrong: Vec::new(), doubtful: Vec::new() }
    }

    /// Notes that something is wrong with a field, or with the whole row.
    pub(super) fn wrong(&mut self, field: Option<&str>, detail: impl Into<String>) {
        let field = field.map(ToOwned::to_owned);
        self.wrong.push(Fault { line: Some(self.line), field, detail: detail.into() });
    }

    /// Notes that something is doubtful.
    pub(super) fn doubt(&mut self, detail: impl Into<String>) {
        self.doubtful.push(detail.into());
    }
}

/// Faults of which so many are kept, the first, and the rest counted.
#[derive(Debug, Clone)]
pub(super) struct Faults {
    list: Vec<Fault>,
    most: usize,
    more: u64,
}

impl Faults {
    /// Returns an empty list that keeps at most so many.
    pub(super) const fn keeping(most: usize) -> Self {
        Self { list: Vec::new(), most, more: 0 }
    }

    /// Adds a fault.
    pub(super) fn push(&mut self, fault: Fault) {
        if self.list.len() < self.most {
            self.list.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// Adds faults.
    pub(super) fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }

    /// Tells whether there is none.
    pub(super) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the first `most` of what is kept in the order of their lines, and how many there are more.
    pub(super) fn shortened(mut self, most: usize) -> Vec<Fault> {
        self.list.sort_by_key(|fault| fault.line);
        let more = self.more + self.list.len().saturating_sub(most) as u64;
        self.list.truncate(most);
        if more > 0 {
            self.list.push(Fault::new(format!("and {more} more")));
        }
        self.list
    }
}
