//! The steady state: whether a system is healthy enough for a fault to mean anything.

use lab_model::Plan;
use lab_model::plan::PhaseKind;

use crate::evidence::{ALPHA, Mixture, Side, bound};
use crate::planning::fail_alpha;
use crate::sample::Sample;
use crate::tally::Tally;

/// The objectives (indices into the plan) that a phase already breaks, whatever phases they are
/// meant for: those whose arrivals, as far as they have ended, fail with an error of 5 % over all
/// objectives; for a correctness check, a single bad one.
pub fn broken(plan: &Plan, tally: &Tally, phase: usize) -> Vec<usize> {
    let alpha = fail_alpha(ALPHA, plan.objectives.len());
    let breaks = |index: &usize| {
        let Some(sample) = Sample::of(&plan.objectives[*index], tally, phase) else {
            return false;
        };
        if sample.is_correctness_check() {
            return sample.bad > 0;
        }
        let evidence = Mixture::new(Side::Fail, sample.allowed);
        evidence.log_evidence(sample.n, sample.bad) >= bound(alpha)
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
            PhaseKind::WarmUp | PhaseKind::Recovery => {}
        }
    }
    gated
}
