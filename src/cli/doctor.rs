//! `doctor`: what is the matter with the files, the keys and the machine of a log, and what to do.

use serde::{Deserialize, Serialize};

use crate::cli::failure::Failure;
use crate::cli::output::{Show, Text};
use crate::cli::session::Session;
use crate::desk::doctor::{Finding, Gravity, examine};

/// What was found.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Findings {
    findings: Vec<Finding>,
}

/// Looks, shows what was found, and fails where something is to be done.
pub(super) fn run(session: &mut Session) -> Result<(), Failure> {
    let dir = session.directory("the doctor")?;
    if !dir.is_dir() {
        // Nothing is damaged where nothing is.
        return Err(Failure::Refused {
            what: format!("there is no directory {}", dir.display()),
            hint: "name it with `--dir`, or begin a log there: `demarche init`".to_owned(),
        });
    }
    let findings = examine(&dir, &session.globals.place);
    let worst = findings.iter().map(|finding| finding.gravity).max();
    session.show_bare(&Findings { findings })?;
    match worst {
        Some(Gravity::Grave) => Err(Failure::Unwell { grave: true }),
        Some(Gravity::Warning) => Err(Failure::Unwell { grave: false }),
        Some(Gravity::Fine) | None => Ok(()),
    }
}

impl Show for Findings {
    fn text(&self, text: &mut Text) {
        for Finding { of, gravity, says, todo } in &self.findings {
            text.line(format!("{of}: {gravity}"));
            text.hanging(2, says);
            if let Some(todo) = todo {
                text.hanging(2, &format!("→ {todo}"));
            }
        }
    }

    fn columns() -> &'static [&'static str] {
        &["of", "gravity", "says", "todo"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |finding: &Finding| {
            let todo = finding.todo.clone().unwrap_or_default();
            vec![finding.of.clone(), finding.gravity.to_string(), finding.says.clone(), todo]
        };
        self.findings.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::usage;

    #[test]
    fn a_directory_that_is_not_there_is_not_damaged() {
        assert_eq!(usage(&["doctor", "--dir", "/nowhere"]), 1);
    }
}
