//! A run as it is kept for comparisons: small JSON in the repository, without its journal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::date::Date;
use crate::histogram::Histogram;
use crate::name::{Name, RunId};

/// The version of this language.
pub const VERSION: u32 = 1;

/// What of a run is compared with others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The version of this language.
    pub accepted: u32,
    /// The run.
    pub run: RunId,
    /// Its scenario.
    pub scenario: Name,
    /// Its seed.
    pub seed: u64,
    /// The day on which it ran.
    pub on: Date,
    /// The program's version.
    pub lab: String,
    /// The settings in force.
    pub settings: BTreeMap<Name, String>,
    /// Images by service, as the engine knows them.
    #[serde(default)]
    pub images: BTreeMap<Name, String>,
    /// How it fared.
    pub journeys: Vec<JourneySummary>,
    /// Round trips of a fixed echo beside the load: how fast the machine was; empty where that was
    /// not measured.
    #[serde(default)]
    pub calibration: Histogram,
    /// Who accepted it; `None` for a run that is only compared.
    #[serde(default)]
    pub by: Option<String>,
}

/// A journey in a phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JourneySummary {
    /// The journey.
    pub journey: Name,
    /// The phase.
    pub phase: Name,
    /// Arrivals that ended.
    pub n: u64,
    /// The bad ones among them.
    pub bad: u64,
    /// Latencies from the intended start, of those that were sent.
    pub latency: Histogram,
}

/// Why a text is no summary.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// It is no such JSON; the text names line and column.
    #[error("it is no accepted run: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of another version.
    #[error("it is of version {0}; this lab reads version {VERSION}")]
    Version(u32),
    /// Its numbers contradict each other.
    #[error("{0}")]
    Contradiction(String),
}

impl Summary {
    /// Reads a summary and refuses what contradicts itself.
    pub fn read(bytes: &[u8]) -> Result<Self, SummaryError> {
        let summary: Self = serde_json::from_slice(bytes)?;
        if summary.accepted != VERSION {
            return Err(SummaryError::Version(summary.accepted));
        }
        for one in &summary.journeys {
            let (journey, phase) = (&one.journey, &one.phase);
            let wrong = |what: &str| {
                Err(SummaryError::Contradiction(format!(
                    "{journey} in phase {phase}: {what}"
                )))
            };
            if one.bad > one.n {
                return wrong("more bad arrivals than arrivals");
            }
            if one.latency.count() > one.n {
                return wrong("more latencies than arrivals");
            }
            let same = |other: &&JourneySummary| &other.journey == journey && &other.phase == phase;
            if summary.journeys.iter().filter(same).count() > 1 {
                return wrong("it stands there twice");
            }
        }
        Ok(summary)
    }

    /// As JSON, one journey a line.
    pub fn text(&self) -> String {
        // Cannot fail: every map has text keys.
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text = text.replace("{\"journey\":", "\n{\"journey\":");
        text.push('\n');
        text
    }
}
