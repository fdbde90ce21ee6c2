//! Protocols: what a link becomes when a fault has to understand what it carries.
//!
//! A [`Conversation`] stands between the sockets of a connection. It takes the bytes of both peers
//! and says which bytes each of them gets, and when. It opens no socket and reads no clock, so that
//! everything it does is a function of bytes and moments; toxics act on what comes out of it.
//!
//! A connection gets its conversation when the first fault of a protocol comes to its link, and
//! keeps it until it closes. A live connection gets it at rest: when nothing is on its way and no
//! request is unanswered. Links without such faults are relayed as they always were.

pub(crate) mod http;
mod inbox;

use crate::link::Link;
use crate::spec::Stream;
use crate::toxics::{End, Queue, Toxic};
use std::sync::Arc;
use std::time::Instant;

/// A protocol that faults understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1 (RFC 9112).
    Http,
}

impl Protocol {
    /// The conversation of a connection at rest.
    pub(crate) fn converse(self, link: &Arc<Link>, connection: u64) -> Box<dyn Conversation> {
        match self {
            Self::Http => Box::new(http::Http::new(Arc::clone(link), connection)),
        }
    }
}

/// The protocol that these toxics understand, if any does.
pub(crate) fn of(toxics: &[Arc<Toxic>]) -> Option<Protocol> {
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

    /// Whether a fault waits for moments, and so needs the worker with the finest timers.
    fn timed(&self) -> bool;
}
