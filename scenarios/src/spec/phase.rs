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
