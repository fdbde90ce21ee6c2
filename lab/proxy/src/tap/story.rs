//! What is told of one request when it ends, to who follows its link.

use crate::events::{Event, Outcome, RequestEnded};
use std::time::Duration;

/// What was seen of a request so far.
pub(super) struct Story {
    /// Its number on the connection.
    pub(super) request: u64,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) attempt: Option<u64>,
    /// What connecting to the upstream took, where it is the first of its connection.
    pub(super) connect: Option<Duration>,
    pub(super) upstream_first_byte: Option<Duration>,
    pub(super) first_byte: Option<Duration>,
    /// Offset behind its last byte that was received.
    pub(super) end: u64,
}

impl Story {
    /// A part of its body was received, up to that offset.
    pub(super) fn sends(&mut self, offset: u64) {
        self.end = offset;
    }
}

/// How it ended.
pub(super) struct Told<'a> {
    pub(super) link: &'a str,
    pub(super) connection: u64,
    pub(super) outcome: Outcome,
    pub(super) status: Option<u16>,
    pub(super) took: Duration,
    pub(super) bytes_up: u64,
    pub(super) bytes_down: u64,
}

impl Told<'_> {
    /// The event.
    pub(super) fn event(self, story: Story) -> Event {
        Event::Request(Box::new(RequestEnded {
            link: self.link.to_owned(),
            connection: self.connection,
            request: story.request,
            method: story.method,
            path: story.path,
            attempt: story.attempt,
            outcome: self.outcome,
            status: self.status,
            connect_us: story.connect.map(micros),
            upstream_first_byte_us: story.upstream_first_byte.map(micros),
            first_byte_us: story.first_byte.map(micros),
            took_us: micros(self.took),
            bytes_up: self.bytes_up,
            bytes_down: self.bytes_down,
        }))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
