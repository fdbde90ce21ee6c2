//! What the generator reports: once a second, what was resolved since the report before.
//!
//! An arrival belongs to the phase and second of its intended start, whenever it ends. Reports are
//! differences: the sum over a run is the run.

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;
use crate::name::Name;

/// One report. Slots without any change are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// By phase, second and journey.
    pub slots: Vec<Slot>,
    /// By phase, journey and step.
    pub steps: Vec<StepReport>,
    /// Arrivals in flight when the report was made.
    pub in_flight: u64,
}

/// Arrivals of one journey in one second of one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// Index of the phase of the intended start.
    pub phase: usize,
    /// Whole seconds from the start of that phase.
    pub second: u32,
    /// The journey.
    pub journey: Name,
    /// Arrivals whose intended start has come.
    pub due: u64,
    /// Ended, every step as expected and in time.
    pub good: u64,
    /// Failed, timed out, or never sent.
    pub bad: u64,
    /// Those among the bad that were never sent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unsent: u64,
    /// For each latency limit of the journey, ascending: ended later than that, or bad.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub over: Vec<u64>,
    /// Intended start to the last byte of the last step, of all that were sent.
    #[serde(default, skip_serializing_if = "Histogram::is_empty")]
    pub from_intended: Histogram,
    /// Actual start to the last byte of the last step, of all that were sent.
    #[serde(default, skip_serializing_if = "Histogram::is_empty")]
    pub from_sent: Histogram,
    /// Intended to actual start, of all that were sent.
    #[serde(default, skip_serializing_if = "Histogram::is_empty")]
    pub lag: Histogram,
}

/// Requests of one step in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Index of the phase of the arrival's intended start.
    pub phase: usize,
    /// The journey.
    pub journey: Name,
    /// The step.
    pub step: Name,
    /// How its requests ended.
    pub outcomes: Vec<OutcomeCount>,
    /// Request's start to the last byte of the reply, or to the failure.
    #[serde(default, skip_serializing_if = "Histogram::is_empty")]
    pub time: Histogram,
}

/// How often requests of a step ended in one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutcomeCount {
    /// The way.
    pub outcome: Outcome,
    /// How often.
    pub count: u64,
}

/// How a request ended, as its client saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As expected, in time.
    Good,
    /// An unexpected status.
    Status(u16),
    /// No last byte within the step's timeout.
    Timeout,
    /// No connection.
    Connect,
    /// A check of the reply did not hold.
    Check,
    /// The connection broke before the last byte.
    Broken,
    /// The reply lacks a value that a later step needs.
    Reply,
    /// The run ended first.
    Cancelled,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}
