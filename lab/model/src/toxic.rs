//! What a fault is made of: toxics under Toxiproxy's names, a link that is down, an action on a
//! service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::action::ServiceFault;
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
    /// Both ways at once.
    Both,
}

impl Direction {
    /// The streams it stands for.
    pub const fn streams(self) -> &'static [Stream] {
        match self {
            Self::Upstream => &[Stream::Upstream],
            Self::Downstream => &[Stream::Downstream],
            Self::Both => &[Stream::Upstream, Stream::Downstream],
        }
    }
}

/// One way of a link, as Toxiproxy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// From caller to callee.
    Upstream,
    /// From callee to caller.
    Downstream,
}

/// One change to a link's proxy, as every Toxiproxy-compatible server understands it, or to a
/// service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Primitive {
    /// A toxic is added to the link.
    Toxic(Toxic),
    /// The link's proxy is disabled: connections are cut, new ones accepted and reset, so that each
    /// attempt is counted.
    Disabled,
    /// The link's port refuses connections, as a host does whose process is gone; live ones are
    /// cut. Attempts cannot be counted: that it refuses is seen by trying.
    Refused,
    /// Connecting to the link hangs, as with a host that is gone from the network; live ones are
    /// cut. Attempts cannot be counted: that it hangs is seen by trying.
    Hanging,
    /// Something is done to a service; no proxy has a part in it.
    Service(ServiceFault),
}

/// A toxic: Toxiproxy's type with its attributes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Toxic {
    /// Toxiproxy's `type`: `latency`, `bandwidth`, `timeout`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Toxiproxy's `stream`.
    pub stream: Stream,
    /// The share of connections it acts on.
    pub toxicity: Ratio,
    /// Its attributes, in Toxiproxy's units.
    pub attributes: Map<String, Value>,
}
