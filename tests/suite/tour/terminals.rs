//! Terminals of several people at once, in which the commands of a text run as they are shown.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::is_shown;

/// How long a line is waited for.
const PATIENCE: Duration = Duration::from_mins(1);
/// What the program asks at a terminal, and what is typed is not shown.
const PROMPTS: [&str; 3] = ["password: ", "new password: ", "the new password once more: "];

/// A block of commands, and in whose terminal they are given.
pub(super) struct Block {
    whose: String,
    /// What appears there by itself, of what goes on in the background.
    appears: Vec<String>,
    commands: Vec<(String, Vec<String>)>,
}

/// Returns the blocks of a text, of which each begins with whose terminal it is: `# Kim, …`.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if !inside {
        } else if let Some(whose) = line.strip_prefix("# ") {
            let whose = whose.split(',').next().unwrap_or_default().to_owned();
            blocks.push(Block { whose, appears: Vec::new(), commands: Vec::new() });
        } else {
            let block = blocks.last_mut().expect("a block begins with whose terminal it is");
            match (line.strip_prefix("$ "), block.commands.last_mut()) {
                (Some(command), _) => block.commands.push((command.to_owned(), Vec::new())),
                (None, Some((_, shown))) => shown.push(line.trim_end().to_owned()),
                (None, None) => block.appears.push(line.trim_end().to_owned()),
            }
        }
    }
    blocks
}

/// What a command says, while it says it.
#[derive(Default)]
struct Heard {
    text: Mutex<(String, bool)>,
    more: Condvar,
}

impl Heard {
    /// Reads until nobody writes any more.
    fn hear(self: &Arc<Self>, mut from: impl Read + Send + 'static) {
        let heard = Arc::clone(self);
        std::thread::spawn(move || {
            let mut piece = [0; 4_096];
            let mut bytes = Vec::new();
            loop {
                let read = from.read(&mut piece).unwrap_or(0);
                bytes.extend_from_slice(&piece[..read]);
                let mut text = heard.text.lock().unwrap();
                *text = (String::from_utf8_lossy(&bytes).into_owned(), read == 0);
                heard.more.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
    }

    /// Waits until something is found behind `from`, and returns it with the place behind it.
    #[track_caller]
    fn until<T>(&self, from: usize, what: &str, find: impl Fn(&str) -> Option<(T, usize)>) -> (T, usize) {
        let began = Instant::now();
        let mut text = self.text.lock().unwrap();
        loop {
            if let Some((found, end)) = text.0.get(from..).and_then(&find) {
                return (found, from + end);
            }
            let left = PATIENCE.saturating_sub(began.elapsed());
            assert!(
                !text.1 && !left.is_zero(),
                "does not print, or not in this order:\n{what}\nbut:\n{}",
                text.0
            );
            text = self.more.wait_timeout(text, left).unwrap().0;
        }
    }
}

/// A command that runs.
struct Running {
    child: Child,
    heard: Arc<Heard>,
    // How far what it said was looked at.
    seen: usize,
    keyboard: ChildStdin,
    // In which file the process tells its number.
    number: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        // A server goes on when its terminal is gone.
        let number = fs::read_to_string(&self.number).ok().and_then(|number| number.trim().parse().ok());
        if let (Ok(None), Some(number)) = (self.child.try_wait(), number.and_then(Pid::from_raw)) {
            let _ = kill_process(number, Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The terminals of everybody.
pub(super) struct Terminals {
    place: PathBuf,
    path: String,
    in_background: BTreeMap<String, Vec<Running>>,
    // What stands for a word in angle brackets, once it was seen or chosen.
    words: BTreeMap<String, String>,
    // How many commands were given.
    given: usize,
}

impl Terminals {
    pub(super) fn new(place: &Path, path: String) -> Self {
        let place = place.to_owned();
        Self { place, path, in_background: BTreeMap::new(), words: BTreeMap::new(), given: 0 }
    }

    /// Gives the commands of a block, and looks for what it shows.
    #[track_caller]
    pub(super) fn give(&mut self, block: &Block) {
        if !block.appears.is_empty() {
            let mut running = self.in_background.remove(&block.whose).unwrap_or_default();
            let last = running.last_mut().expect("something goes on in the background");
            self.follow(last, &block.appears);
            self.in_background.insert(block.whose.clone(), running);
        }
        for (command, shown) in &block.commands {
            let mut running = self.run(&block.whose, command);
            self.follow(&mut running, shown);
            if command.ends_with('&') {
                self.in_background.entry(block.whose.clone()).or_default().push(running);
                continue;
            }
            let ended = running.child.wait().unwrap();
            // A line that ends a command in error is shown as such.
            let fails = shown.iter().any(|line| line.starts_with("error: "));
            let said = running.heard.text.lock().unwrap().0.clone();
            assert_eq!(ExitStatus::success(&ended), !fails, "$ {command}\n{said}");
        }
    }

    /// Begins a command at a terminal, with what was exported there before.
    fn run(&mut self, whose: &str, command: &str) -> Running {
        let home = self.place.join(format!("home-of-{}", whose.replace(' ', "-")));
        self.given += 1;
        fs::create_dir_all(&home).unwrap();
        let file = |name: String| home.join(name);
        let (exported, number) = (file("exported".to_owned()), file(format!("{}.pid", self.given)));
        let (inner, ended) = (file(format!("{}.sh", self.given)), file(format!("{}.ended", self.given)));
        let of = |path: &Path| path.display().to_string();
        let (alone, command) = match command.strip_suffix('&') {
            Some(command) => ("exec ", command),
            None => ("", command),
        };
        let before = if exported.exists() { format!(". {}", of(&exported)) } else { String::new() };
        let script = [
            format!("echo $$ > {}", of(&number)),
            before,
            format!("{alone}{command}"),
            format!("echo $? > {}", of(&ended)),
            format!("export -p > {}", of(&exported)),
        ];
        fs::write(&inner, script.join("\n")).unwrap();
        // What is shown goes to no screen, whose width it would have.
        let shown = format!("sh {} 2>&1 | cat; exit $(cat {})", of(&inner), of(&ended));
        let mut child = Command::new("script")
            .args(["--quiet", "--flush", "--return", "--command", &shown, "/dev/null"])
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", &home)
            .env("USER", "desk")
            .current_dir(&self.place)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`script` of util-linux makes terminals");
        let heard = Arc::new(Heard::default());
        heard.hear(child.stdout.take().unwrap());
        let keyboard = child.stdin.take().unwrap();
        Running { child, heard, seen: 0, keyboard, number }
    }

    /// Types what is asked for, and waits for each line that is shown.
    #[track_caller]
    fn follow(&mut self, running: &mut Running, shown: &[String]) {
        for expected in shown.iter().filter(|line| *line != "…") {
            let prompt = PROMPTS.iter().find(|prompt| expected.starts_with(**prompt));
            let word =
                expected.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(word, _)| word);
            if let (Some(prompt), Some(word)) = (prompt, word) {
                let typed =
                    self.words.entry(word.to_owned()).or_insert_with(|| format!("{word} of this test"));
                let find = |text: &str| text.find(prompt).map(|place| ((), place + prompt.len()));
                ((), running.seen) = running.heard.until(running.seen, expected, find);
                writeln!(running.keyboard, "{typed}").unwrap();
                continue;
            }
            let known = word.and_then(|word| Some((word, self.words.get(word)?)));
            let line = known
                .map_or_else(|| expected.clone(), |(word, is)| expected.replace(&format!("<{word}>"), is));
            let (before, open) = match line.split_once('<') {
                Some((before, rest)) => {
                    (before, rest.split_once('>').map(|(_, after)| format!("{before}…{after}")))
                }
                None => ("", None),
            };
            let pattern = open.as_deref().unwrap_or(&line);
            let (found, seen) = running.heard.until(running.seen, expected, |text| {
                // A line that is not ended yet may go on.
                let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
                let mut end = 0;
                whole.split_inclusive('\n').find_map(|line| {
                    end += line.len();
                    is_shown(pattern, line.trim_end()).then(|| (line.trim_end().to_owned(), end))
                })
            });
            running.seen = seen;
            if let (Some(word), true) = (word, open.is_some()) {
                let said = found[before.len()..].split_whitespace().next().unwrap_or_default();
                self.words.insert(word.to_owned(), said.to_owned());
            }
        }
    }
}
