//! What a run's verdict says: plain data, computed from a journal, shown by reports.

use lab_model::ledger::LedgerReport;
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
    /// One reading of a figure of the system.
    Reading,
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
    /// The lower end of the quantile's anytime-valid 95 % interval, an order statistic; `None` where
    /// there is none.
    pub quantile_low: Option<Span>,
    /// The upper end; `None` where there are too few arrivals for one.
    pub quantile_high: Option<Span>,
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

/// What an objective spent of its error budget in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spending {
    /// Index into the plan's objectives.
    pub objective: usize,
    /// Index into the plan's phases.
    pub phase: usize,
    /// How many times faster than sustainable the budget burned.
    pub burn: f64,
    /// The share of a budget of 30 days that the phase would have spent.
    pub spent: f64,
    /// When each rule would have fired, had the phase gone on.
    pub pages: Vec<Page>,
}

/// When a rule of alerting would have fired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// The burn of the rule: 14.4, 6 or 1.
    pub burn: f64,
    /// From the start of the phase; `None` where it never would.
    pub after: Option<Span>,
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
    /// Requests that matched it, where it acts on those that do.
    #[serde(default)]
    pub matched: u64,
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
    /// Arrivals that were sent later than [`lag_budget`](crate::lag_budget) after their intended start.
    pub late: u64,
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

/// A figure of the system in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndicatorVerdict {
    /// Index into the plan's indicators.
    pub indicator: usize,
    /// Index into the plan's phases.
    pub phase: usize,
    /// The verdict.
    pub call: Call,
    /// How much it assumes; `None` where the call is neither pass nor fail.
    pub strength: Option<Strength>,
    /// The unit of evidence that decided, or that was looked at last.
    pub unit: Unit,
    /// Readings due, or seconds.
    pub n: u64,
    /// Those among them that were not as promised; of a parity, where the candidate alone differs.
    pub bad: u64,
    /// Those of which nothing is known.
    pub missing: u64,
    /// The allowed share of bad ones; `None` where no share decides.
    pub allowed: Option<f64>,
    /// Anytime-valid 95 % interval of the true share; `None` where no share decides.
    pub interval: Option<Interval>,
    /// Of a check that held: the largest share of violations that 95 % confidence leaves open, 3/n.
    pub at_most: Option<f64>,
    /// What was measured, in words.
    pub found: String,
    /// Why it is no pass, and what more would decide it; else empty.
    pub note: String,
}

/// A journey beside another in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonVerdict {
    /// Index into the plan's comparisons.
    pub comparison: usize,
    /// Index into the plan's phases.
    pub phase: usize,
    /// The verdict.
    pub call: Call,
    /// How much it assumes; `None` where the call is neither pass nor fail.
    pub strength: Option<Strength>,
    /// Arrivals of the candidate.
    pub n: u64,
    /// The bad ones among them; by latency, those beyond the control's p99 in the baseline.
    pub bad: u64,
    /// Arrivals of the control.
    pub control_n: u64,
    /// The bad ones among them.
    pub control_bad: u64,
    /// How many times as bad the candidate is; `None` where the control has no bad one.
    pub ratio: Option<f64>,
    /// The lower end of its anytime-valid 95 % interval; `None` where the data set none.
    pub ratio_low: Option<f64>,
    /// The upper end; `None` where the data set none.
    pub ratio_high: Option<f64>,
    /// Natural logarithm of the evidence that it is less than so many times as bad.
    pub log_evidence_pass: f64,
    /// Natural logarithm of the highest evidence there ever was that it is worse.
    pub log_evidence_fail: f64,
    /// Why it is no pass, or silent; else empty.
    pub note: String,
}

/// A resilience pattern.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatternVerdict {
    /// Index into the plan's patterns.
    pub pattern: usize,
    /// The verdict.
    pub call: Call,
    /// How much it assumes; `None` where the call is neither pass nor fail.
    pub strength: Option<Strength>,
    /// What was counted, in the singular: `request`, `retry`, `recovery`.
    pub unit: String,
    /// Pieces of evidence.
    pub n: u64,
    /// Those against the pattern.
    pub against: u64,
    /// The share of them that the pattern bears; `None` where no share decides.
    pub allowed: Option<f64>,
    /// Anytime-valid 95 % interval of the true share; `None` where no share decides.
    pub interval: Option<Interval>,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// What was seen, in words.
    pub found: String,
    /// Where in the journal to look.
    pub moments: Vec<Moment>,
    /// Why it is no pass; else empty.
    pub note: String,
}

/// A measured figure with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// What it is: `deadline`, `open for`.
    pub name: String,
    /// What it is counted in.
    pub unit: FigureUnit,
    /// The estimate.
    pub value: f64,
    /// The lower end of its interval; absent where the data set none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The upper end of its interval; absent where the data set none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// What it was made of: so many requests, retries, openings.
    pub n: u64,
}

/// What a figure is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FigureUnit {
    /// Microseconds.
    Microseconds,
    /// A ratio of two counts.
    Ratio,
    /// A share from 0 to 1.
    Share,
    /// A number of things.
    Count,
}

/// A moment of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When, on the journal's clock.
    pub at: Span,
    /// What is to be seen there.
    pub what: String,
}

/// Whether the system holds what it acknowledged, once each, unaltered, and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LedgerVerdict {
    /// Index into the plan's ledgers.
    pub ledger: usize,
    /// The verdict: one violation fails.
    pub call: Call,
    /// What was found; zeros where nobody looked.
    pub report: LedgerReport,
    /// Of a pass: the largest share of violations that 95 % confidence leaves open, 3/n.
    pub at_most: Option<f64>,
    /// What is wrong, with examples, or why nothing is known; else empty.
    pub note: String,
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
    /// One entry for each objective with a budget and phase.
    pub spending: Vec<Spending>,
    /// One entry for each comparison and phase.
    pub comparisons: Vec<ComparisonVerdict>,
    /// One entry for each indicator and phase.
    pub indicators: Vec<IndicatorVerdict>,
    /// One entry for each pattern.
    pub patterns: Vec<PatternVerdict>,
    /// One entry for each fault.
    pub witnesses: Vec<WitnessVerdict>,
    /// One entry for each measured phase.
    pub offered: Vec<Offered>,
    /// One entry for each ledger of the plan.
    pub ledgers: Vec<LedgerVerdict>,
    /// One entry for each recovery phase and each journey that has an objective.
    pub recoveries: Vec<Recovery>,
    /// Why it is not a pass, worst first.
    pub reasons: Vec<Reason>,
    /// One sentence of cause with numbers; `None` where nothing failed.
    pub cause: Option<String>,
    /// What the run did not show, in words.
    pub limits: Vec<String>,
}
