//! Columns of numbers as bytes: little-endian, preceded by how many there are.

/// Writes a column, preceded by how many values it has.
pub(super) fn put<T: Copy, const N: usize>(bytes: &mut Vec<u8>, column: &[T], write: impl Fn(T) -> [u8; N]) {
    bytes.extend_from_slice(&(column.len() as u64).to_le_bytes());
    bytes.reserve(column.len() * N);
    for value in column {
        bytes.extend_from_slice(&write(*value));
    }
}

/// Reads a column off the front of `bytes`; none when they do not hold a whole one.
pub(super) fn get<T, const N: usize>(bytes: &mut &[u8], read: impl Fn([u8; N]) -> T) -> Option<Vec<T>> {
    let (len, rest) = bytes.split_first_chunk()?;
    let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
    let (column, rest) = rest.split_at_checked(len.checked_mul(N)?)?;
    *bytes = rest;
    Some(column.as_chunks().0.iter().map(|chunk| read(*chunk)).collect())
}

/// Reads a little-endian number from the first 4 bytes; missing ones are 0.
pub(super) fn u32_at(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

/// Reads a little-endian number from the first 8 bytes; missing ones are 0.
pub(super) fn u64_at(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_read_back_as_they_were_written(one: Vec<i64>, two: Vec<u16>) {
            let mut bytes = Vec::new();
            put(&mut bytes, &one, i64::to_le_bytes);
            put(&mut bytes, &two, u16::to_le_bytes);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(get(&mut rest, i64::from_le_bytes), Some(one));
            prop_assert_eq!(get(&mut rest, u16::from_le_bytes), Some(two));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn bytes_that_are_no_column_are_refused_whatever_they_are(bytes: Vec<u8>) {
            let mut rest = bytes.as_slice();
            if let Some(column) = get(&mut rest, u32::from_le_bytes) {
                prop_assert_eq!(8 + column.len() * 4 + rest.len(), bytes.len());
            }
        }
    }
}
