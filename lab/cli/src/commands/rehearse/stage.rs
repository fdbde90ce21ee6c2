//! From the command line to a plan, and to what somebody is told and held to.

use std::time::Duration;

use lab_engine::rehearsal::Sitting;
use lab_model::exercise::{Aims, Exercise, Seat};
use lab_model::plan::PhaseKind;
use lab_model::rehearsal::{Rehearsal, Situation, Target};
use lab_model::{Exit, Plan, Span};
use lab_runbooks::grade::Windows;
use lab_scenarios::{Overrides, Planned, catalog, sandbox};

use crate::arguments::{Color, Rehearse};
use crate::commands::grade::incident::answer;
use crate::rehearsal::{Loaded, load};
use crate::scenario::{self, Trouble};
use crate::text;

/// By when people who wait have to be told something.
const TOLD: Span = Span::from_secs(300);
/// The shortest time to the fault, where there is room for more.
const CALM: f64 = 8.0;
/// The longest rehearsal.
const LONGEST: Span = Span::from_secs(1_800);
/// What becomes of the system beside the rehearsal itself: warm-up, baseline, the cause again.
const AROUND: Span = Span::from_secs(300);
/// One hidden rehearsal in so many breaks nothing.
const FALSE_ALARMS: u64 = 5;

/// A rehearsal, ready to be held.
pub(super) struct Staged {
    pub(super) planned: Planned,
    pub(super) sitting: Sitting,
    /// The runbook as the command line names it.
    pub(super) runbook: Option<String>,
}

/// Plans a rehearsal; what is wrong is said.
pub(super) fn stage(options: &Rehearse, color: Color) -> Result<Staged, Exit> {
    if options.limit > LONGEST || options.limit < Span::from_secs(5) {
        let message = format!("{} is no time for a rehearsal", options.limit);
        text::error(&message, "5s to 30m");
        return Err(Exit::Usage);
    }
    if options
        .api
        .is_some_and(|address| !address.ip().is_loopback())
    {
        text::error("the API is for programs of this host", "--api=127.0.0.1:0");
        return Err(Exit::Usage);
    }
    let seed = options.seed.unwrap_or_else(new_seed);
    let (reference, healthy) = choose(options, seed)?;
    let loaded = match &options.runbook {
        Some(path) => Some(load(&path.to_string_lossy(), color).ok_or(Exit::Usage)?),
        None => None,
    };
    let (mut planned, faults) = scenario::shown(plan(options, &reference, seed), color)?;
    if !faults.is_empty() && faults.iter().all(|fault| fault.on_service().is_some()) {
        let message = format!("{} breaks a service itself", planned.plan.scenario);
        let help = "it can be graded, by lab grade; rehearsed by hand are failures of links";
        text::error(&message, help);
        return Err(Exit::Usage);
    }
    lengthen(&mut planned.plan, options.limit);
    let exercise = exercise(&planned, loaded.as_ref());
    for start in &exercise.starts {
        let gateway = planned.plan.system.gateway.as_mut();
        if !gateway.is_some_and(|gateway| gateway.set(start)) {
            let message = format!("{} cannot stand at {}", start.what, start.value);
            text::error(&message, "lab explain rehearsal::unknown-part");
            return Err(Exit::Usage);
        }
    }
    let windows = if options.quick {
        Windows::PROGRAM
    } else {
        Windows::PERSON
    };
    let (faults, situation) = if healthy {
        (Vec::new(), Situation::Healthy)
    } else {
        (faults, Situation::OwnFault)
    };
    let named = loaded.as_ref().and_then(|one| one.runbook.header());
    let rehearsal = Rehearsal {
        runbook: named.map_or_else(|| planned.plan.scenario.clone(), |header| header.id.clone()),
        digest: loaded
            .as_ref()
            .map_or_else(String::new, |one| one.digest.clone()),
        situation,
        touches: exercise.touches.clone(),
        protects: exercise.protects.clone(),
        targets: exercise.targets.clone(),
        forbids: named.map_or_else(Vec::new, |header| targets(&header.forbids)),
        answer: answer(&faults),
        order: Vec::new(),
        messages: vec![("people are told".to_owned(), Some(TOLD))],
        mitigated: windows.mitigated,
        recovered: windows.recovered,
        seat: Some(Box::new(Seat {
            exercise,
            limit: options.limit,
            training: options.training,
            hidden: options.hidden,
            program: options.api.is_some(),
        })),
    };
    Ok(Staged {
        planned,
        sitting: Sitting {
            rehearsal,
            faults,
            calm: calm(seed, options.within),
        },
        runbook: options
            .runbook
            .as_ref()
            .map(|path| path.display().to_string()),
    })
}

/// A seed that nobody chose.
fn new_seed() -> u64 {
    let now = jiff::Timestamp::now().as_nanosecond();
    u64::try_from(now.rem_euclid(9_999)).unwrap_or_default() + 1
}

/// Well mixed bits of a seed; `salt` makes them other ones.
fn mixed(seed: u64, salt: u64) -> u64 {
    // SplitMix64.
    let mut bits = seed.wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// From the prompt to the fault.
fn calm(seed: u64, within: Span) -> Duration {
    let most = within.as_secs_f64();
    let least = CALM.min(most / 2.0);
    // 53 bits are what a number holds.
    let share = (mixed(seed, 1) >> 11) as f64 / (1_u64 << 53) as f64;
    Duration::from_secs_f64(least + share * (most - least))
}

/// The scenario, and whether nothing of it is brought about.
fn choose(options: &Rehearse, seed: u64) -> Result<(String, bool), Exit> {
    if let Some(reference) = &options.scenario {
        return Ok((reference.clone(), options.healthy));
    }
    let mut names: Vec<&str> = catalog::names().filter(|name| is_exercise(name)).collect();
    names.sort_unstable();
    if !options.hidden || names.is_empty() {
        let first = names.first().copied().unwrap_or("slow-payments");
        text::error(
            "no scenario named",
            &format!(
                "lab rehearse {first}, one of {}, or --hidden alone",
                names.join(", ")
            ),
        );
        return Err(Exit::Usage);
    }
    let count = names.len() as u64;
    let place = usize::try_from(mixed(seed, 2) % count).unwrap_or_default();
    let name = names.get(place).copied().unwrap_or_default();
    let quiet = mixed(seed, 3).is_multiple_of(FALSE_ALARMS);
    Ok((name.to_owned(), options.healthy || quiet))
}

/// Whether a scenario of the catalog says what somebody who handles it is told.
pub(crate) fn is_exercise(name: &str) -> bool {
    let Ok(source) = catalog::load(name) else {
        return false;
    };
    // Cheaper than to plan all of them.
    source
        .text()
        .lines()
        .any(|line| line.starts_with("rehearsal:"))
}

fn plan(
    options: &Rehearse,
    reference: &str,
    seed: u64,
) -> Result<(Planned, Vec<lab_model::plan::Fault>), Trouble> {
    let source = scenario::source(reference)?;
    let overrides = Overrides::new(options.with.clone(), Some(seed)).on(options.driver.runtime());
    let compose = scenario::compose(&source, reference)?;
    let planned = sandbox::rehearsal(source, &overrides.with_compose(compose));
    planned.map_err(Trouble::Diagnostics)
}

/// Has the open phase outlast the rehearsal.
fn lengthen(plan: &mut Plan, limit: Span) {
    let mut phases = plan.phases.iter_mut();
    if let Some(phase) = phases.find(|phase| phase.kind == PhaseKind::Open) {
        phase.length = phase.length.max(limit.plus(AROUND));
    }
}

/// What somebody is told and held to: by the scenario, over it by the runbook.
fn exercise(planned: &Planned, loaded: Option<&Loaded>) -> Exercise {
    let system = &planned.plan.system.name;
    let mut exercise = planned.exercise.clone().unwrap_or_else(|| Exercise {
        situation: format!(
            "You are on call for {system}. Its users are at work, and something may break."
        ),
        ..Exercise::default()
    });
    let Some(header) = loaded.and_then(|loaded| loaded.runbook.header()) else {
        return exercise;
    };
    exercise.touches.clone_from(&header.touches);
    exercise.protects.clone_from(&header.protects);
    exercise.targets = targets(&header.oracles);
    if !header.starts.is_empty() {
        exercise.starts = targets(&header.starts);
    }
    let (budget, usual) = (header.budget, exercise.aims);
    exercise.aims = Aims {
        detect: budget.detect.unwrap_or(usual.detect),
        mitigate: budget.mitigate.unwrap_or(usual.mitigate),
        recover: budget.recover.unwrap_or(usual.recover),
    };
    exercise
}

/// Places of routes and flags; a store is not looked into while somebody is in the seat.
fn targets(texts: &[String]) -> Vec<Target> {
    let targets = texts.iter().filter_map(|text| text.parse().ok());
    targets
        .filter(|target: &Target| target.ledger().is_none())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_is_seeded_and_within_its_bounds() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let at = calm(seed, Span::from_secs(90));
            assert_eq!(at, calm(seed, Span::from_secs(90)));
            assert!((8..=90).contains(&at.as_secs()), "{at:?}");
            seen.insert(at.as_secs() / 10);
            assert!(calm(seed, Span::from_secs(2)) <= Duration::from_secs(2));
        }
        assert!(seen.len() > 6, "{seen:?}");
    }
}
