//! Services start in waves, callees before callers, and each is awaited until it is ready.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use lab_model::event::{Event, ServiceState};
use lab_model::system::{Service, System};
use lab_model::{Link, Name};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, timeout_at};

use crate::recorder::Recorder;
use crate::run::Seams;
use crate::seam::{Context, Environment, Failure, Furnishing, OpenGateway, Probe, Signal, Signals};

/// How long to wait between two questions to a service that is not ready.
const PAUSE: Duration = Duration::from_millis(25);

/// Groups services so that every callee is in an earlier group than its callers; services that
/// call each other in a circle start together.
pub(crate) fn waves(system: &System) -> Vec<Vec<&Service>> {
    let mut waiting: Vec<&Service> = system.services.iter().collect();
    let mut started: BTreeSet<&Name> = BTreeSet::new();
    let mut waves = Vec::new();
    while !waiting.is_empty() {
        let ready = |service: &&Service| {
            system
                .links
                .iter()
                .filter(|link| link.from == service.name)
                .all(|link| started.contains(&link.to) || system.service(&link.to).is_none())
        };
        let (mut wave, rest): (Vec<_>, Vec<_>) = waiting.iter().copied().partition(|s| ready(s));
        waiting = rest;
        if wave.is_empty() {
            wave = std::mem::take(&mut waiting);
        }
        started.extend(wave.iter().map(|service| &service.name));
        waves.push(wave);
    }
    waves
}

/// What a gateway needs to know of its run.
pub(crate) struct Gateways<'a> {
    pub(crate) context: &'a Context,
    pub(crate) seed: u64,
    pub(crate) signals: Signals,
}

/// Where each link's proxy listens.
type Listens = BTreeMap<Link, SocketAddr>;

/// Where everything listens.
pub(crate) struct Addresses {
    /// The proxy of each link.
    pub(crate) links: BTreeMap<Link, SocketAddr>,
    /// Each service itself.
    pub(crate) services: BTreeMap<Name, String>,
}

/// Opens a proxy on every link, starts every service behind its own, and returns where they listen.
pub(crate) async fn start(
    system: &System,
    environment: &dyn Environment,
    seams: &Seams,
    gateways: Gateways<'_>,
    recorder: &mut Recorder,
    signals: &mut UnboundedReceiver<Signal>,
) -> Result<(Addresses, Option<Box<dyn OpenGateway>>), Failure> {
    let mut listens = BTreeMap::new();
    let mut services = BTreeMap::new();
    for link in &system.links {
        let listen = environment.proxy_address(link);
        let listen = seams.plane.open(link, listen).await?;
        listens.insert(link.clone(), listen);
    }
    // First: services may call through it, and it calls nobody by itself.
    let host = system.links.first().map_or_else(
        || [127, 0, 0, 1].into(),
        |link| environment.proxy_address(link).ip(),
    );
    let seed = gateways.seed;
    let gateway = gateway(system, seams, gateways, (host, &listens), recorder).await?;
    for wave in waves(system) {
        let mut waits = Vec::new();
        for (service, begun, address) in launch(&wave, &listens, environment).await {
            let address = address?;
            services.insert(service.name.clone(), address.clone());
            for (link, listen) in listens.iter().filter(|(link, _)| link.to == service.name) {
                seams.plane.connect(link, &address).await?;
                recorder.record(Event::LinkOpened {
                    link: link.clone(),
                    listen: listen.to_string(),
                    upstream: address.clone(),
                });
            }
            let state = ServiceState::Started {
                address: address.clone(),
            };
            recorder.record(Event::Service {
                name: service.name.clone(),
                state,
            });
            waits.push((service, address, begun));
        }
        for (service, address, begun) in waits {
            let probe = seams.probe.as_ref();
            tokio::select! {
                ready = until_ready(probe, service, &address, begun) => match ready {
                    Ok(()) => {
                        let state = ServiceState::Ready { after: begun.elapsed().into() };
                        recorder.record(Event::Service { name: service.name.clone(), state });
                        furnish(environment, service, &address, &listens, seed).await?;
                    }
                    Err(reason) => return Err(explained(environment, service, &reason).await),
                },
                failure = first_exit(signals, recorder) => {
                    return Err(match failure {
                        Exit::Service(name, status) => {
                            let service = system.service(&name).unwrap_or(service);
                            let reason = format!("ended before it was ready ({status})");
                            explained(environment, service, &reason).await
                        }
                        Exit::Other(failure) => failure,
                    });
                }
            }
        }
    }
    let addresses = Addresses {
        links: listens,
        services,
    };
    Ok((addresses, gateway))
}

/// Starts the system's gateway, if it has one, between its links' proxies.
async fn gateway(
    system: &System,
    seams: &Seams,
    run: Gateways<'_>,
    (host, listens): (IpAddr, &Listens),
    recorder: &mut Recorder,
) -> Result<Option<Box<dyn OpenGateway>>, Failure> {
    let Some(gateway) = &system.gateway else {
        return Ok(None);
    };
    let begun = Instant::now();
    let upstreams = listens
        .iter()
        .filter(|(link, _)| link.from == gateway.name)
        .map(|(link, listen)| (link.to.clone(), *listen))
        .collect();
    let opening = seams
        .gateway
        .open(run.context, gateway, run.seed, host, upstreams, run.signals);
    let open = opening.await?;
    let address = open.address();
    for (link, listen) in listens.iter().filter(|(link, _)| link.to == gateway.name) {
        seams.plane.connect(link, &address).await?;
        recorder.record(Event::LinkOpened {
            link: link.clone(),
            listen: listen.to_string(),
            upstream: address.clone(),
        });
    }
    let after = begun.elapsed().into();
    for state in [
        ServiceState::Started { address },
        ServiceState::Ready { after },
    ] {
        let name = gateway.name.clone();
        recorder.record(Event::Service { name, state });
    }
    Ok(Some(open))
}

/// Makes the fixtures of a service that is ready.
async fn furnish(
    environment: &dyn Environment,
    service: &Service,
    address: &str,
    listens: &Listens,
    seed: u64,
) -> Result<(), Failure> {
    let links = outgoing(service, listens);
    let with = Furnishing {
        address,
        links: &links,
        seed,
    };
    for fixture in &service.fixtures {
        if let Err(failure) = environment.furnish(service, fixture, with).await {
            let reason = format!("its fixture failed: {}", failure.reason);
            return Err(explained(environment, service, &reason).await);
        }
    }
    Ok(())
}

/// Where the proxies of a service's outgoing links listen.
fn outgoing(service: &Service, listens: &Listens) -> BTreeMap<Name, SocketAddr> {
    listens
        .iter()
        .filter(|(link, _)| link.from == service.name)
        .map(|(link, listen)| (link.to.clone(), *listen))
        .collect()
}

/// Starts the services of a wave at the same time; waits until all have started or failed to.
async fn launch<'a>(
    wave: &[&'a Service],
    listens: &BTreeMap<Link, SocketAddr>,
    environment: &dyn Environment,
) -> Vec<(&'a Service, Instant, Result<String, Failure>)> {
    let launches = wave.iter().map(|service| async move {
        let outgoing = outgoing(service, listens);
        let begun = Instant::now();
        let address = environment.launch(service, &outgoing).await;
        (*service, begun, address)
    });
    join_all(launches).await
}

async fn until_ready(
    probe: &dyn Probe,
    service: &Service,
    address: &str,
    begun: Instant,
) -> Result<(), String> {
    let deadline = begun + service.ready.within.duration();
    let mut found = "no answer".to_owned();
    loop {
        match timeout_at(deadline, probe.check(address, &service.ready.check)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(answer)) => found = answer,
            Err(_) => {}
        }
        if Instant::now() + PAUSE >= deadline {
            return Err(format!(
                "not ready within {} ({found})",
                service.ready.within
            ));
        }
        sleep(PAUSE).await;
    }
}

enum Exit {
    Service(Name, String),
    Other(Failure),
}

/// Waits until something that should run has ended.
async fn first_exit(signals: &mut UnboundedReceiver<Signal>, recorder: &mut Recorder) -> Exit {
    loop {
        match signals.recv().await {
            Some(Signal::Service(name, state)) => {
                recorder.record(Event::Service {
                    name: name.clone(),
                    state: state.clone(),
                });
                if let ServiceState::Exited { status } = state {
                    return Exit::Service(name, status);
                }
            }
            Some(Signal::Gateway(event)) => recorder.record(event),
            Some(Signal::Failed(failure)) => return Exit::Other(failure),
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}

/// A failure of a service with its command and what it wrote last.
async fn explained(environment: &dyn Environment, service: &Service, reason: &str) -> Failure {
    let mut text = reason.to_owned();
    if !service.command.is_empty() {
        text.push_str("\ncommand: ");
        text.push_str(&service.command.join(" "));
    }
    let lines = environment.last_lines(&service.name).await;
    if let Some(attached) = &service.attached {
        text.push_str("\nit runs already, or should, at ");
        text.push_str(&attached.address);
        text.push_str("; the lab starts nothing there");
    } else if lines.is_empty() {
        text.push_str("\nit wrote nothing");
    } else {
        text.push_str("\nits last lines:");
        for line in lines {
            text.push_str("\n  ");
            text.push_str(&line);
        }
    }
    Failure::new(format!("service {}", service.name), text)
}
