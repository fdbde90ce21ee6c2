//! What the files may hold: one type a section, read loosely, with a place for every value.
//!
//! These types are the language: the reader, the JSON schemas and the words that editors show
//! derive from them. Nothing here knows whether a file makes sense; that is `resolve`.

mod arrivals;
mod attach;
mod data;
mod fault;
mod fixture;
mod gateway;
mod indicator;
mod ledger;
mod load;
mod objective;
mod phase;
mod rehearsal;
mod scenario;
mod step;
mod system;
mod text;

pub(crate) use arrivals::{ArrivalsSpec, ReplaySpec};
pub(crate) use attach::AttachedSpec;
pub(crate) use data::{FeederSpec, FileSpec};
pub(crate) use fault::{FlapSpec, InjectSpec};
pub(crate) use fixture::{FixtureSpec, SqlFixtureSpec};
pub(crate) use gateway::{FlagSpec, GatewaySpec, HealthSpec, RouteSpec, StickySpec, UpstreamSpec};
pub(crate) use indicator::{
    BusinessSpec, FreshnessSpec, HttpReadSpec, InvariantSpec, MetricSpec, ParitySpec, ReadSpec,
    SaturationSpec, SqlReadSpec, ThroughputSpec,
};
pub(crate) use ledger::{HttpSourceSpec, LedgerSpec, SourceSpec, SqlSourceSpec};
pub(crate) use load::{JourneyChoice, JourneySpec, LoadSpec};
pub(crate) use objective::{AbortSpec, AvailabilitySpec, LatencySpec, NoWorseSpec, ObjectiveSpec};
pub(crate) use phase::{FaultPhaseSpec, PhaseSpec, TrialsSpec};
pub(crate) use rehearsal::RehearsalSpec;
pub(crate) use scenario::ScenarioSpec;
pub(crate) use step::{CheckSpec, ExtractSpec, SaveSpec, StepSpec, ThinkSpec, WriteSpec};
pub(crate) use system::{
    ContainerSpec, KnobSpec, KnobType, ReadySpec, SandboxSpec, ServiceSpec, SystemSpec,
};
pub(crate) use text::Text;
