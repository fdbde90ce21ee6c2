//! Behind the seam: the run's networks, its services as containers, and their end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use lab_engine::Failure;
use lab_engine::seam::{
    Context, Environment, EnvironmentDriver, Pace, ServiceFaults, Signal, Signals,
};
use lab_model::event::ServiceState;
use lab_model::system::{Service, System};
use lab_model::{Link, Name, Plan};
use testcontainers::bollard::models::{NetworkCreateRequest, VolumeCreateRequest};
use testcontainers::bollard::query_parameters::{
    InspectContainerOptions, StopContainerOptionsBuilder,
};
use testcontainers::runners::AsyncRunner;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::engine::{Engine, failure};
use super::faults::Faults;
use super::image::{self, Substitutes};
use super::launch::{self, Around};
use super::reaper::DONE;
use super::watch::{self, Expected};
use super::{host, labels, removal};
use crate::acts::Acts;
use crate::compose::health;
use crate::folder;
use crate::lease::{Lease, Owner};

/// How long removal may take before what is left is named.
pub(super) const REMOVAL: Duration = Duration::from_secs(30);
/// How long services may take to end after they were asked to, in seconds.
const COURTESY: i32 = 2;
/// How long the last lines of a log may take to arrive.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Starts services as containers.
pub struct Containers {
    /// The lab's own program, started again as the reaper.
    pub program: PathBuf,
    /// What will be started.
    pub system: System,
    /// Images that stand for others.
    pub substitutes: Mutex<Substitutes>,
    /// Where it is said what is pulled and built.
    pub progress: Box<dyn Fn(&str) + Send + Sync>,
}

/// A network of the run.
struct Network {
    name: String,
    gateway: IpAddr,
}

/// A container that was started.
#[derive(Debug, Clone)]
pub(super) struct Started {
    pub(super) id: String,
    pub(super) port: u16,
    pub(super) address: IpAddr,
}

/// The containers of a run by service.
pub(super) type Fleet = Mutex<BTreeMap<Name, Started>>;

struct Running {
    engine: Engine,
    context: Context,
    system: System,
    substitutes: Substitutes,
    label: String,
    labels: HashMap<String, String>,
    networks: Vec<Network>,
    /// Which network's gateway and port the proxy of a link needs, where that is not open.
    fixed: BTreeMap<Link, SocketAddr>,
    fleet: std::sync::Arc<Fleet>,
    faults: Acts<Faults>,
    signals: Signals,
    logs: Mutex<Vec<JoinHandle<()>>>,
    events: JoinHandle<()>,
    reaper: tokio::sync::Mutex<Option<Child>>,
    lease: Lease,
}

#[async_trait]
impl EnvironmentDriver for Containers {
    fn name(&self) -> Name {
        crate::name("containers")
    }

    async fn obstacles(&self, plan: &Plan) -> Vec<String> {
        let engine = match Engine::find().await {
            Ok(engine) => engine,
            Err(failure) => return vec![failure.to_string()],
        };
        let mut obstacles = host::obstacles(&engine, plan).await;
        let images: BTreeSet<&str> = plan
            .system
            .services
            .iter()
            .filter(|service| service.container.build.is_none())
            .filter_map(|service| service.image.as_deref())
            .collect();
        let images: Vec<&str> = images.into_iter().collect();
        let mut substitutes = self.substitutes();
        match crate::images::stand_in(&engine.docker, &images, &mut substitutes).await {
            Ok(said) => said.iter().for_each(|line| (self.progress)(line)),
            Err(failure) => obstacles.push(failure.to_string()),
        }
        *self
            .substitutes
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = substitutes.clone();
        for image in images {
            let image = substitutes.of(image);
            let needed = image::need(&engine.docker, image, self.progress.as_ref()).await;
            obstacles.extend(needed.err().map(|failure| failure.to_string()));
        }
        let without = plan
            .system
            .services
            .iter()
            .filter(|service| service.image.is_none() && service.container.build.is_none());
        obstacles.extend(without.map(|service| {
            format!(
                "service {}: it has no image; the container driver needs one",
                service.name
            )
        }));
        obstacles
    }

    async fn open(&self, run: &Context, signals: Signals) -> Result<Box<dyn Environment>, Failure> {
        let owner = Owner::this();
        let label = format!("{}={}", labels::TOKEN, labels::token(&run.run, &owner));
        let lease = Lease::write(run, Some(label.clone()))?;
        let reaper = self.reaper(run, &label)?;
        let engine = Engine::find().await?;
        let labels = labels::of(&run.run, &run.folder, &owner);
        let expected = Expected::default();
        let events = watch::events(
            engine.docker.clone(),
            &label,
            signals.clone(),
            expected.clone(),
        );
        let fleet = std::sync::Arc::new(Fleet::default());
        let mut running = Running {
            faults: Acts::new(Faults::new(
                engine.clone(),
                std::sync::Arc::clone(&fleet),
                signals.clone(),
                expected,
                run.folder.clone(),
            )),
            engine,
            context: run.clone(),
            system: self.system.clone(),
            substitutes: self.substitutes(),
            label,
            labels,
            networks: vec![],
            fixed: BTreeMap::new(),
            fleet,
            signals,
            logs: Mutex::default(),
            events,
            reaper: Some(reaper).into(),
            lease,
        };
        match running.prepare().await {
            Ok(()) => Ok(Box::new(running)),
            Err(failure) => {
                // What is left then, the reaper and the next start find by its label.
                running.stop(Pace::Fast).await;
                Err(failure)
            }
        }
    }
}

impl Containers {
    fn substitutes(&self) -> Substitutes {
        let substitutes = self.substitutes.lock();
        substitutes.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts the reaper: it is there before anything that it might have to remove.
    fn reaper(&self, run: &Context, label: &str) -> Result<Child, Failure> {
        let broken = |error: std::io::Error| Failure::new("reaper", error);
        let log =
            fs::File::create(run.folder.join(folder::LOGS).join("reaper.log")).map_err(broken)?;
        Command::new(&self.program)
            .arg("__reap")
            .arg(&run.folder)
            .arg(label)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(broken)
    }
}

/// Which network each link with a port of its own is on, so that no two links need the same port
/// of the same gateway.
fn spread(system: &System) -> BTreeMap<Link, (usize, u16)> {
    let mut taken: BTreeSet<(usize, u16)> = BTreeSet::new();
    let mut spread = BTreeMap::new();
    for link in &system.links {
        let caller = system.service(&link.from);
        let Some(port) = caller.and_then(|caller| caller.container.by_name.get(&link.to)) else {
            continue;
        };
        let network = (0..=u32::MAX as usize)
            .find(|network| taken.insert((*network, *port)))
            .unwrap_or_default();
        spread.insert(link.clone(), (network, *port));
    }
    spread
}

impl Running {
    /// Makes the networks.
    async fn prepare(&mut self) -> Result<(), Failure> {
        let spread = spread(&self.system);
        let last = spread.values().map(|(network, _)| *network).max();
        let token = self.token().to_owned();
        for number in 0..=last.unwrap_or(0) {
            let name = match number {
                0 => format!("lab-{token}"),
                _ => format!("lab-{token}-{number}"),
            };
            let network = self.network(name).await?;
            self.networks.push(network);
        }
        self.fixed = spread
            .into_iter()
            .filter_map(|(link, (network, port))| {
                Some((link, (self.networks.get(network)?.gateway, port).into()))
            })
            .collect();
        Ok(())
    }

    fn token(&self) -> &str {
        self.labels.get(labels::TOKEN).map_or("", String::as_str)
    }

    async fn network(&self, name: String) -> Result<Network, Failure> {
        let docker = &self.engine.docker;
        let request = NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".to_owned()),
            labels: Some(self.labels.clone()),
            ..NetworkCreateRequest::default()
        };
        docker.create_network(request).await.map_err(failure)?;
        let found = docker.inspect_network(&name, None).await.map_err(failure)?;
        let gateway = found
            .ipam
            .and_then(|ipam| ipam.config)
            .into_iter()
            .flatten()
            .find_map(|config| config.gateway?.parse().ok())
            .ok_or_else(|| failure(format!("the network {name} has no gateway address")))?;
        TcpListener::bind((gateway, 0)).map_err(|error| {
            failure(format!(
                "the gateway {gateway} of network {name} is no address of this host ({error}): the \
                 engine at {} runs elsewhere, and its containers would not reach the proxies here",
                self.engine.place
            ))
        })?;
        Ok(Network { name, gateway })
    }

    fn volume_name(&self, name: &Name) -> String {
        format!("lab-{}-{name}", self.token())
    }

    /// Makes the volumes of a service; those that are there already are shared.
    async fn volumes(&self, service: &Service) -> Result<(), Failure> {
        for (name, size) in launch::volumes(service) {
            let options = size.map(|size| {
                [
                    ("type", "tmpfs".to_owned()),
                    ("device", "tmpfs".to_owned()),
                    ("o", format!("size={size}")),
                ]
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()
            });
            let request = VolumeCreateRequest {
                name: Some(self.volume_name(&name)),
                labels: Some(self.labels.clone()),
                driver_opts: options,
                ..VolumeCreateRequest::default()
            };
            self.engine
                .docker
                .create_volume(request)
                .await
                .map_err(failure)?;
        }
        Ok(())
    }

    /// The image of a service, there or built; says in the journal what it is.
    async fn image(&self, service: &Service) -> Result<String, Failure> {
        let requested = service.image.clone().unwrap_or_default();
        let used = match &service.container.build {
            Some(build) => {
                let tag = format!("lab-{}-{}", self.token(), service.name).to_lowercase();
                crate::compose::build::image(&self.engine.docker, build, &tag, &self.labels)
                    .await?;
                tag
            }
            None => self.substitutes.of(&requested).to_owned(),
        };
        let found = image::need(&self.engine.docker, &used, &|_| {}).await?;
        let state = ServiceState::Image {
            requested: if requested.is_empty() {
                "built from the compose file".to_owned()
            } else {
                requested
            },
            used: used.clone(),
            id: found.id.unwrap_or_default(),
        };
        let _ = self
            .signals
            .send(Signal::Service(service.name.clone(), state));
        Ok(used)
    }

    /// Names that a service finds: its callees at their proxies, the others at themselves.
    fn hosts(&self, service: &Service) -> BTreeMap<String, IpAddr> {
        let fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
        let others = fleet
            .iter()
            .map(|(name, started)| (name.to_string(), started.address));
        let mut hosts: BTreeMap<String, IpAddr> = others.collect();
        for callee in service.container.by_name.keys() {
            let link = Link::new(service.name.clone(), callee.clone());
            if let Some(listen) = self.fixed.get(&link) {
                hosts.insert(callee.to_string(), listen.ip());
            }
        }
        hosts.remove(service.name.as_str());
        hosts
    }

    async fn start(
        &self,
        service: &Service,
        links: &BTreeMap<Name, SocketAddr>,
    ) -> Result<Started, Failure> {
        let failed = |reason: String| Failure::new(format!("service {}", service.name), reason);
        let image = self.image(service).await?;
        self.volumes(service).await?;
        let mut labels = self.labels.clone();
        labels.insert(labels::SERVICE.to_owned(), service.name.to_string());
        let name = format!("lab-{}-{}", self.token(), service.name);
        let volume = |name: &Name| self.volume_name(name);
        let request = launch::request(
            service,
            &Around {
                image: &image,
                name: name.clone(),
                network: self.network_name(),
                labels,
                links,
                hosts: self.hosts(service),
                volume: &volume,
            },
        )
        .map_err(failed)?;
        // In a task of its own: testcontainers' clean-up of a start that is given up in the middle
        // would wait for this very thread.
        let started = tokio::spawn(request.start()).await;
        let container = started
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(format!("its container does not start: {error}")))?;
        let id = container.id().to_owned();
        // From here on the labels know the container; its own clean-up would block as well.
        std::mem::forget(container);
        self.follow(service, &id, 0);
        let address = self.address(&id).await.map_err(failed)?;
        Ok(Started {
            id,
            port: service.container.port(),
            address,
        })
    }

    /// What this run made, as far as it knows: for when nobody can be asked.
    fn made(&self) -> Vec<String> {
        let fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
        let containers = fleet
            .keys()
            .map(|name| format!("container lab-{}-{name}", self.token()));
        let networks = self
            .networks
            .iter()
            .map(|network| format!("network {}", network.name));
        let services = self.system.services.iter();
        let used = services.filter(|service| fleet.contains_key(&service.name));
        let volumes = used
            .flat_map(launch::volumes)
            .map(|(name, _)| format!("volume {}", self.volume_name(&name)));
        containers.chain(networks).chain(volumes).collect()
    }

    fn network_name(&self) -> &str {
        self.networks
            .first()
            .map_or("", |network| network.name.as_str())
    }

    /// Where a container is on the run's network.
    async fn address(&self, id: &str) -> Result<IpAddr, String> {
        if let Some(found) = address(&self.engine, id).await? {
            return Ok(found);
        }
        let none = None::<InspectContainerOptions>;
        let found = self.engine.docker.inspect_container(id, none).await;
        let code = found.ok().and_then(|found| found.state?.exit_code);
        let status = code.map_or_else(String::new, |code| format!(" (exit status: {code})"));
        Err(format!("it ended as soon as it was started{status}"))
    }

    fn follow(&self, service: &Service, id: &str, since: i64) {
        let path = folder::log_path(&self.context.folder, &service.name);
        let task = watch::logs(self.engine.docker.clone(), id.to_owned(), since, path);
        self.logs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(task);
    }

    /// Waits until a container says of itself that it is well.
    async fn healthy(&self, service: &Service, id: &str) -> Result<(), Failure> {
        if service.container.health.is_empty() {
            return Ok(());
        }
        let within = service.ready.within;
        let command = &service.container.health;
        let asked = health::until_healthy(&self.engine.docker, id, command, within.duration());
        let Err(said) = asked.await else {
            return Ok(());
        };
        Err(Failure::new(
            format!("service {}", service.name),
            format!(
                "not healthy within {within}: `{}` does not succeed, and says {said}",
                command.join(" ")
            ),
        ))
    }
}

/// Where a container is on a run's network; `None` where it is on none now.
pub(super) async fn address(engine: &Engine, id: &str) -> Result<Option<IpAddr>, String> {
    let found = engine
        .docker
        .inspect_container(id, None::<InspectContainerOptions>)
        .await
        .map_err(|error| error.to_string())?;
    let networks = found
        .network_settings
        .and_then(|settings| settings.networks);
    Ok(networks
        .into_iter()
        .flatten()
        .find_map(|(_, endpoint)| endpoint.ip_address?.parse().ok()))
}

#[async_trait]
impl Environment for Running {
    fn proxy_address(&self, link: &Link) -> SocketAddr {
        let any = self.networks.first().map(|network| network.gateway);
        let any = SocketAddr::new(any.unwrap_or_else(|| [127, 0, 0, 1].into()), 0);
        self.fixed.get(link).copied().unwrap_or(any)
    }

    async fn launch(
        &self,
        service: &Service,
        links: &BTreeMap<Name, SocketAddr>,
    ) -> Result<String, Failure> {
        let launched = match self.start(service, links).await {
            Ok(started) => {
                let address = SocketAddr::new(started.address, started.port);
                let id = started.id.clone();
                self.fleet
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(service.name.clone(), started);
                self.healthy(service, &id)
                    .await
                    .map(|()| address.to_string())
            }
            Err(failure) => Err(failure),
        };
        match launched {
            Err(mut failure) => {
                let lines = self.last_lines(&service.name).await;
                if !lines.is_empty() {
                    failure.reason.push_str("\nits last lines:\n  ");
                    failure.reason.push_str(&lines.join("\n  "));
                }
                Err(failure)
            }
            launched => launched,
        }
    }

    fn service_faults(&self) -> Option<&dyn ServiceFaults> {
        Some(&self.faults)
    }

    async fn last_lines(&self, service: &Name) -> Vec<String> {
        // What a container wrote last arrives after its end.
        tokio::time::sleep(LAST_LINES).await;
        folder::last_lines(&folder::log_path(&self.context.folder, service), 10)
    }

    async fn stop(&self, pace: Pace) -> Vec<String> {
        self.events.abort();
        self.faults.end().await;
        let fleet: Vec<Started> = {
            let fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
            fleet.values().cloned().collect()
        };
        if pace == Pace::Orderly {
            let options = StopContainerOptionsBuilder::new().t(COURTESY).build();
            let stops = fleet.iter().map(|started| {
                self.engine
                    .docker
                    .stop_container(&started.id, Some(options.clone()))
            });
            // One that has ended already, or does not end, is removed below.
            let _ = timeout(REMOVAL, join_all(stops)).await;
        }
        let (_, mut left) = removal::remove_all(&self.engine.docker, &self.label, REMOVAL).await;
        if !left.is_empty() && self.engine.docker.ping().await.is_err() {
            left.extend(self.made());
        }
        let logs = std::mem::take(&mut *self.logs.lock().unwrap_or_else(PoisonError::into_inner));
        let _ = timeout(LAST_LINES, join_all(logs)).await;
        if left.is_empty() {
            self.lease.end();
        }
        if let Some(mut reaper) = self.reaper.lock().await.take() {
            if let Some(mut pipe) = reaper.stdin.take()
                && left.is_empty()
            {
                let _ = pipe.write_all(DONE).await;
                let _ = pipe.shutdown().await;
            }
            // With something left it goes on without the lab.
            if left.is_empty() {
                let _ = timeout(REMOVAL, reaper.wait()).await;
            }
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use lab_model::container::Container;
    use lab_model::system::{Ready, ReadyCheck};

    use super::*;

    #[test]
    fn no_two_links_need_one_port_of_one_gateway() {
        let name = |text| Name::new(text).unwrap();
        let service = |own, callees: &[(&str, u16)]| Service {
            name: name(own),
            command: vec![],
            image: None,
            env: BTreeMap::new(),
            container: Container {
                by_name: callees
                    .iter()
                    .map(|(callee, port)| (Name::new(callee).unwrap(), *port))
                    .collect(),
                ..Container::default()
            },
            ready: Ready {
                check: ReadyCheck::Tcp,
                within: lab_model::Span::from_secs(1),
            },
        };
        let link = |from, to| Link::new(name(from), name(to));
        let system = System {
            name: name("s"),
            services: vec![
                service("a", &[("b", 80), ("d", 5)]),
                service("b", &[("d", 5)]),
                service("d", &[]),
            ],
            links: vec![
                link("client", "a"),
                link("a", "b"),
                link("a", "d"),
                link("b", "d"),
            ],
            gateway: None,
            settings: BTreeMap::new(),
        };
        let found: Vec<_> = spread(&system).into_values().collect();
        assert_eq!(found, [(0, 80), (0, 5), (1, 5)]);
    }
}
