//! What the files may hold: one type a section, read loosely, with a place for every value.
//!
//! These types are the language: the reader, the JSON schemas and the words that editors show
//! derive from them. Nothing here knows whether a file makes sense; that is `resolve`.

mod fault;
mod load;
mod objective;
mod phase;
mod scenario;
mod system;
mod text;

pub(crate) use fault::{FlapSpec, InjectSpec};
pub(crate) use load::{ArrivalsSpec, JourneyChoice, JourneySpec, LoadSpec, StepSpec};
pub(crate) use objective::{AbortSpec, AvailabilitySpec, LatencySpec, ObjectiveSpec};
pub(crate) use phase::{FaultPhaseSpec, PhaseSpec};
pub(crate) use scenario::ScenarioSpec;
pub(crate) use system::{KnobSpec, KnobType, ReadySpec, ServiceSpec, SystemSpec};
pub(crate) use text::Text;
