//! Answers that are kept, to be given again when they are out of date.

use super::head::{Body, Edit, ReplyHead, RequestHead, edited};
use super::matching::Counted;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

/// The longest answer that is kept, and how many are.
const LONGEST: usize = 1 << 20;
const MOST: usize = 4_096;

/// What the connections of one fault share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(super) counted: Mutex<Counted>,
    answers: Mutex<HashMap<String, Kept>>,
}

/// An answer that was given while the fault was there.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    head: Bytes,
    body: Bytes,
    since: Instant,
}

impl Shared {
    /// The answer to such a request.
    pub(super) fn answer(&self, key: &str) -> Option<Kept> {
        crate::link::held(&self.answers).get(key).cloned()
    }

    fn keep(&self, key: String, kept: Kept) {
        let mut answers = crate::link::held(&self.answers);
        if answers.len() < MOST {
            // The first one stays: it is the one that goes out of date.
            answers.entry(key).or_insert(kept);
        }
    }
}

/// What a request asks for, where its answer may be kept: as caches do by default, `GET` alone
/// (RFC 9111, section 2).
pub(super) fn key(head: &RequestHead) -> Option<String> {
    let host = head.values("host").next().unwrap_or_default();
    let host = String::from_utf8_lossy(host);
    (head.method == "GET").then(|| format!("{host} {}", head.target))
}

impl Kept {
    /// As it goes on the wire, with the age that a cache would tell (RFC 9111, section 5.1).
    pub(super) fn written(&self, keep_alive: bool, now: Instant) -> (Bytes, Bytes) {
        let age = now.saturating_duration_since(self.since).as_secs();
        let mut edits = vec![
            Edit::Drop("age".to_owned()),
            Edit::Add("Age".to_owned(), age.to_string()),
        ];
        if !keep_alive {
            edits.push(Edit::Add("Connection".to_owned(), "close".to_owned()));
        }
        (with(&self.head, &edits), self.body.clone())
    }
}

/// An answer that is being recorded while it passes.
#[derive(Debug)]
pub(super) struct Recording {
    key: String,
    head: Bytes,
    body: Vec<u8>,
}

impl Recording {
    /// Starts with a reply's head, where such a reply is worth keeping.
    pub(super) fn start(key: String, raw: &Bytes, head: &ReplyHead) -> Option<Self> {
        (head.status == 200).then(|| Self {
            key,
            head: raw.clone(),
            body: Vec::new(),
        })
    }

    /// More of the body; false once it is too much.
    pub(super) fn push(&mut self, data: &[u8]) -> bool {
        self.body.extend_from_slice(data);
        self.body.len() <= LONGEST
    }

    /// The body is complete: keeps the answer, its length told by its head.
    pub(super) fn done(self, shared: &Shared, now: Instant) {
        let length = self.body.len().to_string();
        let drop = |name: &str| Edit::Drop(name.to_owned());
        let edits = [
            drop("connection"),
            drop("keep-alive"),
            drop("transfer-encoding"),
            drop("trailer"),
            drop("content-length"),
            Edit::Add("Content-Length".to_owned(), length),
        ];
        let kept = Kept {
            head: with(&self.head, &edits),
            body: self.body.into(),
            since: now,
        };
        shared.keep(self.key, kept);
    }
}

/// The head with all changes made.
fn with(head: &Bytes, edits: &[Edit]) -> Bytes {
    let change = |head: Bytes, edit: &Edit| edited(&head, edit).unwrap_or(head);
    edits.iter().fold(head.clone(), change)
}

/// Whether the reply to a request has no body, whatever its head says.
pub(super) fn bodiless(head_only: bool, status: u16) -> bool {
    head_only || (100..200).contains(&status) || matches!(status, 204 | 304)
}

/// The body of a reply to that request.
pub(super) fn body(head_only: bool, reply: &ReplyHead) -> Body {
    if bodiless(head_only, reply.status) {
        Body::None
    } else {
        reply.body
    }
}
