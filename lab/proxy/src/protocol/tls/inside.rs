//! HTTP/1.1 inside TLS that ends here: what both say in clear passes the faults of HTTP, and a tap.

use crate::link::Link;
use crate::protocol::Conversation;
use crate::protocol::http::Http;
use crate::spec::Stream;
use crate::tap::{Fault, Tap};
use crate::toxics::{End, Toxic};
use crate::witness::InFlight;
use bytes::Bytes;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// See the file.
pub(super) struct Inside {
    http: Http,
    tap: Option<Tap>,
    /// Bytes of clear text that came from the caller, and that were made for it.
    asked: u64,
    answered: u64,
}

impl Inside {
    /// A connection before its first word in clear; connecting to the upstream took so long.
    pub(super) fn new(
        link: &Arc<Link>,
        connection: u64,
        toxics: &[Arc<Toxic>],
        connected: Option<Duration>,
    ) -> Self {
        let mut http = Http::new(Arc::clone(link), connection);
        http.adopt(toxics);
        let mut tap = link
            .tapped()
            .then(|| Tap::new(Arc::clone(link), connection));
        if let (Some(tap), Some(took)) = (&mut tap, connected) {
            tap.connected(took);
        }
        Self {
            http,
            tap,
            asked: 0,
            answered: 0,
        }
    }

    /// Takes over the faults of the link as they are now.
    pub(super) fn adopt(&mut self, toxics: &[Arc<Toxic>]) {
        self.http.adopt(toxics);
    }

    /// Bytes of clear text that it still takes from the source of that stream.
    pub(super) fn room(&self, stream: Stream) -> usize {
        self.http.room(stream)
    }

    /// Clear text came from the source of that stream.
    pub(super) fn received(&mut self, stream: Stream, data: &[u8], now: Instant) {
        if stream == Stream::Upstream {
            if let Some(tap) = &mut self.tap {
                tap.received(stream, self.asked, data, now);
            }
            self.asked += data.len() as u64;
        }
        self.http.received(stream, data, now);
    }

    /// The source of that stream ended.
    pub(super) fn ended(&mut self, stream: Stream, end: End, now: Instant) {
        self.http.ended(stream, end);
        // What the caller gets ends when the conversation says so.
        if let Some(tap) = self.tap.as_mut().filter(|_| stream == Stream::Upstream) {
            tap.source_ended(stream, self.asked, now);
        }
    }

    /// Does whatever can be done at that moment.
    pub(super) fn advance(&mut self, now: Instant) {
        self.http.advance(now);
    }

    /// Clear text for the destination of that stream; it is on its way once it was taken.
    pub(super) fn take(&mut self, stream: Stream, now: Instant) -> Option<Bytes> {
        let data = self.http.outbox(stream).pop()?.data;
        let consumed = self.http.consumed(Stream::Upstream);
        if let Some(tap) = &mut self.tap {
            match stream {
                Stream::Upstream => tap.sent(stream, consumed, now),
                Stream::Downstream => {
                    tap.received(stream, self.answered, &data, now);
                    self.answered += data.len() as u64;
                    tap.sent(stream, self.answered, now);
                }
            }
        }
        Some(data)
    }

    /// How what the destination of that stream gets ends, once everything before was taken.
    pub(super) fn end(&mut self, stream: Stream) -> Option<End> {
        self.http.outbox(stream).end().map(|(end, _)| end)
    }

    /// The caller gets nothing more: whose doing it is.
    pub(super) fn over(&mut self, end: End, now: Instant) {
        let Some(tap) = &mut self.tap else { return };
        match end {
            End::Finished | End::Reset => tap.source_ended(Stream::Downstream, self.answered, now),
            End::Closed | End::Torn => tap.ended(Fault::Proxy, now),
        }
    }

    /// Nobody gets anything more: whose doing it is.
    pub(super) fn cut(&mut self, by: Fault, now: Instant) {
        if let Some(tap) = &mut self.tap {
            tap.ended(by, now);
        }
    }

    /// The requests in flight.
    pub(super) fn in_flight(&self) -> Option<InFlight> {
        self.tap.as_ref().map(Tap::in_flight)
    }

    /// When it has something to do without any more data.
    pub(super) fn wakes(&self) -> Option<Instant> {
        self.http.wakes()
    }

    /// Whether a fault waits for moments.
    pub(super) fn timed(&self) -> bool {
        self.http.timed()
    }
}
