//! One number for everything that is kept, the same on any machine.

use sha2::{Digest as _, Sha256};

use crate::projections::bits::ROWS;
use crate::projections::columns::put;
use crate::projections::index::Index;
use crate::projections::lazy::Damage;
use crate::projections::segment::Created;
use crate::projections::state;
use crate::projections::table::{Segment, Table, join};

/// Returns the digest of what is kept about the first `size` events.
///
/// # Errors
///
/// Returns [`Damage`] when the snapshot that holds it is damaged.
pub(super) fn of(index: &Index, size: u32) -> Result<[u8; 32], Damage> {
    let mut hash = Sha256::new();
    hash.update(b"demarche/projections/v2");
    hash.update(size.to_le_bytes());
    table(&mut hash, &index.events, size as usize)?;
    let readings = index.reading_of.partition_point(|(_, position)| *position < size);
    table(&mut hash, &index.readings, readings)?;
    for correction in index.corrections_before(size) {
        let (change, what) = state::to_number(correction.change);
        hash.update(correction.position.to_le_bytes());
        hash.update(correction.target.to_le_bytes());
        hash.update([change]);
        hash.update(what.to_le_bytes());
    }
    for position in index.registrations_before(size) {
        hash.update(position.to_le_bytes());
    }
    Ok(hash.finalize().into())
}

fn table(hash: &mut Sha256, table: &Table, len: usize) -> Result<(), Damage> {
    hash.update((len as u64).to_le_bytes());
    for (number, segment) in table.segments().enumerate() {
        let known = len.saturating_sub(join(number, 0) as usize).min(ROWS);
        if known > 0 {
            rows(hash, segment, known)?;
        }
    }
    Ok(())
}

fn rows(hash: &mut Sha256, segment: Segment<'_>, len: usize) -> Result<(), Damage> {
    for row in (0..=u16::MAX).take(len) {
        let (earliest, latest) = segment.times(row)?;
        hash.update(earliest.to_le_bytes());
        hash.update(latest.to_le_bytes());
    }
    let mut bytes = Vec::new();
    for (term, rows) in segment.terms()?.iter() {
        let mut rows = rows.into_list();
        rows.truncate(rows.partition_point(|row| usize::from(*row) < len));
        if !rows.is_empty() {
            bytes.clear();
            bytes.extend_from_slice(&term.to_le_bytes());
            put(&mut bytes, &rows, u16::to_le_bytes);
            hash.update(&bytes);
        }
    }
    for Created { row, kind, id } in
        segment.created()?.iter().filter(|created| usize::from(created.row) < len)
    {
        hash.update(row.to_le_bytes());
        hash.update(kind.as_str());
        hash.update(id.to_le_bytes());
    }
    Ok(())
}
