//! The environment of a run: its services as containers, and their end.

use std::collections::{BTreeMap, HashMap};
use std::fs::OpenOptions;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use lab_engine::Failure;
use lab_engine::seam::{Context, Environment, Furnishing, Pace, ServiceFaults, Signal, Signals};
use lab_model::event::ServiceState;
use lab_model::fixture::Fixture;
use lab_model::system::{Service, System};
use lab_model::{Link, Name};
use testcontainers::bollard::models::VolumeCreateRequest;
use testcontainers::bollard::query_parameters::{
    InspectContainerOptions, StopContainerOptionsBuilder,
};
use testcontainers::runners::AsyncRunner;
use tokio::io::AsyncWriteExt;
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::engine::{Engine, failure};
use super::faults::Faults;
use super::fleet::{Fleet, Started, address};
use super::image::{self, Substitutes};
use super::launch::{self, Around};
use super::network::{Network, spread};
use super::reaper::DONE;
use super::{exec, labels, removal, watch};
use crate::acts::Acts;
use crate::compose::health;
use crate::fixtures;
use crate::folder;
use crate::lease::Lease;

/// How long removal may take before what is left is named.
pub(super) const REMOVAL: Duration = Duration::from_secs(30);
/// How long services may take to end after they were asked to, in seconds.
const COURTESY: i32 = 2;
/// How long the last lines of a log may take to arrive.
const LAST_LINES: Duration = Duration::from_millis(500);

/// What runs, and what is needed to end it.
pub(super) struct Running {
    pub(super) engine: Engine,
    pub(super) context: Context,
    pub(super) system: System,
    pub(super) substitutes: Substitutes,
    pub(super) label: String,
    pub(super) labels: HashMap<String, String>,
    pub(super) networks: Vec<Network>,
    /// Which network's gateway and port the proxy of a link needs, where that is not open.
    pub(super) fixed: BTreeMap<Link, SocketAddr>,
    pub(super) fleet: std::sync::Arc<Fleet>,
    pub(super) faults: Acts<Faults>,
    pub(super) signals: Signals,
    pub(super) logs: Mutex<Vec<JoinHandle<()>>>,
    pub(super) events: JoinHandle<()>,
    pub(super) reaper: tokio::sync::Mutex<Option<Child>>,
    pub(super) lease: Lease,
}

impl Running {
    /// Makes the networks.
    pub(super) async fn prepare(&mut self) -> Result<(), Failure> {
        let spread = spread(&self.system);
        let last = spread.values().map(|(network, _)| *network).max();
        let token = self.token().to_owned();
        for number in 0..=last.unwrap_or(0) {
            let name = match number {
                0 => format!("lab-{token}"),
                _ => format!("lab-{token}-{number}"),
            };
            let network = Network::make(&self.engine, name, &self.labels).await?;
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

    /// Runs a command to its end within a service's container, with what it writes in the service's
    /// log.
    async fn within(
        &self,
        service: &Service,
        words: Vec<String>,
        with: Furnishing<'_>,
    ) -> Result<(), String> {
        let id = {
            let fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
            fleet.get(&service.name).map(|started| started.id.clone())
        };
        let id = id.ok_or("it was never started")?;
        let words = launch::filled(service, &words, with.links)?;
        let path = folder::log_path(&self.context.folder, &service.name);
        let log = OpenOptions::new().create(true).append(true).open(path);
        let mut log = log.map_err(|error| error.to_string())?;
        // A log that cannot be written is missed where somebody looks for it.
        let mut heard = move |text: String| {
            let _ = log.write_all(text.as_bytes());
        };
        let env = [format!("{}={}", fixtures::SEED, with.seed)];
        exec::run(&self.engine.docker, &id, &words, &env, &mut heard).await
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

    async fn furnish(
        &self,
        service: &Service,
        fixture: &Fixture,
        with: Furnishing<'_>,
    ) -> Result<(), Failure> {
        fixtures::make(service, fixture, with, |words| {
            self.within(service, words, with)
        })
        .await
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
