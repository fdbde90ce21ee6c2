//! The counters behind [`HttpCounts`], shared by all connections of a link.

use super::Fault;
use super::attempts::Attempts;
use super::head::RequestHead;
use crate::histogram::Recorder;
use crate::link::held;
use crate::observe::HttpCounts;
use crate::witness::Count;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What the taps of a link counted; the fields are those of [`HttpCounts`].
#[derive(Debug, Default)]
pub(crate) struct HttpMarks {
    enabled: AtomicBool,
    requests: Count,
    responses: [Count; 6],
    completed: Count,
    abandoned: Count,
    failed: Count,
    cut: Count,
    pub(super) not_http: Count,
    attempts: [Count; 8],
    keyless: Count,
    attempt_gap: Recorder,
    abandoned_after: Recorder,
    caller_first_byte: Recorder,
    caller_last_byte: Recorder,
    upstream_first_byte: Recorder,
    added: Recorder,
    seen: Mutex<Attempts>,
}

impl HttpMarks {
    /// Counters that are shown from the start, or once the tap is switched on.
    pub(crate) fn new(enabled: bool) -> Self {
        Self {
            enabled: AtomicBool::new(enabled),
            ..Self::default()
        }
    }

    /// Shows the counters from now on.
    pub(crate) fn enable(&self) {
        self.enabled.store(true, Relaxed);
    }

    /// A request's head was received; its first byte at that time.
    pub(super) fn request(&self, head: &RequestHead, at: Instant) {
        self.requests.add(1);
        let Some(key) = head.key else {
            self.keyless.add(1);
            return;
        };
        let (before, gap) = held(&self.seen).count(key, at);
        let last = self.attempts.len() - 1;
        let index = usize::try_from(before).map_or(last, |before| before.min(last));
        self.attempts[index].add(1);
        if let Some(gap) = gap {
            self.attempt_gap.record(gap);
        }
    }

    /// A reply's head was received.
    pub(super) fn reply(&self, status: u16) {
        let class = usize::from(status / 100);
        let index = if (1..=5).contains(&class) {
            class - 1
        } else {
            5
        };
        self.responses[index].add(1);
    }

    /// The first byte of a reply was written, so long after the request's came; the upstream
    /// took the second time for it.
    pub(super) fn first_byte(&self, caller: Duration, upstream: Option<Duration>) {
        self.caller_first_byte.record(caller);
        if let Some(upstream) = upstream {
            self.upstream_first_byte.record(upstream);
            self.added.record(caller.saturating_sub(upstream));
        }
    }

    /// The last byte of a reply was written.
    pub(super) fn completed(&self, caller: Duration) {
        self.completed.add(1);
        self.caller_last_byte.record(caller);
    }

    /// A request gets no reply.
    pub(super) fn unanswered(&self, fault: Fault, after: Duration) {
        match fault {
            Fault::Caller => {
                self.abandoned.add(1);
                self.abandoned_after.record(after);
            }
            Fault::Upstream => self.failed.add(1),
            Fault::Proxy => self.cut.add(1),
        }
    }

    /// A reading; `None` while the tap was never on.
    pub(crate) fn read(&self) -> Option<HttpCounts> {
        self.enabled.load(Relaxed).then(|| HttpCounts {
            requests: self.requests.get(),
            responses: std::array::from_fn(|index| self.responses[index].get()),
            completed: self.completed.get(),
            abandoned: self.abandoned.get(),
            failed: self.failed.get(),
            cut: self.cut.get(),
            not_http: self.not_http.get(),
            attempts: std::array::from_fn(|index| self.attempts[index].get()),
            keyless: self.keyless.get(),
            attempt_gap: self.attempt_gap.read(),
            abandoned_after: self.abandoned_after.read(),
            caller_first_byte: self.caller_first_byte.read(),
            caller_last_byte: self.caller_last_byte.read(),
            upstream_first_byte: self.upstream_first_byte.read(),
            added: self.added.read(),
        })
    }
}
