//! Sessions over a server that is started again: who was in stays in, and who left does not come back.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Place, Ran};

/// A server with accounts on a port of this machine.
struct Desk<'p> {
    place: &'p Place,
    child: Child,
    url: String,
    /// What it said before it served.
    said: Vec<String>,
}

impl<'p> Desk<'p> {
    fn start(place: &'p Place) -> Self {
        let mut command = place.command(&["serve", "--port", "0", "--accounts", "kim"]);
        let log = fs::File::create(place.file("serve.log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let (mut said, mut url) = (Vec::new(), String::new());
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(serving) = line.strip_prefix("serving ") {
                serving.split("/v1").next().unwrap().clone_into(&mut url);
                break;
            }
            said.push(line);
        }
        Self { place, child, url, said }
    }

    fn session(&self, name: &str) -> PathBuf {
        self.place.file(&format!("{name}.session"))
    }

    /// Runs the program over the port, with the session of a name.
    fn run(&self, arguments: &[&str], name: &str, input: &str) -> Ran {
        let path = self.place.file("typed");
        fs::write(&path, input).unwrap();
        let mut command = self.place.command(&[]);
        command = {
            let mut far = std::process::Command::new(command.get_program());
            far.env_clear().env("DEMARCHE_SERVER", &self.url).current_dir(self.place.file(""));
            far
        };
        command.args(arguments).arg("--credential").arg(self.session(name));
        Ran::of(&command.stdin(fs::File::open(path).unwrap()).output().unwrap())
    }

    /// Comes in as an account with a one-time password, and chooses another.
    fn comes_in(&self, account: &str, once: &str) {
        self.run(&["login", account], account, &format!("{once}\na sentence of {account}\n")).ok();
    }

    fn comes_in_again(&self, account: &str, session: &str) {
        self.run(&["login", account], session, &format!("a sentence of {account}\n")).ok();
    }

    #[track_caller]
    fn is_in(&self, session: &str) -> bool {
        let ran = self.run(&["whoami"], session, "");
        assert!(ran.code == 0 || ran.code == 1 && ran.err.contains("come in"), "{ran:?}");
        ran.code == 0
    }

    /// Ends it: as a supervisor does, or with no farewell at all.
    fn stop(mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let ended = self.child.wait().unwrap();
        assert_eq!(ended.success(), signal == Signal::TERM, "{ended}");
    }
}

impl Drop for Desk<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the one-time password that stands at the end of a line.
fn once(lines: &[String]) -> String {
    let line = lines.iter().rfind(|line| line.contains("one-time password")).unwrap();
    line.rsplit(' ').next().unwrap().to_owned()
}

fn opened(desk: &Desk<'_>, account: &str) -> String {
    let add = ["account", "add", account, "--role", "recorder", "--clearance", "TLP:RED"];
    let said = desk.run(&add, "kim", "").ok();
    let lines: Vec<String> = said.lines().map(ToOwned::to_owned).collect();
    once(&lines)
}

/// A place with a desk on which kim, who keeps the accounts, and lee, who has a second session, are in.
fn begun(place: &Place) -> Desk<'_> {
    let desk = Desk::start(place);
    desk.comes_in("kim", &once(&desk.said));
    let lee = opened(&desk, "lee");
    desk.comes_in("lee", &lee);
    desk.comes_in_again("lee", "second");
    desk
}

#[test]
fn who_is_in_stays_in_over_a_server_that_stops_or_is_killed_and_who_left_does_not_come_back() {
    let place = Place::new();
    let mut desk = begun(&place);
    desk.run(&["logout"], "kim", "").ok();
    let left = fs::read_to_string(desk.session("second")).unwrap();
    for signal in [Signal::TERM, Signal::KILL, Signal::KILL] {
        desk.stop(signal);
        desk = Desk::start(&place);
        assert!(desk.is_in("lee"), "{signal:?}");
        if signal == Signal::TERM {
            desk.run(&["logout"], "second", "").ok();
        }
        fs::write(desk.session("second"), &left).unwrap();
        fs::set_permissions(desk.session("second"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        assert!(!desk.is_in("second"), "{signal:?}");
    }
    let kept = place.dir().join("sessions");
    assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
    let secret = fs::read_to_string(desk.session("lee")).unwrap();
    assert!(!fs::read_to_string(&kept).unwrap().contains(secret.trim()));
    // A backup gives nobody in.
    place.run(&["--actor", "choi", "backup", place.file("backup").to_str().unwrap()]).ok();
    assert!(!place.file("backup/others/sessions").exists() && place.file("backup/others/accounts").exists());
}

#[test]
fn an_older_copy_of_the_file_opens_nothing_that_was_ended_since() {
    let place = Place::new();
    let desk = begun(&place);
    let park = opened(&desk, "park");
    desk.comes_in("park", &park);
    let kept = place.dir().join("sessions");
    let older = fs::read(&kept).unwrap();
    let secret = fs::read(desk.session("second")).unwrap();
    desk.run(&["logout"], "second", "").ok();
    desk.run(&["account", "disable", "park"], "kim", "").ok();
    desk.run(&["account", "enable", "park"], "kim", "").ok();
    desk.stop(Signal::KILL);
    fs::write(&kept, &older).unwrap();
    let desk = Desk::start(&place);
    fs::write(desk.session("second"), secret).unwrap();
    fs::set_permissions(desk.session("second"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert!(desk.is_in("lee") && desk.is_in("kim"), "who did not leave is in");
    assert!(!desk.is_in("second"), "who left is not");
    assert!(!desk.is_in("park"), "an account that was disabled meanwhile begins anew");
    let other = ["account", "password", "--old-password-file", "-", "--new-password-file", "-"];
    desk.run(&other, "lee", "a sentence of lee\nanother sentence of lee\n").ok();
    assert!(desk.is_in("lee"));
    desk.stop(Signal::KILL);
    fs::write(&kept, &older).unwrap();
    let desk = Desk::start(&place);
    assert!(!desk.is_in("lee"), "its password is an older one");
    desk.stop(Signal::TERM);
    for garbled in [&b""[..], b"{}", b"{\"version\":9,\"sessions\":[]}"] {
        fs::write(&kept, garbled).unwrap();
        let desk = Desk::start(&place);
        assert!(!desk.is_in("kim"));
        assert!(fs::read_to_string(place.file("serve.log")).unwrap().contains("must come in again"));
        desk.stop(Signal::TERM);
    }
}

#[test]
fn nobody_goes_on_in_a_data_directory_that_was_put_back() {
    let place = Place::new();
    let desk = begun(&place);
    desk.stop(Signal::TERM);
    let older = place.file("older");
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        let copied = std::process::Command::new("cp").arg("-a").args([from, to]).status().unwrap();
        assert!(copied.success());
    };
    copy(&place.dir(), &older);
    let desk = Desk::start(&place);
    assert!(desk.is_in("second"));
    desk.run(&["logout"], "second", "").ok();
    desk.run(&["moment", "the day on which someone left", "--wait", "60"], "lee", "").ok();
    desk.stop(Signal::TERM);
    fs::remove_dir_all(place.dir()).unwrap();
    copy(&older, &place.dir());
    let desk = Desk::start(&place);
    assert!(!desk.is_in("lee"), "the mark beside the keys tells that the log is shorter than it was");
}
