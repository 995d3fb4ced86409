//! The route by which whoever owns the machine has a backup made while others record.

use std::path::PathBuf;

use axum::extract::State;
use serde::Deserialize;

use crate::desk::access::{Administrator, Entrance};
use crate::desk::error::{DeskError, Fault};
use crate::http::api::{AnsweredAs, Api, As};
use crate::http::body::Sent;
use crate::http::lines;
use crate::http::openapi::kinds::JsonLines;
use crate::http::query::{AskedNow, Nothing};
use crate::http::routes::Routes;

/// Returns the routes.
pub(super) fn routes() -> Routes {
    Routes::new().post("/v1/backup", "Make a backup on the machine of the log", backup)
}

/// Where to.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct BackupAsk {
    /// The directory, from the root.
    into: PathBuf,
}

async fn backup(
    api: As<Administrator>,
    State(Api { entrance, .. }): State<Api>,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<BackupAsk>,
) -> AnsweredAs<JsonLines> {
    if entrance == Entrance::Port {
        // Whoever keeps the accounts need not own the machine, and what is written there is its owner's business.
        return Err(DeskError::Refused {
            rule: "a backup is written to the machine of the log, and nobody has one made over a port"
                .to_owned(),
            hints: vec!["run `backup DIR` where the data directory is".to_owned()],
        }
        .into());
    }
    if !ask.into.is_absolute() {
        return Err(
            DeskError::from(Fault::in_field("into", "write a path from the root: /srv/backup")).into()
        );
    }
    Ok(lines::backup(&api, ask.into).await?.into())
}
