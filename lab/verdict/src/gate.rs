//! The steady state: whether a system is healthy enough for a fault to mean anything.

use lab_model::plan::PhaseKind;
use lab_model::traffic::Journey;
use lab_model::{Plan, Span};

use crate::evidence::{ALPHA, Mixture, Side, bound};
use crate::planning::fail_alpha;
use crate::sample::Sample;
use crate::tally::Tally;

/// The objectives (indices into the plan) that a phase already breaks, whatever phases they are
/// meant for: those whose arrivals, as far as they have ended, fail with an error of 5 % over all
/// objectives; for a correctness check, a single bad one.
pub fn broken(plan: &Plan, tally: &Tally, phase: usize) -> Vec<usize> {
    breaking(plan, tally, phase, usize::MAX)
}

/// The same for a baseline that is over: without its last arrivals, which may have met the fault
/// that followed. No arrival takes longer than the longest journey.
pub(crate) fn broken_before_the_fault(plan: &Plan, tally: &Tally, phase: usize) -> Vec<usize> {
    let longest = plan
        .load
        .journeys
        .iter()
        .map(Journey::longest)
        .max()
        .unwrap_or(Span::ZERO);
    let alone = plan
        .phases
        .get(phase)
        .map_or(Span::ZERO, |phase| phase.length.minus(longest));
    let seconds = usize::try_from(alone.as_micros() / 1_000_000).unwrap_or(usize::MAX);
    breaking(plan, tally, phase, seconds)
}

fn breaking(plan: &Plan, tally: &Tally, phase: usize, seconds: usize) -> Vec<usize> {
    let alpha = fail_alpha(ALPHA, plan.objectives.len());
    let breaks = |index: &usize| {
        let Some(sample) = Sample::of(&plan.objectives[*index], tally, phase) else {
            return false;
        };
        let (n, bad) = sample.within(seconds);
        if sample.is_correctness_check() {
            return bad > 0;
        }
        Mixture::new(Side::Fail, sample.allowed).log_evidence(n, bad) >= bound(alpha)
    };
    (0..plan.objectives.len()).filter(breaks).collect()
}

/// The baselines (phase indices) at whose end the steady state is judged: each last baseline
/// before a fault phase.
pub fn gated(plan: &Plan) -> Vec<usize> {
    let mut gated = Vec::new();
    let mut baseline = None;
    for (index, phase) in plan.phases.iter().enumerate() {
        match phase.kind {
            PhaseKind::Baseline => baseline = Some(index),
            PhaseKind::Fault => gated.extend(baseline.take()),
            PhaseKind::WarmUp | PhaseKind::Recovery | PhaseKind::Open => {}
        }
    }
    gated
}
