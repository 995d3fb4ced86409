//! Which certificates a server shows.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::http::tls::testing::{Made, moment};

#[track_caller]
fn refused(files: &TlsFiles, says: &str) {
    let error = Certificates::open(files.clone(), moment()).unwrap_err();
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn a_pair_that_nobody_could_trust_is_refused_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let good = Made::new().kept_in(dir.path(), "good");
    let opened = Certificates::open(good.clone(), moment()).unwrap();
    assert!(opened.names().iter().any(|name| name == "localhost"));
    assert!(opened.why_soon(moment()).is_none());
    let other = Made::new().kept_in(dir.path(), "other");
    refused(&TlsFiles { key: other.key.clone(), ..good.clone() }, "is not that of the certificate");
    refused(&TlsFiles { key: other.certificate.clone(), ..good.clone() }, "is open to others");
    fs::set_permissions(&other.certificate, PermissionsExt::from_mode(0o600)).unwrap();
    refused(&TlsFiles { key: other.certificate, ..good.clone() }, "holds no private key");
    refused(&TlsFiles { certificate: good.key.clone(), ..good.clone() }, "holds no certificate");
    refused(&TlsFiles { certificate: dir.path().join("none"), ..good.clone() }, "cannot be read");
    let pipe = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    refused(&TlsFiles { certificate: pipe, ..good.clone() }, "cannot be read");
    let expired = Made::between((2019, 2020)).kept_in(dir.path(), "expired");
    refused(&expired, "expired at 2020-01-01");
    refused(&Made::between((2090, 2091)).kept_in(dir.path(), "early"), "is the clock right?");
    fs::set_permissions(&good.key, PermissionsExt::from_mode(0o644)).unwrap();
    refused(&good, "(mode 0644)");
    fs::set_permissions(&good.key, PermissionsExt::from_mode(0o640)).unwrap();
    Certificates::open(good, moment()).unwrap();
}

#[test]
fn a_file_that_is_too_large_is_refused_and_not_cut() {
    let dir = tempfile::tempdir().unwrap();
    let made = Made::new();
    let files = made.kept_in(dir.path(), "desk");
    let room = usize::try_from(FILE_BYTES_MAX).unwrap() - made.certificate.len();
    fs::write(&files.certificate, made.certificate.clone() + &" ".repeat(room)).unwrap();
    Certificates::open(files.clone(), moment()).unwrap();
    fs::write(&files.certificate, made.certificate.clone() + &" ".repeat(room + 1)).unwrap();
    let error = Certificates::open(files, moment()).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    assert!(cause.to_string().contains("larger than 1 MiB"), "{cause}");
}

#[test]
fn a_pair_that_is_good_later_is_tried_again_and_said_once() {
    let dir = tempfile::tempdir().unwrap();
    let files = Made::new().kept_in(dir.path(), "desk");
    let shown = Certificates::open(files.clone(), moment()).unwrap();
    Made::between((2080, 2090)).kept_in(dir.path(), "desk");
    let kept = shown.look(moment(), Asked::ByTheClock);
    assert!(matches!(kept, Looked::Kept(TlsError::Early { .. })), "{kept:?}");
    assert!(matches!(shown.look(moment(), Asked::ByTheClock), Looked::Same), "it is said once");
    let later: Timestamp = "2080-01-02T00:00:00.000000Z".parse().unwrap();
    assert!(matches!(shown.look(later, Asked::ByTheClock), Looked::Replaced(_)));
    assert!(matches!(shown.look(later, Asked::ByTheClock), Looked::Same));
}

#[test]
fn that_a_certificate_is_good_for_a_few_days_only_is_told_once_a_day_and_when_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let files = Made::between((2020, 2080)).kept_in(dir.path(), "desk");
    let shown = Certificates::open(files, moment()).unwrap();
    let told = |when: &str| shown.why_soon_again(when.parse().unwrap());
    assert_eq!(told("2079-12-17T23:00:00.000000Z"), None);
    assert!(
        told("2079-12-18T01:00:00.000000Z").unwrap().contains("certificate in use is good for 14 more days")
    );
    assert_eq!(told("2079-12-18T23:00:00.000000Z"), None);
    assert!(told("2079-12-31T01:00:00.000000Z").unwrap().contains("for 23 more hours"));
    assert!(told("2080-01-01T01:00:00.000000Z").unwrap().contains("expired"));
    assert_eq!(told("2080-01-01T02:00:00.000000Z"), None);
    // Of one that ends in the middle of a day it is told when it does.
    let noon = 1_700_000_000 / DAY_SECONDS * DAY_SECONDS + DAY_SECONDS / 2;
    shown.until.store(noon, Ordering::Relaxed);
    let told = |second: i64| shown.why_soon_again(Timestamp::from_micros(second * 1_000_000).unwrap());
    assert!(told(noon - 50).unwrap().contains("for less than two hours only"));
    assert_eq!(told(noon - 10), None);
    assert!(told(noon + 1).unwrap().contains("expired"));
    assert_eq!(told(noon + 60), None);
}

#[test]
fn a_new_pair_is_taken_and_a_bad_one_never() {
    let dir = tempfile::tempdir().unwrap();
    let files = Made::new().kept_in(dir.path(), "desk");
    let shown = Certificates::open(files.clone(), moment()).unwrap();
    let first = Arc::clone(&shown.current.read().unwrap().0);
    assert!(matches!(shown.look(moment(), Asked::ByTheClock), Looked::Same));
    // Half of a new pair: it may be that the other half is on its way.
    let next = Made::new();
    fs::write(&files.certificate, &next.certificate).unwrap();
    let kept = shown.look(moment(), Asked::ByTheClock);
    assert!(matches!(kept, Looked::Kept(TlsError::Misfit { .. })), "{kept:?}");
    assert!(matches!(shown.look(moment(), Asked::ByTheClock), Looked::Same), "it is said once");
    assert!(matches!(shown.look(moment(), Asked::BySignal), Looked::Kept(_)));
    assert!(Arc::ptr_eq(&first, &shown.current.read().unwrap().0));
    fs::write(&files.key, &next.key).unwrap();
    assert!(matches!(shown.look(moment(), Asked::ByTheClock), Looked::Replaced(_)));
    assert!(!Arc::ptr_eq(&first, &shown.current.read().unwrap().0));
}
