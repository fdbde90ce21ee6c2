//! Services that run already.

use lab_model::Name;
use schemars::JsonSchema;
use serde::Deserialize;

use super::ReadySpec;
use crate::tree::{At, Entries};

/// A service that runs already: the lab proxies and loads it, and neither starts nor stops it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Attached")]
pub(crate) struct AttachedSpec {
    /// Where it listens: `127.0.0.1:8080`. A host that is not this one needs `--allow HOST`.
    pub(crate) address: At<String>,
    /// Where the lab's proxy listens for each caller among the services, which has been pointed
    /// there instead: `web: 127.0.0.1:19001`. The load and a gateway need none.
    pub(crate) proxies: Option<At<Entries<Name, String>>>,
    /// When it counts as there; if left out, as soon as its port accepts a connection.
    pub(crate) ready: Option<At<ReadySpec>>,
}
