//! From the upstream, or from the proxy itself, to the caller.

use super::deed::{BodyDeed, Deed};
use super::exchange::Replying;
use super::head::{Body, ReplyHead, edited};
use super::message::{Piece, Stuck};
use super::stale::{Recording, body};
use super::{FULL, Hold, Http};
use crate::toxics::End;
use bytes::{Bytes, BytesMut};
use std::time::{Duration, Instant};

impl Http {
    /// One step with a reply; false when nothing can be done.
    pub(super) fn step_reply(&mut self, now: Instant) -> bool {
        if self.tunnel || self.closing || self.to_caller.bytes() >= FULL || !self.released(now) {
            return false;
        }
        let Some(exchange) = &mut self.exchange else {
            return self.unasked(now);
        };
        if exchange.local && !exchange.asked() && (!exchange.expects || exchange.continued) {
            return false;
        }
        match std::mem::replace(&mut exchange.replying, Replying::Awaited) {
            Replying::Awaited => self.await_head(now),
            Replying::Head(raw, head) => self.reply_head(raw, &head, now),
            Replying::Body { position, dripped } => self.reply_body(position, dripped, now),
            Replying::Done => {
                exchange.replying = Replying::Done;
                let over = exchange.asked();
                if over {
                    self.exchange = None;
                }
                over
            }
        }
    }

    /// What an upstream says without having been asked.
    fn unasked(&mut self, now: Instant) -> bool {
        if !self.answered.is_empty() {
            self.lets_go(now);
            return true;
        }
        if let Some(end) = self.answered.end() {
            self.close(end, now);
        }
        false
    }

    fn read_reply(&mut self, limit: u64) -> Result<Piece<ReplyHead>, Stuck> {
        let local = self
            .exchange
            .as_ref()
            .is_some_and(|exchange| exchange.local);
        let inbox = if local {
            &mut self.own
        } else {
            &mut self.answered
        };
        self.replies.read(inbox, limit, ReplyHead::parse)
    }

    fn stays(&mut self, replying: Replying) {
        if let Some(exchange) = &mut self.exchange {
            exchange.replying = replying;
        }
    }

    fn await_head(&mut self, now: Instant) -> bool {
        let (raw, head) = match self.read_reply(u64::MAX) {
            Ok(Piece::Head(raw, head)) => (raw, head),
            Ok(_) => return true,
            Err(Stuck::Needs) => {
                if let Some(end) = self.answered.end() {
                    let partial = Bytes::copy_from_slice(self.replies.partial());
                    self.to_caller.push(partial, now);
                    self.close(end, now);
                }
                return false;
            }
            Err(_) => {
                self.lets_go(now);
                return true;
            }
        };
        let Some(exchange) = &self.exchange else {
            return false;
        };
        if (100..200).contains(&head.status) && head.status != 101 {
            self.replies.expect(Body::None);
            if !(exchange.continued && head.status == 100) {
                self.to_caller.push(raw, now);
            }
            return true;
        }
        let (wait, toxics) = exchange.delays();
        if !wait.is_zero() {
            self.hold(wait, toxics, now);
        }
        self.stays(Replying::Head(raw, Box::new(head)));
        true
    }

    fn hold(&mut self, wait: Duration, toxics: Vec<u64>, now: Instant) {
        for toxic in &toxics {
            self.acted(*toxic);
        }
        let until = now.checked_add(wait).unwrap_or(now);
        self.hold = Some(Hold {
            since: now,
            until,
            toxics,
        });
    }

    fn reply_head(&mut self, mut raw: Bytes, head: &ReplyHead, now: Instant) -> bool {
        let Some(exchange) = &mut self.exchange else {
            return false;
        };
        let body = body(exchange.head_only, head);
        let tunnel = head.status == 101 || exchange.connect && (200..300).contains(&head.status);
        if let Some((toxic, key)) = exchange.keeps.take() {
            exchange.recording = Recording::start(key, &raw, head).map(|r| (toxic, r));
        }
        let mut changed = Vec::new();
        for planned in &exchange.deeds {
            if let Deed::EditReply(edit) = &planned.deed
                && let Some(edited) = edited(&raw, edit)
            {
                raw = edited;
                changed.push(planned.toxic);
            }
        }
        let cut = exchange.in_body().find_map(|(toxic, deed)| match deed {
            BodyDeed::Cut { at: 0, reset: true } => Some(toxic),
            _ => None,
        });
        exchange.replying = Replying::Body {
            position: 0,
            dripped: 0,
        };
        self.to_caller.push(raw, now);
        for toxic in changed {
            self.acted(toxic);
        }
        // A reset needs no body to be in the middle of.
        if let Some(toxic) = cut {
            self.cut(toxic, true, now);
            return true;
        }
        if tunnel {
            self.lets_go(now);
        } else {
            self.replies.expect(body);
        }
        true
    }

    fn reply_body(&mut self, position: u64, dripped: u64, now: Instant) -> bool {
        let stays = Replying::Body { position, dripped };
        let Some(exchange) = &mut self.exchange else {
            return false;
        };
        let limit = exchange.passes(position, dripped);
        if limit == 0 {
            let inbox = if exchange.local {
                &self.own
            } else {
                &self.answered
            };
            if self.replies.has_more(inbox) {
                let due = exchange.due(position, dripped);
                exchange.replying = stays;
                if let Some((toxic, due)) = due {
                    self.happens(toxic, &due, position, now);
                }
                return true;
            }
        }
        match self.read_reply(limit.max(1)) {
            Ok(Piece::Data(data)) => {
                let length = data.len() as u64;
                let data = self.corrupted(data);
                if let Some(exchange) = &mut self.exchange {
                    exchange
                        .recording
                        .take_if(|(_, recording)| !recording.push(&data));
                    exchange.replying = Replying::Body {
                        position: position + length,
                        dripped,
                    };
                }
                self.to_caller.push(data, now);
            }
            Ok(Piece::Framing(data)) => {
                self.to_caller.push(data, now);
                self.stays(stays);
            }
            Ok(Piece::Head(..)) => {}
            Ok(Piece::End) => self.reply_ends(now),
            Err(Stuck::Needs) => {
                self.stays(stays);
                let Some(end) = self.answered.end() else {
                    return false;
                };
                if self.replies.lasts_until_close() && end == End::Finished {
                    self.keep(now);
                }
                let partial = Bytes::copy_from_slice(self.replies.partial());
                self.to_caller.push(partial, now);
                self.close(end, now);
                return false;
            }
            Err(_) => self.lets_go(now),
        }
        true
    }

    /// Something happens at a place in the body.
    fn happens(&mut self, toxic: u64, due: &BodyDeed, position: u64, now: Instant) {
        match *due {
            BodyDeed::Pause { wait, .. } => self.hold(wait, vec![toxic], now),
            BodyDeed::Drip { bytes, every } => {
                let first = position <= bytes;
                if let Some(toxic) = self.toxic(toxic) {
                    toxic.marks.bytes.add(bytes);
                }
                if first {
                    self.acted(toxic);
                }
                self.hold(every, Vec::new(), now);
                if let Some(hold) = &mut self.hold {
                    hold.toxics = vec![toxic];
                }
                self.stays(Replying::Body {
                    position,
                    dripped: position,
                });
            }
            BodyDeed::Cut { reset, .. } => self.cut(toxic, reset, now),
            BodyDeed::Corrupt { .. } => {}
        }
    }

    /// The connection ends here.
    fn cut(&mut self, toxic: u64, reset: bool, now: Instant) {
        self.acted(toxic);
        if let Some(toxic) = self.toxic(toxic) {
            let count = if reset {
                &toxic.marks.resets
            } else {
                &toxic.marks.closes
            };
            count.add(1);
        }
        self.close(if reset { End::Torn } else { End::Closed }, now);
    }

    /// The data with what faults change in it.
    fn corrupted(&mut self, data: Bytes) -> Bytes {
        let Some(exchange) = &mut self.exchange else {
            return data;
        };
        let mut data = data;
        let mut touched = Vec::new();
        for planned in &mut exchange.deeds {
            let Deed::Body(BodyDeed::Corrupt { share, draw, clean }) = &mut planned.deed else {
                continue;
            };
            let length = data.len() as u64;
            if *clean >= length {
                *clean -= length;
                continue;
            }
            let mut bytes = BytesMut::from(data);
            let (mut at, mut changed) = (*clean, 0);
            while let Some(byte) = usize::try_from(at).ok().and_then(|at| bytes.get_mut(at)) {
                // Another value, whichever it was.
                *byte ^= u8::try_from(1 + draw.below(255)).unwrap_or(1);
                changed += 1;
                at = at.saturating_add(1).saturating_add(draw.gap(*share));
            }
            *clean = at.saturating_sub(length);
            data = bytes.freeze();
            touched.push((planned.toxic, changed));
        }
        for (toxic, changed) in touched {
            let known = self
                .toxic(toxic)
                .map(|toxic| toxic.marks.bytes.add(changed));
            let exchange = self.exchange.as_mut();
            // One request counts once, however often its body is changed.
            let first = exchange.is_some_and(|exchange| exchange.corrupts_first(toxic));
            if known.is_some() && first {
                self.acted(toxic);
            }
        }
        data
    }

    fn reply_ends(&mut self, now: Instant) {
        self.keep(now);
        self.stays(Replying::Done);
        if let Some(exchange) = &self.exchange
            && exchange.local
            && !exchange.keep_alive
        {
            self.close(End::Closed, now);
        }
    }

    /// Keeps the reply that was recorded.
    fn keep(&mut self, now: Instant) {
        let recorded = self.exchange.as_mut().and_then(|e| e.recording.take());
        if let Some((toxic, recording)) = recorded {
            recording.done(&toxic.shared.http, now);
        }
    }
}
