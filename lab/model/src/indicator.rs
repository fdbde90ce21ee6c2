//! Indicators: figures of the system itself, read from it while it runs, and what is promised of
//! them. Promises about arrivals of a journey are objectives.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::name::Name;
use crate::units::{Rate, Ratio, Span};

/// A promise about a figure, judged in each of its phases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Indicator {
    /// Its name in reports, unique in the plan.
    pub name: Name,
    /// What is promised.
    pub promise: Promise,
    /// What is read; nothing where the figure is one of the load. Primary, secondary and candidate
    /// of a parity, in this order; else one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Between two readings, from the start of the load.
    pub every: Span,
    /// The phases (indices into the plan) in which it is judged; never empty.
    pub during: Vec<usize>,
}

/// What is promised of a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// In at least `share` of the seconds, so many arrivals of the second are served.
    Throughput {
        /// The journey; all of them where none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Name>,
        /// The floor.
        at_least: Rate,
        /// The least share of seconds that reach it.
        share: Ratio,
    },
    /// At least `share` of the readings are at most `at_most`.
    Saturation {
        /// The ceiling, in the figure's own unit; a part of 1 where the source divides.
        at_most: f64,
        /// The least share of readings below it.
        share: Ratio,
    },
    /// What is read is at most `at_most` old in at least `share` of the readings.
    Freshness {
        /// The greatest age.
        at_most: Span,
        /// The least share of readings that are fresh.
        share: Ratio,
    },
    /// Every reading is as it must be. One that is not fails.
    Invariant {
        /// What must hold of it.
        must: Must,
    },
    /// A counter of the business grows at least `keeps` times as fast as in the baseline.
    Business {
        /// The share of the baseline's rate that is kept.
        keeps: Ratio,
    },
    /// The candidate differs from the primary no more often than the secondary does: what differs
    /// between two copies of the same is noise.
    Parity {
        /// The ratio that a pass rules out.
        ratio: f64,
    },
}

/// What must hold of a reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Must {
    /// It is this value; numbers and texts are compared as they are written.
    Equal(Value),
    /// It is a number of at most this.
    AtMost(f64),
    /// It is a number of at least this.
    AtLeast(f64),
}

impl Must {
    /// Whether it holds.
    pub fn holds(&self, value: &Value) -> bool {
        let number = || number(value);
        match self {
            Self::Equal(Value::Number(wanted)) => number() == wanted.as_f64(),
            Self::Equal(wanted) => plain(wanted) == plain(value),
            Self::AtMost(most) => number().is_some_and(|number| number <= *most),
            Self::AtLeast(least) => number().is_some_and(|number| number >= *least),
        }
    }
}

/// A value as a number; a text where it spells one.
pub fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Some(number).filter(|number: &f64| number.is_finite())
}

/// A value as people write it: a text without quotes.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Where a figure is read, straight from a service and not through its faulty links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A metric in Prometheus' text format; several series of it are added up.
    Prometheus(Metric),
    /// A value in a JSON reply.
    Http {
        /// The service.
        service: Name,
        /// The path with its query.
        path: String,
        /// Where the value stands (a JSON path); the whole reply where none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// The first column of the first row of a query's answer.
    Sql {
        /// `postgres://user@{service:store}/shop`; `{service:NAME}` is replaced by its address.
        url: String,
        /// The query.
        query: String,
    },
}

/// A metric of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    /// The service.
    pub service: Name,
    /// The path of its metrics.
    pub path: String,
    /// The metric.
    pub metric: String,
    /// The labels that its series must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The metric it is divided by, of the same labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
}

/// What one reading found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadingReport {
    /// Index into the plan's indicators.
    pub indicator: usize,
    /// When it was due, from the start of the load; in microseconds.
    pub at_micros: u64,
    /// One for each source.
    pub reads: Vec<Read>,
}

/// What a source said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// A number or a text: of a freshness the age in seconds, of a parity a digest.
    Value(Value),
    /// Nothing, and why.
    Failed(String),
}

impl Indicator {
    /// The largest share of bad readings or seconds that keeps the promise; `None` where no share
    /// decides.
    pub fn allowed_bad(&self) -> Option<f64> {
        match &self.promise {
            Promise::Throughput { share, .. }
            | Promise::Saturation { share, .. }
            | Promise::Freshness { share, .. } => Some(share.complement()),
            Promise::Invariant { .. } => Some(0.0),
            Promise::Business { .. } | Promise::Parity { .. } => None,
        }
    }

    /// The indices of its readings that are due from an instant to before another; of seconds where
    /// nothing is read.
    pub fn due(&self, from: Span, to: Span) -> std::ops::Range<u64> {
        let every = self.every.as_micros().max(1);
        from.as_micros().div_ceil(every)..to.as_micros().div_ceil(every)
    }

    /// The word for its kind in scenarios.
    pub const fn kind(&self) -> &'static str {
        match self.promise {
            Promise::Throughput { .. } => "throughput",
            Promise::Saturation { .. } => "saturation",
            Promise::Freshness { .. } => "freshness",
            Promise::Invariant { .. } => "invariant",
            Promise::Business { .. } => "business",
            Promise::Parity { .. } => "parity",
        }
    }
}

impl fmt::Display for Indicator {
    /// `queue saturation ≤ 0.8 in 95 %`, `charges = 0 always`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spaced = |ratio: &Ratio| {
            let text = ratio.to_string();
            format!("{} %", text.trim_end_matches('%'))
        };
        let name = &self.name;
        match &self.promise {
            Promise::Throughput {
                at_least, share, ..
            } => {
                let share = spaced(share);
                write!(f, "{name} throughput ≥ {at_least} in {share} of seconds")
            }
            Promise::Saturation { at_most, share } => {
                let share = spaced(share);
                write!(f, "{name} saturation ≤ {at_most} in {share} of readings")
            }
            Promise::Freshness { at_most, share } => {
                let share = spaced(share);
                write!(f, "{name} no older than {at_most} in {share} of readings")
            }
            Promise::Invariant { must } => match must {
                Must::Equal(value) => write!(f, "{name} always {}", plain(value)),
                Must::AtMost(most) => write!(f, "{name} always ≤ {most}"),
                Must::AtLeast(least) => write!(f, "{name} always ≥ {least}"),
            },
            Promise::Business { keeps } => {
                write!(f, "{name} keeps {} of the baseline's rate", spaced(keeps))
            }
            Promise::Parity { ratio } => write!(f, "{name} parity (× {ratio})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_must_hold() {
        assert!(Must::Equal(json!(0)).holds(&json!("0")));
        assert!(Must::Equal(json!("open")).holds(&json!("open")));
        assert!(!Must::Equal(json!(0)).holds(&json!(null)));
        assert!(Must::AtMost(3.0).holds(&json!(3)));
        assert!(!Must::AtMost(3.0).holds(&json!("many")));
        assert!(Must::AtLeast(-1.0).holds(&json!("-0.5")));
        assert_eq!(number(&json!("NaN")), None);
    }

    #[test]
    fn readings_fall_into_one_phase_each() {
        let indicator = Indicator {
            name: Name::new("queue").unwrap(),
            promise: Promise::Saturation {
                at_most: 0.8,
                share: Ratio::new(0.95).unwrap(),
            },
            sources: vec![],
            every: Span::from_millis(500),
            during: vec![0],
        };
        let due = |from, to| indicator.due(Span::from_millis(from), Span::from_millis(to));
        assert_eq!(due(0, 1_200), 0..3);
        assert_eq!(due(1_200, 2_000), 3..4);
        assert_eq!(
            indicator.to_string(),
            "queue saturation ≤ 0.8 in 95 % of readings"
        );
    }
}
