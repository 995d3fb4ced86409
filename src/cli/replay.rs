//! `replay`: the record folded again from nothing, as it was known at a moment.

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Show, Text};
use crate::cli::session::Session;
use crate::cli::words;
use crate::desk::answer::Answer;
use crate::desk::answer::board::{ChannelRow, OvertureRow};
use crate::desk::answer::operation::Replayed;

/// To when.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// A position (that entry included), a recorded time or date, or the name of a moment
    #[arg(long, value_name = "WHEN|POSITION")]
    to: String,
}

impl Replay {
    /// Replays the log and shows what was known.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let answer: Answer<Replayed> = session.get("/v1/replay", &json!({ "to": self.to }))?;
        session.show(&answer)
    }
}

impl Show for Replayed {
    fn text(&self, text: &mut Text) {
        let zone = text.zone().to_owned();
        let last =
            self.last_recorded_at.map(|at| format!(", the last recorded {}", words::moment(at, &zone)));
        let known = words::count(self.size, "event", "events");
        text.line(format!("{known} replayed{}", last.unwrap_or_default()));
        if let Some(last) = &self.last {
            text.hanging(2, &format!("last: {}", words::told(last)));
        }
        text.hanging(2, &format!("root   {}", self.root));
        text.hanging(2, &format!("digest {}", self.digest));
        if !self.removed_since.is_empty() {
            let positions: Vec<String> = self.removed_since.iter().map(ToString::to_string).collect();
            text.hanging(
                2,
                &format!(
                    "texts were removed since, at position {}: a digest made before that cannot be made again",
                    positions.join(", ")
                ),
            );
        }
        text.heading("Channels");
        list(&self.channels, text);
        text.heading("Open overtures");
        list(&self.overtures, text);
    }

    fn columns() -> &'static [&'static str] {
        &["size", "last_recorded_at", "root", "digest", "last", "channels", "overtures"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let state = |row: &ChannelRow| format!("{}: {}", row.name, row.state);
        let status = |row: &OvertureRow| format!("{}: {}", row.handle, row.status);
        vec![vec![
            self.size.to_string(),
            self.last_recorded_at.map(|at| at.to_string()).unwrap_or_default(),
            self.root.clone(),
            self.digest.clone(),
            words::handle(self.last.as_ref()),
            words::joined(self.channels.iter().map(state)),
            words::joined(self.overtures.iter().map(status)),
        ]]
    }
}

/// Writes a list within an answer.
pub(super) fn list<T: Item>(items: &[T], text: &mut Text) {
    if items.is_empty() {
        text.line(T::NOTHING);
    } else {
        T::list(&items.iter().collect::<Vec<_>>(), text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{channel_row, entry_ref, overture_row, shown};

    #[test]
    fn a_replay_tells_what_was_known() {
        let replayed = Replayed {
            size: 150,
            last_recorded_at: Some("2026-11-24T00:00:00.000000Z".parse().unwrap()),
            root: "cd".repeat(32),
            digest: "ef".repeat(32),
            removed_since: Vec::new(),
            last: Some(entry_ref("ik-150", "silence.recorded", "2025-12-02")),
            channels: vec![channel_row("mil-west", "severed")],
            overtures: vec![overture_row("ik-147", "pending", 44)],
        };
        insta::assert_snapshot!(shown(&replayed));
        let empty = Replayed {
            size: 0,
            last_recorded_at: None,
            last: None,
            channels: Vec::new(),
            overtures: Vec::new(),
            ..replayed
        };
        insta::assert_snapshot!(shown(&empty));
    }
}
