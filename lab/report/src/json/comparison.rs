//! Journeys beside others.

use lab_model::Name;
use lab_model::objective::Measure;
use lab_verdict::outcome::{Call, Strength};
use schemars::JsonSchema;
use serde::Serialize;

use super::finite;
use crate::run::Run;

/// A journey beside another in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ComparisonResult {
    /// The comparison in words: `canary no worse than stable (× 5)`.
    pub comparison: String,
    /// The candidate.
    pub journey: Name,
    /// The control.
    pub control: Name,
    /// What is compared.
    pub by: Measure,
    /// The phase.
    pub phase: Name,
    /// The verdict.
    pub verdict: Call,
    /// How much the verdict assumes; absent where it is neither pass nor fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<Strength>,
    /// Arrivals of the candidate.
    pub n: u64,
    /// The bad ones among them; by latency, those beyond the control's p99 in the baseline.
    pub bad: u64,
    /// Arrivals of the control.
    pub control_n: u64,
    /// The bad ones among them.
    pub control_bad: u64,
    /// How many times as bad the candidate is; absent where that has no bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// The lower end of its anytime-valid 95 % interval; absent where the data set none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_low: Option<f64>,
    /// The upper end; absent where the data set none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_high: Option<f64>,
    /// Natural logarithm of the evidence that it is less than so many times as bad; absent where
    /// it is unbounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_evidence_pass: Option<f64>,
    /// Natural logarithm of the highest evidence that it is worse; absent where it is unbounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_evidence_fail: Option<f64>,
    /// Why it is no pass, or silent; else empty.
    pub note: String,
}

impl ComparisonResult {
    pub(super) fn all(run: &Run<'_>) -> Vec<Self> {
        let plan = run.plan();
        let of = |verdict: &lab_verdict::outcome::ComparisonVerdict| {
            let comparison = plan.comparisons.get(verdict.comparison)?;
            Some(Self {
                comparison: comparison.to_string(),
                journey: comparison.of.clone(),
                control: comparison.than.clone(),
                by: comparison.by,
                phase: plan.phases.get(verdict.phase)?.name.clone(),
                verdict: verdict.call,
                strength: verdict.strength,
                n: verdict.n,
                bad: verdict.bad,
                control_n: verdict.control_n,
                control_bad: verdict.control_bad,
                ratio: verdict.ratio.and_then(finite),
                ratio_low: verdict.ratio_low.and_then(finite),
                ratio_high: verdict.ratio_high.and_then(finite),
                log_evidence_pass: finite(verdict.log_evidence_pass),
                log_evidence_fail: finite(verdict.log_evidence_fail),
                note: verdict.note.clone(),
            })
        };
        run.verdict.comparisons.iter().filter_map(of).collect()
    }
}
