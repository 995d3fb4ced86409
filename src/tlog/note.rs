//! Signed notes (C2SP signed-note): a text and the signatures under it.

use crate::tlog::key::{KeyName, SignatureType, Signer, SignerError, VerifierKey, is_signed};
use crate::tlog::text::{base64, from_base64, quoted};

/// The largest note that is read, in bytes.
pub const NOTE_BYTES_MAX: usize = 1_000_000;
/// The most signatures under one note.
pub const SIGNATURES_MAX: usize = 100;
/// The last second that a cosignature can name: 2^63 - 1.
pub const TIME_MAX: u64 = i64::MAX as u64;

/// A text with signatures under it. That it was read says nothing about whether they verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    // Invariant: ends with a newline; no control character below U+0020 but newlines.
    text: String,
    // Invariant: at most SIGNATURES_MAX.
    signatures: Vec<Signature>,
}

/// One line under a note: whose signature it says it is, and the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name of the key.
    pub name: KeyName,
    /// The id of the key, which follows from its name, type and public half.
    pub id: [u8; 4],
    /// What the key made; how it is read depends on its type, which the line does not say.
    pub bytes: Vec<u8>,
}

/// A signature by a known key that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// When it was made, in seconds since 1970, as the signer says; a signature of type 0x01 says nothing.
    pub time: Option<u64>,
}

/// A note cannot be read or not be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is too long to be one.
    #[error("the note has {bytes} bytes; at most {NOTE_BYTES_MAX} are read")]
    Long {
        /// How long it is.
        bytes: usize,
    },
    /// It is not UTF-8.
    #[error("the note is not UTF-8 after byte {after}")]
    Encoding {
        /// How many bytes of it are.
        after: usize,
    },
    /// It holds a control character.
    #[error("the note holds a control character on line {line}; only newlines may stand in it")]
    Control {
        /// Where, counted from 1.
        line: usize,
    },
    /// No empty line parts text and signatures.
    #[error("the note has no empty line between its text and its signatures")]
    Parts,
    /// It does not end with a newline, or its text does not.
    #[error("the note does not end with a newline; it may have been cut off")]
    Unfinished,
    /// A line under it is no signature.
    #[error("`{}` is no signature; each is written: a dash (U+2014), the name of the key and base64", quoted(.line))]
    Line {
        /// What stands there.
        line: String,
    },
    /// It has too many signatures.
    #[error("the note has more than {SIGNATURES_MAX} signatures")]
    Crowded,
    /// Two lines say they are by the same key.
    #[error("the note has two signatures by the key {name}; one of them is not to be trusted")]
    Twice {
        /// The name of the key.
        name: KeyName,
    },
    /// A line says it is by a known key, but it is not.
    #[error("the signature by the key {name} does not verify; the note was altered or is a forgery")]
    Forged {
        /// The name of the key.
        name: KeyName,
    },
}

const DASH: &str = "\u{2014} ";

impl Signature {
    /// Reads a line, with or without its newline.
    ///
    /// # Errors
    ///
    /// Returns [`NoteError::Line`] when it is no signature.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let wrong = || NoteError::Line { line: line.to_owned() };
        let body = line.strip_suffix('\n').unwrap_or(line);
        let (name, base64) =
            body.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')).ok_or_else(wrong)?;
        let name = name.parse().map_err(|_| wrong())?;
        let bytes = from_base64(base64).ok_or_else(wrong)?;
        let (id, bytes) = bytes.split_first_chunk::<4>().ok_or_else(wrong)?;
        if bytes.is_empty() {
            return Err(wrong());
        }
        Ok(Self { name, id: *id, bytes: bytes.to_vec() })
    }

    /// Returns the line, with its newline.
    pub fn line(&self) -> String {
        let mut bytes = Vec::with_capacity(4 + self.bytes.len());
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&self.bytes);
        format!("{DASH}{} {}\n", self.name, base64(&bytes))
    }

    fn is_of(&self, name: &KeyName, id: [u8; 4]) -> bool {
        self.id == id && self.name == *name
    }
}

impl Note {
    /// Returns a note that nobody signed yet.
    ///
    /// # Errors
    ///
    /// Returns why a text cannot be one: too long, a control character, no newline at its end.
    pub fn new(text: impl Into<String>) -> Result<Self, NoteError> {
        let text = text.into();
        check(&text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::Unfinished);
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a note with at least one signature. Nothing is verified.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Long { bytes: bytes.len() });
        }
        let note =
            std::str::from_utf8(bytes).map_err(|error| NoteError::Encoding { after: error.valid_up_to() })?;
        check(note)?;
        let (text, lines) = note
            .rfind("\n\n")
            .and_then(|end| Some((note.get(..=end)?, note.get(end + 2..)?)))
            .ok_or(NoteError::Parts)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Unfinished)?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == SIGNATURES_MAX {
                return Err(NoteError::Crowded);
            }
            signatures.push(Signature::parse(line)?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Returns the note as it is stored and sent: the very bytes that it was read from.
    ///
    /// Only a note with a signature can be read again.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.text.len() + 1 + 160 * self.signatures.len());
        bytes.extend_from_slice(self.text.as_bytes());
        bytes.push(b'\n');
        for signature in &self.signatures {
            bytes.extend_from_slice(signature.line().as_bytes());
        }
        bytes
    }

    /// Returns the text, with the newline at its end. It is to be ignored until a key verified it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the lines under the text, of whatever type.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a line under the text, in the place of one by the same key where there is one.
    ///
    /// # Errors
    ///
    /// Returns [`NoteError::Crowded`] or [`NoteError::Long`] when the note could not be read again with it;
    /// the note is as it was then.
    pub fn add(&mut self, signature: Signature) -> Result<(), NoteError> {
        let place = self.signatures.iter().position(|known| known.is_of(&signature.name, signature.id));
        if place.is_none() && self.signatures.len() >= SIGNATURES_MAX {
            return Err(NoteError::Crowded);
        }
        let bytes = self.to_bytes().len() + signature.line().len();
        if bytes > NOTE_BYTES_MAX {
            return Err(NoteError::Long { bytes });
        }
        match place.and_then(|place| self.signatures.get_mut(place)) {
            Some(known) => *known = signature,
            None => self.signatures.push(signature),
        }
        Ok(())
    }

    /// Signs the text and adds the line. A cosignature (0x04) says `time`, in seconds since 1970; a
    /// signature of type 0x01 says none.
    ///
    /// # Errors
    ///
    /// Returns why it was not signed; the note is as it was then.
    pub fn sign(&mut self, signer: &dyn Signer, time: Option<u64>) -> Result<(), SignerError> {
        let signature = sign(&self.text, signer, time)?;
        Ok(self.add(signature)?)
    }

    /// Checks the line by `key`, strictly; none when the note has no such line.
    ///
    /// # Errors
    ///
    /// Returns [`NoteError::Forged`] when a line says it is by `key` but is not, and [`NoteError::Twice`]
    /// when two say it: then nothing in the note is to be believed on the word of this key.
    pub fn verify(&self, key: &VerifierKey) -> Result<Option<Verified>, NoteError> {
        let id = key.id();
        let mut lines = self.signatures.iter().filter(|line| line.is_of(key.name(), id));
        let Some(line) = lines.next() else { return Ok(None) };
        if lines.next().is_some() {
            return Err(NoteError::Twice { name: key.name().clone() });
        }
        let time = match key.kind() {
            SignatureType::Ed25519 => verified(key, self.text.as_bytes(), &line.bytes).map(|()| None),
            SignatureType::CosignatureV1 => line.bytes.split_first_chunk().and_then(|(time, signature)| {
                let time = u64::from_be_bytes(*time);
                let message = cosigned(&self.text, time)?;
                verified(key, message.as_bytes(), signature).map(|()| Some(time))
            }),
        };
        time.map(|time| Some(Verified { time })).ok_or_else(|| NoteError::Forged { name: key.name().clone() })
    }
}

fn verified(key: &VerifierKey, message: &[u8], signature: &[u8]) -> Option<()> {
    is_signed(key.public(), message, signature.try_into().ok()?).then_some(())
}

fn sign(text: &str, signer: &dyn Signer, time: Option<u64>) -> Result<Signature, SignerError> {
    let key = signer.key();
    let bytes = match key.kind() {
        SignatureType::Ed25519 => signer.sign(text.as_bytes())?.to_vec(),
        SignatureType::CosignatureV1 => {
            let (time, message) = time
                .and_then(|time| Some((time, cosigned(text, time)?)))
                .ok_or_else(|| SignerError::Time { name: key.name().clone() })?;
            let mut bytes = time.to_be_bytes().to_vec();
            bytes.extend_from_slice(&signer.sign(message.as_bytes())?);
            bytes
        }
    };
    Ok(Signature { name: key.name().clone(), id: key.id(), bytes })
}

/// Returns what a cosignature signs (C2SP tlog-cosignature); none for a time that it cannot name.
fn cosigned(text: &str, time: u64) -> Option<String> {
    (time <= TIME_MAX).then(|| format!("cosignature/v1\ntime {time}\n{text}"))
}

fn check(text: &str) -> Result<(), NoteError> {
    if text.len() > NOTE_BYTES_MAX {
        return Err(NoteError::Long { bytes: text.len() });
    }
    let is_wrong = |line: &str| line.bytes().any(|byte| byte < b' ');
    text.split('\n').position(is_wrong).map_or(Ok(()), |before| Err(NoteError::Control { line: before + 1 }))
}

#[cfg(test)]
mod tests;
