//! How quickly a desk opens and answers on a long log.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use demarche::desk::{Desk, Opening};
use demarche::http::client::{Client, Method, Request};

use crate::events::{CHANNELS, PARTIES};
use crate::read::{Log, bytes_under};
use crate::report::{Report, median};

const CHILD: &str = "DEMARCHE_BENCH_CHILD";
const ONE_SHOTS: usize = 15;

/// Measures opening, pages and the one-shot command.
pub(crate) fn measure(log: &Log, report: &mut Report) {
    // Saves the index and the projections, as the first command that records would.
    Desk::open(&log.dir, Opening::Write { wait: std::time::Duration::from_secs(5) })
        .unwrap()
        .close()
        .unwrap();
    let all = bytes_under(&log.dir);
    let logged = bytes_under(&log.dir.join("log"));
    report.add(
        "bytes on disk with everything that can be rebuilt, to the log alone",
        format!("{:.3}", all as f64 / logged as f64),
        format!("{} MB against {} MB", all / 1_000_000, logged / 1_000_000),
        "–",
    );
    open(log, report);
    pages(log, report);
    one_shot(log, report);
}

fn open(log: &Log, report: &mut Report) {
    let cold = drop_caches().then(|| in_a_child("open", &log.dir));
    let warm: Vec<Vec<f64>> = (0..5).map(|_| in_a_child("open", &log.dir)).collect();
    match cold {
        Some(numbers) => report.add(
            "open, cold",
            format!("{:.0} ms", numbers[0]),
            "page cache dropped".to_owned(),
            "≤ 150 ms",
        ),
        None => report.add("open, cold", "not measured".to_owned(), "needs root".to_owned(), "≤ 150 ms"),
    }
    let time = median(warm.iter().map(|numbers| numbers[0]).collect());
    let memory = median(warm.iter().map(|numbers| numbers[1]).collect());
    report.add("open, warm", format!("{time:.0} ms"), "median of 5".to_owned(), "≤ 80 ms");
    report.add(
        "resident memory after opening and 500 pages",
        format!("{memory:.0} MB"),
        String::new(),
        "≤ 120 MB",
    );
}

fn drop_caches() -> bool {
    std::process::Command::new("sync").status().is_ok()
        && std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

/// Runs a measurement in a fresh process, and returns the numbers that it prints.
fn in_a_child(what: &str, dir: &Path) -> Vec<f64> {
    let output = Command::new(std::env::current_exe().unwrap())
        .env(CHILD, format!("{what} {}", dir.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

/// A measurement of a fresh process: milliseconds to open, then megabytes resident after some pages.
pub(crate) fn child(what: &str) {
    let (what, dir) = what.split_once(' ').expect("a measurement and a directory");
    assert_eq!(what, "open");
    let begun = Instant::now();
    let desk = Desk::open(Path::new(dir), Opening::Read).unwrap();
    let opened = begun.elapsed();
    let client = Client::in_process(desk).unwrap();
    for number in 0..500 {
        page(&client, number);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|digits| digits.parse::<f64>().ok())
        .unwrap_or(0.0);
    println!("{} {}", opened.as_secs_f64() * 1e3, resident / 1e3);
}

/// A page of 50 with two filters.
fn page(client: &Client, number: u64) {
    let wide = u128::from(number);
    let request = Request {
        method: Method::Get,
        path: "/v1/timeline".to_owned(),
        query: vec![
            ("channel".to_owned(), format!("line-{}", wide % CHANNELS)),
            ("party".to_owned(), format!("KOR/body-{}", wide * 7 % PARTIES)),
        ],
        ..Request::default()
    };
    let reply = client.send(&request).unwrap();
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
}

fn pages(log: &Log, report: &mut Report) {
    let client = Client::in_process(Desk::open(&log.dir, Opening::Read).unwrap()).unwrap();
    (0..100).for_each(|number| page(&client, number));
    let mut times: Vec<f64> = (0..2_000)
        .map(|number| {
            let begun = Instant::now();
            page(&client, number);
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[(times.len() as f64 * share) as usize];
    report.add(
        "timeline page of 50 with two filters, through the API in process, p99",
        format!("{:.2} ms", at(0.99)),
        format!("median {:.2} ms, {} events", at(0.5), log.events),
        "≤ 2 ms",
    );
}

fn one_shot(log: &Log, report: &mut Report) {
    let times = (0..ONE_SHOTS)
        .map(|number| {
            let begun = Instant::now();
            let output = Command::new(env!("CARGO_BIN_EXE_demarche"))
                .args(["--dir", log.dir.to_str().unwrap(), "timeline", "--limit", "50"])
                .args(["--channel", &format!("line-{number}"), "--party", "KOR/body-3"])
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    report.add(
        "the command `timeline`, from start to end",
        format!("{:.0} ms", median(times)),
        format!("median of {ONE_SHOTS}"),
        "≤ 80 ms",
    );
}
