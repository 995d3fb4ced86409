//! The Unix socket of a data directory: found, bound so that only its owner can ask, and removed.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The name of the socket in the data directory.
const NAME: &str = "socket";
/// Where it is made, unseen by others, before it gets its name.
const NURSERY: &str = "socket.new";

/// A path that fits in the address of a socket.
struct Address {
    path: PathBuf,
    /// Kept open while `path` leads through it.
    _dir: Option<File>,
}

/// Returns the address of a socket in `dir`.
///
/// An address has room for 107 bytes; a longer path is reached through the open directory.
fn address(dir: &Path) -> io::Result<Address> {
    let path = dir.join(NAME);
    if SocketAddr::from_pathname(&path).is_ok() {
        return Ok(Address { path, _dir: None });
    }
    let opened = File::open(dir)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd()));
    if !path.exists() {
        let what = format!("the path {} is too long for a socket; move the data directory", dir.display());
        return Err(io::Error::new(ErrorKind::InvalidFilename, what));
    }
    Ok(Address { path: path.join(NAME), _dir: Some(opened) })
}

/// Connects to the server of a data directory; none where no server answers.
///
/// # Errors
///
/// Returns an error where a socket is there, and whether a server answers cannot be told.
pub(super) fn connect(dir: &Path) -> io::Result<Option<UnixStream>> {
    match address(dir).and_then(|address| UnixStream::connect(&address.path)) {
        Ok(stream) => Ok(Some(stream)),
        // Refused: the socket of a server that was killed. A directory that is none is for the desk to say.
        Err(error) if NO_SERVER.contains(&error.kind()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How the system says that no server answers.
const NO_SERVER: [ErrorKind; 3] =
    [ErrorKind::NotFound, ErrorKind::NotADirectory, ErrorKind::ConnectionRefused];

/// A socket in a data directory that listens.
pub(super) struct Bound {
    pub(super) path: PathBuf,
}

/// Makes the socket of a data directory, in place of one that a killed server left.
///
/// The caller holds the writer's lock of the directory: so no other server is between two of these steps.
///
/// # Errors
///
/// Returns an error where a server answers there already, where something else has that name, or where
/// the directory takes no socket; then nothing was changed.
pub(super) fn bind(dir: &Path) -> io::Result<(UnixListener, Bound)> {
    let path = dir.join(NAME);
    if connect(dir)?.is_some() {
        return Err(io::Error::new(ErrorKind::AddrInUse, "another server answers there"));
    }
    match fs::symlink_metadata(&path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(&path)?,
        Ok(_) => {
            let what = "something that is no socket has the name; move it away";
            return Err(io::Error::new(ErrorKind::AlreadyExists, what));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // In a directory that only the owner can enter, so that nobody else connects before the mode is set.
    let nursery = dir.join(NURSERY);
    if let Err(error) = fs::remove_dir_all(&nursery)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error);
    }
    DirBuilder::new().mode(0o700).create(&nursery)?;
    let born = nursery.join(NAME);
    let listener = UnixListener::bind(&address(&nursery)?.path)?;
    fs::set_permissions(&born, Permissions::from_mode(0o600))?;
    fs::rename(&born, &path)?;
    fs::remove_dir(&nursery)?;
    Ok((listener, Bound { path }))
}

impl Bound {
    /// Removes the socket, so that programs that look for a server find none.
    ///
    /// The caller still holds the writer's lock, so no other server has put its own there.
    pub(super) fn remove(&self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "the socket cannot be removed; the next server removes it");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_socket_is_for_its_owner_alone_and_gone_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        assert!(connect(dir.path()).unwrap().is_none());
        let (_listener, bound) = bind(dir.path()).unwrap();
        assert_eq!(fs::metadata(&bound.path).unwrap().mode() & 0o777, 0o600);
        assert!(connect(dir.path()).unwrap().is_some());
        bound.remove();
        assert!(connect(dir.path()).unwrap().is_none());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_socket_of_a_killed_server_is_replaced_and_of_a_living_one_not() {
        let dir = tempfile::tempdir().unwrap();
        let (listener, _killed) = bind(dir.path()).unwrap();
        assert_eq!(bind(dir.path()).map(|_| ()).unwrap_err().kind(), ErrorKind::AddrInUse);
        drop(listener);
        assert!(connect(dir.path()).unwrap().is_none());
        let (_listener, _bound) = bind(dir.path()).unwrap();
        assert!(connect(dir.path()).unwrap().is_some());
    }

    #[test]
    fn a_file_of_that_name_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(NAME), "a note").unwrap();
        assert!(connect(dir.path()).unwrap().is_none());
        assert_eq!(bind(dir.path()).map(|_| ()).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(dir.path().join(NAME)).unwrap(), "a note");
    }

    #[test]
    fn a_path_that_no_address_holds_is_reached_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("외교".repeat(30)).join("x".repeat(100));
        assert!(connect(&deep).unwrap().is_none());
        fs::create_dir_all(&deep).unwrap();
        let (_listener, bound) = bind(&deep).unwrap();
        assert!(connect(&deep).unwrap().is_some());
        bound.remove();
        assert_eq!(fs::read_dir(&deep).unwrap().count(), 0);
    }
}
