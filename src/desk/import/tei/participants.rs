//! Who took part in what a document is the record of: a list of them, or a table, and their sides.

use crate::desk::import::given::Given;
use crate::desk::import::markup::Element;
use crate::desk::import::taking::Taking;
use crate::desk::import::tei::document::Document;
use crate::desk::import::tei::words::spaced;

/// How many rows of a table of those who took part are read.
const ROWS_MAX: usize = 200;
/// How such a table, or an item that names nobody, begins.
const PRESENT: [&str; 5] = ["participants", "present", "also present", "persons present", "those present"];

/// One of those who took part, or a side.
#[derive(Debug, Clone, Default)]
pub(super) struct Participant {
    pub(super) name: String,
    /// It is a label, a heading, nothing of it stands outside emphasis, or it holds a list: the side of those who follow.
    pub(super) is_side: bool,
    /// Those who follow are of no side that was named.
    ends_side: bool,
}

impl Participant {
    /// Begins one of which nothing is known yet.
    pub(super) const fn begin() -> Self {
        Self { name: String::new(), is_side: true, ends_side: false }
    }

    /// Returns what ends the side of those before it.
    pub(super) const fn of_none() -> Self {
        Self { name: String::new(), is_side: true, ends_side: true }
    }

    /// Tells whether an item that holds a list names the side of those in it: `Present:` names none.
    pub(super) fn may_be_side(&self) -> bool {
        let name = spaced(&self.name);
        !name.is_empty() && !is_present(&name)
    }
}

/// Tells whether words say that those follow who took part.
fn is_present(words: &str) -> bool {
    PRESENT.contains(&words.trim_end_matches(':').trim_end().to_lowercase().as_str())
}

impl Document {
    /// Returns who took part, each with the side under which the list names them: `Mr. Gromyko (USSR)`. What stands in
    /// brackets is no name, and is remarked.
    pub(super) fn heads(
        &self,
        remarks: &mut Vec<String>,
        given: &Given<'_>,
        taking: &mut Taking,
    ) -> Vec<String> {
        let of_table =
            if self.participants.is_empty() { self.took_part.read(given) } else { Some(Vec::new()) };
        if of_table.is_none() {
            let what = "a table in the text lists those who took part, in a shape that is not read: nobody of it is in `heads`";
            taking.count(self.line, what);
        }
        let of_table = of_table.unwrap_or_default();
        let listed = if of_table.is_empty() { &self.participants } else { &of_table };
        // Where all are emphasised nobody is a side.
        let has_sides = listed.iter().any(|one| !one.is_side && !spaced(&one.name).is_empty());
        let (mut side, mut heads) = (String::new(), Vec::new());
        for participant in listed {
            let name = spaced(&participant.name);
            if participant.ends_side && name.is_empty() {
                side.clear();
            } else if has_sides && participant.is_side {
                // `1.` before a name is no side, and nor is `Present:`.
                if name.chars().filter(|letter| letter.is_alphabetic()).count() > 1 && !is_present(&name) {
                    name.trim_end_matches([':', '.']).clone_into(&mut side);
                }
            } else if name.starts_with('(') && name.ends_with(')') {
                remarks.push(format!("Of those who took part: {name}"));
            } else if !name.is_empty() && !name.ends_with(':') {
                // `Present:` names nobody.
                heads.push(if side.is_empty() { name } else { format!("{name} ({side})") });
            }
        }
        heads
    }
}

/// A cell of a table.
#[derive(Debug, Clone, Default)]
struct Cell {
    text: String,
    /// The volume marks it as a label.
    is_label: bool,
}

/// The first table of a document that begins with `Participants`, as it stands.
#[derive(Debug, Clone, Default)]
pub(super) struct TookPart {
    rows: Vec<Vec<Cell>>,
    row_is_label: bool,
    /// It is longer than is read.
    is_longer: bool,
    /// Another table follows.
    is_over: bool,
}

impl TookPart {
    /// Tells whether there is one.
    pub(super) fn is_some(&self) -> bool {
        self.rows
            .iter()
            .flatten()
            .find(|cell| !cell.text.trim().is_empty())
            .is_some_and(|cell| is_present(&spaced(&cell.text)))
    }

    /// Takes in what opens in the text of the document.
    pub(super) fn open(&mut self, element: &Element) {
        let is_label = element.get("role") == Some("label");
        match element.name.as_str() {
            // What is attached has tables of its own.
            "attachment" => self.is_over = true,
            "table" | "row" | "cell" if self.is_over => {}
            "table" if self.is_some() => self.is_over = true,
            "table" => *self = Self::default(),
            "row" if self.rows.len() == ROWS_MAX => self.is_longer = true,
            "row" if !self.is_longer => {
                self.row_is_label = is_label;
                self.rows.push(Vec::new());
            }
            "cell" if !self.is_longer => {
                let is_label = is_label || self.row_is_label;
                let cell = Cell { text: String::new(), is_label };
                self.rows.last_mut().into_iter().for_each(|row| row.push(cell.clone()));
            }
            _ => {}
        }
    }

    /// Takes in the text of a cell.
    pub(super) fn text(&mut self, text: &str) {
        let cell = self.rows.last_mut().and_then(|row| row.last_mut());
        if let Some(cell) = cell.filter(|_| !self.is_over && !self.is_longer) {
            cell.text.push_str(text);
        }
    }

    /// Returns who stands in the table, and under which side; none where its shape is not plain: names below each other,
    /// or below their sides, or beside them.
    fn read(&self, given: &Given<'_>) -> Option<Vec<Participant>> {
        if !self.is_some() {
            return Some(Vec::new());
        }
        let rows = self.told()?;
        let is_side = |cell: &&Cell| {
            cell.is_label || given.knows(spaced(&cell.text).trim_end_matches(':').trim_start_matches("The "))
        };
        let side = |cell: &Cell| Participant { name: cell.text.clone(), is_side: true, ends_side: false };
        let name = |cell: &Cell| Participant { name: cell.text.clone(), is_side: false, ends_side: false };
        let is_said = |cell: &&Cell| !cell.text.trim().is_empty();
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let column = |place: usize| rows.iter().filter_map(move |row| row.get(place)).filter(is_said);
        if columns < 2 {
            return Some(
                column(0).map(|cell| if is_side(&cell) { side(cell) } else { name(cell) }).collect(),
            );
        }
        let first: Vec<&Cell> = rows.first()?.iter().filter(is_said).collect();
        let below = || rows.iter().skip(1).flatten().filter(is_said);
        if first.len() == columns && first.iter().all(is_side) && !below().any(|cell| is_side(&cell)) {
            let read = (0..columns).flat_map(|place| {
                column(place)
                    .enumerate()
                    .map(move |(row, cell)| if row == 0 { side(cell) } else { name(cell) })
            });
            return Some(read.collect());
        }
        let is_beside =
            columns == 2 && column(0).all(|cell| is_side(&cell)) && !column(1).any(|cell| is_side(&cell));
        let read = rows.iter().flat_map(|row| {
            let mut cells = row.iter();
            let beside = cells.next().filter(is_said).map(side);
            beside.into_iter().chain(cells.filter(is_said).map(name)).collect::<Vec<_>>()
        });
        is_beside.then(|| read.collect())
    }

    /// Returns the rows that say something, without the word that begins the table and the column that holds nothing else;
    /// none where it is too long.
    fn told(&self) -> Option<Vec<Vec<Cell>>> {
        if self.is_longer {
            return None;
        }
        let mut rows = self.rows.clone();
        let word = rows.iter_mut().flatten().find(|cell| !cell.text.trim().is_empty())?;
        word.text.clear();
        word.is_label = false;
        let is_empty = |cell: &Cell| cell.text.trim().is_empty();
        rows.retain(|row| !row.iter().all(is_empty));
        if rows.iter().all(|row| row.first().is_none_or(is_empty)) && rows.iter().any(|row| row.len() > 1) {
            rows = rows.into_iter().map(|row| row.into_iter().skip(1).collect()).collect();
        }
        Some(rows)
    }
}
