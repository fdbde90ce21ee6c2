//! The networks of a run, and where on them the proxies of links listen.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, TcpListener};

use lab_engine::Failure;
use lab_model::Link;
use lab_model::system::System;
use testcontainers::bollard::models::NetworkCreateRequest;

use super::engine::{Engine, failure};

/// A network of the run.
pub(super) struct Network {
    pub(super) name: String,
    pub(super) gateway: IpAddr,
}

impl Network {
    /// Makes one, and sees that this host has its gateway.
    pub(super) async fn make(
        engine: &Engine,
        name: String,
        labels: &HashMap<String, String>,
    ) -> Result<Self, Failure> {
        let docker = &engine.docker;
        let request = NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".to_owned()),
            labels: Some(labels.clone()),
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
                engine.place
            ))
        })?;
        Ok(Self { name, gateway })
    }
}

/// Which network each link with a port of its own is on, so that no two links need the same port
/// of the same gateway.
pub(super) fn spread(system: &System) -> BTreeMap<Link, (usize, u16)> {
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

#[cfg(test)]
mod tests {
    use lab_model::Name;
    use lab_model::container::Container;
    use lab_model::system::{Ready, ReadyCheck, Service};

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
            fixtures: vec![],
            attached: None,
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
            tls: Vec::new(),
            gateway: None,
            settings: BTreeMap::new(),
        };
        let found: Vec<_> = spread(&system).into_values().collect();
        assert_eq!(found, [(0, 80), (0, 5), (1, 5)]);
    }
}
