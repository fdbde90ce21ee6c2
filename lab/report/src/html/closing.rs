//! The end of the page: what was not shown, how to run it again, what was tested.

use lab_model::event::{Event, ServiceState};
use lab_verdict::outcome::{Call, Strength};
use maud::html;

use super::{Section, scrolling};
use crate::format;
use crate::run::Run;
use crate::terminal::closing;

pub(super) fn limits(run: &Run<'_>) -> Section {
    let observed = run
        .verdict
        .objectives
        .iter()
        .any(|verdict| verdict.strength == Some(Strength::Observed));
    let mut stated = vec![
        "Intervals and verdicts hold at 95 % however often one looks at them; a fail shares its \
         error among all objectives and phases."
            .to_owned(),
        "Latency counts from the moment an arrival was due, not from when it was sent; what could \
         not be sent is bad."
            .to_owned(),
    ];
    if observed {
        stated.push(
            "“Observed” assumes that arrivals fail independently of each other; “proven” does not."
                .to_owned(),
        );
    }
    Section {
        id: "limits",
        title: "What this does not show",
        lead: String::new(),
        body: html! {
            @if run.reached() && !run.verdict.limits.is_empty() {
                ul { @for limit in &run.verdict.limits { li { (limit) } } }
            }
            h3 { "Assumptions" }
            ul { @for assumption in &stated { li { (assumption) } } }
        },
    }
}

pub(super) fn replay(run: &Run<'_>) -> Section {
    let plan = run.plan();
    let remedy = (run.verdict.call == Call::Fail)
        .then(|| closing::remedy(plan))
        .flatten();
    let id = run.journal.opened.run.as_str();
    Section {
        id: "again",
        title: "Run it again",
        lead: "The seed decides every random choice, down to the connection.".to_owned(),
        body: html! {
            dl.commands {
                dt { "The same again" }
                dd { pre tabindex="0" { code { "lab " (words(&plan.replay)) } } }
                @if let Some(remedy) = remedy {
                    dt { "With what its author would try" }
                    dd { pre tabindex="0" { code { "lab " (words(&remedy)) } } }
                }
                dt { "This report, from the journal" }
                dd { pre tabindex="0" { code { "lab report " (id) " --format html" } } }
                @if let Some(kept) = run.kept { dt { "Kept in" } dd { code { (kept) } } }
            }
        },
    }
}

/// Arguments as a shell reads them.
fn words(arguments: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@%+".contains(c);
    let quoted = arguments.iter().map(|argument| {
        if !argument.is_empty() && argument.chars().all(plain) {
            argument.clone()
        } else {
            format!("'{}'", argument.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

pub(super) fn tested(run: &Run<'_>) -> Section {
    let (opened, plan) = (&run.journal.opened, run.plan());
    let images = run.journal.events().filter_map(|event| match event {
        Event::Service {
            name,
            state: ServiceState::Image { used, id, .. },
        } => Some((name, used, id)),
        _ => None,
    });
    let images: Vec<_> = images.collect();
    let settings = html! {
        table.small {
            caption.hidden { "Settings in force" }
            thead { tr { th scope="col" { "Setting" } th scope="col" { "Value" } } }
            tbody { @for (name, value) in &plan.system.settings {
                tr { th scope="row" { (name) } td { code { (value) } } }
            } }
        }
    };
    Section {
        id: "tested",
        title: "What was tested",
        lead: String::new(),
        body: html! {
            dl.facts.plain {
                div { dt { "Scenario" } dd { (plan.scenario) } }
                div { dt { "System" } dd { (plan.system.name) } }
                div { dt { "Driver" } dd { (opened.driver) } }
                div { dt { "Seed" } dd { (plan.seed) } }
                div { dt { "Length" } dd { (format::planned(plan.length())) } }
                div { dt { "Lab" } dd { (opened.lab) } }
                @if let Some(server) = &plan.toxiproxy { div { dt { "Faults by" } dd { "Toxiproxy at " (server) } } }
            }
            @if !images.is_empty() {
                h3 { "Images" }
                ul { @for (name, used, id) in images { li { (name) ": " code { (used) } " " code.long { (id) } } } }
            }
            @if !plan.system.settings.is_empty() {
                details { summary { "Settings (" (plan.system.settings.len()) ")" } (scrolling("Settings", &settings)) }
            }
        },
    }
}
