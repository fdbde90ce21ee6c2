//! A running system at one moment: what a sandbox answers when it is asked how it fares.

use serde::{Deserialize, Serialize};

use crate::link::Touched;
use crate::name::{Link, Name, RunId};
use crate::units::Span;

/// A running system at one moment. Counts are of the last seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The run.
    pub run: RunId,
    /// The system.
    pub system: Name,
    /// Since the load started.
    pub since: Span,
    /// The seconds that counts are of.
    pub window: Span,
    /// How each journey fares.
    pub journeys: Vec<JourneyStatus>,
    /// What is promised, and whether it holds in the window.
    pub objectives: Vec<ObjectiveStatus>,
    /// What passes each link.
    pub links: Vec<LinkStatus>,
    /// What is injected now.
    pub faults: Vec<FaultStatus>,
}

/// One journey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyStatus {
    /// Which.
    pub name: Name,
    /// Arrivals that ended.
    pub ended: u64,
    /// Those among them that were bad.
    pub bad: u64,
    /// Median from intended start; absent without arrivals.
    pub p50: Option<Span>,
    /// 99th percentile from intended start; absent without arrivals.
    pub p99: Option<Span>,
}

/// One objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveStatus {
    /// In words: `checkout availability ≥ 99%`.
    pub text: String,
    /// Whether the figures of the window keep it; absent without arrivals.
    pub holds: Option<bool>,
}

/// One link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkStatus {
    /// Which.
    pub link: Link,
    /// Requests.
    pub requests: u64,
    /// Requests that were a first attempt.
    pub first_attempts: u64,
    /// Replies with 5xx, and requests without a whole reply.
    pub failed: u64,
    /// 99th percentile as the caller saw it; absent without replies.
    pub p99: Option<Span>,
}

/// One fault that is injected now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultStatus {
    /// Its number, for healing.
    pub number: usize,
    /// Where.
    pub link: Link,
    /// In words: `latency 2s`.
    pub summary: String,
    /// Since when, from the load's start.
    pub since: Span,
    /// What it acted on so far.
    pub touched: Touched,
}
