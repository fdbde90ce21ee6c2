//! What a fault acts on: a link or a service of the system, one that the load reaches.

use std::collections::BTreeSet;

use lab_faults::{FaultSpec, Reach};
use lab_model::traffic::Journey;
use lab_model::{Link, Name, Site};

use super::fault::Around;
use super::system::Wiring;
use crate::code::Code;
use crate::tree::Report;
use lab_diagnostic::{Finding, Place, listed};

/// Where a fault is: its link; of a fault on a service, a link into it and the service.
pub(super) struct Spot<'a> {
    pub(super) link: &'a Link,
    pub(super) service: Option<&'a Name>,
}

/// The spots of one fault; more than one only for a partition, which is on each link between two
/// services. Empty where a mistake is reported or the system could not be read.
pub(super) fn resolve<'a>(
    (on, place): (&'a Site, Place),
    fault: &FaultSpec,
    around: Around<'a>,
) -> Vec<Spot<'a>> {
    let kind = fault.entry();
    match (on, kind.reach) {
        (
            Site::Link(link),
            Reach::Connections
            | Reach::Requests
            | Reach::Database
            | Reach::Handshakes
            | Reach::Link,
        ) => checked_link(link, place, around)
            .map(|link| Spot {
                link,
                service: None,
            })
            .into_iter()
            .collect(),
        (Site::Service(service), Reach::Service) => match fault {
            FaultSpec::Partition(partition) => between(service, &partition.from, place, around),
            _ if !around.started => {
                not_started(service, kind.name, place, around);
                Vec::new()
            }
            _ => of_service(service, place, around).into_iter().collect(),
        },
        (Site::Service(_), _) => {
            let message = format!("`{}` acts on a link", kind.name);
            let finding = Finding::new(Code::WrongSite, place, message);
            around
                .report
                .add(finding.help("write `on: caller -> callee`"));
            Vec::new()
        }
        (Site::Link(link), Reach::Service) => {
            let message = format!("`{}` acts on a service", kind.name);
            let finding = Finding::new(Code::WrongSite, place, message);
            around
                .report
                .add(finding.help(format!("write `on: {}`", link.to)));
            Vec::new()
        }
    }
}

/// The lab has no hands on what it did not start.
fn not_started(service: &Name, kind: &str, place: Place, around: Around<'_>) {
    let message = format!("`{kind}` needs hands on {service}, which runs already");
    around.report.add(
        Finding::new(Code::NotStarted, place, message)
            .help("faults on its links work: `latency`, `reset_peer`, `down`, `http_status`, …"),
    );
}

/// A service that the load reaches, with the link into it on which the effect is looked for: the
/// first that the load uses.
fn of_service<'a>(service: &'a Name, place: Place, around: Around<'a>) -> Option<Spot<'a>> {
    let Wiring { links, whole } = around.wiring?;
    let mut into = links.iter().filter(|link| &link.to == service).peekable();
    if into.peek().is_none() {
        if whole {
            let message = format!("no link leads to a service `{service}`");
            let names: BTreeSet<&str> = links.iter().map(|link| link.to.as_str()).collect();
            around.report.add(
                Finding::new(Code::UnknownService, place, message).among(service.as_str(), names),
            );
        }
        return None;
    }
    let used = around.journeys.filter(|_| whole);
    let link = match used.map(|journeys| reached(links, journeys)) {
        None => into.next()?,
        Some(reached) => {
            let Some(link) = into.find(|link| reached.contains(link)) else {
                let message = format!("no journey of the load reaches {service}");
                around
                    .report
                    .add(Finding::new(Code::UnusedLink, place, message));
                return None;
            };
            link
        }
    };
    Some(Spot {
        link,
        service: Some(service),
    })
}

/// Every link between two services.
fn between<'a>(one: &Name, other: &Name, place: Place, around: Around<'a>) -> Vec<Spot<'a>> {
    let Some(Wiring { links, whole }) = around.wiring else {
        return Vec::new();
    };
    let joins = |link: &&Link| {
        (&link.from == one && &link.to == other) || (&link.from == other && &link.to == one)
    };
    let found: Vec<&Link> = links.iter().filter(joins).collect();
    if found.is_empty() && whole {
        let message = format!("no link joins {one} and {other}");
        around
            .report
            .add(Finding::new(Code::UnknownLink, place, message));
    }
    // Of a link that the load does not use nothing can be lost, so nothing could be seen.
    let mut found = found;
    if let Some(journeys) = around.journeys.filter(|_| whole)
        && !found.is_empty()
    {
        let used = reached(links, journeys);
        found.retain(|link| used.contains(link));
        if found.is_empty() {
            let message =
                format!("no journey of the load reaches a link between {one} and {other}");
            around
                .report
                .add(Finding::new(Code::UnusedLink, place, message));
        }
    }
    let spot = |link| Spot {
        link,
        service: None,
    };
    found.into_iter().map(spot).collect()
}

/// A link of the system; one that is not is reported, where all of them could be read.
pub(super) fn known_link<'a>(
    link: &'a Link,
    place: Place,
    Wiring { links, whole }: Wiring<'_>,
    report: &Report,
) -> Option<&'a Link> {
    if links.contains(link) {
        return Some(link);
    }
    if whole {
        let names: Vec<String> = links.iter().map(ToString::to_string).collect();
        let turned = Link::new(link.to.clone(), link.from.clone());
        let message = format!("no link from {} to {}", link.from, link.to);
        let unknown = Finding::new(Code::UnknownLink, place, message);
        report.add(if links.contains(&turned) {
            unknown.label(format!("did you mean `{turned}`?"))
        } else {
            unknown.among(&link.to_string(), names.iter().map(String::as_str))
        });
    }
    None
}

/// The link, where the system has it and the load reaches it.
pub(super) fn checked_link<'a>(
    link: &'a Link,
    place: Place,
    around: Around<'_>,
) -> Option<&'a Link> {
    let wiring = around.wiring?;
    let Wiring { links, whole } = wiring;
    let report = around.report;
    known_link(link, place, wiring, report)?;
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
