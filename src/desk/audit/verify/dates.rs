//! Who dated which checkpoint, and what its own date comes to.

use crate::desk::audit::stamp::{STAMP_BYTES_MAX, Stamp};
use crate::desk::audit::verify::report::Verdict;
use crate::desk::audit::verify::time::{Anchor, Bracket, SKEW_MICROS};
use crate::desk::audit::verify::{Check, Seen};
use crate::desk::audit::{CHECKPOINT, POLICY, checkpoint_path, timestamp_path};
use crate::domain::timestamp::Timestamp;
use crate::tlog::note::NOTE_BYTES_MAX;
use crate::tlog::policy::{Policy, Witness};

/// How far ahead of the reader's clock a log may sign, in microseconds.
const AHEAD_MICROS: i64 = 300_000_000;
/// From where on it is no matter of clocks: a day.
const FAR_AHEAD_MICROS: i64 = 86_400_000_000;

impl Check<'_> {
    /// Reads who outside dated which checkpoint.
    pub(super) fn read_anchors(&mut self) {
        let mut anchors = Vec::new();
        for size in self.sizes("timestamps/", ".tsr") {
            let path = timestamp_path(size);
            let Some(bytes) = self.must_read(&path, STAMP_BYTES_MAX as u64) else { continue };
            let note = self.notes.iter().find(|seen| seen.at == checkpoint_path(size));
            let note = note.map(|seen| seen.note.to_bytes());
            let stamp = Stamp::parse(&bytes).and_then(|stamp| {
                note.map_or(Ok(()), |note| stamp.check(&note, None))?;
                stamp.is_signed()?;
                Ok(stamp)
            });
            match stamp {
                Ok(Stamp { verifies: Some(true), at, .. }) => {
                    anchors.push(Anchor { size, micros: at.micros(), by: path });
                }
                Ok(_) => self.notices.push(format!(
                    "{path} dates nothing: it carries no certificate, or is signed in a way that is not known \
                     here, so its signature could not be checked"
                )),
                Err(error) => self.found.of_file(Verdict::Altered, &path, error.to_string()),
            }
        }
        // Whom the bundle itself names may be anyone: their lines must verify, and date nothing.
        let own = self.own_policy();
        let asked = self.trust.policy.as_ref();
        let of = |policy: Option<&Policy>, counts: bool| -> Vec<(Witness, bool)> {
            policy
                .map(Policy::witnesses)
                .unwrap_or_default()
                .iter()
                .map(|one| (one.clone(), counts))
                .collect()
        };
        let witnesses = [of(asked, true), of(own.as_ref().filter(|_| asked.is_none()), false)].concat();
        for seen in &self.notes {
            for (witness, counts) in &witnesses {
                match seen.note.verify(&witness.key) {
                    Ok(Some(verified)) => {
                        let micros =
                            verified.time.and_then(|time| i64::try_from(time).ok()?.checked_mul(1_000_000));
                        let by = format!("the witness {}", witness.key.name());
                        let size = seen.checkpoint.size;
                        anchors.extend(micros.filter(|_| *counts).map(|micros| Anchor { size, micros, by }));
                    }
                    Ok(None) => {}
                    Err(error) => self.found.of_file(Verdict::Altered, &seen.at, error.to_string()),
                }
            }
        }
        self.bracket = Bracket::new(anchors);
    }

    /// Says how far time stamps were believed, where any were.
    pub(super) fn stamps_are_unsigned(&mut self) {
        if !self.sizes("timestamps/", ".tsr").is_empty() {
            let what = "time stamps were checked against the certificates that came with them alone, which anyone \
                        can make: `openssl ts -verify` says whose they are, with the certificate of the \
                        authority (see VERIFY.md)";
            self.notices.push(what.to_owned());
        }
    }

    fn own_policy(&mut self) -> Option<Policy> {
        let listed = self.manifest.as_ref().is_none_or(|manifest| manifest.files.contains_key(POLICY));
        let bytes = self.view.read(POLICY, NOTE_BYTES_MAX as u64).ok().flatten().filter(|_| listed)?;
        match Policy::parse(&bytes) {
            Ok(policy) => Some(policy),
            Err(error) => {
                self.found.of_file(Verdict::Altered, POLICY, error.to_string());
                None
            }
        }
    }

    /// Finds a checkpoint that the log says it signed before an event that is in it.
    pub(super) fn signed_before_its_end(&mut self, seen: &Seen, time: Option<u64>) {
        let signed = time.and_then(|time| i64::try_from(time).ok()?.checked_mul(1_000_000));
        let end = self.ends.get(&seen.checkpoint.size).copied().flatten();
        let (Some(signed), Some(end)) = (signed, end) else { return };
        if signed.saturating_add(SKEW_MICROS) < end.micros() {
            let said = Timestamp::from_micros(signed)
                .map_or_else(|_| format!("{signed} microseconds"), |signed| signed.to_string());
            let what = format!("it says it was signed at {said}, before an event that is in it, of {end}");
            self.found.of_file(Verdict::Backdated, &seen.at, what);
        }
    }

    /// Finds a checkpoint that is older than its reader allows, or whose age cannot be told.
    pub(super) fn staleness(&mut self, main_stands: bool) {
        let ahead = |at: Timestamp| at.micros().saturating_sub(self.trust.now.micros()) > AHEAD_MICROS;
        if let Some(at) = self.signed_at.filter(|at| main_stands && ahead(*at)) {
            let what = format!(
                "it says it was signed at {at}: its time lies ahead of your clock: its age cannot be told"
            );
            // A clock is off by minutes; who signs for days to come hides how old the log will be.
            let is_far = at.micros().saturating_sub(self.trust.now.micros()) > FAR_AHEAD_MICROS;
            if self.trust.max_age_secs.is_some() || is_far {
                self.found.of_file(Verdict::Stale, CHECKPOINT, what);
            } else {
                self.notices.push(format!("{CHECKPOINT}: {what}"));
            }
            return;
        }
        let Some(max) = self.trust.max_age_secs.filter(|_| main_stands) else { return };
        let Some(at) = self.signed_at else {
            let what = "it says no time that is signed by a key you gave, so its age is not known";
            self.found.of_file(Verdict::Stale, CHECKPOINT, what);
            return;
        };
        let age = self.trust.now.micros().saturating_sub(at.micros()) / 1_000_000;
        if u64::try_from(age).is_ok_and(|age| age > max) {
            let what = format!("it was signed at {at}, {age} seconds ago; at most {max} are allowed");
            self.found.of_file(Verdict::Stale, CHECKPOINT, what);
        }
    }
}
