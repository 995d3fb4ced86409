//! What comes is made ready for all who wait for it by one thread at a time: what they see the same of is made once, and
//! what they read of it is noted at once. A thread for each would cost more than everything else that is done for them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::desk::access::{Door, Entrance, Principal, Reader};
use crate::desk::reads::{Noted, Read};
use crate::http::feed::part::{Question, Rendered};
use crate::http::feed::{ENTRIES_MAX, Hub, Looked};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::reading::Reading;

/// For so many it is done at once before the first of them hear of it: no more than are noted with one write.
const AT_ONCE: usize = 128;

/// The part of the log that is the whole of it ([`Reader::part`]).
const WHOLE: u64 = 0;

/// What somebody who follows the log is to be told next.
pub(super) struct Wanted {
    pub(super) door: Door,
    pub(super) entrance: Entrance,
    pub(super) who: Arc<Principal>,
    pub(super) question: Arc<Question>,
    pub(super) reading: Arc<Reading>,
    /// The bookmark from which they go on, before the first look.
    pub(super) after: Option<u64>,
    /// Every position below this was looked at.
    pub(super) from: u64,
    /// Of what part of the log, and up to where the whole of it was; none before the first look.
    pub(super) looked: Option<Looked>,
}

/// A part that was made for somebody who may read it.
pub(super) struct Made {
    pub(super) part: Rendered,
    pub(super) looked: Looked,
}

impl Wanted {
    /// Tells whether they saw the whole log when they last looked.
    fn is_whole(&self) -> bool {
        self.looked.is_some_and(|looked| looked.part == WHOLE)
    }

    /// Tells whether what they see is at hand, so that nobody waits for them long.
    pub(super) fn is_at_hand(&self) -> bool {
        self.looked.is_some_and(|looked| looked.part == WHOLE || self.door.keeps(looked.part))
    }

    /// Makes the part, for whoever may still read it: with the handle by which they do.
    ///
    /// # Errors
    ///
    /// Returns why they may not, or what the desk says.
    fn made(&self, hub: &Hub) -> Result<(Made, Reader), Problem> {
        let reader: Reader = self.door.handle(&self.door.once_more(self.entrance, &self.who)?)?;
        // What they see may be another part now, in which the same entries stand elsewhere.
        let from = match self.looked {
            Some(looked) if looked.part != reader.part() => reader.before(looked.whole),
            Some(_) => self.from,
            None => self.after.map_or(Ok(0), |after| reader.read_up_to(after))?,
        };
        let part = hub.part(&reader, &self.question, from, ENTRIES_MAX)?;
        let looked = Looked { part: reader.part(), whole: reader.whole(part.next) };
        Ok((Made { part, looked }, reader))
    }

    /// Makes the part, and notes that it is about to be read.
    ///
    /// # Errors
    ///
    /// As [`Wanted::made`], and what the desk says where it cannot be noted.
    pub(super) fn alone(&self, hub: &Hub) -> Result<Made, Problem> {
        let (made, reader) = self.made(hub)?;
        self.reading.note(&reader, &made.part.events)?;
        Ok(made)
    }
}

struct Job {
    wanted: Wanted,
    answer: oneshot::Sender<Result<Made, Problem>>,
}

/// Those who wait to be told something: those who see the whole log wait for nobody who sees a part of it, for whom more
/// may have to be done.
#[derive(Default)]
pub(super) struct Tellers {
    whole: Teller,
    parts: Teller,
}

impl Tellers {
    fn of(&self, is_whole: bool) -> &Teller {
        if is_whole { &self.whole } else { &self.parts }
    }
}

/// Those who wait for one thread.
#[derive(Default)]
struct Teller(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    jobs: Vec<Job>,
    /// A thread works for them.
    is_served: bool,
}

impl Teller {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of everybody who waits: the thread that worked for them is gone.
    fn give_up(&self) {
        let mut waiting = self.waiting();
        waiting.jobs.clear();
        waiting.is_served = false;
    }

    /// Takes some of those who wait; none, and the thread that asks is done, where nobody does.
    fn next(&self) -> Option<Vec<Job>> {
        let mut waiting = self.waiting();
        let count = waiting.jobs.len().min(AT_ONCE);
        waiting.is_served = count > 0;
        (count > 0).then(|| waiting.jobs.drain(..count).collect())
    }
}

/// Works for those who wait; where it ends otherwise than because nobody does, they hear of it.
struct Served<'a>(&'a Teller);

impl Drop for Served<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.give_up();
        }
    }
}

/// Has a part made, with those of all others who wait.
///
/// # Errors
///
/// As [`Wanted::alone`].
pub(super) async fn told(hub: &Arc<Hub>, wanted: Wanted) -> Result<Made, Problem> {
    let (answer, made) = oneshot::channel();
    let is_whole = wanted.is_whole();
    let begins = {
        let mut waiting = hub.tellers.of(is_whole).waiting();
        waiting.jobs.push(Job { wanted, answer });
        !std::mem::replace(&mut waiting.is_served, true)
    };
    if begins {
        let hub = Arc::clone(hub);
        spawn_blocking(move || {
            let teller = hub.tellers.of(is_whole);
            let _served = Served(teller);
            while let Some(jobs) = teller.next() {
                serve(&hub, jobs);
            }
        });
    }
    // Nobody answers any more where the server stops.
    made.await.unwrap_or_else(|_| Err(broken()))
}

fn broken() -> Problem {
    Problem::new(ProblemKind::Broken, "the feed broke off; ask again from where it ended")
}

/// Makes what some wait for, notes that they are about to read it, and lets them hear of it.
fn serve(hub: &Hub, jobs: Vec<Job>) {
    let mut read: Vec<(Job, Made, Reader, Read)> = Vec::with_capacity(jobs.len());
    for job in jobs {
        // Whoever went away meanwhile is told nothing, and read nothing.
        if job.answer.is_closed() {
            continue;
        }
        // What goes wrong with the question of one is no matter of the others.
        let made = catch_unwind(AssertUnwindSafe(|| job.wanted.made(hub))).unwrap_or_else(|_| Err(broken()));
        match made {
            // That nothing is told is no read.
            Ok((made, reader)) if !made.part.events.is_empty() && reader.logs_reads() => {
                let what = job.wanted.reading.of(&made.part.events);
                read.push((job, made, reader, what));
            }
            // Whoever went away hears nothing.
            made => drop(job.answer.send(made.map(|(made, _)| made))),
        }
    }
    read.retain(|(job, ..)| !job.answer.is_closed());
    let Some((first, ..)) = read.first() else { return };
    let noted: Vec<Noted<'_>> = read
        .iter()
        .map(|(job, _, reader, read)| Noted {
            reader: reader.caller(),
            purpose: job.wanted.reading.purpose(),
            read,
        })
        .collect();
    let all = catch_unwind(AssertUnwindSafe(|| first.wanted.door.note_reads(&noted)));
    let is_noted = matches!(all, Ok(Ok(())));
    drop(noted);
    for (job, made, reader, read) in read {
        let alone = || reader.note_read(job.wanted.reading.purpose(), &read).map_err(Problem::from);
        // One line that cannot be noted keeps nobody else from reading.
        let apart = || catch_unwind(AssertUnwindSafe(alone)).unwrap_or_else(|_| Err(broken()));
        let answer = if is_noted { Ok(()) } else { apart() };
        drop(job.answer.send(answer.map(|()| made)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::desk::access::Shown;
    use crate::desk::access::tests::let_in;
    use crate::desk::accounts::OpenAsk;
    use crate::desk::ask::{Caller, FilterAsk, RecordAsk};
    use crate::desk::testing::Fixture;

    const LEVELS: [&str; 4] = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:RED"];

    fn reading() -> Arc<Reading> {
        use axum::extract::FromRequestParts;

        let (mut parts, ()) = axum::http::Request::new(()).into_parts();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Arc::new(runtime.block_on(Reading::from_request_parts(&mut parts, &())).unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn what_is_told_to_many_at_once_is_what_each_is_told_alone(
            steps in proptest::collection::vec((0_usize..5, any::<bool>()), 1..6),
            followers in proptest::collection::vec((0_usize..4, any::<bool>()), 1..9),
        ) {
            let desk = Arc::new(Fixture::new().desk);
            let (door, hub) = (Door::of(Arc::clone(&desk)), Arc::<Hub>::default());
            let reading = reading();
            let follower = |(number, (level, filters)): (usize, &(usize, bool))| {
                let ask = json!({ "name": format!("f{number}"), "role": "reader", "clearance": LEVELS[*level] });
                let secret = let_in(&desk, &serde_json::from_value::<OpenAsk>(ask).unwrap());
                let who = door.admits(Entrance::Port, Shown::Secret(&secret), Caller::default()).unwrap();
                let kind = filters.then(|| "incident".to_owned());
                let filter = FilterAsk { kind, ..FilterAsk::default() };
                (who, Arc::new(Question::of(filter, None)), 0, None)
            };
            let mut followers: Vec<(Principal, Arc<Question>, u64, Option<Looked>)> =
                followers.iter().enumerate().map(follower).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            for (level, is_incident) in steps {
                let kind = if is_incident { "incident" } else { "statement.public" };
                let mut entry = json!({ "kind": kind, "date": "2026-02-01", "summary": "So." });
                if let Some(level) = LEVELS.get(level) {
                    entry["marking"] = json!(level);
                }
                let kim = Caller { actor: "kim".to_owned(), tz: None };
                desk.record(&kim, &RecordAsk { entries: vec![entry], ..RecordAsk::default() }).unwrap();
                let wanted = |(who, question, from, looked): &(Principal, Arc<Question>, u64, Option<Looked>)| {
                    Wanted {
                        door: door.clone(),
                        entrance: Entrance::Port,
                        who: Arc::new(who.clone()),
                        question: Arc::clone(question),
                        reading: Arc::clone(&reading),
                        after: None,
                        from: *from,
                        looked: *looked,
                    }
                };
                let asked: Vec<_> = followers.iter().map(|one| (wanted(one), wanted(one))).collect();
                let many: Vec<_> = runtime.block_on(async {
                    let tasks: Vec<_> = asked
                        .into_iter()
                        .map(|(wanted, alone)| {
                            let hub = Arc::clone(&hub);
                            (tokio::spawn(async move { told(&hub, wanted).await }), alone)
                        })
                        .collect();
                    let mut many = Vec::new();
                    for (task, alone) in tasks {
                        many.push((task.await.unwrap().unwrap(), alone));
                    }
                    many
                });
                for ((made, alone), follower) in many.into_iter().zip(&mut followers) {
                    let alone = alone.alone(&Hub::default()).unwrap();
                    prop_assert_eq!(&made.part.bytes, &alone.part.bytes);
                    prop_assert_eq!((made.part.next, made.part.more), (alone.part.next, alone.part.more));
                    prop_assert_eq!(made.looked.whole, alone.looked.whole);
                    (follower.2, follower.3) = (made.part.next, Some(made.looked));
                }
            }
        }
    }
}
