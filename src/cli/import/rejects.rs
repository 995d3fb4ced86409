//! The file of the rows that were left out, and beside it why each was.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine as _;

use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::words;
use crate::desk::answer::operation::Rejects;
use crate::desk::import::{REJECTS, stem};

/// Where rows that are left out go: chosen before anything is recorded, so that no file is written over.
pub(super) struct Place {
    rows: PathBuf,
    reasons: PathBuf,
    /// The file from which rows are left out, where the name of theirs does not tell it.
    origin: Option<String>,
}

impl Place {
    /// Returns the place that was asked for, or one named like the file.
    pub(super) fn of(asked: Option<&Path>, name: &str) -> Result<Self, Failure> {
        let beside = || {
            let name = Path::new(name);
            let stem = name.file_stem().unwrap_or(name.as_os_str()).to_string_lossy().into_owned();
            let ending =
                name.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
            PathBuf::from(format!("{stem}{REJECTS}{ending}"))
        };
        let rows = asked.map_or_else(beside, ToOwned::to_owned);
        let mut reasons = rows.clone().into_os_string();
        reasons.push(".reasons.txt");
        let known_by = |name: &str| stem(name).ok();
        let chosen = rows.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let origin = (known_by(&chosen) != known_by(name)).then(|| name.to_owned());
        let place = Self { rows, reasons: PathBuf::from(reasons), origin };
        for path in [&place.rows, &place.reasons] {
            if path.exists() {
                return Err(Failure::Usage {
                    what: format!(
                        "{} is there already, and rows that are left out would be written there",
                        path.display()
                    ),
                    hint: "move it away, or name another file with `--rejects`".to_owned(),
                });
            }
        }
        Ok(place)
    }

    /// Writes the rows and the reasons.
    pub(super) fn write(&self, session: &mut Session, rejects: &Rejects) -> Result<(), Failure> {
        let bytes = base64::engine::general_purpose::STANDARD.decode(&rejects.file);
        let bytes = bytes.map_err(|error| Failure::Garbled(error.to_string()))?;
        let lines: Vec<String> = rejects.reasons.iter().map(ToString::to_string).collect();
        let reasons = lines.join("\n") + "\n";
        for (path, bytes) in [(&self.rows, bytes.as_slice()), (&self.reasons, reasons.as_bytes())] {
            let unwritten = |error| Failure::File { path: path.clone(), doing: "written", error };
            File::create_new(path).and_then(|mut file| file.write_all(bytes)).map_err(unwritten)?;
        }
        let told = self.origin.as_ref().map(|origin| {
            format!("; import it with `--name '{origin}'`, so that its rows are known as rows of that file")
        });
        session.note(&format!(
            "{} left out: in {}, and why in {}{}",
            words::count(rejects.rows, "row was", "rows were"),
            self.rows.display(),
            self.reasons.display(),
            told.unwrap_or_default()
        ));
        Ok(())
    }
}
