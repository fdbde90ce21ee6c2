//! Figures of the system.

use lab_model::Name;
use lab_verdict::outcome::{Call, IndicatorVerdict, Interval, Strength, Unit};
use schemars::JsonSchema;
use serde::Serialize;

use crate::run::Run;

/// A figure of the system in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct IndicatorResult {
    /// The promise in words: `queue saturation ≤ 0.8 in 90 % of readings`.
    pub indicator: String,
    /// Its name.
    pub name: Name,
    /// Its kind: `throughput`, `saturation`, `freshness`, `invariant`, `business`, `parity`.
    pub kind: &'static str,
    /// The phase.
    pub phase: Name,
    /// The verdict.
    pub verdict: Call,
    /// How much the verdict assumes; absent where it is neither pass nor fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<Strength>,
    /// The unit of evidence.
    pub unit: Unit,
    /// Readings due, or seconds.
    pub n: u64,
    /// Those that were not as promised; of a parity, where the candidate alone differs.
    pub bad: u64,
    /// Those of which nothing is known.
    pub missing: u64,
    /// The allowed share of bad ones; absent where no share decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<f64>,
    /// Anytime-valid 95 % interval of the true share; absent where no share decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Of a check that held: the largest share of violations that 95 % confidence leaves open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// What was measured, in words.
    pub found: String,
    /// Why it is no pass, and what more would decide it; else empty.
    pub note: String,
}

impl IndicatorResult {
    pub(super) fn all(run: &Run<'_>) -> Vec<Self> {
        let plan = run.plan();
        let of = |verdict: &IndicatorVerdict| {
            let indicator = plan.indicators.get(verdict.indicator)?;
            Some(Self {
                indicator: indicator.to_string(),
                name: indicator.name.clone(),
                kind: indicator.kind(),
                phase: plan.phases.get(verdict.phase)?.name.clone(),
                verdict: verdict.call,
                strength: verdict.strength,
                unit: verdict.unit,
                n: verdict.n,
                bad: verdict.bad,
                missing: verdict.missing,
                allowed: verdict.allowed,
                interval: verdict.interval,
                at_most: verdict.at_most,
                found: verdict.found.clone(),
                note: verdict.note.clone(),
            })
        };
        run.verdict.indicators.iter().filter_map(of).collect()
    }
}
