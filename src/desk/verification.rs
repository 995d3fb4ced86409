//! Whether the record is whole, and whether the projections say what it says.

use crate::desk::Desk;
use crate::desk::answer::operation::{DamageRow, Rebuilt, Verified};
use crate::desk::answer::{Answer, AsOf};
use crate::desk::ask::{VerifyAsk, When};
use crate::desk::error::DeskError;
use crate::desk::lifecycle::damage_words;
use crate::desk::reads::DIR as READS;
use crate::store::leaf::HexHash;
use crate::store::segment::Verification;
use crate::store::segment::checkpoint::FILE as CHECKPOINT;
use crate::store::{Damage, Health};

impl Desk {
    /// Reads the whole log and checks everything that can be checked, the signatures and the access log as well;
    /// the texts too, unless they are to be left closed.
    ///
    /// # Errors
    ///
    /// None on damage: the answer names it.
    pub fn verify(&self, ask: &VerifyAsk) -> Result<Answer<Verified>, DeskError> {
        let Some(engine) = &self.engine else {
            return Err(DeskError::Unavailable("a log in memory has nothing on disk to verify".to_owned()));
        };
        // First what was signed, then how far the log goes: another process may be writing.
        let standing = self.standing();
        let found = if ask.without_texts { engine.verify_leaves() } else { engine.verify() };
        let (signed, checked_with) = match standing {
            Ok(standing) => (self.fallen(&standing), self.checked_with(&standing)),
            Err(error) => (Err(error), None),
        };
        let (signed, checked_with) = match signed {
            Ok(fallen) => (fallen, checked_with),
            // The damage that keeps it from being checked is named already.
            Err(DeskError::Damaged(_)) if !found.damages.is_empty() => {
                let not = "not what was signed: the record that it speaks of is damaged";
                (Vec::new(), Some(not.to_owned()))
            }
            Err(error) => (vec![unchecked(CHECKPOINT, &error)], checked_with),
        };
        let mut all = found.damages.clone();
        for damage in signed {
            // What the log itself says of a file goes before what is said of its signatures.
            if !all.iter().any(|known| known.file == damage.file) {
                all.push(damage);
            }
        }
        // Where the record itself is damaged, what it says of the access log may be as well.
        let of_reads = self.verify_reads(found.damages.is_empty());
        all.extend(of_reads.unwrap_or_else(|error| vec![unchecked(READS, &error)]));
        if found.damages.is_empty() {
            all.extend(self.openable_again());
        }
        let rows = all.into_iter().map(|damage| DamageRow {
            file: damage.file,
            offset: damage.offset,
            position: damage.position,
            what: damage.what,
        });
        let damages: Vec<DamageRow> = rows.collect();
        let mut checks = checks(&found, ask);
        checks.extend(checked_with);
        let verified = Verified {
            sound: damages.is_empty(),
            checked: found.records,
            root: HexHash(found.head.root).to_string(),
            damages,
            checks,
        };
        // The projections are not asked: what they cannot read may be what is being looked for.
        let last = found.head.size.checked_sub(1);
        let as_of = AsOf {
            log: self.store.log_id().to_owned(),
            position: last,
            last_recorded_at: last.and_then(|last| self.store.at(last).ok()?).map(|last| last.at),
            at: (self.clock)(),
            past_knowledge: false,
            zone: self.zone.to_string(),
        };
        Ok(Answer { as_of, notices: Vec::new(), data: verified })
    }

    /// Folds the log from nothing and compares the result with what is served; unless it is only checked,
    /// puts it in its place.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] where the log itself is, for then a rebuild mends nothing, and what the
    /// projections say; then nothing was replaced.
    pub fn rebuild(&self, check_only: bool) -> Result<Answer<Rebuilt>, DeskError> {
        if let Health::Damaged(damages) = self.store.health() {
            return Err(DeskError::Damaged(damage_words(&damages)));
        }
        let known = self.known(&When::default())?;
        let report = self.projections.check()?;
        let swapped = !check_only;
        if swapped {
            self.projections.rebuild()?;
        }
        Ok(known.answer(Rebuilt {
            size: report.size,
            served: HexHash(report.live_digest).to_string(),
            rebuilt: HexHash(report.rebuilt_digest).to_string(),
            agrees: report.agrees(),
            swapped,
        }))
    }
}

/// Says of files that they could not be checked: what nobody can check is not sound.
fn unchecked(file: &str, error: &DeskError) -> Damage {
    Damage { file: file.to_owned(), offset: 0, position: None, what: format!("it was not checked: {error}") }
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Says in words what was checked, and what was not.
fn checks(found: &Verification, ask: &VerifyAsk) -> Vec<String> {
    let mut checks = vec![
        format!(
            "{}: checksums, places, chain, times, streams and the one spelling of each leaf",
            count(found.records, "record", "records")
        ),
        if ask.without_texts {
            "no text was opened, as asked: whether each is what its leaf commits to was not checked"
                .to_owned()
        } else {
            format!("{} opened, each what its leaf commits to", count(found.bodies, "text", "texts"))
        },
        "the root over all leaves, against what was known to be durable".to_owned(),
    ];
    if found.bodies_gone > 0 {
        let removed = count(found.bodies_gone, "text was", "texts were");
        checks.push(format!("{removed} removed, as later records say"));
    }
    if found.attachments > 0 {
        checks.push(format!("{} opened", count(found.attachments, "attachment", "attachments")));
    }
    if found.attachments_elsewhere > 0 {
        let elsewhere = count(found.attachments_elsewhere, "attachment is", "attachments are");
        checks.push(format!("{elsewhere} not stored in this copy"));
    }
    checks
}
