//! From what a file holds to a plan that cannot be wrong; everything wrong with it on the way.
//!
//! Each part is resolved as far as the file tells it. What depends on a part that could not be
//! read is left unsaid rather than guessed, so that one mistake is reported once.

mod arrivals;
mod attach;
mod data;
mod ending;
mod fault;
mod fixture;
mod gateway;
mod indicator;
mod journey;
mod knob;
mod ledger;
mod load;
mod objective;
mod pattern;
mod phase;
mod placeholder;
mod possible;
mod reading;
mod recording;
pub(crate) mod rehearsal;
mod reply;
mod runtime;
pub(crate) mod sandbox;
mod service;
mod setting;
mod site;
mod system;
mod window;
mod wording;

use lab_model::container::Runtime;
use lab_model::plan::Phase;
use lab_model::{Link, Name, Plan, Span};

use crate::code::Code;
use crate::overrides::Overrides;
use crate::spec::ScenarioSpec;
use crate::tree::{At, Node, Report};
use lab_diagnostic::{Diagnostic, Finding, Place};

pub(crate) use fault::load;
pub use knob::Knob;
pub use system::Definition;
pub(crate) use system::from_file;

/// The seed where neither the file nor the command line has one.
const SEED: u64 = 1;

/// Resolves a scenario. `None` where something is missing for a plan; errors may stand in the
/// report even where there is one. Those of the command line are returned apart, as they have no
/// place in the file.
#[expect(
    clippy::too_many_lines,
    reason = "one section of the language after the other, in their order"
)]
pub(crate) fn scenario(
    spec: &ScenarioSpec,
    tree: &Node,
    overrides: &Overrides,
    report: &Report,
) -> (Option<(Plan, Runtime)>, Vec<Diagnostic>) {
    let within = report.source().first_line(tree.place);
    let name = spec.scenario.need("scenario", within, report);
    let hypothesis = hypothesis(spec, within, report);
    let mut beside = Vec::new();
    let definition = system::of_scenario(spec, tree, within, (overrides, &mut beside), report);
    let runtime = runtime::choose(spec, definition.as_ref(), overrides, report);
    let definition = definition.map(|definition| definition.on(runtime));
    let system = definition.as_ref();
    let (turned, wrong_overrides) = setting::resolve(spec, system, overrides, report);
    beside.extend(wrong_overrides);

    let seed = overrides
        .seed()
        .or_else(|| spec.seed.as_ref()?.value().copied())
        .unwrap_or(SEED);
    let traffic = spec.load.need("load", within, report);
    let traffic = traffic.map(|load| load::resolve(load, system, seed, report));
    let phases = spec.phases.need("phases", within, report);
    let stretches =
        phases.map_or_else(Vec::new, |phases| phase::resolve(phases, overrides, report));
    let toxiproxy = overrides
        .toxiproxy()
        .map(str::to_owned)
        .or_else(|| text(spec.toxiproxy.as_ref()));
    let tls = tls(spec, definition.as_ref(), toxiproxy.is_some(), report);
    let wires = fault::Around {
        tls: &tls,
        tree,
        wiring: system.map(Definition::wiring),
        started: !system.is_some_and(Definition::is_attached),
        journeys: traffic.as_ref().and_then(load::Traffic::journeys),
        elsewhere: toxiproxy.is_some(),
        report,
    };
    let faults = fault::resolve(&stretches, wires);
    let patterns = spec.patterns.as_ref().and_then(At::located);
    let patterns = patterns.map_or_else(Vec::new, |patterns| {
        pattern::resolve(patterns, &stretches, traffic.as_ref(), wires)
    });
    let around = objective::Around {
        phases: &stretches,
        traffic: traffic.as_ref(),
        system,
        report,
    };
    let objective::Promises {
        objectives,
        comparisons,
        indicators,
    } = promised(spec, within, around);
    let phases = phase::finish(&stretches);
    let length = phases
        .as_ref()
        .map(|phases| phases.last().map_or(Span::ZERO, Phase::end));
    let abort = spec
        .abort
        .as_ref()
        .and_then(At::located)
        .map_or_else(Vec::new, |specs| {
            ending::aborts(specs, traffic.as_ref(), length, report)
        });
    let remedy = spec.remedy.as_ref().and_then(At::value);
    let remedy = remedy
        .filter(|_| system.is_some())
        .map_or_else(Vec::new, |remedy| ending::remedy(remedy, &turned, report));
    let ledgers = spec.ledgers.as_ref().and_then(At::located);
    let ledgers = ledgers.map_or_else(Vec::new, |ledgers| {
        let around = ledger::Around {
            journeys: traffic.as_ref().and_then(load::Traffic::journeys),
            system,
            report,
        };
        ledger::resolve(ledgers, around)
    });
    let arrivals = traffic.as_ref().and_then(load::Traffic::arrivals);
    if let (Some((arrivals, place)), Some(length)) = (arrivals, length) {
        arrivals::check_length(arrivals, length, place, report);
    }
    let assemble = || {
        let definition = system?;
        let mut services = definition.services.clone();
        let settings = turned.in_force.apply(&mut services);
        let plan = Plan {
            scenario: name?.0.clone(),
            hypothesis: hypothesis?,
            lesson: text(spec.lesson.as_ref()).unwrap_or_default(),
            tags: tags(spec),
            seed,
            system: lab_model::system::System {
                name: definition.name.clone(),
                services,
                links: definition.links.clone(),
                tls: tls.clone(),
                gateway: definition.gateway.clone(),
                settings,
            },
            load: traffic?.into_load()?,
            toxiproxy: toxiproxy.clone(),
            phases: phases?,
            faults,
            objectives,
            comparisons,
            indicators,
            patterns,
            ledgers,
            abort,
            early_stop: overrides
                .early_stop()
                .or_else(|| early_stop(spec, length, report)),
            replay: overrides.replay("run", report.source().reference(), seed),
            remedy,
        };
        Some((plan, runtime))
    };
    (assemble(), beside)
}

/// The objectives, alone and beside one another. Patterns can fail as well: with them a scenario
/// needs no objective.
fn promised(
    spec: &ScenarioSpec,
    within: Place,
    around: objective::Around<'_>,
) -> objective::Promises {
    if spec.objectives.is_none() && spec.patterns.is_none() {
        around.report.missing("objectives", within);
    }
    let objectives = spec.objectives.as_ref();
    let objectives = objectives.and_then(|found| found.need("objectives", within, around.report));
    objectives.map_or_else(Default::default, |found| objective::resolve(found, around))
}

/// The links whose TLS ends in the proxy: links of the system, each once.
fn tls(
    spec: &ScenarioSpec,
    system: Option<&Definition>,
    elsewhere: bool,
    report: &Report,
) -> Vec<Link> {
    let Some((named, place)) = spec.tls.as_ref().and_then(At::located) else {
        return Vec::new();
    };
    if elsewhere {
        let message = "TLS does not end in a Toxiproxy";
        let help = "leave `toxiproxy` out: the lab's own proxy can";
        report.add(Finding::new(Code::NotOnToxiproxy, place, message).help(help));
    }
    let mut links: Vec<Link> = Vec::new();
    for (link, place) in named.iter().filter_map(At::located) {
        if links.contains(link) {
            let message = format!("{link} is named twice");
            report.add(Finding::new(Code::DuplicateName, place, message));
        } else if let Some(wiring) = system.map(Definition::wiring) {
            links.extend(site::known_link(link, place, wiring, report).cloned());
        }
    }
    links
}

/// How much of a phase a pass needs before the run may end early.
fn early_stop(spec: &ScenarioSpec, length: Option<Span>, report: &Report) -> Option<Span> {
    let (least, place) = spec.early_stop.as_ref()?.located()?;
    if length.is_some_and(|length| *least >= length) {
        let message = format!("the run is over after {}", length.unwrap_or_default());
        report.add(
            Finding::new(Code::BadAbort, place, message)
                .help("this is the part of a phase that a pass needs at the least"),
        );
    }
    Some(*least)
}

fn text(at: Option<&At<String>>) -> Option<String> {
    let text = at.and_then(At::value)?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn tags(spec: &ScenarioSpec) -> Vec<Name> {
    let tags = spec.tags.iter().filter_map(At::value).flatten();
    tags.filter_map(|tag| tag.value().cloned()).collect()
}

/// The claim; `about` where there is no hypothesis of its own.
fn hypothesis(spec: &ScenarioSpec, within: Place, report: &Report) -> Option<String> {
    if spec.hypothesis.is_none() && spec.about.is_none() {
        report.missing("about", within);
    }
    text(spec.hypothesis.as_ref()).or_else(|| text(spec.about.as_ref()))
}
