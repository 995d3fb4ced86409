//! What the projections promise: they answer as a fold from nothing does, whatever became of their files.

mod answers;
mod faults;
mod naive;
mod random;

use std::path::Path;
use std::sync::Arc;

use demarche::domain::zone::Zone;
use demarche::projections::{Access, Projections};
use demarche::store::EventStore;

fn zone() -> Zone {
    "Asia/Seoul".parse().unwrap()
}

fn in_memory(store: &Arc<dyn EventStore>) -> Projections {
    Projections::open(None, Arc::clone(store), zone(), Access::Writable).unwrap()
}

fn opened(dir: &Path, store: &Arc<dyn EventStore>, access: Access) -> Projections {
    Projections::open(Some(dir), Arc::clone(store), zone(), access).unwrap()
}
