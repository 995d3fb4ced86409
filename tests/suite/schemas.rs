//! The schemas that are checked in are those of the program.

use std::fs;
use std::path::Path;

use demarche::desk::schemas;
use demarche::http::openapi;

#[test]
fn the_schemas_in_the_repository_are_those_of_the_types() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let mut all = schemas::all().unwrap();
    all.push(("openapi.json", openapi::document().unwrap()));
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        fs::create_dir_all(&dir).unwrap();
        for (name, text) in &all {
            fs::write(dir.join(name), text).unwrap();
        }
    }
    for (name, text) in &all {
        let kept = fs::read_to_string(dir.join(name)).unwrap_or_default();
        assert!(kept == *text, "schemas/{name} is not that of the types; write it with UPDATE_SCHEMAS=1");
    }
    let mut kept: Vec<_> =
        fs::read_dir(&dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    kept.sort();
    assert_eq!(kept, all.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
}
