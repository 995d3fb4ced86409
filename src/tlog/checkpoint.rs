//! What a log says about itself (C2SP tlog-checkpoint): who it is, how large, and the root of its tree.

use std::fmt;
use std::str::FromStr;

use crate::tlog::Hash;
use crate::tlog::key::KeyName;
use crate::tlog::text::{base64, decimal, hash, line, quoted};

/// The head of a log at one size; its text is the text of a signed note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: KeyName,
    /// How many leaves its tree has.
    pub size: u64,
    /// The root of the tree.
    pub root: Hash,
    /// What else the log says; ours say nothing more.
    pub extensions: Vec<Extension>,
}

/// A line of a checkpoint after the root: not empty, no control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    // Invariant: not empty; no control character below U+0020.
    line: String,
}

/// A text is no checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text ends before it said everything.
    #[error("the checkpoint ends early; it has a line each for the origin, the size and the root")]
    Short,
    /// The first line names no log.
    #[error("the first line of the checkpoint is no origin of a log")]
    Origin(#[from] crate::tlog::key::KeyNameError),
    /// The second line is no size.
    #[error("`{}` is no size of a tree; it is written in decimal, without leading zeroes", quoted(.0))]
    Size(String),
    /// The third line is no root.
    #[error("`{}` is no root of a tree; it is the base64 of 32 bytes", quoted(.0))]
    Root(String),
    /// A line after the root is empty or holds a control character.
    #[error("`{}` is no extension line of a checkpoint; none is empty or holds a control character", quoted(.0))]
    Extension(String),
}

impl Checkpoint {
    /// Reads the text of a note as a checkpoint.
    ///
    /// # Errors
    ///
    /// Returns which line is wrong.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let (origin, rest) = line(text).ok_or(CheckpointError::Short)?;
        let (size, rest) = line(rest).ok_or(CheckpointError::Short)?;
        let (root, mut rest) = line(rest).ok_or(CheckpointError::Short)?;
        let origin = origin.parse()?;
        let size = decimal(size).ok_or_else(|| CheckpointError::Size(size.to_owned()))?;
        let root = hash(root).ok_or_else(|| CheckpointError::Root(root.to_owned()))?;
        let mut extensions = Vec::new();
        while !rest.is_empty() {
            let (extension, after) = line(rest).ok_or(CheckpointError::Short)?;
            extensions.push(extension.parse()?);
            rest = after;
        }
        Ok(Self { origin, size, root, extensions })
    }

    /// Returns the text of the note, with the newline at its end: the very text that it was read from.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, base64(&self.root));
        for extension in &self.extensions {
            text.push_str(&extension.line);
            text.push('\n');
        }
        text
    }
}

impl FromStr for Extension {
    type Err = CheckpointError;

    fn from_str(line: &str) -> Result<Self, CheckpointError> {
        if line.is_empty() || line.bytes().any(|byte| byte < b' ') {
            return Err(CheckpointError::Extension(line.to_owned()));
        }
        Ok(Self { line: line.to_owned() })
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of C2SP's tlog-checkpoint.
    const EXAMPLE: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_example_of_the_standard_is_read_and_written_back() {
        let checkpoint = Checkpoint::parse(EXAMPLE).unwrap();
        assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!((checkpoint.size, checkpoint.root[0]), (20_852_163, 0x0a));
        assert_eq!(checkpoint.text(), EXAMPLE);
        let extended = format!("{EXAMPLE}more\nand — more\n");
        let checkpoint = Checkpoint::parse(&extended).unwrap();
        assert_eq!(checkpoint.extensions.len(), 2);
        assert_eq!(checkpoint.text(), extended);
    }

    #[test]
    fn a_text_that_is_not_written_as_checkpoints_are_is_refused() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        let size = |size: &str| (format!("log\n{size}\n{root}\n"), CheckpointError::Size(size.to_owned()));
        let of = |root: &str| (format!("log\n1\n{root}\n"), CheckpointError::Root(root.to_owned()));
        let origin = |origin: &str| {
            let error = crate::tlog::key::KeyNameError(origin.to_owned());
            (format!("{origin}\n1\n{root}\n"), CheckpointError::Origin(error))
        };
        let extension =
            |line: &str| (format!("log\n1\n{root}\n{line}\n"), CheckpointError::Extension(line.to_owned()));
        let refused = [
            (String::new(), CheckpointError::Short),
            ("log\n1\n".to_owned(), CheckpointError::Short),
            (format!("log\n1\n{root}"), CheckpointError::Short),
            (format!("log\n1\n{root}\nmore"), CheckpointError::Short),
            size("01"),
            size("-1"),
            size("+1"),
            size(""),
            size("1 "),
            size("18446744073709551616"),
            of(""),
            of("AAAA"),
            of(&root.replace('=', "")),
            of(&root.replace("I=", "J=")),
            of(&format!("{root}=")),
            origin(""),
            origin("go.sum database tree"),
            origin("a+b"),
            origin("log\r"),
            extension(""),
            extension("tab\t"),
        ];
        for (text, error) in refused {
            assert_eq!(Checkpoint::parse(&text), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_back(
            text in prop_oneof![
                any::<String>(),
                "[a-z +\n]{1,5}\n[0-9]{1,3}\n[A-Za-z0-9+/]{42}[AEIM]=\n([a-z\t]{0,3}\n){0,2}",
            ],
        ) {
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                prop_assert_eq!(checkpoint.text(), text);
            }
        }

        #[test]
        fn whatever_is_written_is_read_back(
            origin in "[a-z./\u{e9}]{1,20}",
            size in any::<u64>(),
            root in any::<Hash>(),
            lines in proptest::collection::vec("[ -~]{1,9}", 0..3),
        ) {
            let extensions = lines.iter().map(|line| line.parse().unwrap()).collect();
            let checkpoint = Checkpoint { origin: origin.parse().unwrap(), size, root, extensions };
            prop_assert_eq!(Checkpoint::parse(&checkpoint.text()), Ok(checkpoint));
        }
    }
}
