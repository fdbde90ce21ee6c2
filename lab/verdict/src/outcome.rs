//! What a run's verdict says: plain data, computed from a journal, shown by reports.

use lab_model::link::{Delay, Touched};
use lab_model::{Exit, Link, Name, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The verdict on one thing, or on a whole run. Ordered best first: merging takes the greatest.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// It held, with bounded error.
    Pass,
    /// The data cannot carry a verdict.
    Inconclusive,
    /// It did not hold, with bounded error.
    Fail,
    /// The lab itself failed: nothing is known.
    Error,
}

/// How much a pass or fail assumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// The bound was reached in slices of time or in trials: failures may cluster.
    Proven,
    /// The bound was reached only in requests, which assumes independent failures.
    Observed,
}

/// What one piece of evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// One arrival.
    Request,
    /// A stretch of time.
    Slice,
    /// One whole attempt, the number fixed beforehand.
    Trial,
}

/// An interval of shares, both ends between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// An objective in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveVerdict {
    /// Index into the plan's objectives.
    pub objective: usize,
    /// Index into the plan's phases.
    pub phase: usize,
    /// The verdict.
    pub call: Call,
    /// How much it assumes; `None` where the call is neither pass nor fail.
    pub strength: Option<Strength>,
    /// The unit of evidence that decided, or that was looked at last.
    pub unit: Unit,
    /// Arrivals judged.
    pub n: u64,
    /// Those among them that were bad in the objective's sense.
    pub bad: u64,
    /// The allowed share of bad ones.
    pub allowed: f64,
    /// Anytime-valid 95 % interval of the true share of bad ones; `None` without arrivals. For an
    /// objective of 100 % that held: from 0 to 3/n.
    pub interval: Option<Interval>,
    /// For a percentile objective: the measured quantile. Failed arrivals count as slower than any:
    /// `None` where the quantile falls among them.
    pub quantile: Option<Span>,
    /// Natural logarithm of the evidence, in requests, that the objective holds; 0 for an
    /// objective of 100 %, which is a check and no test.
    pub log_evidence_pass: f64,
    /// Natural logarithm of the evidence, in requests, that it does not; 0 for a check.
    pub log_evidence_fail: f64,
    /// With this `n`: the most bad arrivals that would have passed; `None` if none could.
    pub passes_up_to: Option<u64>,
    /// With this `n`: the fewest bad arrivals that would have failed; `None` if none could.
    pub fails_from: Option<u64>,
    /// Why the call is inconclusive or an error, what more would decide it, and what a proven pass
    /// would need; else empty.
    pub note: String,
}

/// What was seen of one fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WitnessVerdict {
    /// Index into the plan's faults.
    pub fault: usize,
    /// Where.
    pub link: Link,
    /// Whether it was seen to bite: pass or inconclusive.
    pub call: Call,
    /// What passed the link while the fault was planned to be armed.
    pub passing: Touched,
    /// What it acted on.
    pub touched: Touched,
    /// The share that had to be touched at least: half its toxicity.
    pub wanted_share: f64,
    /// The share that was touched, of requests or of connections; `None` without traffic.
    pub share: Option<f64>,
    /// Delay added and measured.
    pub delay: Delay,
    /// Connections reset.
    pub resets: u64,
    /// Connections refused.
    pub refused: u64,
    /// Bytes dropped.
    pub dropped: u64,
    /// Why there is no witness, naming the link; empty where there is one.
    pub note: String,
}

/// Whether the generator did what it was asked in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Offered {
    /// Index into the plan's phases.
    pub phase: usize,
    /// Arrivals planned.
    pub planned: u64,
    /// Arrivals that came due.
    pub due: u64,
    /// Those never sent.
    pub unsent: u64,
    /// Due but without any end on record (a journal cut short).
    pub unresolved: u64,
    /// 99th percentile of the delay between intended and actual start.
    pub lag_p99: Option<Span>,
    /// Whether the load can carry a verdict.
    pub call: Call,
    /// Why not; else empty.
    pub note: String,
}

/// When a journey with an objective was back in a recovery phase, after the faults before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// The journey.
    pub journey: Name,
    /// Index of the recovery phase.
    pub phase: usize,
    /// From the start of the phase to the first good second that lasts; `None` if it was never seen.
    pub after: Option<Span>,
}

/// Why the run is not simply a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// A stable code: `fault::not-witnessed`.
    pub code: String,
    /// One sentence; a failure brings the lines that explain it.
    pub text: String,
    /// What it makes of the run.
    pub call: Call,
}

/// The verdict on a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunVerdict {
    /// The worst of everything below.
    pub call: Call,
    /// The exit code returned.
    pub exit: Exit,
    /// Every exit code that applies.
    pub exits: Vec<Exit>,
    /// Whether the journal is whole.
    pub complete: bool,
    /// What an incomplete journal lacks, in words.
    pub missing: Vec<String>,
    /// One entry for each objective and phase.
    pub objectives: Vec<ObjectiveVerdict>,
    /// One entry for each fault.
    pub witnesses: Vec<WitnessVerdict>,
    /// One entry for each measured phase.
    pub offered: Vec<Offered>,
    /// One entry for each recovery phase and each journey that has an objective.
    pub recoveries: Vec<Recovery>,
    /// Why it is not a pass, worst first.
    pub reasons: Vec<Reason>,
    /// One sentence of cause with numbers; `None` where nothing failed.
    pub cause: Option<String>,
    /// What the run did not show, in words.
    pub limits: Vec<String>,
}
