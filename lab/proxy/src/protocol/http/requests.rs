//! From the caller to the upstream.

use super::deed::{self, Answer, Deed};
use super::exchange::{Asking, Exchange, Planned};
use super::head::{Body, RequestHead, edited};
use super::matching::LONGEST_BODY;
use super::message::{Piece, Stuck};
use super::{FULL, Http, stale};
use crate::toxics::End;
use bytes::Bytes;
use std::time::Instant;

/// The longest method there is any sense in waiting for.
const LONGEST_METHOD: usize = 64;
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

impl Http {
    /// One step with a request; false when nothing can be done.
    pub(super) fn step_request(&mut self, now: Instant) -> bool {
        if self.tunnel || self.to_upstream.bytes() >= FULL {
            return false;
        }
        if self.closing {
            self.pass_rest(now);
            return false;
        }
        match &self.exchange {
            Some(exchange) if exchange.asked() => {
                self.pass_end(now);
                return false;
            }
            None if self.to_caller.bytes() >= FULL => return false,
            Some(_) | None => {}
        }
        let read = self
            .requests
            .read(&mut self.asked, u64::MAX, RequestHead::parse);
        match read {
            Ok(Piece::Head(raw, head)) => self.begin(raw, &head, now),
            Ok(Piece::Data(data)) => self.request_body(data, true, now),
            Ok(Piece::Framing(data)) => self.request_body(data, false, now),
            Ok(Piece::End) => self.request_ends(now),
            Err(Stuck::Needs) => {
                if self.exchange.is_none() && !plausible(self.requests.partial()) {
                    self.refuse(Stuck::Invalid, now);
                    return true;
                }
                if self.asked.end().is_some() {
                    self.give_up(now);
                }
                return false;
            }
            Err(stuck) => self.refuse(stuck, now),
        }
        true
    }

    /// Passes the caller's end on, once everything before it is dealt with.
    fn pass_end(&mut self, now: Instant) {
        if let Some(end) = self.asked.end() {
            self.to_upstream.finish(end, now);
        }
    }

    /// The caller gets nothing more. Where that is because the upstream ended, it gets what the
    /// caller still says as it comes, unless the request was never the upstream's.
    fn pass_rest(&mut self, now: Instant) {
        let asking = self.exchange.as_ref().map(|exchange| &exchange.asking);
        let ended = matches!(
            self.to_caller.coming_end(),
            Some(End::Finished | End::Reset)
        );
        let theirs = ended && !matches!(asking, Some(Asking::Swallowing | Asking::Deciding { .. }));
        while !self.asked.is_empty() {
            let data = self.asked.take(usize::MAX);
            if theirs {
                self.to_upstream.push(data, now);
            }
        }
        self.pass_end(now);
    }

    /// The caller ended in the middle of a request: the upstream gets what there is of it.
    fn give_up(&mut self, now: Instant) {
        let partial = Bytes::copy_from_slice(self.requests.partial());
        match &mut self.exchange {
            Some(exchange) => match &mut exchange.asking {
                Asking::Deciding { raw, .. } => {
                    for piece in std::mem::take(raw) {
                        self.to_upstream.push(piece, now);
                    }
                    self.to_upstream.push(partial, now);
                }
                Asking::Passing => self.to_upstream.push(partial, now),
                Asking::Swallowing | Asking::Done => {}
            },
            None => self.to_upstream.push(partial, now),
        }
        self.pass_end(now);
    }

    fn begin(&mut self, raw: Bytes, head: &RequestHead, now: Instant) {
        self.spoken = true;
        self.requests.expect(head.body);
        let waits = head.body != Body::None;
        let asks = |rule: &super::Rule| rule.asks_for_body(head);
        let deciding = Asking::Deciding {
            head: Box::new(head.clone()),
            raw: vec![raw],
            body: Vec::new(),
        };
        let mut exchange = Exchange::new(head, deciding);
        let waits = waits && self.rules.iter().any(asks);
        if waits && exchange.expects {
            self.to_caller.push(Bytes::from_static(CONTINUE), now);
            exchange.continued = true;
        }
        self.exchange = Some(exchange);
        if !waits {
            self.decide(false, now);
        }
    }

    fn request_body(&mut self, data: Bytes, is_body: bool, now: Instant) {
        let Some(exchange) = &mut self.exchange else {
            return;
        };
        match &mut exchange.asking {
            Asking::Deciding { raw, body, .. } => {
                if is_body {
                    body.extend_from_slice(&data);
                }
                raw.push(data);
                if body.len() > LONGEST_BODY {
                    self.decide(false, now);
                }
            }
            Asking::Passing => self.to_upstream.push(data, now),
            Asking::Swallowing | Asking::Done => {}
        }
    }

    fn request_ends(&mut self, now: Instant) {
        self.decide(true, now);
        if let Some(exchange) = &mut self.exchange {
            exchange.asking = Asking::Done;
        }
    }

    /// Decides what becomes of the request, unless that is decided. Its body is judged only where
    /// all of it is there.
    fn decide(&mut self, whole: bool, now: Instant) {
        let Some(exchange) = &mut self.exchange else {
            return;
        };
        let asking = std::mem::replace(&mut exchange.asking, Asking::Passing);
        let Asking::Deciding { head, raw, body } = asking else {
            exchange.asking = asking;
            return;
        };
        let body = whole.then_some(&body[..]);
        let mut own = None;
        for rule in &self.rules {
            for deed in rule.decide(&head, body, &self.link) {
                let toxic = rule.toxic.id;
                match deed {
                    Deed::Answer(answer) => {
                        own.get_or_insert_with(|| (toxic, Own::Said(answer)));
                    }
                    Deed::Stale => {
                        let Some(key) = stale::key(&head) else {
                            continue;
                        };
                        match rule.toxic.shared.http.answer(&key) {
                            Some(kept) => {
                                own.get_or_insert_with(|| (toxic, Own::Kept(kept)));
                            }
                            None => exchange.keeps = Some((rule.toxic.clone(), key)),
                        }
                    }
                    deed => exchange.deeds.push(Planned { toxic, deed }),
                }
            }
        }
        if let Some((toxic, own)) = own {
            // A caller that waits may send its body or not: nobody knows where the next request
            // would begin.
            exchange.keep_alive &= !exchange.expects || exchange.continued;
            exchange.local = true;
            exchange.asking = Asking::Swallowing;
            let (keep_alive, head_only) = (exchange.keep_alive, exchange.head_only);
            match own {
                Own::Said(answer) => {
                    self.own
                        .push(&deed::written(&answer, keep_alive, head_only));
                }
                Own::Kept(kept) => {
                    let (head, body) = kept.written(keep_alive, now);
                    self.own.push(&head);
                    self.own.push(&body);
                }
            }
            self.acted(toxic);
            return;
        }
        let mut changed = Vec::new();
        let mut raw = raw.into_iter();
        let mut head = raw.next().unwrap_or_default();
        exchange.deeds.retain(|planned| match &planned.deed {
            Deed::EditRequest(edit) => {
                if let Some(edited) = edited(&head, edit) {
                    head = edited;
                    changed.push(planned.toxic);
                }
                false
            }
            _ => true,
        });
        self.to_upstream.push(head, now);
        for piece in raw {
            self.to_upstream.push(piece, now);
        }
        for toxic in changed {
            self.acted(toxic);
        }
    }

    /// What cannot be read: passed on where it never was HTTP/1.1, else refused.
    fn refuse(&mut self, stuck: Stuck, now: Instant) {
        if !self.spoken && !starts_as_http(self.requests.partial()) {
            return self.lets_go(now);
        }
        if self
            .exchange
            .take()
            .is_some_and(|exchange| !exchange.asked())
        {
            // The upstream has half of a request, and will never see the rest.
            return self.close(End::Torn, now);
        }
        let status = if stuck == Stuck::TooLong { 431 } else { 400 };
        let answer = Answer {
            status,
            headers: Vec::new(),
            body: String::new(),
        };
        let refusal = deed::written(&answer, false, false);
        self.to_caller.push(refusal.into(), now);
        self.close(End::Closed, now);
    }
}

/// A reply of the proxy's own.
enum Own {
    Said(Answer),
    Kept(stale::Kept),
}

/// Whether this may become the head of a request.
fn plausible(partial: &[u8]) -> bool {
    let token = |byte: &&u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let method = partial.iter().take_while(token).count();
    let next = partial.get(method);
    let method_fits =
        method <= LONGEST_METHOD && next.is_none_or(|byte| *byte == b' ' && method > 0);
    let line = partial.split(|byte| *byte == b'\n');
    method_fits && (line.count() < 2 || starts_as_http(partial))
}

/// Whether the first line is that of a request of HTTP/1.
fn starts_as_http(partial: &[u8]) -> bool {
    let line = partial.split(|byte| *byte == b'\n').next();
    let line = line.unwrap_or_default().trim_ascii_end();
    [&b" HTTP/1.1"[..], b" HTTP/1.0"]
        .iter()
        .any(|version| line.ends_with(version))
}
