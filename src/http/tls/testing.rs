//! Certificates for tests, each signed by an authority of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

use crate::desk::clock;
use crate::domain::timestamp::Timestamp;
use crate::http::tls::TlsFiles;

/// Returns what time it is: whoever checks a certificate over the network goes by the clock of the machine.
pub(in crate::http) fn moment() -> Timestamp {
    clock::system()()
}

/// A certificate for this machine, as PEM.
pub(in crate::http) struct Made {
    pub(in crate::http) certificate: String,
    pub(in crate::http) key: String,
    /// The certificate of the authority that signed it.
    pub(in crate::http) authority: String,
}

impl Made {
    /// Makes one that is good today.
    pub(in crate::http) fn new() -> Self {
        Self::between((2020, 2090))
    }

    /// Makes one that is good from the beginning of one year to that of another.
    pub(in crate::http) fn between(years: (i32, i32)) -> Self {
        Self::of(&["localhost", "127.0.0.1", "::1", "desk.example"], years)
    }

    /// Makes one for another machine.
    pub(in crate::http) fn of_another() -> Self {
        Self::of(&["desk.example"], (2020, 2090))
    }

    fn of(names: &[&str], (from, until): (i32, i32)) -> Self {
        let mut of_authority = CertificateParams::new(Vec::<String>::new()).unwrap();
        of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(of_authority, KeyPair::generate().unwrap()).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        Self { certificate: certificate.pem(), key: key.serialize_pem(), authority: authority.pem() }
    }

    /// Writes both to files, the key for its owner alone.
    pub(in crate::http) fn kept_in(&self, dir: &Path, name: &str) -> TlsFiles {
        let [certificate, key] = ["crt", "key"].map(|end| dir.join(format!("{name}.{end}")));
        fs::write(&certificate, &self.certificate).unwrap();
        fs::write(&key, &self.key).unwrap();
        fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
        fs::set_permissions(&certificate, PermissionsExt::from_mode(0o644)).unwrap();
        TlsFiles { certificate, key }
    }

    /// Writes the certificate of the authority to a file.
    pub(in crate::http) fn authority_in(&self, dir: &Path) -> PathBuf {
        let path = dir.join("authority.crt");
        fs::write(&path, &self.authority).unwrap();
        path
    }
}
