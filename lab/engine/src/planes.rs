//! Faults on links and faults on services behind one plane: the fault itself tells which it is.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use lab_model::plan::Fault;
use lab_model::{Link, Name};

use crate::seam::{Environment, Failure, FaultPlane, Observation, Receipt, ServiceFaults};

/// The plane of a run: its proxies, and the services of its environment.
pub(crate) struct Planes<'a> {
    links: &'a dyn FaultPlane,
    services: Option<&'a dyn ServiceFaults>,
    /// The faults (indices) that were applied to services.
    on_services: Mutex<BTreeSet<usize>>,
}

impl<'a> Planes<'a> {
    pub(crate) fn new(links: &'a dyn FaultPlane, environment: &'a dyn Environment) -> Self {
        Self {
            links,
            services: environment.service_faults(),
            on_services: Mutex::default(),
        }
    }

    fn services(&self, fault: &Fault) -> Result<&'a dyn ServiceFaults, Failure> {
        self.services.ok_or_else(|| {
            let reason = format!("this environment has no faults on services: {}", fault.kind);
            Failure::new(format!("fault on {}", fault.site()), reason)
        })
    }

    /// Where the fault of a receipt is one on a service: who knows of it.
    fn of_receipt(&self, receipt: &Receipt) -> Option<&'a dyn ServiceFaults> {
        let applied = self.on_services.lock();
        let applied = applied.unwrap_or_else(PoisonError::into_inner);
        self.services.filter(|_| applied.contains(&receipt.fault))
    }
}

#[async_trait]
impl FaultPlane for Planes<'_> {
    async fn open(&self, link: &Link, listen: SocketAddr) -> Result<SocketAddr, Failure> {
        self.links.open(link, listen).await
    }

    async fn connect(&self, link: &Link, upstream: &str) -> Result<(), Failure> {
        self.links.connect(link, upstream).await
    }

    async fn apply(&self, index: usize, fault: &Fault) -> Result<Receipt, Failure> {
        match fault.on_service() {
            Some(_) => {
                let services = self.services(fault)?;
                self.on_services
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(index);
                services.apply(index, fault).await
            }
            None => self.links.apply(index, fault).await,
        }
    }

    async fn verify(&self, receipt: &Receipt) -> Result<Option<String>, Failure> {
        match self.of_receipt(receipt) {
            Some(services) => services.verify(receipt).await,
            None => self.links.verify(receipt).await,
        }
    }

    async fn heal(&self, receipt: &Receipt) -> Result<(), Failure> {
        match self.of_receipt(receipt) {
            Some(services) => services.heal(receipt).await,
            None => self.links.heal(receipt).await,
        }
    }

    async fn observe(&self) -> Result<Observation, Failure> {
        let mut observation = self.links.observe().await?;
        if let Some(services) = self.services {
            observation.faults.extend(services.observe().await?);
        }
        Ok(observation)
    }

    async fn restart(&self, service: &Name) -> Result<(), Failure> {
        match self.services {
            Some(services) => services.restart(service).await,
            None => self.links.restart(service).await,
        }
    }

    async fn close(&self) -> Vec<String> {
        self.links.close().await
    }
}
