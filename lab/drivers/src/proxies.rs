//! The lab's own fault proxy as a fault plane: one proxy a link, faults as toxics with marks.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use lab_engine::Failure;
use lab_engine::seam::{FaultPlane, Observation, Receipt};
use lab_model::link::{Delay, FaultReport, LinkReport, Touched, Traffic};
use lab_model::plan::Fault;
use lab_model::toxic::{Direction, Primitive, Toxic};
use lab_model::{Histogram, Link, Span};
use lab_proxy::{
    ApiOptions, Config, Down, LinkSnapshot, LinkSpec, Proxy, Snapshot, Stream, ToxicSpec,
    ToxicView, Witness,
};
use tokio::sync::Mutex;

/// The mark of a link that is down.
const DISABLED: &str = "disabled";

/// Proxies in this process.
pub struct Proxies {
    proxy: Proxy,
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
    /// Whether it was taken back: it is reported once more.
    healed: bool,
}

impl Proxies {
    /// Starts the proxy's threads; no port is open yet.
    pub fn start(seed: u64) -> Result<Self, Failure> {
        let config = Config {
            seed,
            ..Config::default()
        };
        let proxy = Proxy::start(config).map_err(failure)?;
        Ok(Self {
            proxy,
            state: Mutex::default(),
        })
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

fn stream(direction: Direction) -> Stream {
    match direction {
        Direction::Upstream => Stream::Upstream,
        Direction::Downstream => Stream::Downstream,
    }
}

#[async_trait]
impl FaultPlane for Proxies {
    async fn open(&self, link: &Link, host: IpAddr) -> Result<SocketAddr, Failure> {
        let listen = SocketAddr::new(host, 0).to_string();
        let spec = LinkSpec {
            listen,
            ..LinkSpec::new(link.slug())
        };
        let view = self.proxy.open(spec).await.map_err(failure)?;
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
        let seen = self.proxy.observe().await.map_err(failure)?;
        let open = seen.links.get(&slug).map_or(0, |link| link.traffic.open);
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
            open,
            healed: false,
        };
        state.faults.insert(index, watched);
        for (primitive, mark) in fault.primitives.iter().zip(&receipt.marks) {
            let applied = match primitive {
                Primitive::Disabled => self.proxy.disable(&slug, Down::Reset).await,
                Primitive::Toxic(toxic) => self
                    .proxy
                    .add_toxic(&slug, spec(toxic, mark))
                    .await
                    .map(drop),
            };
            if let Err(error) = applied {
                drop(state);
                self.heal(&receipt).await?;
                return Err(failure(error));
            }
        }
        Ok(receipt)
    }

    async fn verify(&self, receipt: &Receipt) -> Result<Option<String>, Failure> {
        let state = self.state.lock().await;
        let Some(watched) = state.faults.get(&receipt.fault) else {
            return Ok(Some("it was never applied".to_owned()));
        };
        let Ok(view) = self.proxy.link(&watched.link).await else {
            return Ok(Some(format!("the proxy on {} is gone", receipt.link)));
        };
        for (primitive, mark) in watched.primitives.iter().zip(&watched.marks) {
            match primitive {
                Primitive::Disabled if view.enabled => {
                    return Ok(Some("the link is enabled again".to_owned()));
                }
                Primitive::Disabled => {}
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
        watched.healed = true;
        for mark in &watched.marks {
            if mark == DISABLED {
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
        state.seen = now;
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
            if let Some(link) = news.links.get(&watched.link) {
                observation.faults.push(watched.report(*index, link));
            }
        }
        state.faults.retain(|_, watched| !watched.healed);
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

/// The name of a fault's part in the proxy.
fn mark(index: usize, part: usize, fault: &Fault) -> String {
    match fault.primitives.get(part) {
        Some(Primitive::Disabled) => DISABLED.to_owned(),
        _ => format!("fault-{index}-{}-{part}", fault.kind),
    }
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
    fn report(&mut self, index: usize, link: &LinkSnapshot) -> FaultReport {
        let mut witness = Witness::default();
        let mut delay = Delay::default();
        let parts = self.marks.iter().filter_map(|mark| {
            if mark == DISABLED {
                Some(&link.down)
            } else {
                link.toxic(mark).map(|t| &t.witness)
            }
        });
        for part in parts {
            witness.connections += part.connections;
            witness.requests += part.requests;
            witness.bytes += part.bytes;
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
        let bytes = match self.direction {
            Direction::Upstream => link.traffic.received_upstream,
            Direction::Downstream => link.traffic.received_downstream,
        };
        // While a link is down every attempt on it ends in the fault; else what passes is what was
        // open or came.
        let refused = link.down.refused;
        let passing = Touched {
            connections: std::mem::take(&mut self.open) + link.traffic.connections + refused,
            requests: link.http.as_ref().map_or(0, |http| http.requests),
            bytes,
        };
        let touched = Touched {
            connections: witness.connections + witness.refused,
            requests: witness.requests,
            bytes: witness.bytes,
        };
        // What was on its way when the fault was taken back is still its doing, but no traffic of
        // its window.
        let passing = if self.healed {
            Touched::default()
        } else {
            passing
        };
        FaultReport {
            fault: index,
            passing,
            touched,
            delay,
            resets: witness.resets,
            refused: witness.refused,
            dropped: witness.dropped_bytes,
        }
    }
}

fn traffic(link: &LinkSnapshot) -> Traffic {
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
    }
}

fn histogram(source: &lab_proxy::Histogram) -> Histogram {
    let mut target = Histogram::new();
    for (micros, count) in &source.buckets {
        target.record_many(Span::from_micros(*micros), *count);
    }
    target
}
