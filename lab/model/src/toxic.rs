//! What a fault is on the wire: toxics under Toxiproxy's names, and a link that is down.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::units::Ratio;

/// Which way the bytes flow that a toxic acts on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From caller to callee: requests.
    Upstream,
    /// From callee to caller: replies.
    #[default]
    Downstream,
}

/// One change to a link's proxy, as every Toxiproxy-compatible server understands it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Primitive {
    /// A toxic is added to the link.
    Toxic(Toxic),
    /// The link's proxy is disabled: connections are cut, new ones refused.
    Disabled,
}

/// A toxic: Toxiproxy's type with its attributes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Toxic {
    /// Toxiproxy's `type`: `latency`, `bandwidth`, `timeout`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Toxiproxy's `stream`.
    pub stream: Direction,
    /// The share of connections it acts on.
    pub toxicity: Ratio,
    /// Its attributes, in Toxiproxy's units.
    pub attributes: Map<String, Value>,
}
