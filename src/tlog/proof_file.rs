//! A proof that a leaf is in a log, as a file that is checked offline (C2SP tlog-proof).

use crate::tlog::Hash;
use crate::tlog::note::{Note, NoteError};
use crate::tlog::proof::HASHES_MAX;
use crate::tlog::text::{base64, decimal, from_base64, hash, line, quoted};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// The most extra data that is read, in bytes.
pub const EXTRA_BYTES_MAX: usize = 1_000_000;

/// A `.tlog-proof`: the place of a leaf, the path to the root, and the signed root. Nothing is verified by
/// reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// The place of the leaf.
    pub index: u64,
    /// What whoever made it added; nobody vouches for it.
    pub extra: Option<Vec<u8>>,
    /// The path, the leaf's sibling first.
    pub hashes: Vec<Hash>,
    /// The checkpoint of the tree, as it was signed.
    pub checkpoint: Note,
}

/// Bytes are no `.tlog-proof`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// It is not UTF-8.
    #[error("the proof is not UTF-8 after byte {after}")]
    Encoding {
        /// How many bytes of it are.
        after: usize,
    },
    /// The first line is another.
    #[error("`{}` is not `{FIRST_LINE}`, with which a proof begins", quoted(.0))]
    First(String),
    /// The extra data is not base64 or too much.
    #[error("`{}` is no extra data; it is `extra`, a space and base64 of at most {EXTRA_BYTES_MAX} bytes", quoted(.0))]
    Extra(String),
    /// The place of the leaf is not said.
    #[error("`{}` is no place of a leaf; it is `index`, a space and a decimal without leading zeroes", quoted(.0))]
    Index(String),
    /// A line of the path is no hash.
    #[error("`{}` is no hash of the path; each is the base64 of 32 bytes", quoted(.0))]
    Hash(String),
    /// No path has so many.
    #[error("the proof has more than {HASHES_MAX} hashes, as no path has")]
    Long,
    /// It ends before the checkpoint.
    #[error("the proof ends before its checkpoint")]
    Short,
    /// The checkpoint is no signed note.
    #[error("the checkpoint of the proof cannot be read")]
    Checkpoint(#[from] NoteError),
}

impl InclusionProof {
    /// Reads a `.tlog-proof`.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| ProofFileError::Encoding { after: error.valid_up_to() })?;
        let (first, rest) = line(text).unwrap_or((text, ""));
        if first != FIRST_LINE {
            return Err(ProofFileError::First(first.to_owned()));
        }
        let (mut index, mut rest) = line(rest).ok_or(ProofFileError::Short)?;
        let mut extra = None;
        if let Some(data) = index.strip_prefix("extra ") {
            let fits = data.len() <= EXTRA_BYTES_MAX.div_ceil(3) * 4;
            let data = fits.then(|| from_base64(data)).flatten();
            let data = data.filter(|data| data.len() <= EXTRA_BYTES_MAX);
            extra = Some(data.ok_or_else(|| ProofFileError::Extra(index.to_owned()))?);
            (index, rest) = line(rest).ok_or(ProofFileError::Short)?;
        }
        let index = index
            .strip_prefix("index ")
            .and_then(decimal)
            .ok_or_else(|| ProofFileError::Index(index.to_owned()))?;
        let (hashes, rest) = hashes(rest, HASHES_MAX).map_err(|wrong| match wrong {
            Wrong::Line(line) => ProofFileError::Hash(line),
            Wrong::Long => ProofFileError::Long,
            Wrong::Short => ProofFileError::Short,
        })?;
        Ok(Self { index, extra, hashes, checkpoint: Note::parse(rest.as_bytes())? })
    }

    /// Returns the file: the very bytes that it was read from.
    pub fn to_bytes(&self) -> Vec<u8> {
        let extra = self.extra.as_ref().map(|extra| format!("extra {}\n", base64(extra))).unwrap_or_default();
        let mut text = format!("{FIRST_LINE}\n{extra}index {}\n", self.index);
        push_hashes(&mut text, &self.hashes);
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.checkpoint.to_bytes());
        bytes
    }
}

/// Why lines are no hashes.
pub(in crate::tlog) enum Wrong {
    Line(String),
    Long,
    Short,
}

/// Reads lines of hashes up to an empty one; returns what comes after it.
pub(in crate::tlog) fn hashes(text: &str, most: usize) -> Result<(Vec<Hash>, &str), Wrong> {
    let mut hashes = Vec::new();
    let mut rest = text;
    loop {
        let (next, after) = line(rest).ok_or(Wrong::Short)?;
        rest = after;
        if next.is_empty() {
            return Ok((hashes, rest));
        }
        if hashes.len() == most {
            return Err(Wrong::Long);
        }
        hashes.push(hash(next).ok_or_else(|| Wrong::Line(next.to_owned()))?);
    }
}

/// Writes lines of hashes and the empty one after them.
pub(in crate::tlog) fn push_hashes(text: &mut String, hashes: &[Hash]) {
    for hash in hashes {
        text.push_str(&base64(hash));
        text.push('\n');
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOTE: &str = "log\n3\nAAAA\n\n— log AAAAAAE=\n";
    const HASH: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    #[test]
    fn a_proof_is_written_as_the_standard_writes_it() {
        let text = format!("c2sp.org/tlog-proof@v1\nextra AQ==\nindex 2\n{HASH}\n{HASH}\n\n{NOTE}");
        let proof = InclusionProof::parse(text.as_bytes()).unwrap();
        assert_eq!((proof.index, proof.extra.as_deref(), proof.hashes.len()), (2, Some(&[1][..]), 2));
        assert_eq!(proof.checkpoint.text(), "log\n3\nAAAA\n");
        assert_eq!(String::from_utf8(proof.to_bytes()).unwrap(), text);
        let bare = format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{NOTE}");
        assert_eq!(InclusionProof::parse(bare.as_bytes()).unwrap().to_bytes(), bare.as_bytes());
    }

    #[test]
    fn a_file_that_is_not_written_as_proofs_are_is_refused() {
        let first = "c2sp.org/tlog-proof@v1\n";
        let refused = [
            (String::new(), ProofFileError::First(String::new())),
            (
                "c2sp.org/tlog-proof@v2\n".to_owned(),
                ProofFileError::First("c2sp.org/tlog-proof@v2".to_owned()),
            ),
            (first.to_owned(), ProofFileError::Short),
            (format!("{first}index 1\n"), ProofFileError::Short),
            (format!("{first}index 01\n\n{NOTE}"), ProofFileError::Index("index 01".to_owned())),
            (format!("{first}Index 1\n\n{NOTE}"), ProofFileError::Index("Index 1".to_owned())),
            (format!("{first}extra\nindex 1\n\n{NOTE}"), ProofFileError::Index("extra".to_owned())),
            (format!("{first}extra AQ\nindex 1\n\n{NOTE}"), ProofFileError::Extra("extra AQ".to_owned())),
            (format!("{first}index 1\nextra AQ==\n\n{NOTE}"), ProofFileError::Hash("extra AQ==".to_owned())),
            (format!("{first}index 1\n{NOTE}"), ProofFileError::Hash("log".to_owned())),
            (format!("{first}index 1\n{}\n{NOTE}", format!("{HASH}\n").repeat(66)), ProofFileError::Long),
            (format!("{first}index 1\n\n"), ProofFileError::Checkpoint(NoteError::Parts)),
        ];
        for (text, error) in refused {
            assert_eq!(InclusionProof::parse(text.as_bytes()), Err(error), "{text:?}");
        }
        assert_eq!(InclusionProof::parse(b"\xff"), Err(ProofFileError::Encoding { after: 0 }));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_back(
            bytes in prop_oneof![
                any::<Vec<u8>>(),
                "c2sp.org/tlog-proof@v1\n(extra [A-Za-z]{2,5}=?=?\n)?index [0-9]{1,3}\n([A-Za-z]{42}[AEIM]=\n){0,2}\n?\
                 [a-z\n]{0,5}\n\n— [a-z]{1,3} [A-Za-z]{8}\n".prop_map(String::into_bytes),
            ],
        ) {
            if let Ok(proof) = InclusionProof::parse(&bytes) {
                prop_assert_eq!(proof.to_bytes(), bytes);
            }
        }
    }
}
