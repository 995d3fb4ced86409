//! How long the steps of each request took, told to a collector that speaks OTLP over HTTP, in JSON.
//!
//! What is told is written down in `desk/traced.rs`. Nobody waits for the collector: what does not
//! fit into a bounded queue is dropped and counted, and that it does not answer is said once.

mod sending;
mod span;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;

use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

pub(super) use crate::cli::serve::traces::sending::{Collector, Sending, TracesError};
use crate::cli::serve::traces::span::{Ended, Open};
use crate::desk::clock;
use crate::desk::traced::{REQUEST, TRACED};
use crate::store::Clock;

/// Hands the spans of requests to whoever sends them.
#[derive(Clone)]
struct Traces {
    queue: SyncSender<Ended>,
    lost: Arc<AtomicU64>,
    clock: Clock,
}

/// Begins to tell a collector how long requests take: the layer goes into the subscriber of the program, and the
/// other end is stopped last.
///
/// # Errors
///
/// Returns [`TracesError`] for an address that is none, and where the system gives no thread.
pub(super) fn begin<S>(collector: Collector) -> Result<(impl Layer<S> + Send + Sync, Sending), TracesError>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let (sending, queue, lost) = sending::begin(collector)?;
    Ok((layer(Traces { queue, lost, clock: clock::system() }), sending))
}

fn layer<S>(traces: Traces) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    traces.with_filter(Targets::new().with_target(TRACED, Level::DEBUG))
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Traces {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        // A request stands within nothing that is told; what the server does by itself is told to nobody.
        let open = match span.parent() {
            Some(above) => above.extensions().get::<Open>().map(|above| above.within(span.name())),
            None if span.name() == REQUEST => Open::begins(span.name(), attributes),
            None => None,
        };
        // Whoever asks may say that it is not to be told of.
        let Some(mut open) = open else { return };
        attributes.record(&mut open);
        open.began = (self.clock)();
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(open);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let open = context.span(&id).and_then(|span| span.extensions_mut().remove::<Open>());
        let Some(open) = open else { return };
        if self.queue.try_send(Ended { open, at: (self.clock)() }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}
