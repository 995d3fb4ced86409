//! The flags of the one filter language, for every command that is about a part of the log.

use clap::Args;

use crate::desk::ask::FilterAsk;

/// What of the log is meant. In every list `!` before an item leaves it out.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which entries (`!` before an item of a list leaves it out)")]
pub(super) struct Filter {
    /// About or over these channels or series, comma separated: mil-west,!media
    #[arg(long, value_name = "CHANNELS")]
    channel: Option<String>,
    /// Carried by these channels, comma separated; `any` for whatever carried it, `none` for what nothing carried; so also
    /// of `--channel`, `--from-party`, `--to-party` and `--party`
    #[arg(long, value_name = "CHANNELS")]
    via: Option<String>,
    /// About these channels, overtures, meetings, series or parties, comma separated
    #[arg(long, value_name = "NAMES")]
    about: Option<String>,
    /// Between these two parties and their bodies, either way: KOR,PRK; also what names nobody: calls over a line
    /// between the two, answers to an offer of one to the other
    #[arg(long, value_name = "PARTY,PARTY")]
    between: Option<String>,
    /// From these parties or bodies of them, comma separated
    #[arg(long, value_name = "PARTIES")]
    from_party: Option<String>,
    /// To these parties or bodies of them, comma separated
    #[arg(long, value_name = "PARTIES")]
    to_party: Option<String>,
    /// From or to these parties or bodies of them, comma separated
    #[arg(long, value_name = "PARTIES")]
    party: Option<String>,
    /// In which these persons speak or are named, by any of their names in the register, comma separated
    #[arg(long, value_name = "PERSONS")]
    person: Option<String>,
    /// Of these kinds or families, comma separated: overture.proposed,response
    #[arg(long, value_name = "KINDS")]
    kind: Option<String>,
    /// On these topics, comma separated
    #[arg(long, value_name = "TOPICS")]
    topic: Option<String>,
    /// With these markings, comma separated; `none` for what has none
    #[arg(long, value_name = "MARKINGS")]
    marking: Option<String>,
    /// With a source of these grades, comma separated: B2, A-C, A-C1-3; `none` for what has no source
    #[arg(long, value_name = "GRADES")]
    grade: Option<String>,
    /// Recorded by these persons, comma separated
    #[arg(long, value_name = "NAMES")]
    recorder: Option<String>,
    /// Only `struck`, `amended` or `redacted` entries, comma separated, or `all`; struck ones are left out without it
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// With these words in summaries, texts and notes: '"joint communiqué" OR 회담 -적십자'
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// At these positions of the log: 100..200, 100.., ..200
    #[arg(long, value_name = "RANGE")]
    position: Option<String>,
    /// Happened within these dates: 2018..2019-06, 2018.., 2018
    #[arg(long, value_name = "RANGE")]
    occurred: Option<String>,
    /// Happened at or after this date
    #[arg(long, value_name = "DATE", alias = "since")]
    from: Option<String>,
    /// Happened at or before this date
    #[arg(long, value_name = "DATE", alias = "until")]
    to: Option<String>,
    /// Only what certainly happened between the dates, not what possibly did: the whole of its date lies within them;
    /// `--at` and `--known-as-of` do not cut that short
    #[arg(long)]
    certainly: bool,
    /// Recorded within these times: 2026-03..2026-04
    #[arg(long, value_name = "RANGE")]
    recorded: Option<String>,
    /// Recorded at or after this time
    #[arg(long, value_name = "TIME")]
    recorded_from: Option<String>,
    /// Recorded at or before this time
    #[arg(long, value_name = "TIME")]
    recorded_to: Option<String>,
    /// With registrations and corrections, which say nothing of the world; a kind of them that is named needs no
    /// asking
    #[arg(long)]
    bookkeeping: bool,
}

impl Filter {
    /// Returns what is meant, as the API takes it.
    pub(super) fn ask(&self) -> FilterAsk {
        let given = self.clone();
        FilterAsk {
            channel: given.channel,
            via: given.via,
            about: given.about,
            between: given.between,
            from_party: given.from_party,
            to_party: given.to_party,
            party: given.party,
            person: given.person,
            kind: given.kind,
            topic: given.topic,
            marking: given.marking,
            grade: given.grade,
            recorder: given.recorder,
            status: given.status,
            text: given.text,
            position: given.position,
            occurred: given.occurred,
            from: given.from,
            to: given.to,
            certainly: given.certainly,
            recorded: given.recorded,
            recorded_from: given.recorded_from,
            recorded_to: given.recorded_to,
            bookkeeping: given.bookkeeping,
        }
    }
}
