//! The file in which a token or a session is kept, and passwords as they are typed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::cli::command::Command;
use crate::cli::config;
use crate::cli::failure::Failure;
use crate::cli::session::Session;

/// A password, or a credential, has at most so many bytes.
const BYTES_MAX: u64 = 4_096;

/// Takes the credential of the file that was named, or in which the session with the server is kept, for everything
/// that is asked from now on; a login makes its own.
pub(super) fn take(session: &mut Session, command: &Command) -> Result<(), Failure> {
    if matches!(command, Command::Login(_)) {
        return Ok(());
    }
    let path = match (&session.globals.credential, of_server(session)) {
        (Some(path), _) => path.clone(),
        // Who has no session with a server may have come to ask what everybody may.
        (None, Some(path)) if path.exists() => path,
        (None, _) => return Ok(()),
    };
    session.globals.bearer = Some(read(&path)?);
    Ok(())
}

/// Returns the file in which a session is kept: the one that was named, else the one for the server.
pub(super) fn path(session: &Session) -> Result<PathBuf, Failure> {
    let path = session.globals.credential.clone().or_else(|| of_server(session));
    path.ok_or_else(|| Failure::Usage {
        what: "in which file the session is kept is missing".to_owned(),
        hint: "name one with `--credential FILE`, or set DEMARCHE_CREDENTIAL".to_owned(),
    })
}

/// Returns the file for the session with the server: one for each, in the directory of the user's own settings.
fn of_server(session: &Session) -> Option<PathBuf> {
    let server = session.globals.server.as_ref()?;
    let own = || Some(config::settings()?.join("sessions"));
    let dir = config::named_directory("DEMARCHE_SESSIONS").or_else(own)?;
    Some(dir.join(server.file_name()))
}

fn read(path: &Path) -> Result<String, Failure> {
    let failed = |error| Failure::File { path: path.to_owned(), doing: "read", error };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    // A descriptor that a shell hands over is nobody else's, whatever its mode says.
    let is_file = file.metadata().map_err(failed)?.is_file();
    if is_file && mode & 0o077 != 0 {
        return Err(Failure::Refused {
            what: format!("{} can be read by others than its owner (mode {mode:04o})", path.display()),
            hint: format!("`chmod 600 {}`, and revoke what others may have read", path.display()),
        });
    }
    let mut text = String::new();
    file.take(BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    let credential = text.lines().next().unwrap_or_default().trim().to_owned();
    if credential.is_empty() {
        return Err(Failure::Refused {
            what: format!("{} holds no credential", path.display()),
            hint: "`demarche login` keeps a session in it; a token is its first line".to_owned(),
        });
    }
    Ok(credential)
}

/// Keeps a credential in a file that only its owner can read.
pub(super) fn keep(path: &Path, credential: &str) -> Result<(), Failure> {
    let next = path.with_extension("new");
    let write = || {
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        match fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
        file.write_all(format!("{credential}\n").as_bytes())?;
        file.sync_all()?;
        fs::rename(&next, path)
    };
    write().map_err(|error| Failure::File { path: path.to_owned(), doing: "written", error })
}

/// Removes the file of a session that ended.
pub(super) fn forget(path: &Path) -> Result<(), Failure> {
    fs::remove_file(path).map_err(|error| Failure::File { path: path.to_owned(), doing: "removed", error })
}

/// Reads a password: the first line of a file, or a line that is typed and not shown.
pub(super) fn password(session: &mut Session, file: Option<&Path>, asks: &str) -> Result<String, Failure> {
    let line = match file {
        Some(file) if file != Path::new("-") => {
            let failed = |error| Failure::File { path: file.to_owned(), doing: "read", error };
            let mut text = String::new();
            File::open(file)
                .and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text))
                .map_err(failed)?;
            text.lines().next().unwrap_or_default().to_owned()
        }
        Some(_) | None => typed(session, asks)?,
    };
    if line.is_empty() { Err(none_given()) } else { Ok(line) }
}

/// Says that a password is missing.
pub(super) fn none_given() -> Failure {
    Failure::Usage {
        what: "no password was given".to_owned(),
        hint: "type it, or name a file whose first line it is".to_owned(),
    }
}

/// Reads a password that somebody chooses: the first line of a file, the next line of standard input, or what is typed
/// twice the same; none where nothing is given.
pub(super) fn chosen(session: &mut Session, file: Option<&Path>) -> Result<Option<String>, Failure> {
    if file.is_some_and(|file| file != Path::new("-")) {
        return password(session, file, "new password").map(Some);
    }
    loop {
        let line = typed(session, "new password")?;
        if line.is_empty() {
            return Ok(None);
        }
        if !session.screen.asks || typed(session, "the new password once more")? == line {
            return Ok(Some(line));
        }
        session.note("the two are not the same; once again, or nothing to leave it");
    }
}

/// Reads a line from standard input, which a terminal does not show.
fn typed(session: &mut Session, asks: &str) -> Result<String, Failure> {
    let failed = |error| Failure::File { path: PathBuf::from("-"), doing: "read", error };
    let hidden = session.screen.asks.then(Hidden::begin).flatten();
    if hidden.is_some() {
        let _ = write!(session.err, "{asks}: ");
        let _ = session.err.flush();
    }
    let mut line = Vec::new();
    let mut byte = [0];
    while (line.len() as u64) < BYTES_MAX && session.input.read(&mut byte).map_err(failed)? == 1 {
        match byte {
            [b'\n'] => break,
            [byte] => line.push(byte),
        }
    }
    if hidden.is_some() {
        let _ = writeln!(session.err);
    }
    drop(hidden);
    let line = String::from_utf8(line)
        .map_err(|_| failed(io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8")))?;
    Ok(line.strip_suffix('\r').unwrap_or(&line).to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden).ok()?;
        Some(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Nothing is left to be done where the terminal is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kim.session");
        assert!(matches!(read(&path), Err(Failure::File { .. })));
        keep(&path, "des_0").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(read(&path).unwrap(), "des_0");
        keep(&path, "des_1").unwrap();
        assert_eq!(read(&path).unwrap(), "des_1");
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fs::set_permissions(&path, open).unwrap();
        assert!(matches!(read(&path), Err(Failure::Refused { .. })));
        forget(&path).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
