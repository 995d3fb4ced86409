//! Reads a policy file, line by line.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use crate::tlog::key::{SignatureType, VerifierKey, VerifierKeyError};
use crate::tlog::policy::{Group, Log, Member, Policy, Quorum, Witness};
use crate::tlog::text::{decimal, quoted};

/// The largest policy that is read, in bytes.
const POLICY_BYTES_MAX: usize = 1_000_000;

/// A line of a policy is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy is wrong")]
pub struct PolicyError {
    /// Which line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub fault: PolicyFault,
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// The file is too long to be one.
    #[error("the policy has more than {POLICY_BYTES_MAX} bytes")]
    Long,
    /// It holds a control character.
    #[error("only tabs and newlines may stand in a policy of all control characters")]
    Control,
    /// It begins with another word.
    #[error("`{}` begins no line; lines begin with log, witness, group, quorum or #", quoted(.0))]
    Word(String),
    /// It has too few or too many items.
    #[error("the line is written `{0}`")]
    Items(&'static str),
    /// Its key cannot be read.
    #[error("the key cannot be read")]
    Key(#[from] VerifierKeyError),
    /// A witness has a key that makes no cosignatures.
    #[error("the key is one of type 0x01; a witness has one of type 0x04, that says when it cosigned")]
    NotACosigner,
    /// A key stands for two logs or for two witnesses.
    #[error("the key was already listed; one witness or log would count twice")]
    Duplicate,
    /// The name is taken.
    #[error("the name `{}` is taken", quoted(.0))]
    Taken(String),
    /// Nothing before this line has the name.
    #[error("nothing before this line is named `{}`", quoted(.0))]
    Unknown(String),
    /// A name is a member twice.
    #[error("`{}` is a member of a group already; it would count twice", quoted(.0))]
    Member(String),
    /// The threshold cannot be met or is always met.
    #[error("`{}` is no threshold; it is all, any, or a number from 1 to the number of members", quoted(.0))]
    Threshold(String),
    /// There are two quorums.
    #[error("a policy has one quorum line")]
    Quorums,
    /// There is no quorum.
    #[error("the policy ends without a quorum line; `quorum none` asks for no witness")]
    NoQuorum,
}

#[derive(Default)]
struct Reader {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Quorum>,
    names: HashMap<Vec<u8>, Member>,
    members: HashSet<Vec<u8>>,
}

pub(super) fn parse(bytes: &[u8]) -> Result<Policy, PolicyError> {
    if bytes.len() > POLICY_BYTES_MAX {
        return Err(PolicyError { line: 1, fault: PolicyFault::Long });
    }
    let mut reader = Reader::default();
    let mut lines = 0;
    for (before, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        reader.line(line).map_err(|fault| PolicyError { line: before + 1, fault })?;
        lines = before + 1;
    }
    let quorum = reader.quorum.ok_or(PolicyError { line: lines, fault: PolicyFault::NoQuorum })?;
    Ok(Policy { logs: reader.logs, witnesses: reader.witnesses, groups: reader.groups, quorum })
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), PolicyFault> {
        if line.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
            return Err(PolicyFault::Control);
        }
        let items: Vec<&[u8]> =
            line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|item| !item.is_empty()).collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", items @ ..] => self.log(items),
            [b"witness", items @ ..] => self.witness(items),
            [b"group", items @ ..] => self.group(items),
            [b"quorum", items @ ..] => self.quorum(items),
            [word, ..] => Err(PolicyFault::Word(shown(word))),
        }
    }

    fn log(&mut self, items: &[&[u8]]) -> Result<(), PolicyFault> {
        let (key, url) = match items {
            [vkey] => (key(vkey)?, None),
            [vkey, url] => (key(vkey)?, Some(address(url))),
            _ => return Err(PolicyFault::Items("log <vkey> [<url>]")),
        };
        if self.logs.iter().any(|log| log.key.public() == key.public()) {
            return Err(PolicyFault::Duplicate);
        }
        self.logs.push(Log { key, url });
        Ok(())
    }

    fn witness(&mut self, items: &[&[u8]]) -> Result<(), PolicyFault> {
        let (name, key, url) = match items {
            [name, vkey] => (*name, key(vkey)?, None),
            [name, vkey, url] => (*name, key(vkey)?, Some(address(url))),
            _ => return Err(PolicyFault::Items("witness <name> <vkey> [<url>]")),
        };
        if key.kind() != SignatureType::CosignatureV1 {
            return Err(PolicyFault::NotACosigner);
        }
        if self.witnesses.iter().any(|witness| witness.key.public() == key.public()) {
            return Err(PolicyFault::Duplicate);
        }
        self.define(name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(Witness { name: name.to_vec(), key, url });
        Ok(())
    }

    fn group(&mut self, items: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name, threshold, names @ ..] = items else {
            return Err(PolicyFault::Items("group <name> <all, any or a number> <name>…"));
        };
        if names.is_empty() {
            return Err(PolicyFault::Items("group <name> <all, any or a number> <name>…"));
        }
        let threshold = match *threshold {
            b"all" => names.len(),
            b"any" => 1,
            number => std::str::from_utf8(number)
                .ok()
                .and_then(decimal)
                .and_then(|number| usize::try_from(number).ok())
                .filter(|number| (1..=names.len()).contains(number))
                .ok_or_else(|| PolicyFault::Threshold(shown(number)))?,
        };
        let mut members = Vec::with_capacity(names.len());
        for name in names {
            members.push(self.find(name)?);
            if !self.members.insert(name.to_vec()) {
                return Err(PolicyFault::Member(shown(name)));
            }
        }
        self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { name: name.to_vec(), threshold, members });
        Ok(())
    }

    fn quorum(&mut self, items: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name] = items else {
            return Err(PolicyFault::Items("quorum <name of a witness or group, or none>"));
        };
        if self.quorum.is_some() {
            return Err(PolicyFault::Quorums);
        }
        self.quorum = Some(match *name {
            b"none" => Quorum::None,
            name => Quorum::Of(self.find(name)?),
        });
        Ok(())
    }

    fn define(&mut self, name: &[u8], member: Member) -> Result<(), PolicyFault> {
        if name == b"none" || self.names.contains_key(name) {
            return Err(PolicyFault::Taken(shown(name)));
        }
        self.names.insert(name.to_vec(), member);
        Ok(())
    }

    fn find(&self, name: &[u8]) -> Result<Member, PolicyFault> {
        self.names.get(name).copied().ok_or_else(|| PolicyFault::Unknown(shown(name)))
    }
}

fn key(vkey: &[u8]) -> Result<VerifierKey, VerifierKeyError> {
    // What is no UTF-8 is no key either, and is told so with what can be shown of it.
    String::from_utf8_lossy(vkey).parse()
}

/// Returns an address as text: bytes that are no UTF-8 are written as addresses write them, `%E9`.
fn address(url: &[u8]) -> String {
    url.utf8_chunks().fold(String::new(), |mut text, chunk| {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a text does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
