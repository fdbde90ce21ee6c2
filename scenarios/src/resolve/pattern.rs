//! Patterns: which must show, on which link, in which phases.

use lab_model::pattern::Pattern;
use lab_model::plan::PhaseKind;
use lab_model::{Link, Name, Site};
use lab_verdict::patterns::{PatternSpec, Shows};

use super::fault;
use super::load::Traffic;
use super::phase::Stretch;
use super::site::checked_link;
use crate::code::Code;
use crate::tree::At;
use lab_diagnostic::{Finding, Place};

/// The most patterns of a scenario.
const MOST_PATTERNS: usize = 100;

/// Resolves the patterns and refuses those that could not show.
pub(super) fn resolve(
    (specs, place): (&Vec<At<PatternSpec>>, Place),
    phases: &[Stretch<'_>],
    traffic: Option<&Traffic>,
    around: fault::Around<'_>,
) -> Vec<Pattern> {
    let report = around.report;
    let specs = report.bounded(specs, MOST_PATTERNS, "patterns", place);
    let specs = specs.iter().filter_map(At::located);
    specs
        .filter_map(|(spec, place)| pattern(spec, place, phases, traffic, around))
        .collect()
}

fn pattern(
    spec: &PatternSpec,
    place: Place,
    phases: &[Stretch<'_>],
    traffic: Option<&Traffic>,
    around: fault::Around<'_>,
) -> Option<Pattern> {
    let report = around.report;
    let entry = spec.entry();
    let node = around
        .tree
        .find(place)
        .and_then(|node| node.get(entry.name));
    let at = |setting: &str| {
        let setting = node.and_then(|node| node.get(setting));
        setting.or(node).map_or(place, |node| node.place)
    };
    for problem in spec.problems() {
        let found = Finding::new(Code::BadPattern, at(problem.setting), problem.message);
        report.add(found.help(problem.help));
    }
    let on = match spec.on() {
        None => None,
        Some(link) => Some(checked_link(link, at("on"), around)?.clone()),
    };
    if let Some(link) = on.as_ref().filter(|link| link.is_entry())
        && entry.needs.of_caller
    {
        let message = format!("the caller of {link} is the load itself");
        report.add(
            Finding::new(Code::CallerIsLoad, at("on"), message)
                .help("name a link between two services"),
        );
    }
    if let (Some(journey), Some(traffic)) = (spec.of(), traffic) {
        let key = if entry.name == "bulkhead" {
            "keeps"
        } else {
            "of"
        };
        traffic.starts(journey, at(key), report);
    }
    let during = shown(spec, on.as_ref(), place, phases, around);
    let mut tagged = serde_json::to_value(spec).ok()?;
    Some(Pattern {
        kind: Name::new(entry.name).ok()?,
        summary: spec.summary(),
        on,
        during,
        watch: spec.watch(),
        settings: tagged.get_mut(entry.name)?.take(),
    })
}

/// The phases in which it can show.
fn shown(
    spec: &PatternSpec,
    on: Option<&Link>,
    place: Place,
    phases: &[Stretch<'_>],
    around: fault::Around<'_>,
) -> Vec<usize> {
    let of = |wanted: &dyn Fn(&Stretch<'_>) -> bool| -> Vec<usize> {
        let indices = phases.iter().enumerate().filter(|(_, phase)| wanted(phase));
        indices.map(|(index, _)| index).collect()
    };
    let kind = |kind: PhaseKind| of(&|phase| phase.kind == kind);
    let measured = || of(&|phase| phase.kind.is_measured());
    let entry = spec.entry();
    let broken = || {
        // Those that break its own link where there are any.
        let ours = of(&|phase| phase.fault.is_some_and(|(fault, _)| injects(fault, on)));
        if ours.is_empty() {
            kind(PhaseKind::Fault)
        } else {
            ours
        }
    };
    let (during, lacking) = match entry.needs.shows {
        Shows::UnderLoad if kind(PhaseKind::Fault).is_empty() => (measured(), "a measured phase"),
        Shows::UnderFault | Shows::UnderLoad => (broken(), "a fault phase"),
        Shows::Always => (measured(), "a measured phase"),
        Shows::Afterwards => (kind(PhaseKind::Recovery), "a recovery phase"),
    };
    // Where a phase could not be read, nobody knows what there is.
    if phases.is_empty() {
        return during;
    }
    let report = around.report;
    let nothing = |lacking: &str| {
        let message = format!("{} needs {lacking} to show", entry.name);
        report.add(
            Finding::new(Code::NothingToShow, place, message)
                .help(format!("add {lacking}, or leave the pattern out")),
        );
    };
    if during.is_empty() {
        nothing(lacking);
    }
    if entry.needs.baseline && kind(PhaseKind::Baseline).is_empty() {
        nothing("a baseline");
    }
    let shortest = spec.shortest_phase();
    let short = |index: &&usize| {
        let length = phases.get(**index).and_then(|phase| phase.length);
        length.is_some_and(|(length, _)| length < shortest)
    };
    if let Some(phase) = during
        .iter()
        .find(short)
        .and_then(|index| phases.get(*index))
    {
        let message = format!("{} is too short for this", phase.name);
        report.add(
            Finding::new(Code::PatternTooShort, place, message).label(format!("needs {shortest}")),
        );
    }
    during
}

/// Whether a fault phase breaks this link.
fn injects(fault: &crate::spec::FaultPhaseSpec, on: Option<&Link>) -> bool {
    let injections = fault.inject.value().into_iter().flatten();
    let mut links = injections.filter_map(|inject| inject.value()?.on.value());
    links.any(|site| match site {
        Site::Link(link) => Some(link) == on,
        Site::Service(name) => on.is_some_and(|on| on.to == *name),
    })
}
