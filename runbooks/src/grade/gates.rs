//! Hard gates: what makes every other merit void.

use std::fmt;

use serde::Serialize;

use super::clocks::Clocks;
use super::evidence::{Cause, Evidence};

/// The least share of the planned load that must have been offered, and completed once mitigated:
/// turning the load down is no fix.
const LEAST_LOAD: f64 = 0.95;

/// A gate and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// Which.
    pub name: GateName,
    /// Whether it was kept.
    pub state: GateState,
}

/// The gates, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateName {
    /// The cause was dealt with, and would be again.
    Cause,
    /// Every acknowledged write is there.
    Writes,
    /// Protected components kept their own objectives.
    Protected,
    /// The load was offered and served, by all components of the baseline.
    Load,
    /// Monitor, proxy, ledger and grader are untouched.
    Untouched,
    /// Nothing was done that may never be done.
    Permitted,
}

impl fmt::Display for GateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cause => "cause",
            Self::Writes => "writes",
            Self::Protected => "protected",
            Self::Load => "load",
            Self::Untouched => "untouched",
            Self::Permitted => "permitted",
        })
    }
}

/// Whether a gate was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// It was.
    Kept,
    /// It was not.
    Broken {
        /// How; at least one reason.
        reasons: Vec<String>,
    },
    /// There is nothing to keep.
    NotApplicable {
        /// Why.
        reason: String,
    },
    /// The lab could not find out.
    Unknown {
        /// Why.
        reason: String,
    },
}

impl GateState {
    /// Broken for these reasons, kept without any.
    fn of(reasons: Vec<String>) -> Self {
        if reasons.is_empty() {
            Self::Kept
        } else {
            Self::Broken { reasons }
        }
    }
}

/// Judges all gates.
pub(super) fn judge(evidence: &Evidence, clocks: &Clocks) -> Vec<Gate> {
    let unknown = (!evidence.unknown.is_empty()).then(|| evidence.unknown.join("; "));
    let untouched = match unknown {
        Some(reason) if evidence.tampering.is_empty() => GateState::Unknown { reason },
        _ => GateState::of(evidence.tampering.clone()),
    };
    let states = [
        (GateName::Cause, GateState::of(cause(evidence, clocks))),
        (GateName::Writes, writes(evidence)),
        (
            GateName::Protected,
            GateState::of(evidence.protected_broken.clone()),
        ),
        (GateName::Load, GateState::of(load(evidence))),
        (GateName::Untouched, untouched),
        (
            GateName::Permitted,
            GateState::of(evidence.forbidden.clone()),
        ),
    ];
    states
        .into_iter()
        .map(|(name, state)| Gate { name, state })
        .collect()
}

fn cause(evidence: &Evidence, clocks: &Clocks) -> Vec<String> {
    let mut reasons = Vec::new();
    match (evidence.cause, clocks.mitigate) {
        (_, None) => reasons.push("users were never served again".to_owned()),
        (
            Cause::Outside {
                armed_until: Some(until),
            },
            Some(mitigated),
        ) if mitigated.plus(evidence.windows.mitigated) > until => {
            reasons.push("service came back only when the fault was taken away".to_owned());
        }
        (Cause::Inside { gone: None }, _) => {
            reasons.push("the cause was still there at the end".to_owned());
        }
        _ => {}
    }
    match evidence.replay {
        Some(replay) if !replay.held => {
            reasons.push("the same cause broke it again".to_owned());
        }
        Some(_) if clocks.mitigate.is_some() && clocks.recover.is_none() => {
            reasons.push("it never settled: invariants, routes, or service".to_owned());
        }
        None if clocks.mitigate.is_some() => {
            reasons.push("the cause was not brought about again".to_owned());
        }
        _ => {}
    }
    reasons
}

fn writes(evidence: &Evidence) -> GateState {
    let Some(ledger) = evidence.ledger else {
        return GateState::NotApplicable {
            reason: "the load declares no writes".to_owned(),
        };
    };
    let mut reasons = Vec::new();
    let of = ledger.acknowledged;
    if ledger.lost > 0 {
        reasons.push(format!("{} of {of} acknowledged writes lost", ledger.lost));
    }
    // A write with other content is not the one that was acknowledged.
    if ledger.altered > 0 {
        reasons.push(format!(
            "{} of {of} acknowledged writes altered",
            ledger.altered
        ));
    }
    GateState::of(reasons)
}

fn load(evidence: &Evidence) -> Vec<String> {
    let mut reasons = Vec::new();
    let load = &evidence.load;
    let percent = |share: f64| format!("{:.1} % of the planned load", share * 100.0);
    if load.offered < LEAST_LOAD {
        reasons.push(format!("only {} was offered", percent(load.offered)));
    }
    if let Some(share) = load.completed_after.filter(|share| *share < LEAST_LOAD) {
        let share = percent(share);
        reasons.push(format!("only {share} was completed after the mitigation"));
    }
    let missing = load.missing.iter();
    reasons.extend(missing.map(|name| format!("{name} was there before and is no more")));
    reasons
}
