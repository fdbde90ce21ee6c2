//! What each journey did over time.

use lab_model::Name;
use schemars::JsonSchema;
use serde::Serialize;

use super::millis;
use crate::run::Run;
use crate::series::{self, Series};

/// A journey over time.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Timeline {
    /// The journey.
    pub journey: Name,
    /// Stretches of whole seconds, in order; none reaches over the end of its phase.
    pub bins: Vec<TimelineBin>,
}

/// Arrivals whose intended start lies in one stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TimelineBin {
    /// The phase.
    pub phase: Name,
    /// Its start, in seconds from the start of the load.
    pub from_s: f64,
    /// Its end.
    pub to_s: f64,
    /// Arrivals that came due.
    pub due: u64,
    /// Ended, every step as expected and in time.
    pub good: u64,
    /// Failed, timed out, or never sent.
    pub bad: u64,
    /// The median latency from the intended start; absent where nothing was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    /// The 90th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90_ms: Option<f64>,
    /// The 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
}

impl Timeline {
    pub(super) fn all(run: &Run<'_>) -> Vec<Self> {
        let bin = |bin: &series::Bin| {
            Some(TimelineBin {
                phase: run.plan().phases.get(bin.phase)?.name.clone(),
                from_s: bin.from.as_secs_f64(),
                to_s: bin.to.as_secs_f64(),
                due: bin.due,
                good: bin.good,
                bad: bin.bad,
                p50_ms: bin.quantile(0.5).map(millis),
                p90_ms: bin.quantile(0.9).map(millis),
                p99_ms: bin.quantile(0.99).map(millis),
            })
        };
        let timeline = |series: Series| Self {
            bins: series.bins.iter().filter_map(bin).collect(),
            journey: series.journey,
        };
        series::of(run).into_iter().map(timeline).collect()
    }
}
