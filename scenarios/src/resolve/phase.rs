//! Phases: their names, their order, their times.

use lab_model::plan::{Phase, PhaseKind};
use lab_model::{Name, Span};

use crate::code::Code;
use crate::overrides::Overrides;
use crate::spec::{FaultPhaseSpec, PhaseSpec, TrialsSpec};
use crate::tree::{At, Report};
use lab_diagnostic::{Finding, Place};

/// The longest run.
const LONGEST: Span = Span::from_secs(86_400);
const MOST_PHASES: usize = 100;
/// The most trials of one entry: 299 clean ones prove 99 %.
const MOST_TRIALS: u32 = 300;

/// A phase as far as the file tells it.
#[derive(Debug)]
pub(super) struct Stretch<'a> {
    pub(super) name: Name,
    pub(super) kind: PhaseKind,
    pub(super) start: Span,
    /// Its length and where that stands; `None` where it could not be read.
    pub(super) length: Option<(Span, Place)>,
    /// What it injects.
    pub(super) fault: Option<(&'a FaultPhaseSpec, Place)>,
    place: Place,
}

impl Stretch<'_> {
    /// A phase that was decided elsewhere, standing at `place`.
    pub(super) fn of(phase: Phase, place: Place) -> Self {
        Self {
            name: phase.name,
            kind: phase.kind,
            start: phase.start,
            length: Some((phase.length, place)),
            fault: None,
            place,
        }
    }
}

/// The word for a kind of phase in files.
const fn word(kind: PhaseKind) -> &'static str {
    match kind {
        PhaseKind::WarmUp => "warm_up",
        PhaseKind::Baseline => "baseline",
        PhaseKind::Fault => "fault",
        PhaseKind::Recovery => "recovery",
        PhaseKind::Open => "sandbox",
    }
}

/// Resolves the phases; those that cannot be told at all are left out.
pub(super) fn resolve<'a>(
    (specs, place): (&'a Vec<At<PhaseSpec>>, Place),
    overrides: &Overrides,
    report: &Report,
) -> Vec<Stretch<'a>> {
    let mut stretches: Vec<Stretch<'a>> = Vec::new();
    let mut start = Span::ZERO;
    let specs = report.bounded(specs, MOST_PHASES, "phases", place);
    if specs.is_empty() {
        report.add(Finding::new(Code::EmptyPhase, place, "there is no phase"));
    }
    let mut all_read = true;
    for (spec, place) in specs.iter().filter_map(At::located) {
        let found = match spec {
            PhaseSpec::Trials(trials) => self::trials(trials, place, report),
            _ => vec![read(spec, place, report)],
        };
        all_read &= !found.is_empty();
        for (kind, length, fault) in found {
            let length = length.map(|(length, place)| (overrides.length(length), place));
            if let Some((Span::ZERO, place)) = length {
                let message = format!("a {} of 0s", word(kind));
                report.add(Finding::new(Code::EmptyPhase, place, message));
            }
            let Some(name) = name(kind, fault, &stretches, report) else {
                all_read = false;
                continue;
            };
            let stretch = Stretch {
                name,
                kind,
                start,
                length,
                fault,
                place,
            };
            start = start.plus(length.map_or(Span::ZERO, |(length, _)| length));
            stretches.push(stretch);
        }
    }
    all_read &= specs.iter().all(|spec| spec.located().is_some());
    if start > LONGEST {
        let message = format!("the phases last {start}; a run ends within a day");
        report.add(Finding::new(Code::EmptyPhase, place, message));
    }
    // Where a phase could not be read, its neighbours say nothing about the order.
    if all_read {
        check_order(&stretches, report);
    }
    stretches
}

type Read<'a> = (
    PhaseKind,
    Option<(Span, Place)>,
    Option<(&'a FaultPhaseSpec, Place)>,
);

fn read<'a>(spec: &'a PhaseSpec, place: Place, report: &Report) -> Read<'a> {
    let (kind, length) = match spec {
        PhaseSpec::WarmUp(length) => (PhaseKind::WarmUp, length),
        PhaseSpec::Baseline(length) => (PhaseKind::Baseline, length),
        PhaseSpec::Recovery(length) => (PhaseKind::Recovery, length),
        // Read as what they stand for.
        PhaseSpec::Trials(_) => return (PhaseKind::Fault, None, None),
        PhaseSpec::Fault(fault) => {
            let fault = fault.need("for", place, report);
            let length = fault.and_then(|(fault, within)| fault.length.need("for", within, report));
            return (
                PhaseKind::Fault,
                length.map(|(span, at)| (*span, at)),
                fault,
            );
        }
    };
    let length = length.need(word(kind), place, report);
    (kind, length.map(|(span, at)| (*span, at)), None)
}

/// A fault and its recovery, so many times.
fn trials<'a>(spec: &'a At<TrialsSpec>, place: Place, report: &Report) -> Vec<Read<'a>> {
    let Some((spec, within)) = spec.need("times", place, report) else {
        return Vec::new();
    };
    let times = spec.times.need("times", within, report);
    let fault = spec.fault.need("fault", within, report);
    let recovery = spec.recovery.need("recovery", within, report);
    let (Some((times, place)), Some((fault, at)), Some((recovery, behind))) =
        (times, fault, recovery)
    else {
        return Vec::new();
    };
    if !(1..=MOST_TRIALS).contains(times) {
        let message = format!("{times} trials");
        report.add(
            Finding::new(Code::BadValue, place, message)
                .help(format!("write from 1 to {MOST_TRIALS}")),
        );
        return Vec::new();
    }
    if let Some((name, place)) = fault.name.as_ref().and_then(At::located) {
        let message = format!("{times} phases cannot all be called {name}");
        report.add(
            Finding::new(Code::DuplicateName, place, message)
                .help("leave the name out: they are `fault`, `fault-2`, …"),
        );
        return Vec::new();
    }
    let length = fault.length.need("for", at, report);
    let length = length.map(|(length, at)| (*length, at));
    let pair = [
        (PhaseKind::Fault, length, Some((fault, at))),
        (PhaseKind::Recovery, Some((*recovery, behind)), None),
    ];
    (0..*times).flat_map(|_| pair).collect()
}

fn name(
    kind: PhaseKind,
    fault: Option<(&FaultPhaseSpec, Place)>,
    before: &[Stretch<'_>],
    report: &Report,
) -> Option<Name> {
    let is_taken = |name: &Name| before.iter().any(|stretch| &stretch.name == name);
    let own = fault
        .and_then(|(fault, _)| fault.name.as_ref())
        .and_then(At::located);
    if let Some((name, place)) = own {
        let kinds = [PhaseKind::WarmUp, PhaseKind::Baseline, PhaseKind::Recovery];
        if is_taken(name) || kinds.into_iter().any(|kind| word(kind) == name.as_str()) {
            let message = format!("a second phase `{name}`");
            report.add(Finding::new(Code::DuplicateName, place, message));
        }
        return Some(name.clone());
    }
    let numbered = |number: usize| match number {
        1 => Name::new(word(kind)),
        _ => Name::new(&format!("{}-{number}", word(kind))),
    };
    let mut names = (1..=before.len() + 1).filter_map(|number| numbered(number).ok());
    names.find(|name| !is_taken(name))
}

fn check_order(stretches: &[Stretch<'_>], report: &Report) {
    let place_of = |kind| stretches.iter().position(|stretch| stretch.kind == kind);
    let first_fault = place_of(PhaseKind::Fault);
    for (index, stretch) in stretches.iter().enumerate() {
        let after_fault = first_fault.is_some_and(|fault| fault < index);
        let problem = match stretch.kind {
            PhaseKind::WarmUp if index > 0 => Some("a warm-up comes first"),
            PhaseKind::Baseline if after_fault => Some("a baseline comes before the first fault"),
            PhaseKind::Baseline if place_of(PhaseKind::Baseline) != Some(index) => {
                Some("there is one baseline")
            }
            PhaseKind::Recovery if !after_fault => Some("a recovery comes after a fault"),
            _ => None,
        };
        if let Some(problem) = problem {
            report.add(
                Finding::new(Code::PhaseOrder, stretch.place, problem)
                    .help("the order is warm_up, baseline, fault, recovery"),
            );
        }
    }
    let Some(fault) = first_fault.map(|index| &stretches[index]) else {
        return;
    };
    if place_of(PhaseKind::Baseline).is_none() {
        report.add(
            Finding::new(
                Code::NoBaseline,
                fault.place,
                "no baseline before the fault",
            )
            .help("add `- baseline: 15s` before it"),
        );
    }
    if place_of(PhaseKind::Recovery).is_none() {
        report.add(
            Finding::new(Code::NoRecovery, fault.place, "no recovery after the fault")
                .help("add `- recovery: 25s` after it"),
        );
    }
}

/// The phases that a check is made in: those it names by kind or name, else the fault phases, else
/// all measured ones. Empty only where that is reported.
pub(super) fn during(
    named: Option<&At<Vec<At<Name>>>>,
    phases: &[Stretch<'_>],
    report: &Report,
) -> Vec<usize> {
    let of_kind = |wanted: &dyn Fn(&Stretch<'_>) -> bool| -> Vec<usize> {
        let indices = phases.iter().enumerate().filter(|(_, phase)| wanted(phase));
        indices.map(|(index, _)| index).collect()
    };
    let Some(named) = named else {
        let faults = of_kind(&|phase| phase.kind == PhaseKind::Fault);
        return if faults.is_empty() {
            of_kind(&|phase| phase.kind.is_measured())
        } else {
            faults
        };
    };
    let Some((names, place)) = named.located() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, place) in names.iter().filter_map(At::located) {
        let mut matching = of_kind(&|phase| word(phase.kind) == name.as_str());
        if matching.is_empty() {
            matching = of_kind(&|phase| &phase.name == name);
        }
        if matching.is_empty() {
            let names = || phases.iter().map(|phase| phase.name.as_str());
            report.add(
                Finding::new(Code::UnknownPhase, place, format!("no phase `{name}`"))
                    .among(name.as_str(), names()),
            );
        }
        if matching
            .iter()
            .any(|index| !phases[*index].kind.is_measured())
        {
            let message = "a warm-up is not measured";
            report.add(Finding::new(Code::NeverJudged, place, message));
        }
        found.extend(matching);
    }
    if names.is_empty() {
        let message = "no phase is named, so this is never judged";
        report.add(
            Finding::new(Code::NeverJudged, place, message)
                .help("leave `during` out to judge it in the fault phases"),
        );
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The phases of the plan, where every length is known.
pub(super) fn finish(stretches: &[Stretch<'_>]) -> Option<Vec<Phase>> {
    let phase = |stretch: &Stretch<'_>| {
        let (length, _) = stretch.length?;
        Some(Phase {
            name: stretch.name.clone(),
            kind: stretch.kind,
            start: stretch.start,
            length,
        })
    };
    stretches.iter().map(phase).collect()
}
