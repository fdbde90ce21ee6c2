//! A system as a plan starts it: services, readiness, links.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::container::Container;
use crate::fixture::Fixture;
use crate::gateway::Gateway;
use crate::name::{Link, Name};
use crate::units::Span;

/// Everything an environment driver needs to start a system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct System {
    /// The system's name; `inline` where the scenario declares services itself.
    pub name: Name,
    /// In the order in which they start: callees before callers.
    pub services: Vec<Service>,
    /// Every link that gets a proxy.
    pub links: Vec<Link>,
    /// Links on which TLS ends in the proxy and begins again, so that what is said inside is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tls: Vec<Link>,
    /// The gateway, where the system has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Gateway>,
    /// The settings the services run with: every knob with its value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<Name, String>,
}

impl System {
    /// The service of that name.
    pub fn service(&self, name: &Name) -> Option<&Service> {
        self.services.iter().find(|service| &service.name == name)
    }

    /// Whether it runs already, so that nothing is started and nothing stopped.
    pub fn is_attached(&self) -> bool {
        self.services
            .iter()
            .any(|service| service.attached.is_some())
    }

    /// The links through which the load enters.
    pub fn entries(&self) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(|link| link.is_entry())
    }
}

/// One service: a command or an image.
///
/// Commands, arguments and environment values may hold `{lab}` (the lab's own program), `{port}`
/// (the port chosen for the service), `{link:X}` (host:port of the proxy from this service to X),
/// `{env:X}` (its own environment value X) and `{data}` (a folder of the run for this service).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Its name, the callee and caller of links.
    pub name: Name,
    /// The program and its arguments, for the process driver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The image, for the container driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Environment values, knobs included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// What the container driver needs beside that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub container: Container,
    /// When it counts as started.
    pub ready: Ready,
    /// What is done to it once it is ready, in order, before its callers start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixtures: Vec<Fixture>,
    /// It runs already, and the lab neither starts nor stops it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached: Option<Attached>,
}

/// A service that runs already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Where it listens, as its file says: `127.0.0.1:8080`, `staging.example:80`.
    pub address: String,
    /// Where the proxy of a link into it listens, by caller: whoever runs the caller has pointed it
    /// there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub proxies: BTreeMap<Name, SocketAddr>,
}

fn is_default(container: &Container) -> bool {
    *container == Container::default()
}

/// When a service counts as started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// What is asked.
    pub check: ReadyCheck,
    /// How long it may take from the start of the process.
    pub within: Span,
}

/// What is asked of a service that starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadyCheck {
    /// `GET` on this path answers with a status from 200 to 399.
    Http(String),
    /// The port accepts a connection.
    Tcp,
}
