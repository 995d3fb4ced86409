//! `demarche`: an event-sourced log of diplomatic communication.
//!
//! Staff record what happened on each channel; the log only grows; everything else is a projection
//! that can be thrown away and rebuilt, as of any past moment.
//!
//! # The way through the house
//!
//! ```text
//! cli ─▶ http ─▶ desk ─▶ projections ─▶ store ─▶ tlog, domain
//! ```
//!
//! A module may name only those to its right; `tests/suite/architecture.rs` enforces it.
//!
//! * [`domain`]: what diplomats mean by their words. An [`Event`](domain::event::Event) is an envelope that
//!   every kind shares, and a [`Fact`](domain::fact::Fact) of a closed list. The entries of a history are
//!   read with their corrections and put in the order of effect by [`reading`](domain::reading); the state
//!   machines of [`channel`](domain::channel), [`overture`](domain::overture), [`meeting`](domain::meeting)
//!   and [`series`](domain::series) fold them. No clock, no disk, no network.
//! * [`tlog`]: RFC 6962 trees, and the notes, proofs, tiles and policies in which the world speaks of them
//!   (C2SP), on byte slices.
//! * [`store`]: the append-only event store, its promises in [`EventStore`](store::EventStore); the engine on
//!   disk is [`SegmentStore`](store::segment::SegmentStore). It never decides what an event means.
//! * [`projections`]: who is who, what belongs to which history, what happened when: an index of the log as
//!   known at any size, answered through a [`View`](projections::view::View). Only `snapshot` names sled.
//! * [`desk`]: everything the program can do for whoever asks, as methods of [`Desk`](desk::Desk). It is
//!   asked with [`ask`](desk::ask) and answers with [`answer`](desk::answer); what of the log a question is
//!   about, one filter says for all of them ([`FilterAsk`](desk::ask::FilterAsk), read by `desk/filter.rs`).
//!   Only `desk/clock.rs` reads the clock.
//! * [`http`]: the JSON API over a desk, its server, and the client that calls it in process or over a
//!   socket.
//! * [`cli`]: one file per command; a client of the API.
//!
//! # How it is asked, and what comes in and goes out
//!
//! 1. `desk/filter.rs` reads the one filter language; `desk/filter/selection.rs` walks what is meant in bounded
//!    memory; `projections/{search,newest,facets,late}.rs` find it on sets of rows (`projections/bits.rs`), in the
//!    segments where what is sought can be (`projections/crossings.rs`), `projections/text` by its words (only its
//!    `engine` names tantivy).
//! 2. One file of the desk for each question: `silence`, `statistics`, `intervals`, `due`, `late`, `links`,
//!    `claims`, `similar`, `brief`, `search`, `facets`.
//! 3. `desk/import` drafts entries from tables, volumes, coded events and mail, and records them on one way;
//!    `desk/outgoing` writes the entries of a filter in the formats of others.
//! 4. `projections/offers.rs` keeps of each overture what tells, for most moments and sizes of the log, whether
//!    it stood open, so that few must be folded.
//! 5. `desk/channels/kept.rs` keeps how far the folds of channels came at intervals, so that a question reads what
//!    came since; `desk/folder.rs` has it saved by `projections/folds.rs`, so that whoever opens the log goes on from
//!    there.
//! 6. `projections/register/aliases.rs`: what was found to be one, or several, is found under every name.
//!
//! # What a server adds
//!
//! 1. [`desk::access`] is the only place that decides who may do what; whoever may gets a handle, and a route
//!    whose function takes none does not compile (`http/routes.rs`). `desk/accounts` keeps who they are: changes in
//!    the log, hashes of passwords and tokens in a private file beside it.
//! 2. `desk/follow.rs` and `http/feed` tell what is recorded as it comes; `desk/reminders` and `http/reminding` tell
//!    others what fell due; `desk/vitals.rs` and `http/vital.rs` say how the log is doing.
//! 3. [`http::serve`] takes connections and holds each to its limits (`serve/limits.rs`): between two requests
//!    (`watched`), while a body comes (`hurried`) and while an answer leaves (`underway`). [`http::tls`] keeps its
//!    certificate, `http/site.rs` knows under which names it may be asked, `http/traffic.rs` counts whom it refused.
//!    `http/client/remote.rs` is the other end of it: the same commands at a server far away.
//!
//! # What makes the record provable
//!
//! 1. [`desk::keys`]: the key files, outside the data directory, and [which key may speak at which
//!    size](desk::keys::table); [`desk::checkpoint`] signs what is durable and never contradicts itself;
//!    [`desk::publication`] shows outsiders what enough witnesses cosigned.
//! 2. [`desk::audit`]: the bundle, and [`verify`](desk::audit::verify), which needs nothing but a bundle and a
//!    pinned key; [`desk::witness`] is a witness for other logs, [`http::cosigning`] asks others.
//! 3. [`desk::authors`]: whose signature counts on what they record; [`desk::reads`]: the access log.
//! 4. [`desk::redaction`] removes a text: the record of it first, then the secret
//!    ([`EventStore::forget`](store::EventStore::forget)), then the projections. Every proof stays.
//!
//! # One entry, from the prompt to the disk
//!
//! 1. `cli` turns arguments into the flat JSON of an entry and sends it to the API with an id of its own.
//! 2. `http` finds the desk in this process, or the server that holds the directory.
//! 3. `desk::recording` reads the entry against the registers: names become ids, dates are read and echoed,
//!    what is bad bookkeeping is refused; what does not fit is recorded all the same.
//! 4. `store` seals the body, gives it its position, writes, syncs, and only then answers with a receipt.
//! 5. `projections` take the event in; the answer says where what it is about stands now.
//!
//! # Invariants
//!
//! * Positions are dense from 0 and equal the leaf index of the tree.
//! * Nothing is acknowledged before it is on disk.
//! * Nothing that is stored is edited: a correction is an event about an event.
//! * A state is never stored: it is folded from entries, by the clock and the policies of the moment asked
//!   about.
//! * Every answer says at which position it is true.
//! * A signed head never goes back in size, root or time.
//! * Where reads are logged, no answer leaves before its line in the access log is on disk.

pub mod cli;
pub mod desk;
pub mod domain;
pub mod http;
pub mod projections;
pub mod store;
#[cfg(test)]
mod testing;
pub mod tlog;
