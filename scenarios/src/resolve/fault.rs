//! Faults: where, when, and whether they can bite at all.

use std::collections::{BTreeMap, BTreeSet};

use lab_faults::{FaultSpec, Reach, Target};
use lab_model::plan::{Fault, Window};
use lab_model::toxic::Direction;
use lab_model::traffic::Journey;
use lab_model::{Link, Name, Ratio, Span};

use super::phase::Stretch;
use super::system::Wiring;
use super::window;
use crate::diagnostic::{Code, Finding, listed};
use crate::source::Place;
use crate::spec::{FaultPhaseSpec, InjectSpec};
use crate::tree::{At, Node, Report};

/// A phase must last so many times the largest delay of its faults.
const TIMES: u64 = 3;
const MOST_FAULTS: usize = 100;

/// What faults are checked against; `None` where it could not be read.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) tree: &'a Node,
    pub(super) wiring: Option<Wiring<'a>>,
    pub(super) journeys: Option<&'a [Journey]>,
    pub(super) report: &'a Report,
}

/// A fault with its place in the file.
type Placed = (Fault, Place);
/// What holds one toxic of a kind: a link, the kind, whether upstream.
type Stream<'a> = (&'a Link, &'a Name, bool);

/// Resolves the faults of all phases.
pub(super) fn resolve(phases: &[Stretch<'_>], around: Around<'_>) -> Vec<Fault> {
    let mut faults: Vec<Placed> = Vec::new();
    for (index, phase) in phases.iter().enumerate() {
        let Some((spec, within)) = phase.fault else {
            continue;
        };
        faults.extend(of_phase(index, phase, spec, within, around));
    }
    check_overlap(&faults, around.report);
    faults.into_iter().map(|(fault, _)| fault).collect()
}

fn of_phase(
    index: usize,
    phase: &Stretch<'_>,
    spec: &FaultPhaseSpec,
    within: Place,
    around: Around<'_>,
) -> Vec<Placed> {
    let report = around.report;
    let Some((injections, place)) = spec.inject.need("inject", within, report) else {
        return Vec::new();
    };
    if injections.is_empty() {
        report.add(Finding::new(
            Code::NothingInjected,
            place,
            "nothing is injected",
        ));
    }
    let injections = report.bounded(injections, MOST_FAULTS, "faults in a phase", place);
    check_length(phase, injections, report);
    injections
        .iter()
        .filter_map(At::located)
        .filter_map(|(spec, place)| Some((fault(index, phase, spec, place, around)?, place)))
        .collect()
}

/// A phase that is not much longer than what its faults hold back would end before their effect
/// is seen.
fn check_length(phase: &Stretch<'_>, injections: &[At<InjectSpec>], report: &Report) {
    let Some((length, place)) = phase.length else {
        return;
    };
    let faults = injections.iter().filter_map(At::value);
    let faults = faults.filter_map(|inject| inject.fault.value());
    let longest = faults.max_by_key(|fault| fault.longest_delay());
    let Some(fault) = longest else { return };
    let needed = Span::from_micros(fault.longest_delay().as_micros().saturating_mul(TIMES));
    if length < needed {
        let summary = fault.summary();
        let message = format!("{length} is too short for {summary}");
        report.add(
            Finding::new(Code::TooShort, place, message)
                .label(format!("at least {needed}"))
                .help("a phase lasts at least three times the largest delay of its faults"),
        );
    }
}

/// A fault that ends before it lets go of anything shows less than it is.
fn check_windows(fault: &FaultSpec, windows: &[Window], spec: &InjectSpec, report: &Report) {
    // The last window of a flapping fault may be cut off by the end of the phase.
    let first = windows.first().map(|window| window.to.minus(window.from));
    let Some(shown) = first.filter(|first| *first < fault.longest_delay()) else {
        return;
    };
    let flap = spec.flap.as_ref().and_then(At::value).map(|flap| &flap.on);
    let chosen = flap.or(spec.lasting.as_ref()).or(spec.after.as_ref());
    // The phase as a whole has its own rule.
    let Some(place) = chosen.and_then(At::place) else {
        return;
    };
    let message = format!("{shown} is too short for {}", fault.summary());
    report.add(
        Finding::new(Code::TooShort, place, message)
            .label(format!("at least {}", fault.longest_delay()))
            .help("a fault lasts at least as long as it can hold something back"),
    );
}

fn fault(
    index: usize,
    phase: &Stretch<'_>,
    spec: &InjectSpec,
    within: Place,
    around: Around<'_>,
) -> Option<Fault> {
    let report = around.report;
    let on = spec.on.need("on", within, report);
    let fault = spec.fault.need("fault", within, report);
    let link = on.and_then(|(link, place)| checked_link(link, place, around));
    if let Some((fault, place)) = fault {
        check_attributes(fault, place, around);
        check_reach(fault, spec, within, report);
    }
    let windows = window::resolve(spec, phase, report);
    if let (Some((fault, _)), Some(windows)) = (fault, &windows) {
        check_windows(fault, windows, spec, report);
    }
    let toxicity = spec.toxicity.as_ref().and_then(At::located);
    if let Some((_, place)) = toxicity.filter(|(share, _)| share.get() <= 0.0) {
        let message = "a toxicity of 0% touches nothing";
        report.add(Finding::new(Code::NoEffect, place, message));
    }
    let (fault, link) = (fault?.0, link?);
    let target = Target {
        direction: spec
            .direction
            .as_ref()
            .and_then(At::value)
            .copied()
            .unwrap_or_default(),
        toxicity: toxicity.map_or(Ratio::ONE, |(share, _)| *share),
    };
    let entry = fault.entry();
    Some(Fault {
        kind: Name::new(entry.name).ok()?,
        summary: fault.summary(),
        link: link.clone(),
        direction: target.direction,
        toxicity: target.toxicity,
        phase: index,
        windows: windows?,
        primitives: fault.primitives(target),
        effect: fault.effect(),
        undo: entry.undo.to_owned(),
    })
}

/// The link, where the system has it and the load reaches it.
fn checked_link<'a>(link: &'a Link, place: Place, around: Around<'_>) -> Option<&'a Link> {
    let Wiring { links, whole } = around.wiring?;
    let report = around.report;
    if !links.contains(link) && !whole {
        return None;
    }
    if !links.contains(link) {
        let names: Vec<String> = links.iter().map(ToString::to_string).collect();
        let turned = Link::new(link.to.clone(), link.from.clone());
        let message = format!("no link from {} to {}", link.from, link.to);
        let unknown = Finding::new(Code::UnknownLink, place, message);
        report.add(if links.contains(&turned) {
            unknown.label(format!("did you mean `{turned}`?"))
        } else {
            unknown.among(&link.to_string(), names.iter().map(String::as_str))
        });
        return None;
    }
    let Some(journeys) = around.journeys.filter(|_| whole) else {
        return Some(link);
    };
    if !reached(links, journeys).contains(link) {
        let entries = journeys.iter().flat_map(|journey| &journey.steps);
        let entries: BTreeSet<&str> = entries.map(|step| step.service.as_str()).collect();
        let message = format!("no journey of the load reaches {link}");
        report.add(Finding::new(Code::UnusedLink, place, message).help(format!(
            "the load calls {}, and no way leads on to {}",
            listed(entries),
            link.from
        )));
    }
    Some(link)
}

/// The links that the load may use: those it calls itself, and all that lead on from there.
fn reached<'a>(links: &'a [Link], journeys: &[Journey]) -> BTreeSet<&'a Link> {
    let called: BTreeSet<&Name> = journeys
        .iter()
        .flat_map(|journey| &journey.steps)
        .map(|step| &step.service)
        .collect();
    let mut found: BTreeSet<&Link> = links
        .iter()
        .filter(|link| link.is_entry() && called.contains(&link.to))
        .collect();
    let mut next: Vec<&Name> = found.iter().map(|link| &link.to).collect();
    while let Some(caller) = next.pop() {
        let onward = links.iter().filter(|link| &link.from == caller);
        for link in onward {
            if found.insert(link) {
                next.push(&link.to);
            }
        }
    }
    found
}

/// What is wrong with single attributes, each at its own place.
fn check_attributes(fault: &FaultSpec, place: Place, around: Around<'_>) {
    let kind = fault.entry().name;
    let node = around.tree.find(place).and_then(|node| node.get(kind));
    for problem in fault.problems() {
        let attribute = node.and_then(|node| node.get(problem.attribute));
        let place = attribute.or(node).map_or(place, |node| node.place);
        around
            .report
            .add(Finding::new(Code::BadFault, place, problem.message).help(problem.help));
    }
}

/// A fault of the whole link has neither a direction nor a share of connections.
fn check_reach(fault: &FaultSpec, spec: &InjectSpec, within: Place, report: &Report) {
    if fault.entry().reach != Reach::Link {
        return;
    }
    let direction = spec.direction.as_ref().map(At::place);
    let toxicity = spec.toxicity.as_ref().map(At::place);
    for (key, place) in [("direction", direction), ("toxicity", toxicity)] {
        if let Some(place) = place {
            let message = format!(
                "`{}` has no {key}: it acts on the whole link",
                fault.entry().name
            );
            report.add(
                Finding::new(Code::WholeLink, place.unwrap_or(within), message)
                    .help(format!("leave `{key}` out")),
            );
        }
    }
}

/// Two toxics of one kind on one stream cannot be told apart, and nothing can be seen of a toxic
/// while its link is down.
fn check_overlap(faults: &[Placed], report: &Report) {
    let mut streams: BTreeMap<Stream<'_>, Vec<(Window, Place)>> = BTreeMap::new();
    for (fault, place) in faults {
        let upstream = fault.direction == Direction::Upstream;
        let stream = streams
            .entry((&fault.link, &fault.kind, upstream))
            .or_default();
        stream.extend(fault.windows.iter().map(|window| (*window, *place)));
    }
    for ((link, kind, _), mut windows) in streams {
        windows.sort_unstable_by_key(|(window, place)| (window.from, window.to, *place));
        for pair in windows.windows(2) {
            let [(first, _), (second, place)] = pair else {
                continue;
            };
            if second.from < first.to {
                let message = format!("a second `{kind}` on {link} at the same time");
                report.add(Finding::new(Code::Overlap, *place, message).help(
                    "make them follow one another with `after` and `for`, or use both directions",
                ));
            }
        }
    }
    let is_down = |fault: &Fault| fault.effect == lab_model::plan::Effect::Refuse;
    for (fault, place) in faults.iter().filter(|(fault, _)| !is_down(fault)) {
        let downs = faults.iter().map(|(down, _)| down);
        let mut downs = downs.filter(|down| is_down(down) && down.link == fault.link);
        let covers = |down: &Fault, window: &Window| {
            let mut covering = down.windows.iter();
            covering.any(|w| w.from <= window.from && window.to <= w.to)
        };
        let hidden = |down: &Fault| {
            !fault.windows.is_empty() && fault.windows.iter().all(|window| covers(down, window))
        };
        if downs.any(hidden) {
            let message = format!(
                "{} is down all the while, so this cannot be seen",
                fault.link
            );
            report.add(Finding::new(Code::NoEffect, *place, message));
        }
    }
}
