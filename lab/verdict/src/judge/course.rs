//! How far a run came, and what a journal that was cut short lacks.

use lab_model::plan::Phase;
use lab_model::{Journal, Plan, Span};

use super::Case;
use crate::figures::measured;
use crate::tally::Tally;

/// How far a phase came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It never began.
    NotReached,
    /// It began and did not end.
    Cut,
    /// It ran to its end.
    Whole,
}

/// How far each phase came: whole once the next one has begun; the last one once the load has
/// ended and all of its arrivals had come due.
pub(super) fn of(plan: &Plan, tally: &Tally) -> Vec<Course> {
    let begun = |phase: usize| {
        tally
            .phases
            .get(phase)
            .is_some_and(|phase| phase.started.is_some())
    };
    let ended = |phase: usize| {
        if matches!(tally.life.decided, Some((decided, _)) if decided == phase)
            && plan.early_stop.is_some()
        {
            return true;
        }
        let last = phase + 1 == plan.phases.len();
        let (due, planned) = (due(tally, phase), planned(plan, tally, phase));
        if last {
            tally.life.load_ended.is_some() && due.saturating_add(1) >= planned
        } else {
            begun(phase + 1)
        }
    };
    (0..plan.phases.len())
        .map(|phase| match (begun(phase), ended(phase)) {
            (false, _) => Course::NotReached,
            (true, false) => Course::Cut,
            (true, true) => Course::Whole,
        })
        .collect()
}

/// Whether the run ended before its time, for a reason on record: someone asked, a condition held,
/// something failed, or the baseline was not healthy.
pub(super) fn stopped(tally: &Tally) -> bool {
    let life = &tally.life;
    let unhealthy = life.gates.iter().any(|broken| !broken.is_empty());
    life.interrupted.is_some()
        || life.decided.is_some()
        || life.aborted.is_some()
        || !life.failures.is_empty()
        || unhealthy
}

/// Arrivals planned in a phase, changes of the rate on the way included; as many as came where
/// users are closed.
pub(super) fn planned(plan: &Plan, tally: &Tally, phase: usize) -> u64 {
    let Phase { start, length, .. } = plan.phases[phase];
    let planned = tally.timetable.count_between(start, start.plus(length));
    planned.unwrap_or_else(|| due(tally, phase))
}

/// Arrivals that came due in a phase.
pub(super) fn due(tally: &Tally, phase: usize) -> u64 {
    let journeys = tally
        .phases
        .get(phase)
        .map_or(&[][..], |phase| &phase.journeys);
    journeys
        .iter()
        .fold(0, |sum: u64, journey| sum.saturating_add(journey.total.due))
}

/// What an incomplete journal lacks, in words.
pub(super) fn missing(journal: &Journal, case: &Case<'_>) -> Vec<String> {
    let life = &case.tally.life;
    let mut missing: Vec<String> = Vec::new();
    for damage in &journal.damage {
        missing.push(format!(
            "everything from line {} on: {}",
            damage.line, damage.what
        ));
    }
    // A run that was stopped had no more phases to record.
    if !case.stopped {
        missing.extend(phases(case));
        if life.load_ended.is_none() {
            missing.push("the end of the load".to_owned());
        }
    }
    for (fault, tally) in case.plan.faults.iter().zip(&case.tally.faults) {
        if tally.is_armed() {
            missing.push(format!(
                "that {} on {} was taken back",
                fault.summary,
                fault.site()
            ));
        }
    }
    if life.left.is_none() {
        missing.push("whether everything was cleaned up".to_owned());
    }
    if !life.closed {
        missing.push("its last entry".to_owned());
    }
    missing
}

fn phases(case: &Case<'_>) -> Vec<String> {
    let Some(start) = case.tally.life.load_started else {
        return vec!["the load".to_owned()];
    };
    let mut lines = Vec::new();
    for (phase, course) in case.plan.phases.iter().zip(&case.course) {
        match course {
            Course::Whole => {}
            Course::NotReached => lines.push(format!("phase {}", phase.name)),
            Course::Cut => {
                let seen = case.tally.life.last.minus(start);
                let rest = phase.end().minus(seen);
                if rest > Span::ZERO {
                    lines.push(format!(
                        "the last {} of phase {}",
                        measured(rest),
                        phase.name
                    ));
                } else {
                    lines.push(format!("the last arrivals of phase {}", phase.name));
                }
            }
        }
    }
    lines
}
