//! A system file, and services as a scenario may hold them itself.

use lab_model::container::Runtime;
use lab_model::{ByteSize, Link, Name, Span};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    AttachedSpec, FixtureSpec, GatewaySpec, JourneySpec, LedgerSpec, LoadSpec, ObjectiveSpec, Text,
};
use crate::tree::{At, Entries};

/// A system to rehearse on: what is started, how it is wired, what can be set, how it is used.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "System")]
pub(crate) struct SystemSpec {
    /// Its name, that of its folder.
    pub(crate) system: At<Name>,
    /// What it is, in a sentence or two.
    pub(crate) about: Option<At<String>>,
    /// Its services, by name.
    pub(crate) services: Option<At<Entries<Name, ServiceSpec>>>,
    /// Instead of `services`: those that run already, and are neither started nor stopped.
    pub(crate) attach: Option<At<Entries<Name, AttachedSpec>>>,
    /// Who calls whom; each gets a fault proxy. The load calls as `client`.
    pub(crate) links: At<Vec<At<Link>>>,
    /// A routing gateway: in links it is called `gateway`.
    pub(crate) gateway: Option<At<GatewaySpec>>,
    /// What can be set, by name: `orders.timeout`.
    pub(crate) knobs: Option<At<Entries<Name, KnobSpec>>>,
    /// What its users do, by name.
    pub(crate) journeys: Option<At<Entries<Name, JourneySpec>>>,
    /// How it is used in a sandbox (`lab up`).
    pub(crate) sandbox: Option<At<SandboxSpec>>,
    /// Where its users' writes are found again, for rehearsals (`lab grade`).
    pub(crate) ledgers: Option<At<Vec<At<LedgerSpec>>>>,
}

/// How a system is used in a sandbox.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Sandbox")]
pub(crate) struct SandboxSpec {
    /// What is driven against it.
    pub(crate) load: At<LoadSpec>,
    /// What is watched while it goes on.
    pub(crate) objectives: At<Vec<At<ObjectiveSpec>>>,
}

/// A service: a command, an image, or both.
///
/// Command and environment may hold `{port}` (the port chosen for it), `{link:X}` (host:port that
/// leads to service X through the fault proxy), `{env:X}` (its own environment value X, so that a
/// setting may reach a command), `{data}` (a folder of the run for it) and `{lab}` (the lab's own
/// program).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Service")]
pub(crate) struct ServiceSpec {
    /// The program and its arguments, to run it as a process.
    #[schemars(with = "Option<Vec<Text>>")]
    pub(crate) command: Option<At<Vec<At<String>>>>,
    /// The image, to run it as a container.
    pub(crate) image: Option<At<String>>,
    /// Its environment.
    #[schemars(with = "Option<Entries<String, Text>>")]
    pub(crate) env: Option<At<Entries<String, String>>>,
    /// What differs where it runs as a container.
    pub(crate) containers: Option<At<ContainerSpec>>,
    /// What it runs as, where that is not left open: it is left out of the system elsewhere, with
    /// its links.
    pub(crate) only: Option<At<Runtime>>,
    /// When it counts as started; if left out, as soon as its port accepts a connection.
    pub(crate) ready: Option<At<ReadySpec>>,
    /// What is done to it once it is ready, in order, before its callers start.
    pub(crate) fixtures: Option<At<Vec<At<FixtureSpec>>>>,
}

/// A service as a container.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Container")]
pub(crate) struct ContainerSpec {
    /// Arguments to the image's entry point, instead of its own command.
    #[schemars(with = "Option<Vec<Text>>")]
    pub(crate) command: Option<At<Vec<At<String>>>>,
    /// Environment values that it has instead of the service's own, or beside them.
    #[schemars(with = "Option<Entries<String, Text>>")]
    pub(crate) env: Option<At<Entries<String, String>>>,
    /// The port on which it listens, `{port}` in its environment; 8080 if left out.
    pub(crate) port: Option<At<u16>>,
    /// The size of its folder `{data}`, which is kept in memory then; without a limit if left out.
    pub(crate) data: Option<At<ByteSize>>,
    /// Files that are put into it before it starts: the path within, and the file, from where this
    /// file stands.
    pub(crate) files: Option<At<Entries<String, String>>>,
    /// The most memory it may take.
    pub(crate) memory: Option<At<ByteSize>>,
    /// The most processors it may keep busy: 0.5 is half of one.
    pub(crate) cpus: Option<At<f64>>,
}

/// When a service counts as started.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ready")]
pub(crate) struct ReadySpec {
    /// A path that answers with a status from 200 to 399.
    pub(crate) http: Option<At<String>>,
    /// Whether its port accepts a connection; the way if no other is given.
    pub(crate) tcp: Option<At<bool>>,
    /// How long it may take; 10s if left out.
    pub(crate) within: Option<At<Span>>,
}

/// A setting of a system: an environment value of one service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Knob")]
pub(crate) struct KnobSpec {
    /// The service it belongs to.
    pub(crate) service: At<Name>,
    /// The environment value it sets.
    pub(crate) env: At<String>,
    /// What it takes.
    #[serde(rename = "type")]
    pub(crate) takes: At<KnobType>,
    /// Its value where nobody sets it.
    #[schemars(with = "Text")]
    pub(crate) default: At<String>,
    /// What it does, in one sentence.
    pub(crate) about: At<String>,
    /// The values of a choice; for other types, words that it takes beside its type.
    #[schemars(with = "Option<Vec<Text>>")]
    pub(crate) values: Option<At<Vec<At<String>>>>,
}

/// What a setting takes; where its default is `none`, that word as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KnobType {
    /// `200ms`, `1.5s`.
    Duration,
    /// A whole number.
    Integer,
    /// `20%`.
    Ratio,
    /// `20KB`.
    Size,
    /// `150/s`.
    Rate,
    /// `on` or `off`.
    Flag,
    /// One of its `values`.
    Choice,
    /// Any text.
    Text,
}
