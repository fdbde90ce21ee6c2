//! The seams: what a run needs from the world. Drivers implement them; `scripted` doubles them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use async_trait::async_trait;
use lab_model::event::ServiceState;
use lab_model::link::{FaultReport, LinkReport};
use lab_model::load::LoadReport;
use lab_model::plan::{Fault, Plan};
use lab_model::system::{ReadyCheck, Service};
use lab_model::{Link, Name, Record, RunId};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

/// The environment or the lab itself failed: which part, and why, with what to try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {reason}")]
pub struct Failure {
    /// `service orders`, `load`, `proxy`, `journal`.
    pub part: String,
    /// What happened.
    pub reason: String,
}

impl Failure {
    /// A failure of a part.
    pub fn new(part: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self {
            part: part.into(),
            reason: reason.to_string(),
        }
    }
}

/// What a run tells its drivers about itself.
#[derive(Debug, Clone)]
pub struct Context {
    /// The run.
    pub run: RunId,
    /// Its folder: nothing of the run is written anywhere else.
    pub folder: PathBuf,
}

/// What happens outside the dispatcher's own clock.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// A service changed its state by itself.
    Service(Name, ServiceState),
    /// The generator reports about a second.
    Load(LoadReport),
    /// The generator has ended, with this many acknowledged writes on record.
    LoadEnded {
        /// Writes in the ledger.
        acknowledged: u64,
    },
    /// Something the run cannot do without broke.
    Failed(Failure),
}

/// Where drivers send signals.
pub type Signals = UnboundedSender<Signal>;

/// Starts systems: processes, containers.
#[async_trait]
pub trait EnvironmentDriver: Send + Sync {
    /// The driver's name in the journal.
    fn name(&self) -> Name;

    /// Makes ready for services: the lease and the reaper come before anything else.
    async fn open(&self, run: &Context, signals: Signals) -> Result<Box<dyn Environment>, Failure>;
}

/// A place where services run.
#[async_trait]
pub trait Environment: Send + Sync {
    /// The address on which proxies must listen so that services and load reach them.
    fn proxy_host(&self) -> IpAddr;

    /// Starts one service, given where the proxies of its outgoing links listen, and says where it
    /// listens itself. Does not wait until it is ready.
    async fn launch(
        &self,
        service: &Service,
        links: &BTreeMap<Name, SocketAddr>,
    ) -> Result<String, Failure>;

    /// What a service wrote last, at most ten lines.
    async fn last_lines(&self, service: &Name) -> Vec<String>;

    /// Stops and removes everything; returns what could not be removed.
    async fn stop(&self, pace: Pace) -> Vec<String>;
}

/// How a stop goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Services may finish what they do, for a short while.
    Orderly,
    /// At once.
    Fast,
}

/// Asks a service whether it is ready.
#[async_trait]
pub trait Probe: Send + Sync {
    /// One question, answered within a second; the error says what was found instead.
    async fn check(&self, endpoint: &str, check: &ReadyCheck) -> Result<(), String>;
}

/// A fault that was applied: what must be there as long as it is armed, and what to take back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Index into the plan's faults.
    pub fault: usize,
    /// Where.
    pub link: Link,
    /// The plane's own names of what it set, in order.
    pub marks: Vec<String>,
}

/// Proxies on links, and faults in them.
#[async_trait]
pub trait FaultPlane: Send + Sync {
    /// Puts a proxy on a link, which leads nowhere yet; says where it listens.
    async fn open(&self, link: &Link, host: IpAddr) -> Result<SocketAddr, Failure>;

    /// Says where the link leads.
    async fn connect(&self, link: &Link, upstream: &str) -> Result<(), Failure>;

    /// Arms a fault.
    async fn apply(&self, index: usize, fault: &Fault) -> Result<Receipt, Failure>;

    /// Reads back whether a fault is in place as applied; `Some` says what was found instead.
    async fn verify(&self, receipt: &Receipt) -> Result<Option<String>, Failure>;

    /// Takes a fault back; succeeds where it is gone already.
    async fn heal(&self, receipt: &Receipt) -> Result<(), Failure>;

    /// What happened on links and to faults since the observation before.
    async fn observe(&self) -> Result<Observation, Failure>;

    /// Removes every proxy; returns what could not be removed.
    async fn close(&self) -> Vec<String>;
}

/// What a plane saw since the observation before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observation {
    /// Links with traffic.
    pub links: Vec<LinkReport>,
    /// Faults that are armed, or were since the observation before.
    pub faults: Vec<FaultReport>,
}

/// Makes load generators.
#[async_trait]
pub trait LoadDriver: Send + Sync {
    /// Gets a generator ready; `targets` maps services to the proxies of their entry links.
    async fn prepare(
        &self,
        run: &Context,
        plan: &Plan,
        targets: BTreeMap<Name, String>,
        signals: Signals,
    ) -> Result<Box<dyn Load>, Failure>;
}

/// A generator that is ready.
#[async_trait]
pub trait Load: Send + Sync {
    /// Time zero of the load, a little ahead.
    async fn start(&mut self, at: Instant) -> Result<(), Failure>;

    /// Ends it at once, if it still runs; the last reports come as signals before this returns.
    async fn stop(&mut self);
}

/// Takes the journal's entries, in order.
pub trait Sink: Send {
    /// One entry. A failure ends the run: a run that cannot be recorded proves nothing.
    fn take(&mut self, record: &Record) -> Result<(), Failure>;
}
