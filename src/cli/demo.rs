//! `demo`: a real chronology in a log of its own, and what can be asked of it, in a minute's reading.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::diff::between;
use crate::cli::failure::{Failure, Given};
use crate::cli::import::import;
use crate::cli::init::begin;
use crate::cli::output::{Format, Show, Text};
use crate::cli::record::{Submission, submit};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::board::{ChannelRow, OvertureRow};
use crate::desk::answer::entry::Thread;
use crate::desk::answer::operation::{DiffRow, MomentRow, Verified};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{ImportAsk, OverturesAsk};
use crate::desk::keys::place::KeyPlace;

/// Dated contacts between South and North Korea, 1971 to 2025, in this project's own words.
const CHRONOLOGY: &str = include_str!("../desk/demo/chronology.jsonl");
/// The name of the file that the rows come from.
const FILE: &str = "chronology.jsonl";
/// How many of the last rows come in after the moment was named.
const LATER: usize = 3;
/// What the moment is called.
const MOMENT: &str = "before the last reports";
/// The offer of November 2025.
const OFFER: &str = "ik-147";
/// How many open overtures are shown.
const OPEN: u32 = 3;
/// How wide the lines are where no terminal says.
const WIDTH: usize = 100;

/// Builds the log and shows what can be asked of it.
pub(super) fn run(session: &mut Session) -> Result<(), Failure> {
    if session.globals.format != Format::Text {
        return Err(Failure::Usage {
            what: "the demonstration is for people".to_owned(),
            hint: "leave `--format` out; the log that it leaves behind answers in every format".to_owned(),
        });
    }
    session.screen.width = session.screen.width.or(Some(WIDTH));
    // It shows a log of its own, wherever the user's is.
    session.globals.server = None;
    let dir = fresh(session.globals.dir_typed());
    session.globals.dir = Some(dir.clone());
    session.globals.actor.get_or_insert_with(|| "demo".to_owned());
    let keys = beside(&dir);
    session.globals.place = KeyPlace::directory(&keys);
    begin(&dir, "demo", "Asia/Seoul", Some(&session.globals.place), None, false)?;
    let rows = CHRONOLOGY.lines().count();
    session.say(&format!(
        "A log of its own in {}: {rows} dated contacts between South and North Korea, 1971 to 2025.",
        dir.display()
    ))?;
    session.say(&format!(
        "The last {LATER} rows came in later. Two entries are made up for this demonstration: a late report that \
         {OFFER}\nwas conveyed (`made-up`), and a correction of ik-146."
    ))?;
    fill(session)?;
    lines(session)?;
    overtures(session)?;
    thread(session)?;
    knowings(session)?;
    check(session)?;
    next(session, &dir, &keys)
}

/// Returns where the keys of the demonstration are: beside its log, never among those of the user.
fn beside(dir: &Path) -> PathBuf {
    let mut keys = dir.as_os_str().to_owned();
    keys.push("-keys");
    PathBuf::from(keys)
}

/// Returns a directory that does not exist yet: the one that was asked for or one named like it, else one
/// among the temporary files.
fn fresh(asked: Option<PathBuf>) -> PathBuf {
    let free = |dir: &PathBuf| !dir.exists() || dir.read_dir().is_ok_and(|mut files| files.next().is_none());
    match asked {
        Some(dir) if free(&dir) => dir,
        Some(dir) => (2..10_000)
            .map(|number| {
                let mut name = dir.clone().into_os_string();
                name.push(format!("-{number}"));
                PathBuf::from(name)
            })
            .find(|dir| free(dir))
            .unwrap_or(dir),
        None => std::env::temp_dir().join(format!("demarche-demo-{}", uuid::Uuid::new_v4().simple())),
    }
}

/// Imports the chronology but for its last rows, names that moment, then lets in the rest, a late report
/// and a correction.
fn fill(session: &mut Session) -> Result<(), Failure> {
    let lines: Vec<&str> = CHRONOLOGY.lines().collect();
    let earlier = lines.get(..lines.len().saturating_sub(LATER)).unwrap_or_default().join("\n");
    let ask = ImportAsk { file: FILE.to_owned(), ..ImportAsk::default() };
    import(session, &ask, earlier.into_bytes())?;
    let body = json!({ "name": MOMENT }).to_string().into_bytes();
    let _: Answer<MomentRow> = session.post("/v1/moments", &(), body, Given::Data)?;
    // The whole file again: what is in the log already is not recorded twice.
    import(session, &ask, CHRONOLOGY.as_bytes().to_vec())?;
    let late = json!({
        "kind": "overture.conveyed", "date": "2025-11-18", "learned": "2025-12-05", "from": "KOR/mnd",
        "to": "PRK", "via": "unc-kpa", "in_reply_to": OFFER, "id": "made-up",
        "summary": "The United Nations Command passes the offer on at Panmunjom (made up).",
        "note": "made up for this demonstration",
    });
    let correction = json!({
        "kind": "record.amended", "target": "ik-146",
        "changes": { "summary": "About twenty soldiers cross near Paju and go back after warning shots." },
        "reason": "made up for this demonstration: the day of publication stands in a field of its own",
    });
    for entry in [late, correction] {
        let serde_json::Value::Object(entry) = entry else { continue };
        submit(session, vec![entry], &Submission::default(), Given::Data)?;
    }
    Ok(())
}

/// Shows an answer under a heading, without the line that tells what was known.
fn part<T>(
    session: &mut Session,
    heading: &str,
    answer: &Answer<T>,
    tell: impl FnOnce(&T, &mut Text),
) -> Result<(), Failure> {
    session.say("")?;
    let mut text = Text::new(session.screen, &answer.as_of.zone);
    text.heading(heading);
    tell(&answer.data, &mut text);
    session.out.write_all(text.finish().as_bytes()).map_err(Failure::Output)
}

fn lines(session: &mut Session) -> Result<(), Failure> {
    let answer: Answer<Page<ChannelRow>> = session.get("/v1/channels", &())?;
    part(session, "1. Where every line stands, and the date of the last evidence", &answer, |page, text| {
        let (lines, stateless): (Vec<&ChannelRow>, Vec<&ChannelRow>) =
            page.items.iter().partition(|row| row.state != "none");
        let mut table = Table::new(["line", "state", "since", "last evidence", "entry"]);
        for row in lines {
            table.row([
                row.name.clone(),
                format!("{}{}", if row.possibly { "possibly " } else { "" }, row.state),
                words::date_or(row.since.as_ref(), words::NO_RECORD),
                words::date_or(
                    row.last_evidence.as_ref().and_then(|entry| entry.date.as_ref()),
                    words::NO_RECORD,
                ),
                words::handle(row.reason.as_ref()),
            ]);
        }
        text.table(&table);
        let names: Vec<&str> = stateless.iter().map(|row| row.name.as_str()).collect();
        text.line(format!("Carriers and forums, which have no state: {}", names.join(", ")));
    })
}

fn overtures(session: &mut Session) -> Result<(), Failure> {
    let ask = OverturesAsk {
        open: true,
        sort: Some("issued".to_owned()),
        limit: Some(OPEN),
        ..OverturesAsk::default()
    };
    let answer: Answer<Page<OvertureRow>> = session.get("/v1/overtures", &ask)?;
    let (shown, all) = (answer.data.items.len() as u64, answer.data.total);
    let heading = format!("2. Open overtures, the latest {shown} of {all}: age, status, and on what basis");
    part(session, &heading, &answer, Show::text)
}

fn thread(session: &mut Session) -> Result<(), Failure> {
    let mut answer: Answer<Thread> = session.get(&format!("/v1/threads/{OFFER}"), &())?;
    // `thread` itself lists what may be related.
    answer.data.related.clear();
    part(session, "3. The offer of November 2025, and everything since", &answer, Show::text)
}

fn knowings(session: &mut Session) -> Result<(), Failure> {
    let mut answer = between(session, MOMENT, None)?;
    let changes = std::mem::take(&mut answer.data.changes);
    let (new, other): (Vec<DiffRow>, Vec<DiffRow>) =
        changes.into_iter().partition(|change| change.before.is_none());
    answer.data.changes = other;
    let heading = format!("4. What was known at the moment named `{MOMENT}`, and now");
    part(session, &heading, &answer, |diff, text| {
        diff.text(text);
        text.gap();
        let new: Vec<String> = new.iter().map(|change| format!("{} {}", change.what, change.name)).collect();
        text.hanging(0, &format!("not known then: {}", new.join(", ")));
    })
}

fn check(session: &mut Session) -> Result<(), Failure> {
    let answer: Answer<Verified> = session.get_plain("/v1/verify")?;
    part(session, "5. Whether the record is sound", &answer, Show::text)?;
    if answer.data.sound { Ok(()) } else { Err(Failure::Unsound) }
}

fn next(session: &mut Session, dir: &Path, keys: &Path) -> Result<(), Failure> {
    let program = std::env::args().next().unwrap_or_else(|| "demarche".to_owned());
    let lines = [
        String::new(),
        "What to type next:".to_owned(),
        format!("  export DEMARCHE_DIR='{}' DEMARCHE_KEYS='{}'", dir.display(), keys.display()),
        format!("  {program} channels --at 2020-06-10"),
        format!("  {program} thread {OFFER} --known-as-of '{MOMENT}'"),
        format!("  {program} timeline --channel mil-west --from 2018 --to 2023"),
        format!("  {program} call liaison-line --slot 09:00 unanswered --date yesterday"),
        format!("  {program} history ik-146"),
        format!("  {program} --help"),
    ];
    lines.iter().try_for_each(|line| session.say(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demonstration_never_writes_into_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let asked = dir.path().join("demo");
        assert_eq!(fresh(Some(asked.clone())), asked);
        std::fs::create_dir(&asked).unwrap();
        assert_eq!(fresh(Some(asked.clone())), asked);
        std::fs::write(asked.join("head"), "").unwrap();
        assert_eq!(fresh(Some(asked.clone())), dir.path().join("demo-2"));
        assert_ne!(fresh(None), fresh(None));
        assert!(!fresh(None).exists());
    }
}
