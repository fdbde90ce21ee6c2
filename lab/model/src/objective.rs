//! What a system promises, and what stops a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::units::{Ratio, Span};

/// One promise about one journey, judged in each of its phases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The journey it speaks of.
    pub of: Name,
    /// What is promised.
    pub promise: Promise,
    /// The phases (indices into the plan) in which it is judged; never empty.
    pub during: Vec<usize>,
}

/// What is promised of a journey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// At least this share succeeds in time.
    Availability {
        /// The least share of good arrivals.
        at_least: Ratio,
    },
    /// At least `share` is good and ends within `within`.
    LatencyRatio {
        /// From the intended start to the last byte of the last step.
        within: Span,
        /// The least share of good and fast arrivals.
        share: Ratio,
    },
    /// This quantile of the latency is at most `at_most`; failed arrivals count as slower.
    Percentile {
        /// The quantile, above 0 and below 1: p99 is 99 %.
        quantile: Ratio,
        /// From the intended start to the last byte of the last step.
        at_most: Span,
    },
}

impl Promise {
    /// The largest share of bad arrivals that keeps the promise: the null hypothesis p0.
    pub fn allowed_bad(&self) -> f64 {
        match self {
            Self::Availability { at_least } => at_least.complement(),
            Self::LatencyRatio { share, .. } => share.complement(),
            Self::Percentile { quantile, .. } => quantile.complement(),
        }
    }

    /// The latency beyond which an arrival is bad; `None` where only failure counts.
    pub fn limit(&self) -> Option<Span> {
        match self {
            Self::Availability { .. } => None,
            Self::LatencyRatio { within, .. } => Some(*within),
            Self::Percentile { at_most, .. } => Some(*at_most),
        }
    }
}

impl fmt::Display for Objective {
    /// `checkout availability ≥ 99 %`, `browse p99 ≤ 300 ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spaced = |text: String, unit: usize| {
            let (number, unit) = text.split_at(text.len() - unit);
            format!("{number} {unit}")
        };
        let time = |span: &Span| {
            let text = span.to_string();
            let unit = text
                .chars()
                .rev()
                .take_while(char::is_ascii_alphabetic)
                .count();
            spaced(text, unit)
        };
        let percent = |ratio: &Ratio| spaced(ratio.to_string(), 1);
        match &self.promise {
            Promise::Availability { at_least } => {
                write!(f, "{} availability ≥ {}", self.of, percent(at_least))
            }
            Promise::LatencyRatio { within, share } => {
                write!(f, "{} {} within {}", self.of, percent(share), time(within))
            }
            Promise::Percentile { quantile, at_most } => {
                let p = quantile.to_string();
                write!(
                    f,
                    "{} p{} ≤ {}",
                    self.of,
                    p.trim_end_matches('%'),
                    time(at_most)
                )
            }
        }
    }
}

/// A promise about one journey beside another that runs at the same time: a canary beside what is
/// stable, an indicator of the business beside a control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The candidate.
    pub of: Name,
    /// The control.
    pub than: Name,
    /// What is compared.
    pub by: Measure,
    /// The ratio that a pass rules out: the candidate is less than so many times as bad.
    pub ratio: f64,
    /// The phases (indices into the plan) in which it is judged; never empty.
    pub during: Vec<usize>,
}

/// What of two journeys is compared.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The share of bad arrivals.
    #[default]
    Failures,
    /// The share of arrivals beyond the latencies that the control had in the baseline.
    Latency,
}

impl fmt::Display for Comparison {
    /// `canary no worse than stable (× 5)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slower = match self.by {
            Measure::Failures => "worse",
            Measure::Latency => "slower",
        };
        write!(
            f,
            "{} no {slower} than {} (× {})",
            self.of, self.than, self.ratio
        )
    }
}

/// What stops a run before its end, healed and torn down (exit code 6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Abort {
    /// Too few arrivals succeed, second after second.
    Availability {
        /// The journey that is watched.
        of: Name,
        /// The share of good arrivals below which a second counts against the system.
        below: Ratio,
        /// For how long without a break, in whole seconds.
        lasting: Span,
    },
    /// The error budget burns too fast.
    Burn {
        /// The journey that is watched.
        of: Name,
        /// The share of good arrivals whose complement is the budget.
        objective: Ratio,
        /// How many times faster than sustainable.
        above: f64,
        /// Over how long, in whole seconds.
        over: Span,
    },
}

impl Abort {
    /// The journey that is watched.
    pub const fn of(&self) -> &Name {
        match self {
            Self::Availability { of, .. } | Self::Burn { of, .. } => of,
        }
    }
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Availability { of, below, lasting } => {
                write!(f, "{of} availability below {below} for {lasting}")
            }
            Self::Burn {
                of,
                objective,
                above,
                over,
            } => write!(
                f,
                "{of} burns the error budget of {objective} {above} times too fast over {over}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_read_like_sentences() {
        let of = |promise| {
            Objective {
                of: Name::new("browse").unwrap(),
                promise,
                during: vec![1],
            }
            .to_string()
        };
        let percent = |text: &str| text.parse::<Ratio>().unwrap();
        let at_least = percent("99.9%");
        assert_eq!(
            of(Promise::Availability { at_least }),
            "browse availability ≥ 99.9 %"
        );
        let (quantile, at_most) = (percent("99%"), Span::from_millis(300));
        assert_eq!(
            of(Promise::Percentile { quantile, at_most }),
            "browse p99 ≤ 300 ms"
        );
        let (within, share) = (Span::from_millis(1_500), percent("95%"));
        assert_eq!(
            of(Promise::LatencyRatio { within, share }),
            "browse 95 % within 1.5 s"
        );
    }
}
