//! Routes, flags and counts, and every change to them. Owned by one thread.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use lab_model::event::Event;
use lab_model::gateway::{Flag, Gateway, GatewayChange, Route, Upstream, UpstreamReport};
use lab_model::{Name, Ratio};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::choice;
use crate::health::Health;
use crate::matching;
use crate::window::{End, LONGEST, Window};

/// The longest value of a flag, in bytes.
const LONGEST_VALUE: usize = 200;

/// Where news go: changes, and reports by the second.
pub(crate) type News = Box<dyn Fn(Event)>;

pub(crate) struct State {
    routes: Vec<RouteState>,
    flags: Vec<Flag>,
    /// All flags as a header; `None` where there are none.
    header: Option<HeaderValue>,
    seed: u64,
    requests: u64,
    begun: Instant,
    news: News,
}

struct RouteState {
    spec: Route,
    upstreams: Vec<UpstreamState>,
}

struct UpstreamState {
    spec: Upstream,
    hash: u64,
    address: SocketAddr,
    served_by: HeaderValue,
    health: Option<Health>,
    /// Its health as it was told last.
    up: bool,
    window: Window,
}

/// The way of one request.
pub(crate) struct Way {
    pub(crate) route: usize,
    pub(crate) upstream: usize,
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    pub(crate) timeout: Option<Duration>,
    pub(crate) served_by: HeaderValue,
    pub(crate) flags: Option<HeaderValue>,
}

/// What is asked of an upstream's health: where.
pub(crate) struct Question {
    pub(crate) route: usize,
    pub(crate) upstream: usize,
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    pub(crate) every: Duration,
}

/// Why something cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            status,
            message: message.into(),
            help: help.into(),
        }
    }

    /// Something that does not exist, with what comes close or exists.
    fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        let close = known
            .clone()
            .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known));
        let close = close.filter(|(likeness, _)| *likeness >= 0.6);
        let close = close.max_by(|a, b| a.0.total_cmp(&b.0));
        let all = || known.collect::<Vec<_>>().join(", ");
        let help = close.map_or_else(
            || format!("there is {}", all()),
            |(_, known)| format!("did you mean `{known}`?"),
        );
        Self::new(StatusCode::NOT_FOUND, format!("no {kind} `{name}`"), help)
    }
}

impl State {
    /// The state of a gateway at its start; `addresses` says where each callee is reached.
    pub(crate) fn new(
        gateway: Gateway,
        addresses: &BTreeMap<Name, SocketAddr>,
        seed: u64,
        news: News,
    ) -> Result<Self, String> {
        let mut routes = Vec::new();
        for spec in gateway.routes {
            let mut upstreams = Vec::new();
            for upstream in &spec.upstreams {
                let address = addresses
                    .get(&upstream.to)
                    .ok_or_else(|| format!("no link leads to {}", upstream.to))?;
                let served_by = format!("{}/{}", spec.name, upstream.name);
                upstreams.push(UpstreamState {
                    spec: upstream.clone(),
                    hash: choice::hash(upstream.name.as_str().as_bytes()),
                    address: *address,
                    served_by: HeaderValue::try_from(served_by).map_err(|e| e.to_string())?,
                    health: spec.health.as_ref().map(Health::new),
                    up: true,
                    window: Window::default(),
                });
            }
            routes.push(RouteState { spec, upstreams });
        }
        let header = header(&gateway.flags);
        Ok(Self {
            routes,
            flags: gateway.flags,
            header,
            seed: choice::mix(seed),
            requests: 0,
            begun: Instant::now(),
            news,
        })
    }

    /// The way of a request with that target and these headers.
    pub(crate) fn way(&mut self, target: &str, headers: &HeaderMap) -> Result<Way, Refusal> {
        let path = target.split('?').next().unwrap_or_default();
        let paths = self.routes.iter().map(|route| route.spec.path.as_str());
        let Some(index) = matching::route(paths, path) else {
            let message = format!("no route for {path}");
            return Err(Refusal::new(StatusCode::NOT_FOUND, message, ""));
        };
        self.requests += 1;
        let random = choice::mix(self.seed ^ self.requests);
        let route = &mut self.routes[index];
        let now = Instant::now();
        let share = |upstream: &UpstreamState| upstream.spec.share.get();
        let healthy = |upstream: &UpstreamState| {
            upstream
                .health
                .as_ref()
                .is_none_or(|health| health.is_up(now))
        };
        let mut shares: Vec<f64> = route
            .upstreams
            .iter()
            .map(|upstream| {
                if healthy(upstream) {
                    share(upstream)
                } else {
                    0.0
                }
            })
            .collect();
        if shares.iter().all(|share| *share <= 0.0) {
            // All are sick: better a try than none.
            shares = route.upstreams.iter().map(share).collect();
        }
        let sticky = route.spec.sticky.as_ref();
        let key = sticky.and_then(|sticky| matching::key(sticky, headers, path));
        let chosen = match key {
            None => choice::by_share(&shares, random),
            Some(key) => {
                let names = route.upstreams.iter().map(|upstream| upstream.hash);
                let named: Vec<(u64, f64)> = names.zip(shares).collect();
                choice::by_key(&named, key)
            }
        };
        let Some((upstream, chosen)) = chosen.and_then(|at| Some((at, route.upstreams.get(at)?)))
        else {
            let message = format!("the route {} has no upstream with a share", route.spec.name);
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message, ""));
        };
        Ok(Way {
            route: index,
            upstream,
            address: chosen.address,
            path: matching::rewritten(&route.spec.path, chosen.spec.path.as_deref(), target),
            timeout: route.spec.timeout.map(lab_model::Span::duration),
            served_by: chosen.served_by.clone(),
            flags: self.header.clone(),
        })
    }

    /// A request ended.
    pub(crate) fn ended(&mut self, route: usize, upstream: usize, end: End) {
        let second = self.begun.elapsed().as_secs();
        let Some(found) = self.upstream_mut(route, upstream) else {
            return;
        };
        found.window.add(second, end);
        let good = match end {
            End::Answered { good, .. } => good,
            End::Failed => false,
            // The caller's doing.
            End::Abandoned => return,
        };
        if let Some(health) = &mut found.health {
            health.request(good, Instant::now());
            self.tell_health();
        }
    }

    /// What is asked of upstreams while the gateway runs.
    pub(crate) fn questions(&self) -> Vec<Question> {
        let mut questions = Vec::new();
        for (index, route) in self.routes.iter().enumerate() {
            let Some(health) = &route.spec.health else {
                continue;
            };
            let Some(path) = &health.path else { continue };
            for (upstream, found) in route.upstreams.iter().enumerate() {
                questions.push(Question {
                    route: index,
                    upstream,
                    address: found.address,
                    path: path.clone(),
                    every: health.every.duration(),
                });
            }
        }
        questions
    }

    /// A question was answered, or was not.
    pub(crate) fn answered(&mut self, route: usize, upstream: usize, good: bool) {
        let found = self.upstream_mut(route, upstream);
        if let Some(health) = found.and_then(|found| found.health.as_mut()) {
            health.question(good);
            self.tell_health();
        }
    }

    fn upstream_mut(&mut self, route: usize, upstream: usize) -> Option<&mut UpstreamState> {
        self.routes.get_mut(route)?.upstreams.get_mut(upstream)
    }

    /// Tells of every upstream that was left alone, or is back.
    fn tell_health(&mut self) {
        let now = Instant::now();
        let word = |up: bool| if up { "up" } else { "left alone" }.to_owned();
        for route in &mut self.routes {
            for upstream in &mut route.upstreams {
                let Some(health) = &upstream.health else {
                    continue;
                };
                let up = health.is_up(now);
                if up != upstream.up {
                    let what = format!("upstream {}/{}", route.spec.name, upstream.spec.name);
                    let (before, after) = (word(upstream.up), word(up));
                    upstream.up = up;
                    let by = "health".to_owned();
                    (self.news)(Event::Gateway(Box::new(GatewayChange {
                        by,
                        what,
                        before,
                        after,
                    })));
                }
            }
        }
    }

    /// Sends the report of what was counted since the one before.
    pub(crate) fn report(&mut self) {
        self.tell_health();
        let mut reports = Vec::new();
        for route in &mut self.routes {
            for upstream in &mut route.upstreams {
                let counts = upstream.window.report();
                if counts.requests > 0 {
                    reports.push(UpstreamReport {
                        route: route.spec.name.clone(),
                        upstream: upstream.spec.name.clone(),
                        requests: counts.requests,
                        failures: counts.failures,
                        abandoned: counts.abandoned,
                        time: counts.time,
                    });
                }
            }
        }
        if !reports.is_empty() {
            (self.news)(Event::Upstreams(reports));
        }
    }

    /// Changes the shares of a route: those named are set, the others divide what is left as they
    /// stood to each other, evenly where they had nothing.
    pub(crate) fn set_shares(
        &mut self,
        route: &str,
        given: &BTreeMap<String, f64>,
        by: &str,
    ) -> Result<GatewayChange, Refusal> {
        let found = self.find(route)?;
        let spec = &self.routes[found].upstreams;
        for name in given.keys() {
            let names = spec.iter().map(|upstream| upstream.spec.name.as_str());
            if !names.clone().any(|known| known == name) {
                return Err(Refusal::unknown(
                    &format!("upstream of {route}"),
                    name,
                    names,
                ));
            }
        }
        let named: Vec<Option<f64>> = spec
            .iter()
            .map(|upstream| given.get(upstream.spec.name.as_str()).copied())
            .collect();
        let current: Vec<f64> = spec
            .iter()
            .map(|upstream| upstream.spec.share.get())
            .collect();
        let shares = divided(&named, &current).map_err(|message| {
            Refusal::new(StatusCode::BAD_REQUEST, message, "shares sum to 100%")
        })?;
        let before = self.shares(found);
        for (upstream, share) in self.routes[found].upstreams.iter_mut().zip(shares) {
            upstream.spec.share = share;
        }
        let what = format!("route {route}");
        Ok(self.changed(by, what, before, self.shares(found)))
    }

    /// Gives a flag another value.
    pub(crate) fn set_flag(
        &mut self,
        name: &str,
        value: &str,
        by: &str,
    ) -> Result<GatewayChange, Refusal> {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, ',' | ';');
        if !(1..=LONGEST_VALUE).contains(&value.len()) || !value.chars().all(plain) {
            let help =
                format!("visible ASCII without `,` and `;`, 1 to {LONGEST_VALUE} characters");
            let message = format!("`{value}` does not fit a header");
            return Err(Refusal::new(StatusCode::BAD_REQUEST, message, help));
        }
        let Some(flag) = self
            .flags
            .iter_mut()
            .find(|flag| flag.name.as_str() == name)
        else {
            let names = self.flags.iter().map(|flag| flag.name.as_str());
            return Err(Refusal::unknown("flag", name, names));
        };
        let before = std::mem::replace(&mut flag.value, value.to_owned());
        self.header = header(&self.flags);
        Ok(self.changed(by, format!("flag {name}"), before, value.to_owned()))
    }

    /// Passes on that a service is to be started again. Whether it was shows by itself: the gateway
    /// runs no services.
    pub(crate) fn restart(&self, service: &str, by: &str) -> Result<serde_json::Value, Refusal> {
        let Ok(name) = Name::new(service) else {
            let message = format!("`{service}` is no name of a service");
            return Err(Refusal::new(StatusCode::BAD_REQUEST, message, ""));
        };
        let by = by.to_owned();
        let answer = json!({ "service": name, "restart": "asked" });
        (self.news)(Event::Restarted {
            service: name,
            by,
            problem: None,
        });
        Ok(answer)
    }

    fn changed(&self, by: &str, what: String, before: String, after: String) -> GatewayChange {
        let change = GatewayChange {
            by: by.to_owned(),
            what,
            before,
            after,
        };
        (self.news)(Event::Gateway(Box::new(change.clone())));
        change
    }

    fn find(&self, route: &str) -> Result<usize, Refusal> {
        let names = || self.routes.iter().map(|route| route.spec.name.as_str());
        let found = names().position(|name| name == route);
        found.ok_or_else(|| Refusal::unknown("route", route, names()))
    }

    /// `monolith 75%, service 25%`.
    fn shares(&self, route: usize) -> String {
        let upstreams = self.routes[route].upstreams.iter();
        let shares =
            upstreams.map(|upstream| format!("{} {}", upstream.spec.name, upstream.spec.share));
        shares.collect::<Vec<_>>().join(", ")
    }

    /// One route, or all, as the API shows them.
    pub(crate) fn show(&self, route: Option<&str>) -> Result<Value, Refusal> {
        let now = Instant::now();
        let one = |route: &RouteState| {
            let upstreams = route.upstreams.iter().map(|upstream| {
                let up = upstream.health.as_ref().map(|health| health.is_up(now));
                json!({
                    "name": upstream.spec.name, "to": upstream.spec.to, "path": upstream.spec.path,
                    "share": upstream.spec.share, "up": up,
                })
            });
            let upstreams: Vec<Value> = upstreams.collect();
            json!({ "name": route.spec.name, "path": route.spec.path, "sticky": route.spec.sticky, "upstreams": upstreams })
        };
        match route {
            Some(name) => Ok(one(&self.routes[self.find(name)?])),
            None => Ok(self.routes.iter().map(one).collect()),
        }
    }

    /// All flags as the API shows them.
    pub(crate) fn show_flags(&self) -> Value {
        json!(self.flags)
    }

    /// One flag as the API shows it.
    pub(crate) fn show_flag(&self, name: &str) -> Result<Value, Refusal> {
        let found = self.flags.iter().find(|flag| flag.name.as_str() == name);
        let names = self.flags.iter().map(|flag| flag.name.as_str());
        found
            .map(|flag| json!(flag))
            .ok_or_else(|| Refusal::unknown("flag", name, names))
    }

    /// Figures of the last whole seconds, by route and upstream.
    pub(crate) fn figures(&self, seconds: u64) -> Value {
        let seconds = seconds.clamp(1, LONGEST);
        let current = self.begun.elapsed().as_secs();
        let mut figures = Vec::new();
        for route in &self.routes {
            for upstream in &route.upstreams {
                let counts = upstream.window.last(seconds, current);
                figures.push(json!({
                    "route": route.spec.name, "upstream": upstream.spec.name,
                    "requests": counts.requests, "failures": counts.failures,
                    "abandoned": counts.abandoned,
                    "per_second": counts.requests as f64 / seconds as f64,
                    "p50": counts.time.quantile(0.5), "p99": counts.time.quantile(0.99),
                }));
            }
        }
        json!({ "seconds": seconds, "upstreams": figures })
    }
}

fn header(flags: &[Flag]) -> Option<HeaderValue> {
    let flags = flags
        .iter()
        .map(|flag| format!("{}={}", flag.name, flag.value));
    let text = flags.collect::<Vec<_>>().join(",");
    HeaderValue::try_from(text)
        .ok()
        .filter(|value| !value.is_empty())
}

/// New shares: the named ones as given, the others in the proportion of what they have.
fn divided(named: &[Option<f64>], current: &[f64]) -> Result<Vec<Ratio>, String> {
    let percent = |share: f64| (share * 1e8).round() / 1e6;
    let sum: f64 = named.iter().flatten().sum();
    let others = named
        .iter()
        .zip(current)
        .filter(|(named, _)| named.is_none());
    let (count, weight) = others.fold((0_usize, 0.0), |(n, sum), (_, share)| (n + 1, sum + share));
    if count == 0 && (sum - 1.0).abs() > 1e-9 || sum > 1.0 + 1e-9 {
        return Err(format!("the shares would sum to {}%", percent(sum)));
    }
    let rest = (1.0 - sum).max(0.0);
    let share = |(named, current): (&Option<f64>, &f64)| {
        let share = named.unwrap_or_else(|| {
            if weight > 0.0 {
                rest * current / weight
            } else {
                rest / count as f64
            }
        });
        let share = ((share * 1e12).round() / 1e12).clamp(0.0, 1.0);
        Ratio::new(share).ok_or_else(|| format!("{share} is no share"))
    };
    named.iter().zip(current).map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_others_divide_what_is_left_as_they_stood() {
        let check = |named: &[Option<f64>], current: &[f64], expected: Option<&[f64]>| {
            let found = divided(named, current).ok();
            let found: Option<Vec<f64>> = found.map(|all| all.iter().map(|r| r.get()).collect());
            assert_eq!(found.as_deref(), expected, "{named:?}");
        };
        check(&[None, Some(0.05)], &[0.0, 1.0], Some(&[0.95, 0.05]));
        check(&[None, Some(1.0)], &[0.95, 0.05], Some(&[0.0, 1.0]));
        check(
            &[None, None, Some(0.4)],
            &[0.6, 0.2, 0.2],
            Some(&[0.45, 0.15, 0.4]),
        );
        check(
            &[None, None, Some(0.4)],
            &[0.0, 0.0, 1.0],
            Some(&[0.3, 0.3, 0.4]),
        );
        check(&[Some(0.5), Some(0.4)], &[0.0, 1.0], None);
        check(&[Some(1.5), None], &[0.0, 1.0], None);
        check(&[Some(1.0)], &[1.0], Some(&[1.0]));
        check(&[Some(0.5)], &[1.0], None);
    }
}
