//! One sentence about why the worst objective failed, made of what the journal measured and of
//! nothing else.

use lab_model::Plan;
use lab_model::load::Outcome;
use lab_model::objective::Objective;
use lab_model::plan::PhaseKind;

use crate::effect;
use crate::figures::{count, part, plural, set};
use crate::outcome::{Call, ObjectiveVerdict, WitnessVerdict};
use crate::tally::{JourneyTally, StepTally, Tally};

/// The sentence; `None` where no objective failed or nothing on record tells.
///
/// The worst objective is the one with the largest share of bad arrivals.
pub(crate) fn explain(
    plan: &Plan,
    tally: &Tally,
    objectives: &[ObjectiveVerdict],
    witnesses: &[WitnessVerdict],
) -> Option<String> {
    let share = |verdict: &ObjectiveVerdict| verdict.bad as f64 / verdict.n.max(1) as f64;
    let worst = objectives
        .iter()
        .filter(|verdict| verdict.call == Call::Fail)
        // The first of equals: the order of the scenario.
        .reduce(|worst, next| {
            if share(next) > share(worst) {
                next
            } else {
                worst
            }
        })?;
    let objective = plan.objectives.get(worst.objective)?;
    let journey = tally.journey(worst.phase, &objective.of)?;
    let outcome = outcome(objective, journey, worst);
    let mechanisms = mechanisms(plan, tally, worst.phase, witnesses);
    if !mechanisms.is_empty() {
        return Some(format!("Because {}: {outcome}.", mechanisms.join(" and ")));
    }
    let begun = match plan.phases.get(worst.phase)?.kind {
        PhaseKind::Recovery => "After the fault was taken back",
        PhaseKind::Fault => "While the fault was armed",
        PhaseKind::WarmUp | PhaseKind::Baseline => "Without any fault",
        PhaseKind::Open => "While people tried things out",
    };
    Some(format!("{begun}: {outcome}."))
}

/// What services and faults did in the phase; the two that touched the most.
fn mechanisms(
    plan: &Plan,
    tally: &Tally,
    phase: usize,
    witnesses: &[WitnessVerdict],
) -> Vec<String> {
    let within = |at| {
        let start = tally.life.load_started?;
        plan.phase_at(lab_model::Span::minus(at, start))
            .filter(|found| *found == phase)
    };
    let ended = tally
        .life
        .exits
        .iter()
        .filter(|exit| within(exit.at).is_some());
    let ended = ended.map(|exit| format!("{} ended ({})", exit.service, exit.status));
    let mut seen: Vec<&WitnessVerdict> = witnesses
        .iter()
        .filter(|witness| witness.call == Call::Pass && plan.faults[witness.fault].phase == phase)
        .collect();
    seen.sort_by_key(|witness| std::cmp::Reverse(witness.touched.requests));
    let faults = seen.into_iter().filter_map(|witness| {
        let fault = &plan.faults[witness.fault];
        let traffic = &tally.link_in(phase, &fault.link)?.traffic;
        effect::mechanism(fault, tally.faults.get(witness.fault)?, traffic)
    });
    ended.chain(faults).take(2).collect()
}

/// How most of the bad arrivals ended: `1,497 of 1,500 checkouts met their client's 1.5 s limit
/// at step pay`.
fn outcome(objective: &Objective, journey: &JourneyTally, verdict: &ObjectiveVerdict) -> String {
    let total = &journey.total;
    let name = objective.of.as_str();
    let failing = journey
        .steps
        .iter()
        .filter_map(|step| {
            step.top_failure()
                .map(|(outcome, times)| (step, outcome, times))
        })
        .max_by_key(|(_, _, times)| *times);
    let slow = verdict.bad.saturating_sub(total.bad);
    let most = failing
        .map_or(0, |(_, _, times)| times)
        .max(total.unsent)
        .max(slow);
    let of = |some: u64| part(some.min(verdict.n), verdict.n, name);
    let sentence = match (failing, objective.promise.limit()) {
        (_, Some(limit)) if slow == most && slow > 0 => {
            format!("{} took longer than {}", of(slow), set(limit))
        }
        (Some((step, outcome, times)), _) if times == most => {
            format!(
                "{} {} at step {}",
                of(times),
                ended(outcome, step),
                step.step
            )
        }
        _ if total.unsent > 0 => format!("{} could not be sent", of(total.unsent)),
        _ => {
            return format!(
                "{} of {} {} were bad",
                count(verdict.bad),
                count(verdict.n),
                plural(name)
            );
        }
    };
    if most < verdict.bad {
        format!("{sentence} ({} were bad in all)", count(verdict.bad))
    } else {
        sentence
    }
}

/// How a request ended, as the end of a sentence about many journeys.
fn ended(outcome: Outcome, step: &StepTally) -> String {
    match outcome {
        Outcome::Good => "succeeded".to_owned(),
        Outcome::Status(status) => format!("were answered {status}"),
        Outcome::Timeout => format!("met their client's {} limit", set(step.timeout)),
        Outcome::Connect => "found no connection".to_owned(),
        Outcome::Check => "got a reply that failed a check".to_owned(),
        Outcome::Broken => "lost their connection".to_owned(),
        Outcome::Reply => "got a reply without what the next step needs".to_owned(),
        Outcome::Cancelled => "were cut off by the end of the run".to_owned(),
    }
}
