//! Pure: what is left of the error budget of a rehearsal.
//!
//! The budget of an objective is what it allows of the arrivals of the whole time; what is bad takes
//! from it. Of several objectives the one that has least left counts.

use lab_model::arrivals::Timetable;
use lab_model::load::LoadReport;
use lab_model::objective::Promise;
use lab_model::plan::PhaseKind;
use lab_model::{Plan, Span};

/// The budgets of a plan's objectives over a time.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    /// The phase that counts.
    open: usize,
    /// Of each objective: what it allows, and what was bad.
    spent: Vec<(f64, u64)>,
}

impl Budget {
    /// For the open phase of a plan, over so long a time.
    pub(super) fn new(plan: &Plan, limit: Span) -> Self {
        let phases = &plan.phases;
        let open = phases
            .iter()
            .position(|phase| phase.kind == PhaseKind::Open)
            .unwrap_or_default();
        let from = phases.get(open).map_or(Span::ZERO, |phase| phase.start);
        let timetable = Timetable::new(plan.load.arrivals.clone());
        let all = timetable.count_between(from, from.plus(limit));
        let all = all.unwrap_or_default() as f64;
        let journeys = &plan.load.journeys;
        let weights: u32 = journeys.iter().map(|journey| journey.weight).sum();
        let share = |of| {
            let own = journeys.iter().find(|journey| &journey.name == of);
            own.map_or(0.0, |own| f64::from(own.weight) / f64::from(weights.max(1)))
        };
        let objectives = plan.objectives.iter();
        let allowed = objectives.map(|one| (one.promise.allowed_bad() * all * share(&one.of), 0));
        Self {
            open,
            spent: allowed.collect(),
        }
    }

    /// Takes off what a report of the load says.
    pub(super) fn take(&mut self, plan: &Plan, report: &LoadReport) {
        for slot in report.slots.iter().filter(|slot| slot.phase == self.open) {
            for (objective, (_, bad)) in plan.objectives.iter().zip(&mut self.spent) {
                if objective.of != slot.journey {
                    continue;
                }
                *bad += match &objective.promise {
                    Promise::Availability { .. } => slot.bad,
                    promise => {
                        let limits = plan.limits(&objective.of);
                        let at = limits
                            .iter()
                            .position(|limit| Some(*limit) == promise.limit());
                        let over = at.and_then(|at| slot.over.get(at)).copied();
                        over.unwrap_or(slot.bad)
                    }
                };
            }
        }
    }

    /// What is left: 1 of an untouched budget, below 0 of an overspent one; `None` without one.
    pub(super) fn left(&self) -> Option<f64> {
        let each = self.spent.iter().filter(|(allowed, _)| *allowed > 0.0);
        each.map(|(allowed, bad)| 1.0 - *bad as f64 / allowed)
            .min_by(f64::total_cmp)
    }
}
