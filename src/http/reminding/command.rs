//! A program that is told something: its words, and one run of it.

use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::http::reminding::receiver::Told;
use crate::http::reminding::tether::Tether;

/// The variable that holds the key of the message, for programs that read no JSON.
const KEY: &str = "DEMARCHE_NOTIFY_KEY";
/// How often is looked whether the program has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Parts a command into its words as a shell would, and does nothing else that a shell does: within single quotes
/// everything stands for itself, within double quotes and outside a backslash makes the next character do so.
///
/// # Errors
///
/// Returns what is wrong, in words.
pub(super) fn words(typed: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = typed.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                let next = letters.next().ok_or("a backslash stands at its end")?;
                word.get_or_insert_default().push(next);
            }
            (None, space) if space.is_whitespace() => words.extend(word.take()),
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    if let Some(open) = quote {
        return Err(format!("the quote {open} is not closed"));
    }
    words.extend(word);
    Ok(words)
}

/// Runs a program with a message on its standard input; it and what it started are ended when it takes longer
/// than `time_max`, or when all is to stop.
pub(super) fn run(words: &[String], key: &str, body: &[u8], time_max: Duration, stop: &AtomicBool) -> Told {
    let Some((program, arguments)) = words.split_first() else {
        return Told::NotTaken("no program is named".to_owned());
    };
    let mut command = Command::new(program);
    command.args(arguments).env(KEY, key).process_group(0);
    // What it says of its troubles belongs beside what this program says.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::inherit());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Told::NotTaken(format!("{program} cannot be run: {error}")),
    };
    let tether = Tether::to(&child);
    feed(&mut child, body);
    let told = awaited(program, &mut child, time_max, stop);
    tether.loosen();
    told
}

/// Waits until a program has ended, or ends it.
fn awaited(program: &str, child: &mut Child, time_max: Duration, stop: &AtomicBool) -> Told {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return ended(program, status),
            Ok(None) => {}
            Err(error) => return Told::InDoubt(format!("{program} cannot be waited for: {error}")),
        }
        let stopped = stop.load(Ordering::Relaxed);
        if stopped || began.elapsed() >= time_max {
            end(child);
            let why = if stopped {
                "was ended, for the server stops".to_owned()
            } else {
                format!("did not end within {} seconds and was ended", time_max.as_secs())
            };
            return Told::InDoubt(format!("{program} {why}"));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Writes the message on a thread of its own: a program that does not read must not hold this one.
fn feed(child: &mut Child, body: &[u8]) {
    let Some(mut input) = child.stdin.take() else { return };
    let mut body = body.to_vec();
    body.push(b'\n');
    let write = move || {
        // A program that has read enough closes its input.
        let _ = input.write_all(&body);
    };
    if let Err(error) = std::thread::Builder::new().name("notify".to_owned()).spawn(write) {
        tracing::error!(%error, "no thread is to be had for a message");
    }
}

fn ended(program: &str, status: ExitStatus) -> Told {
    match (status.code(), status.signal()) {
        (Some(0), _) => Told::Taken,
        (Some(code), _) => Told::NotTaken(format!("{program} ended with {code}")),
        (None, signal) => {
            let signal = signal.map_or_else(String::new, |signal| format!(" {signal}"));
            Told::InDoubt(format!("{program} was ended by signal{signal}"))
        }
    }
}

/// Ends a program and everything in its group.
fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may have ended just now.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: &[&str]) {
        assert_eq!(words(typed).unwrap(), expected, "{typed}");
    }

    #[test]
    fn a_command_is_parted_as_a_shell_would_and_nothing_is_expanded() {
        check("", &[]);
        check("  mail  --to desk ", &["mail", "--to", "desk"]);
        check("sh -c 'cat >> \"$HOME/x\"'", &["sh", "-c", "cat >> \"$HOME/x\""]);
        check(
            r#"say "two words" a\ b "q\"q" '' *.txt $HOME"#,
            &["say", "two words", "a b", "q\"q", "", "*.txt", "$HOME"],
        );
        check("외교 '알림 1'", &["외교", "알림 1"]);
        for wrong in ["'open", "\"open", "end\\"] {
            assert!(words(wrong).is_err(), "{wrong}");
        }
    }

    fn sh(script: &str, body: &[u8], time_max: Duration) -> Told {
        let words = ["sh", "-c", script].map(ToOwned::to_owned);
        run(&words, "key.0", body, time_max, &AtomicBool::new(false))
    }

    #[test]
    fn the_exit_code_is_the_answer() {
        let long = Duration::from_mins(1);
        assert!(matches!(sh("exit 0", b"{}", long), Told::Taken));
        assert!(matches!(
            sh("test \"$(cat)\" = '{}' && test \"$DEMARCHE_NOTIFY_KEY\" = key.0", b"{}", long),
            Told::Taken
        ));
        assert!(matches!(sh("exit 3", b"{}", long), Told::NotTaken(why) if why.contains('3')));
        assert!(matches!(sh("kill -9 $$", b"{}", long), Told::InDoubt(_)));
        // A message that no pipe holds, and a program that does not read it.
        assert!(matches!(sh("exit 0", &vec![b'x'; 1 << 20], long), Told::Taken));
        assert!(matches!(
            run(&["/nowhere/x".to_owned()], "k", b"", long, &AtomicBool::new(false)),
            Told::NotTaken(_)
        ));
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_what_it_started() {
        let why = sh("sleep 600 & sleep 600", b"{}", Duration::from_millis(50));
        assert!(matches!(why, Told::InDoubt(why) if why.contains("did not end")));
        let words = ["sleep", "600"].map(ToOwned::to_owned);
        assert!(matches!(
            run(&words, "k", b"", Duration::from_mins(9), &AtomicBool::new(true)),
            Told::InDoubt(_)
        ));
    }
}
