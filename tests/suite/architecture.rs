//! The rules of the house that a compiler does not know.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// From the bottom to the top; a layer may name those before it.
const LAYERS: [&str; 7] = ["domain", "tlog", "store", "projections", "desk", "http", "cli"];

/// Longer than the house likes: closed lists and machines that wait to be parted. It only gets shorter.
const LONG_FILES: [&str; 0] = [];
const FILE_LINES_MAX: usize = 420;

/// A file, and its code without comments and texts.
struct Source {
    /// From the top of the repository: `src/desk/clock.rs`.
    path: String,
    code: String,
    lines: usize,
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        let path = file.strip_prefix(top()).unwrap().to_str().unwrap().to_owned();
        Source { path, lines: text.lines().count(), code: code(&text) }
    };
    let sources: Vec<_> = rust_files(&top().join("src")).into_iter().map(read).collect();
    assert!(sources.len() > 50, "the sources are not where this test looks for them");
    sources
});

/// Returns the code alone: every comment and every text in it is left out.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        rest = if rest.starts_with("//") {
            rest.find('\n').map_or("", |end| &rest[end..])
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or("", |end| &rest[end + 2..])
        } else if let Some(hashes) = raw_text(rest) {
            let close = format!("\"{}", "#".repeat(hashes));
            let body = &rest[hashes + 2..];
            body.find(&close).map_or("", |end| &body[end + close.len()..])
        } else if next == '"' {
            code.push_str("\"\"");
            after_text(&rest[1..])
        } else if let Some(after) = rest.strip_prefix("'\"'") {
            after
        } else {
            code.push(next);
            // A word is taken whole, so that the `r` at its end begins no raw text.
            let word = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            let taken = word.unwrap_or(rest.len()).max(next.len_utf8());
            code.push_str(&rest[next.len_utf8()..taken]);
            &rest[taken..]
        };
    }
    code
}

/// Returns how many `#` begin a raw text here.
fn raw_text(rest: &str) -> Option<usize> {
    let rest = rest.strip_prefix('r')?;
    let after = rest.trim_start_matches('#');
    after.starts_with('"').then(|| rest.len() - after.len())
}

fn after_text(mut rest: &str) -> &str {
    loop {
        match rest.find(['"', '\\']) {
            None => return "",
            Some(at) if rest[at..].starts_with('"') => return &rest[at + 1..],
            Some(at) => {
                let mut letters = rest[at + 1..].chars();
                letters.next();
                rest = letters.as_str();
            }
        }
    }
}

/// Tells whether `name` stands in the code as a whole word or path.
fn names(code: &str, name: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + name.len()..].chars().next();
        !before.is_some_and(|letter| is_word(letter) || letter == ':') && !after.is_some_and(is_word)
    })
}

/// Tells whether the code imports from a crate or a module of the standard library, in one path or
/// inside the braces of a longer one.
fn imports(code: &str, path: &str) -> bool {
    if names(code, path) {
        return true;
    }
    let Some((parent, child)) = path.rsplit_once("::") else { return false };
    code.split(&format!("{parent}::{{"))
        .skip(1)
        .any(|list| names(list.split(';').next().unwrap_or_default(), child))
}

/// Tells whether a word without a path is a name of our own: `let sled = path.join(..)`.
fn is_own(code: &str, name: &str) -> bool {
    !name.contains("::")
        && name.chars().all(|letter| letter.is_lowercase() || letter == '_')
        && !names_crate(code, name)
}

/// Tells whether the code reaches into a crate: `sled::Db`, `use sled as ..`.
fn names_crate(code: &str, name: &str) -> bool {
    code.split(&format!("{name}::")).zip(code.split(&format!("{name}::")).skip(1)).any(|(before, _)| {
        !before.ends_with(|letter: char| letter.is_alphanumeric() || "_:".contains(letter))
    }) || names(code, &format!("use {name}"))
}

fn is_in(path: &str, layer: &str) -> bool {
    path == format!("src/{layer}.rs") || path.starts_with(&format!("src/{layer}/"))
}

#[track_caller]
fn holds(violations: &[String]) {
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn layers_import_only_what_is_below_them() {
    let mut violations = Vec::new();
    for source in SOURCES.iter() {
        let Some(height) = LAYERS.iter().position(|layer| is_in(&source.path, layer)) else { continue };
        // The two lowest know nothing of each other.
        let siblings = if LAYERS[height] == "domain" { vec!["tlog"] } else { Vec::new() };
        let above = LAYERS[height + 1..].iter().copied().chain(siblings);
        let above =
            if LAYERS[height] == "tlog" { above.chain(vec!["domain"]) } else { above.chain(Vec::new()) };
        for layer in above {
            let ways = ["crate", "demarche", "super", "super::super", "super::super::super"]
                .map(|from| format!("{from}::{layer}"));
            if ways.iter().any(|way| imports(&source.code, way)) {
                violations.push(format!("{} names {layer}", source.path));
            }
        }
    }
    holds(&violations);
}

#[test]
fn every_module_has_its_layer() {
    let known = |path: &str| {
        matches!(path, "src/lib.rs" | "src/main.rs" | "src/testing.rs")
            || LAYERS.iter().any(|layer| is_in(path, layer))
    };
    holds(&SOURCES.iter().map(|source| source.path.clone()).filter(|path| !known(path)).collect::<Vec<_>>());
}

/// Checks that what is named stands in these places only.
#[track_caller]
fn only_in(what: &[&str], places: &[&str]) {
    let mut violations = Vec::new();
    for source in SOURCES.iter() {
        if places.iter().any(|place| source.path == *place || is_in(&source.path, place)) {
            continue;
        }
        for name in what.iter().filter(|name| imports(&source.code, name) && !is_own(&source.code, name)) {
            violations.push(format!("{} names {name}, which only {places:?} may", source.path));
        }
    }
    holds(&violations);
}

#[test]
fn sled_holds_only_what_can_be_rebuilt() {
    only_in(&["sled"], &["src/projections/snapshot.rs"]);
}

#[test]
fn looks_are_shared_among_threads_in_one_place() {
    only_in(&["rayon"], &["src/projections/together.rs"]);
}

#[test]
fn one_place_reads_the_clock() {
    let clocks = ["Utc::now", "Local::now", "SystemTime::now", "chrono::Utc::now", "chrono::Local::now"];
    only_in(&clocks, &["src/desk/clock.rs"]);
    only_in(&["std::time::SystemTime", "SystemTime"], &["src/desk/clock.rs", "store", "projections"]);
}

#[test]
fn a_crate_is_named_by_one_layer() {
    only_in(&["axum", "tower", "hyper", "hyper_util", "http_body_util", "tokio"], &["http"]);
    only_in(&["tantivy"], &["projections/text/engine"]);
    only_in(&["clap", "clap_complete", "clap_mangen", "anstream"], &["cli"]);
    only_in(&["anyhow", "tracing_subscriber"], &["cli", "src/main.rs"]);
    only_in(&["hmac"], &["store"]);
    only_in(&["aes_gcm", "getrandom", "zeroize"], &["store", "desk/keys"]);
    only_in(&["argon2"], &["src/desk/keys/sealing.rs"]);
    only_in(&["edtf_core", "chrono_tz"], &["domain"]);
    only_in(&["ed25519_dalek"], &["src/tlog/key.rs"]);
    only_in(&["x509_tsp", "cms"], &["src/desk/audit/stamp.rs"]);
    only_in(&["der"], &["desk/audit/stamp"]);
    only_in(&["ring"], &["src/desk/audit/stamp/signature.rs", "src/http/sso/signature.rs"]);
    only_in(&["tar"], &["src/desk/audit/archive.rs"]);
    only_in(&["toml"], &["src/cli/config.rs"]);
    only_in(&["ureq"], &["src/http/outside.rs"]);
    only_in(&["rustls", "tokio_rustls"], &["src/http/tls.rs", "http/tls", "http/serve", "http/client"]);
    only_in(&["x509_cert"], &["src/http/tls.rs"]);
    only_in(&["webpki_roots"], &["src/http/client/remote.rs"]);
}

#[test]
fn domain_and_trees_know_no_disk_no_network_and_no_waiting() {
    let mut violations = Vec::new();
    for source in SOURCES.iter().filter(|source| is_in(&source.path, "domain") || is_in(&source.path, "tlog"))
    {
        let worldly = [
            "std::fs",
            "std::net",
            "std::io",
            "std::env",
            "std::thread",
            "std::process",
            "std::time::Instant",
            "tokio",
            "async",
        ];
        for name in worldly.iter().filter(|name| imports(&source.code, name)) {
            violations.push(format!("{} names {name}", source.path));
        }
    }
    holds(&violations);
}

#[test]
fn what_works_without_waiting_is_synchronous() {
    let mut violations = Vec::new();
    for source in SOURCES.iter() {
        if !is_in(&source.path, "http") && !is_in(&source.path, "cli") && names(&source.code, "async") {
            violations.push(source.path.clone());
        }
    }
    holds(&violations);
}

#[test]
fn a_file_is_read_in_one_sitting() {
    let mut violations = Vec::new();
    for source in SOURCES.iter() {
        let is_listed = LONG_FILES.contains(&source.path.as_str());
        if source.lines > FILE_LINES_MAX && !is_listed {
            violations.push(format!("{} has {} lines; part it", source.path, source.lines));
        } else if source.lines <= FILE_LINES_MAX && is_listed {
            violations.push(format!("{} is short now; take it off the list", source.path));
        }
    }
    holds(&violations);
}

#[test]
fn no_file_of_the_suite_is_forgotten() {
    let suite = top().join("tests/suite");
    let main = code(&fs::read_to_string(suite.join("main.rs")).unwrap());
    let mut forgotten = Vec::new();
    for entry in fs::read_dir(&suite).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_module =
            rust_files(&suite).contains(&path) || (path.is_dir() && !rust_files(&path).is_empty());
        if is_module && stem != "main" && !names(&main, &format!("mod {stem}")) {
            forgotten.push(stem);
        }
    }
    holds(&forgotten);
}

#[test]
fn the_rules_see_code_and_nothing_else() {
    let text = r##"
        // use sled::Db;
        /* tokio */ let one = "a \" sled"; let two = r#"axum " clap"#; let three = '"';
        use std::{collections::HashMap, fs}; use std::io::Read; let forked = for_sled();
    "##;
    let code = code(text);
    for hidden in ["sled", "tokio", "axum", "clap"] {
        assert!(!names(&code, hidden), "{hidden} in {code}");
    }
    for seen in ["std::fs", "std::io", "std::collections"] {
        assert!(imports(&code, seen), "{seen} in {code}");
    }
    assert!(!imports(&code, "std::net") && names(&code, "three"));
    assert!(is_own("let sled = 1; for_sled::x(); a::sled::b()", "sled"));
    for named in ["sled::open()", "use sled::{Db}", "use sled as s;", "let _: Option<sled::Db>"] {
        assert!(!is_own(named, "sled"), "{named}");
    }
}
