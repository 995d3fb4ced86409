//! Every command, with its help and its examples.

mod operate;
mod run;
mod second;

use clap::Subcommand;

use crate::cli::{
    account, audit, author, brief, call, changes, channel, channels, claims, complete, correct, diff, due,
    export, facets, follow, history, import, init, key, late, links, login, meeting, meetings, moment,
    overture, overtures, person, policies, record, redact, register, replay, search, series, serve, show,
    silence, similar, statement, stats, thread, timeline, util, verify, witness,
};

macro_rules! examples {
    ($one:literal, $other:literal) => {
        concat!("Examples:\n  ", $one, "\n  ", $other)
    };
}
pub(super) use examples;

/// What is asked for.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Begin a log in a directory
    #[command(after_help = examples!(
        "demarche init --zone Asia/Seoul",
        "demarche init --name northern-desk --zone Europe/Vienna --dir /srv/desk"
    ))]
    Init(init::Init),
    /// Record an entry of any kind, from flags or as JSON
    #[command(after_help = examples!(
        "demarche record incident --date 2025-08-19 --from PRK/kpa --summary 'Soldiers cross the line'",
        "cat entries.jsonl | demarche record --json - --dry-run"
    ), after_long_help = long())]
    Record(record::Record),
    /// Record what became of a call, or of a round of calls
    #[command(after_help = examples!(
        "demarche call liaison-line --slot 09:00 unanswered --date yesterday",
        "demarche call liaison-line=unanswered mil-west=answered --date 2023-04-06"
    ))]
    Call(call::Call),
    /// Record a proposal, an offer, an invitation or a request
    #[command(after_help = examples!(
        "demarche propose 'Military talks on a reference line' --from KOR/mnd --to PRK --id talks-1",
        "demarche propose 'Reopen the line' --from KOR --to PRK --date 2025-12-10 --deadline 2026-01-15"
    ))]
    Propose(overture::Propose),
    /// Record what an addressee answered
    #[command(after_help = examples!(
        "demarche respond ik-147 rejected 'Nothing to discuss' --from PRK --directness public",
        "demarche respond ik-147 accepted-conditionally --from PRK --condition 'Drills are called off'"
    ))]
    Respond(overture::Respond),
    /// Record that the proposer says it again on the same terms
    #[command(after_help = examples!(
        "demarche reiterate ik-147 --from KOR/mnd --via media",
        "demarche reiterate ik-147 'The offer stands' --from KOR/president --date yesterday"
    ))]
    Reiterate(overture::Reiterate),
    /// Record what becomes of an overture: conveyed, received, urged, lapsed, withdrawn
    #[command(after_help = examples!(
        "demarche overture conveyed ik-147 --via unc-kpa --date 2025-11-18",
        "demarche overture moot ik-071 ik-072 --summary 'The committee was dissolved'"
    ))]
    Overture(overture::Overture),
    /// Record what was said in public
    #[command(after_help = examples!(
        "demarche statement 'No interest in any proposal' --from PRK --outlet KCNA --form press_statement",
        "demarche statement 'Protest against the drill' --as protest --from PRK --to KOR"
    ))]
    Statement(statement::Statement),
    /// Record a message that went out or came in
    #[command(after_help = examples!(
        "demarche message received 'Notice of road works' --from PRK/kpa --to x-unc --via unc-kpa",
        "demarche message sent 'Notice of a search' --from KOR/mnd --to PRK --via mil-west --read-back"
    ))]
    Message(statement::Message),
    /// Record what becomes of a meeting
    #[command(after_help = examples!(
        "demarche meeting schedule --id talks-9 --on 2026-01-09 --from KOR --to PRK --date 2025-12-20",
        "demarche meeting postpone talks-9 --by PRK --cause 'not stated'"
    ))]
    Meeting(meeting::Meeting),
    /// Record what is said or done about a channel, or enter it in the register
    #[command(after_help = examples!(
        "demarche channel sever mil-west mil-east --from PRK --evidence announced --date 2020-06-09",
        "demarche channel register kaesong-line --sort line --end KOR --end PRK --slot 09:00,17:00"
    ))]
    Channel(channel::Channel),
    /// Enter a party in the register, or another name of it; find two to be one, or one to be two
    #[command(after_help = examples!(
        "demarche party register KOR/jcs --alias 합동참모본부",
        "demarche party name PRK --alias 공화국"
    ))]
    Party(register::Party),
    /// Show the persons of the register and their offices, or enter them
    #[command(after_help = examples!(
        "demarche person register 'Kim Yong-chol' --alias 김영철",
        "demarche person role 'Kim Yong-chol' --party PRK/ufd --office director --since 2016 --until 2019"
    ))]
    Person(person::Person),
    /// Set or end a house rule: when an answer is overdue, a line unresponsive
    #[command(after_help = examples!(
        "demarche policy set 'two weeks' --from KOR --to PRK --response-within 14d",
        "demarche policy end 'two weeks' --date 2026-01-01"
    ))]
    Policy(register::Policy),
    /// Show since when a party has been silent, or record the finding that no answer has come
    #[command(after_help = examples!(
        "demarche silence PRK --towards KOR --at 2025-11-20",
        "demarche silence record ik-147 --subject PRK --towards KOR --basis officer_finding --scope any"
    ))]
    Silence(silence::Silence),
    /// Correct an entry; its earlier readings stay
    #[command(after_help = examples!(
        "demarche amend ik-077 --set effective=2013-03-11 --reason 'announced on the 8th'",
        "demarche amend ik-146 --set published=2025-10-23 --set note=null --reason 'second source'"
    ))]
    Amend(correct::Amend),
    /// Strike an entry; it stays readable
    #[command(after_help = examples!(
        "demarche retract ik-145 --reason 'reported twice'",
        "demarche retract ik-144 --reason 'the wrong line' --dry-run"
    ))]
    Retract(correct::Retract),
    /// Assert that one entry bears on another, or take that back
    #[command(after_help = examples!(
        "demarche link ik-146 contradicts ik-144 --confidence low",
        "demarche link ik-146 contradicts ik-144 --withdraw --reason 'another incident was meant'"
    ))]
    Link(correct::Link),
    /// Add a remark to an entry; it moves nothing
    #[command(after_help = examples!(
        "demarche annotate ik-143 'Answers no named overture'",
        "demarche annotate ik-150 'Checked against KCNA' --actor kim"
    ))]
    Annotate(correct::Annotate),
    /// Remove the text of an entry when two approve; that it was there stays provable
    #[command(after_help = examples!(
        "demarche redact ik-141 --basis 'Archives Act, section 4' --approve kim --approve lee --dry-run",
        "demarche redact ik-140 --basis 'Order 12' --approve kim --approve lee --replace instead.json"
    ), after_long_help = redact::help())]
    Redact(redact::Redact),
    /// Import a file of entries, a table, a volume, coded events or mail; a file with a mistake, not at all
    ///
    /// Where a row is wrong nothing is recorded. A long file is recorded in parts: one that is stopped half-way, by a
    /// signal or a power cut, goes on where it stopped when the same command is given again.
    #[command(after_help = examples!(
        "cat chronology.jsonl | demarche import - --name chronology",
        "demarche import calls.csv --mapping calls.json --dry-run"
    ))]
    Import(import::Import),
    /// Export the log, of which an import is a copy with the same root; or entries in the formats of others
    #[command(after_help = examples!(
        "demarche export desk.jsonl",
        "demarche export --as xlsx --between KOR,PRK --from 2018 talks.xlsx"
    ), after_long_help = export::help())]
    Export(export::Export),
    /// Show where every channel stands, or in which state each line was when
    #[command(after_help = examples!(
        "demarche channels --at 2020-06-10 --format csv",
        "demarche channels intervals mil-west liaison-line --from 2018 --format csv"
    ))]
    Channels(channels::Channels),
    /// Show the overtures, or those that stand open, are unanswered, were answered late or by conduct
    #[command(after_help = examples!(
        "demarche overtures --open --at 2025-12-31 --to-party PRK",
        "demarche overtures --answered late,other-channel,conduct"
    ))]
    Overtures(overtures::Overtures),
    /// Show the meetings
    #[command(after_help = examples!(
        "demarche meetings",
        "demarche meetings --status scheduled,postponed"
    ))]
    Meetings(meetings::Meetings),
    /// Show the series of talks, or record what becomes of one
    #[command(after_help = examples!(
        "demarche series general-level",
        "demarche series suspend general-level --by PRK --cause 'not stated'"
    ))]
    Series(series::Series),
    /// Show the register of parties
    #[command(after_help = examples!(
        "demarche parties",
        "demarche parties --format tsv"
    ))]
    Parties,
    /// Show an overture and everything since
    #[command(after_help = examples!(
        "demarche thread ik-147",
        "demarche thread ik-147 --known-as-of 'before the last reports'"
    ))]
    Thread(thread::Thread),
    /// Show what happened, in the order of the world or of the record
    #[command(after_help = examples!(
        "demarche timeline --channel mil-west --between KOR,PRK --from 2018 --to 2023",
        "demarche timeline --from-party PRK --from 2025-06 --via any --reverse --limit 10"
    ))]
    Timeline(timeline::Timeline),
    /// Count entries by channel, party, kind, topic, year and more, and show how they lie in time
    #[command(after_help = examples!(
        "demarche facets --between KOR,PRK --occurred 2018..2020 --by kind,channel",
        "demarche facets --kind '!channel,!call' --density"
    ))]
    Facets(facets::Facets),
    /// Show entries as they are recorded, until it is told to stop
    #[command(after_help = examples!(
        "demarche follow --after 150 --catch-up",
        "demarche follow --kind overture,response --catch-up --format jsonl"
    ))]
    Follow(follow::Follow),
    /// Find what summaries, texts and notes say, in Korean and English
    #[command(after_help = examples!(
        "demarche search '군사회담 제의' --from 2018",
        "demarche search '\"military talks\" OR 군사회담 -적십자' --by occurred --reverse --limit 10"
    ))]
    Search(search::Search),
    /// Show an entry, whole
    #[command(after_help = examples!(
        "demarche show ik-147",
        "demarche show ik-147 --known-as-of 'before the last reports'"
    ))]
    Show(show::Entry),
    /// Show the history of an entry: every reading, who corrected it and why
    #[command(after_help = examples!(
        "demarche history ik-077",
        "demarche history ik-077 --format jsonl"
    ))]
    History(history::History),
    /// Show on what an entry bears and what bears on it, who says so and how sure
    #[command(after_help = examples!(
        "demarche links ik-147",
        "demarche links ik-147 --as answers"
    ))]
    Links(links::Links),
    /// Show on whose word an entry rests, who says otherwise, and who chose its reading
    #[command(after_help = examples!(
        "demarche claims ik-144",
        "demarche claims ik-144 --format json"
    ))]
    Claims(claims::Claims),
    /// Show the entries on which sources contradict each other
    #[command(after_help = examples!(
        "demarche conflicts",
        "demarche conflicts --channel mil-west --occurred 2023"
    ))]
    Conflicts(claims::Conflicts),
    /// Show what was said and done before in a like situation, and what came of it
    #[command(after_help = examples!(
        "demarche similar ik-147",
        "demarche similar ik-147 --limit 3"
    ))]
    Similar(similar::Similar),
    /// Write one page about an offer, with footnotes
    #[command(after_help = examples!(
        "demarche brief ik-147",
        "demarche brief ik-147 --as markdown"
    ))]
    Brief(brief::Brief),
    /// Show which answers are due or overdue, and on what basis
    #[command(after_help = examples!(
        "demarche due --within 7d",
        "demarche due --basis none"
    ))]
    Due(due::Due),
    /// Show the house rules and agreed rules in force, for whom and from when to when
    #[command(after_help = examples!(
        "demarche policies",
        "demarche policies --all"
    ))]
    Policies(policies::Policies),
    /// Count answers: how many came, how, and after how long
    #[command(after_help = examples!(
        "demarche stats answers --by party,year",
        "demarche stats answers --by channel --to-party PRK --from 2000"
    ))]
    Stats(stats::Stats),
    /// Show what was recorded since you last looked, or by whom between two times, with the reasons
    #[command(after_help = examples!(
        "demarche changes --since 150",
        "demarche changes --by kim --recorded 2026-01..2026-12"
    ))]
    Changes(changes::Changes),
    /// Show what was recorded long after it had happened, and why
    #[command(after_help = examples!(
        "demarche late --lag 2w",
        "demarche late --by kim --recorded 2026.."
    ))]
    Late(late::Late),
    /// Fold the log again from nothing, as it was known at a moment
    #[command(after_help = examples!(
        "demarche replay --to 100",
        "demarche replay --to 'before the last reports' --format json"
    ))]
    Replay(replay::Replay),
    /// Show what changed between two knowings, and the events that did it
    #[command(after_help = examples!(
        "demarche diff 100 150",
        "demarche diff 'before the last reports'"
    ))]
    Diff(diff::Diff),
    /// Name what is known now, for a later --known-as-of
    #[command(after_help = examples!(
        "demarche moment 'morning briefing'",
        "demarche moment 2026-11-25-evening"
    ))]
    Moment(moment::Moment),
    /// Show the moments that were named
    #[command(after_help = examples!(
        "demarche moments",
        "demarche moments --format csv"
    ))]
    Moments,
    /// Check the whole record; exit with 3 where it is damaged or altered
    #[command(after_help = examples!(
        "demarche verify",
        "demarche verify --without-texts --format json"
    ))]
    Verify(verify::Verify),
    /// Check the record as an outsider does, or ask who read it
    #[command(after_help = examples!(
        "demarche audit log-reads",
        "demarche audit readers ik-147"
    ))]
    Audit(audit::Audit),
    /// Make, add, revoke or list the keys with which people sign what they record
    #[command(after_help = examples!(
        "demarche author key new kim.key",
        "demarche author key add kim kim.key"
    ))]
    Author(author::Author),
    /// Open, change, disable or remove the accounts with which people and programs come in
    #[command(after_help = examples!(
        "demarche account add choi --role reader --clearance TLP:RED",
        "demarche account list"
    ))]
    Account(account::Account),
    /// Come in to a server with the password of an account, and keep the session in a file
    #[command(after_help = examples!(
        "demarche login kim --credential kim.session",
        "demarche login kim --server https://desk.example"
    ))]
    Login(login::Login),
    /// End the session that is kept in a file, at once and wherever it was copied to
    #[command(after_help = examples!(
        "demarche logout --credential kim.session",
        "demarche logout --server https://desk.example"
    ))]
    Logout,
    /// Show as whom you come in, and what you may
    #[command(after_help = examples!(
        "demarche whoami",
        "demarche whoami --format json"
    ))]
    Whoami,
    /// Make a copy the writable log
    #[command(after_help = examples!(
        "demarche adopt desk-0a1b2c3d",
        "demarche adopt desk-0a1b2c3d --dir /srv/copy"
    ))]
    Adopt(verify::Adopt),
    #[command(flatten)]
    Operate(operate::Operate),
    #[command(flatten)]
    Second(second::Second),
    /// Show what the log is
    #[command(after_help = examples!(
        "demarche log",
        "demarche log --format json"
    ))]
    Log,
    /// Show or replace the keys that sign the log
    #[command(after_help = examples!(
        "demarche key list",
        "demarche key export-vkey"
    ))]
    Key(key::Key),
    /// Serve the API on a port and on the socket of the directory
    #[command(after_help = examples!(
        "demarche serve --port 0 --dir /srv/desk",
        "demarche serve --listen 0.0.0.0 --accounts --tls-cert desk.crt --tls-key desk.key"
    ))]
    Serve(serve::Serve),
    /// Cosign the checkpoints of logs, each only as the continuation of the last
    #[command(after_help = examples!(
        "demarche witness init --name witness.example/w1",
        "demarche witness list"
    ))]
    Witness(witness::WitnessOf),
    /// Show in a minute what this is about, in a log of its own
    #[command(after_help = examples!(
        "demarche demo",
        "demarche demo --dir /tmp/demarche-demo"
    ))]
    Demo,
    /// Say what may be typed next, for the scripts of `util completions`
    #[command(hide = true)]
    Complete(complete::Complete),
    /// Write completions, pages of the manual, or schemas
    #[command(after_help = examples!(
        "demarche util completions bash",
        "demarche util schemas"
    ))]
    Util(util::Util),
}

fn long() -> String {
    format!(
        "Kinds:\n{}\n\n{}",
        record::kinds(),
        examples!(
            "demarche record incident --date 2025-08-19 --from PRK/kpa --summary 'Soldiers cross the line'",
            "cat entries.jsonl | demarche record --json - --dry-run"
        )
    )
}
