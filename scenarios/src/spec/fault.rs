//! One fault: where, when, what.

use lab_faults::FaultSpec;
use lab_model::toxic::Direction;
use lab_model::{Ratio, Site, Span};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::tree::At;

/// One fault: where, when, what.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Inject")]
pub(crate) struct InjectSpec {
    /// The link, `orders -> payments`, or for faults on a service its name.
    pub(crate) on: At<Site>,
    /// Which bytes: `upstream` is from caller to callee, `downstream` (if left out) the replies, `both` both.
    pub(crate) direction: Option<At<Direction>>,
    /// The share of connections it acts on; 100% if left out. The seed decides which.
    pub(crate) toxicity: Option<At<Ratio>>,
    /// When it starts, from the start of the phase; 0s if left out.
    pub(crate) after: Option<At<Span>>,
    /// How long it lasts; to the end of the phase if left out.
    #[serde(rename = "for")]
    pub(crate) lasting: Option<At<Span>>,
    /// Whether it comes and goes.
    pub(crate) flap: Option<At<FlapSpec>>,
    /// What is broken.
    pub(crate) fault: At<FaultSpec>,
}

/// A fault that comes and goes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Flap")]
pub(crate) struct FlapSpec {
    /// For how long it is there.
    pub(crate) on: At<Span>,
    /// For how long it is gone.
    pub(crate) off: At<Span>,
}
