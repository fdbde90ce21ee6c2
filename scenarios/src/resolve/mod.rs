//! From what a file holds to a plan that cannot be wrong; everything wrong with it on the way.
//!
//! Each part is resolved as far as the file tells it. What depends on a part that could not be
//! read is left unsaid rather than guessed, so that one mistake is reported once.

mod ending;
mod fault;
mod journey;
mod knob;
mod load;
mod objective;
mod phase;
mod placeholder;
mod possible;
mod service;
mod setting;
mod system;
mod window;
mod wording;

use lab_model::plan::Phase;
use lab_model::{Name, Plan, Span};

use crate::diagnostic::{Code, Diagnostic, Finding};
use crate::overrides::Overrides;
use crate::source::Place;
use crate::spec::ScenarioSpec;
use crate::tree::{At, Node, Report};

pub use knob::Knob;
pub use system::Definition;
pub(crate) use system::from_file;

/// The seed where neither the file nor the command line has one.
const SEED: u64 = 1;

/// Resolves a scenario. `None` where something is missing for a plan; errors may stand in the
/// report even where there is one. Those of the command line are returned apart, as they have no
/// place in the file.
pub(crate) fn scenario(
    spec: &ScenarioSpec,
    tree: &Node,
    overrides: &Overrides,
    report: &Report,
) -> (Option<Plan>, Vec<Diagnostic>) {
    let within = report.source().first_line(tree.place);
    not_yet(spec, tree, report);
    let name = spec.scenario.need("scenario", within, report);
    let hypothesis = hypothesis(spec, within, report);
    let definition = system::of_scenario(spec, tree, within, report);
    let system = definition.as_ref();
    let (turned, wrong_overrides) = setting::resolve(spec, system, overrides, report);

    let traffic = spec.load.need("load", within, report);
    let traffic = traffic.map(|load| load::resolve(load, system, report));
    let phases = spec.phases.need("phases", within, report);
    let stretches = phases.map_or_else(Vec::new, |phases| phase::resolve(phases, report));
    let faults = fault::resolve(
        &stretches,
        fault::Around {
            tree,
            wiring: system.map(Definition::wiring),
            journeys: traffic.as_ref().and_then(load::Traffic::journeys),
            report,
        },
    );
    let objectives = spec.objectives.need("objectives", within, report);
    let around = objective::Around {
        phases: &stretches,
        traffic: traffic.as_ref(),
        report,
    };
    let objectives = objectives.map_or_else(Vec::new, |objectives| {
        objective::resolve(objectives, around)
    });
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
    let seed = overrides
        .seed()
        .or_else(|| spec.seed.as_ref()?.value().copied())
        .unwrap_or(SEED);
    let assemble = || {
        let definition = system?;
        let mut services = definition.services.clone();
        let settings = turned.in_force.apply(&mut services);
        Some(Plan {
            scenario: name?.0.clone(),
            hypothesis: hypothesis?,
            lesson: text(spec.lesson.as_ref()).unwrap_or_default(),
            tags: tags(spec),
            seed,
            system: lab_model::system::System {
                name: definition.name.clone(),
                services,
                links: definition.links.clone(),
                settings,
            },
            load: traffic?.into_load()?,
            phases: phases?,
            faults,
            objectives,
            abort,
            replay: overrides.replay(report.source().reference(), seed),
            remedy,
        })
    };
    (assemble(), wrong_overrides)
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

/// Sections of the language that this version cannot run.
fn not_yet(spec: &ScenarioSpec, tree: &Node, report: &Report) {
    let sections = [
        (
            "patterns",
            spec.patterns.is_some(),
            "leave them out; objectives are judged",
        ),
        (
            "compose",
            spec.compose.is_some(),
            "use `system`, or `services` and `links`",
        ),
        (
            "attach",
            spec.attach.is_some(),
            "use `system`, or `services` and `links`",
        ),
    ];
    for (key, given, help) in sections {
        if given {
            let place = tree.key_place(key).unwrap_or(tree.place);
            let message = format!("`{key}` cannot be run yet");
            report.add(Finding::new(Code::NotYet, place, message).help(help));
        }
    }
}
