//! Which command does what is asked for, and which of them take a moment.

use crate::cli::command::Command;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::{demo, login, moment, parties, verify};

impl Command {
    /// Tells whether the answer depends on `--known-as-of` and `--at`.
    fn asks_of_a_moment(&self) -> bool {
        match self {
            Self::Channels(_)
            | Self::Overtures(_)
            | Self::Meetings(_)
            | Self::Parties
            | Self::Thread(_)
            | Self::Timeline(_)
            | Self::Facets(_)
            | Self::Search(_)
            | Self::Show(_)
            | Self::History(_)
            | Self::Links(_)
            | Self::Claims(_)
            | Self::Conflicts(_)
            | Self::Similar(_)
            | Self::Brief(_)
            | Self::Due(_)
            | Self::Policies(_)
            | Self::Stats(_)
            | Self::Late(_)
            | Self::Changes(_)
            | Self::Replay(_)
            | Self::Diff(_) => true,
            Self::Series(series) => !series.records(),
            Self::Export(export) => export.asks_of_a_moment(),
            Self::Person(person) => !person.records(),
            Self::Silence(silence) => !silence.records(),
            Self::Second(second) => second.asks_of_a_moment(),
            Self::Init(_)
            | Self::Record(_)
            | Self::Call(_)
            | Self::Propose(_)
            | Self::Respond(_)
            | Self::Reiterate(_)
            | Self::Overture(_)
            | Self::Statement(_)
            | Self::Message(_)
            | Self::Meeting(_)
            | Self::Channel(_)
            | Self::Party(_)
            | Self::Complete(_)
            | Self::Follow(_)
            | Self::Policy(_)
            | Self::Amend(_)
            | Self::Retract(_)
            | Self::Link(_)
            | Self::Annotate(_)
            | Self::Redact(_)
            | Self::Import(_)
            | Self::Moment(_)
            | Self::Moments
            | Self::Verify(_)
            | Self::Audit(_)
            | Self::Author(_)
            | Self::Account(_)
            | Self::Login(_)
            | Self::Logout
            | Self::Whoami
            | Self::Adopt(_)
            | Self::Operate(_)
            | Self::Log
            | Self::Key(_)
            | Self::Serve(_)
            | Self::Witness(_)
            | Self::Demo
            | Self::Util(_) => false,
        }
    }

    /// Does what is asked for.
    pub(in crate::cli) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let moment = session.globals.known_as_of.is_some() || session.globals.at.is_some();
        if moment && !self.asks_of_a_moment() {
            return Err(Failure::Usage {
                what: "`--known-as-of` and `--at` belong to questions; this command takes neither".to_owned(),
                hint: "the date of what is recorded is `--date`".to_owned(),
            });
        }
        if session.globals.actor.as_deref().is_some_and(|actor| actor.contains(char::is_control)) {
            return Err(Failure::Usage {
                what: "the name under which you record holds a line break or another control character"
                    .to_owned(),
                hint: "give a name on one line with `--actor` or DEMARCHE_ACTOR".to_owned(),
            });
        }
        match self {
            Self::Init(init) => init.run(session),
            Self::Record(record) => record.run(session),
            Self::Call(call) => call.run(session),
            Self::Propose(propose) => propose.run(session),
            Self::Respond(respond) => respond.run(session),
            Self::Reiterate(reiterate) => reiterate.run(session),
            Self::Overture(overture) => overture.run(session),
            Self::Statement(statement) => statement.run(session),
            Self::Message(message) => message.run(session),
            Self::Meeting(meeting) => meeting.run(session),
            Self::Channel(channel) => channel.run(session),
            Self::Party(party) => party.run(session),
            Self::Person(person) => person.run(session),
            Self::Complete(complete) => complete.run(session),
            Self::Policy(policy) => policy.run(session),
            Self::Silence(silence) => silence.run(session),
            Self::Amend(amend) => amend.run(session),
            Self::Retract(retract) => retract.run(session),
            Self::Link(link) => link.run(session),
            Self::Annotate(annotate) => annotate.run(session),
            Self::Redact(redact) => redact.run(session),
            Self::Import(import) => import.run(session),
            Self::Export(export) => export.run(session),
            Self::Channels(channels) => channels.run(session),
            Self::Overtures(overtures) => overtures.run(session),
            Self::Meetings(meetings) => meetings.run(session),
            Self::Series(series) => series.run(session),
            Self::Parties => parties::run(session),
            Self::Thread(thread) => thread.run(session),
            Self::Timeline(timeline) => timeline.run(session),
            Self::Facets(facets) => facets.run(session),
            Self::Follow(follow) => follow.run(session),
            Self::Search(search) => search.run(session),
            Self::Show(show) => show.run(session),
            Self::History(history) => history.run(session),
            Self::Links(links) => links.run(session),
            Self::Claims(claims) => claims.run(session),
            Self::Conflicts(conflicts) => conflicts.run(session),
            Self::Similar(similar) => similar.run(session),
            Self::Brief(brief) => brief.run(session),
            Self::Due(due) => due.run(session),
            Self::Policies(policies) => policies.run(session),
            Self::Stats(stats) => stats.run(session),
            Self::Changes(changes) => changes.run(session),
            Self::Late(late) => late.run(session),
            Self::Replay(replay) => replay.run(session),
            Self::Diff(diff) => diff.run(session),
            Self::Moment(moment) => moment.run(session),
            Self::Moments => moment::run(session),
            Self::Verify(verify) => verify.run(session),
            Self::Audit(audit) => audit.run(session),
            Self::Author(author) => author.run(session),
            Self::Account(account) => account.run(session),
            Self::Login(login) => login.run(session),
            Self::Logout => login::leave(session),
            Self::Whoami => login::whoami(session),
            Self::Adopt(adopt) => adopt.run(session),
            Self::Operate(operate) => operate.run(session),
            Self::Second(second) => second.run(session),
            Self::Log => verify::log(session),
            Self::Key(key) => key.run(session),
            Self::Serve(serve) => serve.run(session),
            Self::Witness(witness) => witness.run(session),
            Self::Demo => demo::run(session),
            Self::Util(util) => util.run(session),
        }
    }
}
