//! The seams: what a run needs from the world. Drivers implement them; `scripted` doubles them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use async_trait::async_trait;
use lab_model::event::{Event, ServiceState};
use lab_model::fixture::Fixture;
use lab_model::gateway::Gateway;
use lab_model::indicator::ReadingReport;
use lab_model::ledger::{LedgerCheck, LedgerReport};
use lab_model::link::{FaultReport, LinkReport};
use lab_model::load::LoadReport;
use lab_model::plan::{Fault, Plan};
use lab_model::rehearsal::BlockEnd;
use lab_model::system::{ReadyCheck, Service};
use lab_model::{Histogram, Link, Name, Rate, Record, RunId, Span};
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
    /// The gateway: a change, or its report of about a second.
    Gateway(Event),
    /// The rate of arrivals changes, as it was asked to.
    LoadChanged {
        /// From when on, from the start of the load.
        from: Span,
        /// Journeys per second from then on.
        rate: Rate,
    },
    /// A figure of the system was read.
    Reading(ReadingReport),
    /// Round trips of a fixed echo beside the load.
    Calibration(Histogram),
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

    /// What of a plan this driver cannot do on this host: what, why, and what would be needed.
    /// Asked before anything is started.
    async fn obstacles(&self, _: &Plan) -> Vec<String> {
        vec![]
    }

    /// Makes ready for services: the lease and the reaper come before anything else.
    async fn open(&self, run: &Context, signals: Signals) -> Result<Box<dyn Environment>, Failure>;
}

/// A place where services run.
#[async_trait]
pub trait Environment: Send + Sync {
    /// The address on which the proxy of a link must listen so that the caller and the load reach
    /// it; port 0 where any will do.
    fn proxy_address(&self, link: &Link) -> SocketAddr;

    /// Starts one service, given where the proxies of its outgoing links listen, and says where it
    /// listens itself. Does not wait until it is ready.
    async fn launch(
        &self,
        service: &Service,
        links: &BTreeMap<Name, SocketAddr>,
    ) -> Result<String, Failure>;

    /// Makes a fixture of a service that is ready. What it writes goes to the service's log.
    async fn furnish(
        &self,
        service: &Service,
        _: &Fixture,
        _: Furnishing<'_>,
    ) -> Result<(), Failure> {
        let part = format!("service {}", service.name);
        Err(Failure::new(part, "this environment makes no fixtures"))
    }

    /// Faults on services; `None` where this environment knows none.
    fn service_faults(&self) -> Option<&dyn ServiceFaults> {
        None
    }

    /// What a service wrote last, at most ten lines.
    async fn last_lines(&self, service: &Name) -> Vec<String>;

    /// Stops and removes everything; returns what could not be removed.
    async fn stop(&self, pace: Pace) -> Vec<String>;
}

/// Where and with what a fixture is made.
#[derive(Debug, Clone, Copy)]
pub struct Furnishing<'a> {
    /// Where the service listens.
    pub address: &'a str,
    /// Where the proxies of its outgoing links listen.
    pub links: &'a BTreeMap<Name, SocketAddr>,
    /// The run's seed.
    pub seed: u64,
}

/// Faults on the services of an environment, as [`FaultPlane`] has them on links.
///
/// A service that was started again says so with [`ServiceState::Started`] and its address; links
/// into it are led there.
#[async_trait]
pub trait ServiceFaults: Send + Sync {
    /// Arms a fault; its plan names the service.
    async fn apply(&self, index: usize, fault: &Fault) -> Result<Receipt, Failure>;

    /// Reads back whether a fault is in place as applied; `Some` says what was found instead.
    async fn verify(&self, receipt: &Receipt) -> Result<Option<String>, Failure>;

    /// Takes a fault back; succeeds where it is gone already.
    async fn heal(&self, receipt: &Receipt) -> Result<(), Failure>;

    /// What the states of services under a fault showed since the observation before.
    async fn observe(&self) -> Result<Vec<FaultReport>, Failure>;

    /// Starts a service again, whether it runs or not, as whoever handles an incident would.
    async fn restart(&self, service: &Name) -> Result<(), Failure>;
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
    /// Puts a proxy on a link, which leads nowhere yet; says where it listens, with the port that was
    /// chosen where 0 was asked for.
    async fn open(&self, link: &Link, listen: SocketAddr) -> Result<SocketAddr, Failure>;

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

    /// Starts a service again, where the plane has services.
    async fn restart(&self, service: &Name) -> Result<(), Failure> {
        let part = format!("service {service}");
        Err(Failure::new(part, "it cannot be started again here"))
    }

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

/// Runs a system's gateway.
#[async_trait]
pub trait GatewayDriver: Send + Sync {
    /// Starts a gateway on an address that its callers reach; `upstreams` says where the proxies of
    /// its outgoing links listen. It serves until what is returned is dropped.
    async fn open(
        &self,
        run: &Context,
        gateway: &Gateway,
        seed: u64,
        host: IpAddr,
        upstreams: BTreeMap<Name, SocketAddr>,
        signals: Signals,
    ) -> Result<Box<dyn OpenGateway>, Failure>;
}

/// A gateway that serves.
pub trait OpenGateway: Send {
    /// Where callers reach it.
    fn address(&self) -> String;
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

    /// From an instant of the load on, some 100 ms ahead at least, another rate. That it is so
    /// comes as [`Signal::LoadChanged`].
    async fn change(&mut self, from: Span, rate: Rate) -> Result<(), Failure>;

    /// Ends it at once, if it still runs; the last reports come as signals before this returns.
    async fn stop(&mut self);

    /// Before the load starts: remembers what the system already holds of each ledger's entries.
    /// `services` are the addresses of the system's services.
    async fn open_books(&mut self, services: &BTreeMap<Name, String>) -> Result<(), Failure>;

    /// When the load has ended: compares each ledger of the plan with what the system holds.
    async fn compare_books(&mut self) -> Vec<LedgerReport>;
}

/// Reads figures of the system while it runs.
pub trait ReadingDriver: Send + Sync {
    /// Reads the indicators of a plan that have a source, as often as they ask, from time zero of
    /// the load on; `services` are the addresses of the system's services. What is found comes as
    /// [`Signal::Reading`], until what is returned is dropped.
    fn start(
        &self,
        plan: &Plan,
        services: &BTreeMap<Name, String>,
        zero: Instant,
        signals: Signals,
    ) -> Box<dyn Send>;
}

/// Looks into the stores of a system while it runs.
#[async_trait]
pub trait Stores: Send + Sync {
    /// Compares what was acknowledged so far, as a check of the plan says, with what it holds now;
    /// `services` are the addresses of the system's services.
    async fn compare(&self, check: &LedgerCheck, services: &BTreeMap<Name, String>)
    -> LedgerReport;
}

/// Runs blocks of runbooks.
#[async_trait]
pub trait Shell: Send + Sync {
    /// Runs one script to its end, and ends whatever it has started when its time is up. An error
    /// means that it could not be started at all.
    async fn run(&self, script: &Script) -> Result<Ran, Failure>;
}

/// A block, as a shell is given it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// What messages call it.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its whole environment, but for what every shell needs.
    pub variables: Vec<(String, String)>,
    /// Where it runs.
    pub folder: PathBuf,
    /// The most time it may take.
    pub limit: Span,
    /// Kill it after that time, as a mutant asks for.
    pub killed_after: Option<Span>,
    /// The variables whose values it leaves to later blocks.
    pub saves: Vec<String>,
}

/// How a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// In which way.
    pub end: BlockEnd,
    /// What it wrote to standard output and standard error, its middle left out where it is long.
    pub output: String,
    /// The values that it leaves.
    pub saved: Vec<(String, String)>,
    /// How long it took.
    pub took: Span,
}

/// Takes the journal's entries, in order.
pub trait Sink: Send {
    /// One entry. A failure ends the run: a run that cannot be recorded proves nothing.
    fn take(&mut self, record: &Record) -> Result<(), Failure>;
}
