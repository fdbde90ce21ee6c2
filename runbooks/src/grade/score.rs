//! The score: a weighted sum of parts, capped, and void where a gate is broken.

use lab_model::Span;
use serde::Serialize;

use super::Reference;
use super::clocks::Clocks;
use super::evidence::Evidence;
use super::gates::{Gate, GateState};

/// A time limit is this many times the reference's time: there the part is worth nothing.
pub(crate) const LIMIT_OF_REFERENCE: f64 = 10.0;

/// What a hint costs, in points, and the most that all hints cost.
const HINT: f64 = 2.0;
const HINTS_AT_MOST: f64 = 6.0;

/// The share of duplicated and phantom writes at which the data are worth nothing.
const SPOILT: f64 = 0.01;

/// A score from 0 to 100, and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The points: 0 to 100.
    pub total: f64,
    /// What it is the sum of; parts that do not apply are left out and the others weigh more.
    pub parts: Vec<Part>,
    /// What it is held down by.
    pub caps: Vec<Cap>,
    /// Points taken off for hints.
    pub hints: f64,
}

/// A part of the score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Part {
    /// Which.
    pub name: PartName,
    /// Its share of the score, after parts that do not apply were left out: 0 to 1.
    pub weight: f64,
    /// What was reached: 0 to 1.
    pub reached: f64,
}

/// The parts, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartName {
    /// What is true at the end.
    Outcome,
    /// Time to detect.
    Detect,
    /// Time to mitigate.
    Mitigate,
    /// Time to recover.
    Recover,
    /// Bad requests beyond what the objectives allow.
    Budget,
    /// Duplicated and phantom writes.
    Data,
    /// Parts that were changed without being the incident's.
    Collateral,
    /// Taking it back, and running it again.
    Reversibility,
    /// The order of what was done.
    Process,
    /// Messages in time.
    Communication,
}

impl PartName {
    /// Its share of the whole, before any part is left out; all of them sum to 1.
    pub const fn weight(self) -> f64 {
        match self {
            Self::Outcome => 0.30,
            Self::Detect | Self::Process => 0.04,
            Self::Mitigate => 0.13,
            Self::Recover | Self::Reversibility => 0.08,
            Self::Budget => 0.15,
            Self::Data => 0.05,
            Self::Collateral => 0.10,
            Self::Communication => 0.03,
        }
    }
}

/// What holds a score down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cap {
    /// A protected part was changed without need.
    ProtectedChanged,
    /// A second run fails or changes something.
    NotRerunnable,
    /// Undoing does not restore what was.
    UndoFails,
    /// The solution was looked up.
    SolutionUsed,
}

impl Cap {
    /// The most points under it.
    pub const fn at_most(self) -> f64 {
        match self {
            Self::ProtectedChanged | Self::NotRerunnable => 79.0,
            Self::UndoFails => 69.0,
            Self::SolutionUsed => 49.0,
        }
    }
}

impl Score {
    pub(super) fn of(
        evidence: &Evidence,
        clocks: &Clocks,
        gates: &[Gate],
        reference: Option<&Reference>,
    ) -> Self {
        let reached = reached(evidence, clocks, reference);
        let whole: f64 = reached.iter().map(|(name, _)| name.weight()).sum();
        let parts: Vec<Part> = reached
            .into_iter()
            .map(|(name, reached)| Part {
                name,
                weight: name.weight() / whole,
                reached: reached.clamp(0.0, 1.0),
            })
            .collect();
        let caps = caps(evidence);
        let sum: f64 = parts.iter().map(|part| part.weight * part.reached).sum();
        let broken = |gate: &Gate| matches!(gate.state, GateState::Broken { .. });
        let void = gates.iter().any(broken) || clocks.impact.is_none();
        let hints = (HINT * f64::from(evidence.hints)).min(HINTS_AT_MOST);
        let capped = caps
            .iter()
            .fold(100.0 * sum, |points, cap| points.min(cap.at_most()));
        Self {
            total: if void {
                0.0
            } else {
                (capped - hints).clamp(0.0, 100.0)
            },
            parts,
            caps,
            hints: if void { 0.0 } else { hints },
        }
    }
}

/// What was reached in each part that applies.
fn reached(
    evidence: &Evidence,
    clocks: &Clocks,
    reference: Option<&Reference>,
) -> Vec<(PartName, f64)> {
    let mut parts = Vec::new();
    let mut part = |name, reached: Option<f64>| parts.extend(reached.map(|value| (name, value)));
    part(PartName::Outcome, Some(outcome(evidence, clocks)));
    let aims = reference.copied().unwrap_or_default();
    let timed = |taken: Option<Span>, aim: Option<Span>| {
        aim.map(|aim| taken.map_or(0.0, |taken| in_time(taken, aim)))
    };
    part(PartName::Detect, timed(clocks.detect, aims.detect));
    part(PartName::Mitigate, timed(clocks.mitigate, aims.mitigate));
    part(PartName::Recover, timed(clocks.recover, aims.recover));
    let spent = aims.excess.map(|between| spent(clocks.excess, between));
    part(PartName::Budget, spent);
    let data = evidence.ledger.map(|ledger| {
        let spoilt = (ledger.duplicated + ledger.phantom) as f64;
        1.0 - spoilt / (ledger.acknowledged.max(1) as f64 * SPOILT)
    });
    part(PartName::Data, data);
    let changes = &evidence.changes;
    let unchanged = |of: u32| 1.0 - changes.others_changed.len() as f64 / f64::from(of);
    let others = (changes.others > 0).then(|| unchanged(changes.others));
    part(PartName::Collateral, others);
    part(
        PartName::Reversibility,
        share(
            [changes.undo_restores, changes.rerun_clean]
                .into_iter()
                .flatten(),
        ),
    );
    let (kept, pairs) = evidence.order_kept;
    let order = (pairs > 0).then(|| f64::from(kept) / f64::from(pairs));
    part(PartName::Process, order);
    let messages = evidence.messages.iter().map(|message| message.in_time);
    part(PartName::Communication, share(messages));
    parts
}

/// The share of what is true at the end: users served, the cause survived, each condition.
fn outcome(evidence: &Evidence, clocks: &Clocks) -> f64 {
    let conditions = evidence.conditions.iter().map(|condition| condition.held);
    let ends = [clocks.mitigate.is_some(), clocks.recover.is_some()];
    share(ends.into_iter().chain(conditions)).unwrap_or(0.0)
}

/// The share of what is true; `None` of nothing.
fn share(values: impl Iterator<Item = bool>) -> Option<f64> {
    let (count, held) = values.fold((0_u32, 0_u32), |(count, held), value| {
        (count + 1, held + u32::from(value))
    });
    (count > 0).then(|| f64::from(held) / f64::from(count))
}

/// 1 up to the reference's time, 0 from its limit on, and `ln(limit/x) / ln(limit/reference)`
/// between: twice as slow costs as much at any speed.
fn in_time(taken: Span, reference: Span) -> f64 {
    // Clocks tick in seconds: a reference of 0 s would make every other time infinitely slower.
    let seconds = |span: Span| span.as_secs_f64().max(1.0);
    let (taken, reference) = (seconds(taken), seconds(reference));
    let limit = LIMIT_OF_REFERENCE * reference;
    ((limit / taken).ln() / (limit / reference).ln()).clamp(0.0, 1.0)
}

/// 1 at what the reference cost or less, 0 at what doing nothing costs.
fn spent(excess: f64, (least, most): (f64, f64)) -> f64 {
    if most <= least {
        return if excess <= least { 1.0 } else { 0.0 };
    }
    1.0 - ((excess - least) / (most - least)).clamp(0.0, 1.0)
}

fn caps(evidence: &Evidence) -> Vec<Cap> {
    let changes = &evidence.changes;
    let caps = [
        (!changes.protected_changed.is_empty()).then_some(Cap::ProtectedChanged),
        (changes.rerun_clean == Some(false)).then_some(Cap::NotRerunnable),
        (changes.undo_restores == Some(false)).then_some(Cap::UndoFails),
        evidence.solution_used.then_some(Cap::SolutionUsed),
    ];
    caps.into_iter().flatten().collect()
}
