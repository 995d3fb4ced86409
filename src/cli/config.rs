//! The configuration file: what a flag or a variable of the environment says otherwise, it says once for all runs. The
//! one place that names `toml`.
//!
//! Its keys are the long flags, those of every command at the top and those of `serve` in a table of their own, so that
//! a new flag is a new key. The first of these files that is there is read, and no other: `--config`,
//! `DEMARCHE_CONFIG`, `demarche/config.toml` among the settings of the account, `/etc/demarche/config.toml`.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use toml::{Table, Value};

use crate::cli::failure::Failure;

/// Where the file of the machine is.
const SYSTEM: &str = "/etc/demarche/config.toml";
/// Commands that have a table of their own.
const TABLES: [&str; 1] = ["serve"];
/// What belongs to one run, or is handed over open.
const NEVER: [&str; 9] =
    ["config", "known-as-of", "at", "key-fd", "passphrase-fd", "master-key-fd", "help", "version", "purpose"];
/// The directory of the log where nobody names one, nor a server.
pub(super) const DIRECTORY: &str = "demarche-data";
/// How near a word must be to be what was meant.
const NEAR: f64 = 0.75;

/// What a file says.
#[derive(Debug, Clone, Default)]
pub(super) struct Config {
    /// The file; none where there is none.
    pub(super) path: Option<PathBuf>,
    /// By table (nothing for the top) and key.
    values: BTreeMap<(String, String), Vec<OsString>>,
}

/// What a setting is, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// Its key: `dir`, `serve.port`.
    pub(super) key: String,
    /// What it is; none where nobody says.
    pub(super) value: Option<String>,
    /// Who says so: a flag, a variable, a file, or the program itself.
    pub(super) from: String,
}

/// Returns the directory that a variable of the environment names, from the root.
pub(super) fn named_directory(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Returns the place of this program among the settings of the account.
pub(super) fn settings() -> Option<PathBuf> {
    let own = || Some(named_directory("HOME")?.join(".config"));
    Some(named_directory("XDG_CONFIG_HOME").or_else(own)?.join("demarche"))
}

/// Returns where a configuration file is looked for when none is named.
pub(super) fn places() -> Vec<PathBuf> {
    settings()
        .map(|settings| settings.join("config.toml"))
        .into_iter()
        .chain([PathBuf::from(SYSTEM)])
        .collect()
}

/// Returns the file that is named on the command line or in the environment.
pub(super) fn named(args: &[OsString]) -> Option<PathBuf> {
    let mut words = args.iter().skip(1).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        if word == "--config" {
            return words.next().map(PathBuf::from);
        }
        if let Some(path) = word.to_str().and_then(|word| word.strip_prefix("--config=")) {
            return Some(PathBuf::from(path));
        }
    }
    env::var_os("DEMARCHE_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from)
}

impl Config {
    /// Reads the file that is named, which must be there, or else the first of `places` that is.
    pub(super) fn load(named: Option<&Path>, places: &[PathBuf], command: &Command) -> Result<Self, Failure> {
        let must = named.is_some();
        let unread = |path: &Path, error| Failure::File { path: path.to_owned(), doing: "read", error };
        let places = places.iter().map(PathBuf::as_path).filter(|_| !must);
        for path in named.into_iter().chain(places) {
            match fs::read_to_string(path) {
                Ok(text) => return Self::parse(&text, path, command),
                Err(error) if !must && error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(unread(path, error)),
            }
        }
        Ok(Self::default())
    }

    fn parse(text: &str, path: &Path, command: &Command) -> Result<Self, Failure> {
        let file = path.display();
        let table: Table = toml::from_str(text).map_err(|error| Failure::Refused {
            what: format!("{file} is no TOML: {}", error.to_string().trim_end().replace('\n', "; ")),
            hint: "write lines such as `dir = \"/srv/desk\"`".to_owned(),
        })?;
        let mut config = Self { path: Some(path.to_owned()), values: BTreeMap::new() };
        for (key, value) in &table {
            if let Value::Table(inner) = value
                && let Some(of) = command.find_subcommand(key).filter(|_| TABLES.contains(&key.as_str()))
            {
                let args: Vec<&Arg> = of.get_arguments().filter(is_setting).collect();
                for (within, value) in inner {
                    config.take(path, key, within, value, &args)?;
                }
            } else {
                let args: Vec<&Arg> = command.get_arguments().filter(is_setting).collect();
                config.take(path, "", key, value, &args)?;
            }
        }
        Ok(config)
    }

    fn take(
        &mut self,
        path: &Path,
        table: &str,
        key: &str,
        value: &Value,
        args: &[&Arg],
    ) -> Result<(), Failure> {
        let refuse = |what: String, hint: String| {
            Err(Failure::Refused { what: format!("{}: {what}", path.display()), hint })
        };
        let full = full(table, key);
        let Some(arg) = args.iter().find(|arg| arg.get_long() == Some(key)) else {
            return refuse(format!("there is no setting `{full}`"), nearest(table, key, args));
        };
        let is_flag = matches!(arg.get_action(), ArgAction::SetTrue);
        let is_list = matches!(arg.get_action(), ArgAction::Append);
        if is_flag && !value.is_bool() {
            return refuse(format!("`{full}` is neither true nor false"), format!("write {key} = true"));
        }
        let is_path = is_path(arg);
        let are_texts =
            value.is_str() || (is_list && value.as_array().is_some_and(|all| all.iter().all(Value::is_str)));
        if is_path && !are_texts {
            return refuse(format!("`{full}` is a path, and this is none"), format!("write {key} = \"…\""));
        }
        let texts = match value.as_array().filter(|_| is_list) {
            Some(values) => values.iter().map(scalar).collect(),
            None if is_flag => value.as_bool().map(|value| vec![value.to_string()]),
            None => scalar(value).map(|text| vec![text]),
        };
        let Some(texts) = texts else {
            let many = if is_list { ", or several in brackets" } else { "" };
            let hint = format!("write {key} = \"…\", or a number{many}");
            return refuse(format!("`{full}` is neither a text nor a number"), hint);
        };
        // A path is one of the directory in which the file stands: a run may begin anywhere.
        let within = path.parent().unwrap_or(Path::new(""));
        let text =
            |text: String| if is_path { within.join(text).into_os_string() } else { OsString::from(text) };
        self.values.insert((table.to_owned(), key.to_owned()), texts.into_iter().map(text).collect());
        Ok(())
    }

    /// Returns the command line, in which what the file says is what holds where nobody says otherwise.
    pub(super) fn apply(&self, mut command: Command) -> Command {
        for ((table, key), values) in &self.values {
            let set = |command: Command| match id_of(&command, key) {
                Some(id) => command.mut_arg(id, |arg| said_by_file(arg, values)),
                None => command,
            };
            command = if table.is_empty() { set(command) } else { command.mut_subcommand(table, set) };
        }
        command
    }

    /// Checks of the commands that have a table what it and the environment say, as each of them would.
    ///
    /// # Errors
    ///
    /// Returns what the command would say of what it does not take.
    pub(super) fn check(command: &Command) -> Result<(), clap::Error> {
        TABLES.iter().try_for_each(|table| {
            command.clone().try_get_matches_from([command.get_name(), table]).map(|_| ())
        })
    }

    /// Returns what every setting is, and who says so; `matches` are those of the innermost command.
    pub(super) fn origins(&self, command: &Command, matches: &ArgMatches) -> Vec<Origin> {
        let mut origins: Vec<Origin> = command
            .get_arguments()
            .filter(is_setting)
            .map(|arg| self.origin(arg, Some(matches), ""))
            .collect();
        for table in TABLES {
            let of = command.find_subcommand(table);
            let args = of.into_iter().flat_map(Command::get_arguments).filter(is_setting);
            origins.extend(args.map(|arg| self.origin(arg, None, table)));
        }
        origins
    }

    fn origin(&self, arg: &Arg, matches: Option<&ArgMatches>, table: &str) -> Origin {
        let (key, id) = (arg.get_long().unwrap_or_default(), arg.get_id().as_str());
        let shown = |values: Vec<&OsStr>| {
            let texts: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
            (!texts.is_empty()).then(|| texts.join(" "))
        };
        let given = matches.filter(|matches| matches.try_contains_id(id).is_ok());
        let source = given.and_then(|matches| matches.value_source(id));
        let raw = given.and_then(|matches| matches.get_raw(id)).map(Iterator::collect::<Vec<&OsStr>>);
        let from_file = self.values.get(&(table.to_owned(), key.to_owned()));
        // Another command would read the variables that it has: of it nothing was parsed.
        let variable = arg.get_env().filter(|_| matches.is_none());
        if let Some((name, said)) = variable.and_then(|name| Some((name, env::var_os(name)?))) {
            let from = name.to_string_lossy().into_owned();
            return Origin { key: full(table, key), value: shown(vec![&said]), from };
        }
        let (value, from) = match (source, from_file) {
            (Some(ValueSource::CommandLine), _) => (raw.and_then(shown), format!("--{key}")),
            (Some(ValueSource::EnvVariable), _) => {
                let name = arg.get_env().map(|name| name.to_string_lossy().into_owned());
                (raw.and_then(shown), name.unwrap_or_default())
            }
            (_, Some(values)) => {
                let file = self.path.as_ref().map(|path| path.display().to_string());
                (shown(values.iter().map(OsString::as_os_str).collect()), file.unwrap_or_default())
            }
            (_, None) => {
                let built_in = arg.get_default_values().iter().map(clap::builder::OsStr::as_os_str).collect();
                let directory = || (full(table, key) == "dir").then(|| DIRECTORY.to_owned());
                (shown(built_in).or_else(directory), "built in".to_owned())
            }
        };
        Origin { key: full(table, key), value, from }
    }
}

/// Returns the schema of the file, as JSON Schema: as it is read, so that an editor can tell what is wrong.
pub(super) fn schema(command: &Command) -> Json {
    let property = |arg: &Arg| {
        let about = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let scalar =
            json!({ "type": if is_path(arg) { json!("string") } else { json!(["string", "integer"]) } });
        let values = arg.get_possible_values();
        let mut schema = if matches!(arg.get_action(), ArgAction::SetTrue) {
            json!({ "type": "boolean" })
        } else if matches!(arg.get_action(), ArgAction::Append) {
            json!({ "anyOf": [scalar, { "type": "array", "items": scalar }] })
        } else if values.is_empty() {
            scalar
        } else {
            json!({ "enum": values.iter().map(clap::builder::PossibleValue::get_name).collect::<Vec<_>>() })
        };
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".to_owned(), about.into());
        }
        (arg.get_long().unwrap_or_default().to_owned(), schema)
    };
    let of = |command: &Command| -> serde_json::Map<String, Json> {
        command.get_arguments().filter(is_setting).map(property).collect()
    };
    let mut top = of(command);
    for table in TABLES {
        let properties = command.find_subcommand(table).map(of).unwrap_or_default();
        let schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        top.insert(table.to_owned(), schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration file of demarche",
        "type": "object",
        "properties": top,
        "additionalProperties": false,
    })
}

fn is_path(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == TypeId::of::<PathBuf>()
}

/// Tells whether a flag can stand in the file.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the arguments of a command are filtered by it")]
fn is_setting(arg: &&Arg) -> bool {
    arg.get_long().is_some_and(|long| !NEVER.contains(&long))
}

fn id_of(command: &Command, key: &str) -> Option<String> {
    let arg = command.get_arguments().find(|arg| arg.get_long() == Some(key))?;
    Some(arg.get_id().as_str().to_owned())
}

fn said_by_file(arg: Arg, values: &[OsString]) -> Arg {
    arg.default_values(
        values.iter().map(|value| clap::builder::OsStr::from(value.clone())).collect::<Vec<_>>(),
    )
}

fn full(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}

/// Returns a value as a flag would have it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// Says what may have been meant.
fn nearest(table: &str, key: &str, args: &[&Arg]) -> String {
    let folded = key.replace('_', "-").to_lowercase();
    let names = args.iter().filter_map(|arg| arg.get_long());
    // Two letters that changed places are one slip, however short the name is.
    let likeness = |name: &str| {
        if strsim::osa_distance(name, &folded) == 1 { 1.0 } else { strsim::jaro_winkler(name, &folded) }
    };
    let near = names.map(|name| (likeness(name), name));
    let best = near.max_by(|one, other| one.0.total_cmp(&other.0)).filter(|(near, _)| *near >= NEAR);
    match best {
        Some((_, name)) => format!("perhaps `{}` is meant", full(table, name)),
        None => "`util config --schema` says which there are".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::guide;

    fn parsed(text: &str) -> Result<Config, Failure> {
        Config::parse(text, Path::new("/etc/demarche/config.toml"), &guide::command())
    }

    #[test]
    fn a_flag_goes_before_the_file_and_the_file_before_what_is_built_in() {
        let config = parsed("dir = \"desk\"\nwait = 9\nformat = \"json\"\n[serve]\nport = 7000\n").unwrap();
        let command = config.apply(guide::command());
        let matches = command.clone().try_get_matches_from(["demarche", "--wait", "3", "serve"]).unwrap();
        let (_, inner) = matches.subcommand().unwrap();
        assert_eq!(inner.get_one::<u16>("port"), Some(&7000));
        let origins = config.origins(&command, inner);
        let of = |key: &str| {
            let origin = origins.iter().find(|origin| origin.key == key).unwrap();
            (origin.value.clone().unwrap_or_default(), origin.from.clone())
        };
        let file = "/etc/demarche/config.toml".to_owned();
        assert_eq!(of("wait"), ("3".to_owned(), "--wait".to_owned()));
        assert_eq!(of("dir"), ("/etc/demarche/desk".to_owned(), file.clone()));
        assert_eq!(of("serve.port"), ("7000".to_owned(), file));
        assert_eq!(of("serve.heartbeat"), ("10".to_owned(), "built in".to_owned()));
        let nobody = guide::command();
        let matches = nobody.clone().try_get_matches_from(["demarche", "serve"]).unwrap();
        let origins = Config::default().origins(&nobody, matches.subcommand().unwrap().1);
        let dir = origins.iter().find(|origin| origin.key == "dir").unwrap();
        assert_eq!((dir.value.as_deref(), dir.from.as_str()), (Some("demarche-data"), "built in"));
        Config::check(&command).unwrap();
        for wrong in ["port = \"abc\"", "port = 99999", "port = -1", "log = \"xml\"", "name = \"a b\""] {
            let command = parsed(&format!("[serve]\n{wrong}")).unwrap().apply(guide::command());
            assert!(Config::check(&command).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_setting_that_does_not_exist_is_refused_with_the_nearest_that_does() {
        for (text, hint) in [
            ("dri = \"x\"", "`dir`"),
            ("master_key_file = \"x\"", "`master-key-file`"),
            ("[serve]\nprot = 1", "`serve.port`"),
            ("[surf]\nport = 1", "--schema"),
            ("known-as-of = \"3\"", "--schema"),
            ("dir = [1.5]", "write dir = \"…\""),
            ("dir = 5", "write dir = \"…\""),
            ("wait = [1.5]", "a number"),
            ("[serve]\nno-read-log = \"yes\"", "= true"),
            ("dir = ", "write lines"),
        ] {
            let Err(Failure::Refused { what, hint: said }) = parsed(text) else { panic!("{text}") };
            assert!(what.contains("/etc/demarche/config.toml"), "{what}");
            assert!(said.contains(hint), "{text}: {said}");
        }
    }

    #[test]
    fn the_schema_has_every_setting_and_nothing_else() {
        let schema = schema(&guide::command());
        let properties = &schema["properties"];
        for key in ["dir", "keys", "format", "wait"] {
            assert!(properties[key].is_object(), "{key}");
        }
        assert!(properties["serve"]["properties"]["port"].is_object());
        assert!(properties.get("key-fd").is_none() && properties.get("at").is_none());
        assert_eq!(schema["additionalProperties"], false);
    }
}
