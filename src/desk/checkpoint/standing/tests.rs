//! Whoever can write the directory and has no key makes nothing that stands.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::desk::Opening;
use crate::desk::answer::operation::DamageRow;
use crate::desk::ask::{Caller, MomentAsk, VerifyAsk};
use crate::desk::audit::export::BundleAsk;
use crate::desk::keys::place::KeyPlace;
use crate::desk::keys::{KeyFile, Role};
use crate::desk::testing::copy;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::Note;

const WRITE: Opening = Opening::Write { wait: Duration::ZERO };

/// A log of a few events with its keys.
struct Place {
    dir: tempfile::TempDir,
    keys: KeyPlace,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = KeyPlace::directory(dir.path().join("keys"));
        let (desk, _) = Desk::init_with(&dir.path().join("log"), "desk", "UTC", Some(&keys)).unwrap();
        desk.close().unwrap();
        let place = Self { dir, keys };
        place.record();
        place
    }

    /// Records, and puts the directory back as it was before.
    fn record_and_put_back(&self) {
        let before = self.dir.path().join("before");
        copy(&self.log(), &before);
        self.record();
        fs::remove_dir_all(self.log()).unwrap();
        fs::rename(before, self.log()).unwrap();
    }

    fn mark(&self) -> PathBuf {
        let name = self.open(Opening::Read).store.log_id().to_owned();
        self.keys.mark_of(&name).unwrap()
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn open(&self, opening: Opening) -> Desk {
        Desk::open_with(&self.log(), opening, &self.keys).unwrap()
    }

    fn record(&self) {
        let desk = self.open(WRITE);
        let name = format!("moment {}", desk.size());
        let caller = Caller { actor: "kim".to_owned(), tz: None };
        desk.name_moment(&caller, &MomentAsk { name, ..MomentAsk::default() }).unwrap();
        desk.hand_out_checkpoint().unwrap();
        desk.close().unwrap();
    }

    /// Signs what the newest checkpoint says with keys that were drawn for it, as if they were the log's.
    fn forge(&self) -> Vec<VerifierKey> {
        let path = self.log().join(file::NEWEST);
        let note = Note::parse(&fs::read(&path).unwrap()).unwrap();
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let keys = KeyFile::draw(Role::Log, &checkpoint.origin.as_str().parse().unwrap()).unwrap();
        let mut forged = Note::new(checkpoint.text()).unwrap();
        for signer in keys.signers() {
            forged.sign(signer.as_ref(), Some(2_000_000_000)).unwrap();
        }
        fs::write(path, forged.to_bytes()).unwrap();
        keys.keys().to_vec()
    }
}

#[track_caller]
fn verified(desk: &Desk) -> Vec<DamageRow> {
    let answer = desk.verify(&VerifyAsk::default()).unwrap().data;
    assert_eq!(answer.sound, answer.damages.is_empty());
    answer.damages
}

/// Says that `verify`, `log` and a bundle tell of damage of a file.
#[track_caller]
fn is_told(desk: &Desk, file: &str) {
    let damages = verified(desk);
    assert!(damages.iter().any(|damage| damage.file.ends_with(file)), "{file}: {damages:?}");
    let health = desk.log().unwrap().data.health;
    assert!(health.starts_with(crate::desk::DAMAGED), "{health}");
    let refused = desk.audit_bundle(&BundleAsk::default()).map(|_| ()).unwrap_err();
    assert!(matches!(&refused, DeskError::Damaged(_)), "{refused}");
}

fn change(path: &Path, edit: impl Fn(&mut String)) {
    let mut text = fs::read_to_string(path).unwrap();
    edit(&mut text);
    fs::write(path, text).unwrap();
}

/// Changes one character of the last signature line.
fn flip(text: &mut String) {
    let at = text.trim_end().len() - 10;
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    text.replace_range(at..=at, other);
}

#[test]
fn a_log_as_its_keys_signed_it_is_sound_with_and_without_them() {
    let place = Place::new();
    for keys in [place.keys.clone(), KeyPlace::default()] {
        let desk = Desk::open_with(&place.log(), Opening::Read, &keys).unwrap();
        assert_eq!(verified(&desk), Vec::new());
        assert_eq!(desk.log().unwrap().data.health, "sound");
        assert_eq!(desk.keys().unwrap().data.items.len(), 2);
        desk.audit_bundle(&BundleAsk::default()).map(|_| ()).unwrap();
    }
    let desk = place.open(WRITE);
    desk.rotate_keys(&Caller { actor: "kim".to_owned(), tz: None }).unwrap();
    desk.close().unwrap();
    place.record();
    let desk = place.open(Opening::Read);
    assert_eq!(verified(&desk), Vec::new());
    assert_eq!(desk.keys().unwrap().data.items.len(), 4);
}

#[test]
fn a_flipped_signature_is_told() {
    let place = Place::new();
    change(&place.log().join(file::NEWEST), flip);
    for keys in [place.keys.clone(), KeyPlace::default()] {
        is_told(&Desk::open_with(&place.log(), Opening::Read, &keys).unwrap(), file::NEWEST);
    }
}

#[test]
fn a_checkpoint_without_its_own_line_that_says_when_is_told() {
    let place = Place::new();
    change(&place.log().join(file::NEWEST), |text| {
        let last = text.trim_end().rfind('\n').unwrap() + 1;
        text.truncate(last);
    });
    is_told(&place.open(Opening::Read), file::NEWEST);
}

#[test]
fn what_others_signed_is_told_and_their_keys_are_handed_to_nobody() {
    let place = Place::new();
    let strangers = place.forge();
    is_told(&place.open(Opening::Read), file::NEWEST);
    let refused = place.open(Opening::Read).keys().unwrap_err();
    assert!(matches!(refused, DeskError::Damaged(_)), "{refused}");
    // Their `vkey` beside it: the key file at hand knows better.
    fs::write(place.log().join(FIRST_KEYS), hand::texts(&strangers).join("\n") + "\n").unwrap();
    is_told(&place.open(Opening::Read), file::NEWEST);
    is_told(&place.open(Opening::Read), FIRST_KEYS);
    assert!(place.open(Opening::Read).keys().is_err());
}

#[test]
fn keys_come_from_the_key_file_and_without_it_from_what_signed_the_log() {
    let place = Place::new();
    let right: Vec<String> =
        place.open(Opening::Read).keys().unwrap().data.items.into_iter().map(|row| row.key).collect();
    let name = place.open(Opening::Read).store.log_id().to_owned();
    let strangers = KeyFile::draw(Role::Log, &name.parse().unwrap()).unwrap();
    let others = KeyFile::draw(Role::Log, &"other-0a1b2c3d".parse().unwrap()).unwrap();
    for keys in [strangers.keys(), others.keys()] {
        fs::write(place.log().join(FIRST_KEYS), hand::texts(keys).join("\n") + "\n").unwrap();
        let desk = place.open(Opening::Read);
        let shown: Vec<String> = desk.keys().unwrap().data.items.into_iter().map(|row| row.key).collect();
        assert_eq!(shown, right);
        is_told(&desk, FIRST_KEYS);
        let desk = Desk::open(&place.log(), Opening::Read).unwrap();
        let refused = desk.keys().unwrap_err();
        assert!(matches!(refused, DeskError::Damaged(_)), "{refused}");
    }
}

#[test]
fn a_directory_that_was_put_back_whole_is_told_where_the_keys_are_at_hand() {
    let place = Place::new();
    place.record_and_put_back();
    is_told(&place.open(Opening::Read), ".mark");
    assert_eq!(verified(&Desk::open(&place.log(), Opening::Read).unwrap()), Vec::new());
}

#[test]
fn what_is_wrong_with_the_first_keys_is_said_where_no_key_file_is_at_hand() {
    let place = Place::new();
    for (garbled, says) in [(true, "names no verifier keys"), (false, "is missing")] {
        let path = place.log().join(FIRST_KEYS);
        if garbled {
            fs::write(path, "garbled").unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
        let [damage] = &verified(&Desk::open(&place.log(), Opening::Read).unwrap())[..] else { panic!() };
        assert!(damage.file == FIRST_KEYS && damage.what.contains(says), "{damage:?}");
    }
}

#[test]
fn a_checkpoint_that_was_handed_out_is_read_and_missed() {
    let place = Place::new();
    let size = place.open(Opening::Read).size();
    let path = place.log().join(file::KEPT).join(size.to_string());
    let whole = fs::read(&path).unwrap();
    change(&path, flip);
    is_told(&place.open(Opening::Read), &kept_name(size));
    fs::write(&path, "no checkpoint").unwrap();
    assert_eq!(verified(&place.open(Opening::Read)).len(), 1);
    fs::write(place.log().join(file::KEPT).join((size - 1).to_string()), &whole).unwrap();
    fs::write(&path, &whole).unwrap();
    is_told(&place.open(Opening::Read), &kept_name(size - 1));
    fs::remove_file(place.log().join(file::KEPT).join((size - 1).to_string())).unwrap();
    // What a time stamp is of was there.
    fs::create_dir(place.log().join(file::STAMPS)).unwrap();
    fs::write(place.log().join(file::STAMPS).join(format!("{size}.tsr")), "none").unwrap();
    is_told(&place.open(Opening::Read), &format!("{}/{size}.tsr", file::STAMPS));
    fs::remove_file(&path).unwrap();
    is_told(&place.open(Opening::Read), &kept_name(size));
}

#[test]
fn the_checkpoint_of_a_change_of_keys_is_missed() {
    let place = Place::new();
    let desk = place.open(WRITE);
    desk.rotate_keys(&Caller { actor: "kim".to_owned(), tz: None }).unwrap();
    let size = desk.size();
    desk.close().unwrap();
    place.record();
    fs::remove_file(place.log().join(file::KEPT).join(size.to_string())).unwrap();
    is_told(&place.open(Opening::Read), &kept_name(size));
}

#[test]
fn nobody_waits_for_a_checkpoint_of_a_damaged_log() {
    use crate::desk::ask::Wait;
    let place = Place::new();
    place.record_and_put_back();
    let desk = place.open(WRITE);
    let kim = Caller { actor: "kim".to_owned(), tz: None };
    let ask = MomentAsk { name: "later".to_owned(), wait: Some(Wait::Checkpoint), ..MomentAsk::default() };
    for refused in [desk.name_moment(&kim, &ask).map(|_| ()), desk.rotate_keys(&kim).map(|_| ())] {
        let Err(DeskError::Damaged(words)) = refused else { panic!("{refused:?}") };
        assert!(
            words.contains("the keys signed a checkpoint") && words.contains("accept-rollback"),
            "{words}"
        );
    }
}

#[test]
fn a_log_that_was_removed_from_beside_what_belongs_to_it_is_damage() {
    let place = Place::new();
    fs::remove_dir_all(place.log().join("log")).unwrap();
    let refused = Desk::open(&place.log(), Opening::Read).map(|_| ()).unwrap_err();
    assert!(matches!(&refused, DeskError::Damaged(words) if words.contains("missing")), "{refused}");
}

#[test]
fn a_directory_that_is_made_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    assert_eq!(fs::metadata(place.log()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn an_altered_signature_is_damage_for_whoever_records_as_well() {
    let place = Place::new();
    change(&place.log().join(file::NEWEST), flip);
    let refused = Desk::open_with(&place.log(), WRITE, &place.keys).map(|_| ()).unwrap_err();
    assert!(matches!(&refused, DeskError::Damaged(words) if words.contains("altered")), "{refused}");
}

/// A log that was put back as it was before, with all but what was handed out since; returns that size.
fn put_back_behind_what_was_handed_out(place: &Place) -> u64 {
    let (kept, aside) = (place.log().join(file::KEPT), place.dir.path().join("handed-out"));
    copy(&place.log(), &place.dir.path().join("before"));
    place.record();
    let size = place.open(Opening::Read).size();
    fs::rename(&kept, &aside).unwrap();
    fs::remove_dir_all(place.log()).unwrap();
    fs::rename(place.dir.path().join("before"), place.log()).unwrap();
    fs::remove_dir_all(&kept).unwrap();
    fs::rename(aside, kept).unwrap();
    fs::remove_file(place.mark()).unwrap();
    size
}

/// Says that a log takes nothing, signs nothing and gives no backup, because of one file.
#[track_caller]
fn takes_nothing(place: &Place, file: &str) {
    let signed = fs::read(place.log().join(file::NEWEST)).unwrap();
    let desk = place.open(WRITE);
    is_told(&desk, file);
    assert!(!desk.log().unwrap().data.writable);
    let kim = Caller { actor: "kim".to_owned(), tz: None };
    let refused = desk.name_moment(&kim, &MomentAsk { name: "a fork".to_owned(), ..MomentAsk::default() });
    let backup = desk.back_up(&place.dir.path().join("backup"), &|| true, &mut |_| {});
    for refused in [refused.map(|_| ()).unwrap_err(), backup.map(|_| ()).unwrap_err()] {
        assert!(matches!(&refused, DeskError::Damaged(_)), "{refused}");
    }
    desk.close().unwrap();
    assert_eq!(fs::read(place.log().join(file::NEWEST)).unwrap(), signed);
    assert!(!place.mark().exists());
}

#[test]
fn what_was_altered_of_that_which_was_signed_does_not_take_the_place_of_a_whole_backup() {
    let place = Place::new();
    let into = place.dir.path().join("backup");
    let back_up = || place.open(WRITE).back_up(&into, &|| true, &mut |_| {}).map(|_| ());
    back_up().unwrap();
    let name = kept_name(place.open(Opening::Read).size());
    let whole = fs::read(into.join("others").join(&name)).unwrap();
    change(&place.log().join(&name), flip);
    // The log is whole, and goes on; what it would be copied over is.
    assert!(place.open(Opening::Read).log().unwrap().data.writable);
    let refused = back_up().unwrap_err();
    assert!(matches!(&refused, DeskError::Damaged(words) if words.contains(&name)), "{refused}");
    assert_eq!(fs::read(into.join("others").join(&name)).unwrap(), whole);
    fs::write(place.log().join(&name), whole).unwrap();
    back_up().unwrap();
}

#[test]
fn a_log_behind_a_checkpoint_that_was_handed_out_takes_nothing_until_that_is_accepted() {
    for readable in [true, false] {
        let place = Place::new();
        let size = put_back_behind_what_was_handed_out(&place);
        if !readable {
            fs::write(place.log().join(kept_name(size)), "garbled").unwrap();
        }
        takes_nothing(&place, &kept_name(size));
        let kim = Caller { actor: "kim".to_owned(), tz: None };
        let desk = place.open(WRITE);
        let name = desk.store.log_id().to_owned();
        let accepted = desk.accept_rollback(&kim, &name, "the disk was lost").unwrap();
        // It is signed and marked again, and nobody else keeps anything.
        assert_eq!(accepted.notices, Vec::<String>::new());
        let (data, covered) = (&accepted.data, accepted.data.checkpoint.as_ref().unwrap().size);
        assert_eq!((data.health.as_str(), data.writable, covered), ("sound", true, data.size));
        desk.close().unwrap();
        let desk = place.open(Opening::Read);
        assert_eq!(verified(&desk), Vec::new());
        let records: Vec<_> = desk.store.read(0, u64::MAX).map(Result::unwrap).collect();
        let said: Vec<String> = records.iter().map(|record| format!("{:?}", record.body)).collect();
        let handed = format!("a checkpoint of {size} events was handed out");
        assert!(said.iter().any(|said| said.contains(&handed)), "{said:?}");
        place.record();
    }
}

#[test]
fn a_log_with_another_root_than_a_checkpoint_that_was_handed_out_takes_nothing() {
    let place = Place::new();
    let size = put_back_behind_what_was_handed_out(&place);
    let handed = fs::read(place.log().join(kept_name(size))).unwrap();
    fs::remove_file(place.log().join(kept_name(size))).unwrap();
    place.record();
    fs::remove_file(place.mark()).unwrap();
    fs::write(place.log().join(kept_name(size)), handed).unwrap();
    takes_nothing(&place, &kept_name(size));
}

#[test]
fn what_was_handed_out_may_be_larger_than_the_newest_checkpoint_and_not_than_the_log() {
    let place = Place::new();
    let before = fs::read(place.log().join(file::NEWEST)).unwrap();
    place.record();
    // As after a kill between the two.
    fs::write(place.log().join(file::NEWEST), before).unwrap();
    assert_eq!(verified(&place.open(Opening::Read)), Vec::new());
    place.record();
    // Nor does it count what was set aside.
    fs::write(place.log().join(file::KEPT).join("lost-999-1-kept"), "").unwrap();
    assert_eq!(verified(&place.open(Opening::Read)), Vec::new());
    place.record();
}
