//! The early end of a run: whether its verdict is decided although its plan has more.
//!
//! Only what is proven in slices of time decides early: a fail at any time, as nothing makes a pass
//! of it; a pass when the least part of the phase is over, on all of it so far, and when nothing
//! that follows is judged. By Ville's inequality both keep their error. What is judged once, at
//! the end of its phase, waits for that end: requests, patterns, ledgers, rates of the business.

use lab_model::indicator::Indicator;
use lab_model::objective::Objective;
use lab_model::traffic::Journey;
use lab_model::{Plan, Span};

use crate::evidence::slices::{FAIL_SLICE, PASS_SLICE, Slices};
use crate::evidence::{ALPHA, Side, bound};
use crate::indicators::{self, Around};
use crate::outcome::{Call, Strength};
use crate::planning::{fail_alpha, pairs};
use crate::sample::Sample;
use crate::tally::Tally;

/// Where a verdict was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Index of the phase.
    pub phase: usize,
    /// The whole seconds of it that decided.
    pub seconds: u64,
}

/// Whether the verdict is decided at an instant, counted from the start of the load. `None` where
/// the plan does not ask for an early end.
pub fn decided(plan: &Plan, tally: &Tally, at: Span) -> Option<Decision> {
    let least = plan.early_stop?;
    let phase = plan.phase_at(at)?;
    let planned = plan.phases.get(phase)?;
    let longest = plan.load.journeys.iter().map(Journey::longest).max()?;
    // Arrivals of these seconds have ended, one way or the other, and all of them count.
    let settled = at.minus(planned.start).minus(longest).as_micros() / 1_000_000;
    let look = |slice: Span| {
        let slice = slice.as_micros() / 1_000_000;
        let seconds = settled / slice * slice;
        (seconds > 0 && resolved(tally, phase, seconds)).then_some(Look {
            plan,
            tally,
            phase,
            seconds,
        })
    };
    if let Some(look) = look(FAIL_SLICE).filter(Look::fails) {
        return Some(look.decision());
    }
    let look = look(PASS_SLICE)?;
    let enough = Span::from_secs(look.seconds) >= least;
    (enough && look.is_last() && look.passes()).then(|| look.decision())
}

/// Whether every arrival of the first seconds of a phase has an end on record.
fn resolved(tally: &Tally, phase: usize, seconds: u64) -> bool {
    let seconds = usize::try_from(seconds).unwrap_or(usize::MAX);
    let journeys = tally.phases.get(phase).map(|phase| &phase.journeys);
    journeys.into_iter().flatten().all(|journey| {
        let mut early = journey.seconds.iter().take(seconds);
        journey.seconds.len() >= seconds && early.all(|counts| counts.unresolved() == 0)
    })
}

/// The first seconds of a phase.
struct Look<'a> {
    plan: &'a Plan,
    tally: &'a Tally,
    phase: usize,
    seconds: u64,
}

impl Look<'_> {
    const fn decision(&self) -> Decision {
        Decision {
            phase: self.phase,
            seconds: self.seconds,
        }
    }

    fn objectives(&self) -> impl Iterator<Item = &Objective> {
        let objectives = self.plan.objectives.iter();
        objectives.filter(|objective| objective.during.contains(&self.phase))
    }

    fn indicators(&self) -> impl Iterator<Item = (usize, &Indicator)> {
        let indicators = self.plan.indicators.iter().enumerate();
        indicators.filter(|(_, indicator)| indicator.during.contains(&self.phase))
    }

    /// The evidence of a side; `None` where the plan names what it does not have.
    fn slices(&self, objective: &Objective, side: Side) -> Option<Slices> {
        let sample = Sample::of(objective, self.tally, self.phase)?;
        let length = match side {
            Side::Pass => PASS_SLICE,
            Side::Fail => FAIL_SLICE,
        };
        let mut slices = Slices::new(side, sample.allowed);
        let seconds = usize::try_from(self.seconds).unwrap_or(usize::MAX);
        for share in sample.slices_within(length, seconds) {
            slices.add(share);
        }
        Some(slices)
    }

    fn weighed(&self, index: usize, indicator: &Indicator) -> (Call, Option<Strength>) {
        let around = Around {
            plan: self.plan,
            tally: self.tally,
            phase: self.phase,
            seconds: Some(self.seconds),
            alpha_fail: fail_alpha(ALPHA, pairs(self.plan)),
        };
        let verdict = indicators::weigh(index, indicator, &around);
        (verdict.call, verdict.strength)
    }

    fn fails(&self) -> bool {
        let alpha = fail_alpha(ALPHA, pairs(self.plan));
        let by_objective = self.objectives().any(|objective| {
            let slices = self.slices(objective, Side::Fail);
            slices.is_some_and(|slices| slices.highest_log_evidence() >= bound(alpha))
        });
        let proven = (Call::Fail, Some(Strength::Proven));
        by_objective
            || self
                .indicators()
                .any(|(index, indicator)| self.weighed(index, indicator) == proven)
    }

    fn passes(&self) -> bool {
        let mut objectives = self.objectives();
        let all = objectives.all(|objective| {
            let slices = self.slices(objective, Side::Pass);
            slices.is_some_and(|slices| slices.log_evidence() >= bound(ALPHA))
        });
        let proven = (Call::Pass, Some(Strength::Proven));
        all && self
            .indicators()
            .all(|(index, indicator)| self.weighed(index, indicator) == proven)
    }

    /// Whether something is judged in this phase, and nothing in a later one or at the end.
    fn is_last(&self) -> bool {
        let plan = self.plan;
        let objectives = plan.objectives.iter().map(|objective| &objective.during);
        let indicators = plan.indicators.iter().map(|indicator| &indicator.during);
        let last = objectives.chain(indicators).flatten().max();
        let at_the_end = !plan.ledgers.is_empty()
            || !plan.patterns.is_empty()
            || plan.comparisons.iter().any(|comparison| {
                let mut during = comparison.during.iter();
                during.any(|phase| *phase >= self.phase)
            });
        last == Some(&self.phase) && !at_the_end
    }
}
