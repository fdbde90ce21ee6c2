//! A system, resolved: from its own file, or from services that a scenario holds.

use lab_model::system::Service;
use lab_model::traffic::Step;
use lab_model::{Link, Name};

use super::knob::{self, Knob};
use super::{journey, service};
use crate::diagnostic::{Code, Finding};
use crate::source::Place;
use crate::spec::{ScenarioSpec, ServiceSpec, SystemSpec};
use crate::systems;
use crate::tree::{At, Entries, Node, Report};

/// Everything a scenario can refer to in its system.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Its name; `inline` where the scenario holds the services itself.
    pub name: Name,
    /// What it is; empty where nothing says so.
    pub about: String,
    /// Its services, callees before callers.
    pub services: Vec<Service>,
    /// Its links, in the order of the file.
    pub links: Vec<Link>,
    /// What can be set.
    pub knobs: Vec<Knob>,
    /// What its users do.
    pub journeys: Vec<(Name, Vec<Step>)>,
    /// Whether every link of the file is among `links`.
    all_linked: bool,
}

/// The links of a system, and whether they are all that the file has: where some could not be
/// read, a link that is not among them is not unknown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wiring<'a> {
    pub(super) links: &'a [Link],
    pub(super) whole: bool,
}

impl Definition {
    pub(super) fn wiring(&self) -> Wiring<'_> {
        Wiring {
            links: &self.links,
            whole: self.all_linked,
        }
    }
}

const MOST_SERVICES: usize = 100;
const MOST_LINKS: usize = 500;

/// Resolves a system file.
pub(crate) fn from_file(spec: &SystemSpec, within: Place, report: &Report) -> Option<Definition> {
    let name = spec.system.need("system", within, report);
    let services = spec.services.need("services", within, report);
    let links = spec.links.need("links", within, report);
    let (links, links_place) = links?;
    let (services, known) = parts(services?, (links, links_place), report);
    let all_linked = known.len() == links.len();
    let knobs = spec.knobs.as_ref().and_then(At::value);
    let knobs = knobs.map_or_else(Vec::new, |knobs| knob::resolve(knobs, &services, report));
    let journeys = spec
        .journeys
        .iter()
        .filter_map(At::value)
        .flat_map(Entries::iter);
    let journeys = journeys.filter_map(|(name, place, spec)| {
        let (spec, within) = spec.need(name.as_str(), place, report)?;
        let (steps, _) = spec.steps.need("steps", within, report)?;
        let wiring = Wiring {
            links: &known,
            whole: all_linked,
        };
        Some((
            name.clone(),
            journey::resolve(steps, wiring, place, report)?,
        ))
    });
    let journeys = journeys.collect();
    Some(Definition {
        name: name?.0.clone(),
        about: spec
            .about
            .as_ref()
            .and_then(At::value)
            .cloned()
            .unwrap_or_default(),
        services,
        links: known,
        knobs,
        journeys,
        all_linked,
    })
}

/// Resolves the system of a scenario: the one it names, or the services it holds itself.
pub(super) fn of_scenario(
    spec: &ScenarioSpec,
    tree: &Node,
    within: Place,
    report: &Report,
) -> Option<Definition> {
    let own = ["services", "links"].map(|key| (key, tree.key_place(key)));
    let own = own.into_iter().find_map(|(key, place)| Some((key, place?)));
    match (&spec.system, own) {
        (Some(system), own) => {
            if let Some((key, place)) = own {
                let message = format!("`system` and `{key}` of its own");
                report.add(Finding::new(Code::NoSystem, place, message).help("keep one of them"));
            }
            let (name, place) = system.located()?;
            systems::find(name, place, report)
        }
        (None, Some(_)) => {
            let services = spec.services.as_ref().unwrap_or(&At::Missing);
            let links = spec.links.as_ref().unwrap_or(&At::Missing);
            let services = services.need("services", within, report);
            let links = links.need("links", within, report);
            inline(services?, links?, report)
        }
        (None, None) => {
            // Another way to name a system is refused for itself.
            if spec.compose.is_none() && spec.attach.is_none() {
                report.add(
                    Finding::new(Code::NoSystem, within, "there is no system to run against")
                        .help("add `system: shop`, or `services` and `links` of your own"),
                );
            }
            None
        }
    }
}

fn inline(
    services: (&Entries<Name, ServiceSpec>, Place),
    links: (&Vec<At<Link>>, Place),
    report: &Report,
) -> Option<Definition> {
    let count = links.0.len();
    let (services, links) = parts(services, links, report);
    Some(Definition {
        name: Name::new("inline").ok()?,
        about: String::new(),
        services,
        all_linked: links.len() == count,
        links,
        knobs: Vec::new(),
        journeys: Vec::new(),
    })
}

fn parts(
    (services, place): (&Entries<Name, ServiceSpec>, Place),
    (links, links_place): (&Vec<At<Link>>, Place),
    report: &Report,
) -> (Vec<Service>, Vec<Link>) {
    let count = services.iter().count();
    if count == 0 || count > MOST_SERVICES {
        let message = format!("{count} services; from 1 to {MOST_SERVICES} can be started");
        report.add(Finding::new(Code::BadService, place, message));
    }
    let links = report.bounded(links, MOST_LINKS, "links", links_place);
    service::resolve(services, links, report)
}
