//! What ends a program together with this one, however this one ends.
//!
//! A process that is killed ends nothing. So a shell waits beside each program for a word of this process: where it
//! hears none and its input ends, for the system closes it with the process that held it, it ends the program and what
//! that started.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// Waits for a word, and ends a group where none comes.
const WAIT: &str = "read -r word || kill -s KILL -- \"-$0\"";

/// A program that is ended with this process.
#[derive(Debug)]
pub(super) struct Tether(Option<Child>);

impl Tether {
    /// Has a program and what it starts ended where this process ends before [`Tether::loosen`]; the program leads a
    /// group of its own. Where the system has no `sh`, a program may outlive a process that is killed, which is logged.
    pub(super) fn to(program: &Child) -> Self {
        let mut command = Command::new("sh");
        // In a group of its own, so that what ends this one by its group does not end it first.
        command.args(["-c", WAIT, &program.id().to_string()]).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let waits = command.spawn();
        if let Err(error) = &waits {
            tracing::warn!(%error, "no `sh` can be run: a command that is told something outlives a server that is killed");
        }
        Self(waits.ok())
    }

    /// Lets the program be: it has ended.
    pub(super) fn loosen(self) {
        let Some(mut waits) = self.0 else { return };
        if let Some(mut input) = waits.stdin.take() {
            // It may be gone.
            let _ = input.write_all(b"over\n");
        }
        let _ = waits.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::time::Duration;

    use super::*;

    fn sleeping() -> Child {
        Command::new("sleep").arg("600").process_group(0).spawn().unwrap()
    }

    #[test]
    fn a_program_ends_with_the_process_that_holds_it_and_not_before() {
        let mut program = sleeping();
        let Tether(waits) = Tether::to(&program);
        let mut waits = waits.unwrap();
        // As the system does where the process is killed.
        drop(waits.stdin.take());
        assert!(waits.wait().unwrap().success());
        assert_eq!(program.wait().unwrap().signal(), Some(9));
        let mut program = sleeping();
        Tether::to(&program).loosen();
        // What is killed takes a moment to end.
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(program.try_wait().unwrap(), None, "it is let be");
        program.kill().unwrap();
        program.wait().unwrap();
    }
}
