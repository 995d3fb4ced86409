//! The mapping of a table that the program itself wrote: its columns are known, and nothing is guessed.

use crate::desk::import::mapping::draft::Drafting;
use crate::desk::import::mapping::{Condition, Rule, Skip};
use crate::desk::outgoing::is_header;

/// By which rows name each other, in `replies_to`.
const KEY: &str = "handle";
/// What stands between several values of a cell.
const BETWEEN: &str = "; ";
/// The column that tells what became of an entry, and what it says of one that was struck.
const STATUS: (&str, &str) = ("status", "struck");
/// The fields with the columns that say them, and whether a cell may hold several values.
const FIELDS: [(&str, &str, bool); 15] = [
    ("kind", "kind", false),
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
        let (column, struck) = STATUS;
        let when = Condition {
            column: Some(column.to_owned()),
            contains: Some(struck.to_owned()),
            ..Condition::default()
        };
        self.mapping.skip.push(Skip { when, because: "it was struck from the record".to_owned() });
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
