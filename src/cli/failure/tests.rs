//! What each failure is to a script, and to whoever reads it.

use super::*;

const REQUEST: &str = "0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d";

fn answered(kind: ProblemKind, given: Given) -> Failure {
    let problem = Box::new(Problem::new(kind, "it is so"));
    Failure::Answered { problem, given, request: Some(REQUEST.parse().unwrap()) }
}

fn unreachable(kind: ProblemKind, may_have_arrived: bool) -> Failure {
    let what = "the server went away".to_owned();
    let error = ClientError { what, hints: Vec::new(), kind, may_have_arrived, output: None };
    Failure::from(error).of_submission(REQUEST.parse().unwrap())
}

#[test]
fn every_problem_has_its_exit_code() {
    for kind in ProblemKind::ALL {
        let (flags, data) = match kind {
            ProblemKind::Malformed | ProblemKind::Wrong | ProblemKind::TooLarge => (2, 1),
            ProblemKind::NotFound
            | ProblemKind::Ambiguous
            | ProblemKind::Refused
            | ProblemKind::Changed
            | ProblemKind::Unauthenticated
            | ProblemKind::Forbidden => (1, 1),
            ProblemKind::Damaged => (3, 3),
            ProblemKind::InDoubt
            | ProblemKind::Unavailable
            | ProblemKind::NoProvider
            | ProblemKind::NotReached
            | ProblemKind::Broken
            | ProblemKind::NoRoute
            | ProblemKind::NoMethod
            | ProblemKind::MediaType
            | ProblemKind::TooOften
            | ProblemKind::TooSlow
            | ProblemKind::Foreign => (4, 4),
        };
        assert_eq!(answered(*kind, Given::Flags).exit_code(), flags, "{kind}");
        assert_eq!(answered(*kind, Given::Data).exit_code(), data, "{kind}");
        assert_eq!(unreachable(*kind, false).exit_code(), flags, "{kind}");
    }
}

#[test]
fn every_failure_has_its_exit_code() {
    let text = String::new;
    let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
    let full = || io::Error::from(io::ErrorKind::StorageFull);
    let broken = ClientError {
        what: text(),
        hints: Vec::new(),
        kind: ProblemKind::Unavailable,
        may_have_arrived: false,
        output: Some(closed()),
    };
    for (failure, code) in [
        (Failure::Usage { what: text(), hint: text() }, 2),
        (Failure::File { path: PathBuf::from("x"), doing: "read", error: full() }, 1),
        (Failure::Data(vec![Fault::new("half a line")]), 1),
        (Failure::Refused { what: text(), hint: text() }, 1),
        (Failure::Unserved(ServeError::Threads(full())), 4),
        (Failure::Unsound, 3),
        (Failure::Verdict(Verdict::Extra), 3),
        (Failure::Disagrees, 3),
        (Failure::Unwitnessed, 4),
        (Failure::Untold { waiting: 1, why: text() }, 4),
        (Failure::Output(closed()), 0),
        (Failure::from(broken), 0),
        (Failure::Output(full()), 4),
        (Failure::Garbled(text()), 4),
        (Failure::from(DeskError::Damaged(text())), 3),
    ] {
        assert_eq!(failure.exit_code(), code, "{failure:?}");
    }
}

#[test]
fn what_is_in_doubt_can_be_sent_again() {
    let again = format!("hint: send the same again with `--request {REQUEST}`: it records nothing twice");
    assert_eq!(unreachable(ProblemKind::InDoubt, true).lines().last(), Some(&again));
    assert_eq!(unreachable(ProblemKind::Unavailable, false).lines(), ["error: the server went away"]);
    assert_eq!(answered(ProblemKind::InDoubt, Given::Flags).lines(), ["error: it is so".to_owned(), again]);
    assert_eq!(answered(ProblemKind::Refused, Given::Flags).lines(), ["error: it is so"]);
}

#[test]
fn what_is_in_doubt_and_carries_no_id_says_what_can_be_done() {
    let in_doubt = |kind| {
        let what = "the server went away".to_owned();
        let hints = ["send the same submission again", "and this"].map(ToOwned::to_owned).to_vec();
        let error = ClientError { what, hints, kind, may_have_arrived: true, output: None };
        Failure::from(error).or_else("look first").or_else("give the same command again").lines()
    };
    assert_eq!(
        in_doubt(ProblemKind::InDoubt),
        ["error: the server went away", "hint: give the same command again", "hint: and this"]
    );
    assert_eq!(in_doubt(ProblemKind::Unavailable)[1], "hint: send the same submission again");
    let answered = Problem::new(ProblemKind::InDoubt, "it is so");
    let answered = Failure::Answered { problem: Box::new(answered), given: Given::Flags, request: None };
    assert_eq!(answered.or_else("look first").lines(), ["error: it is so", "hint: look first"]);
}

#[test]
fn faults_are_told_with_their_lines_and_none_is_dropped_unsaid() {
    let fault = |line| Fault { line: Some(line), field: Some("date".to_owned()), detail: "no".to_owned() };
    assert_eq!(listed(&[fault(3)], ProblemKind::Wrong), ["error: line 3: date: no"]);
    let many: Vec<Fault> = (1..=130).map(fault).collect();
    let lines = listed(&many, ProblemKind::Wrong);
    assert_eq!(lines.first().unwrap(), "error: 130 things are wrong with the input");
    assert_eq!(lines.get(1).unwrap(), "  line 1: date: no");
    assert_eq!(lines.last().unwrap(), "  and 30 more");
    let hindered = Problem::from(DeskError::Hindered(vec![fault(1), fault(2)]));
    let lines = Failure::Answered { problem: Box::new(hindered), given: Given::Data, request: None }.lines();
    assert_eq!(lines, ["error: 2 things stand in the way", "  line 1: date: no", "  line 2: date: no"]);
}

#[test]
fn a_closed_pipe_says_nothing() {
    assert!(Failure::Output(io::Error::from(io::ErrorKind::BrokenPipe)).lines().is_empty());
}
