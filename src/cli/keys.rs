//! Where the keys are, as the command line and the environment say.

use std::env;
use std::path::PathBuf;

use clap::Args;

use crate::cli::config::settings;
use crate::desk::keys::place::{Handed, KeyPlace};

/// A key file that a supervisor hands over, within its directory of credentials.
const KEY_CREDENTIAL: &str = "demarche-key";
/// A passphrase that a supervisor hands over, within its directory of credentials.
const PASSPHRASE_CREDENTIAL: &str = "demarche-passphrase";
/// A master key that a supervisor hands over, within its directory of credentials.
const MASTER_CREDENTIAL: &str = "demarche-master-key";

/// Where the keys of the log are, and what opens them.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct KeyOptions {
    /// The directory of the keys that sign the log [default: demarche/keys among your settings]
    #[arg(long, global = true, env = "DEMARCHE_KEYS", value_name = "DIR", hide_env_values = true)]
    keys: Option<PathBuf>,
    /// The descriptor from which a key file is read instead
    #[arg(long, global = true, value_name = "N")]
    key_fd: Option<u32>,
    /// The file whose first line opens the key file
    #[arg(
        long,
        global = true,
        env = "DEMARCHE_PASSPHRASE_FILE",
        value_name = "FILE",
        hide_env_values = true
    )]
    passphrase_file: Option<PathBuf>,
    /// The descriptor from which that passphrase is read instead
    #[arg(long, global = true, value_name = "N")]
    passphrase_fd: Option<u32>,
    /// The file that holds the master key, where the log is under one
    #[arg(
        long,
        global = true,
        env = "DEMARCHE_MASTER_KEY_FILE",
        value_name = "FILE",
        hide_env_values = true
    )]
    master_key_file: Option<PathBuf>,
    /// The descriptor from which the master key is read instead
    #[arg(long, global = true, value_name = "N")]
    master_key_fd: Option<u32>,
}

impl KeyOptions {
    /// Returns where keys are looked for: as flags say, else the environment, else credentials, else the
    /// settings of the account.
    pub(super) fn place(&self) -> KeyPlace {
        let credential = |name: &str| {
            let path = PathBuf::from(env::var_os("CREDENTIALS_DIRECTORY")?).join(name);
            path.is_file().then(|| Handed::file(path))
        };
        let key = self.key_fd.map(Handed::descriptor).or_else(|| credential(KEY_CREDENTIAL));
        let descriptor = self.passphrase_fd.map(Handed::descriptor);
        let file = || self.passphrase_file.clone().filter(|file| !file.as_os_str().is_empty());
        let passphrase =
            descriptor.or_else(|| file().map(Handed::file)).or_else(|| credential(PASSPHRASE_CREDENTIAL));
        let descriptor = self.master_key_fd.map(Handed::descriptor);
        let file = || self.master_key_file.clone().filter(|file| !file.as_os_str().is_empty());
        let master =
            descriptor.or_else(|| file().map(Handed::guarded)).or_else(|| credential(MASTER_CREDENTIAL));
        let named = self.keys.clone().filter(|keys| !keys.as_os_str().is_empty());
        KeyPlace {
            directory: named.or_else(|| Some(settings()?.join("keys"))),
            handed: key,
            passphrase,
            master,
        }
    }
}
