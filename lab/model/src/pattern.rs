//! A resilience pattern that a run must show, as it stands in a plan.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::name::{Link, Name};
use crate::units::Span;

/// One pattern to be seen on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pattern {
    /// Its name in the registry of patterns.
    pub kind: Name,
    /// The pattern in words with its settings: `timeout on orders → payments ≤ 500 ms`.
    pub summary: String,
    /// The link on which it must show; `None` where it is about the run as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Link>,
    /// The phases (indices into the plan) in which it must show; never empty.
    pub during: Vec<usize>,
    /// A journey whose latency has to be counted against a limit for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
    /// Its settings, as the registry of patterns reads them.
    pub settings: Value,
}

/// A journey whose arrivals are counted against a latency limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The journey.
    pub of: Name,
    /// The limit, from the intended start to the last byte of the last step.
    pub within: Span,
}
