//! The ids of the documents of a volume that become entries, so that a reference to one of them is told from one to
//! somewhere else.

use std::collections::HashSet;
use std::io::Read;

use crate::desk::error::{DeskError, Fault};
use crate::desk::import::markup::{Markup, Piece};
use crate::desk::import::tei::document::no_document;
use crate::desk::import::tei::is_document;
use crate::desk::import::tei::words::{spaced, title};

/// How many documents a volume may have.
const DOCUMENTS_MAX: usize = 1_000_000;
/// How much of a heading is looked at.
const HEAD_BYTES_MAX: usize = 200;

/// A document of which only the beginning was seen.
struct Begun {
    id: Option<String>,
    subtype: Option<String>,
    depth: usize,
    /// Its heading so far, where that began.
    head: Option<String>,
}

/// Returns the ids of all documents of a volume that become entries.
pub(super) fn of(file: &mut impl Read) -> Result<HashSet<String>, DeskError> {
    let mut ids = HashSet::new();
    let mut markup = Markup::new(file);
    let mut depth = 0;
    let mut begun: Option<Begun> = None;
    loop {
        match markup.next()? {
            Piece::Open(element) => {
                depth += 1;
                if is_document(&element) {
                    end(&mut begun, &mut ids)?;
                    let get = |name: &str| element.get(name).map(ToOwned::to_owned);
                    begun = Some(Begun { id: get("xml:id"), subtype: get("subtype"), depth, head: None });
                } else if let Some(document) = &mut begun
                    && document.depth + 1 == depth
                {
                    if document.head.is_some() {
                        end(&mut begun, &mut ids)?;
                    } else if element.name == "head" {
                        document.head = Some(String::new());
                    }
                }
            }
            Piece::Text(text) => {
                if let Some(head) = begun.as_mut().and_then(|document| document.head.as_mut())
                    && head.len() < HEAD_BYTES_MAX
                {
                    head.push_str(&text);
                }
            }
            Piece::Close => {
                depth -= 1;
                if begun.as_ref().is_some_and(|document| document.depth > depth) {
                    end(&mut begun, &mut ids)?;
                }
            }
            Piece::End => return Ok(ids),
        }
    }
}

/// Takes in the id of a document of which enough was seen.
fn end(begun: &mut Option<Begun>, ids: &mut HashSet<String>) -> Result<(), Fault> {
    let Some(document) = begun.take() else { return Ok(()) };
    let head = spaced(&document.head.unwrap_or_default());
    if no_document(document.subtype.as_deref(), title(&head)).is_none() {
        ids.extend(document.id);
    }
    if ids.len() > DOCUMENTS_MAX {
        return Err(Fault::new(format!("the volume has more than {DOCUMENTS_MAX} documents")));
    }
    Ok(())
}
