//! What a phase can still be trusted with, after everything that went wrong around it.

use super::Case;
use super::course::Course;
use super::steady::Steady;
use crate::outcome::{Call, Offered, WitnessVerdict};

/// Trust in one phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InPhase {
    /// Everything its objectives say.
    Full,
    /// A fail, if it stands with unsent arrivals counted as good; never a pass.
    BarUnsent(String),
    /// Nothing: why.
    Nothing(String),
}

/// Trust in each phase.
pub(super) struct Trust {
    phases: Vec<InPhase>,
    /// Why not even what the proxy saw can be trusted; `None` where it can.
    wire: Vec<Option<String>>,
}

impl Trust {
    /// Gravest doubts first. A fault without a witness takes its own phase: what failed there
    /// cannot be blamed on it, what held there did not withstand it.
    pub(super) fn of(
        case: &Case<'_>,
        steady: &Steady,
        offered: &[Offered],
        witnesses: &[WitnessVerdict],
    ) -> Self {
        // What is wrong whatever the load did.
        let wire = |phase: usize| {
            let unhealthy = steady
                .unhealthy
                .as_ref()
                .is_some_and(|(first, _)| phase >= *first);
            if unhealthy {
                return Some("not healthy before the fault".to_owned());
            }
            match case.course[phase] {
                Course::NotReached => return Some("the run ended before this phase".to_owned()),
                Course::Cut => return Some("the run ended within this phase".to_owned()),
                Course::Whole => {}
            }
            let unseen = witnesses.iter().find(|witness| {
                witness.call != Call::Pass && case.plan.faults[witness.fault].phase == phase
            });
            if let Some(witness) = unseen {
                return Some(format!("no witness: {}", witness.note));
            }
            left_armed(case, phase).map(|fault| format!("{fault} was not taken back before"))
        };
        let wire: Vec<Option<String>> = (0..case.plan.phases.len()).map(wire).collect();
        let of_phase = |phase: usize| {
            let offered = offered.iter().find(|offered| offered.phase == phase);
            let doubtful = offered.filter(|offered| offered.call != Call::Pass);
            match (&wire[phase], doubtful) {
                (Some(note), _) => InPhase::Nothing(note.clone()),
                (None, Some(offered)) if super::offered::only_unsent(case, offered) => {
                    InPhase::BarUnsent(offered.note.clone())
                }
                (None, Some(offered)) => InPhase::Nothing(offered.note.clone()),
                (None, None) => InPhase::Full,
            }
        };
        let phases = (0..case.plan.phases.len()).map(of_phase).collect();
        Self { phases, wire }
    }

    /// Why not even what the proxy saw in a phase can be trusted; `None` where it can.
    pub(super) fn on_the_wire(&self, phase: usize) -> Option<String> {
        let unknown = || Some("the plan has no such phase".to_owned());
        self.wire.get(phase).cloned().unwrap_or_else(unknown)
    }

    /// Trust in a phase; none in one that the plan does not have.
    pub(super) fn in_phase(&self, phase: usize) -> InPhase {
        let unknown = || InPhase::Nothing("the plan has no such phase".to_owned());
        self.phases.get(phase).cloned().unwrap_or_else(unknown)
    }
}

/// A fault of an earlier phase that was armed and never taken back.
fn left_armed(case: &Case<'_>, phase: usize) -> Option<String> {
    let mut faults = case.plan.faults.iter().zip(&case.tally.faults);
    faults
        .find(|(fault, tally)| fault.phase < phase && tally.is_armed())
        .map(|(fault, _)| format!("{} on {}", fault.summary, fault.site()))
}
