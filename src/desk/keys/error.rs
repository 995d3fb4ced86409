//! Why a key file was not made or cannot be used.

use std::io;
use std::path::PathBuf;

use crate::desk::error::DeskError;
use crate::desk::keys::Role;
use crate::tlog::key::KeyName;

/// Why a key file was not made or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is none.
    #[error("there is no key file {}", .0.display())]
    Absent(PathBuf),
    /// There is one already, and keys are never overwritten unasked.
    #[error("there is a key file {} already", .0.display())]
    Exists(PathBuf),
    /// Others than its owner can read it.
    #[error("the key file {} can be read by others than its owner (mode {mode:04o}), so it is not used", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is not as it was written.
    #[error("the key file {} is no key file, or garbled: {what}", path.display())]
    Garbled {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// It is of a later format.
    #[error("the key file {} has format {version}, and this program reads format 1", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: u32,
    },
    /// It holds keys for something else.
    #[error("the key file {} holds the keys of the {role} {name}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What its keys are for.
        role: Role,
        /// Whose they are.
        name: KeyName,
    },
    /// It is sealed.
    #[error("the key file {} is sealed under a passphrase, and none was given", .0.display())]
    NoPassphrase(PathBuf),
    /// The passphrase is another.
    #[error("the passphrase does not open the key file {}", .0.display())]
    WrongPassphrase(PathBuf),
    /// The passphrase cannot be had.
    #[error("the passphrase cannot be read from {}: {what}", path.display())]
    Passphrase {
        /// From where.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Keys would lie beside what they sign.
    #[error("the keys would lie in {}, within the data directory {}", keys.display(), data.display())]
    WithinData {
        /// The key directory.
        keys: PathBuf,
        /// The data directory.
        data: PathBuf,
    },
    /// No directory for keys is known.
    #[error("no place for keys is known: there is no home directory")]
    NoPlace,
    /// The disk refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was to be done.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl KeyFileError {
    /// Tells whether it only says that the keys are not at hand, rather than that something is wrong.
    pub fn is_absence(&self) -> bool {
        match self {
            Self::Absent(_) | Self::NoPassphrase(_) | Self::NoPlace => true,
            Self::Io { source, .. } => source.kind() == io::ErrorKind::PermissionDenied,
            Self::Exists(_)
            | Self::Exposed { .. }
            | Self::Garbled { .. }
            | Self::Newer { .. }
            | Self::Other { .. }
            | Self::WrongPassphrase(_)
            | Self::Passphrase { .. }
            | Self::WithinData { .. } => false,
        }
    }

    /// Returns what would be right.
    pub fn hint(&self) -> String {
        match self {
            Self::Absent(_) => "name the directory of the keys with `--keys` or DEMARCHE_KEYS".to_owned(),
            Self::Exists(path) => {
                format!("keep it, or move {} away if no log needs it any more", path.display())
            }
            Self::Exposed { path, .. } => {
                format!("`chmod 600 {}`; if others may have read it, `key rotate`", path.display())
            }
            Self::Garbled { .. } => "put the backup of the key file in its place".to_owned(),
            Self::Newer { .. } => "use a newer program".to_owned(),
            Self::Other { .. } => "name the key file of this log".to_owned(),
            Self::NoPassphrase(_) | Self::WrongPassphrase(_) | Self::Passphrase { .. } => {
                "give it with `--passphrase-file FILE` or `--passphrase-fd N`".to_owned()
            }
            Self::WithinData { .. } => "name a directory outside it with `--keys`".to_owned(),
            Self::NoPlace => "name a directory with `--keys` or DEMARCHE_KEYS".to_owned(),
            Self::Io { .. } => String::new(),
        }
    }
}

impl From<KeyFileError> for DeskError {
    fn from(error: KeyFileError) -> Self {
        let hints = vec![error.hint()].into_iter().filter(|hint| !hint.is_empty()).collect();
        match error {
            KeyFileError::Io { .. } => Self::Unavailable(error.to_string()),
            KeyFileError::Absent(_)
            | KeyFileError::Exists(_)
            | KeyFileError::Exposed { .. }
            | KeyFileError::Garbled { .. }
            | KeyFileError::Newer { .. }
            | KeyFileError::Other { .. }
            | KeyFileError::NoPassphrase(_)
            | KeyFileError::WrongPassphrase(_)
            | KeyFileError::Passphrase { .. }
            | KeyFileError::WithinData { .. }
            | KeyFileError::NoPlace => Self::Refused { rule: error.to_string(), hints },
        }
    }
}
