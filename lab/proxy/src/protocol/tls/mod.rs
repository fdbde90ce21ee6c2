//! TLS between a caller and its upstream: passed as it comes, until a fault has something to say to
//! a handshake. Then it ends here and begins again towards the upstream.
//!
//! | file | what lives there |
//! |---|---|
//! | `hello` | the first thing a caller says |
//! | `authority` | who signs certificates, good ones and others |
//! | `ends` | TLS that ends and begins again |
//! | `inside` | HTTP/1.1 between the two, on links that are said to carry it |
//! | `rule` | what a fault does to a handshake, and counts |
//! | `faults` | the kinds |
//!
//! A fault acts on connections that begin while it is there. Callers that take a certificate in
//! spite of what is wrong with it are served: what they ask goes on to the upstream.
//!
//! On a link whose TLS ends in the proxy it does so from the first connection on, with a certificate
//! that is good to who trusts the authority, and faults of HTTP act on what is said inside.

mod authority;
mod ends;
pub(crate) mod faults;
pub(crate) mod hello;
mod inside;
mod rule;

pub use authority::{Authority, Certificate};
pub(crate) use rule::{Read, Shared, TlsFault, read};

use super::Conversation;
use super::inbox::Inbox;
use crate::link::Link;
use crate::spec::Stream;
use crate::tap::Fault;
use crate::toxics::{End, Queue, Toxic};
use crate::witness::InFlight;
use authority::Flaw;
use ends::{Ends, Outcome};
use hello::{Beginning, Hello};
use inside::Inside;
use rule::Deed;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What may wait for a peer before no more is made for it.
const FULL: usize = 256 << 10;
/// Bytes that go through TLS at a time.
const PIECE: usize = 16 << 10;

/// How far a connection came.
enum Phase {
    /// The caller's first bytes are not all there.
    Beginning,
    /// They wait.
    Held {
        since: Instant,
        until: Instant,
        by: Vec<Arc<Toxic>>,
        then: Option<Box<Ends>>,
    },
    /// Everything passes as it comes.
    Tunnel,
    /// TLS ends here and begins again.
    Ended(Box<Ends>),
    /// The caller gets nothing more.
    Closing,
}

/// One connection that speaks TLS.
pub(crate) struct Tls {
    link: Arc<Link>,
    connection: u64,
    toxics: Vec<Arc<Toxic>>,
    /// And all others of the link.
    all: Vec<Arc<Toxic>>,
    /// Whether one of them waits for moments.
    holds: bool,
    phase: Phase,
    /// The caller's first bytes.
    first: Vec<u8>,
    /// Whose certificate the caller was shown.
    shown: Option<Arc<Toxic>>,
    /// Whether HTTP is read inside.
    reads: bool,
    connected: Option<Duration>,
    asked: Inbox,
    answered: Inbox,
    to_upstream: Queue,
    to_caller: Queue,
}

impl Tls {
    /// A connection before its first byte.
    pub(crate) fn new(link: Arc<Link>, connection: u64) -> Self {
        Self {
            reads: link.ends_tls(),
            connected: None,
            link,
            connection,
            toxics: Vec::new(),
            all: Vec::new(),
            holds: false,
            phase: Phase::Beginning,
            first: Vec::new(),
            shown: None,
            asked: Inbox::default(),
            answered: Inbox::default(),
            to_upstream: Queue::default(),
            to_caller: Queue::default(),
        }
    }

    /// Reads on until the caller's first words are whole; whether there is more to do.
    fn begin(&mut self, now: Instant) -> bool {
        let data = self.asked.take(PIECE);
        self.first.extend_from_slice(&data);
        match hello::read(&self.first) {
            Beginning::Hello(hello) => self.decide(&hello, now),
            Beginning::Other => self.pass(now),
            Beginning::Needs if !data.is_empty() => {}
            Beginning::Needs => {
                // An upstream that speaks first, or a caller that left.
                if self.asked.end().is_some()
                    || !self.answered.is_empty()
                    || self.answered.end().is_some()
                {
                    self.pass(now);
                    return true;
                }
                return false;
            }
        }
        true
    }

    fn decide(&mut self, hello: &Hello, now: Instant) {
        let (mut wait, mut by, mut then) = (Duration::ZERO, Vec::new(), None);
        for (toxic, deed) in rule::decide(&self.toxics, &self.link) {
            match deed {
                Deed::Hold(delay) => {
                    wait = wait.saturating_add(delay);
                    by.push(toxic);
                }
                Deed::Show(flaw) if then.is_none() => {
                    if let Some(ends) = self.ends(Some(flaw), hello) {
                        then = Some(ends);
                        rule::acted(&toxic, &self.link, self.connection);
                        self.shown = Some(toxic);
                    }
                }
                Deed::Show(_) => {}
            }
        }
        if self.reads && then.is_none() {
            then = self.ends(None, hello);
        }
        for toxic in &by {
            rule::acted(toxic, &self.link, self.connection);
        }
        self.phase = Phase::Held {
            since: now,
            until: now.checked_add(wait).unwrap_or(now),
            by,
            then,
        };
    }

    /// TLS that ends here, with a certificate for whom the caller means; `None` where none can be made.
    fn ends(&self, flaw: Option<Flaw>, hello: &Hello) -> Option<Box<Ends>> {
        let names = self.names(hello);
        let inside = self.reads.then(|| {
            let (link, toxics) = (&self.link, &self.all);
            Box::new(Inside::new(link, self.connection, toxics, self.connected))
        });
        let ends = Ends::new(&self.link.authority, flaw, &names, &hello.protocols, inside);
        ends.ok().map(Box::new)
    }

    /// Whom the caller may mean: whom it names, or where it called.
    fn names(&self, hello: &Hello) -> Vec<String> {
        let named = hello.server_name.clone();
        let here = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let host = Some(self.link.host.clone()).filter(|host| !host.is_empty());
        let mut names: Vec<String> = named.into_iter().chain(host).chain(here).collect();
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    /// The caller's first words go on, once they may.
    fn release(&mut self, now: Instant) -> bool {
        let Phase::Held {
            since,
            until,
            by,
            then,
        } = &mut self.phase
        else {
            return true;
        };
        if *until > now {
            return false;
        }
        let held = now.saturating_duration_since(*since);
        for toxic in by {
            toxic.marks.delay.record(held);
        }
        match then.take() {
            Some(mut ends) => {
                let outcome = ends.asked(&std::mem::take(&mut self.first), now);
                self.phase = Phase::Ended(ends);
                self.judge(outcome, now);
            }
            None => self.pass(now),
        }
        true
    }

    fn pass(&mut self, now: Instant) {
        let first = std::mem::take(&mut self.first);
        self.to_upstream.push(first.into(), now);
        self.phase = Phase::Tunnel;
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

    /// One step with TLS that ends here; whether there is more to do.
    fn step(&mut self, now: Instant) -> bool {
        let Phase::Ended(ends) = &mut self.phase else {
            return false;
        };
        let mut outcome = Outcome::Fine;
        let mut moved = false;
        let room = [&self.to_upstream, &self.to_caller].map(|queue| queue.bytes() < FULL);
        if !self.asked.is_empty() && room[0] && ends.has_room(Stream::Upstream) {
            outcome = ends.asked(&self.asked.take(PIECE), now);
            moved = true;
        }
        let fine = outcome == Outcome::Fine;
        if fine && !self.answered.is_empty() && room[1] && ends.has_room(Stream::Downstream) {
            outcome = ends.answered(&self.answered.take(PIECE), now);
            moved = true;
        }
        let before = self.to_upstream.bytes() + self.to_caller.bytes();
        self.judge(outcome, now);
        let after = self.to_upstream.bytes() + self.to_caller.bytes();
        moved || after > before
    }

    /// What both get after a step, and whether it was the last.
    fn judge(&mut self, outcome: Outcome, now: Instant) {
        let Phase::Ended(ends) = &mut self.phase else {
            return;
        };
        let ended = (self.asked.end(), self.answered.end());
        for (stream, end) in [(Stream::Upstream, ended.0), (Stream::Downstream, ended.1)] {
            if let Some(end) = end {
                ends.source_ends(stream, end, now);
            }
        }
        let room = [&self.to_upstream, &self.to_caller].map(|queue| queue.bytes() < FULL);
        let over = ends.exchange(room, now);
        let reads = ends.inside().is_some();
        self.to_caller.push(ends.for_caller().into(), now);
        self.to_upstream.push(ends.for_upstream().into(), now);
        let refused =
            !ends.is_accepted() && (outcome == Outcome::CallerRefuses || ended.0.is_some());
        if refused && let Some(toxic) = &self.shown {
            toxic.marks.closes.add(1);
        }
        if refused || outcome != Outcome::Fine {
            let by = match outcome {
                Outcome::UpstreamRefuses => Fault::Upstream,
                Outcome::Fine | Outcome::CallerRefuses => Fault::Caller,
            };
            ends.cut(by, now);
            self.to_caller.finish(End::Closed, now);
            self.to_upstream.finish(End::Finished, now);
            self.phase = Phase::Closing;
            return;
        }
        // With somebody between, what each of them gets ends when that one says so.
        let ended = if reads { over } else { [ended.0, ended.1] };
        for (end, queue) in ended
            .into_iter()
            .zip([&mut self.to_upstream, &mut self.to_caller])
        {
            if let Some(end) = end {
                queue.finish(end, now);
            }
        }
    }
}

impl Conversation for Tls {
    fn adopt(&mut self, toxics: &[Arc<Toxic>]) {
        let ours = toxics.iter().filter(|toxic| toxic.tls().is_some());
        self.toxics = ours.map(Arc::clone).collect();
        self.all = toxics.to_vec();
        if let Phase::Ended(ends)
        | Phase::Held {
            then: Some(ends), ..
        } = &mut self.phase
        {
            ends.adopt(toxics);
        }
        let holds = |toxic: &Arc<Toxic>| toxic.kind.name() == faults::SlowHandshake::NAME;
        self.holds = self.toxics.iter().any(holds);
        let stays = |toxic: &Arc<Toxic>| self.toxics.iter().any(|other| other.id == toxic.id);
        if let Phase::Held {
            since, until, by, ..
        } = &mut self.phase
            && !by.iter().any(stays)
        {
            // What was held back goes on at once.
            *until = *since;
        }
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
            let more = match &self.phase {
                Phase::Beginning => self.begin(now),
                Phase::Held { .. } => self.release(now),
                Phase::Ended(_) => self.step(now),
                Phase::Tunnel => return self.pump(now),
                Phase::Closing => {
                    self.asked.clear();
                    self.answered.clear();
                    return;
                }
            };
            if !more {
                return;
            }
        }
    }

    fn wakes(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Held { until, .. } => Some(*until),
            Phase::Ended(ends) => ends.inside()?.wakes(),
            _ => None,
        }
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

    fn connected(&mut self, took: Duration) {
        self.connected = Some(took);
    }

    fn taps(&self) -> bool {
        self.reads
    }

    fn in_flight(&self) -> Option<InFlight> {
        match &self.phase {
            Phase::Ended(ends) => ends.inside()?.in_flight(),
            _ => None,
        }
    }

    fn over(&mut self, by: Fault, now: Instant) {
        if let Phase::Ended(ends) = &mut self.phase {
            ends.cut(by, now);
        }
    }

    fn timed(&self) -> bool {
        match &self.phase {
            Phase::Beginning | Phase::Held { .. } => self.holds,
            Phase::Ended(ends) => ends.inside().is_some_and(Inside::timed),
            Phase::Tunnel | Phase::Closing => false,
        }
    }
}
