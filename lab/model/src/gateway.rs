//! A routing gateway: routes to several upstreams by share, flags beside them, and what is known
//! of both while a run goes on.

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;
use crate::name::Name;
use crate::rehearsal::Target;
use crate::units::{Ratio, Span};

/// A gateway as a system declares it. It is the part `name` of the system's links.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gateway {
    /// Its name in links.
    pub name: Name,
    /// Whether connections to upstreams are kept and used again.
    pub keepalive: bool,
    /// Its routes; never empty.
    pub routes: Vec<Route>,
    /// Its flags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
}

impl Gateway {
    /// The name of a system's gateway.
    pub const NAME: &'static str = "gateway";

    /// The route of that name.
    pub fn route(&self, name: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.name.as_str() == name)
    }

    /// Sets a route or a flag as it stands before anything starts; the other upstreams of a route
    /// divide what is left as they stood. Whether there is such a one.
    pub fn set(&mut self, start: &Target) -> bool {
        if let Some(name) = start.what.strip_prefix("flag ") {
            let flag = self.flags.iter_mut().find(|one| one.name.as_str() == name);
            return flag
                .map(|flag| flag.value.clone_from(&start.value))
                .is_some();
        }
        let route = start.what.strip_prefix("route ").unwrap_or_default();
        let Some((upstream, share)) = start.value.split_once(' ') else {
            return false;
        };
        let Ok(share) = share.parse::<Ratio>() else {
            return false;
        };
        let route = self
            .routes
            .iter_mut()
            .find(|one| one.name.as_str() == route);
        let Some(upstreams) = route.map(|route| &mut route.upstreams) else {
            return false;
        };
        if !upstreams.iter().any(|one| one.name.as_str() == upstream) {
            return false;
        }
        let others = upstreams.iter().filter(|one| one.name.as_str() != upstream);
        let (count, sum) = others.fold((0_u32, 0.0), |(count, sum), one| {
            (count + 1, sum + one.share.get())
        });
        for one in upstreams.iter_mut() {
            let rest = share.complement();
            let own = if one.name.as_str() == upstream {
                share.get()
            } else if sum > 0.0 {
                rest * one.share.get() / sum
            } else {
                rest / f64::from(count)
            };
            match Ratio::new(own) {
                Some(own) => one.share = own,
                None => return false,
            }
        }
        true
    }
}

/// Where requests on a path go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// Its name, unique in the gateway.
    pub name: Name,
    /// The beginning of the paths it serves, whole segments: `/orders` serves `/orders/7`. The
    /// longest one that fits a request serves it.
    pub path: String,
    /// What keeps a user with one upstream; each request is chosen for itself where nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
    /// How long it waits for the head of a reply, beyond which it answers 504; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// When an upstream is left alone; never if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// Those it chooses from; never empty, their shares sum to 100 %.
    pub upstreams: Vec<Upstream>,
}

/// One of a route's ways on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Upstream {
    /// Its name, unique in the route.
    pub name: Name,
    /// The service, reached over the link from the gateway.
    pub to: Name,
    /// What the route's path becomes on the way: `/v1/orders`; unchanged if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its share of the route's requests.
    pub share: Ratio,
}

/// What keeps a user with one upstream. A request without it is chosen by share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sticky {
    /// A header's value.
    Header(String),
    /// A cookie's value.
    Cookie(String),
    /// A segment of the path, counted from 1.
    Path(u32),
}

/// When an upstream is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// A path that is asked for; nothing is asked if absent, and requests alone tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How often it is asked.
    pub every: Span,
    /// Failures in a row (5xx, no answer) after which the upstream is left alone.
    pub failures: u32,
    /// For how long, where requests told; a path that is asked for ends it sooner or later.
    pub out: Span,
}

/// A value that services read with each request, in the header `x-flags`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: String,
    /// What it does, in one sentence.
    pub about: String,
    /// Who answers for it.
    pub owner: String,
    /// The day by which it should be gone: `2027-03-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// A change at the gateway while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayChange {
    /// Who: a user's name, `health`.
    pub by: String,
    /// What: `route orders`, `flag compact-pages`, `upstream orders/service`.
    pub what: String,
    /// As it was.
    pub before: String,
    /// As it is.
    pub after: String,
}

/// What passed one upstream of a route since the report before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpstreamReport {
    /// The route.
    pub route: Name,
    /// The upstream.
    pub upstream: Name,
    /// Requests that ended.
    pub requests: u64,
    /// Those among them with 5xx or without an answer.
    pub failures: u64,
    /// Those among them whose caller was gone before the reply's head.
    pub abandoned: u64,
    /// The request's head to the reply's head, of those that were answered.
    #[serde(default, skip_serializing_if = "Histogram::is_empty")]
    pub time: Histogram,
}
