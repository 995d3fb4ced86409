//! `verify`, `rebuild`, `adopt`, `log`: what the log is, whether it is sound, and whose copy it is.

use clap::Args;
use serde_json::json;

use crate::cli::failure::{Failure, Given};
use crate::cli::output::{Show, Text};
use crate::cli::session::Session;
use crate::cli::words;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::{LogRow, Rebuilt, Verified};
use crate::desk::ask::VerifyAsk;
use crate::desk::{AdoptKeys, DAMAGED};

/// How far the record is checked.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Open no text: everything else is checked, in about half of the time
    #[arg(long)]
    without_texts: bool,
}

impl Verify {
    /// Checks the whole record, and fails where it is not sound.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let ask = VerifyAsk { without_texts: self.without_texts };
        let answer: Answer<Verified> = session.get("/v1/verify", &ask)?;
        session.show(&answer)?;
        if answer.data.sound && answer.data.damages.is_empty() { Ok(()) } else { Err(Failure::Unsound) }
    }
}

/// Shows what the log is, and fails where it is not sound.
pub(super) fn log(session: &mut Session) -> Result<(), Failure> {
    let answer: Answer<LogRow> = session.get_plain("/v1/log")?;
    session.show(&answer)?;
    if answer.data.health.starts_with(DAMAGED) { Err(Failure::Unsound) } else { Ok(()) }
}

/// Which copy.
#[derive(Debug, Args)]
pub(super) struct Adopt {
    /// The name of the log, typed out: it says that the original is written no more
    log: String,
    /// The keys of the log are lost: make others, which the log says for ever
    #[arg(long)]
    new_keys: bool,
    /// The log was never signed, or is signed no more
    #[arg(long, conflicts_with = "new_keys")]
    no_keys: bool,
}

impl Adopt {
    /// Makes the copy the writable log.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let keys = match (self.new_keys, self.no_keys) {
            (true, _) => AdoptKeys::New,
            (_, true) => AdoptKeys::None,
            (false, false) => AdoptKeys::AtHand,
        };
        let body = json!({ "log": self.log, "keys": keys }).to_string().into_bytes();
        let answer: Answer<LogRow> = session.post("/v1/adopt", &(), body, Given::Flags)?;
        session.show(&answer)
    }
}

/// How the projections are rebuilt.
#[derive(Debug, Args)]
pub(super) struct Rebuild {
    /// Compare only, and change nothing; exit with 3 where they disagree
    #[arg(long)]
    check: bool,
}

impl Rebuild {
    /// Rebuilds the projections from the log, or compares them with it.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let ask = json!({ "check": self.check });
        let answer: Answer<Rebuilt> = session.post("/v1/rebuild", &ask, Vec::new(), Given::Flags)?;
        session.show(&answer)?;
        if answer.data.agrees || answer.data.swapped { Ok(()) } else { Err(Failure::Disagrees) }
    }
}

impl Show for Verified {
    fn text(&self, text: &mut Text) {
        let checked = words::count(self.checked, "event", "events");
        let sound = self.sound && self.damages.is_empty();
        text.line(format!("{}: {checked} checked", if sound { "sound" } else { "NOT SOUND" }));
        text.hanging(2, &format!("root {}", self.root));
        self.checks.iter().for_each(|check| text.hanging(2, check));
        for damage in &self.damages {
            let position = damage
                .position
                .map_or_else(|| "position not known".to_owned(), |position| format!("position {position}"));
            text.hanging(
                2,
                &format!("damage: {position}, {} at byte {}: {}", damage.file, damage.offset, damage.what),
            );
        }
    }

    fn columns() -> &'static [&'static str] {
        &["sound", "checked", "root", "file", "offset", "position", "what"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let head = || vec![self.sound.to_string(), self.checked.to_string(), self.root.clone()];
        if self.damages.is_empty() {
            return vec![[head(), vec![String::new(); 4]].concat()];
        }
        let row = |damage: &crate::desk::answer::operation::DamageRow| {
            let position = damage.position.map(|position| position.to_string()).unwrap_or_default();
            let found = vec![damage.file.clone(), damage.offset.to_string(), position, damage.what.clone()];
            [head(), found].concat()
        };
        self.damages.iter().map(row).collect()
    }
}

impl Show for LogRow {
    fn text(&self, text: &mut Text) {
        text.line(format!("{}: {}, {}", self.log, words::count(self.size, "event", "events"), self.health));
        text.hanging(2, &format!("root {}", self.root));
        text.hanging(2, &format!("zone {}: a date without a time ends with its day there", self.zone));
        text.hanging(2, if self.writable { "takes appends" } else { "read-only" });
        match &self.checkpoint {
            Some(signed) => {
                let by = signed.keys.join(", ");
                let behind = self.size.saturating_sub(signed.size);
                let covers = match behind {
                    0 => "all events".to_owned(),
                    behind => format!("all but the last {}", words::count(behind, "event", "events")),
                };
                let when = words::moment(signed.time, text.zone());
                text.hanging(
                    2,
                    &format!("checkpoint of size {}, {covers}, signed {when} by {by}", signed.size),
                );
            }
            None => text.hanging(2, "not signed: the log has no checkpoint"),
        }
        if let Some(why) = &self.unsigned {
            text.hanging(2, why);
        }
    }

    fn columns() -> &'static [&'static str] {
        &[
            "log",
            "size",
            "root",
            "zone",
            "health",
            "writable",
            "checkpoint_size",
            "checkpoint_time",
            "checkpoint_keys",
        ]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        vec![vec![
            self.log.clone(),
            self.size.to_string(),
            self.root.clone(),
            self.zone.clone(),
            self.health.clone(),
            self.writable.to_string(),
            self.checkpoint.as_ref().map(|signed| signed.size.to_string()).unwrap_or_default(),
            self.checkpoint.as_ref().map(|signed| signed.time.to_string()).unwrap_or_default(),
            self.checkpoint.as_ref().map(|signed| signed.keys.join(" ")).unwrap_or_default(),
        ]]
    }
}

impl Show for Rebuilt {
    fn text(&self, text: &mut Text) {
        let replayed = words::count(self.size, "event", "events");
        let agrees = if self.agrees { "agree with" } else { "DO NOT AGREE with" };
        text.line(format!("{replayed} replayed; the projections that were served {agrees} the log"));
        text.hanging(2, &format!("served  {}", self.served));
        text.hanging(2, &format!("rebuilt {}", self.rebuilt));
        if self.swapped {
            text.hanging(2, "the rebuilt ones are in their place now");
        }
    }

    fn columns() -> &'static [&'static str] {
        &["size", "served", "rebuilt", "agrees", "swapped"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        vec![vec![
            self.size.to_string(),
            self.served.clone(),
            self.rebuilt.clone(),
            self.agrees.to_string(),
            self.swapped.to_string(),
        ]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{answer_of, exit, shown};
    use crate::desk::answer::operation::{CheckpointRow, DamageRow};

    fn verified(damages: Vec<DamageRow>) -> Verified {
        Verified {
            sound: damages.is_empty(),
            checked: 151,
            root: "ab".repeat(32),
            damages,
            checks: vec!["every frame, leaf and body".to_owned()],
        }
    }

    fn damage() -> DamageRow {
        DamageRow {
            file: "log/000000000000.seg".to_owned(),
            offset: 4096,
            position: Some(7),
            what: "the checksum does not match".to_owned(),
        }
    }

    #[test]
    fn damage_is_named_and_fails() {
        insta::assert_snapshot!(shown(&verified(vec![damage()])));
        insta::assert_snapshot!(shown(&verified(Vec::new())));
        assert_eq!(exit(&["verify"], 200, &answer_of(verified(vec![damage()]))), 3);
        assert_eq!(exit(&["verify"], 200, &answer_of(verified(Vec::new()))), 0);
    }

    #[test]
    fn projections_that_disagree_fail_unless_they_were_replaced() {
        let rebuilt = |agrees, swapped| Rebuilt {
            size: 151,
            served: "ab".repeat(32),
            rebuilt: "cd".repeat(32),
            agrees,
            swapped,
        };
        insta::assert_snapshot!(shown(&rebuilt(false, true)));
        assert_eq!(exit(&["rebuild", "--check"], 200, &answer_of(rebuilt(true, false))), 0);
        assert_eq!(exit(&["rebuild", "--check"], 200, &answer_of(rebuilt(false, false))), 3);
        assert_eq!(exit(&["rebuild"], 200, &answer_of(rebuilt(false, true))), 0);
    }

    #[test]
    fn a_log_says_whether_it_takes_appends() {
        let log = LogRow {
            log: "desk-0a1b2c3d".to_owned(),
            size: 151,
            root: "ab".repeat(32),
            zone: "Asia/Seoul".to_owned(),
            health: "sound".to_owned(),
            writable: false,
            checkpoint: None,
            keys: Vec::new(),
            unsigned: None,
        };
        insta::assert_snapshot!(shown(&log));
        let checkpoint = CheckpointRow {
            size: 149,
            root: "cd".repeat(32),
            time: "2026-11-24T00:00:02.000000Z".parse().unwrap(),
            keys: vec!["desk-0a1b2c3d+0a0b0c0d".to_owned(), "desk-0a1b2c3d+1a1b1c1d".to_owned()],
        };
        let unsigned = Some("the checkpoint was not signed: no keys were named".to_owned());
        insta::assert_snapshot!(shown(&LogRow { checkpoint: Some(checkpoint), unsigned, ..log }));
    }
}
