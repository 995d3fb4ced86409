//! A drafted entry: what a row of a file says in the entry format, where it stands, and what is doubtful about
//! how it was read.

use std::collections::HashMap;

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
    /// Its key names it in whichever file it stands, not in this one alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) everywhere: bool,
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
        Self {
            line,
            span,
            key: None,
            everywhere: false,
            entry: None,
            wrong: Vec::new(),
            doubtful: Vec::new(),
        }
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

/// Of so many rows that something alike is told of, it is told once.
const ALIKE_MAX: usize = 5;

/// Faults of which so many are kept, the first, and the rest counted.
#[derive(Debug, Clone)]
pub(super) struct Faults {
    list: Vec<Alike>,
    places: HashMap<(Option<String>, String), usize>,
    most: usize,
    more: u64,
}

/// What is told of some rows in the same words.
#[derive(Debug, Clone)]
struct Alike {
    fault: Fault,
    /// The first of the rows.
    lines: Vec<u64>,
    count: u64,
}

impl Alike {
    /// Returns one fault for each of a few rows, and one for many.
    fn told(self) -> Vec<Fault> {
        let Self { fault, lines, count } = self;
        if count <= ALIKE_MAX as u64 {
            let of_line = |line| Fault { line: Some(line), ..fault.clone() };
            return if lines.is_empty() { vec![fault] } else { lines.into_iter().map(of_line).collect() };
        }
        let first: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let detail = format!("{}: {count} rows, the first in line {}", fault.detail, first.join(", "));
        vec![Fault { line: None, detail, ..fault }]
    }
}

impl Faults {
    /// Returns an empty list that keeps at most so many.
    pub(super) fn keeping(most: usize) -> Self {
        Self { list: Vec::new(), places: HashMap::new(), most, more: 0 }
    }

    /// Adds a fault.
    pub(super) fn push(&mut self, fault: Fault) {
        let key = (fault.field.clone(), fault.detail.clone());
        if let (Some(line), Some(place)) = (fault.line, self.places.get(&key).copied())
            && let Some(alike) = self.list.get_mut(place)
        {
            alike.count += 1;
            if alike.lines.len() < ALIKE_MAX {
                alike.lines.push(line);
            }
        } else if self.list.len() < self.most {
            if fault.line.is_some() {
                self.places.insert(key, self.list.len());
            }
            self.list.push(Alike { lines: fault.line.into_iter().collect(), fault, count: 1 });
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

    /// Returns the first `most` of what is kept in the order of their lines, what is told of many rows before them,
    /// and how many there are more.
    pub(super) fn shortened(self, most: usize) -> Vec<Fault> {
        let mut list: Vec<Fault> = self.list.into_iter().flat_map(Alike::told).collect();
        list.sort_by_key(|fault| fault.line);
        let more = self.more + list.len().saturating_sub(most) as u64;
        list.truncate(most);
        if more > 0 {
            list.push(Fault::new(format!("and {more} more")));
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_many_rows_alike_is_told_once_and_of_a_few_line_by_line() {
        let mut faults = Faults::keeping(100);
        let fault = |line, detail: &str| Fault { line: Some(line), field: None, detail: detail.to_owned() };
        faults.extend((1..=9).map(|line| fault(line, "answers nothing")));
        faults.extend([fault(2, "is late"), fault(1, "is late"), Fault::new("the file is odd")]);
        let told: Vec<String> = faults.shortened(10).iter().map(ToString::to_string).collect();
        let alike = "answers nothing: 9 rows, the first in line 1, 2, 3, 4, 5";
        assert_eq!(told, [alike, "the file is odd", "line 1: is late", "line 2: is late"]);
    }
}
