//! The mapping of a table that the program itself wrote: its columns are known, and nothing is guessed.

use crate::desk::import::mapping::draft::Drafting;
use crate::desk::import::mapping::{Condition, Rule, Skip};
use crate::desk::outgoing::is_header;
use crate::domain::fact::{Kind, Subject};

/// By which rows name each other, in `replies_to`.
const KEY: &str = "handle";
/// What stands between several values of a cell.
const BETWEEN: &str = "; ";
/// The column that tells what became of an entry, and what it says of one that was struck, and of one without its text.
const STATUS: (&str, &str, &str) = ("status", "struck", "text removed");
/// The column of the kind.
const KIND: &str = "kind";
/// The fields with the columns that say them, and whether a cell may hold several values.
const FIELDS: [(&str, &str, bool); 15] = [
    (KIND, KIND, false),
    ("date", "date", false),
    ("from", "from", true),
    ("to", "to", true),
    ("about", "about", true),
    ("via", "via", true),
    ("summary", "summary", false),
    ("speaker", "speaker", false),
    ("form", "form", false),
    ("topics", "topics", true),
    ("note", "note", false),
    // Of several, where one ends nobody can tell: a reference may hold what stands between two.
    ("source", "sources", false),
    ("in_reply_to", "replies_to", true),
    ("marking", "marking", false),
    ("confidence", "confidence", false),
];

/// Returns which rows are no entries to take in, and why.
fn no_entries() -> [Skip; 4] {
    let (status, struck, removed) = STATUS;
    let says = |said: &str| Condition {
        column: Some(status.to_owned()),
        contains: Some(said.to_owned()),
        ..Condition::default()
    };
    let no_kind = Condition { column: Some(KIND.to_owned()), empty: Some(true), ..Condition::default() };
    let of_kinds = |is_meant: &dyn Fn(Kind) -> bool| Condition {
        column: Some(KIND.to_owned()),
        one_of: Kind::ALL.iter().filter(|kind| is_meant(**kind)).map(Kind::to_string).collect(),
        ..Condition::default()
    };
    let is_of_entry = |kind: Kind| kind.subject() == Subject::Entry;
    let skip = |when: Condition, because: &str| Skip { when, because: because.to_owned() };
    [
        skip(says(struck), "it was struck from the record"),
        // What another text stands for is taken in with that.
        skip(
            Condition { all: vec![says(removed), no_kind], ..Condition::default() },
            "its text was removed from the record, and nothing is left to take in",
        ),
        skip(
            of_kinds(&is_of_entry),
            "it corrects another entry or bears on it: a table shows entries as corrected, and does not have the corrections; \
             `export --as jsonl` has them",
        ),
        skip(
            of_kinds(&|kind| kind.is_bookkeeping() && !is_of_entry(kind)),
            "it keeps the registers and rules of its log, of which a table does not have the details; `export --as jsonl` has \
             them",
        ),
    ]
}

impl Drafting<'_> {
    /// Fills in the mapping of an export of the program; tells whether the table is one.
    pub(super) fn own(&mut self) -> bool {
        if !is_header(&self.columns.names) {
            return false;
        }
        self.mapping.key = vec![KEY.to_owned()];
        for (field, column, is_list) in FIELDS {
            let split = is_list.then(|| BETWEEN.to_owned());
            let rule = Rule { column: Some(column.to_owned()), split, ..Rule::default() };
            self.mapping.fields.insert(field.to_owned(), rule);
        }
        self.mapping.skip.extend(no_entries());
        let has_several = self
            .named(&["sources"])
            .is_some_and(|place| self.values(place).any(|cell| cell.text().contains(BETWEEN)));
        self.notes.push(
            "the table is an export of demarche, whose columns are known: names, kinds and markings are taken as they stand; \
             the details of each kind, the grades of sources, texts in other languages and links beyond replies are not in it, \
             and `export --as jsonl` has them; lines and series that this log does not have are entered first"
                .to_owned(),
        );
        if has_several {
            self.notes.push(
                "column `sources`: several in one cell are taken as one reference, with `; ` between them; `split` takes them \
                 apart where no reference holds it"
                    .to_owned(),
            );
        }
        true
    }
}
