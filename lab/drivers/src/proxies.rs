//! The lab's own fault proxy as a fault plane: one proxy a link, faults as toxics with marks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use lab_engine::Failure;
use lab_engine::seam::{FaultPlane, Observation, Receipt};
use lab_model::calls::{Burst, Calls};
use lab_model::link::{Delay, FaultReport, LinkReport, Touched, Traffic};
use lab_model::plan::{Effect, Fault};
use lab_model::toxic::{self, Direction, Primitive, Toxic};
use lab_model::{Histogram, Link, Plan, Span};
use lab_proxy::{
    ApiOptions, Authority, Config, Down, HttpCounts, LinkSnapshot, LinkSpec, Proxy, Reach,
    Snapshot, Stream, ToxicSpec, ToxicView, Witness,
};
use tokio::sync::Mutex;

use crate::taps::Taps;

/// The marks of links that are down.
const DOWN: [(&str, Down); 3] = [
    ("disabled", Down::Reset),
    ("refused", Down::Refuse),
    ("hanging", Down::Hang),
];
/// How long an attempt to connect may take until it counts as hanging.
const PATIENCE: Duration = Duration::from_millis(250);

/// Proxies in this process.
pub struct Proxies {
    proxy: Proxy,
    /// Links whose TLS ends in the proxy.
    tls: Vec<Link>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    links: BTreeMap<String, Link>,
    seen: Snapshot,
    faults: BTreeMap<usize, Watched>,
}

/// A fault whose counters are followed.
struct Watched {
    link: String,
    direction: Direction,
    primitives: Vec<Primitive>,
    marks: Vec<String>,
    /// Connections that were open when it was armed, not reported yet.
    open: u64,
    /// The link when what passes was last reported; at first when the fault was armed.
    seen: LinkSnapshot,
    /// The link when the fault was taken back: it is reported once more.
    healed: Option<LinkSnapshot>,
    /// Attempts of our own that met the fault, where callers' attempts cannot be counted; not
    /// reported yet.
    probed: u64,
}

impl Proxies {
    /// Starts the proxy's threads; no port is open yet.
    pub fn start(plan: &Plan, authority: Authority) -> Result<Self, Failure> {
        let config = Config {
            seed: plan.seed,
            authority,
            ..Config::default()
        };
        let proxy = Proxy::start(config).map_err(failure)?;
        Ok(Self {
            proxy,
            tls: plan.system.tls.clone(),
            state: Mutex::default(),
        })
    }

    /// What passes the links, for who wants to follow them.
    pub fn taps(&self) -> Taps {
        Taps::new(self.proxy.clone())
    }

    /// Opens Toxiproxy's API on an address, for clients of the user's own. Whoever reaches it can
    /// change the run's faults; the run notices.
    pub async fn serve_api(&self, address: SocketAddr) -> Result<SocketAddr, Failure> {
        let options = ApiOptions {
            proxy_metrics: true,
            runtime_metrics: true,
        };
        self.proxy
            .serve_api(&address.to_string(), options)
            .await
            .map_err(failure)
    }
}

fn failure(error: impl std::fmt::Display) -> Failure {
    Failure::new("proxy", error)
}

fn stream(stream: toxic::Stream) -> Stream {
    match stream {
        toxic::Stream::Upstream => Stream::Upstream,
        toxic::Stream::Downstream => Stream::Downstream,
    }
}

#[async_trait]
impl FaultPlane for Proxies {
    async fn open(&self, link: &Link, listen: SocketAddr) -> Result<SocketAddr, Failure> {
        let spec = LinkSpec {
            listen: listen.to_string(),
            tls: self.tls.contains(link),
            ..LinkSpec::new(link.slug())
        };
        let view = self.proxy.open(spec).await.map_err(|error| {
            let taken = if listen.port() == 0 {
                String::new()
            } else {
                let (from, to) = (&link.from, &link.to);
                format!("\n{from} calls {to} on this port; something on this host listens there")
            };
            let reason = format!("its proxy cannot listen on {listen}: {error}{taken}");
            Failure::new(format!("link {link}"), reason)
        })?;
        let address = view.listen.parse().map_err(failure)?;
        self.state
            .lock()
            .await
            .links
            .insert(link.slug(), link.clone());
        Ok(address)
    }

    async fn connect(&self, link: &Link, upstream: &str) -> Result<(), Failure> {
        self.proxy
            .set_upstream(&link.slug(), Some(upstream))
            .await
            .map_err(failure)
    }

    async fn apply(&self, index: usize, fault: &Fault) -> Result<Receipt, Failure> {
        let slug = fault.link.slug();
        let mut state = self.state.lock().await;
        let marks = (0..fault.primitives.len())
            .map(|part| mark(index, part, fault))
            .collect();
        let receipt = Receipt {
            fault: index,
            link: fault.link.clone(),
            marks,
        };
        // Followed before it is applied: what was applied in part is taken back by its marks.
        let watched = Watched {
            link: slug.clone(),
            direction: fault.direction,
            primitives: fault.primitives.clone(),
            marks: receipt.marks.clone(),
            open: 0,
            seen: LinkSnapshot::default(),
            healed: None,
            probed: 0,
        };
        state.faults.insert(index, watched);
        for (primitive, mark) in fault.primitives.iter().zip(&receipt.marks) {
            let applied = match primitive {
                Primitive::Toxic(toxic) => self
                    .proxy
                    .add_toxic(&slug, spec(toxic, mark))
                    .await
                    .map(drop),
                // The engine hands faults on services to the environment.
                _ => match down(mark) {
                    Some(down) => self.proxy.disable(&slug, down).await,
                    None => Ok(()),
                },
            };
            if let Err(error) = applied {
                drop(state);
                self.heal(&receipt).await?;
                return Err(failure(error));
            }
        }
        // Arming takes its time, and what came meanwhile may have been spared. A link that cannot be
        // read is found by whoever verifies.
        let seen = self.reading(&slug).await.unwrap_or_default();
        if let Some(watched) = state.faults.get_mut(&index) {
            watched.open = match fault.effect {
                // It waits for connections that open.
                Effect::Open { .. } => 0,
                _ => seen.traffic.open,
            };
            watched.seen = seen;
        }
        Ok(receipt)
    }

    async fn verify(&self, receipt: &Receipt) -> Result<Option<String>, Failure> {
        if let Some(problem) = self.probe(receipt).await? {
            return Ok(Some(problem));
        }
        let state = self.state.lock().await;
        let Some(watched) = state.faults.get(&receipt.fault) else {
            return Ok(Some("it was never applied".to_owned()));
        };
        let Ok(view) = self.proxy.link(&watched.link).await else {
            return Ok(Some(format!("the proxy on {} is gone", receipt.link)));
        };
        for (primitive, mark) in watched.primitives.iter().zip(&watched.marks) {
            match primitive {
                Primitive::Disabled | Primitive::Refused | Primitive::Hanging => {
                    if view.enabled {
                        return Ok(Some("the link is enabled again".to_owned()));
                    }
                }
                Primitive::Service(_) => {}
                Primitive::Toxic(_) if !view.enabled => {
                    return Ok(Some("the link is disabled".to_owned()));
                }
                Primitive::Toxic(toxic) => match view.toxics.iter().find(|t| &t.name == mark) {
                    None => return Ok(Some(format!("the toxic {mark} is gone"))),
                    Some(found) if !same(found, toxic) => {
                        return Ok(Some(format!("the toxic {mark} was changed")));
                    }
                    Some(_) => {}
                },
            }
        }
        Ok(None)
    }

    async fn heal(&self, receipt: &Receipt) -> Result<(), Failure> {
        let mut state = self.state.lock().await;
        let Some(watched) = state.faults.get_mut(&receipt.fault) else {
            return Ok(());
        };
        // A link that cannot be read is healed all the same.
        let last = self.reading(&watched.link).await.unwrap_or_default();
        watched.healed = Some(last);
        for mark in &watched.marks {
            if down(mark).is_some() {
                self.proxy.enable(&watched.link).await.map_err(failure)?;
                continue;
            }
            let Ok(view) = self.proxy.link(&watched.link).await else {
                continue;
            };
            if view.toxics.iter().any(|toxic| &toxic.name == mark) {
                self.proxy
                    .remove_toxic(&watched.link, mark)
                    .await
                    .map_err(failure)?;
            }
        }
        Ok(())
    }

    async fn observe(&self) -> Result<Observation, Failure> {
        let mut state = self.state.lock().await;
        let now = self.proxy.observe().await.map_err(failure)?;
        let news = now.since(&state.seen);
        let mut observation = Observation::default();
        for (slug, link) in &state.links {
            let Some(report) = news.links.get(slug) else {
                continue;
            };
            let traffic = traffic(report);
            if traffic != Traffic::default() {
                observation.links.push(LinkReport {
                    link: link.clone(),
                    traffic,
                });
            }
        }
        for (index, watched) in &mut state.faults {
            if let (Some(news), Some(now)) =
                (news.links.get(&watched.link), now.links.get(&watched.link))
            {
                observation.faults.push(watched.report(*index, news, now));
            }
        }
        state.faults.retain(|_, watched| watched.healed.is_none());
        state.seen = now;
        if state.faults.is_empty() {
            self.proxy.forget().await.map_err(failure)?;
        }
        Ok(observation)
    }

    async fn close(&self) -> Vec<String> {
        self.proxy.shutdown().await;
        vec![]
    }
}

impl Proxies {
    /// The counters of a link as they stand.
    async fn reading(&self, slug: &str) -> Result<LinkSnapshot, Failure> {
        let mut now = self.proxy.observe().await.map_err(failure)?;
        Ok(now.links.remove(slug).unwrap_or_default())
    }

    /// Tries a link that refuses or hangs, since its callers cannot be counted. What was found
    /// instead, if it is not what the fault says.
    async fn probe(&self, receipt: &Receipt) -> Result<Option<String>, Failure> {
        let expected = receipt.marks.iter().find_map(|mark| match down(mark)? {
            Down::Refuse => Some((Reach::Refused, "refuses connections")),
            Down::Hang => Some((Reach::Hangs, "leaves connections unanswered")),
            Down::Reset => None,
        });
        let Some((expected, does)) = expected else {
            return Ok(None);
        };
        let found = self
            .proxy
            .probe(&receipt.link.slug(), PATIENCE)
            .await
            .map_err(failure)?;
        if found != expected {
            return Ok(Some(format!("the link no longer {does}: {found:?}")));
        }
        if let Some(watched) = self.state.lock().await.faults.get_mut(&receipt.fault) {
            watched.probed += 1;
        }
        Ok(None)
    }
}

/// The name of a fault's part in the proxy.
fn mark(index: usize, part: usize, fault: &Fault) -> String {
    match fault.primitives.get(part) {
        Some(Primitive::Disabled) => "disabled".to_owned(),
        Some(Primitive::Refused) => "refused".to_owned(),
        Some(Primitive::Hanging) => "hanging".to_owned(),
        _ => format!("fault-{index}-{}-{part}", fault.kind),
    }
}

/// How a link is down by that mark.
fn down(mark: &str) -> Option<Down> {
    let found = DOWN.iter().find(|(name, _)| *name == mark);
    found.map(|(_, down)| *down)
}

fn spec(toxic: &Toxic, mark: &str) -> ToxicSpec {
    ToxicSpec {
        name: Some(mark.to_owned()),
        kind: toxic.kind.clone(),
        stream: stream(toxic.stream),
        toxicity: toxic.toxicity.get(),
        attributes: toxic.attributes.clone(),
    }
}

/// Whether a toxic stands in the proxy as it was asked for.
fn same(found: &ToxicView, asked: &Toxic) -> bool {
    found.kind == asked.kind
        && found.stream == stream(asked.stream)
        && (found.toxicity - asked.toxicity.get()).abs() < 1e-9
        && asked
            .attributes
            .iter()
            .all(|(name, value)| found.attributes.get(name) == Some(value))
}

impl Watched {
    /// What it did since the last report (`news`), of what passed while it was armed.
    fn report(&mut self, index: usize, news: &LinkSnapshot, now: &LinkSnapshot) -> FaultReport {
        let mut witness = Witness::default();
        let mut delay = Delay::default();
        let parts = self.marks.iter().filter_map(|mark| {
            if down(mark).is_some() {
                Some(&news.down)
            } else {
                news.toxic(mark).map(|t| &t.witness)
            }
        });
        for part in parts {
            // What passes in both directions passes twice, and is one connection and one request.
            witness.connections = witness.connections.max(part.connections);
            witness.requests = witness.requests.max(part.requests);
            witness.bytes += part.bytes;
            witness.matched += part.matched;
            witness.resets += part.resets;
            witness.refused += part.refused;
            witness.dropped_bytes += part.dropped_bytes;
            delay.add(&Delay {
                count: part.delay.count(),
                sum: Span::from_micros(part.delay.sum_us),
                min: Span::from_micros(part.delay.min_us().unwrap_or_default()),
                max: Span::from_micros(part.delay.max_us().unwrap_or_default()),
            });
        }
        // While a link is down every attempt on it ends in the fault; else what passes is what was
        // open or came. What was on its way when the fault was taken back is still its doing, but
        // no traffic of its window, as what came before it is none.
        let until = self.healed.as_ref().unwrap_or(now);
        let passed = until.since(&self.seen);
        self.seen = until.clone();
        let streams = self.direction.streams().iter();
        let bytes = streams.map(|stream| match stream {
            toxic::Stream::Upstream => passed.traffic.received_upstream,
            toxic::Stream::Downstream => passed.traffic.received_downstream,
        });
        let probed = std::mem::take(&mut self.probed);
        let refused = passed.down.refused + probed;
        let passing = Touched {
            connections: std::mem::take(&mut self.open) + passed.traffic.connections + refused,
            requests: passed.http.as_ref().map_or(0, |http| http.requests),
            bytes: bytes.sum(),
            readings: 0,
        };
        let touched = Touched {
            connections: witness.connections + witness.refused + probed,
            requests: witness.requests,
            bytes: witness.bytes,
            readings: 0,
        };
        FaultReport {
            fault: index,
            passing,
            touched,
            matched: witness.matched,
            delay,
            resets: witness.resets,
            refused: witness.refused + probed,
            dropped: witness.dropped_bytes,
        }
    }
}

/// What a proxy counted on a link, in the journal's words.
pub(crate) fn traffic(link: &LinkSnapshot) -> Traffic {
    let counts = link.http.clone().unwrap_or_default();
    let [one, two, three, four, five, _] = counts.responses;
    Traffic {
        connections: link.traffic.connections,
        refused: link.traffic.dial_failures + link.traffic.without_upstream + link.down.refused,
        requests: counts.requests,
        first_attempts: counts.attempts[0] + counts.keyless,
        replies: [one, two, three, four, five],
        abandoned: counts.abandoned,
        broken: counts.failed + counts.cut,
        bytes_up: link.traffic.sent_upstream,
        bytes_down: link.traffic.sent_downstream,
        caller_time: histogram(&counts.caller_last_byte),
        callee_time: histogram(&counts.upstream_first_byte),
        gave_up_after: histogram(&counts.abandoned_after),
        calls: calls(&counts),
    }
}

fn calls(counts: &HttpCounts) -> Calls {
    let peaks = counts.peaks.iter().map(|peak| peak.most);
    Calls {
        attempts: counts.attempts,
        pauses: counts.pauses.each_ref().map(histogram),
        shed_time: histogram(&counts.shed_time),
        error_time: histogram(&counts.error_time),
        broken_after: histogram(&counts.broken_after),
        most_in_flight: peaks.max().unwrap_or_default(),
        repeated_alike: counts.repeated_alike,
        repeated_otherwise: counts.repeated_otherwise,
        bursts: counts.bursts.iter().map(|b| burst(b, counts)).collect(),
    }
}

fn burst(burst: &lab_proxy::Burst, counts: &HttpCounts) -> Burst {
    Burst {
        ago: Span::from_micros(counts.age_us.saturating_sub(burst.started_us)),
        lasted: Span::from_micros(burst.lasted_us),
        attempts: burst.attempts,
        failed: burst.failed,
        silent: Span::from_micros(burst.silent_us),
    }
}

/// A histogram of the proxy's, as the journal has it.
pub(crate) fn histogram(source: &lab_proxy::Histogram) -> Histogram {
    let mut target = Histogram::new();
    for (micros, count) in &source.buckets {
        target.record_many(Span::from_micros(*micros), *count);
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(connections: u64) -> LinkSnapshot {
        let mut link = LinkSnapshot::default();
        link.traffic.connections = connections;
        link
    }

    #[test]
    fn what_passes_is_what_came_while_it_was_armed() {
        let mut watched = Watched {
            link: "a-to-b".to_owned(),
            direction: Direction::Downstream,
            primitives: Vec::new(),
            marks: Vec::new(),
            open: 2,
            seen: link(10),
            healed: None,
            probed: 0,
        };
        // The last report was at 7 connections: three came before it was armed.
        let mut passing = |news, now, healed| {
            watched.healed = healed;
            let report = watched.report(0, &link(news), &link(now));
            report.passing.connections
        };
        assert_eq!(passing(4, 11, None), 2 + 1);
        assert_eq!(passing(5, 16, None), 5);
        // Two more until it was taken back, and four thereafter.
        assert_eq!(passing(6, 22, Some(link(18))), 2);
    }
}
