//! The grade of an incident's handling: state and history, never what was typed.
//!
//! [`grade`] is one pure function, used for runbooks, for people and for programs. What it needs
//! to know stands in [`Evidence`], which is folded from a run's journal after the run, so that
//! grading time is never charged.
//!
//! | file | what lives there |
//! |---|---|
//! | `evidence` | what is known of an incident, second by second |
//! | `clocks` | when it was felt, declared, mitigated, over; what it cost |
//! | `gates` | what makes every other merit void |
//! | `score` | the parts of the score, their weights and caps |
//! | `bound` | what a number of clean runs proves |
//! | `fold/` | from a run's journal to what is known of an incident |

mod bound;
mod clocks;
mod evidence;
pub mod fold;
mod gates;
mod score;
#[cfg(test)]
mod tests;

use lab_model::Span;
use serde::{Deserialize, Serialize};

pub use bound::failure_rate_bound;
pub use clocks::Clocks;
pub use evidence::{
    Cause, Changes, Condition, Declaration, Evidence, Ledger, Load, Message, Second, Trial, Windows,
};
pub use gates::{Gate, GateName, GateState};
pub(crate) use score::LIMIT_OF_REFERENCE;
pub use score::{Cap, Part, PartName, Score};

/// The least score that passes. It lies above what is left where the undo fails (69): a runbook
/// that cannot be taken back does not pass.
pub const PASS_MARK: f64 = 70.0;

/// What a handling is compared with: the reference solution on the same host, or what the
/// runbook itself allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Time to detect.
    pub detect: Option<Span>,
    /// Time to mitigate.
    pub mitigate: Option<Span>,
    /// Time to recover.
    pub recover: Option<Span>,
    /// Excess bad requests of the solution, and when nobody does anything.
    pub excess: Option<(f64, f64)>,
}

impl Reference {
    /// A solution whose clocks were measured, beside what it costs when nobody does anything.
    pub fn measured(solution: &Clocks, nothing_done: f64) -> Self {
        Self {
            detect: solution.detect,
            mitigate: solution.mitigate,
            recover: solution.recover,
            excess: Some((solution.excess, nothing_done)),
        }
    }
}

/// A graded incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grade {
    /// Whether it was handled.
    pub verdict: Verdict,
    /// When what was reached, and what it cost.
    pub clocks: Clocks,
    /// The hard gates, in their order.
    pub gates: Vec<Gate>,
    /// The score and its parts.
    pub score: Score,
    /// Why the verdict is what it is, where it is no pass.
    pub reasons: Vec<String>,
}

/// Whether an incident was handled, ordered worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It was.
    Pass,
    /// The lab itself cannot say. Never charged to whoever handled it, and never a pass.
    Unknown,
    /// It was not.
    Fail,
}

/// Grades an incident.
pub fn grade(evidence: &Evidence, reference: Option<&Reference>) -> Grade {
    let clocks = Clocks::of(evidence);
    let gates = gates::judge(evidence, &clocks);
    let score = Score::of(evidence, &clocks, &gates, reference);
    let (verdict, reasons) = decide(&clocks, &gates, score.total);
    Grade {
        verdict,
        clocks,
        gates,
        score,
        reasons,
    }
}

/// The verdict, and why it is no pass.
fn decide(clocks: &Clocks, gates: &[Gate], total: f64) -> (Verdict, Vec<String>) {
    if clocks.impact.is_none() {
        // Nothing was handled badly: there was nothing to handle.
        let reason = "void: no objective was ever broken, so the fault did not bite";
        return (Verdict::Unknown, vec![reason.to_owned()]);
    }
    let mut verdict = Verdict::Pass;
    let mut reasons = Vec::new();
    for Gate { name, state } in gates {
        match state {
            GateState::Kept | GateState::NotApplicable { .. } => {}
            GateState::Broken { reasons: found } => {
                verdict = verdict.max(Verdict::Fail);
                reasons.extend(found.iter().map(|reason| format!("{name}: {reason}")));
            }
            GateState::Unknown { reason } => {
                verdict = verdict.max(Verdict::Unknown);
                reasons.push(format!("{name}: {reason}"));
            }
        }
    }
    if verdict == Verdict::Pass && total < PASS_MARK {
        verdict = Verdict::Fail;
        reasons.push(format!("{total:.1} points are fewer than {PASS_MARK}"));
    }
    (verdict, reasons)
}
