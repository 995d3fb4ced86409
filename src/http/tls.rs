//! The certificate of a server: read and checked before it is used, and read again when its files change.
//!
//! What does not stand is never taken: a server that has a good pair goes on with it and says what is wrong with
//! the other.

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::domain::timestamp::Timestamp;

/// A file of certificates, or of a key, has at most so many bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Who may do more than this with the file of a key is one too many: its owner reads and writes, a group reads.
const MODE_MAX: u32 = 0o640;
/// So many days before a certificate is good no longer it is said.
const SOON_SECONDS: i64 = 14 * DAY_SECONDS;
const DAY_SECONDS: i64 = 86_400;
/// From so many seconds on days are told, and below hours.
const DAYS_FROM_SECONDS: i64 = 2 * DAY_SECONDS;

/// Where the certificate of a server and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, then those that lead from it to an authority, as PEM.
    pub certificate: PathBuf,
    /// The key of the certificate, as PEM.
    pub key: PathBuf,
}

/// Why a pair of certificate and key is not used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others than its owner get at the key.
    #[error("{} is open to others (mode {mode:04o}); `chmod 600` it, or 640 for a group that reads it", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// What the system says of it.
        mode: u32,
    },
    /// A file holds no certificate, or no key.
    #[error("{} holds no {what}; it must be PEM: {why}", path.display())]
    Nothing {
        /// Which.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
        /// What was found.
        why: String,
    },
    /// The key belongs to another certificate.
    #[error("the key in {} is not that of the certificate in {}", key.display(), certificate.display())]
    Misfit {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The certificate is good no longer.
    #[error("the certificate in {} expired at {until}", path.display())]
    Expired {
        /// Which.
        path: PathBuf,
        /// When.
        until: Timestamp,
    },
    /// The certificate is not good yet.
    #[error("the certificate in {} is good from {from} on only; is the clock right?", path.display())]
    Early {
        /// Which.
        path: PathBuf,
        /// From when on.
        from: Timestamp,
    },
    /// The certificate or the key is of a kind that is not known here.
    #[error("{} cannot be used: {why}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl TlsError {
    /// Tells whether the same files may be good later.
    const fn may_pass(&self) -> bool {
        match self {
            Self::Unreadable { .. } | Self::Early { .. } => true,
            Self::Open { .. }
            | Self::Nothing { .. }
            | Self::Misfit { .. }
            | Self::Expired { .. }
            | Self::Unusable { .. } => false,
        }
    }
}

/// A certificate with its key, which was checked.
#[derive(Debug)]
struct Pair {
    key: Arc<CertifiedKey>,
    names: Vec<String>,
    until: Timestamp,
}

impl TlsFiles {
    /// Reads the pair and checks all that can be checked without asking anybody.
    fn load(&self, now: Timestamp) -> Result<Pair, TlsError> {
        let chain = certificates(&self.certificate)?;
        let own = chain.first().map(|own| describe(own, &self.certificate)).transpose()?;
        let Some(Described { names, from, until }) = own else {
            let why = "no block of it is a certificate".to_owned();
            return Err(TlsError::Nothing { path: self.certificate.clone(), what: "certificate", why });
        };
        let key = self.key()?;
        let key = CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| {
            if error == rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
                TlsError::Misfit { certificate: self.certificate.clone(), key: self.key.clone() }
            } else {
                TlsError::Unusable { path: self.key.clone(), why: error.to_string() }
            }
        })?;
        if now > until {
            return Err(TlsError::Expired { path: self.certificate.clone(), until });
        }
        if now < from {
            return Err(TlsError::Early { path: self.certificate.clone(), from });
        }
        Ok(Pair { key: Arc::new(key), names, until })
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        let path = &self.key;
        let failed = |source| TlsError::Unreadable { path: path.clone(), source };
        let metadata = fs::metadata(path).map_err(failed)?;
        let mode = metadata.mode() & 0o777;
        if metadata.is_file() && mode & !MODE_MAX != 0 {
            return Err(TlsError::Open { path: path.clone(), mode });
        }
        let bytes = bytes(path)?;
        PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| TlsError::Nothing {
            path: path.clone(),
            what: "private key",
            why: error.to_string(),
        })
    }

    /// Returns what tells whether the files are others than before.
    fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec(), metadata.mode()))
        })
    }
}

/// What tells whether files are others than before.
type Stamp = [Option<(u64, u64, i64, i64, u32)>; 2];

fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    // A pipe would be waited for.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no file that can be read again",
        )));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let most = format!("it is larger than {} MiB, the most that is read", FILE_BYTES_MAX >> 20);
        return Err(unreadable(io::Error::new(io::ErrorKind::FileTooLarge, most)));
    }
    Ok(bytes)
}

/// Reads the certificates of a file, of which there is at least one.
///
/// # Errors
///
/// Returns [`TlsError`] where it cannot be read, or holds none.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = bytes(path)?;
    let nothing = |why: String| TlsError::Nothing { path: path.to_owned(), what: "certificate", why };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| nothing(error.to_string()))?;
    if found.is_empty() { Err(nothing("no block of it is a certificate".to_owned())) } else { Ok(found) }
}

/// What a certificate says of itself.
struct Described {
    names: Vec<String>,
    from: Timestamp,
    until: Timestamp,
}

fn describe(der: &CertificateDer<'_>, path: &Path) -> Result<Described, TlsError> {
    let unusable = |why: String| TlsError::Unusable { path: path.to_owned(), why };
    let certificate = Certificate::from_der(der).map_err(|error| unusable(error.to_string()))?;
    let said = certificate.tbs_certificate;
    let moment = |seconds: u64| {
        let micros = i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1_000_000));
        // One that is good beyond all times is good for ever.
        micros.and_then(|micros| Timestamp::from_micros(micros).ok()).unwrap_or(Timestamp::MAX)
    };
    let from = moment(said.validity.not_before.to_unix_duration().as_secs());
    let until = moment(said.validity.not_after.to_unix_duration().as_secs());
    let names = said.get::<SubjectAltName>().map_err(|error| unusable(error.to_string()))?;
    let names = names.map(|(_, SubjectAltName(names))| names).unwrap_or_default();
    let host = |name: &GeneralName| match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        GeneralName::OtherName(_)
        | GeneralName::Rfc822Name(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EdiPartyName(_)
        | GeneralName::UniformResourceIdentifier(_)
        // Whoever asks by an address is answered in any case.
        | GeneralName::IpAddress(_)
        | GeneralName::RegisteredId(_) => None,
    };
    Ok(Described { names: names.iter().filter_map(host).collect(), from, until })
}

/// The certificate that a server shows, which may become another while it serves.
#[derive(Debug)]
pub struct Certificates {
    files: TlsFiles,
    current: RwLock<(Arc<CertifiedKey>, Arc<[String]>)>,
    /// The files as they were looked at last, good or not.
    seen: Mutex<Seen>,
    /// Until when the current one is good, in seconds.
    until: AtomicI64,
    /// What was told last of its end, and on which day.
    told: AtomicI64,
}

/// Returns how many times so long an hour or a day is, to the nearest: what is made for five days is so a moment later.
const fn nearest(seconds: i64, one: i64) -> i64 {
    (seconds + one / 2) / one
}

/// What was seen of the files.
#[derive(Debug)]
struct Seen {
    stamp: Stamp,
    /// What was said of a pair that may be good later; it is tried again, and the same is not said twice.
    waits: Option<String>,
}

/// What looking at the files again came to.
#[derive(Debug)]
pub(super) enum Looked {
    /// They are as they were.
    Same,
    /// The new pair is shown from now on.
    Replaced(Timestamp),
    /// The new pair does not stand; the old one is shown.
    Kept(TlsError),
}

impl Certificates {
    /// Reads and checks the pair.
    ///
    /// # Errors
    ///
    /// Returns [`TlsError`] for a pair that nobody could trust; nothing is served.
    pub fn open(files: TlsFiles, now: Timestamp) -> Result<Self, TlsError> {
        let seen = files.stamp();
        let Pair { key, names, until } = files.load(now)?;
        let (seen, current) = (Seen { stamp: seen, waits: None }, RwLock::new((key, names.into())));
        let (until, told) = (AtomicI64::new(seconds(until)), AtomicI64::new(i64::MIN));
        Ok(Self { files, current, seen: Mutex::new(seen), until, told })
    }

    /// Returns until when the certificate is good, in seconds since 1970.
    pub(super) fn until(&self) -> i64 {
        self.until.load(Ordering::Relaxed)
    }

    /// Tells that the certificate is good for a few days only, where it is.
    pub fn why_soon(&self, now: Timestamp) -> Option<String> {
        let left = self.until() - seconds(now);
        let path = self.files.certificate.display();
        let rest = match left {
            ..0 => {
                return Some(format!(
                    "the certificate in use expired, and nobody who checks it comes in; renew that in {path}"
                ));
            }
            0..7_200 => "less than two hours".to_owned(),
            7_200..DAYS_FROM_SECONDS => format!("{} more hours", nearest(left, 3_600)),
            DAYS_FROM_SECONDS..SOON_SECONDS => format!("{} more days", nearest(left, DAY_SECONDS)),
            SOON_SECONDS.. => return None,
        };
        Some(format!("the certificate in use is good for {rest} only; renew that in {path}"))
    }

    /// Tells the same, once on each day, and once more when it expires.
    pub(super) fn why_soon_again(&self, now: Timestamp) -> Option<String> {
        let soon = self.why_soon(now)?;
        let (today, is_over) = (seconds(now).div_euclid(DAY_SECONDS), seconds(now) > self.until());
        // Of a day two things may be told.
        let what = today * 2 + i64::from(is_over);
        (self.told.swap(what, Ordering::Relaxed) != what).then_some(soon)
    }

    /// Returns the names that the certificate is for.
    pub(super) fn names(&self) -> Arc<[String]> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// Looks at the files again and takes up a good pair: where they changed or may be good by now, or whatever they
    /// are, as was asked.
    pub(super) fn look(&self, now: Timestamp, asked: Asked) -> Looked {
        let stamp = self.files.stamp();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = std::mem::replace(&mut seen.stamp, stamp) != stamp || asked == Asked::BySignal;
        let waits = seen.waits.take();
        if !is_new && waits.is_none() {
            return Looked::Same;
        }
        match self.files.load(now) {
            Ok(Pair { key, names, until }) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = (key, names.into());
                self.until.store(seconds(until), Ordering::Relaxed);
                self.told.store(i64::MIN, Ordering::Relaxed);
                Looked::Replaced(until)
            }
            Err(error) => {
                let said = error.to_string();
                let is_told = !is_new && waits.as_ref() == Some(&said);
                seen.waits = error.may_pass().then_some(said);
                if is_told { Looked::Same } else { Looked::Kept(error) }
            }
        }
    }
}

fn seconds(moment: Timestamp) -> i64 {
    moment.micros() / 1_000_000
}

/// Who has the files looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A round: only where they changed.
    ByTheClock,
    /// Whoever runs the server.
    BySignal,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).0))
    }
}

/// Returns how a server speaks TLS with this certificate: 1.2 and 1.3, and these protocols over it.
pub(super) fn server_config(certificates: Arc<Certificates>, protocols: &[&str]) -> Arc<ServerConfig> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has the suites of both versions")
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}
