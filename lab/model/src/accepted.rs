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

    /// Several runs of one scenario as one: counts are summed, and so are their series. The first
    /// one lends its name; `None` where there is none, or they are runs of several scenarios.
    pub fn pooled(runs: &[Self]) -> Option<Self> {
        let mut runs = runs.iter();
        let mut pooled = runs.next()?.clone();
        for run in runs {
            if run.scenario != pooled.scenario {
                return None;
            }
            pooled.calibration.merge(&run.calibration);
            for one in &run.journeys {
                let same = |own: &&mut JourneySummary| {
                    own.journey == one.journey && own.phase == one.phase
                };
                match pooled.journeys.iter_mut().find(same) {
                    Some(own) => {
                        own.n += one.n;
                        own.bad += one.bad;
                        own.latency.merge(&one.latency);
                    }
                    None => pooled.journeys.push(one.clone()),
                }
            }
        }
        Some(pooled)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    fn summary(scenario: &str, n: u64, millis: u64) -> Summary {
        let mut latency = Histogram::new();
        latency.record_many(Span::from_millis(millis), n);
        let name = |text| Name::new(text).unwrap();
        Summary {
            accepted: VERSION,
            run: RunId::new("r").unwrap(),
            scenario: name(scenario),
            seed: 1,
            on: "2026-11-22".parse().unwrap(),
            lab: String::new(),
            settings: BTreeMap::new(),
            images: BTreeMap::new(),
            journeys: vec![JourneySummary {
                journey: name("browse"),
                phase: name("fault"),
                n,
                bad: 1,
                latency,
            }],
            calibration: Histogram::new(),
            by: None,
        }
    }

    #[test]
    fn runs_of_one_scenario_are_pooled() {
        let pooled = Summary::pooled(&[summary("a", 10, 5), summary("a", 30, 7)]).unwrap();
        let one = &pooled.journeys[0];
        assert_eq!((pooled.journeys.len(), one.n, one.bad), (1, 40, 2));
        assert_eq!(one.latency.count(), 40);
        assert_eq!(
            Summary::pooled(&[summary("a", 1, 1), summary("b", 1, 1)]),
            None
        );
        assert_eq!(Summary::pooled(&[]), None);
    }
}
