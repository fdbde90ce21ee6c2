//! An indicator in a phase: evidence gives the call, trust may take it back.

use lab_model::indicator::{Indicator, Promise};

use super::Case;
use super::course::Course;
use super::trust::{InPhase, Trust};
use crate::evidence::ALPHA;
use crate::indicators::{self, Around};
use crate::outcome::{Call, IndicatorVerdict, Strength};
use crate::planning::fail_alpha;

pub(super) fn judge(case: &Case<'_>, trust: &Trust) -> Vec<IndicatorVerdict> {
    let indicators = case.plan.indicators.iter().enumerate();
    let pairs = indicators.flat_map(|(index, indicator)| {
        let during = indicator.during.iter();
        during.map(move |phase| (index, indicator, *phase))
    });
    pairs
        .map(|(index, indicator, phase)| {
            let around = Around {
                plan: case.plan,
                tally: case.tally,
                phase,
                seconds: None,
                alpha_fail: fail_alpha(ALPHA, case.pairs),
            };
            let verdict = indicators::weigh(index, indicator, &around);
            distrust(case, indicator, phase, verdict, trust)
        })
        .collect()
}

/// Takes back what the phase cannot carry. A violated invariant is violated whatever else went
/// wrong, as long as the phase was reached.
fn distrust(
    case: &Case<'_>,
    indicator: &Indicator,
    phase: usize,
    verdict: IndicatorVerdict,
    trust: &Trust,
) -> IndicatorVerdict {
    let reached = case
        .course
        .get(phase)
        .is_some_and(|course| *course != Course::NotReached);
    let check = matches!(indicator.promise, Promise::Invariant { .. });
    if check && reached && verdict.call == Call::Fail {
        return verdict;
    }
    let note = match trust.in_phase(phase) {
        InPhase::Full
            if case.decided == Some(phase) && !case.stands(verdict.call, verdict.strength) =>
        {
            "the run ended before this phase did".to_owned()
        }
        InPhase::Full => return verdict,
        InPhase::BarUnsent(note) | InPhase::Nothing(note) => note,
    };
    IndicatorVerdict {
        call: Call::Inconclusive,
        strength: None,
        note,
        ..verdict
    }
}

impl Case<'_> {
    /// Whether a call stands in a phase that ended early because something was decided in it: what
    /// is judged once, at the end of a phase, is not.
    pub(super) fn stands(&self, call: Call, strength: Option<Strength>) -> bool {
        let enough = self.decided.is_some_and(|phase| {
            let length = self.plan.phases.get(phase).map(|phase| phase.length);
            length >= self.plan.early_stop
        });
        match call {
            Call::Fail => strength == Some(Strength::Proven),
            Call::Pass => strength == Some(Strength::Proven) && enough,
            Call::Inconclusive | Call::Error => true,
        }
    }
}
