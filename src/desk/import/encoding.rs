//! Lines of text in the encoding that the file has. The one place that names `encoding_rs`.

mod iso_2022_kr;

use std::io::{self, Read};

use encoding_rs::{DecoderResult, Encoding};

use crate::desk::import::raw::{LINE_BYTES_MAX, RawLine, RawLines, Width};

/// How many bytes that are no letters a line names.
pub(super) const BROKEN_MAX: usize = 5;

/// How the letters of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letters {
    /// Of ISO-2022-KR, the one that its letters are of when their high bits are set.
    encoding: &'static Encoding,
    /// It is ISO-2022-KR.
    is_shifted: bool,
}

/// Returns the encoding of a name.
///
/// # Errors
///
/// Returns which names there are.
pub(super) fn named(name: &str) -> Result<Letters, String> {
    let label = match name.trim().to_ascii_lowercase().as_str() {
        // What Windows calls so is what the web calls EUC-KR.
        "cp949" | "ms949" | "uhc" | "windows-949" => "euc-kr".to_owned(),
        "cp1252" | "ansi" => "windows-1252".to_owned(),
        "utf-16" => "utf-16le".to_owned(),
        "iso-2022-kr" | "iso2022-kr" | "iso2022kr" | "csiso2022kr" => {
            return Ok(Letters { encoding: encoding_rs::EUC_KR, is_shifted: true });
        }
        other => other.to_owned(),
    };
    match Encoding::for_label_no_replacement(label.as_bytes()) {
        Some(encoding) if encoding.name() != "x-user-defined" && encoding.name() != "ISO-2022-JP" => {
            Ok(Letters { encoding, is_shifted: false })
        }
        Some(_) | None => Err(format!(
            "`{name}` is no encoding that is read; there are utf-8, utf-16le, utf-16be, euc-kr (cp949), iso-2022-kr, windows-1252 and others of the web"
        )),
    }
}

/// Tells whether a name is one of UTF-8.
pub(super) fn is_utf_8(name: &str) -> bool {
    named(name).is_ok_and(|letters| letters.encoding == encoding_rs::UTF_8)
}

/// How files are mostly written that are not UTF-8.
const LIKELY: &[&str] = &["euc-kr", "windows-1252"];
/// So many lines are told with it: a header is one, of which nothing is told.
const HINTS_MAX: u8 = 3;
/// How much of what they say is shown.
const SHOWN_CHARS_MAX: usize = 24;

/// Returns what to say of the beginning of a file of which nobody said how it is written, where it is not UTF-8 and no
/// mark tells.
pub(super) fn unnamed(start: &[u8]) -> Option<String> {
    if Encoding::for_bom(start).is_some() {
        return None;
    }
    // Of two bytes a letter, one is zero in most.
    let zeros =
        |first: usize| start.iter().skip(first).step_by(2).take(64).filter(|byte| **byte == 0).count();
    for (first, name) in [(1, "utf-16le"), (0, "utf-16be")] {
        if zeros(first) > 8 && zeros(1 - first) == 0 {
            return Some(format!("the file is UTF-16 without a mark; say so with `encoding`: `{name}`"));
        }
    }
    if start.windows(iso_2022_kr::DESIGNATOR.len()).any(|window| window == iso_2022_kr::DESIGNATOR) {
        return Some("the file is ISO-2022-KR; say so with `encoding`: `iso-2022-kr`".to_owned());
    }
    // The last line may be cut off.
    let mut lines = start.split(|byte| matches!(byte, b'\n' | b'\r')).collect::<Vec<_>>();
    lines.truncate(lines.len().saturating_sub(1).max(1));
    let (sound, unsound): (Vec<&[u8]>, Vec<&[u8]>) =
        lines.into_iter().filter(|line| !line.is_ascii()).partition(|line| std::str::from_utf8(line).is_ok());
    let read = unsound.iter().find_map(|line| readings(line))?;
    if sound.len() <= unsound.len() {
        return Some(whole(&read));
    }
    Some(format!(
        "of the lines at its beginning with letters beyond ASCII {} are UTF-8 and {} are not ({}): mend those in the file, since \
         one encoding is read of all lines; with `--encoding utf-8` a mapping is drafted all the same",
        sound.len(),
        unsound.len(),
        reads("the first", &read)
    ))
}

/// Returns what to say of a file that is not UTF-8.
fn whole(read: &[String]) -> String {
    reads("the file is not UTF-8, and `encoding` says what it is", read)
}

fn reads(what: &str, read: &[String]) -> String {
    if read.is_empty() { what.to_owned() } else { format!("{what}: it reads {}", read.join(", ")) }
}

/// Returns a text in an encoding that is named; none where a byte of it is no letter, or there is no such encoding.
pub(super) fn read_as(name: &str, bytes: &[u8]) -> Option<String> {
    read_with_gaps(name, bytes).filter(|(_, is_whole)| *is_whole).map(|(text, _)| text)
}

/// Returns a text in an encoding that is named, with U+FFFD for what is no letter, and whether there is none; nothing
/// where there is no such encoding.
pub(super) fn read_with_gaps(name: &str, bytes: &[u8]) -> Option<(String, bool)> {
    let (text, broken) = named(name).ok()?.decode(bytes);
    Some((text, broken.is_empty()))
}

/// Returns how a line that is not UTF-8 reads in the encodings that are likely.
pub(super) fn readings(line: &[u8]) -> Option<Vec<String>> {
    let upto = std::str::from_utf8(line).err()?.valid_up_to();
    // From the last letter before it that every encoding has: what stands there may be of two bytes.
    let from = line.get(..upto)?.iter().rposition(u8::is_ascii).map_or(0, |place| place + 1);
    let rest = line.get(from..)?;
    let read = LIKELY.iter().filter_map(|name| {
        let text: String = read_as(name, rest)?.chars().take(SHOWN_CHARS_MAX).collect();
        (!text.chars().any(|letter| letter.is_control() && letter != '\t'))
            .then(|| format!("as {name} `{text}`"))
    });
    Some(read.collect())
}

impl Letters {
    /// Returns how a file is written that begins so: what the mark says, else what was named, else UTF-8; and how
    /// many bytes the mark has.
    pub(super) fn of(start: &[u8], named: Option<Self>) -> Result<(Self, usize), String> {
        match (Encoding::for_bom(start), named) {
            (Some((marked, length)), Some(named))
                if marked != named.encoding && named.encoding.name() != "UTF-16LE" =>
            {
                let _ = length;
                Err(format!(
                    "the file begins with the mark of {}, and the mapping says {}; leave `encoding` out",
                    marked.name(),
                    named.name()
                ))
            }
            (Some((encoding, length)), _) => Ok((Self { encoding, is_shifted: false }, length)),
            (None, Some(named)) => Ok((named, 0)),
            (None, None) => Ok((Self { encoding: encoding_rs::UTF_8, is_shifted: false }, 0)),
        }
    }

    /// Returns how long a unit is.
    pub(super) fn width(self) -> Width {
        match self.encoding.name() {
            "UTF-16LE" => Width::TwoLittle,
            "UTF-16BE" => Width::TwoBig,
            _ => Width::One,
        }
    }

    /// Returns how the encoding is called.
    fn name(self) -> &'static str {
        if self.is_shifted { "ISO-2022-KR" } else { self.encoding.name() }
    }

    /// Returns the letters of some bytes; what is none is replaced, and told with its column.
    fn decode(self, bytes: &[u8]) -> (String, Vec<String>) {
        let told = |after: usize, bytes: &[u8]| {
            let hex: Vec<String> = bytes.iter().map(|byte| format!("0x{byte:02X}")).collect();
            format!("column {}: {} is no letter of {}", after + 1, hex.join(" "), self.name())
        };
        if self.is_shifted {
            let (text, broken) = iso_2022_kr::decode(bytes);
            return (text, broken.iter().take(BROKEN_MAX).map(|it| told(it.after, it.bytes)).collect());
        }
        if let Some(text) = self.encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            return (text.into_owned(), Vec::new());
        }
        let mut broken = Vec::new();
        let mut text = String::new();
        let mut decoder = self.encoding.new_decoder_without_bom_handling();
        let mut rest = bytes;
        loop {
            let most =
                decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(rest.len() * 3 + 16);
            text.reserve(most);
            let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut text, true);
            rest = rest.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, after) => {
                    let end = bytes.len() - rest.len() - usize::from(after);
                    let start = end.saturating_sub(usize::from(length));
                    if broken.len() < BROKEN_MAX {
                        broken.push(told(text.chars().count(), bytes.get(start..end).unwrap_or_default()));
                    }
                    text.push('\u{fffd}');
                }
            }
        }
        (text, broken)
    }

    /// Returns a text as the bytes of the encoding, for a file in the same one.
    ///
    /// None where the encoding has no bytes for a letter of it.
    pub(super) fn encode(self, text: &str) -> Option<Vec<u8>> {
        if self.is_shifted {
            return iso_2022_kr::encode(text);
        }
        match self.width() {
            Width::TwoLittle => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            Width::TwoBig => Some(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            Width::One => {
                let (bytes, _, unknown) = self.encoding.encode(text);
                (!unknown).then(|| bytes.into_owned())
            }
        }
    }
}

/// A line of text, and where it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextLine {
    pub(super) number: u64,
    pub(super) offset: u64,
    pub(super) end: u64,
    pub(super) text: String,
    /// What in it is no text.
    pub(super) broken: Vec<String>,
    /// What the file may be written in, at the first lines that are no text.
    pub(super) hint: Option<String>,
    /// What ends it; nothing at the end of a file.
    pub(super) ends: &'static str,
}

/// The lines of a file, as text.
pub(super) struct TextLines<R> {
    raw: RawLines<io::Chain<io::Cursor<Vec<u8>>, R>>,
    letters: Letters,
    /// How many lines are still told with what the file may be written in; none where somebody, or a mark, says it.
    hints: u8,
    beyond: Beyond,
}

/// The lines that have bytes beyond ASCII.
#[derive(Debug, Default)]
struct Beyond {
    /// How many of them are UTF-8, and how many are not.
    sound: u64,
    unsound: u64,
    /// The first that is: its number, and a word of it as UTF-8.
    first: Option<(u64, String)>,
}

impl Beyond {
    fn note(&mut self, line: &RawLine) {
        let Ok(text) = std::str::from_utf8(&line.bytes) else {
            self.unsound += 1;
            return;
        };
        self.sound += 1;
        if self.first.is_none() {
            let words = text.split(|letter: char| letter.is_ascii() && !letter.is_ascii_alphanumeric());
            let word = words
                .filter(|word| !word.is_ascii())
                .map(|word| word.chars().take(SHOWN_CHARS_MAX).collect());
            self.first = word.map(|word| (line.number, word)).next();
        }
    }
}

impl<R: Read> TextLines<R> {
    /// Returns the lines of what `reader` reads.
    ///
    /// # Errors
    ///
    /// Returns what the reader says, and within, where the mark and the name of the encoding differ.
    pub(super) fn new(mut reader: R, named: Option<Letters>) -> io::Result<Result<Self, String>> {
        let mut start = Vec::with_capacity(3);
        reader.by_ref().take(3).read_to_end(&mut start)?;
        let is_named = named.is_some();
        let (letters, mark) = match Letters::of(&start, named) {
            Ok(found) => found,
            Err(detail) => return Ok(Err(detail)),
        };
        let rest = start.split_off(mark);
        let reader = io::Cursor::new(rest).chain(reader);
        let raw = RawLines::new(reader, letters.width(), mark as u64);
        let hints = if is_named || mark > 0 { 0 } else { HINTS_MAX };
        Ok(Ok(Self { raw, letters, hints, beyond: Beyond::default() }))
    }

    /// Returns how the letters of the file are written.
    pub(super) const fn letters(&self) -> Letters {
        self.letters
    }

    /// Returns a text in the bytes of the file; none where its encoding has none for a letter.
    pub(super) fn encoded(&self, text: &str) -> Option<Vec<u8>> {
        self.letters.encode(text)
    }

    /// Returns what to say where an encoding was named and everything that was read is UTF-8: text in another is so by
    /// accident alone.
    pub(super) fn misnamed(&self) -> Option<String> {
        let (line, word) = self.beyond.first.as_ref()?;
        if self.letters.encoding == encoding_rs::UTF_8 || self.beyond.unsound > 0 {
            return None;
        }
        let named = self.letters.name().to_lowercase();
        let (read, _) = self.letters.decode(word.as_bytes());
        Some(format!(
            "is said to be {named}, and the file is UTF-8 in all of its {} lines that tell, the first line {line}: `{word}` is \
             read as `{read}`; leave `encoding` out where the former is right",
            self.beyond.sound
        ))
    }

    /// Returns how a line that is not UTF-8 may read: by itself where those before it are UTF-8.
    fn hint(&self, line: &[u8]) -> Option<String> {
        let read = readings(line)?;
        let alone =
            "; lines before it are UTF-8: mend this one in the file, since `encoding` is about all of them";
        Some(if self.beyond.sound > 0 { reads("the line is not UTF-8", &read) + alone } else { whole(&read) })
    }

    /// Returns the next line.
    pub(super) fn next(&mut self) -> io::Result<Option<TextLine>> {
        let Some(raw) = self.raw.next()? else { return Ok(None) };
        let (text, mut broken) = self.letters.decode(&raw.bytes);
        if self.letters.width() == Width::One && !raw.bytes.is_ascii() {
            self.beyond.note(&raw);
        }
        let hint = if self.hints == 0 || broken.is_empty() { None } else { self.hint(&raw.bytes) };
        self.hints -= u8::from(hint.is_some());
        if raw.left_out > 0 {
            broken.push(format!("is longer than {} MiB", LINE_BYTES_MAX >> 20));
        }
        let RawLine { number, offset, end, ends, .. } = raw;
        Ok(Some(TextLine { number, offset, end, text, broken, hint, ends }))
    }
}

#[cfg(test)]
mod tests;
