//! Faults: where, when, and whether they can bite at all.

use std::collections::BTreeMap;

use lab_faults::{FaultSpec, Problem, Reach, Target};
use lab_model::plan::{Effect, Fault, Window};
use lab_model::toxic::{Primitive, Stream};
use lab_model::traffic::Journey;
use lab_model::{Link, Name, Ratio, Site, Span};

use super::phase::Stretch;
use super::system::Wiring;
use super::{site, window};
use crate::code::Code;
use crate::spec::{FaultPhaseSpec, InjectSpec, PhaseSpec, ScenarioSpec};
use crate::tree::{At, Node, Report};
use lab_diagnostic::{Finding, Place};

/// A phase must last so many times the largest delay of its faults.
const TIMES: u64 = 3;
const MOST_FAULTS: usize = 100;

/// What faults are checked against; `None` where it could not be read.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) tree: &'a Node,
    pub(super) wiring: Option<Wiring<'a>>,
    pub(super) journeys: Option<&'a [Journey]>,
    /// Whether the lab starts the services, so that faults on them are in its hands.
    pub(super) started: bool,
    /// Links whose TLS ends in the proxy.
    pub(super) tls: &'a [Link],
    /// Whether faults are injected through a server that is none of the lab's.
    pub(super) elsewhere: bool,
    pub(super) report: &'a Report,
}

/// A fault with its place in the file.
type Placed = (Fault, Place);
/// What holds one fault of a kind: a link or service, the kind, a stream of it.
type Holder<'a> = (Site, &'a Name, Stream);

/// Reads the files that faults name; what is wrong with them is reported where they are named.
pub(crate) fn load(spec: &mut ScenarioSpec, tree: &Node, report: &Report) {
    let phases = spec.phases.located_mut().map(|(phases, _)| phases);
    let phases = phases.into_iter().flatten().filter_map(At::located_mut);
    let phases = phases.filter_map(|(phase, _)| match phase {
        PhaseSpec::Fault(phase) => phase.located_mut(),
        _ => None,
    });
    let injections = phases.filter_map(|(phase, _)| phase.inject.located_mut());
    let injections = injections.flat_map(|(injections, _)| injections);
    for (injection, _) in injections.filter_map(At::located_mut) {
        if let Some((fault, place)) = injection.fault.located_mut() {
            let problems = fault.load(&|file| report.source().file(file));
            show(problems, fault, place, tree, report);
        }
    }
}

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
    check_protocols(&faults, around.tls, around.report);
    faults.into_iter().map(|(fault, _)| fault).collect()
}

/// Resolves one fault of a phase.
pub(super) fn one(
    index: usize,
    phase: &Stretch<'_>,
    (spec, place): (&InjectSpec, Place),
    around: Around<'_>,
) -> Option<Fault> {
    let mut found = faults(index, phase, spec, place, around);
    if found.len() > 1 {
        let message = "this stands for several faults, and one is injected at a time";
        let finding = Finding::new(Code::WrongSite, place, message);
        around
            .report
            .add(finding.help("inject a `timeout` on each link between the two"));
        return None;
    }
    found.pop()
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
        .flat_map(|(spec, place)| {
            let faults = faults(index, phase, spec, place, around);
            faults.into_iter().map(move |fault| (fault, place))
        })
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

/// The faults of one entry: one, or for a partition one for each link between the two.
fn faults(
    index: usize,
    phase: &Stretch<'_>,
    spec: &InjectSpec,
    within: Place,
    around: Around<'_>,
) -> Vec<Fault> {
    let report = around.report;
    let on = spec.on.need("on", within, report);
    let fault = spec.fault.need("fault", within, report);
    let sites = match (on, fault) {
        (Some(on), Some((fault, _))) => site::resolve(on, fault, around),
        // What kind of fault it is is not known; a link that does not exist is wrong anyway.
        (Some((Site::Link(link), place)), None) => {
            site::checked_link(link, place, around);
            Vec::new()
        }
        _ => Vec::new(),
    };
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
    let (Some((fault, place_of_fault)), Some(windows)) = (fault, windows) else {
        return Vec::new();
    };
    let entry = fault.entry();
    let Ok(kind) = Name::new(entry.name) else {
        return Vec::new();
    };
    let direction = spec
        .direction
        .as_ref()
        .and_then(At::value)
        .copied()
        .unwrap_or_default();
    let toxicity = toxicity.map_or(Ratio::ONE, |(share, _)| *share);
    let primitives = |service| {
        fault.primitives(Target {
            direction,
            toxicity,
            service,
        })
    };
    if around.elsewhere {
        check_elsewhere(fault, &primitives(None), place_of_fault, report);
    }
    let faults = sites.into_iter().map(|site| Fault {
        kind: kind.clone(),
        summary: fault.summary(),
        link: site.link.clone(),
        direction,
        toxicity,
        phase: index,
        windows: windows.clone(),
        primitives: primitives(site.service),
        effect: fault.effect(),
        undo: entry.undo.to_owned(),
    });
    faults.collect()
}

/// What is wrong with single attributes, each at its own place.
fn check_attributes(fault: &FaultSpec, place: Place, around: Around<'_>) {
    show(fault.problems(), fault, place, around.tree, around.report);
}

fn show(problems: Vec<Problem>, fault: &FaultSpec, place: Place, tree: &Node, report: &Report) {
    let kind = fault.entry().name;
    let node = tree.find(place).and_then(|node| node.get(kind));
    for problem in problems {
        let attribute = node.and_then(|node| node.get(problem.attribute));
        let place = attribute.or(node).map_or(place, |node| node.place);
        report.add(Finding::new(Code::BadFault, place, problem.message).help(problem.help));
    }
}

/// What a Toxiproxy cannot do, or what it does and nothing can see.
fn check_elsewhere(fault: &FaultSpec, primitives: &[Primitive], place: Place, report: &Report) {
    let known = |primitive: &Primitive| match primitive {
        Primitive::Toxic(toxic) => TOXIPROXYS.contains(&toxic.kind.as_str()),
        Primitive::Disabled | Primitive::Service(_) => true,
        Primitive::Refused | Primitive::Hanging => false,
    };
    let kind = fault.entry().name;
    if !primitives.iter().all(known) {
        let message = format!("a Toxiproxy cannot do {}", fault.summary());
        let help = match kind {
            "refuse" | "hang" => "use the fault `down`, or the lab's own proxy".to_owned(),
            _ => "leave `toxiproxy` out: the lab's own proxy can".to_owned(),
        };
        report.add(Finding::new(Code::NotOnToxiproxy, place, message).help(help));
    } else if kind == "slow_close" {
        let message =
            "a Toxiproxy does not tell when it closes late, and from outside it is not seen";
        let help = "leave `toxiproxy` out: the run would be inconclusive for want of a witness";
        report.add(Finding::new(Code::NotOnToxiproxy, place, message).help(help));
    }
}

/// The toxics that every Toxiproxy has, and the one that newer ones have.
const TOXIPROXYS: [&str; 8] = [
    "latency",
    "bandwidth",
    "slow_close",
    "timeout",
    "reset_peer",
    "slicer",
    "limit_data",
    "packet_loss",
];

/// A fault of the whole link has neither a direction nor a share of connections.
fn check_reach(fault: &FaultSpec, spec: &InjectSpec, within: Place, report: &Report) {
    let acts_on = match fault.entry().reach {
        Reach::Connections => return,
        Reach::Requests => "requests with their answers",
        Reach::Database => "what a database is asked",
        Reach::Handshakes => "handshakes",
        Reach::Link => "the whole link",
        Reach::Service => "a service",
    };
    let direction = spec.direction.as_ref().map(At::place);
    let toxicity = spec.toxicity.as_ref().map(At::place);
    // Of what matches, a share may be chosen.
    let toxicity = toxicity.filter(|_| !fault.entry().reach.has_share());
    for (key, place) in [("direction", direction), ("toxicity", toxicity)] {
        if let Some(place) = place {
            let name = fault.entry().name;
            let message = format!("`{name}` has no {key}: it acts on {acts_on}");
            report.add(
                Finding::new(Code::WholeLink, place.unwrap_or(within), message)
                    .help(format!("leave `{key}` out")),
            );
        }
    }
}

/// A connection is read in the words of one protocol, or of HTTP inside TLS where that ends in the
/// proxy.
fn check_protocols(faults: &[Placed], tls: &[Link], report: &Report) {
    let spoken = faults
        .iter()
        .filter_map(|(fault, place)| match fault.effect {
            Effect::Exchange { deed, .. } => Some((fault, deed.protocol(), *place)),
            _ => None,
        });
    let spoken: Vec<_> = spoken.collect();
    for (index, (later, protocol, place)) in spoken.iter().enumerate() {
        let meets = |earlier: &&(&Fault, &str, Place)| {
            let two = earlier.1 != *protocol && !fits(tls, &later.link, [earlier.1, *protocol]);
            earlier.0.link == later.link && two && meet(earlier.0, later)
        };
        if let Some((earlier, other, _)) = spoken[..index].iter().find(meets) {
            let message = format!(
                "`{}` needs {protocol} on {}, and `{}` {other}, at the same time",
                later.kind, later.link, earlier.kind
            );
            report.add(Finding::new(Code::TwoProtocols, *place, message).help(
                "keep the one whose protocol the link speaks, or make them follow one another",
            ));
        }
    }
}

/// Whether these are two protocols that a link is read in at once.
fn fits(tls: &[Link], link: &Link, spoken: [&str; 2]) -> bool {
    tls.contains(link) && spoken.iter().all(|protocol| *protocol != "PostgreSQL")
}

/// Whether two faults are armed at the same time.
fn meet(one: &Fault, other: &Fault) -> bool {
    let overlaps = |a: &Window, b: &Window| a.from < b.to && b.from < a.to;
    let mut windows = one.windows.iter();
    windows.any(|a| other.windows.iter().any(|b| overlaps(a, b)))
}

/// Two toxics of one kind on one stream cannot be told apart, and nothing can be seen of a toxic
/// while its link is down.
fn check_overlap(faults: &[Placed], report: &Report) {
    let mut holders: BTreeMap<Holder<'_>, Vec<(Window, Place)>> = BTreeMap::new();
    for (fault, place) in faults {
        for stream in fault.direction.streams() {
            let holder = holders
                .entry((fault.site(), &fault.kind, *stream))
                .or_default();
            holder.extend(fault.windows.iter().map(|window| (*window, *place)));
        }
    }
    for ((site, kind, _), mut windows) in holders {
        windows.sort_unstable_by_key(|(window, place)| (window.from, window.to, *place));
        for pair in windows.windows(2) {
            let [(first, _), (second, place)] = pair else {
                continue;
            };
            if second.from < first.to {
                let message = format!("a second `{kind}` on {site} at the same time");
                report.add(Finding::new(Code::Overlap, *place, message).help(
                    "make them follow one another with `after` and `for`, or use both directions",
                ));
            }
        }
    }
    let is_down = |fault: &Fault| fault.effect == Effect::Refuse;
    for (fault, place) in faults
        .iter()
        .filter(|(fault, _)| !is_down(fault) && fault.on_service().is_none())
    {
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
