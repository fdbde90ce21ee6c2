//! A routing gateway: where requests go by path and share, and flags.

use lab_model::{Name, Ratio, Span};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Text;
use crate::tree::{At, Entries};

/// A reverse proxy for HTTP/1.1 that the lab runs: routes and flags change while it serves. Every
/// service it leads to needs a link `gateway -> SERVICE`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Gateway")]
pub(crate) struct GatewaySpec {
    /// Whether connections to upstreams are kept and used again; yes if left out.
    pub(crate) keepalive: Option<At<bool>>,
    /// Its routes, by name.
    pub(crate) routes: At<Entries<Name, RouteSpec>>,
    /// Its flags, by name: values that reach services with each request, in the header `x-flags`.
    pub(crate) flags: Option<At<Entries<Name, FlagSpec>>>,
}

/// Where requests on a path go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Route")]
pub(crate) struct RouteSpec {
    /// The beginning of the paths it serves, in whole segments; the longest that fits serves.
    pub(crate) path: At<String>,
    /// What keeps a user with one upstream.
    pub(crate) sticky: Option<At<StickySpec>>,
    /// How long it waits for the head of a reply before it answers 504; for ever if left out.
    pub(crate) timeout: Option<At<Span>>,
    /// When an upstream is left alone; never if left out.
    pub(crate) health: Option<At<HealthSpec>>,
    /// Those it chooses from, by name.
    pub(crate) upstreams: At<Entries<Name, UpstreamSpec>>,
}

/// One of a route's ways on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Upstream")]
pub(crate) struct UpstreamSpec {
    /// The service; its own name if left out.
    pub(crate) to: Option<At<Name>>,
    /// What the route's path becomes on the way: `/v1/orders`.
    pub(crate) path: Option<At<String>>,
    /// Its share of the requests; those without one divide what is left.
    pub(crate) share: Option<At<Ratio>>,
}

/// What keeps a user with one upstream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Sticky")]
pub(crate) enum StickySpec {
    /// The value of this header.
    Header(At<String>),
    /// The value of this cookie.
    Cookie(At<String>),
    /// The segment of the path with this number, counted from 1.
    Path(At<u32>),
}

/// When an upstream is left alone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Health")]
pub(crate) struct HealthSpec {
    /// A path that is asked for; if left out, requests alone tell.
    pub(crate) path: Option<At<String>>,
    /// How often it is asked; 1s if left out.
    pub(crate) every: Option<At<Span>>,
    /// Failures in a row after which it is left alone; 3 if left out.
    pub(crate) failures: Option<At<u32>>,
    /// For how long, where requests told; 5s if left out.
    pub(crate) out: Option<At<Span>>,
}

/// A value that services read with each request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Flag")]
pub(crate) struct FlagSpec {
    /// Its value until someone changes it.
    #[schemars(with = "Text")]
    pub(crate) value: At<String>,
    /// What it does, in one sentence.
    pub(crate) about: At<String>,
    /// Who answers for it.
    pub(crate) owner: At<String>,
    /// The day by which it should be gone: `2027-03-01`.
    pub(crate) expires: Option<At<String>>,
}
