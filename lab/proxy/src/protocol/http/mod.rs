//! HTTP/1.1 between a caller and its upstream: one exchange after the other, byte for byte as it
//! came wherever no fault matches.
//!
//! | file | what lives there |
//! |---|---|
//! | `message` | where heads and bodies begin and end |
//! | `head` | heads: read strictly, changed line by line |
//! | `matching` | which requests a fault acts on |
//! | `rule` | a fault on a connection: what it matches, does and counts |
//! | `deed` | what can be done to an exchange |
//! | `exchange` | a request with its reply, and what is done to them |
//! | `requests`, `replies` | the two ways, step by step |
//! | `stale` | answers that are kept to be given again |
//! | `faults` | one file a kind |
//!
//! Pipelined requests go to the upstream one by one, so that each reply is known to be whose it is.
//! What is not HTTP/1.1 from its first line on is passed as it comes, as is everything after an
//! upgrade. What two readers may read in two ways is refused, as nobody knows what it would match.

mod deed;
mod exchange;
pub(crate) mod faults;
mod head;
mod matching;
mod message;
mod replies;
mod requests;
mod rule;
mod stale;

pub(crate) use rule::{Acts, HttpFault, check, read};
pub(crate) use stale::Shared;

use super::Conversation;
use super::inbox::Inbox;
use crate::link::Link;
use crate::spec::Stream;
use crate::toxics::{End, Queue, Toxic};
use exchange::{Asking, Exchange};
use message::Reader;
use rule::Rule;
use std::sync::Arc;
use std::time::Instant;

/// What may wait for a peer before no more is made for it.
const FULL: usize = 256 << 10;

/// One connection that speaks HTTP/1.1.
pub(crate) struct Http {
    link: Arc<Link>,
    connection: u64,
    rules: Vec<Rule>,
    requests: Reader,
    replies: Reader,
    /// From the caller, from the upstream, and replies of the proxy's own.
    asked: Inbox,
    answered: Inbox,
    own: Inbox,
    to_upstream: Queue,
    to_caller: Queue,
    exchange: Option<Exchange>,
    hold: Option<Hold>,
    /// Whether a request was ever read.
    spoken: bool,
    /// Not HTTP/1.1, or not any more: everything passes as it comes.
    tunnel: bool,
    /// The caller gets nothing more.
    closing: bool,
}

/// A reply that waits.
#[derive(Debug)]
struct Hold {
    since: Instant,
    until: Instant,
    /// Whose doing it is.
    toxics: Vec<u64>,
}

impl Http {
    /// A connection at rest.
    pub(crate) fn new(link: Arc<Link>, connection: u64) -> Self {
        Self {
            link,
            connection,
            rules: Vec::new(),
            requests: Reader::default(),
            replies: Reader::default(),
            asked: Inbox::default(),
            answered: Inbox::default(),
            own: Inbox::default(),
            to_upstream: Queue::default(),
            to_caller: Queue::default(),
            exchange: None,
            hold: None,
            spoken: false,
            tunnel: false,
            closing: false,
        }
    }

    /// Nothing is read as HTTP any more.
    fn lets_go(&mut self, now: Instant) {
        let asking = self.exchange.take().map(|exchange| exchange.asking);
        if let Some(Asking::Deciding { raw, .. }) = asking {
            for piece in raw {
                self.to_upstream.push(piece, now);
            }
        }
        let partial = self.requests.partial().to_vec();
        self.to_upstream.push(partial.into(), now);
        let partial = self.replies.partial().to_vec();
        self.to_caller.push(partial.into(), now);
        self.tunnel = true;
    }

    fn pump(&mut self, now: Instant) {
        let ways = [
            (&mut self.asked, &mut self.to_upstream),
            (&mut self.answered, &mut self.to_caller),
        ];
        for (from, to) in ways {
            while !from.is_empty() && to.bytes() < FULL {
                to.push(from.take(usize::MAX), now);
            }
            if let Some(end) = from.end() {
                to.finish(end, now);
            }
        }
    }

    /// The caller gets what is on its way to it, and nothing more.
    fn close(&mut self, end: End, now: Instant) {
        self.to_caller.finish(end, now);
        self.closing = true;
    }

    fn acted(&mut self, toxic: u64) {
        if let Some(rule) = self.rules.iter_mut().find(|rule| rule.toxic.id == toxic) {
            rule.acted(&self.link, self.connection);
        }
    }

    fn toxic(&self, id: u64) -> Option<&Toxic> {
        let found = self.rules.iter().find(|rule| rule.toxic.id == id);
        found.map(|rule| &*rule.toxic)
    }

    /// Whether the reply may go on.
    fn released(&mut self, now: Instant) -> bool {
        let Some(hold) = self.hold.take_if(|hold| hold.until <= now) else {
            return self.hold.is_none();
        };
        let held = now.saturating_duration_since(hold.since);
        for toxic in &hold.toxics {
            if let Some(toxic) = self.toxic(*toxic) {
                toxic.marks.delay.record(held);
            }
        }
        true
    }
}

impl Conversation for Http {
    fn adopt(&mut self, toxics: &[Arc<Toxic>]) {
        let rules = toxics.iter().filter_map(Rule::of);
        let rules: Vec<_> = rules.map(|rule| rule.touched_as(&self.rules)).collect();
        let stays = |id: &u64| rules.iter().any(|rule| rule.toxic.id == *id);
        if let Some(exchange) = &mut self.exchange {
            exchange.deeds.retain(|planned| stays(&planned.toxic));
        }
        if let Some(hold) = &mut self.hold
            && !hold.toxics.iter().any(stays)
        {
            // What was held back goes on at once.
            hold.until = hold.since;
        }
        self.rules = rules;
    }

    fn received(&mut self, stream: Stream, data: &[u8], _now: Instant) {
        match stream {
            Stream::Upstream => self.asked.push(data),
            Stream::Downstream => self.answered.push(data),
        }
    }

    fn ended(&mut self, stream: Stream, end: End) {
        match stream {
            Stream::Upstream => self.asked.finish(end),
            Stream::Downstream => self.answered.finish(end),
        }
    }

    fn advance(&mut self, now: Instant) {
        loop {
            if self.tunnel {
                return self.pump(now);
            }
            let asked = self.step_request(now);
            let replied = self.step_reply(now);
            if !(asked || replied) {
                return;
            }
        }
    }

    fn wakes(&self) -> Option<Instant> {
        self.hold.as_ref().map(|hold| hold.until)
    }

    fn outbox(&mut self, stream: Stream) -> &mut Queue {
        match stream {
            Stream::Upstream => &mut self.to_upstream,
            Stream::Downstream => &mut self.to_caller,
        }
    }

    fn room(&self, stream: Stream) -> usize {
        match stream {
            Stream::Upstream => self.asked.room(),
            Stream::Downstream => self.answered.room(),
        }
    }

    fn consumed(&self, stream: Stream) -> u64 {
        match stream {
            Stream::Upstream => self.asked.consumed(),
            Stream::Downstream => self.answered.consumed(),
        }
    }

    fn timed(&self) -> bool {
        self.rules.iter().any(Rule::timed)
    }
}

#[cfg(test)]
mod tests;
