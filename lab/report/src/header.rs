//! The head of a report: which run this is, and what it set out to show.

use lab_model::event::Opened;
use lab_model::plan::PhaseKind;
use lab_model::{Link, Name, Plan};

use crate::format;
use crate::line::Line;
use crate::page::Page;
use crate::plan::when;
use crate::style::Tone;

/// The room of the words at the left.
const LABEL: usize = 15;

/// What acts on a sandbox.
fn meanwhile(plan: &Plan) -> String {
    let gateway = plan.system.gateway.as_ref().map(|gateway| &gateway.name);
    let inner = |link: &&Link| !link.is_entry() && gateway != Some(&link.from);
    let links = &plan.system.links;
    let link = links.iter().find(inner).or(links.first());
    let link = link.map_or_else(String::new, ToString::to_string);
    let routes = if plan.system.gateway.is_some() {
        ", lab route, lab flag"
    } else {
        ""
    };
    format!(
        "in another terminal: lab status, lab inject '{link}' latency delay=2s, lab heal{routes}, \
         lab logs --follow"
    )
}

fn is_open(plan: &Plan) -> bool {
    plan.phases
        .iter()
        .any(|phase| phase.kind == PhaseKind::Open)
}

/// The head of a run that begins: when its verdict is likely.
pub(crate) fn beginning(page: &mut Page, plan: &Plan, driver: &Name) {
    if is_open(plan) {
        write(page, plan, driver, None);
        let label = Line::of(Tone::Quiet, "meanwhile");
        page.labelled(0, &label, LABEL, &Line::plain(meanwhile(plan)));
        return;
    }
    let likely = when::first(plan).map(|(journey, after)| {
        let after = format::planned(after);
        format!("a verdict on {journey} is likely after {after}")
    });
    write(page, plan, driver, likely);
}

/// The head of a run that has ended: when it was.
pub(crate) fn ended(page: &mut Page, opened: &Opened) {
    // `2026-11-22T10:00:00.5Z`, or whatever a damaged journal holds there.
    let minute = opened.wall.get(..16).map(|wall| wall.replace('T', " "));
    let wall = minute.map(|wall| format!("{wall} UTC"));
    write(page, &opened.plan, &opened.driver, wall);
}

/// `shop as processes`, `web at 127.0.0.1:8080, which runs already`.
pub(crate) fn ran_as(plan: &Plan, driver: &Name) -> String {
    let attached = plan.system.services.iter().filter_map(|service| {
        let attached = service.attached.as_ref()?;
        Some(format!("{} at {}", service.name, attached.address))
    });
    let attached: Vec<String> = attached.collect();
    match attached.as_slice() {
        [] => format!("{} as {driver}", plan.system.name),
        [one] => format!("{one}, which runs already"),
        several => format!("{}, which run already", several.join(", ")),
    }
}

fn write(page: &mut Page, plan: &Plan, driver: &Name, last: Option<String>) {
    let mut facts = vec![format!("seed {}", plan.seed), ran_as(plan, driver)];
    facts.push(if is_open(plan) {
        "until Ctrl-C".to_owned()
    } else {
        format::planned(plan.length())
    });
    facts.extend(last);
    let name = Line::of(Tone::Strong, plan.scenario.as_str());
    page.labelled(0, &name, LABEL, &Line::plain(facts.join(" · ")));
    if !plan.hypothesis.trim().is_empty() && !is_open(plan) {
        let label = Line::of(Tone::Quiet, "hypothesis");
        page.labelled(0, &label, LABEL, &Line::plain(plan.hypothesis.trim()));
    }
}
