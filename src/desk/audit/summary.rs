//! What a bundle says it holds, for whoever just made it.

use serde::{Deserialize, Serialize};

use crate::desk::audit::manifest::{MANIFEST_BYTES_MAX, Manifest, Positions, WITHHELD_BYTES_MAX};
use crate::desk::audit::verify::view::View;
use crate::desk::audit::{MANIFEST, WITHHELD};

/// What a bundle says it holds. Nothing of it is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The origin of the log.
    pub log: String,
    /// How many events its checkpoint has.
    pub size: u64,
    /// Up to which level texts are disclosed; none when all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// How many texts are in it.
    pub disclosed: u64,
    /// How many are withheld.
    pub withheld: u64,
}

/// Returns what a bundle says it holds.
///
/// # Errors
///
/// Returns why it cannot be read, in words.
pub fn summary(view: &dyn View) -> Result<Summary, String> {
    let read = |path: &str, max| match view.read(path, max) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(format!("the bundle has no {path}")),
        Err(error) => Err(format!("{path}: {error}")),
    };
    let manifest =
        Manifest::parse(&read(MANIFEST, MANIFEST_BYTES_MAX)?).map_err(|error| error.to_string())?;
    let withheld = match &manifest.release {
        Some(_) => {
            let positions = Positions::parse(&read(WITHHELD, WITHHELD_BYTES_MAX)?, manifest.size);
            positions.ok_or_else(|| format!("{WITHHELD} is no list of positions"))?.len()
        }
        None => 0,
    };
    let mut disclosed = 0;
    view.walk(&mut |path, _| disclosed += u64::from(path.starts_with("bodies/")))?;
    Ok(Summary { log: manifest.log, size: manifest.size, release: manifest.release, disclosed, withheld })
}
