//! What the lab and its load generator say to each other: JSON lines on the generator's standard
//! input and output.
//!
//! The lab sends one [`ToGenerator::Prepare`], then [`ToGenerator::Start`]. Closing the pipe, or
//! [`ToGenerator::Stop`], ends the load at once. The generator answers with
//! [`FromGenerator::Ready`], a report each second, and [`FromGenerator::Ended`] as its last line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroU32;

use lab_model::ledger::Write;
use lab_model::load::LoadReport;
use lab_model::plan::Phase;
use lab_model::traffic::Load;
use lab_model::{Name, Rate, Span};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The version of this protocol; both ends are the same program, so others are refused.
pub const VERSION: u32 = 2;

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
    /// From now on another rate: a segment is appended to the schedule.
    Change {
        /// Journeys per second, all processes together.
        rate: Rate,
        /// From when on, from the start of the load; a little ahead, the same for all processes.
        from: Span,
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
    /// Which share of the arrivals is this process's.
    #[serde(default)]
    pub part: Part,
}

/// SHA-256 of values as they are written, each with its length before it: the same for `5` and
/// `"5"`, whether the value came from a reply, a page of entries or a database.
pub fn fingerprint(values: &[Option<Value>]) -> String {
    let mut hash = Sha256::new();
    for value in values {
        let text = match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hexadecimal(&hash.finalize())
}

/// Bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// One of several processes that share the arrivals of a load: those whose number, divided by
/// `of`, leaves `index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// From 0.
    pub index: u32,
    /// How many there are, at least 1.
    pub of: NonZeroU32,
}

impl Part {
    /// All of it.
    pub const WHOLE: Self = Self {
        index: 0,
        of: NonZeroU32::MIN,
    };

    /// Whether an arrival is this process's.
    pub const fn holds(self, arrival: u64) -> bool {
        arrival % self.of.get() as u64 == self.index as u64
    }

    /// How many of so many arrivals are this process's: what [`Part::holds`] counts from 0 on.
    pub const fn share(self, arrivals: u64) -> u64 {
        let of = self.of.get() as u64;
        arrivals / of + (arrivals % of > self.index as u64) as u64
    }
}

impl Default for Part {
    fn default() -> Self {
        Self::WHOLE
    }
}

/// From the generator to the lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromGenerator {
    /// Prepared, waiting for the start.
    Ready,
    /// What was resolved since the report before.
    Report(LoadReport),
    /// Writes that ended since the line before, however they ended.
    Wrote(Vec<Write>),
    /// The rate was changed as the lab asked.
    Changed {
        /// From when on, from the start of the load.
        from: Span,
        /// The rate from then on.
        rate: Rate,
    },
    /// The last line: every arrival that came due is in a report.
    Ended,
    /// The generator cannot do its work.
    Failed {
        /// Why.
        reason: String,
    },
}
