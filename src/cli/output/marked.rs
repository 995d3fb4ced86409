//! Lines in which something that was found is shown as found.

use crate::cli::output::Text;

/// Stand for where something that was found begins and ends: invisible operators of mathematics, without width.
const MARK: char = '\u{2061}';
const UNMARK: char = '\u{2062}';
/// Bold and underlined.
const FOUND: &str = "\x1b[1;4m";

impl Text {
    /// Adds a line that stands `indent` columns in, and shows some of its characters as found: those from one
    /// place up to another.
    pub(in crate::cli) fn marked(&mut self, indent: usize, line: &str, marks: &[(usize, usize)]) {
        // Two characters without width stand for the marks until the line is wrapped.
        let plain = |letter: &char| *letter != MARK && *letter != UNMARK;
        let mut spelt = String::with_capacity(line.len());
        for (place, letter) in line.chars().enumerate() {
            if marks.iter().any(|(_, to)| *to == place) {
                spelt.push(UNMARK);
            }
            if marks.iter().any(|(from, _)| *from == place) {
                spelt.push(MARK);
            }
            spelt.extend(Some(letter).filter(plain));
        }
        if marks.iter().any(|(_, to)| *to == line.chars().count()) {
            spelt.push(UNMARK);
        }
        let before = self.lines.len();
        self.hanging(indent, &spelt);
        let mut open = false;
        let (on, off) = if self.screen.styled { (FOUND, "\x1b[0m") } else { ("", "") };
        for line in self.lines.iter_mut().skip(before) {
            let mut shown = String::with_capacity(line.len());
            if open {
                shown.push_str(on);
            }
            for letter in line.chars() {
                match letter {
                    MARK => {
                        open = true;
                        shown.push_str(on);
                    }
                    UNMARK => {
                        open = false;
                        shown.push_str(off);
                    }
                    letter => shown.push(letter),
                }
            }
            if open {
                shown.push_str(off);
            }
            *line = shown;
        }
    }
}
