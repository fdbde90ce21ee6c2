//! From the caller to the server.

use super::answer::StandIn;
use super::message::{Opening, Piece, Stuck, body, text};
use super::rule::{Deed, Occasion};
use super::{FULL, Held, Phase, Postgres};
use crate::toxics::End;
use crate::witness::Count;
use bytes::Bytes;
use std::time::{Duration, Instant};

/// The messages that are looked at whole.
fn looked_at(tag: u8) -> bool {
    matches!(tag, b'Q' | b'P' | b'B' | b'C' | b'E' | b'S' | b'F')
}

impl Postgres {
    /// One step with what the caller says; false when nothing can be done.
    pub(super) fn step_caller(&mut self, now: Instant) -> bool {
        if self.to_server.bytes() >= FULL || !self.let_go_of_held(now) {
            return false;
        }
        match self.phase {
            Phase::Closing => {
                self.asked.clear();
                return false;
            }
            // The caller waits for the answer as well.
            Phase::Encrypting | Phase::Tunnel => return false,
            Phase::Opening | Phase::Session => {}
        }
        match self.requests.read(&mut self.asked, looked_at) {
            Ok(Piece::Opening(opening, raw)) => self.opens(opening, raw, now),
            Ok(Piece::Message(tag, raw)) => self.asks(tag, raw, now),
            Ok(Piece::Part(data)) => self.to_server.push(data, now),
            Err(Stuck::Invalid) => self.lets_go(now),
            Err(Stuck::Needs) => {
                if let Some(end) = self.asked.end() {
                    let partial = Bytes::copy_from_slice(self.requests.partial());
                    self.to_server.push(partial, now);
                    self.to_server.finish(end, now);
                }
                return false;
            }
        }
        true
    }

    fn opens(&mut self, opening: Opening, raw: Bytes, now: Instant) {
        match opening {
            Opening::Encryption => self.phase = Phase::Encrypting,
            Opening::Cancel => {
                self.to_server.push(raw, now);
                return self.lets_go(now);
            }
            Opening::Session => {
                let leaving = self
                    .rules
                    .iter()
                    .map(|rule| &rule.toxic.shared.postgres.leaving);
                let leaving: u64 = leaving.map(Count::get).sum();
                let others = self.link.traffic.open.get().saturating_sub(leaving + 1);
                let deeds = self.decide(&Occasion::Opens { others });
                if let Some(toxic) = self.ended_by(deeds, now) {
                    toxic.shared.postgres.leaving.add(1);
                    self.leaving = Some(toxic);
                    self.to_server.finish(End::Finished, now);
                    return;
                }
                // They had their say.
                self.met = self.rules.iter().map(|rule| rule.toxic.id).collect();
                self.phase = Phase::Session;
                // The server greets with `ReadyForQuery` once it knows who calls.
                self.owed = 1;
            }
        }
        self.to_server.push(raw, now);
    }

    fn asks(&mut self, tag: u8, raw: Bytes, now: Instant) {
        self.statements.note(tag, &raw);
        match tag {
            b'Q' => {
                self.owed += 1;
                let text = text(body(&raw)).map(|(text, _)| text.to_vec());
                self.executes(tag, raw, &text.unwrap_or_default(), now);
            }
            b'E' => {
                let text = self.statements.executed(&raw);
                self.executes(tag, raw, &text.unwrap_or_default(), now);
            }
            b'S' | b'F' => {
                self.owed += 1;
                self.to_server.push(raw, now);
            }
            _ => self.to_server.push(raw, now),
        }
    }

    fn executes(&mut self, tag: u8, mut raw: Bytes, text: &[u8], now: Instant) {
        let (mut wait, mut toxics) = (Duration::ZERO, Vec::new());
        let mut refused = false;
        for (toxic, deed) in self.decide(&Occasion::Statement(text)) {
            match deed {
                Deed::Hold(delay) => {
                    wait = wait.saturating_add(delay);
                    toxics.push(toxic);
                }
                Deed::Refuse(write) if !refused => {
                    refused = true;
                    let before = text.get(..write.at).unwrap_or_default();
                    let stand_in = StandIn {
                        toxic,
                        command: write.command,
                    };
                    raw = match tag {
                        b'Q' => stand_in.query(before),
                        _ => stand_in.execute(),
                    };
                }
                Deed::Refuse(_) | Deed::End(_) | Deed::Nothing => {}
            }
        }
        if wait.is_zero() {
            return self.to_server.push(raw, now);
        }
        for toxic in &toxics {
            self.acted(*toxic);
        }
        self.held = Some(Held {
            raw,
            since: now,
            until: now.checked_add(wait).unwrap_or(now),
            toxics,
        });
    }

    /// Whether no message waits any more.
    fn let_go_of_held(&mut self, now: Instant) -> bool {
        let Some(held) = self.held.take_if(|held| held.until <= now) else {
            return self.held.is_none();
        };
        let waited = now.saturating_duration_since(held.since);
        for toxic in &held.toxics {
            if let Some(toxic) = self.toxic(*toxic) {
                toxic.marks.delay.record(waited);
            }
        }
        self.to_server.push(held.raw, now);
        true
    }
}
