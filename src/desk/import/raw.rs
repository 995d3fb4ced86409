//! The physical lines of a file, whatever ends them, in bounded memory and in the bytes of the file.

use std::io::{self, BufRead, BufReader, Read};

/// The longest line that is taken: longer than any row that people write, shorter than a file whose line ends
/// were lost.
pub(super) const LINE_BYTES_MAX: usize = 16 << 20;

/// How many bytes a unit of text has, and which of two comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// A byte: UTF-8, EUC-KR, Windows-1252; no byte of a longer letter looks like a line end.
    One,
    /// Two bytes, the low one first.
    TwoLittle,
    /// Two bytes, the high one first.
    TwoBig,
}

/// A line, without what ends it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RawLine {
    /// Its number, counted from 1.
    pub(super) number: u64,
    /// Where it begins in the file.
    pub(super) offset: u64,
    /// Where what ends it ends.
    pub(super) end: u64,
    /// Its bytes; at most [`LINE_BYTES_MAX`].
    pub(super) bytes: Vec<u8>,
    /// How many bytes were left out of a line that is too long.
    pub(super) left_out: u64,
    /// What ends it; nothing at the end of a file.
    pub(super) ends: &'static str,
}

/// The lines of a file: each ends with a line feed, a carriage return, or both.
pub(super) struct RawLines<R> {
    reader: BufReader<R>,
    width: Width,
    offset: u64,
    number: u64,
    // A unit of two bytes behind a carriage return that is of the next line, and how much of it there is.
    ahead: Option<([u8; 2], usize)>,
    most: usize,
}

impl<R: Read> RawLines<R> {
    /// Returns the lines of what `reader` reads, of which the first byte is at `offset` of the file.
    pub(super) fn new(reader: R, width: Width, offset: u64) -> Self {
        let reader = BufReader::with_capacity(1 << 16, reader);
        Self { reader, width, offset, number: 0, ahead: None, most: LINE_BYTES_MAX }
    }

    /// Returns the next line.
    pub(super) fn next(&mut self) -> io::Result<Option<RawLine>> {
        let mut line = RawLine { offset: self.offset, ..RawLine::default() };
        let mut seen = false;
        loop {
            match self.step(&mut line)? {
                Step::More => seen = true,
                Step::Line(ends) => {
                    line.ends = ends;
                    break;
                }
                Step::End if seen => break,
                Step::End => return Ok(None),
            }
        }
        self.number += 1;
        line.number = self.number;
        line.end = self.offset;
        Ok(Some(line))
    }

    /// Takes what is at hand, up to the end of the line.
    fn step(&mut self, line: &mut RawLine) -> io::Result<Step> {
        if self.width != Width::One {
            return self.unit(line);
        }
        let buffer = self.reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(Step::End);
        }
        let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        let room = self.most.saturating_sub(line.bytes.len());
        line.bytes.extend(part.iter().take(room));
        line.left_out += part.len().saturating_sub(room) as u64;
        let returns = end.is_some_and(|end| buffer.get(end) == Some(&b'\r'));
        let taken = end.map_or(buffer.len(), |end| end + 1);
        self.reader.consume(taken);
        self.offset += taken as u64;
        if end.is_none() {
            return Ok(Step::More);
        }
        if !returns {
            return Ok(Step::Line("\n"));
        }
        // Both are of the end of this line, so that whoever copies it has it whole.
        if self.reader.fill_buf()?.first() != Some(&b'\n') {
            return Ok(Step::Line("\r"));
        }
        self.reader.consume(1);
        self.offset += 1;
        Ok(Step::Line("\r\n"))
    }

    /// Takes a unit of two bytes; one byte alone at the end of a file is taken as it is.
    fn unit(&mut self, line: &mut RawLine) -> io::Result<Step> {
        let (unit, filled) = self.next_unit()?;
        if filled == 0 {
            return Ok(Step::End);
        }
        self.offset += filled as u64;
        match self.value(unit, filled) {
            Some(0x0a) => return Ok(Step::Line("\n")),
            Some(0x0d) => {
                let (next, filled) = self.next_unit()?;
                if self.value(next, filled) != Some(0x0a) {
                    self.ahead = Some((next, filled));
                    return Ok(Step::Line("\r"));
                }
                self.offset += filled as u64;
                return Ok(Step::Line("\r\n"));
            }
            Some(_) | None => {}
        }
        if line.bytes.len() + filled <= self.most {
            line.bytes.extend(unit.iter().take(filled));
        } else {
            line.left_out += filled as u64;
        }
        Ok(Step::More)
    }

    /// Returns the next unit, and how much of it there is.
    fn next_unit(&mut self) -> io::Result<([u8; 2], usize)> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(ahead);
        }
        let mut unit = [0; 2];
        let mut filled = 0;
        while let Some(rest) = unit.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest)? {
                0 => break,
                read => filled += read,
            }
        }
        Ok((unit, filled))
    }

    /// Returns what a whole unit says.
    fn value(&self, unit: [u8; 2], filled: usize) -> Option<u16> {
        let value = match self.width {
            Width::TwoBig => u16::from_be_bytes(unit),
            Width::One | Width::TwoLittle => u16::from_le_bytes(unit),
        };
        (filled == 2).then_some(value)
    }
}

enum Step {
    /// There is more of the line.
    More,
    /// The line ends with this.
    Line(&'static str),
    /// The file ends.
    End,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(bytes: &[u8], width: Width) -> Vec<RawLine> {
        let mut lines = RawLines::new(bytes, width, 0);
        std::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    #[test]
    fn every_sort_of_line_end_ends_a_line_once() {
        let found: Vec<(u64, Vec<u8>)> =
            lines(b"a\nb\rc\r\n\nd", Width::One).into_iter().map(|line| (line.offset, line.bytes)).collect();
        let expected = [(0, "a"), (2, "b"), (4, "c"), (7, ""), (8, "d")];
        assert_eq!(found, expected.map(|(offset, text)| (offset, text.as_bytes().to_vec())));
        let spans: Vec<(u64, u64, &str)> = lines(b"a\r\n\r\rb", Width::One)
            .into_iter()
            .map(|line| (line.offset, line.end, line.ends))
            .collect();
        assert_eq!(spans, [(0, 3, "\r\n"), (3, 4, "\r"), (4, 5, "\r"), (5, 6, "")]);
        // U+0A00 has a byte of a line feed, and ends nothing.
        let wide: Vec<u8> =
            [0x61u16, 0x0a00, 0x0d, 0x0a, 0x62].iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let wide = lines(&wide, Width::TwoBig);
        assert_eq!(
            wide.iter().map(|line| (line.end, line.ends)).collect::<Vec<_>>(),
            [(8, "\r\n"), (10, "")]
        );
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_counted() {
        let mut lines = RawLines::new(&b"abcdefgh\nij"[..], Width::One, 0);
        lines.most = 3;
        let first = lines.next().unwrap().unwrap();
        assert_eq!((first.bytes.as_slice(), first.left_out, first.end), (&b"abc"[..], 5, 9));
        assert_eq!(lines.next().unwrap().unwrap().bytes, b"ij");
    }

    proptest! {
        #[test]
        fn the_lines_of_any_bytes_are_those_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), wide in any::<bool>()) {
            let width = if wide { Width::TwoLittle } else { Width::One };
            let lines = lines(&bytes, width);
            let mut place = 0;
            for line in &lines {
                prop_assert!(line.offset == place && line.end >= line.offset);
                let start = usize::try_from(line.offset).unwrap();
                prop_assert_eq!(&bytes[start..start + line.bytes.len()], &line.bytes[..]);
                place = line.end;
            }
        }
    }
}
