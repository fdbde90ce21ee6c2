//! What each objective spent of its error budget, and when someone would have been paged.

use lab_model::plan::PhaseKind;

use super::Case;
use super::course::Course;
use crate::budget::{PERIOD, RULES, burn, fires_after, spent};
use crate::outcome::{Page, Spending};
use crate::sample::Sample;

/// One entry for each objective with a budget and each phase in which it is judged. Budgets are kept
/// per phase: a rehearsal spends nothing of the real one.
pub(super) fn reckon(case: &Case<'_>) -> Vec<Spending> {
    let objectives = case.plan.objectives.iter().enumerate();
    let pairs = objectives.flat_map(|(index, objective)| {
        let during = objective.during.iter();
        during.map(move |phase| (index, objective, *phase))
    });
    let of = |(index, objective, phase)| {
        let sample = Sample::of(objective, case.tally, phase)?;
        // A phase that was cut says nothing of how it would have gone on.
        let cut = case.course[phase] != Course::Whole;
        if cut || sample.n == 0 || sample.allowed <= 0.0 || sample.allowed >= 1.0 {
            return None;
        }
        let promised = 1.0 - sample.allowed;
        let ratio = sample.bad as f64 / sample.n as f64;
        let before = (0..phase)
            .rev()
            .find(|earlier| case.plan.phases[*earlier].kind == PhaseKind::Baseline)
            .and_then(|baseline| Sample::of(objective, case.tally, baseline))
            .filter(|baseline| baseline.n > 0)
            .map_or(0.0, |baseline| baseline.bad as f64 / baseline.n as f64);
        let seconds = sample.ratios();
        let pages = RULES.map(|rule| Page {
            burn: rule.burn,
            after: fires_after(rule, &seconds, before, promised),
        });
        let burn = burn(ratio, promised);
        Some(Spending {
            objective: index,
            phase,
            burn,
            spent: spent(burn, case.plan.phases[phase].length, PERIOD),
            pages: pages.to_vec(),
        })
    };
    pairs.filter_map(of).collect()
}
