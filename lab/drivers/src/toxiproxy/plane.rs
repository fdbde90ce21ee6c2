//! The fault plane on somebody else's server.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use lab_engine::Failure;
use lab_engine::seam::{Context, FaultPlane, Observation, Receipt};
use lab_model::link::{FaultReport, LinkReport, Touched, Traffic};
use lab_model::plan::Fault;
use lab_model::toxic::Primitive;
use lab_model::{Link, Plan};
use lab_proxy::{Config, LinkSnapshot, LinkSpec, Proxy, Snapshot};
use tokio::net::{UdpSocket, lookup_host};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::change::{is_as_asked, name, toxic_of};
use super::claim::Claim;
use super::evidence::{Evidence, passing};
use super::http::Server;
use super::owner::Owner;
use crate::proxies::{histogram, traffic};

/// Toxiproxy's own port.
const PORT: u16 = 8474;
/// How long a name may take to be resolved.
const RESOLVE: Duration = Duration::from_secs(5);
/// The mark of a proxy that is disabled.
const DISABLED: &str = "disabled";
/// The tap on the callee's side carries its link's name with this behind it.
const BEHIND: &str = ".behind";

/// Proxies on a server of somebody else's, each between two taps of the lab's own.
pub struct Toxiproxy {
    taps: Proxy,
    owner: Owner,
    server: Server,
    version: String,
    claim: Claim,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    links: BTreeMap<String, Link>,
    seen: Snapshot,
    faults: BTreeMap<usize, Watched>,
}

/// A fault whose traces are followed.
struct Watched {
    fault: Fault,
    marks: Vec<String>,
    /// What the taps had counted when it was armed.
    before: Snapshot,
    /// Connections that were open when it was armed, not reported yet.
    open: u64,
    reported: Evidence,
    healed: bool,
}

impl Toxiproxy {
    /// Reaches the server at `host:port`, claims what the run will make there, and tries every
    /// toxic of the plan on a proxy that leads nowhere: what this server does not take is known
    /// before anything is started.
    pub async fn start(address: &str, plan: &Plan, run: &Context) -> Result<Self, Failure> {
        let unreachable = |reason: String| {
            let reason = format!("no Toxiproxy at {address}: {reason}");
            Failure::new("toxiproxy", reason)
        };
        let server = resolve(address).await.map_err(unreachable)?;
        let owner = Owner::start(server)?;
        let version = owner.run(move |session| session.server.version());
        let version = version
            .await
            .map_err(|failure| unreachable(failure.reason))?;
        let config = Config {
            seed: plan.seed,
            ..Config::default()
        };
        let taps = Proxy::start(config).map_err(failure)?;
        let plane = Self {
            taps,
            owner,
            server,
            version,
            claim: Claim::write(run, server)?,
            state: Mutex::default(),
        };
        if let Err(failure) = plane.try_toxics(plan).await {
            plane.close().await;
            return Err(failure);
        }
        Ok(plane)
    }

    /// Where the server is, and its version, in words.
    pub fn about(&self) -> String {
        format!("{} (version {})", self.server.0, self.version)
    }

    fn name(&self, link: &str) -> String {
        format!("{}{link}", self.claim.prefix)
    }

    async fn try_toxics(&self, plan: &Plan) -> Result<(), Failure> {
        let mut toxics = Vec::new();
        for fault in &plan.faults {
            for primitive in &fault.primitives {
                match primitive {
                    Primitive::Toxic(toxic) => toxics.push(toxic.clone()),
                    Primitive::Disabled | Primitive::Service(_) => {}
                    Primitive::Refused | Primitive::Hanging => {
                        let reason = format!("a Toxiproxy has nothing for {}", fault.summary);
                        return Err(Failure::new("toxiproxy", reason));
                    }
                }
            }
        }
        let proxy = self.name("trial");
        let listen = self.listen();
        let version = self.version.clone();
        self.owner
            .run(move |session| {
                // Nothing listens on port 1, and nobody connects to the trial.
                session.create(&proxy, &listen, "127.0.0.1:1")?;
                for toxic in &toxics {
                    session.add(&proxy, toxic).map_err(|reason| {
                        format!(
                            "the server (version {version}) takes no {}: {reason}",
                            toxic.kind
                        )
                    })?;
                    session.cure(&proxy, &name(toxic))?;
                }
                session.remove(&proxy)
            })
            .await
    }

    /// Where proxies listen: on loopback where the server is there, else on any address of it.
    fn listen(&self) -> String {
        let host = self.server.0.ip();
        if host.is_loopback() {
            SocketAddr::new(host, 0).to_string()
        } else {
            ":0".to_owned()
        }
    }

    /// Where the tap on the caller's side finds a proxy that listens there.
    fn reached(&self, listen: &str) -> Result<String, Failure> {
        let port = listen
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok());
        let port: u16 = port.ok_or_else(|| {
            Failure::new(
                "toxiproxy",
                format!("`{listen}` is no address to connect to"),
            )
        })?;
        Ok(SocketAddr::new(self.server.0.ip(), port).to_string())
    }

    /// The address of this machine that the server reaches.
    async fn facing(&self) -> Result<IpAddr, Failure> {
        let server = self.server.0;
        if server.ip().is_loopback() {
            return Ok(server.ip());
        }
        let any = if server.is_ipv4() {
            "0.0.0.0:0"
        } else {
            "[::]:0"
        };
        let routed = async {
            // Connecting a UDP socket sends nothing, and asks the system for the way.
            let socket = UdpSocket::bind(any).await?;
            socket.connect(server).await?;
            socket.local_addr()
        };
        routed.await.map(|address| address.ip()).map_err(failure)
    }
}

/// Finds the server; `http://` before and the port behind it may be given.
async fn resolve(address: &str) -> Result<Server, String> {
    let bare = address.strip_prefix("http://").unwrap_or(address);
    let bare = bare.trim_end_matches('/');
    let has_port = bare
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let full = if has_port {
        bare.to_owned()
    } else {
        format!("{bare}:{PORT}")
    };
    let found = timeout(RESOLVE, lookup_host(full)).await;
    let found = found.map_err(|_| "its name is not resolved within 5 s".to_owned())?;
    let mut found: Vec<SocketAddr> = found.map_err(|error| error.to_string())?.collect();
    // A server that listens on `localhost` often does so on IPv4 alone.
    found.sort_by_key(|address| !address.is_ipv4());
    found
        .first()
        .copied()
        .map(Server)
        .ok_or_else(|| "no address".to_owned())
}

fn failure(error: impl std::fmt::Display) -> Failure {
    Failure::new("toxiproxy", error)
}

#[async_trait]
impl FaultPlane for Toxiproxy {
    async fn open(&self, link: &Link, wanted: SocketAddr) -> Result<SocketAddr, Failure> {
        let slug = link.slug();
        let behind = LinkSpec {
            listen: SocketAddr::new(self.facing().await?, 0).to_string(),
            ..LinkSpec::new(slug.clone() + BEHIND)
        };
        let behind = self.taps.open(behind).await.map_err(failure)?;
        let (name, listen) = (self.name(&slug), self.listen());
        let listen = self
            .owner
            .run(move |session| session.create(&name, &listen, &behind.listen))
            .await?;
        let front = LinkSpec {
            listen: wanted.to_string(),
            ..LinkSpec::new(slug.clone()).to(self.reached(&listen)?)
        };
        let view = self.taps.open(front).await.map_err(failure)?;
        self.state.lock().await.links.insert(slug, link.clone());
        view.listen.parse().map_err(failure)
    }

    async fn connect(&self, link: &Link, upstream: &str) -> Result<(), Failure> {
        let behind = link.slug() + BEHIND;
        let connected = self.taps.set_upstream(&behind, Some(upstream)).await;
        connected.map_err(failure)
    }

    async fn apply(&self, index: usize, fault: &Fault) -> Result<Receipt, Failure> {
        let slug = fault.link.slug();
        let before = self.taps.observe().await.map_err(failure)?;
        let mark = |primitive: &Primitive| match primitive {
            Primitive::Toxic(toxic) => name(toxic),
            _ => DISABLED.to_owned(),
        };
        let receipt = Receipt {
            fault: index,
            link: fault.link.clone(),
            marks: fault.primitives.iter().map(mark).collect(),
        };
        // Followed before it is applied: what was applied in part is taken back by its marks.
        let watched = Watched {
            open: before.links.get(&slug).map_or(0, |link| link.traffic.open),
            fault: fault.clone(),
            marks: receipt.marks.clone(),
            before,
            reported: Evidence::default(),
            healed: false,
        };
        self.state.lock().await.faults.insert(index, watched);
        let (proxy, primitives) = (self.name(&slug), fault.primitives.clone());
        let applied = self.owner.run(move |session| {
            primitives.iter().try_for_each(|primitive| match primitive {
                Primitive::Toxic(toxic) => session.add(&proxy, toxic),
                _ => session.enable(&proxy, false),
            })
        });
        if let Err(failure) = applied.await {
            self.heal(&receipt).await?;
            return Err(failure);
        }
        Ok(receipt)
    }

    async fn verify(&self, receipt: &Receipt) -> Result<Option<String>, Failure> {
        let state = self.state.lock().await;
        let Some(watched) = state.faults.get(&receipt.fault) else {
            return Ok(Some("it was never applied".to_owned()));
        };
        let primitives = watched.fault.primitives.clone();
        drop(state);
        let proxy = self.name(&receipt.link.slug());
        self.owner
            .run(move |session| {
                let Some(view) = session.server.proxy(&proxy)? else {
                    return Ok(Some(format!("the proxy {proxy} is gone")));
                };
                let odd = primitives.iter().find_map(|primitive| match primitive {
                    Primitive::Toxic(_) if !view.enabled => {
                        Some("the proxy is disabled".to_owned())
                    }
                    Primitive::Toxic(toxic) => match toxic_of(&view, &name(toxic)) {
                        None => Some(format!("the toxic {} is gone", name(toxic))),
                        Some(found) if !is_as_asked(found, toxic) => {
                            Some(format!("the toxic {} was changed", name(toxic)))
                        }
                        Some(_) => None,
                    },
                    _ => view
                        .enabled
                        .then(|| "the proxy is enabled again".to_owned()),
                });
                Ok(odd)
            })
            .await
    }

    async fn heal(&self, receipt: &Receipt) -> Result<(), Failure> {
        let mut state = self.state.lock().await;
        let Some(watched) = state.faults.get_mut(&receipt.fault) else {
            return Ok(());
        };
        watched.healed = true;
        let marks = watched.marks.clone();
        drop(state);
        let proxy = self.name(&receipt.link.slug());
        self.owner
            .run(move |session| {
                if session.server.proxy(&proxy)?.is_none() {
                    return Ok(());
                }
                marks.iter().try_for_each(|mark| match mark.as_str() {
                    DISABLED => session.enable(&proxy, true),
                    toxic => session.cure(&proxy, toxic),
                })
            })
            .await
    }

    async fn observe(&self) -> Result<Observation, Failure> {
        let mut state = self.state.lock().await;
        let now = self.taps.observe().await.map_err(failure)?;
        let news = now.since(&state.seen);
        let mut observation = Observation::default();
        let nothing = LinkSnapshot::default();
        for (slug, link) in &state.links {
            let (Some(front), behind) = sides(&news, slug) else {
                continue;
            };
            let mut traffic = traffic(front);
            // The tap on the callee's side times the callee; the other one also the fault.
            let counts = behind.and_then(|behind| behind.http.as_ref());
            traffic.callee_time = counts.map_or_else(Default::default, |http| {
                histogram(&http.upstream_first_byte)
            });
            if traffic != Traffic::default() {
                observation.links.push(LinkReport {
                    link: link.clone(),
                    traffic,
                });
            }
        }
        for (index, watched) in &mut state.faults {
            let slug = watched.fault.link.slug();
            let whole = now.since(&watched.before);
            let (front, behind) = sides(&whole, &slug);
            let sides_now = (front.unwrap_or(&nothing), behind.unwrap_or(&nothing));
            let (front, behind) = sides(&news, &slug);
            let news = (front.unwrap_or(&nothing), behind.unwrap_or(&nothing));
            observation
                .faults
                .push(watched.report(*index, sides_now, news));
        }
        state.faults.retain(|_, watched| !watched.healed);
        state.seen = now;
        Ok(observation)
    }

    async fn close(&self) -> Vec<String> {
        let (server, prefix) = (self.server, self.claim.prefix.clone());
        let deleted = self.owner.run(move |session| {
            let names = session.server.names(&prefix)?;
            let failed = names.into_iter().filter_map(|name| {
                let reason = session.remove(&name).err()?;
                Some(format!("proxy {name} on {}: {reason}", server.0))
            });
            Ok(failed.collect::<Vec<String>>())
        });
        let left = match deleted.await {
            Ok(left) => left,
            Err(failure) => vec![format!(
                "proxies {}*: {}",
                self.claim.prefix, failure.reason
            )],
        };
        if left.is_empty() {
            self.claim.end();
        }
        self.taps.shutdown().await;
        left
    }
}

/// The taps on both sides of a link's proxy: the caller's and the callee's.
fn sides<'a>(
    snapshot: &'a Snapshot,
    slug: &str,
) -> (Option<&'a LinkSnapshot>, Option<&'a LinkSnapshot>) {
    let behind = format!("{slug}{BEHIND}");
    (snapshot.links.get(slug), snapshot.links.get(&behind))
}

impl Watched {
    /// What is new: of the fault by what was seen since it was armed, of the traffic by what was
    /// seen since the look before.
    fn report(
        &mut self,
        index: usize,
        (front, behind): (&LinkSnapshot, &LinkSnapshot),
        (new_front, new_behind): (&LinkSnapshot, &LinkSnapshot),
    ) -> FaultReport {
        let found = Evidence::of(&self.fault, front, behind);
        let news = found.since(&self.reported);
        self.reported = found;
        // What was on its way when the fault was taken back is still its doing, but no traffic of
        // its window.
        let passing = if self.healed {
            Touched::default()
        } else {
            Touched {
                connections: std::mem::take(&mut self.open) + new_front.traffic.connections,
                requests: new_front.http.as_ref().map_or(0, |http| http.requests),
                bytes: passing(&self.fault, new_front, new_behind),
                readings: 0,
            }
        };
        FaultReport {
            fault: index,
            passing,
            touched: news.touched,
            matched: 0,
            delay: news.delay,
            resets: news.resets,
            refused: news.refused,
            dropped: news.dropped,
        }
    }
}
