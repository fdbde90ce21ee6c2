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
    /// What is injected now; left out where somebody rehearses.
    pub faults: Vec<FaultStatus>,
    /// How a rehearsal stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<SeatStatus>,
}

/// A rehearsal at one moment, as whoever is in the seat may know it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SeatStatus {
    /// Since the prompt, without pauses.
    pub elapsed: Span,
    /// How long it may take.
    pub limit: Span,
    /// Whether the clock stands still.
    pub paused: bool,
    /// What is left of the error budget of the whole time: 1 at first, below 0 once overspent;
    /// absent without an objective.
    pub budget: Option<f64>,
    /// Hints that were taken, and how many there are.
    pub hints: (u32, u32),
    /// Whether anything was declared.
    pub declared: bool,
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
