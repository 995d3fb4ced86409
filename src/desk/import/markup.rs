//! XML, piece by piece, within limits: no piece is longer, and nothing nests deeper, than any file that people
//! write; a DOCTYPE is refused and no entity is expanded. The one place that names `quick_xml`.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use quick_xml::Reader as XmlReader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use crate::desk::error::Fault;

/// The longest piece: a text between two tags, or a tag.
const PIECE_BYTES_MAX: u64 = 16 << 20;
/// How deep elements may stand in each other.
const DEPTH_MAX: usize = 256;

/// A piece of XML.
#[derive(Debug)]
pub(super) enum Piece {
    /// An element begins.
    Open(Element),
    /// It ends.
    Close,
    /// Text between.
    Text(String),
    /// The file ends.
    End,
}

/// An element with its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name without its prefix.
    pub(super) name: String,
    /// Its prefix; empty where it has none.
    pub(super) prefix: String,
    /// Its attributes, each with its prefix: `xml:id`.
    pub(super) attributes: Vec<(String, String)>,
}

impl Element {
    /// Returns what an attribute says.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the namespace of a root: nothing stands around it that could declare another; empty where it has none.
    pub(super) fn namespace_of_root(&self) -> &str {
        let declared =
            if self.prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{}", self.prefix) };
        self.get(&declared).unwrap_or_default()
    }
}

/// Reads XML.
pub(super) struct Markup<R: Read> {
    xml: XmlReader<BufReader<Measured<R>>>,
    since: Rc<Cell<u64>>,
    buffer: Vec<u8>,
    depth: usize,
    line: u64,
}

impl<R: Read> Markup<R> {
    /// Returns a reader of what `reader` reads.
    pub(super) fn new(reader: R) -> Self {
        let since = Rc::new(Cell::new(0));
        let measured = Measured { reader, since: Rc::clone(&since) };
        let mut xml = XmlReader::from_reader(BufReader::with_capacity(1 << 16, measured));
        xml.config_mut().expand_empty_elements = true;
        Self { xml, since, buffer: Vec::new(), depth: 0, line: 1 }
    }

    /// Returns the line on which the next piece begins.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// Returns how many bytes were read.
    pub(super) fn place(&self) -> u64 {
        self.xml.buffer_position()
    }

    /// Returns the next piece.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it, by its line.
    pub(super) fn next(&mut self) -> Result<Piece, Fault> {
        loop {
            self.buffer.clear();
            self.since.set(0);
            let line = self.line;
            let wrong = |detail: String| Fault { line: Some(line), field: None, detail };
            let event = self.xml.read_event_into(&mut self.buffer);
            let event = event.map_err(|error| wrong(format!("the XML is broken: {error}")))?;
            let piece = match event {
                Event::Start(element) => {
                    self.depth += 1;
                    if self.depth > DEPTH_MAX {
                        return Err(wrong(format!(
                            "elements stand more than {DEPTH_MAX} deep in each other"
                        )));
                    }
                    Some(Piece::Open(opened(&element).map_err(wrong)?))
                }
                Event::Empty(element) => Some(Piece::Open(opened(&element).map_err(wrong)?)),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Some(Piece::Close)
                }
                Event::Text(text) => Some(Piece::Text(text.xml10_content().into_owned())),
                Event::CData(text) => Some(Piece::Text(text.xml10_content().into_owned())),
                Event::GeneralRef(reference) => {
                    let name = reference.xml10_content().into_owned();
                    let letter = match reference.resolve_char_ref() {
                        Ok(Some(letter)) => Some(letter),
                        Ok(None) => predefined(&name),
                        Err(error) => return Err(wrong(format!("`&{name};` is no letter: {error}"))),
                    };
                    let Some(letter) = letter else {
                        let detail = format!(
                            "`&{name};` is an entity that XML does not have by itself; none is expanded here"
                        );
                        return Err(wrong(detail));
                    };
                    Some(Piece::Text(letter.to_string()))
                }
                Event::DocType(_) => {
                    let detail = "the file has a DOCTYPE, which may declare entities; take it out: nothing here needs it";
                    return Err(wrong(detail.to_owned()));
                }
                Event::Eof if self.depth > 0 => {
                    return Err(wrong(
                        "the XML ends before its elements do; the file may be cut off".to_owned(),
                    ));
                }
                Event::Eof => Some(Piece::End),
                Event::Decl(declared) => {
                    if let Some(Ok(encoding)) = declared.encoding()
                        && !encoding.as_ref().eq_ignore_ascii_case("utf-8")
                        && !encoding.as_ref().eq_ignore_ascii_case("us-ascii")
                    {
                        let encoding = encoding.as_ref();
                        return Err(wrong(format!(
                            "the file says that it is written in `{encoding}`, and XML is read as UTF-8; save it as UTF-8"
                        )));
                    }
                    None
                }
                Event::Comment(_) | Event::PI(_) => None,
            };
            #[expect(clippy::naive_bytecount, reason = "parsing takes longer: not worth a dependency")]
            let lines = self.buffer.iter().filter(|byte| **byte == b'\n').count();
            self.line += lines as u64;
            if let Some(piece) = piece {
                return Ok(piece);
            }
        }
    }
}

fn opened(element: &BytesStart<'_>) -> Result<Element, String> {
    let name = element.local_name().as_ref().to_owned();
    let prefix = element.name().as_ref().rsplit_once(':').map(|(prefix, _)| prefix.to_owned());
    let mut attributes = Vec::new();
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| format!("`<{name}>` has a broken attribute: {error}"))?;
        let value = attribute.normalized_value(XmlVersion::Explicit1_0);
        let value =
            value.map_err(|error| format!("`<{name}>` has an attribute that is not read: {error}"))?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(Element { name, prefix: prefix.unwrap_or_default(), attributes })
}

fn predefined(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

/// Reads no more for one piece than a piece may have.
struct Measured<R> {
    reader: R,
    since: Rc<Cell<u64>>,
}

impl<R: Read> Read for Measured<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.since.get() > PIECE_BYTES_MAX {
            let detail = format!("a text or a tag is longer than {} MiB", PIECE_BYTES_MAX >> 20);
            return Err(io::Error::other(detail));
        }
        let read = self.reader.read(into)?;
        self.since.set(self.since.get() + read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<String>, Fault> {
        let mut markup = Markup::new(bytes);
        let mut pieces = Vec::new();
        loop {
            let line = markup.line();
            match markup.next()? {
                Piece::Open(element) => pieces.push(format!("{line} <{}>", element.name)),
                Piece::Close => {}
                Piece::Text(text) => pieces.push(text),
                Piece::End => return Ok(pieces),
            }
        }
    }

    #[test]
    fn pieces_have_their_lines_and_letters_are_themselves() {
        let found = read(b"<a x='1'>\n<b/>&amp;&#x54c;<![CDATA[<c>]]></a>").unwrap();
        assert_eq!(found, ["1 <a>", "\n", "2 <b>", "&", "\u{54c}", "<c>"]);
    }

    #[test]
    fn what_could_grow_without_end_is_refused() {
        let bomb = b"<!DOCTYPE a [<!ENTITY x \"lol\"><!ENTITY y \"&x;&x;\">]><a>&y;</a>";
        assert!(read(bomb).unwrap_err().detail.contains("DOCTYPE"));
        assert!(read(b"<a>&y;</a>").unwrap_err().detail.contains("none is expanded"));
        let deep = "<a>".repeat(DEPTH_MAX + 1);
        assert!(read(deep.as_bytes()).unwrap_err().detail.contains("deep"));
        let mut long = b"<a>".to_vec();
        long.extend(vec![b'x'; 17 << 20]);
        assert!(read(&long).unwrap_err().detail.contains("longer than"));
        assert!(read(b"<a><b></a>").is_err());
        assert!(read(b"<a>").unwrap_err().detail.contains("cut off"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_pieces_or_an_error(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = read(&bytes);
            let mut almost = b"<a b=\"".to_vec();
            almost.extend(&bytes);
            let _ = read(&almost);
        }
    }
}
