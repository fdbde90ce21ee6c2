//! Abort conditions: whether a journey was below its floor for too long.

use lab_model::Plan;
use lab_model::objective::Abort;

use crate::tally::{Counts, Tally};

/// The first abort condition (index into the plan) that holds on what was counted so far.
pub fn held(plan: &Plan, tally: &Tally) -> Option<usize> {
    plan.abort
        .iter()
        .position(|condition| holds(condition, plan, tally))
}

/// A second counts against the system as soon as too many of its arrivals are bad, however the
/// rest may end. The newest second is still filling and counts for nothing; so do seconds without
/// arrivals, and the warm-up.
fn holds(condition: &Abort, plan: &Plan, tally: &Tally) -> bool {
    let wanted = condition.lasting.as_micros().div_ceil(1_000_000).max(1);
    let seconds: Vec<&Counts> = (0..plan.phases.len())
        .filter(|phase| plan.phases[*phase].kind.is_measured())
        .filter_map(|phase| tally.journey(phase, &condition.of))
        .flat_map(|journey| &journey.seconds)
        .collect();
    let Some((_, settled)) = seconds.split_last() else {
        return false;
    };
    let mut streak = 0_u64;
    for counts in settled.iter().filter(|counts| counts.due > 0) {
        let still_good = counts.due.saturating_sub(counts.bad) as f64;
        let below = still_good < condition.below.get() * counts.due as f64;
        streak = if below { streak + 1 } else { 0 };
        if streak >= wanted {
            return true;
        }
    }
    false
}
