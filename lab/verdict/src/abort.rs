//! Abort conditions: whether a journey was below its floor, or burned its error budget, for too
//! long.

use lab_model::objective::Abort;
use lab_model::{Name, Plan, Span};

use crate::tally::{Counts, Tally};

/// The first abort condition (index into the plan) that holds on what was counted so far.
pub fn held(plan: &Plan, tally: &Tally) -> Option<usize> {
    plan.abort
        .iter()
        .position(|condition| holds(condition, plan, tally))
}

fn holds(condition: &Abort, plan: &Plan, tally: &Tally) -> bool {
    match condition {
        Abort::Availability { of, below, lasting } => {
            low(&settled(of, plan, tally), below.get(), whole(*lasting))
        }
        Abort::Burn {
            of,
            objective,
            above,
            over,
        } => {
            let most = above * objective.complement();
            burns(&settled(of, plan, tally), most, whole(*over))
        }
    }
}

/// A span in whole seconds, at least one.
fn whole(span: Span) -> usize {
    usize::try_from(span.as_micros().div_ceil(1_000_000).max(1)).unwrap_or(usize::MAX)
}

/// The seconds of a journey with arrivals. The newest second is still filling and counts for
/// nothing; so do seconds without arrivals, and the warm-up.
fn settled<'a>(of: &Name, plan: &Plan, tally: &'a Tally) -> Vec<&'a Counts> {
    let mut seconds: Vec<&Counts> = (0..plan.phases.len())
        .filter(|phase| plan.phases[*phase].kind.is_measured())
        .filter_map(|phase| tally.journey(phase, of))
        .flat_map(|journey| &journey.seconds)
        .collect();
    seconds.pop();
    seconds.retain(|counts| counts.due > 0);
    seconds
}

/// Whether so many seconds in a row are below a share. A second counts against the system as soon
/// as too many of its arrivals are bad, however the rest may end.
fn low(seconds: &[&Counts], below: f64, wanted: usize) -> bool {
    let mut streak = 0;
    for counts in seconds {
        let still_good = counts.due.saturating_sub(counts.bad) as f64;
        let is_low = still_good < below * counts.due as f64;
        streak = if is_low { streak + 1 } else { 0 };
        if streak >= wanted {
            return true;
        }
    }
    false
}

/// Whether more than a share of the arrivals of so many seconds in a row are bad.
fn burns(seconds: &[&Counts], most: f64, wanted: usize) -> bool {
    seconds.windows(wanted).any(|window| {
        let sum = |of: fn(&Counts) -> u64| {
            let counts = window.iter().map(|counts| of(counts));
            counts.fold(0_u64, u64::saturating_add) as f64
        };
        sum(|counts| counts.bad) > most * sum(|counts| counts.due)
    })
}
