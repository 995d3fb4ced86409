//! How a volume begins: in which encoding, and with which root.

use std::io::{Read, Seek, SeekFrom};

use crate::desk::error::{DeskError, Fault};
use crate::desk::import::csv::unread;
use crate::desk::import::markup::Element;

/// The namespace of TEI.
pub(super) const TEI: &str = "http://www.tei-c.org/ns/1.0";

/// Returns what is to be said of a file whose root is not in the namespace of TEI.
pub(super) fn of_another(root: &Element, line: u64) -> Option<Fault> {
    let namespace = root.namespace_of_root();
    let of = match namespace {
        TEI => return None,
        "" => "no namespace".to_owned(),
        other => format!("the namespace `{other}`"),
    };
    let detail = format!(
        "the root `<{}>` is of {of}, and that of TEI is `{TEI}`; the file is read as TEI all the same",
        root.name
    );
    Some(Fault { line: Some(line), field: None, detail })
}

/// Refuses a file in two bytes a letter, of which the parser of UTF-8 would make nonsense.
pub(super) fn letters(file: &mut (impl Read + Seek)) -> Result<(), DeskError> {
    let mut start = Vec::new();
    file.by_ref().take(4).read_to_end(&mut start).map_err(unread)?;
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") || start.contains(&0) {
        return Err(Fault::new("the file is UTF-16, and XML is read as UTF-8; save it as UTF-8").into());
    }
    Ok(())
}
