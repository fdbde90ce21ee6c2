//! What the lab and its load generator say to each other: JSON lines on the generator's standard
//! input and output.
//!
//! The lab sends one [`ToGenerator::Prepare`], then [`ToGenerator::Start`]. Closing the pipe, or
//! [`ToGenerator::Stop`], ends the load at once. The generator answers with
//! [`FromGenerator::Ready`], a report each second, and [`FromGenerator::Ended`] as its last line.

use std::collections::BTreeMap;

use lab_model::load::LoadReport;
use lab_model::plan::Phase;
use lab_model::traffic::Load;
use lab_model::{Name, Span};
use serde::{Deserialize, Serialize};

/// The version of this protocol; both ends are the same program, so others are refused.
pub const VERSION: u32 = 1;

/// From the lab to the generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToGenerator {
    /// Get everything ready that takes time.
    Prepare(Box<Assignment>),
    /// Time zero of the load.
    Start {
        /// An instant of the host's monotonic clock (`CLOCK_MONOTONIC`), in nanoseconds; shared by
        /// all processes of a host. May lie a little ahead.
        monotonic_nanos: u64,
    },
    /// End now: cancel what is in flight, report, leave.
    Stop,
}

/// What the generator has to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// See [`VERSION`].
    pub version: u32,
    /// Decides the journey of each arrival and every random value.
    pub seed: u64,
    /// Journeys and arrivals.
    pub load: Load,
    /// The phases; the last one's end is the end of the load.
    pub phases: Vec<Phase>,
    /// For each journey the latency limits to count exactly, ascending.
    pub limits: BTreeMap<Name, Vec<Span>>,
    /// For each service that steps name: `host:port` of its entry link.
    pub targets: BTreeMap<Name, String>,
}

/// From the generator to the lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromGenerator {
    /// Prepared, waiting for the start.
    Ready,
    /// What was resolved since the report before.
    Report(LoadReport),
    /// Writes that the system acknowledged since the line before.
    Acknowledged(Vec<Acknowledged>),
    /// The last line: every arrival that came due is in a report.
    Ended,
    /// The generator cannot do its work.
    Failed {
        /// Why.
        reason: String,
    },
}

/// A write that the system acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// From the start of the load to the last byte of the reply, in microseconds.
    pub at_micros: u64,
    /// The journey.
    pub journey: Name,
    /// The step.
    pub step: Name,
    /// The idempotency key under which it was sent.
    pub key: String,
    /// SHA-256 of the reply's body, hexadecimal.
    pub digest: String,
}
