//! What a run did not show, in words.

use std::collections::BTreeSet;

use lab_model::{Name, Plan, Span};

use crate::evidence::ALPHA;
use crate::figures::{percent, set};
use crate::outcome::{Call, ObjectiveVerdict, Recovery, Strength};
use crate::planning::proven_pass_after;
use crate::recovery::LASTING;

/// The limits of what was shown.
pub(crate) fn state(
    plan: &Plan,
    objectives: &[ObjectiveVerdict],
    recoveries: &[Recovery],
) -> Vec<String> {
    let mut limits = vec!["one seed".to_owned()];
    let observed = || {
        let passed = |verdict: &&ObjectiveVerdict| {
            verdict.call == Call::Pass && verdict.strength == Some(Strength::Observed)
        };
        objectives.iter().filter(passed)
    };
    let longest = observed()
        .filter_map(|verdict| proven_pass_after(verdict.allowed, ALPHA))
        .max();
    if let Some(least) = longest {
        limits.push(format!(
            "slices undecided, proven would need {}",
            set(least)
        ));
    }
    for check in observed().filter(|verdict| verdict.allowed == 0.0) {
        if let Some(interval) = check.interval {
            let objective = &plan.objectives[check.objective];
            let most = percent(interval.high);
            limits.push(format!(
                "{objective}: at most {most} bad at 95 %, from {} arrivals",
                crate::figures::count(check.n)
            ));
        }
    }
    let silent: BTreeSet<&Name> = plan
        .load
        .journeys
        .iter()
        .map(|journey| &journey.name)
        .filter(|name| {
            plan.objectives
                .iter()
                .all(|objective| &objective.of != *name)
        })
        .collect();
    limits.extend(
        silent
            .iter()
            .map(|journey| format!("nothing was promised of {journey}")),
    );
    limits.extend(
        recoveries
            .iter()
            .filter_map(|recovery| unseen(plan, recovery)),
    );
    limits
}

/// Why a recovery was not seen.
fn unseen(plan: &Plan, recovery: &Recovery) -> Option<String> {
    let phase = plan
        .phases
        .get(recovery.phase)
        .filter(|_| recovery.after.is_none())?;
    let lasting = Span::from_secs(LASTING as u64);
    let Recovery { journey, .. } = recovery;
    Some(if phase.length < lasting {
        let (length, lasting) = (set(phase.length), set(lasting));
        format!(
            "phase {} of {length} is too short to see a recovery ({lasting})",
            phase.name
        )
    } else {
        format!("{journey} was not seen to recover in phase {}", phase.name)
    })
}
