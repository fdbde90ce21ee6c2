//! When journeys start.

use lab_model::{Rate, Span};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::tree::At;

/// When journeys start. All but `closed` keep to their schedule whether the system keeps up or not.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Arrivals")]
pub(crate) enum ArrivalsSpec {
    /// The same rate all the time.
    Constant(At<ConstantSpec>),
    /// A rate that grows or shrinks evenly, and then stays.
    Ramp(At<RampSpec>),
    /// One rate after another; the last one stays.
    Step(At<StepsSpec>),
    /// A rate with another one for a while.
    Spike(At<SpikeSpec>),
    /// A rate that swings around its mean.
    Sine(At<SineSpec>),
    /// Independent arrivals at a mean rate; the seed decides every gap.
    Poisson(At<ConstantSpec>),
    /// Arrivals as they were recorded.
    Replay(At<ReplaySpec>),
    /// A number of users who each wait for the end of a journey before the next one. Their latency
    /// says less than it seems to: a slow system is asked less often.
    Closed(At<ClosedSpec>),
}

/// Arrivals at the same rate all the time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Constant")]
pub(crate) struct ConstantSpec {
    /// Journeys per second, minute or hour.
    pub(crate) rate: At<Rate>,
}

/// A rate that grows or shrinks evenly, and then stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ramp")]
pub(crate) struct RampSpec {
    /// The rate at the start of the load.
    pub(crate) from: At<Rate>,
    /// The rate at the end of `over`, and from then on.
    pub(crate) to: At<Rate>,
    /// How long it takes.
    pub(crate) over: At<Span>,
}

/// One rate after another.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Steps")]
pub(crate) struct StepsSpec {
    /// The rates, in order; the last one stays.
    pub(crate) rates: At<Vec<At<Rate>>>,
    /// How long each but the last is kept.
    pub(crate) every: At<Span>,
}

/// A rate with another one for a while.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Spike")]
pub(crate) struct SpikeSpec {
    /// The rate before and after.
    pub(crate) rate: At<Rate>,
    /// The rate meanwhile.
    pub(crate) to: At<Rate>,
    /// When it begins, from the start of the load.
    pub(crate) at: At<Span>,
    /// How long it lasts.
    #[serde(rename = "for")]
    pub(crate) lasting: At<Span>,
}

/// A rate that swings around its mean.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Sine")]
pub(crate) struct SineSpec {
    /// The rate in the middle, with which it begins.
    pub(crate) mean: At<Rate>,
    /// How far it goes up and down; at most the mean.
    pub(crate) swing: At<Rate>,
    /// From one crest to the next.
    pub(crate) period: At<Span>,
}

/// Arrivals as they were recorded: either `log` or `har`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Replay")]
pub(crate) struct ReplaySpec {
    /// An access log in the common or combined format, or JSON lines with a time in each; a path
    /// beside the scenario's file.
    pub(crate) log: Option<At<String>>,
    /// A HAR file, as browsers save it; a path beside the scenario's file.
    pub(crate) har: Option<At<String>>,
    /// How many times faster than recorded; 1 if left out.
    #[schemars(range(min = 0.001, max = 1000))]
    pub(crate) speed: Option<At<f64>>,
}

/// A number of users who each wait for the end of a journey before the next one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Closed")]
pub(crate) struct ClosedSpec {
    /// How many.
    #[schemars(range(min = 1, max = 10000))]
    pub(crate) users: At<u32>,
    /// The pause between two journeys of a user; 0s if left out.
    pub(crate) think: Option<At<Span>>,
}
