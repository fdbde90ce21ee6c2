//! Whether the system was healthy before each fault.
//!
//! The run's own gate judged what had ended by the end of the baseline. It is judged again here on
//! the whole journal, so that a gate which lied or slept changes nothing.

use super::Case;
use super::course::Course;
use crate::gate;

/// What the steady state says of a run.
pub(super) struct Steady {
    /// The first baseline (phase index) that was not healthy, and the objectives it broke.
    pub(super) unhealthy: Option<(usize, Vec<usize>)>,
    /// A baseline whose fault phase began although nobody had judged it.
    pub(super) unjudged: Option<usize>,
}

pub(super) fn judge(case: &Case<'_>) -> Steady {
    let gates = &case.tally.life.gates;
    let mut steady = Steady {
        unhealthy: None,
        unjudged: None,
    };
    // Without a fault there is nothing to be healthy for: objectives judge the baseline alone.
    if case.plan.faults.is_empty() {
        return steady;
    }
    for (index, baseline) in gate::gated(case.plan).into_iter().enumerate() {
        if case.course[baseline] == Course::NotReached {
            break;
        }
        let mut broken = gates.get(index).cloned().unwrap_or_default();
        broken.extend(gate::broken_before_the_fault(
            case.plan, case.tally, baseline,
        ));
        broken.retain(|objective| *objective < case.plan.objectives.len());
        broken.sort_unstable();
        broken.dedup();
        let found_broken = gates.get(index).is_some_and(|found| !found.is_empty());
        if !broken.is_empty() || found_broken {
            steady.unhealthy = Some((baseline, broken));
            break;
        }
        let begun = case
            .course
            .get(baseline + 1)
            .is_some_and(|next| *next != Course::NotReached);
        if gates.get(index).is_none() && begun {
            steady.unjudged.get_or_insert(baseline);
        }
    }
    steady
}
