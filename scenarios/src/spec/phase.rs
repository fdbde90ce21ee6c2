//! What happens when.

use lab_model::{Name, Span};
use schemars::JsonSchema;
use serde::Deserialize;

use super::InjectSpec;
use crate::tree::At;

/// A stretch of the run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Phase")]
pub(crate) enum PhaseSpec {
    /// Load without judgement: caches fill, pools open.
    WarmUp(At<Span>),
    /// Healthy and measured; if it breaks an objective already, nothing is injected.
    Baseline(At<Span>),
    /// Faults are injected.
    Fault(At<FaultPhaseSpec>),
    /// Faults are gone, the system comes back.
    Recovery(At<Span>),
    /// The same fault and its recovery so many times: trials of a pattern such as `recovers` with
    /// `proves`.
    Trials(At<TrialsSpec>),
}

/// A fault and its recovery, again and again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Trials")]
pub(crate) struct TrialsSpec {
    /// How often, from 1 to 300.
    #[schemars(range(min = 1, max = 300))]
    pub(crate) times: At<u32>,
    /// The fault phase; it has no name of its own.
    pub(crate) fault: At<FaultPhaseSpec>,
    /// How long each recovery lasts.
    pub(crate) recovery: At<Span>,
}

/// A phase in which something is broken.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FaultPhase")]
pub(crate) struct FaultPhaseSpec {
    /// Its name for `during`; `fault`, `fault-2`, … if left out.
    pub(crate) name: Option<At<Name>>,
    /// How long it lasts; at least three times the largest delay of its faults.
    #[serde(rename = "for")]
    pub(crate) length: At<Span>,
    /// What is broken.
    pub(crate) inject: At<Vec<At<InjectSpec>>>,
}
