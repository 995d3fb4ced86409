//! `serve`: the API on a loopback port and on the socket of the directory, until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::desk::{Desk, Opening};
use crate::http::serve::{PORT_DEFAULT, serve, told_to_stop};

/// Where to listen.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The port on 127.0.0.1; 0 takes a free one and says which
    #[arg(long, default_value_t = PORT_DEFAULT)]
    port: u16,
    /// Do not begin an access log; one that was begun is kept all the same
    #[arg(long)]
    no_read_log: bool,
}

impl Serve {
    /// Serves until it is told to stop.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let dir = session.globals.dir();
        let wait = Duration::from_secs(session.globals.wait);
        let mut desk = Desk::open(&dir, Opening::Write { wait })?;
        if !self.no_read_log {
            desk.begin_to_log_reads(&dir)?;
        }
        let desk = Arc::new(desk);
        let mut said = Ok(());
        let served = serve(
            Arc::clone(&desk),
            &dir,
            Some(self.port),
            |ready| {
                said = session
                    .say(&format!("serving http://{}/v1 and {}", ready.address, ready.socket.display()))
                    .and_then(|()| session.out.flush().map_err(Failure::Output));
            },
            told_to_stop(),
        );
        if let Ok(desk) = Arc::try_unwrap(desk) {
            desk.close()?;
        }
        served.map_err(Failure::Unserved)?;
        said
    }
}
