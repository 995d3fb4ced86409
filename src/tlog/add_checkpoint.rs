//! What a log sends to a witness (C2SP tlog-witness): a checkpoint, and the proof that it continues the last.

use crate::tlog::Hash;
use crate::tlog::note::{Note, NoteError};
use crate::tlog::proof_file::{Wrong, hashes, push_hashes};
use crate::tlog::text::{decimal, line, quoted};

/// The most hashes that a request may hold.
pub const PROOF_HASHES_MAX: usize = 63;

/// The body of an `add-checkpoint` request. Nothing is verified by reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the checkpoint that the witness cosigned last.
    pub old: u64,
    /// The proof that the tree continues that one.
    pub proof: Vec<Hash>,
    /// The checkpoint that is to be cosigned, as the log signed it.
    pub checkpoint: Note,
}

/// Bytes are no `add-checkpoint` request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddCheckpointError {
    /// It is not UTF-8.
    #[error("the request is not UTF-8 after byte {after}")]
    Encoding {
        /// How many bytes of it are.
        after: usize,
    },
    /// The first line does not say the older size.
    #[error("`{}` is no older size; it is `old`, a space and a decimal without leading zeroes", quoted(.0))]
    Old(String),
    /// A line of the proof is no hash.
    #[error("`{}` is no hash of the proof; each is the base64 of 32 bytes", quoted(.0))]
    Hash(String),
    /// It has more hashes than it may.
    #[error("the request has more than {PROOF_HASHES_MAX} hashes")]
    Long,
    /// It ends before the checkpoint.
    #[error("the request ends before its checkpoint")]
    Short,
    /// The checkpoint is no signed note.
    #[error("the checkpoint of the request cannot be read")]
    Checkpoint(#[from] NoteError),
}

impl AddCheckpoint {
    /// Reads the body of a request.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, AddCheckpointError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| AddCheckpointError::Encoding { after: error.valid_up_to() })?;
        let (first, rest) = line(text).unwrap_or((text, ""));
        let old = first
            .strip_prefix("old ")
            .and_then(decimal)
            .ok_or_else(|| AddCheckpointError::Old(first.to_owned()))?;
        let (proof, rest) = hashes(rest, PROOF_HASHES_MAX).map_err(|wrong| match wrong {
            Wrong::Line(line) => AddCheckpointError::Hash(line),
            Wrong::Long => AddCheckpointError::Long,
            Wrong::Short => AddCheckpointError::Short,
        })?;
        Ok(Self { old, proof, checkpoint: Note::parse(rest.as_bytes())? })
    }

    /// Returns the body of the request: the very bytes that it was read from.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("old {}\n", self.old);
        push_hashes(&mut text, &self.proof);
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.checkpoint.to_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOTE: &str = "log\n3\nAAAA\n\n— log AAAAAAE=\n";
    const HASH: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    #[test]
    fn the_example_of_the_standard_is_read_and_written_back() {
        let text = "\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";
        let request = AddCheckpoint::parse(text.as_bytes()).unwrap();
        assert_eq!((request.old, request.proof.len()), (20_852_014, 4));
        assert_eq!(request.checkpoint.signatures().len(), 2);
        assert_eq!(request.to_bytes(), text.as_bytes());
    }

    #[test]
    fn a_body_that_is_not_written_as_requests_are_is_refused() {
        let hashes = |count: usize| format!("old 1\n{}\n{NOTE}", format!("{HASH}\n").repeat(count));
        assert!(AddCheckpoint::parse(hashes(63).as_bytes()).is_ok());
        let refused = [
            (String::new(), AddCheckpointError::Old(String::new())),
            (format!("old 01\n\n{NOTE}"), AddCheckpointError::Old("old 01".to_owned())),
            (format!("old\n\n{NOTE}"), AddCheckpointError::Old("old".to_owned())),
            (format!("old 1 \n\n{NOTE}"), AddCheckpointError::Old("old 1 ".to_owned())),
            (format!("old 1\n{NOTE}"), AddCheckpointError::Hash("log".to_owned())),
            ("old 1\n".to_owned(), AddCheckpointError::Short),
            ("old 1\n\n".to_owned(), AddCheckpointError::Checkpoint(NoteError::Parts)),
            (hashes(64), AddCheckpointError::Long),
        ];
        for (text, error) in refused {
            assert_eq!(AddCheckpoint::parse(text.as_bytes()), Err(error), "{text:?}");
        }
        assert_eq!(AddCheckpoint::parse(b"old \xff"), Err(AddCheckpointError::Encoding { after: 4 }));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_back(
            bytes in prop_oneof![
                any::<Vec<u8>>(),
                "old [0-9]{1,3}\n([A-Za-z]{42}[AEIM]=\n){0,3}\n?[a-z\n]{0,5}\n\n— [a-z]{1,3} [A-Za-z]{8}\n"
                    .prop_map(String::into_bytes),
            ],
        ) {
            if let Ok(request) = AddCheckpoint::parse(&bytes) {
                prop_assert_eq!(request.to_bytes(), bytes);
            }
        }
    }
}
