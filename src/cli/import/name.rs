//! By which name the rows of a file are known again.

use std::path::Path;

use crate::cli::record::is_standard;
use crate::desk::import::names_format;

/// Returns the name by which the rows of a file are known again: its own, or the one that was given. What the file is, its
/// own name tells: the ending goes with it.
pub(super) fn named(given: Option<&str>, path: &Path) -> String {
    let file = name_of(path);
    let Some(given) = given else { return file };
    match file.rsplit_once('.').filter(|_| names_format(&file)) {
        Some((_, ending)) => {
            let stem = given.rsplit_once('.').map(|(stem, _)| stem).filter(|stem| !stem.is_empty());
            format!("{}.{ending}", stem.unwrap_or(given))
        }
        None => given.to_owned(),
    }
}

/// Returns the name of a file without its folder.
pub(super) fn name_of(path: &Path) -> String {
    if is_standard(path) {
        return "stdin".to_owned();
    }
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_for_the_rows_does_not_say_what_the_file_is() {
        for (given, file, name) in [
            (None, "b2.xlsx", "b2.xlsx"),
            (Some("zz"), "b2.xlsx", "zz.xlsx"),
            (Some("zz.csv"), "in/b2.XLSX", "zz.XLSX"),
            (Some("calls"), "calls.txt", "calls"),
            (Some("calls.csv"), "calls", "calls.csv"),
            (Some("calls.csv"), "-", "calls.csv"),
        ] {
            assert_eq!(named(given, Path::new(file)), name, "{given:?} {file}");
            let stem = |name: &str| crate::desk::import::stem(name).unwrap();
            assert_eq!(stem(&named(given, Path::new(file))), stem(given.unwrap_or(file)), "{given:?} {file}");
        }
    }
}
