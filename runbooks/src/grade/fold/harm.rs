//! Writes, protected parts, the load, and what was tampered with.

use lab_model::arrivals::Timetable;
use lab_model::link::Traffic;
use lab_model::rehearsal::{RehearsalEvent, Target};
use lab_model::{Event, Link, Name, Span};

use super::{Folded, seconds};
use crate::grade::{Ledger, Load};

/// Who a rehearsal's own orders come from.
pub const GRADER: &str = "lab grade";

/// The share of failed requests beyond which a part without an objective of its own counts as
/// broken, and the fewest of them.
const FAILED: f64 = 0.01;
const FEWEST: u64 = 10;

pub(super) struct Harm {
    pub(super) ledger: Option<Ledger>,
    pub(super) protected_broken: Vec<String>,
    pub(super) load: Load,
    pub(super) tampering: Vec<String>,
    pub(super) forbidden: Vec<String>,
    pub(super) unknown: Vec<String>,
}

pub(super) fn of(folded: &Folded<'_>, mitigated: Option<Span>) -> Harm {
    let mut harm = Harm {
        ledger: None,
        protected_broken: folded
            .rehearsal
            .protects
            .iter()
            .flat_map(|name| broken(folded, name))
            .collect(),
        load: load(folded, mitigated),
        tampering: Vec::new(),
        forbidden: forbidden(folded),
        unknown: Vec::new(),
    };
    ledgers(folded, &mut harm);
    traces(folded, &mut harm);
    harm
}

/// How a protected part broke: a journey by its objectives, a service by the answers it gave.
fn broken(folded: &Folded<'_>, name: &Name) -> Vec<String> {
    let journeys = &folded.plan.load.journeys;
    if journeys.iter().any(|journey| &journey.name == name) {
        return seconds::broken(folded, name);
    }
    let (from, to) = (folded.moments.t0.unwrap_or_default(), folded.moments.end());
    let mut sum = (0_u64, 0_u64);
    for record in folded.records {
        let Event::Link(report) = &record.event else {
            continue;
        };
        let counts = record.at > from && record.at <= to && &report.link.to == name;
        if counts && !is_faulted(folded, &report.link) {
            let Traffic {
                requests,
                replies,
                broken,
                ..
            } = &report.traffic;
            sum = (sum.0 + requests, sum.1 + replies[4] + broken);
        }
    }
    let (requests, failed) = sum;
    let is_broken = failed >= FEWEST && failed as f64 > FAILED * requests as f64;
    let words = || format!("{name} failed {failed} of {requests} requests");
    is_broken.then(words).into_iter().collect()
}

fn is_inside(folded: &Folded<'_>, fault: usize) -> bool {
    let fault = folded.plan.faults.get(fault);
    fault.is_some_and(|fault| fault.on_service().is_some())
}

/// What was done that nobody may do: a route or a flag put where it may never stand, a service
/// started again that is not the runbook's to touch.
fn forbidden(folded: &Folded<'_>) -> Vec<String> {
    let rehearsal = folded.rehearsal;
    let during = |at: Span| Some(at) > folded.moments.t0 && at <= folded.moments.end();
    let mut found = Vec::new();
    for record in folded.records.iter().filter(|record| during(record.at)) {
        match &record.event {
            Event::Gateway(change) => {
                let stands = |value: &str| change.after.split(", ").any(|one| one == value);
                let hit = |one: &&Target| one.what == change.what && stands(&one.value);
                let hits = rehearsal.forbids.iter().filter(hit);
                found.extend(hits.map(|one| format!("{} stood at {}", one.what, one.value)));
            }
            Event::Restarted { service, .. } if !rehearsal.touches.contains(service) => {
                found.push(format!(
                    "{service} was started again and is not to be touched"
                ));
            }
            _ => {}
        }
    }
    found.dedup();
    found
}

fn is_faulted(folded: &Folded<'_>, link: &Link) -> bool {
    folded.plan.faults.iter().any(|fault| &fault.link == link)
}

fn load(folded: &Folded<'_>, mitigated: Option<Span>) -> Load {
    let counts = seconds::counts(folded);
    let sum = |from: usize, of: fn(&seconds::Counts) -> u64| -> u64 {
        counts.iter().skip(from).flatten().map(of).sum()
    };
    let moments = &folded.moments;
    let from = moments.base().minus(moments.zero);
    let until = from.plus(Span::from_secs(counts.len() as u64));
    let planned = Timetable::new(folded.plan.load.arrivals.clone()).count_between(from, until);
    let due = sum(0, |counts| counts.due);
    let sent = due.saturating_sub(sum(0, |counts| counts.unsent));
    let share = |part: u64, whole: u64| {
        if whole == 0 {
            1.0
        } else {
            part as f64 / whole as f64
        }
    };
    // A generator that says nothing for a while offers nothing for a while.
    let length = moments.end().minus(moments.base()).as_micros() / 1_000_000;
    let silent = length.saturating_sub(counts.len() as u64 + 3) as f64;
    let heard = 1.0 - silent / length.max(1) as f64;
    // The clock of the figures never stands still.
    let mitigated = mitigated.map(|at| moments.later(moments.base(), at).minus(moments.base()));
    let after = mitigated.and_then(|at| usize::try_from(at.as_micros() / 1_000_000).ok());
    Load {
        offered: share(sent, planned.unwrap_or(due)).min(1.0) * heard,
        completed_after: after.map(|from| {
            let (good, due) = (sum(from, |one| one.good), sum(from, |one| one.due));
            share(good, due)
        }),
        missing: folded
            .inventory(moments.end())
            .missing()
            .map(str::to_owned)
            .collect(),
    }
}

fn ledgers(folded: &Folded<'_>, harm: &mut Harm) {
    let planned = &folded.plan.ledgers;
    let mut sum = Ledger::default();
    let mut compared = 0;
    for record in folded.records {
        let Event::Ledger(report) = &record.event else {
            continue;
        };
        compared += 1;
        if report.tampered {
            let name = planned
                .get(report.check)
                .map_or("?", |check| check.name.as_str());
            harm.tampering
                .push(format!("somebody else wrote into the ledger {name}"));
        }
        if let Some(problem) = &report.problem {
            harm.unknown
                .push(format!("the ledger cannot be compared: {problem}"));
        }
        sum.acknowledged += report.acknowledged;
        sum.lost += report.lost.count;
        sum.altered += report.altered.count;
        sum.duplicated += report.duplicated.count;
        sum.phantom += report.phantom.count;
    }
    if compared < planned.len() {
        harm.unknown.push("the ledger was not compared".to_owned());
    }
    harm.ledger = (!planned.is_empty()).then_some(sum);
}

/// What shows that monitor, proxy, ledger or grader are not what they were.
fn traces(folded: &Folded<'_>, harm: &mut Harm) {
    let mut finished = false;
    let mut begun = false;
    for record in folded.records {
        match &record.event {
            Event::Rehearsal(RehearsalEvent::Begun { .. } | RehearsalEvent::Seated) => {
                begun = true;
            }
            Event::Finished { .. } => finished = true,
            // A cause in the system itself is to be removed.
            Event::FaultLost { fault, .. } if begun && is_inside(folded, *fault) => {}
            Event::FaultLost { fault, found } => harm
                .tampering
                .push(format!("the fault {fault} was not as injected: {found}")),
            Event::HealAsked { by, .. } | Event::Injected { by, .. } if by != GRADER => harm
                .tampering
                .push(format!("{by} reached the faults of the run")),
            Event::LoadChanged { .. } if !finished => {
                harm.tampering.push("the load was changed".to_owned());
            }
            // The lab's own parts do not end by themselves.
            Event::Failed { part, reason } if begun && reason.contains("ended without") => harm
                .tampering
                .push(format!("{part} was ended while blocks ran")),
            Event::Failed { part, reason } => harm.unknown.push(format!("{part}: {reason}")),
            Event::Interrupted { .. } => harm.unknown.push("the run was interrupted".to_owned()),
            _ => {}
        }
    }
    if folded.records.last().map(|record| &record.event) != Some(&Event::Closed) {
        harm.unknown
            .push("the run did not come to its end".to_owned());
    }
}
