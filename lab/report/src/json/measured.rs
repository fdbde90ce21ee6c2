//! What was measured: phases, journeys, steps, links.

use lab_model::load::Outcome;
use lab_model::plan::PhaseKind;
use lab_model::{Histogram, Link, Name};
use lab_verdict::tally::{JourneyTally, LinkTally, StepTally, attempts_per_request};
use schemars::JsonSchema;
use serde::Serialize;

use super::millis;
use crate::run::Run;

/// One phase.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Phase {
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub kind: Kind,
    /// From the start of the load, in seconds.
    pub start_s: f64,
    /// How long it was planned to last, in seconds.
    pub length_s: f64,
    /// Whether the run came to it.
    pub reached: bool,
    /// How each journey fared.
    pub journeys: Vec<JourneyFigures>,
    /// What passed each link.
    pub links: Vec<LinkTraffic>,
}

/// What a phase is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Load without judgement.
    WarmUp,
    /// Healthy and measured.
    Baseline,
    /// Faults are injected.
    Fault,
    /// Faults are gone.
    Recovery,
    /// People changed what they liked, until they ended it.
    Open,
}

impl From<PhaseKind> for Kind {
    fn from(kind: PhaseKind) -> Self {
        match kind {
            PhaseKind::WarmUp => Self::WarmUp,
            PhaseKind::Baseline => Self::Baseline,
            PhaseKind::Fault => Self::Fault,
            PhaseKind::Recovery => Self::Recovery,
            PhaseKind::Open => Self::Open,
        }
    }
}

/// One journey in one phase. An arrival belongs to the phase of its intended start.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct JourneyFigures {
    /// The journey.
    pub journey: Name,
    /// Arrivals that came due.
    pub due: u64,
    /// Ended, every step as expected and in time.
    pub good: u64,
    /// Failed, timed out, or never sent.
    pub bad: u64,
    /// Those among the bad that were never sent.
    pub unsent: u64,
    /// Due but without any end on record.
    pub unresolved: u64,
    /// bad / (good + bad); absent where nothing ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bad_share: Option<f64>,
    /// Intended start to the last byte, of all that were sent; absent where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Times>,
    /// Actual start to the last byte, of all that were sent; absent where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_sent: Option<Times>,
    /// Intended to actual start: how far the generator lagged; absent where nothing was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<Times>,
    /// Its steps.
    pub steps: Vec<StepFigures>,
}

/// The spread of a duration, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Times {
    /// How many were measured.
    pub count: u64,
    /// The mean.
    pub mean_ms: f64,
    /// The median.
    pub p50_ms: f64,
    /// The 90th percentile.
    pub p90_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// The 99.9th percentile.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Times {
    /// `None` for an empty histogram.
    fn of(histogram: &Histogram) -> Option<Self> {
        let at = |quantile| histogram.quantile(quantile).map(millis);
        Some(Self {
            count: histogram.count(),
            mean_ms: histogram.mean().map(millis)?,
            p50_ms: at(0.5)?,
            p90_ms: at(0.9)?,
            p99_ms: at(0.99)?,
            p999_ms: at(0.999)?,
            max_ms: histogram.max().map(millis)?,
        })
    }
}

/// One step of a journey in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StepFigures {
    /// The step.
    pub step: Name,
    /// How long its client waits, in milliseconds.
    pub timeout_ms: f64,
    /// How its requests ended.
    pub outcomes: Vec<Ended>,
    /// Request's start to the last byte of the reply, or to the failure; absent without requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Times>,
}

/// How often requests ended in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ended {
    /// The way.
    pub outcome: Way,
    /// The unexpected status, where that was the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How often.
    pub count: u64,
}

/// How a request ended, as its client saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// As expected, in time.
    Good,
    /// An unexpected status.
    Status,
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

/// Traffic of one link in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LinkTraffic {
    /// The link.
    pub link: Link,
    /// Connections accepted.
    pub connections: u64,
    /// Connections refused or cut at once.
    pub refused: u64,
    /// HTTP requests, every attempt counted.
    pub requests: u64,
    /// HTTP requests that were the first attempt.
    pub first_attempts: u64,
    /// requests / first attempts; absent where no first attempt was recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts_per_request: Option<f64>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_time: Option<Times>,
    /// The request's first byte to the callee to the reply's first byte from the callee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callee_time: Option<Times>,
    /// First byte of the request to the moment the caller gave up, of those abandoned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gave_up_after: Option<Times>,
}

impl Phase {
    pub(super) fn all(run: &Run<'_>) -> Vec<Self> {
        let planned = run.plan().phases.iter();
        planned
            .zip(&run.tally.phases)
            .map(|(phase, tally)| Self {
                name: phase.name.clone(),
                kind: phase.kind.into(),
                start_s: phase.start.as_secs_f64(),
                length_s: phase.length.as_secs_f64(),
                reached: tally.started.is_some(),
                journeys: tally.journeys.iter().map(JourneyFigures::of).collect(),
                links: tally.links.iter().map(LinkTraffic::of).collect(),
            })
            .collect()
    }
}

impl JourneyFigures {
    fn of(tally: &JourneyTally) -> Self {
        let total = &tally.total;
        let ended = total.ended();
        Self {
            journey: tally.journey.clone(),
            due: total.due,
            good: total.good,
            bad: total.bad,
            unsent: total.unsent,
            unresolved: total.unresolved(),
            bad_share: (ended > 0).then(|| total.bad as f64 / ended as f64),
            latency: Times::of(&tally.from_intended),
            from_sent: Times::of(&tally.from_sent),
            lag: Times::of(&tally.lag),
            steps: tally.steps.iter().map(StepFigures::of).collect(),
        }
    }
}

impl StepFigures {
    fn of(tally: &StepTally) -> Self {
        let outcomes = tally.outcomes.iter();
        Self {
            step: tally.step.clone(),
            timeout_ms: millis(tally.timeout),
            outcomes: outcomes
                .map(|(outcome, count)| Ended::of(*outcome, *count))
                .collect(),
            time: Times::of(&tally.time),
        }
    }
}

impl Ended {
    fn of(outcome: Outcome, count: u64) -> Self {
        let (outcome, status) = match outcome {
            Outcome::Good => (Way::Good, None),
            Outcome::Status(status) => (Way::Status, Some(status)),
            Outcome::Timeout => (Way::Timeout, None),
            Outcome::Connect => (Way::Connect, None),
            Outcome::Check => (Way::Check, None),
            Outcome::Broken => (Way::Broken, None),
            Outcome::Reply => (Way::Reply, None),
            Outcome::Cancelled => (Way::Cancelled, None),
        };
        Self {
            outcome,
            status,
            count,
        }
    }
}

impl LinkTraffic {
    fn of(tally: &LinkTally) -> Self {
        let traffic = &tally.traffic;
        Self {
            link: tally.link.clone(),
            connections: traffic.connections,
            refused: traffic.refused,
            requests: traffic.requests,
            first_attempts: traffic.first_attempts,
            attempts_per_request: attempts_per_request(traffic),
            replies: traffic.replies,
            abandoned: traffic.abandoned,
            broken: traffic.broken,
            bytes_up: traffic.bytes_up,
            bytes_down: traffic.bytes_down,
            caller_time: Times::of(&traffic.caller_time),
            callee_time: Times::of(&traffic.callee_time),
            gave_up_after: Times::of(&traffic.gave_up_after),
        }
    }
}
