//! What of a log does not stand beside its files: what was signed, by what it is published, who read it, and what was
//! removed from it.

use crate::desk::Desk;
use crate::desk::checkpoint::file;
use crate::desk::doctor::Finding;
use crate::desk::error::DeskError;
use crate::desk::publication::{POLICY, PUBLISH, PUBLISHED};
use crate::store::Damage;
use crate::store::segment::checkpoint::FIRST_KEYS;

/// Tells whether a file is one of those that hold checkpoints or their time stamps.
pub(super) fn is_of_checkpoints(name: &str) -> bool {
    let within = |part: &str| name.strip_prefix(part).is_some_and(|rest| rest.starts_with('/'));
    [file::NEWEST, PUBLISHED].contains(&name) || within(file::KEPT) || within(file::STAMPS)
}

/// Returns what `log` finds beyond the files of the log; what these `damages` say is said already, and so is what the
/// mark beside the keys says.
pub(super) fn beyond(desk: &Desk, damages: &[Damage]) -> Vec<Finding> {
    let mut found = Vec::new();
    match desk.standing().and_then(|standing| desk.fallen(&standing)) {
        Ok(fallen) => {
            let is_new = |one: &&Damage| !damages.iter().any(|known| known.file == one.file);
            found.extend(fallen.iter().filter(is_new).filter_map(fallen_file));
        }
        // What keeps it from being checked is named.
        Err(DeskError::Damaged(_)) if !damages.is_empty() => {}
        Err(error) => {
            let says = format!("what was signed was not checked: {error}");
            found.push(Finding::grave("checkpoint", says, "run `verify`"));
        }
    }
    if let Err(DeskError::Damaged(what)) = desk.check_read_log()
        && damages.is_empty()
    {
        let todo = "put `reads/` back from a backup; where it is lost, `audit log-reads --anew REASON` begins another, \
                    which the record says for ever; nobody can read until then";
        found.push(Finding::grave("reads", what, todo));
    }
    let again = desk.openable_again();
    if let Some(first) = again.first() {
        let more = again.len() - 1;
        let more = if more == 0 { String::new() } else { format!(" (and {more} more; run `verify`)") };
        let todo = "record something, or run `backup`: whatever opens the log for writing ends the removal; destroy \
                    the older copy of `secrets/`";
        found.push(Finding::grave("removals", format!("{first}{more}"), todo));
    }
    found
}

/// Says what to do about a file that does not stand; nothing of the mark beside the keys.
fn fallen_file(fallen: &Damage) -> Option<Finding> {
    let (of, todo) = match fallen.file.as_str() {
        FIRST_KEYS => {
            ("keys", "put it back from a backup, and hand nobody its keys until `verify` is content")
        }
        POLICY | PUBLISH => ("policy", "`audit policy FILE` says anew by what the log is published"),
        name if is_of_checkpoints(name) => (
            "checkpoint",
            "put a whole copy in its place, from a backup or from whoever it was handed to, and run `verify`",
        ),
        _ => return None,
    };
    Some(Finding::grave(of, fallen.to_string(), todo))
}

#[cfg(test)]
mod tests;
