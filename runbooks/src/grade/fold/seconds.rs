//! Objectives, second by second from t0.

use lab_model::load::Slot;
use lab_model::objective::{Objective, Promise};
use lab_model::plan::PhaseKind;
use lab_model::{Event, Plan, Span};

use super::Folded;
use crate::grade::Second;

/// Arrivals of one journey in one second.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    pub(super) due: u64,
    pub(super) good: u64,
    pub(super) bad: u64,
    pub(super) unsent: u64,
    over: Vec<u64>,
}

impl Counts {
    fn add(&mut self, slot: &Slot) {
        self.due += slot.due;
        self.good += slot.good;
        self.bad += slot.bad;
        self.unsent += slot.unsent;
        self.over.resize(self.over.len().max(slot.over.len()), 0);
        for (sum, over) in self.over.iter_mut().zip(&slot.over) {
            *sum += over;
        }
    }

    fn is_resolved(&self) -> bool {
        self.good + self.bad >= self.due
    }

    /// Bad in the sense of an objective.
    fn bad_for(&self, objective: &Objective, plan: &Plan) -> u64 {
        match &objective.promise {
            Promise::Availability { .. } => self.bad,
            promise => {
                let limits = plan.limits(&objective.of);
                let at = limits
                    .iter()
                    .position(|limit| Some(*limit) == promise.limit());
                let over = at.and_then(|at| self.over.get(at)).copied();
                over.unwrap_or(self.bad)
            }
        }
    }
}

/// Arrivals by second from the beginning of t0's second, for each journey of the plan, up to the
/// end of the incident.
pub(super) fn counts(folded: &Folded<'_>) -> Vec<Vec<Counts>> {
    let (plan, moments) = (folded.plan, &folded.moments);
    let mut seconds: Vec<Vec<Counts>> = Vec::new();
    if moments.t0.is_none() {
        return seconds;
    }
    let open = plan
        .phases
        .iter()
        .position(|phase| phase.kind == PhaseKind::Open);
    let Some((open, phase)) = open.and_then(|at| Some((at, plan.phases.get(at)?))) else {
        return seconds;
    };
    let base = moments.base().minus(moments.zero).as_micros();
    let length = moments.end().minus(moments.base()).as_micros() / 1_000_000;
    for record in folded.records {
        let Event::Load(report) = &record.event else {
            continue;
        };
        for slot in report.slots.iter().filter(|slot| slot.phase == open) {
            let start = phase
                .start
                .plus(Span::from_secs(slot.second.into()))
                .as_micros();
            let Some(after) = start.checked_sub(base) else {
                continue;
            };
            let journeys = &plan.load.journeys;
            let journey = journeys.iter().position(|one| one.name == slot.journey);
            let second = after / 1_000_000;
            let (Some(journey), true) = (journey, second < length) else {
                continue;
            };
            let Ok(second) = usize::try_from(second) else {
                continue;
            };
            if seconds.len() <= second {
                seconds.resize(second + 1, vec![Counts::default(); journeys.len()]);
            }
            seconds[second][journey].add(slot);
        }
    }
    seconds
}

/// Seconds up to the first one in which an arrival has not ended yet. The last one may still grow
/// and does not count.
pub(super) fn of(folded: &Folded<'_>) -> Vec<Second> {
    let plan = folded.plan;
    let mut counts = counts(folded);
    counts.pop();
    let resolved = |second: &&Vec<Counts>| {
        second.iter().any(|counts| counts.due > 0) && second.iter().all(Counts::is_resolved)
    };
    let mut found = Vec::new();
    for (at, second) in counts.iter().take_while(resolved).enumerate() {
        let end = folded.moments.base().plus(Span::from_secs(at as u64 + 1));
        let middle = end.minus(Span::from_millis(500));
        let mut pauses = folded.moments.pauses.iter();
        if pauses.any(|(from, to)| *from <= middle && middle < *to) {
            continue;
        }
        let stands = folded.inventory(end);
        let mut held = true;
        let mut excess = 0.0;
        for (journey, counts) in plan.load.journeys.iter().zip(second) {
            let mut worst = 0.0_f64;
            for objective in plan.objectives.iter().filter(|one| one.of == journey.name) {
                let bad = counts.bad_for(objective, plan) as f64;
                // A second has no fraction of a request: it may have the next whole one.
                let allowed = (objective.promise.allowed_bad() * counts.due as f64).ceil();
                held &= bad <= allowed;
                worst = worst.max(bad - allowed);
            }
            excess += worst;
        }
        let targets = &folded.rehearsal.targets;
        let mut targets = targets.iter().filter(|target| target.ledger().is_none());
        let settled = targets.all(|target| stands.meets(target));
        found.push(Second {
            held,
            settled: settled && stands.is_complete(),
            excess,
        });
    }
    found
}

/// The objectives of a journey that were broken over the whole incident, in words.
pub(super) fn broken(folded: &Folded<'_>, journey: &lab_model::Name) -> Vec<String> {
    let plan = folded.plan;
    let counts = counts(folded);
    let place = plan
        .load
        .journeys
        .iter()
        .position(|one| &one.name == journey);
    let Some(place) = place else {
        return Vec::new();
    };
    let objectives = plan.objectives.iter().filter(|one| &one.of == journey);
    let check = |objective: &Objective| {
        let of = |second: &Vec<Counts>| second.get(place).cloned().unwrap_or_default();
        let all: Vec<Counts> = counts.iter().map(of).collect();
        let due: u64 = all.iter().map(|counts| counts.due).sum();
        let bad: u64 = all
            .iter()
            .map(|counts| counts.bad_for(objective, plan))
            .sum();
        let allowed = (objective.promise.allowed_bad() * due as f64).ceil();
        (bad as f64 > allowed).then(|| format!("{objective}: {bad} bad of {due}"))
    };
    objectives.filter_map(check).collect()
}

/// How many times too fast a budget is spent before somebody is woken, and over how long a time: the
/// fast burn of an alert on 30 days, on the shortest window that a rehearsal has.
const BURN: f64 = 14.4;
const MINUTE: usize = 60;

/// From t0 until somebody would have been paged.
pub(super) fn paged(folded: &Folded<'_>) -> Option<Span> {
    let plan = folded.plan;
    let counts = counts(folded);
    let burns = |end: usize| {
        let window = &counts[(end + 1).saturating_sub(MINUTE)..=end];
        let mut objectives = plan.objectives.iter();
        objectives.any(|objective| {
            let mut journeys = plan.load.journeys.iter();
            let Some(place) = journeys.position(|one| one.name == objective.of) else {
                return false;
            };
            let own = window.iter().filter_map(|second| second.get(place));
            // The seconds before the fault were good.
            let rate = own.clone().map(|one| one.due).sum::<u64>() as f64 / window.len() as f64;
            let bad: u64 = own.map(|one| one.bad_for(objective, plan)).sum();
            let due = rate * MINUTE as f64;
            due > 0.0 && bad as f64 >= BURN * objective.promise.allowed_bad() * due
        })
    };
    let at = (0..counts.len()).find(|end| burns(*end))?;
    Some(Span::from_secs(at as u64 + 1))
}
