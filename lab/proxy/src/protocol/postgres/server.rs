//! From the server to the caller.

use super::answer::{Error, StandIn};
use super::message::{Piece, Stuck, body, text};
use super::rule::Occasion;
use super::{FULL, Phase, Postgres};
use bytes::Bytes;
use std::time::Instant;

/// What may be withheld until it is known whether it tells of a commit.
const MOST_WITHHELD: usize = 1 << 20;

/// The messages that are looked at whole.
fn looked_at(tag: u8) -> bool {
    matches!(tag, b'C' | b'E' | b'Z')
}

/// Whether a command that was completed left something to be committed; its tag says.
fn commits(tag: &[u8]) -> bool {
    let tag = String::from_utf8_lossy(tag);
    let (command, rows) = tag.split_once(' ').unwrap_or((&tag, ""));
    let changed = rows.rsplit(' ').next() != Some("0");
    match command {
        "COMMIT" => true,
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => changed,
        _ => false,
    }
}

impl Postgres {
    /// One step with what the server says; false when nothing can be done.
    pub(super) fn step_server(&mut self, now: Instant) -> bool {
        if self.to_caller.bytes() >= FULL {
            return false;
        }
        match self.phase {
            Phase::Closing => {
                self.answered.clear();
                return false;
            }
            Phase::Encrypting => return self.encrypts(now),
            Phase::Opening | Phase::Session => {}
            Phase::Tunnel => return false,
        }
        match self.replies.read(&mut self.answered, looked_at) {
            Ok(Piece::Message(tag, raw)) => self.says(tag, raw, now),
            Ok(Piece::Part(data) | Piece::Opening(_, data)) => self.passes(data, now),
            Err(Stuck::Invalid) => self.lets_go(now),
            Err(Stuck::Needs) => {
                if let Some(end) = self.answered.end() {
                    self.release(now);
                    let partial = Bytes::copy_from_slice(self.replies.partial());
                    self.to_caller.push(partial, now);
                    self.to_caller.finish(end, now);
                }
                return false;
            }
        }
        true
    }

    /// The answer to a request for encryption: `N`, or the connection is no longer ours to read.
    fn encrypts(&mut self, now: Instant) -> bool {
        if !self.replies.is_between() {
            // It began to speak before it was asked in full: no server of this protocol does.
            self.lets_go(now);
            return true;
        }
        let answer = self.answered.take(1);
        if answer.is_empty() {
            let ended = self.answered.end().is_some();
            if ended {
                self.lets_go(now);
            }
            return ended;
        }
        let refused = answer[..] == *b"N";
        self.to_caller.push(answer, now);
        if refused {
            self.phase = Phase::Opening;
        } else {
            self.lets_go(now);
        }
        true
    }

    fn says(&mut self, tag: u8, raw: Bytes, now: Instant) {
        match tag {
            b'E' => {
                let stand_in = StandIn::of(&raw);
                let raw = match &stand_in {
                    Some(stand_in) => Error::read_only(&stand_in.command).written(),
                    None => raw,
                };
                if let Some(stand_in) = stand_in {
                    self.acted(stand_in.toxic);
                }
                self.passes(raw, now);
            }
            b'C' => {
                let tag = text(body(&raw)).map(|(tag, _)| tag);
                let awaited = self.owed > 0 && !self.rules.is_empty();
                if awaited && tag.is_some_and(commits) {
                    self.withheld.get_or_insert_default();
                }
                self.passes(raw, now);
            }
            _ => self.is_ready(raw, now),
        }
    }

    /// Passes something on, unless it has to wait behind a commit.
    fn passes(&mut self, data: Bytes, now: Instant) {
        match &mut self.withheld {
            Some(withheld) => {
                withheld.push(data);
                if withheld.iter().map(Bytes::len).sum::<usize>() > MOST_WITHHELD {
                    self.release(now);
                }
            }
            None => self.to_caller.push(data, now),
        }
    }

    /// `ReadyForQuery`: outside of a transaction what was done is committed.
    fn is_ready(&mut self, raw: Bytes, now: Instant) {
        self.owed = self.owed.saturating_sub(1);
        let idle = body(&raw) == b"I";
        if self.withheld.is_some() && idle {
            let deeds = self.decide(&Occasion::Commit);
            if self.ended_by(deeds, now).is_some() {
                return;
            }
        }
        self.release(now);
        self.to_caller.push(raw, now);
    }

    /// What was withheld goes on.
    pub(super) fn release(&mut self, now: Instant) {
        for data in self.withheld.take().unwrap_or_default() {
            self.to_caller.push(data, now);
        }
    }
}
