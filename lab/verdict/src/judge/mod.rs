//! From a journal to a verdict.
//!
//! A call can only get worse on its way: evidence gives it, and every doubt about the phase takes
//! it back to inconclusive. Nothing turns missing or broken telemetry into a pass.
//!
//! | file | what lives there |
//! |---|---|
//! | `course` | how far the run came; what a journal lacks |
//! | `ledger` | whether the system holds what it acknowledged |
//! | `offered` | whether the load did what was asked |
//! | `steady` | whether the system was healthy before each fault |
//! | `witness` | whether each fault was seen to bite |
//! | `trust` | what of all this takes from each phase |
//! | `objective` | an objective in a phase |
//! | `indicator` | a figure of the system in a phase |
//! | `comparison` | a journey beside another in a phase |
//! | `spending` | error budgets, and when someone would have been paged |
//! | `reasons` | why a run is not a pass, its call and its exit codes |

mod comparison;
mod course;
mod indicator;
mod ledger;
mod objective;
mod offered;
mod reasons;
mod spending;
mod steady;
mod trust;
mod witness;

use std::borrow::Cow;

use lab_model::{Journal, Plan, Span};

pub use offered::lag_budget;

use crate::outcome::RunVerdict;
use crate::tally::Tally;
use crate::{cause, limits, patterns, recovery};
use course::Course;
use reasons::Reasons;
use trust::{InPhase, Trust};

/// What is known of a run while it is judged.
struct Case<'a> {
    plan: &'a Plan,
    tally: &'a Tally,
    /// How far each phase came.
    course: Vec<Course>,
    /// Whether the run ended before its time, for a reason on record.
    stopped: bool,
    /// The phase in which the run ended, as its verdict was decided there.
    decided: Option<usize>,
    /// Objective–phase pairs judged: they share the error of a fail.
    pairs: usize,
}

/// Judges a run from its journal alone. The same journal gives the same verdict.
pub fn judge(journal: &Journal) -> RunVerdict {
    let mut tally = Tally::new(&journal.opened.plan);
    for record in &journal.records {
        tally.add(record);
    }
    let (plan, decided) = as_ended(&journal.opened.plan, &mut tally);
    let plan = plan.as_ref();
    let case = Case {
        plan,
        tally: &tally,
        course: course::of(plan, &tally),
        stopped: course::stopped(&tally),
        decided,
        pairs: crate::planning::pairs(plan),
    };
    let steady = steady::judge(&case);
    let mut offered = offered::judge(&case);
    let mut witnesses = witness::judge(&case);
    if let Some(decided) = decided {
        // What was not to be reached lacks nothing.
        offered.retain(|offered| offered.phase <= decided);
        witnesses.retain(|witness| plan.faults[witness.fault].phase <= decided);
    }
    let trust = Trust::of(&case, &steady, &offered, &witnesses);
    let objectives = objective::judge(&case, &trust);
    let indicators = indicator::judge(&case, &trust);
    let comparisons = comparison::judge(&case, &trust);
    let patterns = patterns::judge(
        journal,
        plan,
        &tally,
        &|phase, load| match trust.in_phase(phase) {
            InPhase::Full => None,
            InPhase::BarUnsent(note) | InPhase::Nothing(note) if load => Some(note),
            // What the proxy saw is no less true for what the load did not send as planned.
            _ => trust.on_the_wire(phase),
        },
    );
    let ledgers = ledger::judge(&case);
    let complete = journal.is_complete();
    let missing = if complete {
        Vec::new()
    } else {
        course::missing(journal, &case)
    };

    let mut reasons = Reasons::default();
    reasons.of_life(&case);
    reasons.of_journal(&case, complete, &missing);
    reasons.of_steady_state(&case, &steady);
    reasons.of_load(&case, &offered);
    reasons.of_faults(&case, &witnesses);
    reasons.of_objectives(&case, &objectives, &trust);
    reasons.of_indicators(&case, &indicators, &trust);
    reasons.of_comparisons(&case, &comparisons, &trust);
    reasons.of_patterns(&case, &patterns, &trust);
    reasons.of_ledgers(&case, &ledgers);
    if let Some(phase) = decided {
        reasons.of_an_early_end(&case, phase);
    }
    let (call, exits) = reasons.merge(&objectives, &patterns, &witnesses, &offered);

    let recoveries = recovery::measure(plan, &tally);
    RunVerdict {
        call,
        exit: lab_model::Exit::merge(&exits),
        exits,
        complete,
        missing,
        cause: cause::explain(plan, &tally, &objectives, &witnesses),
        limits: limits::state(plan, &objectives, &recoveries),
        objectives,
        spending: spending::reckon(&case),
        comparisons,
        indicators,
        patterns,
        witnesses,
        offered,
        ledgers,
        recoveries,
        reasons: reasons.into_list(),
    }
}

/// The plan as far as it was run: where the verdict was decided early, the phase that decided it
/// ends there, and nothing of it counts that came later.
fn as_ended<'a>(plan: &'a Plan, tally: &mut Tally) -> (Cow<'a, Plan>, Option<usize>) {
    let Some((phase, seconds)) = tally.life.decided.filter(|_| plan.early_stop.is_some()) else {
        return (Cow::Borrowed(plan), None);
    };
    let mut plan = Cow::Borrowed(plan);
    let Some(ended) = plan.to_mut().phases.get_mut(phase) else {
        return (plan, None);
    };
    ended.length = ended.length.min(Span::from_secs(seconds));
    tally.cut(phase, seconds);
    (plan, Some(phase))
}
