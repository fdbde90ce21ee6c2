//! A system that runs already: nothing is started, nothing is stopped, and nothing inside of it is
//! led anywhere else. Its load goes through proxies all the same, and so does what its owner
//! pointed at one.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use lab_engine::Failure;
use lab_engine::seam::{Context, Environment, EnvironmentDriver, Pace, Signals};
use lab_model::system::{Service, System};
use lab_model::{Link, Name, Plan};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::allowed;
use crate::lease::Lease;

/// How long one of several addresses may take to accept before the next one is tried.
const PATIENCE: Duration = Duration::from_secs(1);

/// Starts nothing.
#[derive(Debug, Clone)]
pub struct Attached {
    /// What runs already.
    pub system: System,
    /// Hosts beside this one that load and faults may reach.
    pub allowed: Vec<String>,
}

struct Running {
    attached: Attached,
    lease: Lease,
}

#[async_trait]
impl EnvironmentDriver for Attached {
    fn name(&self) -> Name {
        crate::name("attached")
    }

    async fn obstacles(&self, plan: &Plan) -> Vec<String> {
        let faults = plan.faults.iter().filter_map(|fault| {
            let service = &fault.on_service()?.service;
            let kind = &fault.kind;
            Some(format!(
                "{kind} on {service}: it runs already, and the lab has no hands on it"
            ))
        });
        faults.collect()
    }

    async fn open(&self, run: &Context, _: Signals) -> Result<Box<dyn Environment>, Failure> {
        Ok(Box::new(Running {
            attached: self.clone(),
            // The generator is the lab's, and so are proxies on somebody else's server.
            lease: Lease::write(run, None)?,
        }))
    }
}

#[async_trait]
impl Environment for Running {
    fn proxy_address(&self, link: &Link) -> SocketAddr {
        let callee = self.attached.system.service(&link.to);
        let proxies = callee.and_then(|callee| Some(&callee.attached.as_ref()?.proxies));
        let fixed = proxies.and_then(|proxies| proxies.get(&link.from)).copied();
        fixed.unwrap_or((Ipv4Addr::LOCALHOST, 0).into())
    }

    async fn launch(
        &self,
        service: &Service,
        _: &BTreeMap<Name, SocketAddr>,
    ) -> Result<String, Failure> {
        let failed = |reason: &str| Failure::new(format!("service {}", service.name), reason);
        let attached = service.attached.as_ref();
        let attached = attached.ok_or_else(|| failed("it has no address"))?;
        let found = allowed::addresses(&attached.address, &self.attached.allowed).await;
        let found = found.map_err(|reason| failed(&reason))?;
        let mut chosen = found.first().copied();
        if found.len() > 1 {
            for address in &found {
                let connected = timeout(PATIENCE, TcpStream::connect(address)).await;
                if matches!(connected, Ok(Ok(_))) {
                    chosen = Some(*address);
                    break;
                }
            }
        }
        // An address from here on: a name may stand for something else a moment later.
        let chosen = chosen.ok_or_else(|| failed("it stands for no address"))?;
        Ok(chosen.to_string())
    }

    async fn last_lines(&self, _: &Name) -> Vec<String> {
        vec![]
    }

    async fn stop(&self, _: Pace) -> Vec<String> {
        self.lease.end();
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use lab_model::container::Container;
    use lab_model::system::{Attached as Place, Ready, ReadyCheck};

    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn service(own: &str, address: &str, proxies: &[(&str, &str)]) -> Service {
        let proxies = proxies.iter();
        Service {
            name: name(own),
            command: vec![],
            image: None,
            env: BTreeMap::new(),
            container: Container::default(),
            ready: Ready {
                check: ReadyCheck::Tcp,
                within: lab_model::Span::from_secs(1),
            },
            fixtures: vec![],
            attached: Some(Place {
                address: address.to_owned(),
                proxies: proxies
                    .map(|(caller, listen)| (name(caller), listen.parse().unwrap()))
                    .collect(),
            }),
        }
    }

    #[tokio::test]
    async fn only_what_was_pointed_there_finds_a_fixed_proxy() {
        let folder = tempfile::tempdir().unwrap();
        let web = service("web", "127.0.0.1:1", &[]);
        let far = service("far", "192.0.2.7:80", &[("web", "127.0.0.1:19001")]);
        let attached = Attached {
            system: System {
                name: name("attached"),
                services: vec![web.clone(), far.clone()],
                links: vec![],
                tls: Vec::new(),
                gateway: None,
                settings: BTreeMap::new(),
            },
            allowed: vec![],
        };
        let context = Context {
            run: lab_model::RunId::new("r").unwrap(),
            folder: folder.path().to_owned(),
        };
        let (sender, _heard) = tokio::sync::mpsc::unbounded_channel();
        let running = attached.open(&context, sender).await.unwrap();
        let listens = |from, to| running.proxy_address(&Link::new(name(from), name(to)));
        assert_eq!(listens("web", "far").to_string(), "127.0.0.1:19001");
        assert_eq!(listens("client", "far").to_string(), "127.0.0.1:0");
        let none = BTreeMap::new();
        assert_eq!(running.launch(&web, &none).await.unwrap(), "127.0.0.1:1");
        let refused = running.launch(&far, &none).await.unwrap_err();
        assert!(refused.reason.contains("--allow 192.0.2.7"), "{refused}");
        assert!(running.stop(Pace::Orderly).await.is_empty());
        assert!(!folder.path().join("lease.json").exists());
    }
}
