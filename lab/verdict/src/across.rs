//! Two runs beside each other: did it get worse?
//!
//! Failures are compared by the test against a control, whole phase beside whole phase. Latency is
//! compared at a ladder fixed by the first run (its p50, p90, p99, p99.9), e-values averaged. Runs
//! differ by more than chance within a run, so the rungs are raised by a tolerance, and by how much
//! slower the machine was itself: the median of an echo that each run measures beside its load. A
//! system that waits more than it works is no faster on a faster machine, so a run on one is held
//! to what it was. Where the echoes differ by too much, latencies are not compared at all.

use lab_model::accepted::{JourneySummary, Summary, VERSION};
use lab_model::date::Date;
use lab_model::event::{Event, ServiceState};
use lab_model::{Histogram, Journal, Name, Span};

use crate::evidence::control::{Arm, Comparison, average};
use crate::evidence::{ALPHA, bound};
use crate::tally::Tally;

/// How much slower a run may be before that is a regression, where nothing else is asked for.
pub const TOLERANCE: f64 = 1.05;

/// The machine may have been this much faster or slower for latencies to be comparable.
pub const COMPARABLE: f64 = 1.5;

const RUNGS: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

/// How one thing of the second run stands to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing beyond chance and tolerance.
    Same,
    /// The second run is worse, with bounded error.
    Worse,
    /// The second run is better, with bounded error.
    Better,
    /// They cannot be compared.
    Unknown,
}

/// One journey in one phase, by one measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The journey.
    pub journey: Name,
    /// The phase.
    pub phase: Name,
    /// `failures` or `latency`.
    pub measure: &'static str,
    /// How it changed.
    pub change: Change,
    /// The first run's figure: a share of bad arrivals, or the p50 and p99.
    pub before: Figure,
    /// The second run's figure.
    pub after: Figure,
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// Bad of n.
    Failures {
        /// The bad ones.
        bad: u64,
        /// All of them.
        n: u64,
    },
    /// Percentiles; `None` where nothing was sent.
    Latency {
        /// The median.
        p50: Option<Span>,
        /// The 99th percentile.
        p99: Option<Span>,
    },
}

/// Two runs compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Across {
    /// Every journey and phase that both runs have.
    pub lines: Vec<Line>,
    /// How many times slower the machine was in the second run; `None` where it was not measured.
    pub machine: Option<f64>,
    /// What else differs: settings, images, seed, in words.
    pub differences: Vec<String>,
    /// What limits the comparison, in words.
    pub notes: Vec<String>,
}

impl Across {
    /// The worst of all lines: worse before unknown before same.
    pub fn change(&self) -> Change {
        let any = |change: Change| self.lines.iter().any(|line| line.change == change);
        if any(Change::Worse) {
            Change::Worse
        } else if any(Change::Unknown) || self.lines.is_empty() {
            Change::Unknown
        } else if any(Change::Better) {
            Change::Better
        } else {
            Change::Same
        }
    }
}

/// What of a journal is compared; `None` where its wall clock tells no day.
pub fn summary(journal: &Journal) -> Option<Summary> {
    let (opened, plan) = (&journal.opened, &journal.opened.plan);
    let on: Date = opened.wall.get(..10)?.parse().ok()?;
    let mut tally = Tally::new(plan);
    let mut images = std::collections::BTreeMap::new();
    let mut calibration = Histogram::new();
    for record in &journal.records {
        tally.add(record);
        match &record.event {
            Event::Service {
                name,
                state: ServiceState::Image { id, .. },
            } => {
                images.insert(name.clone(), id.clone());
            }
            Event::Calibration(times) => calibration.merge(times),
            _ => {}
        }
    }
    let phases = plan.phases.iter().zip(&tally.phases);
    let measured =
        phases.filter(|(phase, tally)| phase.kind.is_measured() && tally.started.is_some());
    let journeys = measured.flat_map(|(phase, tally)| {
        tally.journeys.iter().map(|journey| JourneySummary {
            journey: journey.journey.clone(),
            phase: phase.name.clone(),
            n: journey.total.ended(),
            bad: journey.total.bad.min(journey.total.ended()),
            latency: journey.from_intended.clone(),
        })
    });
    Some(Summary {
        accepted: VERSION,
        run: opened.run.clone(),
        scenario: plan.scenario.clone(),
        seed: plan.seed,
        on,
        lab: opened.lab.clone(),
        settings: plan.system.settings.clone(),
        images,
        journeys: journeys.collect(),
        calibration,
        by: None,
    })
}

/// Compares the second run with the first; `tolerance` is at least 1, see [`TOLERANCE`].
pub fn compare(before: &Summary, after: &Summary, tolerance: f64) -> Across {
    let tolerance = tolerance.max(1.0);
    let machine = machine(before, after);
    let comparable = machine.is_none_or(|times| (1.0 / COMPARABLE..=COMPARABLE).contains(&times));
    let mut pairs: Vec<(&JourneySummary, &JourneySummary)> = Vec::new();
    for one in &before.journeys {
        let same =
            |other: &&JourneySummary| other.journey == one.journey && other.phase == one.phase;
        pairs.extend(after.journeys.iter().find(same).map(|other| (one, other)));
    }
    // Every line may accuse wrongly, so they share the error.
    let needed = bound(ALPHA / (2 * pairs.len()).max(1) as f64);
    let scale = machine.unwrap_or(1.0);
    let mut lines = Vec::new();
    for (one, other) in pairs {
        lines.push(failures(one, other, needed));
        lines.push(latency(one, other, needed, scale, tolerance, comparable));
    }
    let mut notes = Vec::new();
    match machine {
        None => notes.push(
            "no calibration on both sides: a slower machine looks like a slower system".to_owned(),
        ),
        Some(times) if !comparable => notes.push(format!(
            "the machine itself was {times:.1} times as slow: latencies are not comparable"
        )),
        Some(_) => {}
    }
    if before.scenario != after.scenario {
        notes.push(format!(
            "two scenarios: {} and {}",
            before.scenario, after.scenario
        ));
    }
    Across {
        lines,
        machine,
        differences: differences(before, after),
        notes,
    }
}

/// How many times slower the machine was: the ratio of the echoes' medians.
fn machine(before: &Summary, after: &Summary) -> Option<f64> {
    let median = |summary: &Summary| summary.calibration.quantile(0.5);
    let (before, after) = (median(before)?, median(after)?);
    (before > Span::ZERO).then(|| after.as_secs_f64() / before.as_secs_f64())
}

fn failures(before: &JourneySummary, after: &JourneySummary, needed: f64) -> Line {
    let arm = |one: &JourneySummary| Arm {
        n: one.n,
        bad: one.bad,
    };
    let change = if before.n == 0 || after.n == 0 {
        Change::Unknown
    } else if worse(arm(after), arm(before)) >= needed {
        Change::Worse
    } else if worse(arm(before), arm(after)) >= needed {
        Change::Better
    } else {
        Change::Same
    };
    line(before, after, "failures", change, |one| Figure::Failures {
        bad: one.bad,
        n: one.n,
    })
}

fn latency(
    before: &JourneySummary,
    after: &JourneySummary,
    needed: f64,
    scale: f64,
    tolerance: f64,
    comparable: bool,
) -> Line {
    let empty = before.latency.is_empty() || after.latency.is_empty();
    let change = if !comparable || empty {
        Change::Unknown
    } else if slower(after, before, scale.max(1.0) * tolerance) >= needed {
        Change::Worse
    } else if slower(before, after, scale.recip().max(1.0) * tolerance) >= needed {
        Change::Better
    } else {
        Change::Same
    };
    line(before, after, "latency", change, |one| Figure::Latency {
        p50: one.latency.quantile(0.5),
        p99: one.latency.quantile(0.99),
    })
}

fn line(
    before: &JourneySummary,
    after: &JourneySummary,
    measure: &'static str,
    change: Change,
    figure: impl Fn(&JourneySummary) -> Figure,
) -> Line {
    Line {
        journey: before.journey.clone(),
        phase: before.phase.clone(),
        measure,
        change,
        before: figure(before),
        after: figure(after),
    }
}

/// The log evidence that the candidate fails more often than the control.
fn worse(candidate: Arm, control: Arm) -> f64 {
    let mut comparison = Comparison::fail();
    comparison.add(candidate, control);
    comparison.log_evidence()
}

/// The log evidence that the candidate is slower than the control, whose ladder is raised by a
/// factor for it.
fn slower(candidate: &JourneySummary, control: &JourneySummary, factor: f64) -> f64 {
    let beyond = |times: &Histogram, limit: f64| {
        let slower = times.buckets().filter(|(value, _)| *value as f64 > limit);
        slower.fold(0_u64, |sum, (_, count)| sum.saturating_add(count))
    };
    let rungs = RUNGS
        .iter()
        .filter_map(|rung| control.latency.quantile(*rung));
    let evidence: Vec<f64> = rungs
        .map(|rung| {
            let rung = rung.as_micros() as f64;
            let arm = |times: &Histogram, limit| Arm {
                n: times.count(),
                bad: beyond(times, limit),
            };
            worse(
                arm(&candidate.latency, rung * factor),
                arm(&control.latency, rung),
            )
        })
        .collect();
    average(&evidence)
}

/// Settings, images and seeds that are not the same.
fn differences(before: &Summary, after: &Summary) -> Vec<String> {
    let mut found = Vec::new();
    if before.seed != after.seed {
        found.push(format!("seed {} → {}", before.seed, after.seed));
    }
    if before.lab != after.lab {
        found.push(format!("lab {} → {}", before.lab, after.lab));
    }
    for (what, before, after) in [
        ("", &before.settings, &after.settings),
        ("image of ", &before.images, &after.images),
    ] {
        let names: std::collections::BTreeSet<&Name> = before.keys().chain(after.keys()).collect();
        for name in names {
            let value = |of: &std::collections::BTreeMap<Name, String>| {
                of.get(name).cloned().unwrap_or_else(|| "none".to_owned())
            };
            if before.get(name) != after.get(name) {
                found.push(format!("{what}{name} {} → {}", value(before), value(after)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
