//! Services start in waves, callees before callers, and each is awaited until it is ready.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use lab_model::event::{Event, ServiceState};
use lab_model::system::{Service, System};
use lab_model::{Link, Name};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, timeout_at};

use crate::recorder::Recorder;
use crate::run::Seams;
use crate::seam::{Environment, Failure, Probe, Signal};

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

/// Opens a proxy on every link, starts every service behind its own, and returns where each
/// link's proxy listens.
pub(crate) async fn start(
    system: &System,
    environment: &dyn Environment,
    seams: &Seams,
    recorder: &mut Recorder,
    signals: &mut UnboundedReceiver<Signal>,
) -> Result<BTreeMap<Link, SocketAddr>, Failure> {
    let mut listens = BTreeMap::new();
    for link in &system.links {
        let listen = seams.plane.open(link, environment.proxy_host()).await?;
        listens.insert(link.clone(), listen);
    }
    for wave in waves(system) {
        let mut waits = Vec::new();
        for service in wave {
            let outgoing = listens
                .iter()
                .filter(|(link, _)| link.from == service.name)
                .map(|(link, listen)| (link.to.clone(), *listen))
                .collect();
            let begun = Instant::now();
            let address = environment.launch(service, &outgoing).await?;
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
    Ok(listens)
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
    if lines.is_empty() {
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
