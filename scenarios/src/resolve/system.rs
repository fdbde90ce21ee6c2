//! A system, resolved: from its own file, or from services that a scenario holds.

use std::collections::BTreeMap;

use lab_model::container::Runtime;
use lab_model::gateway::Gateway;
use lab_model::ledger::LedgerCheck;
use lab_model::system::Service;
use lab_model::traffic::{Journey, Step};
use lab_model::{Link, Name};

use super::knob::{self, Knob};
use super::sandbox::{self, Sandbox};
use super::{attach, gateway, journey, ledger, service};
use crate::code::Code;
use crate::compose;
use crate::overrides::Overrides;
use crate::spec::{AttachedSpec, GatewaySpec, ScenarioSpec, ServiceSpec, SystemSpec};
use crate::systems;
use crate::tree::{At, Entries, Node, Report};
use lab_diagnostic::{Diagnostic, Finding, Place};

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
    /// Its gateway, where it has one.
    pub gateway: Option<Gateway>,
    /// What can be set.
    pub knobs: Vec<Knob>,
    /// What its users do.
    pub journeys: Vec<(Name, Vec<Step>)>,
    /// The tags of those journeys that carry some.
    pub tags: BTreeMap<Name, Vec<Name>>,
    /// How it is used in a sandbox, where it says so.
    pub(super) sandbox: Option<Sandbox>,
    /// Where its users' writes are found again.
    pub(crate) ledgers: Vec<LedgerCheck>,
    /// Services that exist as processes only, or as containers only.
    only: BTreeMap<Name, Runtime>,
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

    /// The services and links of a compose file.
    pub(crate) fn of_compose(services: Vec<Service>, links: Vec<Link>) -> Option<Self> {
        Some(Self {
            name: Name::new("compose").ok()?,
            about: String::new(),
            services: service::in_start_order(services, &links),
            links,
            gateway: None,
            knobs: Vec::new(),
            journeys: Vec::new(),
            tags: BTreeMap::new(),
            sandbox: None,
            ledgers: Vec::new(),
            only: BTreeMap::new(),
            all_linked: true,
        })
    }

    /// Whether its services run already.
    pub(crate) fn is_attached(&self) -> bool {
        self.services.iter().any(|one| one.attached.is_some())
    }

    /// Processes where every service that may run as one has a command.
    pub(crate) fn preference(&self) -> Runtime {
        if self.is_attached() {
            return Runtime::Attached;
        }
        let lacking = |service: &Service| {
            service.command.is_empty() && self.only.get(&service.name) != Some(&Runtime::Containers)
        };
        if self.services.iter().any(lacking) {
            Runtime::Containers
        } else {
            Runtime::Processes
        }
    }

    /// The system as it runs there: without the services that do not, and without their links and
    /// settings.
    pub(crate) fn on(mut self, runtime: Runtime) -> Self {
        let absent = |name: &Name| self.only.get(name).is_some_and(|only| *only != runtime);
        self.links
            .retain(|link| !absent(&link.from) && !absent(&link.to));
        self.services.retain(|service| !absent(&service.name));
        self.knobs.retain(|knob| !absent(&knob.service));
        self
    }
}

/// Which services exist as processes only, or as containers only.
fn only(services: &Entries<Name, ServiceSpec>) -> BTreeMap<Name, Runtime> {
    let only = |spec: &At<ServiceSpec>| spec.value()?.only.as_ref()?.value().copied();
    services
        .iter()
        .filter_map(|(name, _, spec)| Some((name.clone(), only(spec)?)))
        .collect()
}

const MOST_SERVICES: usize = 100;
const MOST_LINKS: usize = 500;

/// Resolves a system file.
pub(crate) fn from_file(spec: &SystemSpec, within: Place, report: &Report) -> Option<Definition> {
    let name = spec.system.need("system", within, report);
    let own = own_services(
        (spec.services.as_ref(), spec.attach.as_ref()),
        within,
        report,
    );
    let links = spec.links.need("links", within, report);
    let (links, links_place) = links?;
    let own = own?;
    let only = own.only();
    let routed = spec.gateway.as_ref();
    let (services, known) = parts(&own, (links, links_place), routed, report);
    let gateway = gateway_of(routed, &known, report);
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
            journey::resolve(steps, wiring, place, &[], report)?,
        ))
    });
    let journeys = journeys.collect();
    let mut definition = Definition {
        name: name?.0.clone(),
        about: spec
            .about
            .as_ref()
            .and_then(At::value)
            .cloned()
            .unwrap_or_default(),
        services,
        links: known,
        gateway,
        knobs,
        journeys,
        tags: tags(spec),
        sandbox: None,
        ledgers: Vec::new(),
        only,
        all_linked,
    };
    if let Some(specs) = spec.ledgers.as_ref().and_then(At::located) {
        let journeys = definition.journeys.iter();
        let journeys: Vec<Journey> = journeys
            .map(|(name, steps)| Journey::new(name.clone(), 1, steps.clone()))
            .collect();
        let around = ledger::Around {
            journeys: Some(&journeys),
            system: Some(&definition),
            report,
        };
        definition.ledgers = ledger::resolve(specs, around);
    }
    let sandbox = spec.sandbox.as_ref().and_then(At::located);
    definition.sandbox = sandbox.and_then(|found| sandbox::resolve(found, &definition, report));
    Some(definition)
}

/// Resolves the system of a scenario: the one it names, or the services it holds itself.
pub(super) fn of_scenario(
    spec: &ScenarioSpec,
    tree: &Node,
    within: Place,
    (overrides, beside): (&Overrides, &mut Vec<Diagnostic>),
    report: &Report,
) -> Option<Definition> {
    let own =
        ["attach", "services", "links", "gateway", "compose"].map(|key| (key, tree.key_place(key)));
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
        (None, Some(_)) if spec.compose.is_some() => {
            if let Some(place) = tree.key_place("attach").or(tree.key_place("services")) {
                let message = "services beside those of a compose file";
                report.add(Finding::new(Code::NoSystem, place, message).help("keep one of them"));
            }
            let (path, place) = spec.compose.as_ref()?.located()?;
            let Some(file) = overrides.compose() else {
                let message = format!("`{path}` was not read");
                report.add(Finding::new(Code::UnreadCompose, place, message));
                return None;
            };
            let (definition, found) = compose::resolve(file);
            beside.extend(found);
            definition
        }
        (None, Some(_)) => {
            let found = (spec.services.as_ref(), spec.attach.as_ref());
            let own = own_services(found, within, report);
            let links = spec.links.as_ref().unwrap_or(&At::Missing);
            let links = links.need("links", within, report);
            inline(&own?, links?, spec.gateway.as_ref(), report)
        }
        (None, None) => {
            report.add(
                Finding::new(Code::NoSystem, within, "there is no system to run against")
                    .help("add `system: shop`, or `services` and `links` of your own"),
            );
            None
        }
    }
}

/// The tags that a system gives its journeys.
fn tags(spec: &SystemSpec) -> BTreeMap<Name, Vec<Name>> {
    let journeys = spec.journeys.iter().filter_map(At::value);
    let tagged = journeys
        .flat_map(Entries::iter)
        .filter_map(|(name, _, spec)| {
            let tags = spec.value()?.tags.as_ref()?.value()?;
            Some((
                name.clone(),
                tags.iter().filter_map(At::value).cloned().collect(),
            ))
        });
    tagged.collect()
}

/// Services that a file holds itself: to be started, or running already.
enum Own<'a> {
    Started(&'a Entries<Name, ServiceSpec>, Place),
    Attached(&'a Entries<Name, AttachedSpec>, Place),
}

impl Own<'_> {
    fn only(&self) -> BTreeMap<Name, Runtime> {
        match self {
            Self::Started(services, _) => only(services),
            Self::Attached(..) => BTreeMap::new(),
        }
    }

    fn counted(&self) -> (usize, Place) {
        match self {
            Self::Started(services, place) => (services.iter().count(), *place),
            Self::Attached(services, place) => (services.iter().count(), *place),
        }
    }
}

/// Where the two forms of services stand in a file.
type OwnSpecs<'a> = (
    Option<&'a At<Entries<Name, ServiceSpec>>>,
    Option<&'a At<Entries<Name, AttachedSpec>>>,
);

/// The services of a file, in one of the two forms.
fn own_services<'a>(
    (services, attached): OwnSpecs<'a>,
    within: Place,
    report: &Report,
) -> Option<Own<'a>> {
    let services = services.unwrap_or(&At::Missing);
    let Some(attached) = attached.filter(|found| !matches!(found, At::Missing)) else {
        let (services, place) = services.need("services", within, report)?;
        return Some(Own::Started(services, place));
    };
    if let Some(place) = services.place() {
        let message = "`services` that are started beside those that run already";
        report.add(Finding::new(Code::NoSystem, place, message).help("keep one of them"));
    }
    let (attached, place) = attached.located()?;
    Some(Own::Attached(attached, place))
}

fn inline(
    own: &Own<'_>,
    links: (&Vec<At<Link>>, Place),
    gateway: Option<&At<GatewaySpec>>,
    report: &Report,
) -> Option<Definition> {
    let count = links.0.len();
    let name = match own {
        Own::Started(..) => "inline",
        Own::Attached(..) => "attached",
    };
    let (services, links) = parts(own, links, gateway, report);
    Some(Definition {
        name: Name::new(name).ok()?,
        about: String::new(),
        services,
        all_linked: links.len() == count,
        gateway: gateway_of(gateway, &links, report),
        links,
        knobs: Vec::new(),
        journeys: Vec::new(),
        tags: BTreeMap::new(),
        sandbox: None,
        ledgers: Vec::new(),
        only: own.only(),
    })
}

fn parts(
    own: &Own<'_>,
    (links, links_place): (&Vec<At<Link>>, Place),
    gateway: Option<&At<GatewaySpec>>,
    report: &Report,
) -> (Vec<Service>, Vec<Link>) {
    let (count, place) = own.counted();
    if count == 0 || count > MOST_SERVICES {
        let message = format!("{count} services; from 1 to {MOST_SERVICES} can be started");
        report.add(Finding::new(Code::BadService, place, message));
    }
    let links = report.bounded(links, MOST_LINKS, "links", links_place);
    let has_gateway = !matches!(gateway, None | Some(At::Missing));
    match own {
        Own::Started(services, _) => service::resolve(services, links, has_gateway, report),
        Own::Attached(services, _) => attach::resolve(services, links, has_gateway, report),
    }
}

fn gateway_of(spec: Option<&At<GatewaySpec>>, links: &[Link], report: &Report) -> Option<Gateway> {
    let spec = spec.and_then(At::located)?;
    gateway::resolve(spec, links, report)
}
