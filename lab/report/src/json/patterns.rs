//! Resilience patterns, as they were seen.

use lab_model::{Link, Name};
use lab_verdict::outcome::{Call, Figure, FigureUnit, Interval, Strength};
use schemars::JsonSchema;
use serde::Serialize;

use super::finite;
use crate::run::Run;

/// A resilience pattern.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PatternResult {
    /// Its name in the registry of patterns: `timeout`.
    pub pattern: Name,
    /// The pattern in words with its settings.
    pub summary: String,
    /// The link on which it had to show; absent where it is about the run as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// The phases in which it had to show.
    pub phases: Vec<Name>,
    /// The verdict.
    pub verdict: Call,
    /// How much the verdict assumes; absent where it is neither pass nor fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<Strength>,
    /// What was counted, in the singular: `request`, `retry`, `recovery`.
    pub unit: String,
    /// Pieces of evidence.
    pub n: u64,
    /// Those against the pattern.
    pub against: u64,
    /// The share of them that the pattern bears; absent where no share decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<f64>,
    /// Anytime-valid 95 % interval of the true share; absent where no share decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// What was measured. Lengths of time are in milliseconds.
    pub figures: Vec<PatternFigure>,
    /// What was seen, in words.
    pub found: String,
    /// Moments of the journal at which it is to be seen.
    pub moments: Vec<PatternMoment>,
    /// Why it is no pass; else empty.
    pub note: String,
}

/// A measured figure with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PatternFigure {
    /// What it is: `deadline`, `open for`.
    pub name: String,
    /// What it is counted in: `ms`, `ratio`, `share` or `count`.
    pub unit: String,
    /// The estimate.
    pub value: f64,
    /// The lower end of its interval; absent where the data set none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The upper end of its interval; absent where the data set none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// What it was made of: so many requests, retries, openings.
    pub n: u64,
}

/// A moment of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PatternMoment {
    /// Seconds since the journal was opened, as its entries count.
    pub at_s: f64,
    /// What is to be seen there.
    pub what: String,
}

impl PatternResult {
    pub(super) fn all(run: &Run<'_>) -> Vec<Self> {
        let plan = run.plan();
        let of = |verdict: &lab_verdict::outcome::PatternVerdict| {
            let pattern = plan.patterns.get(verdict.pattern)?;
            let phases = pattern
                .during
                .iter()
                .filter_map(|index| plan.phases.get(*index));
            let moments = verdict.moments.iter().map(|moment| PatternMoment {
                at_s: moment.at.as_secs_f64(),
                what: moment.what.clone(),
            });
            Some(Self {
                pattern: pattern.kind.clone(),
                summary: pattern.summary.clone(),
                link: pattern.on.clone(),
                phases: phases.map(|phase| phase.name.clone()).collect(),
                verdict: verdict.call,
                strength: verdict.strength,
                unit: verdict.unit.clone(),
                n: verdict.n,
                against: verdict.against,
                allowed: verdict.allowed,
                interval: verdict.interval,
                figures: verdict.figures.iter().filter_map(figure).collect(),
                found: verdict.found.clone(),
                moments: moments.collect(),
                note: verdict.note.clone(),
            })
        };
        run.verdict.patterns.iter().filter_map(of).collect()
    }
}

fn figure(figure: &Figure) -> Option<PatternFigure> {
    let (unit, scale) = match figure.unit {
        FigureUnit::Microseconds => ("ms", 1e-3),
        FigureUnit::Ratio => ("ratio", 1.0),
        FigureUnit::Share => ("share", 1.0),
        FigureUnit::Count => ("count", 1.0),
    };
    Some(PatternFigure {
        name: figure.name.clone(),
        unit: unit.to_owned(),
        value: finite(figure.value * scale)?,
        low: figure.low.and_then(|low| finite(low * scale)),
        high: figure.high.and_then(|high| finite(high * scale)),
        n: figure.n,
    })
}
