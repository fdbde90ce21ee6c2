//! Protocols: what a link becomes when a fault has to understand what it carries.
//!
//! A [`Conversation`] stands between the sockets of a connection. It takes the bytes of both peers
//! and says which bytes each of them gets, and when. It opens no socket and reads no clock, so that
//! everything it does is a function of bytes and moments; toxics act on what comes out of it.
//!
//! A connection gets its conversation when the first fault of a protocol comes to its link, and
//! keeps it until it closes. A live connection gets it at rest: when nothing is on its way and no
//! request is unanswered. Links without such faults are relayed as they always were.

mod glob;
pub(crate) mod http;
mod inbox;
pub(crate) mod postgres;
pub(crate) mod tls;

pub(crate) use glob::glob;

use crate::link::Link;
use crate::spec::Stream;
use crate::tap::{Fault, Tap};
use crate::toxics::{End, Queue, Toxic};
use crate::witness::InFlight;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A protocol that faults understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1 (RFC 9112).
    Http,
    /// PostgreSQL's protocol 3.
    Postgres,
    /// TLS, whatever is spoken inside.
    Tls,
}

impl Protocol {
    /// The conversation of a connection, where it is at rest: before its first byte, or where the
    /// tap knows that nothing is unanswered.
    pub(crate) fn converse(
        self,
        link: &Arc<Link>,
        connection: u64,
        untouched: bool,
        tap: Option<&Tap>,
    ) -> Option<Box<dyn Conversation>> {
        let own = || Arc::clone(link);
        match self {
            Self::Http => {
                let rests = untouched || tap.is_some_and(Tap::at_rest);
                rests.then(|| Box::new(http::Http::new(own(), connection)) as _)
            }
            Self::Postgres => {
                let rest = tap.and_then(Tap::session);
                let rests = untouched || rest.is_some();
                rests.then(|| Box::new(postgres::Postgres::new(own(), connection, rest)) as _)
            }
            Self::Tls => untouched.then(|| Box::new(tls::Tls::new(own(), connection)) as _),
        }
    }
}

/// The protocol that these toxics understand, if any does; that of a link whose TLS ends here is TLS.
pub(crate) fn of(link: &Link, toxics: &[Arc<Toxic>]) -> Option<Protocol> {
    if link.ends_tls() {
        return Some(Protocol::Tls);
    }
    toxics.iter().find_map(|toxic| toxic.kind.protocol())
}

/// Both sides of one connection, in the words of its protocol.
pub(crate) trait Conversation: Send {
    /// Takes over the faults of the link as they are now.
    fn adopt(&mut self, toxics: &[Arc<Toxic>]);

    /// Data came from the source of that stream.
    fn received(&mut self, stream: Stream, data: &[u8], now: Instant);

    /// The source of that stream ended.
    fn ended(&mut self, stream: Stream, end: End);

    /// Does whatever can be done at that moment.
    fn advance(&mut self, now: Instant);

    /// When it has something to do without any more data.
    fn wakes(&self) -> Option<Instant>;

    /// What the destination of that stream is to get.
    fn outbox(&mut self, stream: Stream) -> &mut Queue;

    /// Bytes of the source of that stream that it may still be given.
    fn room(&self, stream: Stream) -> usize;

    /// Bytes of that stream it has dealt with.
    fn consumed(&self, stream: Stream) -> u64;

    /// Connecting to the upstream took so long.
    fn connected(&mut self, _took: Duration) {}

    /// Whether it taps what it reads itself, as nobody outside could.
    fn taps(&self) -> bool {
        false
    }

    /// The requests in flight, where it taps them.
    fn in_flight(&self) -> Option<InFlight> {
        None
    }

    /// The connection ends, and who is the reason.
    fn over(&mut self, _by: Fault, _now: Instant) {}

    /// Whether a fault waits for moments, and so needs the worker with the finest timers.
    fn timed(&self) -> bool;
}
