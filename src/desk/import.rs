//! Importing a file: every line checked before anything is recorded, then recorded in parts that may be
//! repeated.

mod chronology;
pub(super) mod exported;
mod lines;
mod look;
mod patterns;
mod reading;
mod survey;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::Imported;
use crate::desk::ask::{Caller, ImportAsk, Wait, When};
use crate::desk::error::{DeskError, Fault};
use crate::store::Health;
use crate::store::leaf::HexHash;

/// How many wrong lines an answer names.
const WRONG_MAX: usize = 100;
/// How many doubtful lines an answer names.
const DOUBTFUL_MAX: usize = 1_000;
const STEM_BYTES_MAX: usize = 100;

impl Desk {
    /// Imports a file of entries (JSON Lines in the entry format), or an export of a log.
    ///
    /// With a wrong line nothing is recorded, and the answer says what is wrong. Entries go in appends of
    /// at most 1,000, so an import that was interrupted has recorded a part: repeating it completes it, and
    /// repeating one that was complete records nothing.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError`] when the log cannot be read or written; parts that were recorded before stay.
    pub fn import(
        &self,
        caller: &Caller,
        ask: &ImportAsk,
        file: &[u8],
    ) -> Result<Answer<Imported>, DeskError> {
        let stem = stem(&ask.file)?;
        if ask.wait.is_some() && !ask.dry_run {
            self.check_signs()?;
        }
        let mut recorded = Vec::new();
        let mut imported = if exported::is_export(file) {
            self.import_export(ask, file)?
        } else {
            self.import_chronology(caller, &stem, ask.dry_run, file, &mut recorded)?
        };
        shorten(&mut imported.wrong, WRONG_MAX);
        shorten(&mut imported.doubtful, DOUBTFUL_MAX);
        let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
        if self.store.health() == Health::Copy {
            known.notice(format!(
                "this is a read-only copy of {}; `adopt` makes it the writable one",
                self.store.log_id()
            ));
        }
        let head = self.store.head();
        imported.size = head.size;
        imported.root = HexHash(head.root).to_string();
        let mut answer = known.answer(imported);
        if ask.wait == Some(Wait::Checkpoint) {
            answer.data.proofs = self.proofs_or_notice(recorded, &mut answer.notices);
        }
        // What is asked of a copy is not recorded by it.
        let records = !ask.dry_run && self.store.health() != Health::Copy;
        Ok(if records { self.with_notice(answer) } else { answer })
    }
}

/// Returns the name of a file without its folder and its ending: the namespace of the ids of its rows.
fn stem(file: &str) -> Result<String, DeskError> {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let stem = match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    };
    let stem = if stem == "-" { "stdin" } else { stem };
    if stem.is_empty()
        || stem.len() > STEM_BYTES_MAX
        || stem.chars().any(|letter| letter.is_control() || letter == ':')
    {
        let detail = format!(
            "`{file}` is no name of a file whose rows can be named by it; it has 1 to {STEM_BYTES_MAX} bytes and no colon"
        );
        return Err(Fault::in_field("file", detail).into());
    }
    Ok(stem.to_owned())
}

/// Puts faults in the order of their lines, and leaves out those beyond a number, saying how many.
fn shorten(faults: &mut Vec<Fault>, most: usize) {
    faults.sort_by_key(|fault| fault.line);
    if faults.len() > most {
        let more = faults.len() - most;
        faults.truncate(most);
        faults.push(Fault::new(format!("and {more} more")));
    }
}

#[cfg(test)]
mod tests;
