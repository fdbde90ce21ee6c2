//! A scenario file.

use lab_model::container::Runtime;
use lab_model::{Link, Name, Span};
use lab_verdict::patterns::PatternSpec;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    AbortSpec, AttachedSpec, GatewaySpec, LedgerSpec, LoadSpec, ObjectiveSpec, PhaseSpec,
    RehearsalSpec, ServiceSpec, Text,
};
use crate::tree::{At, Entries};

/// A rehearsal of failure: a system, the load on it, what is broken when, and what must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scenario")]
pub(crate) struct ScenarioSpec {
    /// Its name, the file's without `.yaml`.
    pub(crate) scenario: At<Name>,
    /// What it is about, in one sentence; the hypothesis where none is given.
    pub(crate) about: Option<At<String>>,
    /// What is claimed and put to the test, in one sentence.
    pub(crate) hypothesis: Option<At<String>>,
    /// What one learns when it fails, in one sentence.
    pub(crate) lesson: Option<At<String>>,
    /// Labels for choosing scenarios.
    pub(crate) tags: Option<At<Vec<At<Name>>>>,
    /// Decides every random choice; the same seed makes the same run. 1 if left out.
    pub(crate) seed: Option<At<u64>>,
    /// A system that comes with the lab; or else `services` and `links`.
    pub(crate) system: Option<At<Name>>,
    /// Services of your own, by name.
    pub(crate) services: Option<At<Entries<Name, ServiceSpec>>>,
    /// Who calls whom among them; the load calls as `client`.
    pub(crate) links: Option<At<Vec<At<Link>>>>,
    /// Links that carry TLS and whose TLS ends in the proxy and begins again, so that faults of HTTP,
    /// and counts, are of what is said inside. Callers have to trust the run's authority
    /// (`{authority}`), callees are taken as they are.
    pub(crate) tls: Option<At<Vec<At<Link>>>>,
    /// A routing gateway of the services above: in links it is called `gateway`.
    pub(crate) gateway: Option<At<GatewaySpec>>,
    /// A compose file to start, relative to this file: its services become containers of the run.
    pub(crate) compose: Option<At<String>>,
    /// Services that run already, by name: they are proxied and loaded, never started or stopped.
    pub(crate) attach: Option<At<Entries<Name, AttachedSpec>>>,
    /// A Toxiproxy-compatible server that runs already, such as 127.0.0.1:8474: faults are injected
    /// through it instead of the lab's own proxy.
    pub(crate) toxiproxy: Option<At<String>>,
    /// What services run as; if left out, processes where all have a command, else containers.
    pub(crate) driver: Option<At<Runtime>>,
    /// Settings of the system that differ from its defaults: `orders.timeout: 400ms`.
    #[schemars(with = "Option<Entries<Name, Text>>")]
    pub(crate) settings: Option<At<Entries<Name, String>>>,
    /// Who uses the system, and how often.
    pub(crate) load: At<LoadSpec>,
    /// What happens when, in order, without gaps.
    pub(crate) phases: At<Vec<At<PhaseSpec>>>,
    /// What must hold; may be left out where there are patterns.
    pub(crate) objectives: Option<At<Vec<At<ObjectiveSpec>>>>,
    /// What must be found in the system of the writes that it acknowledged.
    pub(crate) ledgers: Option<At<Vec<At<LedgerSpec>>>>,
    /// Resilience patterns to be seen on the wire.
    pub(crate) patterns: Option<At<Vec<At<PatternSpec>>>>,
    /// What whoever handles it by hand is told and held to, with `lab rehearse`.
    pub(crate) rehearsal: Option<At<RehearsalSpec>>,
    /// What ends the run early.
    pub(crate) abort: Option<At<Vec<At<AbortSpec>>>>,
    /// Ends the run as soon as its verdict is decided in slices of time: a fail at once, a pass when
    /// so much of the phase is over and nothing that follows is judged.
    pub(crate) early_stop: Option<At<Span>>,
    /// Settings worth trying when the run fails.
    #[schemars(with = "Option<Entries<Name, Text>>")]
    pub(crate) remedy: Option<At<Entries<Name, String>>>,
}
