//! PostgreSQL between a caller and its server (protocol 3): message by message, byte for byte as
//! it came wherever no fault matches.
//!
//! | file | what lives there |
//! |---|---|
//! | `message` | where messages begin and end |
//! | `statements` | what a session knows by name |
//! | `sql` | what the text of a statement says of itself |
//! | `answer` | errors in a server's own words, and how a server is made to refuse something |
//! | `follower` | what a tap keeps of a session before any fault comes |
//! | `rule` | a fault on a connection: what it matches, does and counts |
//! | `caller`, `server` | the two ways, step by step |
//! | `faults` | one file a kind |
//!
//! A request for encryption passes; where the server agrees to it, the rest of the connection
//! passes as it comes, and no fault acts on it.

mod answer;
mod caller;
pub(crate) mod faults;
mod follower;
mod message;
mod rule;
mod server;
mod sql;
mod statements;

pub(crate) use follower::{Follower, Rest};
pub(crate) use rule::{Acts, PostgresFault, Shared, read};

use super::Conversation;
use super::inbox::Inbox;
use crate::link::Link;
use crate::spec::Stream;
use crate::toxics::{End, Queue, Toxic};
use bytes::Bytes;
use message::{Reader, Side};
use rule::{Deed, Occasion, Rule};
use statements::Statements;
use std::sync::Arc;
use std::time::Instant;

/// What may wait for a peer before no more is made for it.
const FULL: usize = 256 << 10;

/// How far a connection came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was asked but, maybe, for encryption.
    Opening,
    /// The server has to answer a request for encryption with one byte.
    Encrypting,
    /// A session.
    Session,
    /// Nothing is read any more: everything passes as it comes.
    Tunnel,
    /// The caller gets nothing more.
    Closing,
}

/// One connection that speaks PostgreSQL's protocol.
pub(crate) struct Postgres {
    link: Arc<Link>,
    connection: u64,
    rules: Vec<Rule>,
    phase: Phase,
    requests: Reader,
    replies: Reader,
    statements: Statements,
    asked: Inbox,
    answered: Inbox,
    to_server: Queue,
    to_caller: Queue,
    held: Option<Held>,
    /// `ReadyForQuery` messages that the caller waits for.
    owed: u64,
    /// What tells of a commit, until it is known whether it was one.
    withheld: Option<Vec<Bytes>>,
    /// Faults that found this session open, by id.
    met: Vec<u64>,
    /// Counts it as one that is turned away, until it closes.
    leaving: Option<Arc<Toxic>>,
}

/// A message that waits, and since when.
#[derive(Debug)]
struct Held {
    raw: Bytes,
    since: Instant,
    until: Instant,
    toxics: Vec<u64>,
}

impl Postgres {
    /// A connection before its first byte, or a session at rest.
    pub(crate) fn new(link: Arc<Link>, connection: u64, rest: Option<Rest>) -> Self {
        let reader = if rest.is_some() {
            Reader::opened
        } else {
            Reader::new
        };
        Self {
            link,
            connection,
            rules: Vec::new(),
            phase: match rest {
                Some(_) => Phase::Session,
                None => Phase::Opening,
            },
            requests: reader(Side::Caller),
            replies: Reader::opened(Side::Server),
            statements: rest.map(|rest| rest.statements).unwrap_or_default(),
            asked: Inbox::default(),
            answered: Inbox::default(),
            to_server: Queue::default(),
            to_caller: Queue::default(),
            held: None,
            owed: 0,
            withheld: None,
            met: Vec::new(),
            leaving: None,
        }
    }

    /// Nothing is read as messages any more.
    fn lets_go(&mut self, now: Instant) {
        if let Some(held) = self.held.take() {
            self.to_server.push(held.raw, now);
        }
        self.release(now);
        let partial = self.requests.partial().to_vec();
        self.to_server.push(partial.into(), now);
        let partial = self.replies.partial().to_vec();
        self.to_caller.push(partial.into(), now);
        self.phase = Phase::Tunnel;
    }

    fn pump(&mut self, now: Instant) {
        let ways = [
            (&mut self.asked, &mut self.to_server),
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

    /// What faults do at that occasion, each with its toxic's id.
    fn decide(&self, occasion: &Occasion<'_>) -> Vec<(u64, Deed)> {
        let rules = self.rules.iter();
        let deeds = rules.filter_map(|rule| {
            let deed = rule.decide(occasion, &self.link)?;
            Some((rule.toxic.id, deed))
        });
        deeds.collect()
    }

    fn acted(&mut self, toxic: u64) {
        if let Some(rule) = self.rules.iter_mut().find(|rule| rule.toxic.id == toxic) {
            rule.acted(&self.link, self.connection);
        }
    }

    fn toxic(&self, id: u64) -> Option<&Arc<Toxic>> {
        let found = self.rules.iter().find(|rule| rule.toxic.id == id);
        found.map(|rule| &rule.toxic)
    }

    /// The connection ends, where a fault says so: whose doing it is.
    fn ended_by(&mut self, deeds: Vec<(u64, Deed)>, now: Instant) -> Option<Arc<Toxic>> {
        let end = deeds.into_iter().find_map(|(toxic, deed)| match deed {
            Deed::End(words) => Some((toxic, words)),
            _ => None,
        });
        let (toxic, words) = end?;
        let toxic = Arc::clone(self.toxic(toxic)?);
        self.acted(toxic.id);
        let end = if let Some(words) = words {
            self.to_caller.push(words.written(), now);
            toxic.marks.closes.add(1);
            End::Closed
        } else {
            toxic.marks.resets.add(1);
            End::Torn
        };
        self.to_caller.finish(end, now);
        self.phase = Phase::Closing;
        Some(toxic)
    }

    /// Faults that end open sessions meet this one.
    fn meet(&mut self, now: Instant) {
        let fresh = |rule: &&Rule| !self.met.contains(&rule.toxic.id);
        let fresh: Vec<u64> = self
            .rules
            .iter()
            .filter(fresh)
            .map(|rule| rule.toxic.id)
            .collect();
        if fresh.is_empty() {
            return;
        }
        let mut deeds = self.decide_among(&fresh);
        self.met.extend(fresh);
        deeds.truncate(1);
        self.ended_by(deeds, now);
    }

    fn decide_among(&self, ids: &[u64]) -> Vec<(u64, Deed)> {
        let rules = self
            .rules
            .iter()
            .filter(|rule| ids.contains(&rule.toxic.id));
        let deeds = rules.filter_map(|rule| {
            let deed = rule.decide(&Occasion::Lives, &self.link)?;
            Some((rule.toxic.id, deed))
        });
        deeds.collect()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(toxic) = &self.leaving {
            toxic.shared.postgres.leaving.take(1);
        }
    }
}

impl Conversation for Postgres {
    fn adopt(&mut self, toxics: &[Arc<Toxic>]) {
        let rules = toxics.iter().filter_map(Rule::of);
        let rules: Vec<_> = rules.map(|rule| rule.touched_as(&self.rules)).collect();
        let stays = |id: &u64| rules.iter().any(|rule| rule.toxic.id == *id);
        if let Some(held) = &mut self.held
            && !held.toxics.iter().any(stays)
        {
            // What was held back goes on at once.
            held.until = held.since;
        }
        self.met.retain(stays);
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
            match self.phase {
                Phase::Tunnel => return self.pump(now),
                Phase::Session => self.meet(now),
                _ => {}
            }
            let asked = self.step_caller(now);
            let answered = self.step_server(now);
            if !(asked || answered) {
                return;
            }
        }
    }

    fn wakes(&self) -> Option<Instant> {
        self.held.as_ref().map(|held| held.until)
    }

    fn outbox(&mut self, stream: Stream) -> &mut Queue {
        match stream {
            Stream::Upstream => &mut self.to_server,
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
