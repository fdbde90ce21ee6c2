//! What must hold, and what ends a run early.

use lab_model::objective::Measure;
use lab_model::{Name, Ratio, Span};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    BusinessSpec, FreshnessSpec, InvariantSpec, ParitySpec, SaturationSpec, ThroughputSpec,
};
use crate::tree::At;

/// What must hold of a journey, or of a figure of the system.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Objective")]
pub(crate) enum ObjectiveSpec {
    /// At least this share of arrivals succeeds, every step in time.
    Availability(At<AvailabilitySpec>),
    /// Arrivals end in time, from their intended start to the last byte of their last step.
    Latency(At<Box<LatencySpec>>),
    /// A journey is no worse than another that runs beside it: a canary, a parity, an indicator of
    /// the business with its control. What hits both alike cancels.
    NoWorse(At<NoWorseSpec>),
    /// Enough arrivals of a second are served, in most seconds.
    Throughput(At<ThroughputSpec>),
    /// Something is not too full: a queue, a pool, a disk.
    Saturation(At<Box<SaturationSpec>>),
    /// What is read is not too old.
    Freshness(At<Box<FreshnessSpec>>),
    /// Every reading is as it must be; a single other one fails.
    Invariant(At<Box<InvariantSpec>>),
    /// A counter of the business grows as fast as in the baseline, or nearly.
    Business(At<Box<BusinessSpec>>),
    /// A candidate answers as what it replaces does, noise between two copies of that allowed for.
    Parity(At<Box<ParitySpec>>),
}

/// A share of arrivals that succeed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Availability")]
pub(crate) struct AvailabilitySpec {
    /// The journey.
    pub(crate) of: Option<At<Name>>,
    /// Instead of one journey: each of those that carry this tag.
    pub(crate) tag: Option<At<Name>>,
    /// The least share of good arrivals.
    pub(crate) at_least: At<Ratio>,
    /// Phases by kind or name; the fault phases if left out, all measured ones where there is none.
    pub(crate) during: Option<At<Vec<At<Name>>>>,
}

/// One journey beside another.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NoWorse")]
pub(crate) struct NoWorseSpec {
    /// The candidate.
    pub(crate) of: At<Name>,
    /// The control.
    pub(crate) than: At<Name>,
    /// What is compared; `failures` if left out.
    pub(crate) by: Option<At<Measure>>,
    /// How many times as bad a pass rules out; 1.5 if left out, which needs a quarter of the load
    /// on the candidate. At a small step, 5.
    pub(crate) ratio: Option<At<f64>>,
    /// Phases by kind or name; the fault phases if left out, all measured ones where there is none.
    pub(crate) during: Option<At<Vec<At<Name>>>>,
}

/// One percentile with its limit, or a limit with the share that keeps it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Latency")]
pub(crate) struct LatencySpec {
    /// The journey.
    pub(crate) of: Option<At<Name>>,
    /// Instead of one journey: each of those that carry this tag.
    pub(crate) tag: Option<At<Name>>,
    /// The limit of the median.
    p50: Option<At<Span>>,
    /// The limit of three quarters.
    p75: Option<At<Span>>,
    /// The limit of 90 %.
    p90: Option<At<Span>>,
    /// The limit of 95 %.
    p95: Option<At<Span>>,
    /// The limit of 99 %.
    p99: Option<At<Span>>,
    /// The limit of 99.9 %.
    #[serde(rename = "p99.9")]
    p99_9: Option<At<Span>>,
    /// The limit that `share` speaks of.
    pub(crate) within: Option<At<Span>>,
    /// The least share of arrivals that are good and end `within`.
    pub(crate) share: Option<At<Ratio>>,
    /// Phases by kind or name; the fault phases if left out, all measured ones where there is none.
    pub(crate) during: Option<At<Vec<At<Name>>>>,
}

impl LatencySpec {
    /// The percentiles that are given: the share in thousandths, its key and its limit.
    pub(crate) fn percentiles(&self) -> impl Iterator<Item = (u16, &'static str, &At<Span>)> {
        [
            (500, "p50", &self.p50),
            (750, "p75", &self.p75),
            (900, "p90", &self.p90),
            (950, "p95", &self.p95),
            (990, "p99", &self.p99),
            (999, "p99.9", &self.p99_9),
        ]
        .into_iter()
        .filter_map(|(thousandths, key, limit)| Some((thousandths, key, limit.as_ref()?)))
    }
}

/// What ends a run early: healed, torn down, exit code 6.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Abort")]
pub(crate) enum AbortSpec {
    /// Too few arrivals succeed, second after second.
    Availability(At<AbortAvailabilitySpec>),
    /// The error budget burns too fast.
    Burn(At<AbortBurnSpec>),
}

/// The error budget burns too fast.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AbortBurn")]
pub(crate) struct AbortBurnSpec {
    /// The journey.
    pub(crate) of: At<Name>,
    /// The share of good arrivals whose complement is the budget.
    pub(crate) objective: At<Ratio>,
    /// How many times faster than sustainable: 14.4 spends a fiftieth of a month's budget in an
    /// hour.
    pub(crate) above: At<f64>,
    /// Over how long, in whole seconds.
    pub(crate) over: At<Span>,
}

/// Too few arrivals succeed, second after second.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AbortAvailability")]
pub(crate) struct AbortAvailabilitySpec {
    /// The journey.
    pub(crate) of: At<Name>,
    /// The share of good arrivals below which a second counts.
    pub(crate) below: At<Ratio>,
    /// For how long without a break, in whole seconds.
    pub(crate) lasting: At<Span>,
}
