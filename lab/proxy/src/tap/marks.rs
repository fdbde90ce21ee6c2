//! The counters behind [`HttpCounts`], shared by all connections of a link.

use super::Fault;
use super::attempts::Attempts;
use super::bursts::Bursts;
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
    pauses: [Recorder; 3],
    shed_time: Recorder,
    error_time: Recorder,
    broken_after: Recorder,
    repeated_alike: Count,
    repeated_otherwise: Count,
    memory: Mutex<Memory>,
}

/// What is remembered between requests.
#[derive(Debug, Default)]
struct Memory {
    attempts: Attempts,
    bursts: Bursts,
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

    /// A request's head was received; its first byte at that time. Which attempt it is, from 1.
    pub(super) fn request(&self, head: &RequestHead, at: Instant) -> Option<u64> {
        self.requests.add(1);
        let mut memory = held(&self.memory);
        memory.bursts.attempt(at);
        memory.bursts.enter(at);
        let Some(key) = head.key else {
            drop(memory);
            self.keyless.add(1);
            return None;
        };
        let before = memory.attempts.begin(key, at);
        drop(memory);
        let number = usize::try_from(before.attempts).unwrap_or(usize::MAX);
        self.attempts[number.min(self.attempts.len() - 1)].add(1);
        if let Some(gap) = before.gap {
            self.attempt_gap.record(gap);
        }
        if let (Some(pause), Some(retry)) = (before.pause, number.checked_sub(1)) {
            self.pauses[retry.min(self.pauses.len() - 1)].record(pause);
        }
        Some(before.attempts + 1)
    }

    /// A connection was refused, or led nowhere: an attempt that failed at once.
    pub(crate) fn refused(&self, now: Instant) {
        let bursts = &mut held(&self.memory).bursts;
        bursts.attempt(now);
        bursts.end(now, true);
    }

    /// A request ended, one way or the other.
    pub(super) fn end(&self, key: Option<u64>, now: Instant, failed: bool) {
        let mut memory = held(&self.memory);
        memory.bursts.end(now, failed);
        memory.bursts.leave(now);
        if let Some(key) = key {
            memory.attempts.end(key, now);
        }
    }

    /// So many requests are followed no longer.
    pub(super) fn leave(&self, requests: usize, now: Instant) {
        let mut memory = held(&self.memory);
        for _ in 0..requests {
            memory.bursts.leave(now);
        }
    }

    /// A write was answered with success.
    pub(super) fn answered(&self, key: u64, digest: u64) {
        match held(&self.memory).attempts.answer(key, digest) {
            None => {}
            Some(true) => self.repeated_alike.add(1),
            Some(false) => self.repeated_otherwise.add(1),
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
    pub(super) fn completed(&self, caller: Duration, status: u16) {
        self.completed.add(1);
        self.caller_last_byte.record(caller);
        match status {
            429 | 503 => self.shed_time.record(caller),
            500.. => self.error_time.record(caller),
            _ => {}
        }
    }

    /// A request gets no reply.
    pub(super) fn unanswered(&self, fault: Fault, after: Duration) {
        match fault {
            Fault::Caller => {
                self.abandoned.add(1);
                self.abandoned_after.record(after);
            }
            Fault::Upstream => {
                self.failed.add(1);
                self.broken_after.record(after);
            }
            Fault::Proxy => {
                self.cut.add(1);
                self.broken_after.record(after);
            }
        }
    }

    /// A reading; `None` while the tap was never on.
    pub(crate) fn read(&self) -> Option<HttpCounts> {
        if !self.enabled.load(Relaxed) {
            return None;
        }
        let now = Instant::now();
        let (age_us, bursts, peaks) = {
            let bursts = &mut held(&self.memory).bursts;
            (bursts.age_us(now), bursts.closed(), bursts.peaks(now))
        };
        Some(HttpCounts {
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
            pauses: std::array::from_fn(|index| self.pauses[index].read()),
            shed_time: self.shed_time.read(),
            error_time: self.error_time.read(),
            broken_after: self.broken_after.read(),
            repeated_alike: self.repeated_alike.get(),
            repeated_otherwise: self.repeated_otherwise.get(),
            age_us,
            bursts,
            peaks,
        })
    }
}
