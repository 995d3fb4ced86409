//! Backups by the program: made while a server records, restored elsewhere, and what the keys say of it then.

use std::path::Path;

use serde_json::Value;

use crate::redaction::{REDACT, SUMMARY, spoken};
use crate::support::Place;
use crate::together::Server;

fn record(place: &Place, summary: &str) {
    place.run(&["record", "incident", "--from", "PRK", "--date", "2025-01-01", "--summary", summary]).ok();
}

/// Restores a backup of one place as the data directory of another, which has the keys of the first.
fn restored(desk: &Place, backup: &Path) -> (Place, Value) {
    let elsewhere = Place::empty();
    desk.share_keys(&elsewhere);
    let row = elsewhere.run(&["restore", &backup.display().to_string(), "--format", "json"]).ok();
    (elsewhere, serde_json::from_str(&row).unwrap())
}

#[test]
fn a_backup_made_while_a_server_records_gives_the_same_root_at_the_same_size_elsewhere() {
    let place = Place::empty();
    place.run(&["init", "--name", "test", "--zone", "Asia/Seoul", "--log-reads"]).ok();
    let server = Server::start_with(&place, &[]);
    let backup = place.file("backup");
    let into = backup.display().to_string();
    let made = std::thread::scope(|scope| {
        for writer in 0..3 {
            let place = &place;
            scope.spawn(move || (0..5).for_each(|number| record(place, &format!("{writer} {number}"))));
        }
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(place.data(&["backup", &into]));
        }
        made
    });
    drop(server);
    let last = made.last().unwrap();
    place.run(&["backup", "verify", &into]).ok();
    let (elsewhere, row) = restored(&place, &backup);
    let verified = elsewhere.data(&["verify"]);
    assert_eq!((verified["sound"].as_bool(), &verified["root"]), (Some(true), &last["root"]));
    assert_eq!(row["root"], last["root"]);
    // The audit of what was restored is an audit of the log at that size.
    elsewhere.run(&["key", "export-vkey", "--to", "desk.vkey"]).ok();
    let size = last["size"].as_u64().unwrap();
    let original = place.data(&["replay", "--to", &(size - 1).to_string()]);
    assert_eq!(original["root"], last["root"]);
}

#[test]
fn a_restored_log_passes_the_audit_and_goes_on() {
    let place = Place::new();
    record(&place, "One.");
    let backup = place.file("backup");
    place.run(&["backup", &backup.display().to_string()]).ok();
    let (elsewhere, row) = restored(&place, &backup);
    assert_eq!(row["health"], "sound", "{row}");
    assert_eq!(row["signed"], row["size"], "{row}");
    elsewhere.run(&["key", "export-vkey", "--to", "desk.vkey"]).ok();
    elsewhere.run(&["audit", "export", "bundle"]).ok();
    elsewhere.run(&["audit", "verify", "bundle", "--vkey", "desk.vkey", "--replay"]).ok();
    record(&elsewhere, "Two.");
    assert_eq!(elsewhere.items(&["timeline"]).len(), 2);
}

#[test]
fn a_restored_older_state_is_told_by_the_mark_and_goes_on_only_on_the_record() {
    let place = Place::new();
    record(&place, "One.");
    let backup = place.file("backup");
    place.run(&["backup", &backup.display().to_string()]).ok();
    record(&place, "Two.");
    let (elsewhere, row) = restored(&place, &backup);
    assert!(row["signed"].as_u64() > row["size"].as_u64(), "{row}");
    let says = row["next"].to_string();
    assert!(says.contains("missing here") && says.contains("accept-rollback"), "{says}");
    let refused = ["record", "incident", "--from", "PRK", "--date", "2025-01-01", "--summary", "Three."];
    elsewhere.run(&refused).fails(3);
    let name = row["log"].as_str().unwrap().to_owned();
    elsewhere.run(&["audit", "accept-rollback", &name, "--reason", "the disk failed"]).ok();
    record(&elsewhere, "Three.");
    assert!(elsewhere.data(&["verify"])["sound"].as_bool().unwrap());
}

#[test]
fn a_text_that_was_removed_does_not_come_back_with_a_backup_made_since() {
    let place = Place::new();
    spoken(&place);
    let backup = place.file("backup");
    let into = backup.display().to_string();
    place.run(&["backup", &into]).ok();
    place.run(REDACT).ok();
    let made = place.data(&["backup", &into]);
    assert!(made["removed"].as_u64().unwrap() >= 2, "{made}");
    let (elsewhere, _) = restored(&place, &backup);
    assert!(elsewhere.data(&["verify"])["sound"].as_bool().unwrap());
    let export = elsewhere.run(&["export"]).ok();
    assert!(!export.contains(&SUMMARY[..8]) && export.contains("A plain offer"));
}

#[test]
fn what_is_no_backup_is_not_restored_and_a_data_directory_is_not_overwritten() {
    let place = Place::new();
    let error = place.run(&["restore", "nowhere", "--data-dir", "there"]).fails(1);
    assert!(error.contains("there is no backup"), "{error}");
    place.run(&["backup", "copy"]).ok();
    let error = place.run(&["restore", "copy"]).fails(1);
    assert!(error.contains("is not empty"), "{error}");
    let segment = place.file("copy/segments/000000000000.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    place.run(&["backup", "verify", "copy"]).fails(3);
    place.run(&["restore", "copy", "--data-dir", "there"]).fails(3);
    assert!(!place.file("there").exists());
}

#[test]
fn a_log_on_a_disk_that_lets_nobody_write_is_copied_and_handed_out_as_it_is() {
    let place = Place::new();
    record(&place, "One.");
    let read_only = |arguments: &[&str]| {
        let script = "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && \"$@\"";
        let ran = place.command(arguments);
        let mut unshared = std::process::Command::new("unshare");
        unshared
            .args(["-rm", "sh", "-c", script])
            .arg(place.dir())
            .arg(ran.get_program())
            .args(ran.get_args());
        unshared.current_dir(place.file("")).env_clear();
        unshared.envs(ran.get_envs().filter_map(|(name, value)| Some((name, value?))));
        unshared.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        crate::support::Ran::of(&unshared.output().unwrap())
    };
    let log = read_only(&["log"]);
    if log.code != 0 {
        eprintln!("skipped: nothing can be mounted here");
        return;
    }
    assert!(log.out.contains("read-only") && !log.out.contains("takes appends"), "{log:?}");
    let refused = ["record", "incident", "--from", "PRK", "--date", "2025-01-01", "--summary", "Two."];
    assert_eq!(read_only(&refused).code, 4, "the disk is read-only");
    for (arguments, made) in
        [(&["backup", "copy"][..], "copy/manifest"), (&["audit", "export", "bundle"], "bundle/checkpoint")]
    {
        let ran = read_only(arguments);
        assert!(ran.code == 0 && ran.err.contains("lets nobody write"), "{ran:?}");
        assert!(place.file(made).exists(), "{made}");
    }
    place.run(&["backup", "verify", "copy"]).ok();
    place.run(&["key", "export-vkey", "--to", "desk.vkey"]).ok();
    place.run(&["audit", "verify", "bundle", "--vkey", "desk.vkey"]).ok();
}
