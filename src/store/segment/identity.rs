//! What the log is: its name and whether it is written here, in the file `log/identity`.

use std::io;
use std::path::Path;

use crate::store::segment::{files, frame};

/// The version of the format that is written and read here.
const VERSION: u32 = 1;
/// Where it stands within the data directory.
pub(super) const FILE: &str = "log/identity";

/// Whether the log is written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// This directory holds the log itself.
    Original,
    /// Another directory holds the log that is written.
    Copy,
}

/// What the log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) log: String,
    pub(super) role: Role,
}

/// What the file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stated {
    Known(Identity),
    /// There is no such file.
    Absent,
    /// It is of a later format.
    Newer(u32),
    /// It is not as it was written.
    Garbled,
}

impl Identity {
    /// Makes it durable.
    pub(super) fn save(&self, dir: &Path) -> io::Result<()> {
        files::replace(&dir.join(FILE), self.text().as_bytes())
    }

    fn text(&self) -> String {
        let written = match self.role {
            Role::Original => "here",
            Role::Copy => "elsewhere",
        };
        let lines = format!("demarche log {VERSION}\nname {}\nwritten {written}\n", self.log);
        let checksum = crc32c::crc32c(lines.as_bytes());
        format!("{lines}crc32c {checksum:08x}\n")
    }

    /// Reads what the file says.
    pub(super) fn load(dir: &Path) -> io::Result<Stated> {
        Ok(files::read(&dir.join(FILE))?.map_or(Stated::Absent, |bytes| Self::parse(&bytes)))
    }

    fn parse(bytes: &[u8]) -> Stated {
        let lines = || {
            let text = std::str::from_utf8(bytes).ok()?;
            let (lines, checksum) = text.strip_suffix('\n')?.rsplit_once("crc32c ")?;
            (format!("{:08x}", crc32c::crc32c(lines.as_bytes())) == checksum).then_some(lines)
        };
        let Some(lines) = lines() else { return Stated::Garbled };
        let mut fields = lines.lines();
        let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix(' ');
        match field("demarche log").and_then(|version| version.parse().ok()) {
            Some(VERSION) => {}
            Some(version) => return Stated::Newer(version),
            None => return Stated::Garbled,
        }
        match (field("name"), field("written")) {
            (Some(log), Some("here")) => Stated::Known(Self { log: log.to_owned(), role: Role::Original }),
            (Some(log), Some("elsewhere")) => Stated::Known(Self { log: log.to_owned(), role: Role::Copy }),
            (_, _) => Stated::Garbled,
        }
    }

    /// Learns the name from the records of a segment: the first that validates under the name that its
    /// own leaf gives.
    pub(super) fn from_records(bytes: &[u8]) -> Option<String> {
        let mut from = 0;
        while let Some(place) = frame::next_magic(bytes, from) {
            let record = bytes.get(place..)?;
            let leaf = record.get(frame::HEADER..)?;
            let name = leaf
                .strip_prefix(br#"{"v":1,"log":""#)
                .and_then(|rest| rest.split(|byte| *byte == b'"').next())
                .and_then(|name| std::str::from_utf8(name).ok());
            if let Some(name) = name
                && frame::read(name, record).is_ok()
            {
                return Some(name.to_owned());
            }
            from = place + 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_bit_of_the_identity_goes_unseen() {
        let identity = Identity { log: "seoul-00c0ffee".to_owned(), role: Role::Copy };
        let bytes = identity.text().into_bytes();
        insta::assert_snapshot!(identity.text(), @r"
        demarche log 1
        name seoul-00c0ffee
        written elsewhere
        crc32c 225146b8
        ");
        assert_eq!(Identity::parse(&bytes), Stated::Known(identity));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Identity::parse(&flipped), Stated::Garbled, "bit {bit}");
        }
    }

    #[test]
    fn a_later_format_is_told_from_damage() {
        let lines = "demarche log 2\nsomething else\n";
        let text = format!("{lines}crc32c {:08x}\n", crc32c::crc32c(lines.as_bytes()));
        assert_eq!(Identity::parse(text.as_bytes()), Stated::Newer(2));
    }
}
