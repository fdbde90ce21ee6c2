//! What a verdict becomes where only proof counts: a pass that was merely observed is inconclusive.

use lab_model::Exit;

use crate::outcome::{Call, Reason, RunVerdict, Strength};

/// The note on a pass that is not enough.
const NOTE: &str = "observed in single events only, where proof was asked for";

/// Takes back every pass that is not proven, with the reasons for that. An objective of 100 % is a
/// check, and stands.
#[must_use]
pub fn proven(mut verdict: RunVerdict) -> RunVerdict {
    let mut weak = 0_usize;
    let mut take = |call: &mut Call, strength: &mut Option<Strength>, note: &mut String| {
        if *call == Call::Pass && *strength == Some(Strength::Observed) {
            *call = Call::Inconclusive;
            *strength = None;
            *note = if note.is_empty() {
                NOTE.to_owned()
            } else {
                format!("{NOTE}; {note}")
            };
            weak += 1;
        }
    };
    for objective in verdict.objectives.iter_mut().filter(|o| o.allowed > 0.0) {
        take(
            &mut objective.call,
            &mut objective.strength,
            &mut objective.note,
        );
    }
    let indicators = verdict.indicators.iter_mut();
    for indicator in indicators.filter(|indicator| indicator.at_most.is_none()) {
        take(
            &mut indicator.call,
            &mut indicator.strength,
            &mut indicator.note,
        );
    }
    for comparison in &mut verdict.comparisons {
        take(
            &mut comparison.call,
            &mut comparison.strength,
            &mut comparison.note,
        );
    }
    for pattern in &mut verdict.patterns {
        take(&mut pattern.call, &mut pattern.strength, &mut pattern.note);
    }
    if weak == 0 {
        return verdict;
    }
    let passes = if weak == 1 { "pass is" } else { "passes are" };
    verdict.reasons.push(Reason {
        code: "run::not-proven".to_owned(),
        text: format!("{weak} {passes} observed and not proven"),
        call: Call::Inconclusive,
    });
    verdict.call = verdict.call.max(Call::Inconclusive);
    verdict.exits.retain(|exit| *exit != Exit::Pass);
    if !verdict.exits.contains(&Exit::Inconclusive) {
        verdict.exits.push(Exit::Inconclusive);
    }
    verdict.exit = Exit::merge(&verdict.exits);
    verdict
}
