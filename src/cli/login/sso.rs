//! `login --sso`: a browser, on this machine or another, is signed on, and shows a code for this terminal.

use std::path::PathBuf;

use serde_json::json;
use uuid::Uuid;

use crate::cli::failure::{Failure, Given};
use crate::cli::output::Format;
use crate::cli::session::Session;
use crate::desk::access::WhoRow;
use crate::desk::answer::Answer;
use crate::http::problem::ProblemKind;
use crate::http::sso::{WRONG_MAX, called, challenge_of};

/// The longest line that is read for a code.
const LINE_BYTES_MAX: usize = 256;

/// Comes in with the code that a browser shows.
pub(super) fn come_in(session: &mut Session) -> Result<Answer<WhoRow>, Failure> {
    let Some(server) = session.globals.server.clone() else {
        return Err(Failure::Usage {
            what: "at which server somebody is signed on is missing".to_owned(),
            hint: "name it with `--server URL`, or set DEMARCHE_SERVER".to_owned(),
        });
    };
    let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let challenge = challenge_of(&secret);
    let open = format!("open {server}/v1/sso?terminal={challenge} in a browser");
    let then = format!("the page shows a code for the terminal {}: type it here", called(&challenge));
    for words in [&open, &then] {
        // What a program reads is the answer alone.
        if session.globals.format == Format::Text {
            session.say(words)?;
        } else {
            session.note(words);
        }
    }
    session.out.flush().map_err(Failure::Output)?;
    let mut wrong = 0;
    loop {
        let code = line(session)?;
        let ask = json!({ "secret": secret, "code": code }).to_string().into_bytes();
        match session.post("/v1/sso/terminal", &(), ask, Given::Flags) {
            // A slip is mended here; after a few the server takes none.
            Err(Failure::Answered { problem, .. }) if problem.kind == ProblemKind::Unauthenticated => {
                wrong += 1;
                if wrong >= WRONG_MAX {
                    return Err(Failure::Refused {
                        what: format!("{WRONG_MAX} codes were refused, and none is taken any more"),
                        hint: "`demarche login --sso` begins again".to_owned(),
                    });
                }
                session.note(&problem.detail);
            }
            answered => return answered,
        }
    }
}

/// Reads a line that says something.
fn line(session: &mut Session) -> Result<String, Failure> {
    let failed = |error| Failure::File { path: PathBuf::from("-"), doing: "read", error };
    let (mut line, mut byte) = (Vec::new(), [0]);
    loop {
        let came = session.input.read(&mut byte).map_err(failed)?;
        let ends = came == 0 || byte == *b"\n" || line.len() >= LINE_BYTES_MAX;
        if !ends {
            line.push(byte[0]);
            continue;
        }
        let code = String::from_utf8_lossy(&line).trim().to_owned();
        if !code.is_empty() {
            return Ok(code);
        }
        if came == 0 {
            return Err(Failure::Refused {
                what: "no code was typed, and nobody came in".to_owned(),
                hint: "`demarche login --sso` begins again".to_owned(),
            });
        }
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::usage;

    #[test]
    fn whoever_is_signed_on_says_where_and_names_no_account() {
        assert_eq!(usage(&["login", "--sso"]), 2, "at no server");
        assert_eq!(usage(&["login", "lee", "--sso"]), 2);
        assert_eq!(usage(&["login"]), 2);
        assert_eq!(usage(&["login", "--sso", "--password-file", "x"]), 2);
    }
}
