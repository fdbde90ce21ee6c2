//! The plan's moments in the order in which they happen. Pure.

use lab_model::plan::PhaseKind;
use lab_model::{Plan, Span};
use lab_verdict::gate;

/// What happens at a moment. The order of the variants is the order within one instant: what is
/// over ends before the next begins, and the steady state is judged before anything breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Move {
    /// A fault (index) is taken back.
    Heal(usize),
    /// The steady state of a baseline (phase index) is judged.
    Judge(usize),
    /// A phase (index) begins.
    Begin(usize),
    /// A fault (index) is armed.
    Arm(usize),
    /// The last phase is over.
    End,
}

/// A move at its time, counted from the start of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// When.
    pub at: Span,
    /// What.
    pub action: Move,
}

/// Every moment of a plan, in order.
pub fn moments(plan: &Plan) -> Vec<Moment> {
    let mut moments = Vec::new();
    let mut add = |at, action| moments.push(Moment { at, action });
    for (index, phase) in plan.phases.iter().enumerate() {
        add(phase.start, Move::Begin(index));
    }
    for baseline in gate::gated(plan) {
        if let Some(next) = plan.phases[baseline + 1..]
            .iter()
            .find(|p| p.kind == PhaseKind::Fault)
        {
            add(next.start, Move::Judge(baseline));
        }
    }
    for (index, fault) in plan.faults.iter().enumerate() {
        for window in &fault.windows {
            add(window.from, Move::Arm(index));
            add(window.to, Move::Heal(index));
        }
    }
    add(plan.length(), Move::End);
    moments.sort_unstable();
    moments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::plan;

    #[test]
    fn within_one_instant_the_old_ends_before_the_new_begins() {
        let shown: Vec<String> = moments(&plan())
            .iter()
            .map(|moment| format!("{} {:?}", moment.at, moment.action))
            .collect();
        let expected = [
            "0s Begin(0)",
            "1s Begin(1)",
            "4s Judge(1)",
            "4s Begin(2)",
            "4s Arm(0)",
            "8s Heal(0)",
            "8s Begin(3)",
            "11s End",
        ];
        assert_eq!(shown, expected);
    }
}
