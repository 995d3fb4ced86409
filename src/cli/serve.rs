//! `serve`: the API on a loopback port and on the socket of the directory, until it is stopped.

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::session::Session;

/// Where to listen.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The port on 127.0.0.1; 0 takes a free one and says which
    #[arg(long, default_value_t = 7410)]
    port: u16,
}

impl Serve {
    /// Serves until it is told to stop.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let dir = session.globals.dir();
        if !dir.is_dir() {
            return Err(Failure::NoDirectory(dir));
        }
        Err(Failure::Refused {
            what: format!("the server for port {} is not part of this program yet", self.port),
            hint: "commands work without it".to_owned(),
        })
    }
}
