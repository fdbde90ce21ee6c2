//! A sandbox: a system under its load with one phase that has no planned end, and what is injected
//! into it by hand.

use lab_model::arrivals::Arrivals;
use lab_model::objective::Objective;
use lab_model::plan::{Fault, Phase, PhaseKind, Window};
use lab_model::system::System;
use lab_model::traffic::Load;
use lab_model::{Name, Plan, Span};

use super::fault::{self, Around};
use super::phase::Stretch;
use super::setting::Settings;
use super::system::{Definition, Wiring};
use super::{load, objective};
use crate::code::Code;
use crate::overrides::Overrides;
use crate::spec::{InjectSpec, ObjectiveSpec, SandboxSpec};
use crate::tree::{At, Node, Report};
use lab_diagnostic::{Diagnostic, Finding, Place};

/// Load without judgement at the start.
const WARM_UP: Span = Span::from_secs(3);
/// The longest a sandbox goes on.
const LONGEST: Span = Span::from_secs(86_400);
/// The index of the phase that people work in.
const OPEN: usize = 1;

/// What is driven against a system in its sandbox, and watched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sandbox {
    pub(crate) load: Load,
    pub(crate) objectives: Vec<Objective>,
}

fn phases() -> Option<[Phase; 2]> {
    let phase = |name, kind, start, length| {
        let name = Name::new(name).ok()?;
        Some(Phase {
            name,
            kind,
            start,
            length,
        })
    };
    Some([
        phase("warm_up", PhaseKind::WarmUp, Span::ZERO, WARM_UP)?,
        phase("sandbox", PhaseKind::Open, WARM_UP, LONGEST.minus(WARM_UP))?,
    ])
}

/// Resolves the sandbox of a system file.
pub(super) fn resolve(
    (spec, within): (&SandboxSpec, Place),
    system: &Definition,
    report: &Report,
) -> Option<Sandbox> {
    let traffic = spec.load.need("load", within, report);
    let traffic = traffic.map(|found| load::resolve(found, Some(system), super::SEED, report))?;
    let stretches = phases()?.map(|phase| Stretch::of(phase, within));
    let objectives = spec.objectives.need("objectives", within, report);
    let around = objective::Around {
        phases: &stretches,
        traffic: Some(&traffic),
        system: Some(system),
        report,
    };
    let (specs, list) = objectives?;
    for (spec, place) in specs.iter().filter_map(At::located) {
        if !matches!(
            spec,
            ObjectiveSpec::Availability(_) | ObjectiveSpec::Latency(_)
        ) {
            let message = "a sandbox does not watch this";
            report.add(
                Finding::new(Code::NotWatched, place, message)
                    .help("it watches `availability` and `latency`; a scenario judges the others"),
            );
        }
    }
    let objective::Promises { objectives, .. } = objective::resolve((specs, list), around);
    Some(Sandbox {
        load: traffic.into_load()?,
        objectives,
    })
}

/// The plan of a system's sandbox; `None` where the system has none. Mistakes of the command line
/// are returned apart.
pub(crate) fn of_system(
    definition: &Definition,
    reference: &str,
    overrides: &Overrides,
) -> (Option<Plan>, Vec<Diagnostic>) {
    let mut settings = Settings::defaults(&definition.knobs);
    let wrong = settings.turn(overrides);
    let seed = overrides.seed().unwrap_or(super::SEED);
    let assemble = || {
        let mut sandbox = definition.sandbox.clone()?;
        if let Arrivals::Poisson(poisson) = &mut sandbox.load.arrivals {
            poisson.seed = seed;
        }
        let mut services = definition.services.clone();
        let settings = settings.apply(&mut services);
        Some(Plan {
            scenario: definition.name.clone(),
            hypothesis: definition.about.clone(),
            lesson: String::new(),
            tags: Vec::new(),
            seed,
            system: System {
                name: definition.name.clone(),
                services,
                links: definition.links.clone(),
                tls: Vec::new(),
                gateway: definition.gateway.clone(),
                settings,
            },
            load: sandbox.load,
            toxiproxy: None,
            phases: phases()?.into(),
            faults: Vec::new(),
            objectives: sandbox.objectives,
            comparisons: Vec::new(),
            indicators: Vec::new(),
            early_stop: None,
            patterns: Vec::new(),
            ledgers: Vec::new(),
            abort: Vec::new(),
            replay: overrides.replay("up", reference, seed),
            remedy: Vec::new(),
        })
    };
    (assemble(), wrong)
}

/// The plan of a scenario's system, load and objectives as a sandbox: without its faults, phases,
/// patterns, comparisons and abort conditions.
pub(crate) fn of_scenario(mut plan: Plan) -> Option<Plan> {
    plan.phases = phases()?.into();
    plan.faults.clear();
    // Both show in phases that a sandbox does not have.
    plan.patterns.clear();
    plan.comparisons.clear();
    plan.indicators.clear();
    plan.early_stop = None;
    plan.ledgers.clear();
    plan.abort.clear();
    plan.remedy.clear();
    for objective in &mut plan.objectives {
        objective.during = vec![OPEN];
    }
    plan.objectives.dedup();
    if let Some(command) = plan.replay.first_mut() {
        "up".clone_into(command);
    }
    Some(plan)
}

/// The warm-up of a rehearsal, its baseline, and the longest it goes on.
const REHEARSED: [Span; 3] = [
    Span::from_secs(2),
    Span::from_secs(4),
    Span::from_secs(1_800),
];

/// The plan of a scenario as a rehearsal, and its faults, each without an end.
pub(crate) fn rehearsal(mut plan: Plan) -> (Plan, Vec<Fault>) {
    let mut start = Span::ZERO;
    let kinds = [PhaseKind::WarmUp, PhaseKind::Baseline, PhaseKind::Open];
    let names = ["warm_up", "baseline", "incident"];
    plan.phases = names
        .into_iter()
        .zip(kinds)
        .zip(REHEARSED)
        .filter_map(|((name, kind), length)| {
            let name = Name::new(name).ok()?;
            let phase = Phase {
                name,
                kind,
                start,
                length,
            };
            start = phase.end();
            Some(phase)
        })
        .collect();
    let mut faults = std::mem::take(&mut plan.faults);
    for fault in &mut faults {
        fault.windows = vec![Window {
            from: Span::ZERO,
            to: start,
        }];
    }
    plan.patterns.clear();
    plan.comparisons.clear();
    plan.indicators.clear();
    plan.early_stop = None;
    plan.abort.clear();
    plan.remedy.clear();
    for objective in &mut plan.objectives {
        objective.during = vec![1, 2];
    }
    plan.objectives.dedup();
    (plan, faults)
}

/// A fault as it is injected by hand, its windows counted from the moment of its injection.
pub(crate) fn injection(
    (spec, place): (&InjectSpec, Place),
    tree: &Node,
    plan: &Plan,
    report: &Report,
) -> Option<Fault> {
    let open = plan
        .phases
        .iter()
        .position(|phase| phase.kind == PhaseKind::Open)?;
    let mut phase = plan.phases[open].clone();
    phase.start = Span::ZERO;
    let stretch = Stretch::of(phase, place);
    let wiring = Wiring {
        links: &plan.system.links,
        whole: true,
    };
    let around = Around {
        tree,
        wiring: Some(wiring),
        journeys: Some(&plan.load.journeys),
        started: !plan.system.is_attached(),
        tls: &plan.system.tls,
        elsewhere: false,
        report,
    };
    fault::one(open, &stretch, (spec, place), around)
}

/// The spec of a hand-made injection, where it can be read.
pub(crate) fn read<'a>(
    spec: &'a At<InjectSpec>,
    tree: &Node,
    report: &Report,
) -> Option<(&'a InjectSpec, Place)> {
    spec.need("on", report.source().first_line(tree.place), report)
}
