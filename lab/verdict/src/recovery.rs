//! When a journey was back after its faults were healed.
//!
//! Slices of one second, bad when the share of bad arrivals exceeds twice the allowed one.
//! Recovered at the first good slice `s` such that `[s, s + 15)` holds at most `k` bad slices
//! (`k`: the 99.9 % quantile of Binomial(15, healthy bad-slice rate)) and no severe one (at least
//! 25 % bad). Never recovered: censored.

use lab_model::objective::{Objective, Promise};
use lab_model::plan::PhaseKind;
use lab_model::{Name, Plan, Span};

use crate::evidence::trials::binomial_quantile;
use crate::outcome::Recovery;
use crate::sample::Sample;
use crate::tally::{Counts, Tally};

/// How long good service must last, in slices of a second.
pub(crate) const LASTING: usize = 15;

/// The share of bad arrivals from which a slice is severe.
const SEVERE: f64 = 0.25;

/// One entry for each recovery phase and each journey with an objective.
pub(crate) fn measure(plan: &Plan, tally: &Tally) -> Vec<Recovery> {
    let phases = plan.phases.iter().enumerate();
    let recovering = phases.filter(|(_, phase)| phase.kind == PhaseKind::Recovery);
    recovering
        .flat_map(|(phase, _)| {
            plan.load.journeys.iter().filter_map(move |journey| {
                let objective = watched(plan, &journey.name)?;
                let sample = Sample::of(objective, tally, phase)?;
                let after = back_after(plan, tally, phase, objective, &sample);
                Some(Recovery {
                    journey: journey.name.clone(),
                    phase,
                    after,
                })
            })
        })
        .collect()
}

/// The objective that says what good service of a journey is: its first availability, else its
/// first of any kind.
fn watched<'a>(plan: &'a Plan, journey: &Name) -> Option<&'a Objective> {
    let of_journey = || {
        plan.objectives
            .iter()
            .filter(|objective| &objective.of == journey)
    };
    of_journey()
        .find(|objective| matches!(objective.promise, Promise::Availability { .. }))
        .or_else(|| of_journey().next())
}

fn back_after(
    plan: &Plan,
    tally: &Tally,
    phase: usize,
    objective: &Objective,
    sample: &Sample<'_>,
) -> Option<Span> {
    let seconds = &sample.journey.seconds;
    let slices: Vec<Option<f64>> = seconds.iter().map(|counts| share(sample, counts)).collect();
    let healthy = (0..phase)
        .rev()
        .find(|earlier| plan.phases[*earlier].kind == PhaseKind::Baseline)
        .and_then(|baseline| Sample::of(objective, tally, baseline))
        .map_or(0.0, |baseline| bad_slice_rate(&baseline));
    let tolerated = binomial_quantile(LASTING as u64, healthy, 0.999);
    first_lasting(&slices, 2.0 * sample.allowed, tolerated, LASTING)
}

/// The bad share of a second; `None` without arrivals. What never ended is bad.
fn share(sample: &Sample<'_>, counts: &Counts) -> Option<f64> {
    let bad = sample.bad_of(counts).saturating_add(counts.unresolved());
    (counts.due > 0).then(|| bad as f64 / counts.due as f64)
}

/// How often a second of the baseline is bad.
fn bad_slice_rate(baseline: &Sample<'_>) -> f64 {
    let known: Vec<f64> = baseline
        .journey
        .seconds
        .iter()
        .filter_map(|counts| share(baseline, counts))
        .collect();
    let bad = known
        .iter()
        .filter(|share| **share > 2.0 * baseline.allowed)
        .count();
    if known.is_empty() {
        0.0
    } else {
        bad as f64 / known.len() as f64
    }
}

/// The start of the first good slice after which service stays good for so many slices, in seconds
/// from the first.
pub(crate) fn first_lasting(
    slices: &[Option<f64>],
    limit: f64,
    tolerated: u64,
    lasting: usize,
) -> Option<Span> {
    let is_bad = |slice: &&Option<f64>| slice.is_some_and(|share| share > limit);
    let is_severe = |slice: &Option<f64>| slice.is_some_and(|share| share >= SEVERE);
    let start = slices.windows(lasting.max(1)).position(|window| {
        let good = window[0].is_some_and(|share| share <= limit);
        let bad = window.iter().filter(is_bad).count() as u64;
        good && bad <= tolerated && !window.iter().any(is_severe)
    })?;
    Some(Span::from_secs(start as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.` a good second, `b` a bad one, `s` a severe one, `-` one without arrivals.
    fn check(seconds: &str, tolerated: u64, expected: Option<u64>) {
        let slices: Vec<Option<f64>> = seconds
            .chars()
            .map(|second| match second {
                '.' => Some(0.0),
                'b' => Some(0.1),
                's' => Some(0.25),
                _ => None,
            })
            .collect();
        let found = first_lasting(&slices, 0.02, tolerated, LASTING);
        assert_eq!(found, expected.map(Span::from_secs), "{seconds}");
    }

    #[test]
    fn recovery_is_good_service_that_lasts() {
        check("...............", 0, Some(0));
        check("ssb..................", 0, Some(3));
        check("s.b..................", 0, Some(3));
        check("s.b..................", 1, Some(1));
        check("s.s..................", 9, Some(3));
        check("--...................", 0, Some(2));
        check("s..............", 0, None);
        check("..............", 0, None);
        check("ssssssssssssssssssss", 15, None);
        check("", 0, None);
    }
}
