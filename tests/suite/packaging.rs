//! What is installed by others' tools: what the package does beside putting files in their places, and that what it and the
//! container are made of is there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const TREE: &str = env!("CARGO_MANIFEST_DIR");

/// A machine as a script of the package sees it: its services are told by nobody but those who note what they are told.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::create_dir(machine.0.path().join("bin")).unwrap();
        for name in ["systemctl", "systemd-tmpfiles"] {
            let path = machine.0.path().join("bin").join(name);
            fs::write(&path, "#!/bin/sh\necho \"${0##*/} $*\" >> \"$DPKG_ROOT/told\"\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        machine
    }

    fn with_systemd() -> Self {
        let machine = Self::new();
        fs::create_dir_all(machine.0.path().join("run/systemd/system")).unwrap();
        machine
    }

    /// Runs a script of the package as dpkg does, and returns what it told services, and what it said.
    fn run(&self, script: &str, arguments: &[&str]) -> (Vec<String>, String) {
        let root = self.0.path();
        let path = format!("{}:/usr/bin:/bin", root.join("bin").display());
        let script = Path::new(TREE).join("packaging/deb").join(script);
        let mut command = Command::new(script);
        let output = command.args(arguments).env("DPKG_ROOT", root).env("PATH", path).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        let told = fs::read_to_string(root.join("told")).unwrap_or_default();
        let _ = fs::remove_file(root.join("told"));
        (told.lines().map(str::to_owned).collect(), String::from_utf8(output.stdout).unwrap())
    }
}

#[test]
fn the_package_restarts_a_service_that_runs_stops_it_when_it_goes_and_never_begins_one() {
    let machine = Machine::with_systemd();
    let told = |script: &str, arguments: &[&str]| machine.run(script, arguments).0;
    let ready = ["systemd-tmpfiles --create demarche.conf", "systemctl daemon-reload"];
    assert_eq!(told("postinst", &["configure", ""]), ready);
    let (prepared, went_on) = (told("prerm", &["upgrade", "0.2.0"]), told("postrm", &["upgrade", "0.2.0"]));
    assert_eq!((prepared.len(), went_on.len()), (0, 0));
    let upgraded = [ready[0], ready[1], "systemctl try-restart demarche.service"];
    assert_eq!(told("postinst", &["configure", "0.1.0-1"]), upgraded);
    assert_eq!(told("prerm", &["remove"]), ["systemctl disable --now demarche.service"]);
    assert_eq!(told("postrm", &["remove"]), ["systemctl daemon-reload"]);
}

#[test]
fn the_package_leaves_the_log_where_it_is_whatever_is_purged() {
    for machine in [Machine::with_systemd(), Machine::new()] {
        assert_eq!(machine.run("postrm", &["purge"]), (Vec::new(), String::new()));
        let files = ["var/lib/demarche/log/log/identity", "etc/demarche/passphrase"];
        for file in files {
            let path = machine.0.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "kept").unwrap();
        }
        machine.run("prerm", &["remove"]);
        machine.run("postrm", &["remove"]);
        let (told, said) = machine.run("postrm", &["purge"]);
        assert!(told.is_empty() && said.contains("/var/lib/demarche") && said.contains("stay"), "{said}");
        for file in files {
            assert_eq!(fs::read_to_string(machine.0.path().join(file)).unwrap(), "kept");
        }
    }
}

#[test]
fn where_systemd_does_not_run_the_package_asks_nothing_of_it() {
    let machine = Machine::new();
    for (script, arguments) in
        [("postinst", ["configure", "0.1.0-1"]), ("prerm", ["remove", ""]), ("postrm", ["remove", ""])]
    {
        assert_eq!(machine.run(script, &arguments).0, [""; 0], "{script}");
    }
}

#[test]
fn what_the_package_and_the_container_are_made_of_is_in_the_source_tree() {
    let there = |name: &str| assert!(Path::new(TREE).join(name).exists(), "{name}");
    let manifest: toml::Table =
        fs::read_to_string(Path::new(TREE).join("Cargo.toml")).unwrap().parse().unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    there(deb["maintainer-scripts"].as_str().unwrap());
    let script = fs::read_to_string(Path::new(TREE).join("packaging/deb.sh")).unwrap();
    for asset in deb["assets"].as_array().unwrap() {
        let name = asset[0].as_str().unwrap();
        match name.strip_prefix("target/packaging/") {
            // The script writes it: the pages of the manual and completions by a name that it makes.
            Some(made) => {
                let made = made.split(['/', '.']).next().unwrap();
                assert!(script.contains(&format!("$into/{made}")), "{name}");
            }
            None if name.starts_with("target/release/") => assert!(script.contains(name), "{name}"),
            None => there(name),
        }
    }
    let container = fs::read_to_string(Path::new(TREE).join("packaging/Containerfile")).unwrap();
    let (mut copied, mut names) = (0, String::new());
    for line in container.lines().filter_map(|line| line.strip_prefix("COPY ")) {
        let parts: Vec<&str> = line.split(' ').collect();
        if let [sources @ .., _] = parts.as_slice()
            && !line.starts_with("--from")
        {
            for name in sources {
                there(name);
            }
            copied += sources.len();
            names.push_str(&sources.join(" "));
        }
    }
    assert!(copied >= 5, "{names}");
    // What cargo looks for before it builds.
    for table in ["test", "bench", "bin"] {
        for target in manifest[table].as_array().unwrap() {
            let top = target["path"].as_str().unwrap().split('/').next().unwrap();
            assert!(names.contains(top), "{top}");
        }
    }
}
