//! The head of a report: which run this is, and what it set out to show.

use lab_model::event::Opened;
use lab_model::{Name, Plan};

use crate::format;
use crate::line::Line;
use crate::page::Page;
use crate::plan::when;
use crate::style::Tone;

/// The room of the words at the left.
const LABEL: usize = 15;

/// The head of a run that begins: when its verdict is likely.
pub(crate) fn beginning(page: &mut Page, plan: &Plan, driver: &Name) {
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

fn write(page: &mut Page, plan: &Plan, driver: &Name, last: Option<String>) {
    let mut facts = vec![
        format!("seed {}", plan.seed),
        format!("{} as {driver}", plan.system.name),
        format::planned(plan.length()),
    ];
    facts.extend(last);
    let name = Line::of(Tone::Strong, plan.scenario.as_str());
    page.labelled(0, &name, LABEL, &Line::plain(facts.join(" · ")));
    if !plan.hypothesis.trim().is_empty() {
        let label = Line::of(Tone::Quiet, "hypothesis");
        page.labelled(0, &label, LABEL, &Line::plain(plan.hypothesis.trim()));
    }
}
