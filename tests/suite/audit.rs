//! Bundles, proofs and time stamps through the program, and by other programs.

mod held;

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::Place;

/// A log with a few entries, and the verifier keys of it in a file.
fn place() -> Place {
    let place = Place::new();
    for summary in ["One", "Two", "Three"] {
        place.run(&["record", "incident", "--date", "2025-08-19", "--summary", summary]).ok();
    }
    place.run(&["key", "export-vkey", "--to", "desk.vkey"]).ok();
    place
}

/// Checks a bundle with the key of the place.
fn verify(place: &Place, bundle: &str, more: &[&str], code: i32) -> Value {
    let arguments = [&["audit", "verify", bundle, "--vkey", "desk.vkey", "--format", "json"], more].concat();
    let ran = place.run(&arguments);
    assert_eq!(ran.code, code, "{ran:?}");
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn a_bundle_stands_as_directory_and_as_archive_at_any_kept_size() {
    let place = place();
    let written = place.run(&["audit", "export", "bundle"]).ok();
    assert!(written.contains("a bundle of 5 events") || written.contains("events written"), "{written}");
    let report = verify(&place, "bundle", &["--replay", "--max-age", "1h"], 0);
    assert_eq!(report["verdict"], "OK");
    assert!(report["checks"].to_string().contains("a replay of "), "{report}");
    place.run(&["audit", "export", "bundle.tar"]).ok();
    assert_eq!(verify(&place, "bundle.tar", &["--old", "bundle/checkpoint", "--replay"], 0)["verdict"], "OK");
    place.run(&["audit", "export", "empty", "--size", "0"]).ok();
    assert_eq!(verify(&place, "empty", &[], 0)["size"], 0);
    assert_eq!(verify(&place, "empty", &["--old", "bundle/checkpoint"], 3)["verdict"], "ROLLBACK");
    let none = place.run(&["audit", "export", "none", "--size", "2"]).fails(1);
    assert!(
        none.contains("no checkpoint of 2 events") && none.contains("there are checkpoints of"),
        "{none}"
    );
    assert!(!place.file("none").exists());
    for taken in ["bundle", "bundle.tar"] {
        place.run(&["audit", "export", taken]).fails(1);
    }
}

#[test]
fn what_was_done_to_a_bundle_is_said_with_its_exit_code() {
    let place = place();
    place.run(&["audit", "export", "bundle"]).ok();
    let body = std::fs::read_dir(place.file("bundle/bodies")).unwrap().next().unwrap().unwrap().path();
    let kept = std::fs::read(&body).unwrap();
    std::fs::write(&body, b"something else").unwrap();
    assert_eq!(verify(&place, "bundle", &[], 3)["verdict"], "ALTERED");
    std::fs::remove_file(&body).unwrap();
    assert_eq!(verify(&place, "bundle", &[], 3)["verdict"], "MISSING-BODY");
    std::fs::write(&body, &kept).unwrap();
    std::os::unix::fs::symlink(&body, place.file("bundle/link")).unwrap();
    assert_eq!(verify(&place, "bundle", &[], 3)["verdict"], "EXTRA");
    std::fs::remove_file(place.file("bundle/link")).unwrap();
    assert_eq!(verify(&place, "bundle", &[], 0)["verdict"], "OK");
    for wrong in [
        &["audit", "verify", "bundle"][..],
        &["audit", "verify", "bundle", "--vkey", "none"],
        &["audit", "verify", "none", "--vkey", "desk.vkey"],
        &["audit", "verify", "bundle", "--vkey", "bundle/checkpoint"],
        &["audit", "verify", "bundle", "--vkey", "desk.vkey", "--old", "desk.vkey"],
        &["audit", "verify", "bundle", "--vkey", "desk.vkey", "--max-age", "soon"],
    ] {
        place.run(wrong).fails(2);
    }
}

#[test]
fn a_release_level_withholds_texts_and_still_verifies() {
    let place = place();
    for level in ["TLP:CLEAR", "TLP:RED"] {
        place
            .run(&["record", "incident", "--date", "2025-08-20", "--summary", level, "--marking", level])
            .ok();
    }
    let ran = place.run(&["audit", "export", "public", "--release", "tlp:green"]);
    assert!(ran.err.contains("withheld: marked above TLP:GREEN"), "{ran:?}");
    assert_eq!(verify(&place, "public", &["--replay"], 3)["verdict"], "MISSING");
    let report = verify(&place, "public", &[], 0);
    assert_eq!((&report["verdict"], &report["release"]), (&Value::from("OK"), &Value::from("TLP:GREEN")));
    assert_eq!(report["texts"]["disclosed"], 1);
    let texts = std::fs::read_dir(place.file("public/bodies")).unwrap();
    let said: String = texts
        .map(|text| std::fs::read(text.unwrap().path()).unwrap())
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .collect();
    assert!(said.contains("TLP:CLEAR") && !said.contains("TLP:RED"), "{said}");
    // What withholds nothing can be replayed.
    place.run(&["audit", "export", "all", "--release", "TLP:RED"]).ok();
    let report = verify(&place, "all", &["--replay"], 0);
    assert_eq!((&report["verdict"], &report["replayed"]), (&Value::from("OK"), &Value::from(true)));
    place.run(&["audit", "export", "secret", "--release", "SECRET"]).fails(2);
    assert!(!place.file("secret").exists());
}

#[test]
fn proofs_and_checkpoints_are_handed_out_and_read() {
    let place = place();
    let proof = place.run(&["audit", "proof", "#2"]).ok();
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\nindex 2\n"), "{proof}");
    place.run(&["audit", "export", "bundle"]).ok();
    place.run(&["record", "incident", "--date", "2025-08-19", "--summary", "Four"]).ok();
    let proof = place.run(&["audit", "consistency", "bundle/checkpoint"]).ok();
    assert!(proof.starts_with("old "), "{proof}");
    place.run(&["audit", "consistency", "0", "--out", "from-nothing"]).ok();
    assert!(std::fs::read_to_string(place.file("from-nothing")).unwrap().starts_with("old 0\n\n"));
    place.run(&["audit", "consistency", "99"]).fails(2);
    let shown = place.run(&["audit", "show", "bundle", "--vkey", "desk.vkey"]).ok();
    assert_eq!(shown.matches(": verifies").count(), 2, "{shown}");
    let shown = place.run(&["audit", "show", "bundle"]).ok();
    assert!(
        shown.contains(" (ed25519): not checked") && shown.contains(" (cosignature), says it was made at 2")
    );
    // An archive is as good as a directory.
    place.run(&["audit", "export", "bundle.tar"]).ok();
    assert_eq!(shown.lines().count(), place.run(&["audit", "show", "bundle.tar"]).ok().lines().count());
    place.run(&["record", "incident", "--date", "2025-08-19", "--summary", "Five"]).ok();
    let proof = place.run(&["audit", "consistency", "bundle.tar"]).ok();
    assert!(proof.starts_with("old 6\n"), "{proof}");
    place.run(&["audit", "export", "later"]).ok();
    assert_eq!(verify(&place, "later", &["--old", "bundle.tar"], 0)["verdict"], "OK");
    std::fs::write(place.file("no.tar"), b"no archive").unwrap();
    place.run(&["audit", "show", "no.tar"]).fails(1);
    // A key out of the bundle proves nothing, which is a part of what is said of it.
    let ran = place.run(&["audit", "verify", "later", "--vkey", "later/vkey", "--format", "json"]);
    assert!(ran.out.contains("the key is one out of the bundle"), "{ran:?}");
}

#[test]
fn what_was_recorded_while_the_keys_were_away_is_proved_once_they_are_back() {
    let place = place();
    let signed = place.run(&["log"]).ok();
    assert!(signed.contains("all events, signed") && !signed.contains("not signed"), "{signed}");
    place
        .run(&["record", "incident", "--date", "2025-08-19", "--summary", "Four", "--keys", "elsewhere"])
        .ok();
    let behind = place.run(&["log"]).ok();
    assert!(behind.contains("1 event is not signed yet"), "{behind}");
    let refused = place.run(&["audit", "proof", "#5"]).fails(1);
    assert!(
        refused.contains("no checkpoint covers position 5 yet") && refused.contains("`demarche audit export")
    );
    place.run(&["audit", "export", "bundle"]).ok();
    place.run(&["audit", "proof", "#5"]).ok();
}

#[test]
fn a_removed_text_is_shredded_in_a_bundle_and_gone_from_it() {
    let place = place();
    place.run(&["audit", "export", "before"]).ok();
    place.run(&["redact", "#2", "--basis", "a law", "--approve", "kim", "--approve", "lee"]).ok();
    place.run(&["audit", "export", "after"]).ok();
    let report = verify(&place, "after", &["--replay", "--old", "before/checkpoint"], 0);
    assert_eq!(report["verdict"], "SHREDDED", "{report}");
    let said = "basis: a law; approved by kim (by account alone) and lee (by account alone)";
    assert!(report["findings"].to_string().contains(said), "{report}");
    assert!(report["checks"].to_string().contains("a replay of "), "{report}");
    let texts = |bundle: &str| {
        std::fs::read_dir(place.file(bundle).join("bodies"))
            .unwrap()
            .map(|text| text.unwrap().file_name())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(texts("before").difference(&texts("after")).count(), 1);
}

/// Runs a program of another make; none, after saying so, where it is not installed.
fn other(place: &Place, program: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let Ok(output) = Command::new(program).args(arguments).current_dir(place.file("")).output() else {
        assert!(std::env::var_os("CI").is_none(), "in CI {program} must be there");
        eprintln!("skipped: there is no {program}");
        return None;
    };
    Some((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[test]
fn the_program_in_the_bundle_checks_it_with_nothing_of_ours() {
    let place = place();
    place.run(&["audit", "export", "bundle"]).ok();
    let guide = std::fs::read_to_string(place.file("bundle/VERIFY.md")).unwrap();
    let (_, program) = guide.split_once("```python\n").unwrap();
    let (program, _) = program.split_once("```\n").unwrap();
    std::fs::write(place.file("check.py"), program).unwrap();
    let run = || other(&place, "python3", &["check.py", "bundle", "desk.vkey"]);
    let Some((good, said)) = run() else { return };
    assert!(good && said.ends_with("\nOK\n"), "{said}");
    let mut changed: Vec<PathBuf> =
        ["checkpoint", "checkpoints/0", "proofs/1.tlog-proof", "consistency/0", "manifest.json"]
            .iter()
            .map(|path| place.file("bundle").join(path))
            .collect();
    changed.push(std::fs::read_dir(place.file("bundle/bodies")).unwrap().next().unwrap().unwrap().path());
    changed
        .push(std::fs::read_dir(place.file("bundle/tile/0/000.p")).unwrap().next().unwrap().unwrap().path());
    changed.push(
        std::fs::read_dir(place.file("bundle/tile/entries/000.p")).unwrap().next().unwrap().unwrap().path(),
    );
    for path in changed {
        let kept = std::fs::read(&path).unwrap();
        let mut wrong = kept.clone();
        *wrong.last_mut().unwrap() ^= 1;
        let middle = wrong.len() / 2;
        wrong[middle] ^= 1;
        std::fs::write(&path, wrong).unwrap();
        let (good, said) = run().unwrap();
        assert!(!good, "{}: {said}", path.display());
        std::fs::write(&path, kept).unwrap();
    }
}

/// Returns the first block of the guide in a language.
fn block(guide: &str, begin: &str, end: &str) -> String {
    let (_, block) = guide.split_once(begin).unwrap();
    block.split_once(end).unwrap().0.to_owned()
}

#[test]
fn the_guide_in_the_bundle_works_after_a_change_of_keys() {
    let place = place();
    place.run(&["audit", "export", "before"]).ok();
    place.run(&["key", "rotate"]).ok();
    place.run(&["key", "export-vkey", "--to", "new.vkey"]).ok();
    place.run(&["key", "export-vkey", "--all", "--to", "all.vkey"]).ok();
    place.run(&["record", "incident", "--date", "2025-08-19", "--summary", "Four"]).ok();
    place.run(&["audit", "export", "bundle"]).ok();
    let guide = std::fs::read_to_string(place.file("bundle/VERIFY.md")).unwrap();
    std::fs::write(place.file("check.py"), block(&guide, "```python\n", "```\n")).unwrap();
    for (keys, stands) in [("all.vkey", true), ("desk.vkey", false), ("new.vkey", false)] {
        let Some((good, said)) = other(&place, "python3", &["check.py", "bundle", keys]) else { return };
        assert_eq!(good, stands, "{keys}: {said}");
        assert_eq!(said.contains("put all keys into one file"), !stands, "{keys}: {said}");
    }
    // Of all keys the recipe takes the one that signed, and leaves the bundle as it was.
    std::fs::copy(place.file("all.vkey"), place.file("desk.vkey")).unwrap();
    let recipe = block(&guide, "  ```sh\n", "  ```\n");
    std::fs::write(place.file("recipe"), format!("cd bundle\n{recipe}")).unwrap();
    if !authority(&place) {
        return;
    }
    let (_, said) = other(&place, "sh", &["recipe"]).unwrap();
    assert_eq!(said.matches("Signature Verified Successfully").count(), 1, "{said}");
    let name = std::fs::read_to_string(place.file("new.vkey")).unwrap();
    let signing: Vec<&str> = name.lines().next().unwrap().splitn(3, '+').collect();
    assert!(said.contains(&format!("{}+{}\n", signing[0], signing[1])), "{said}");
    assert_eq!(verify(&place, "bundle", &[], 0)["verdict"], "OK");
}

/// Makes a time-stamping authority beside the log; false, after saying so, where there is no openssl.
fn authority(place: &Place) -> bool {
    let config = "[req]\ndistinguished_name = name\nprompt = no\n[name]\nCN = TSA\n[tsa]\n\
        extendedKeyUsage = critical,timeStamping\n[tsa_config]\nserial = serial\nsigner_cert = cert.pem\n\
        signer_key = key.pem\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n";
    std::fs::write(place.file("tsa.cnf"), config).unwrap();
    std::fs::write(place.file("serial"), "01\n").unwrap();
    let certificate =
        "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -config tsa.cnf -extensions tsa";
    let made = other(place, "openssl", &certificate.split(' ').collect::<Vec<_>>());
    made.is_some_and(|(made, said)| {
        assert!(made, "{said}");
        true
    })
}

/// Has the authority answer a request that is in a file.
fn stamp(place: &Place, request: &str, answer: &str) {
    let reply = format!("ts -reply -queryfile {request} -config tsa.cnf -section tsa_config -out {answer}");
    assert!(other(place, "openssl", &reply.split(' ').collect::<Vec<_>>()).unwrap().0);
}

#[test]
fn a_checkpoint_is_stamped_by_an_authority_and_the_bundle_dates_its_events() {
    let place = place();
    place.run(&["audit", "timestamp", "--request", "request.tsq"]).ok();
    if !authority(&place) {
        return;
    }
    stamp(&place, "request.tsq", "answer.tsr");
    place.run(&["audit", "timestamp", "--response", "desk.vkey"]).fails(1);
    let kept = place.run(&["audit", "timestamp", "--response", "answer.tsr"]).ok();
    assert!(kept.contains("was stamped at"), "{kept}");
    place.run(&["audit", "timestamp", "--response", "answer.tsr"]).fails(1);
    place.run(&["record", "incident", "--date", "2025-08-19", "--summary", "Later"]).ok();
    place.run(&["audit", "export", "bundle"]).ok();
    let report = verify(&place, "bundle", &[], 0);
    assert!(report["checks"].to_string().contains("against 1 date from outside"), "{report}");
    let stamp = std::fs::read_dir(place.file("bundle/timestamps")).unwrap().next().unwrap().unwrap().path();
    let size = stamp.file_stem().unwrap().to_str().unwrap().to_owned();
    let note = format!("bundle/checkpoints/{size}");
    let check = ["ts", "-verify", "-data", &note, "-in", stamp.to_str().unwrap(), "-CAfile", "cert.pem"];
    assert!(other(&place, "openssl", &check).unwrap().0);
    // A stamp of another note, and one whose note was stamped at another time.
    let kept = std::fs::read(&stamp).unwrap();
    let mut garbled = kept.clone();
    garbled[kept.len() / 2] ^= 1;
    std::fs::write(&stamp, garbled).unwrap();
    assert_eq!(verify(&place, "bundle", &[], 3)["verdict"], "ALTERED");
    std::fs::remove_file(&stamp).unwrap();
    assert_eq!(verify(&place, "bundle", &[], 3)["verdict"], "MISSING");
}

/// Answers one request over HTTP as an authority does, and returns where.
fn serve_once(place: &Place) -> String {
    use std::io::{BufRead, BufReader, Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/tsa", listener.local_addr().unwrap());
    let dir = place.file("");
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut length = 0;
        let mut is_query = false;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            is_query |= line == "content-type: application/timestamp-query";
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        assert!(is_query);
        std::fs::write(dir.join("asked.tsq"), body).unwrap();
        let reply = "ts -reply -queryfile asked.tsq -config tsa.cnf -section tsa_config -out answered.tsr";
        assert!(
            Command::new("openssl")
                .args(reply.split(' '))
                .current_dir(&dir)
                .output()
                .unwrap()
                .status
                .success()
        );
        let answer = std::fs::read(dir.join("answered.tsr")).unwrap();
        let mut stream = stream;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&answer).unwrap();
    });
    url
}

#[test]
fn an_authority_on_the_network_is_asked_and_its_answer_kept() {
    let place = place();
    if !authority(&place) {
        return;
    }
    let url = serve_once(&place);
    place.run(&["audit", "timestamp", "--tsa", &url]).ok();
    place.run(&["audit", "export", "bundle"]).ok();
    assert_eq!(verify(&place, "bundle", &[], 0)["verdict"], "OK");
    assert!(place.file("bundle/timestamps").is_dir());
    // Nobody listens there any more.
    place.run(&["audit", "timestamp", "--tsa", &url]).fails(4);
}
