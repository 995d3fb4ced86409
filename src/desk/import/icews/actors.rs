//! Who acts in a coded event, and towards whom: names, codes of states with a sector behind them, and lists of actors as
//! PLOVER has them, each an object with its code, its sector and the words by which a text names it.

use serde_json::{Map, Value};

use crate::desk::import::drafted::Drafted;
use crate::desk::import::given::Given;
use crate::desk::import::icews::{SOURCE_NAME, TARGET_NAME};
use crate::desk::import::mapping::{Cell, Columns, TableRow};
use crate::desk::import::taking::Taking;
use crate::domain::country;

/// The sectors of PLOVER, and those of CAMEO that it left out.
const SECTORS: &[&str] = &[
    "GOV", "JUD", "LEG", "MIL", "COP", "OPP", "PTY", "REB", "PRM", "SPY", "UAF", "CVL", "ELI", "BUS", "EDU",
    "MED", "LAB", "AGR", "JRN", "REF", "REL", "SOC", "CRM", "INS", "SEP", "HLH", "MOD", "RAD", "ENV", "HRI",
    "DEV", "SET", "NGO", "IGO",
];
/// What stands for a sort of actors, and for none of them.
const SORTS: &[&str] = &["IGO", "NGO", "ISM", "IMG", "MNC"];

/// One of those who act together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Actor<'a> {
    /// A name, or a code that says a party alone.
    Named(&'a str),
    /// The code of a state with sectors behind it: `PRKGOV`, `USA GOV`.
    Coded {
        /// The state.
        state: &'a str,
        /// The sectors, as they are written.
        sector: &'a str,
    },
    /// Nobody who could be told, and why.
    Unclear(String),
}

/// Returns those of a side, one after the other: `KOR;USA`, `KOR, USA`, `PRKGOV`.
pub(super) fn of_side<'a>(side: &'a str, given: &Given<'_>) -> Vec<Actor<'a>> {
    let mut actors = Vec::new();
    for name in side.split(';').map(str::trim).filter(|name| !name.is_empty()) {
        // A comma parts codes, and is of a name: `Korea, Republic of`.
        let parts = || name.split(',').map(str::trim).filter(|part| !part.is_empty());
        if !given.knows(name) && parts().count() > 1 && parts().all(|part| state_of(part).is_some()) {
            actors.extend(parts().map(|part| one(part, given)));
        } else {
            actors.push(one(name, given));
        }
    }
    actors
}

fn one<'a>(name: &'a str, given: &Given<'_>) -> Actor<'a> {
    if given.knows(name) {
        return Actor::Named(name);
    }
    if SORTS.contains(&name) {
        return Actor::Unclear(format!(
            "`{name}` is a sort of actors, and does not say who; give the words that name the actor (`actor_text`), or say in \
             `tables.parties` of a mapping who is meant"
        ));
    }
    let Some((state, sector)) = state_of(name) else { return Actor::Named(name) };
    if sector.is_empty() {
        return Actor::Named(name);
    }
    let letters: Vec<char> = sector.chars().filter(char::is_ascii_uppercase).collect();
    let is_known = letters.chunks(3).all(|code| SECTORS.contains(&code.iter().collect::<String>().as_str()));
    if is_known {
        return Actor::Coded { state, sector };
    }
    Actor::Unclear(format!(
        "`{name}` begins with {state} and goes on with `{sector}`, which is no sector of PLOVER (GOV, MIL, OPP, …); say in \
         `tables.parties` of a mapping who is meant"
    ))
}

/// Returns the state with whose code a word begins that is made of such codes alone, and what comes behind it.
fn state_of(name: &str) -> Option<(&str, &str)> {
    let is_apart = |letter: char| matches!(letter, ' ' | '_' | '/' | '-');
    let (state, rest) = name.split_at_checked(3)?;
    let sector = rest.trim_start_matches(is_apart);
    let is_coded = sector.chars().all(|letter| letter.is_ascii_uppercase() || is_apart(letter))
        && sector.chars().filter(char::is_ascii_uppercase).count() % 3 == 0;
    let is_state = state.bytes().all(|byte| byte.is_ascii_uppercase()) && country::by_code(state).is_some();
    (is_state && is_coded).then_some((state, sector))
}

/// Returns an object as a row of a table; lists become words, and a list of actors three columns: the codes, the words
/// and the sectors.
pub(super) fn table_of(
    mut object: Map<String, Value>,
    drafted: &mut Drafted,
    taking: &mut Taking,
) -> (Columns, TableRow) {
    for (names, beside) in [(SOURCE_NAME, "source"), (TARGET_NAME, "target")] {
        let is_side = |key: &str| names.contains(&key.replace('_', " ").to_lowercase().as_str());
        let found =
            object.iter().find(|(key, value)| is_side(key) && (value.is_array() || value.is_object()));
        let Some((key, value)) = found.map(|(key, value)| (key.clone(), value.clone())) else { continue };
        // What the file says in a column of its own goes before what an actor says.
        let lacks = |object: &Map<String, Value>, column: &str| {
            !object.keys().any(|key| key.replace('_', " ").eq_ignore_ascii_case(column))
        };
        match side_of(&value, drafted.line, taking) {
            Ok(side) => {
                object.insert(key, side.names.into());
                let (country, sectors) = (format!("{beside} country"), format!("{beside} sectors"));
                if let Some(codes) = side.codes.filter(|_| lacks(&object, &country)) {
                    object.insert(country, codes.into());
                }
                if !side.sectors.is_empty() && lacks(&object, &sectors) {
                    object.insert(sectors, side.sectors.into());
                }
            }
            Err(why) => {
                drafted.wrong(Some(&key), why);
                object.insert(key, String::new().into());
            }
        }
    }
    let names = object.keys().map(|name| name.replace('_', " ").to_lowercase()).collect();
    let cells = object.values().map(|value| Cell::Text(words(value))).collect();
    let row = TableRow { line: drafted.line, span: drafted.span, cells, ..TableRow::default() };
    (Columns::of(names), row)
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items =
                items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), ToOwned::to_owned));
            items.collect::<Vec<_>>().join(", ")
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// A side of which a list of actors, or an object, tells.
struct Side {
    /// The words by which each is named, else its code.
    names: String,
    /// By what each is known, where that is not its name.
    codes: Option<String>,
    sectors: String,
}

fn side_of(value: &Value, line: u64, taking: &mut Taking) -> Result<Side, String> {
    let (mut names, mut codes, mut sectors) = (Vec::new(), Vec::new(), Vec::new());
    let items = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
    for item in items {
        let (name, code, sector) = match item {
            Value::String(name) => (name.clone(), name.clone(), String::new()),
            Value::Object(actor) => actor_of(actor, line, taking)?,
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) => {
                return Err(format!("`{other}` is no actor; an actor is {AN_ACTOR}"));
            }
        };
        if [&name, &code].iter().any(|word| word.contains(';')) {
            return Err(format!(
                "`{name}` has a semicolon, which stands between actors; write each as one of a list"
            ));
        }
        names.push(name);
        codes.push(code);
        sectors.extend((!sector.is_empty()).then_some(sector));
    }
    let (names, codes) = (names.join("; "), codes.join("; "));
    Ok(Side { codes: (codes != names).then_some(codes), names, sectors: sectors.join(", ") })
}

const AN_ACTOR: &str = "a word (`KOR`), or an object with `code`, `actor` or `country`, and with `sector` and `actor_text` where they are known";
/// By what an actor is known, the surest first, and by which words.
const CODE: &[&str] = &["code", "country", "actor"];
const TEXT: &[&str] = &["actortext", "text", "name", "actor"];
const SECTOR: &[&str] = &["sector", "sectors"];

/// Returns how an actor is named, by what it is known, and its sector.
fn actor_of(
    actor: &Map<String, Value>,
    line: u64,
    taking: &mut Taking,
) -> Result<(String, String, String), String> {
    let folded = |key: &str| key.replace('_', "").to_lowercase();
    let get = |names: &[&str]| {
        let named = names.iter().filter_map(|name| actor.iter().find(|(key, _)| folded(key) == *name));
        let mut said = named.map(|(_, value)| words(value).trim().to_owned());
        said.find(|words| !words.is_empty()).unwrap_or_default()
    };
    for key in actor.keys() {
        if ![CODE, SECTOR, TEXT].iter().any(|names| names.contains(&folded(key).as_str())) {
            taking.count(line, &format!("the key `{key}` of an actor is not read"));
        }
    }
    let (code, sector, text) = (get(CODE), get(SECTOR), get(TEXT));
    // What is a sort of actors says not who: its words do.
    let known_by =
        if (code.is_empty() || SORTS.contains(&code.as_str())) && !text.is_empty() { &text } else { &code };
    if known_by.is_empty() {
        let keys: Vec<&str> = actor.keys().map(String::as_str).collect();
        return Err(format!(
            "an actor with `{}` does not say who it is; an actor is {AN_ACTOR}",
            keys.join(", ")
        ));
    }
    let name = if text.is_empty() { known_by } else { &text };
    Ok((name.clone(), known_by.clone(), sector))
}
