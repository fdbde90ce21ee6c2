//! What the proxy saw on a link in about a second, and what a fault did there.
//!
//! All are differences since the observation before: the sum over a run is the run.

use serde::{Deserialize, Serialize};

use crate::calls::Calls;
use crate::histogram::Histogram;
use crate::name::Link;
use crate::units::Span;

/// Traffic on one link since the observation before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkReport {
    /// The link.
    pub link: Link,
    /// The counters.
    pub traffic: Traffic,
}

/// Counters of a link.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Traffic {
    /// Connections accepted.
    pub connections: u64,
    /// Connections refused or cut at once because the link was down or its callee unreachable.
    pub refused: u64,
    /// HTTP requests, every attempt counted.
    pub requests: u64,
    /// HTTP requests that were the first attempt under their idempotency or trace key.
    pub first_attempts: u64,
    /// Replies by class of status: 1xx, 2xx, 3xx, 4xx, 5xx.
    pub replies: [u64; 5],
    /// Requests whose caller closed before the reply had ended.
    pub abandoned: u64,
    /// Requests whose callee closed before the reply had ended.
    pub broken: u64,
    /// Bytes from caller to callee.
    pub bytes_up: u64,
    /// Bytes from callee to caller.
    pub bytes_down: u64,
    /// The request's first byte from the caller to the reply's last byte to the caller.
    pub caller_time: Histogram,
    /// The request's first byte to the callee to the reply's first byte from the callee.
    pub callee_time: Histogram,
    /// First byte of the request to the moment the caller gave up, of those abandoned.
    pub gave_up_after: Histogram,
    /// What shows of resilience.
    pub calls: Calls,
}

/// What one armed fault did since the observation before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultReport {
    /// Index into the plan's faults.
    pub fault: usize,
    /// Traffic on its link while it was planned to be armed.
    pub passing: Touched,
    /// The part of it that the fault acted on.
    pub touched: Touched,
    /// Requests that matched it, where it acts on those that do.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub matched: u64,
    /// Delay added to what was touched.
    #[serde(default, skip_serializing_if = "Delay::is_empty")]
    pub delay: Delay,
    /// Connections reset.
    #[serde(default)]
    pub resets: u64,
    /// Connections refused.
    #[serde(default)]
    pub refused: u64,
    /// Bytes dropped.
    #[serde(default)]
    pub dropped: u64,
}

/// An amount of traffic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Connections.
    pub connections: u64,
    /// HTTP requests; 0 where the link does not speak HTTP.
    pub requests: u64,
    /// Bytes in the fault's direction.
    pub bytes: u64,
    /// Readings of a service's state, for a fault on a service.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub readings: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Touched {
    /// Adds another amount.
    pub fn add(&mut self, other: &Self) {
        self.connections += other.connections;
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.readings += other.readings;
    }
}

/// Delay that was added and measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delay {
    /// How many times it was measured.
    pub count: u64,
    /// The sum.
    pub sum: Span,
    /// The shortest; zero when there is none.
    pub min: Span,
    /// The longest; zero when there is none.
    pub max: Span,
}

impl Delay {
    /// Whether none was measured.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The mean; `None` when none was measured.
    pub fn mean(&self) -> Option<Span> {
        self.sum
            .as_micros()
            .checked_div(self.count)
            .map(Span::from_micros)
    }

    /// Adds other measurements.
    pub fn add(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        self.min = if self.is_empty() {
            other.min
        } else {
            self.min.min(other.min)
        };
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.sum = self.sum.plus(other.sum);
    }
}
